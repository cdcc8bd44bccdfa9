import {
  defineKind,
  type KindPolicy,
  type NewTask,
  TASK_CANCEL,
  TASK_PROGRESS,
  TASKS_READY,
  type Task,
} from '../../src/tasks/index.ts'
import type { TestDatabase } from '../support/databases.ts'
import { engineOver, LEASE_MS } from '../support/engine.ts'

export { holderOf, LEASE_MS } from '../support/engine.ts'

/** Kinds of the conformance tests. `foreign` stands for another family's: no verb here may touch it. */
export const PLAIN_KINDS = [defineKind('a'), defineKind('b'), defineKind('c'), defineKind('foreign')]
export const OURS = ['a', 'b', 'c'] as const

export interface Published {
  topic: string
  message: any
}

/** An engine on an empty database; `published` holds what went over the bus. */
export const makeRig = async (database: TestDatabase, kinds: KindPolicy[] = PLAIN_KINDS, random?: () => number) => {
  const rig = await engineOver(await database.fresh(), { kinds, random })
  const published: Published[] = []
  for (const topic of [TASKS_READY, TASK_CANCEL, TASK_PROGRESS])
    rig.bus.subscribe(topic, (message) => published.push({ topic, message }))
  /** One task of kind `a`, queued. */
  const one = async (more: Partial<NewTask> = {}): Promise<string> => (await rig.enqueue({ kind: 'a', payload: {}, ...more }))[0]!
  return {
    ...rig,
    published,
    one,
    lease: (owner = 'w1', max = 1, wanted: readonly string[] = OURS, leaseMs = LEASE_MS) =>
      rig.lease(owner, max, wanted, leaseMs),
    /** One task of kind `a`, leased by `owner`. */
    async leased(owner = 'w1', more: Partial<NewTask> = {}): Promise<Task> {
      await one(more)
      return (await rig.lease(owner, 1, [more.kind ?? 'a']))[0]!
    },
  }
}
export type Rig = Awaited<ReturnType<typeof makeRig>>

/** Runs `work` for 0..count-1 at once. */
export const together = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))
