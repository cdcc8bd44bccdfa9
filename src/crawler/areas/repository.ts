import { and, eq, inArray, sql } from 'drizzle-orm'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { areasTables } from './tables.ts'

export type AreaRow = ReturnType<typeof areasTables>['areas']['$inferSelect']

/** Queries of areas and their links. Sets come in key order. */
export const areasRepository = (db: Db) => {
  const { areas, taskAreas, authorizations } = areasTables(db.kit)
  const chunks = <T>(rows: T[]): T[][] =>
    Array.from({ length: Math.ceil(rows.length / 500) }, (_, n) => rows.slice(n * 500, (n + 1) * 500))
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
          for (const { key, gitlabId } of known) {
            const now = byId.get(gitlabId)
            if (!now || now.key === key) continue
            // Whoever had the path before is gone from it: GitLab gives a path to one area at a time.
            yield* q(tx.delete(areas).where(eq(areas.key, now.key)).returning({ key: areas.key }))
            yield* q(
              tx
                .update(areas)
                .set({ key: now.key, fullPath: now.fullPath })
                .where(eq(areas.key, key))
                .returning({ key: areas.key }),
            )
          }
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
