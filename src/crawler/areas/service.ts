import { type Clock, createId } from '../../platform/clock.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { commandOf, digest, type TaskType } from '../fields.ts'
import type { AreaEntry, AreasResult } from '../progress/model.ts'
import type { Fanout } from '../tasks/model.ts'
import { newAt, type StoredTask, type TaskRow } from '../tasks/row.ts'
import type { TaskStore } from '../tasks/store.ts'
import type { AreaRow, AreasRepository } from './repository.ts'

const DEFAULT_GROUP: TaskType[] = ['FETCH_GROUP_DETAILS', 'FETCH_GROUP_MEMBERS', 'FETCH_PROJECTS', 'FETCH_ISSUES']
const DEFAULT_PROJECT: TaskType[] = [
  'FETCH_PROJECT_DETAILS',
  'FETCH_ISSUES',
  'FETCH_MERGE_REQUESTS',
  'FETCH_BRANCHES',
  'FETCH_PIPELINES',
]
/** Types that an area of a kind spawns. */
const spawnedTypes = (choice: Fanout, area: 'group' | 'project'): TaskType[] => {
  if (choice === 'none') return []
  if (typeof choice === 'object') return [...new Set(choice[area])]
  if (area === 'group') return choice === 'full' ? [...DEFAULT_GROUP, 'FETCH_GROUPS', 'FETCH_MERGE_REQUESTS'] : DEFAULT_GROUP
  if (choice === 'default') return DEFAULT_PROJECT
  return [
    ...DEFAULT_PROJECT,
    'FETCH_PROJECT_MEMBERS',
    'FETCH_COMMITS',
    'FETCH_TAGS',
    'FETCH_JOBS',
    'FETCH_DEPLOYMENTS',
    'FETCH_ENVIRONMENTS',
    'FETCH_VULNERABILITIES',
  ]
}

export interface Discovered {
  result: AreasResult
  /** Areas that the task had not brought before. */
  newGroups: number
  newProjects: number
  spawned: StoredTask[]
}
const lastSegment = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** Areas and the tasks they spawn (§11). */
export const createAreas = ({
  clock,
  repository,
  store,
  fanout,
}: {
  clock: Clock
  repository: AreasRepository
  store: TaskStore
  fanout: Fanout
}) => {
  const spawn = (parent: TaskRow, area: AreaRow, type: TaskType, now: number): StoredTask => {
    const { options } = parent
    const { pagination, outputFormat, includeMetadata } = options
    return {
      id: createId(clock),
      taskType: type,
      command: commandOf(type, area.type),
      status: 'queued',
      failureKind: null,
      leasable: true,
      fullPath: area.fullPath,
      resourceKey: digest(area.fullPath),
      gitlabId: area.gitlabId,
      resourceType: area.type,
      branch: null,
      fromDate: parent.fromDate,
      toDate: parent.toDate,
      accountId: parent.accountId,
      spawnedFrom: parent.id,
      spawnRun: parent.run,
      spawnKey: digest(parent.id, parent.createdAt.getTime(), parent.run, area.type, area.gitlabId, type),
      duplicateKey: null,
      provider: parent.provider,
      userId: null,
      apiEndpoint: parent.apiEndpoint,
      instance: parent.instance,
      options: {
        resourceId: area.fullPath,
        resourceType: area.type,
        fromDate: options.fromDate,
        toDate: options.toDate,
        pagination: pagination?.pageSize === undefined ? undefined : { pageSize: pagination.pageSize },
        outputFormat,
        includeMetadata,
      },
      rateLimits: parent.rateLimits,
      ...newAt(now),
      priority: parent.priority,
      maxAttempts: parent.maxAttempts,
    }
  }

  return {
    /** Stores areas that a task has found and spawns their tasks; events are the caller's. */
    *discover(tx: Tx, parent: TaskRow, entries: AreaEntry[], now: number): Steps<Discovered> {
      const { instance } = parent
      const rows = new Map<string, AreaRow>()
      const seenIds = new Set<string>()
      for (const entry of entries) {
        const key = digest(instance, entry.fullPath)
        const id = `${entry.type} ${entry.gitlabId}`
        // Of entries that name one area twice the first counts.
        if (rows.has(key) || seenIds.has(id)) continue
        seenIds.add(id)
        rows.set(key, {
          key,
          instance,
          fullPath: entry.fullPath,
          gitlabId: entry.gitlabId,
          type: entry.type,
          name: entry.name ?? lastSegment(entry.fullPath),
          webUrl: entry.webUrl ?? null,
          description: entry.description ?? null,
          parentPath: entry.parentPath ?? null,
          discoveredBy: entry.discoveredBy ?? null,
          createdAt: new Date(now),
        })
      }
      const areas = [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
      yield* repository.rename(tx, instance, areas)
      const made = yield* repository.upsert(tx, areas)
      const linked = yield* repository.link(
        tx,
        parent.id,
        parent.accountId,
        areas.map((area) => area.key),
      )
      const choice: Fanout = parent.options.fanout ?? fanout
      const wanted = [...rows.values()].flatMap((area) => spawnedTypes(choice, area.type).map((type) => ({ area, type })))
      const busy = yield* store.repository.busyAreas(tx, parent.accountId, [...new Set(wanted.map(({ area }) => area.fullPath))])
      const news = wanted
        .filter(({ area, type }) => !busy.has(`${type} ${area.type} ${area.fullPath}`))
        .map(({ area, type }) => spawn(parent, area, type, now))
      const inserted = yield* store.insert(tx, news, now)
      const spawned = news.filter((row) => inserted.has(row.id))
      const fresh = areas.filter((area) => linked.has(area.key))
      return {
        result: { received: entries.length, inserted: made.size, jobsCreated: spawned.length },
        newGroups: fresh.filter((area) => area.type === 'group').length,
        newProjects: fresh.filter((area) => area.type === 'project').length,
        spawned,
      }
    },
  }
}
export type Areas = ReturnType<typeof createAreas>
