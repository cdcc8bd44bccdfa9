import { and, eq, inArray, sql } from 'drizzle-orm'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { areasTables } from '../tables.ts'

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
