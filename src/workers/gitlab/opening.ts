import { join } from 'node:path'
import { beginning, continues } from './crawl.ts'
import type { LeasedTask } from './model.ts'
import { type Plan, planOf } from './plan/index.ts'
import { decodeState, type Position } from './resume.ts'
import { type Base, baseOf } from './source/address.ts'
import { type Disk, runDirectory } from './storage/disk.ts'
import { type Part, partsStand } from './storage/store.ts'

/** A checked task and where it begins or goes on. */
export interface Opening {
  base: Base
  plan: Plan
  position: Position
  /** Stored by earlier attempts. */
  parts: Part[]
  /** Of the result, relative to the root. */
  directory: string
  pageSize: number
  resumed: boolean
}

/**
 * Checks a task (gitlab-worker §4) and reads its resumeState (§7): it goes on only if every part is still there.
 * @throws TaskFailure BAD_TASK
 */
export const openTask = async (task: LeasedTask, disk: Disk, root: string, now: string): Promise<Opening> => {
  const base = baseOf(task.metadata.apiEndpoint)
  const plan = planOf(task, now)
  const pagination = task.options?.pagination
  const pageSize = Math.min(100, Math.max(1, Math.trunc(pagination?.pageSize ?? 100)))
  const fresh = beginning(base, plan, pageSize, pagination?.cursor)
  const directory = runDirectory({
    host: base.host,
    resource: plan.resourceId ?? 'instance',
    type: plan.type,
    taskId: task.id,
    run: task.metadata.run,
  })
  const common = { base, directory, pageSize }

  const old = task.resumeState === null ? undefined : decodeState(base.host, task.resumeState)
  if (old && continues(base, plan, old.position)) {
    // Parts that cannot even be looked at count as missing: starting over tells what is wrong as soon as it stores.
    const stand = await partsStand(disk, join(root, directory), old.parts).catch(() => false)
    // The plan of the first start: an open end of its dates stays where it was.
    if (stand) return { ...common, ...old, plan: planOf(task, old.position.startedAt), resumed: true }
  }
  const position: Position = {
    ...fresh,
    stage: plan.stage,
    page: 0,
    lastId: null,
    boundaryIds: [],
    since: null,
    itemsByType: Object.fromEntries(plan.collections.map(({ name }) => [name, 0])),
    startedAt: now,
    warnings: [],
    areas: { inserted: 0, jobsCreated: 0 },
  }
  return { ...common, plan, position, parts: [], resumed: false }
}
