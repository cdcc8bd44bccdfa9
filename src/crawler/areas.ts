import { and, eq, inArray, sql } from 'drizzle-orm'
import { type Clock, createId } from '../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../platform/db/index.ts'
import { commandOf, digest, type TaskType } from './fields.ts'
import type { AreaEntry, AreasResult } from './progress/model.ts'
import { areasTables } from './tables.ts'
import type { Fanout } from './tasks/model.ts'
import { newAt, type StoredTask, type TaskRow } from './tasks/row.ts'
import type { TaskStore } from './tasks/store.ts'

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

export type AreaRow = ReturnType<typeof areasTables>['areas']['$inferSelect']

/** Queries of areas and their links. Sets come in key order. */
export const areasRepository = (db: Db) => {
  const { areas, taskAreas, authorizations } = areasTables(db.kit)
  const chunks = <T>(rows: T[]): T[][] =>
    Array.from({ length: Math.ceil(rows.length / 500) }, (_, n) => rows.slice(n * 500, (n + 1) * 500))
  const move = db.batch<{ key: string }>(
    'crawler_areas_move',
    [
      { name: 'from_key', type: 'text' },
      { name: 'to_key', type: 'text' },
      { name: 'full_path', type: 'text' },
    ],
    (source) => `update crawler_areas set key = s.to_key, full_path = s.full_path from ${source} s
      where crawler_areas.key = s.from_key returning crawler_areas.key`,
  )
  return {
    /** Gives known areas the paths they are found under now. */
    *rename(tx: Tx, instance: string, wanted: Pick<AreaRow, 'key' | 'type' | 'gitlabId' | 'fullPath'>[]): Steps<void> {
      for (const type of ['group', 'project'] as const) {
        const ofType = wanted.filter((area) => area.type === type)
        for (const part of chunks(ofType)) {
          const known = yield* q(
            tx.forUpdate(
              tx
                .select({ key: areas.key, gitlabId: areas.gitlabId })
                .from(areas)
                .where(
                  and(
                    eq(areas.instance, instance),
                    eq(areas.type, type),
                    inArray(
                      areas.gitlabId,
                      part.map((area) => area.gitlabId),
                    ),
                  ),
                )
                .orderBy(areas.key),
            ),
          )
          const byId = new Map(part.map((area) => [area.gitlabId, area]))
          const moves = new Map<string, [from: string, to: string, path: string]>()
          const gone = new Set<string>()
          for (const { key, gitlabId } of known) {
            const now = byId.get(gitlabId)
            if (!now || now.key === key) continue
            const earlier = moves.get(gitlabId)
            if (earlier) gone.add(earlier[0])
            moves.set(gitlabId, [key, now.key, now.fullPath])
          }
          if (moves.size === 0) continue
          const from = new Set([...moves.values()].map(([key]) => key))
          const taken = [...moves.values()].map(([, key]) => key)
          // A stored area with one of these paths that is not among the new ones has lost it: GitLab gives a path to one area at a time.
          for (const key of taken) if (!from.has(key)) gone.add(key)
          yield* q(
            tx
              .delete(areas)
              .where(inArray(areas.key, [...gone]))
              .returning({ key: areas.key }),
          )
          let moving = [...moves.values()]
          if (taken.some((key) => from.has(key))) {
            // Areas that take each other's places: out of the way first, for a key must not be there twice at any moment.
            const aside = (key: string) => `moving ${key}`
            yield* tx.batch(
              move,
              moving.map(([key, , path]) => [key, aside(key), path]),
            )
            moving = moving.map(([key, to, path]) => [aside(key), to, path])
          }
          yield* tx.batch(move, moving)
        }
      }
    },
    /** Inserts or brings up to date; answers the keys of those that are new. */
    *upsert(tx: Tx, rows: AreaRow[]): Steps<Set<string>> {
      const made = new Set<string>()
      for (const part of chunks(rows)) {
        const inserted = yield* q(tx.insert(areas).values(part).onConflictDoNothing().returning({ key: areas.key }))
        for (const { key } of inserted) made.add(key)
        const known = part.filter((row) => !made.has(row.key))
        if (known.length === 0) continue
        yield* q(
          tx
            .insert(areas)
            .values(known)
            .onConflictDoUpdate({
              target: areas.key,
              set: {
                gitlabId: sql`excluded.gitlab_id`,
                type: sql`excluded.type`,
                name: sql`excluded.name`,
                webUrl: sql`coalesce(excluded.web_url, ${areas.webUrl})`,
                description: sql`coalesce(excluded.description, ${areas.description})`,
                parentPath: sql`coalesce(excluded.parent_path, ${areas.parentPath})`,
              },
            })
            .returning({ key: areas.key }),
        )
      }
      return made
    },
    /** Links areas to a task and its account; answers the keys that the task did not have yet. */
    *link(tx: Tx, taskId: string, accountId: string, keys: string[]): Steps<Set<string>> {
      const fresh = new Set<string>()
      for (const part of chunks(keys)) {
        const linked = yield* q(
          tx
            .insert(taskAreas)
            .values(part.map((areaKey) => ({ taskId, areaKey })))
            .onConflictDoNothing()
            .returning({ areaKey: taskAreas.areaKey }),
        )
        for (const { areaKey } of linked) fresh.add(areaKey)
        yield* q(
          tx
            .insert(authorizations)
            .values(part.map((areaKey) => ({ accountId, areaKey })))
            .onConflictDoNothing()
            .returning({ areaKey: authorizations.areaKey }),
        )
      }
      return fresh
    },
    /** Links that are there or not, of many tasks and accounts. */
    *linkMany(
      tx: Tx,
      ofTasks: { owner: string; account: string; key: string }[],
      ofAccounts: { account: string; key: string }[],
    ): Steps<void> {
      for (const part of chunks(ofTasks))
        yield* q(
          tx
            .insert(taskAreas)
            .values(part.map(({ owner, key }) => ({ taskId: owner, areaKey: key })))
            .onConflictDoNothing()
            .returning({ areaKey: taskAreas.areaKey }),
        )
      for (const part of chunks([...ofTasks, ...ofAccounts]))
        yield* q(
          tx
            .insert(authorizations)
            .values(part.map(({ account, key }) => ({ accountId: account, areaKey: key })))
            .onConflictDoNothing()
            .returning({ areaKey: authorizations.areaKey }),
        )
    },
  }
}
export type AreasRepository = ReturnType<typeof areasRepository>
