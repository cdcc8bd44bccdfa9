import { eq, gt, inArray, sql } from 'drizzle-orm'
import { type Db, param, type Queryable, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { type SourceRow, sourcesColumns, type Tables } from './row.ts'

/** Discovered sources: how they come in, wait in the backlog and are activated within the quota of a day (gifty §2.2, §3.8). */
export const backlogQueries = (db: Db) => {
  const { sources } = sourcesColumns(db)
  const activated = db.prepare<{ used: number }>('sources_activated', (queries) =>
    queries
      .select({ used: sql<number>`count(*)`.mapWith(Number) })
      .from(sources)
      .where(gt(sources.activatedAt, param('since'))),
  )

  return {
    *existingUrlHashes(tx: Tx, hashes: string[]): Steps<Set<string>> {
      const found = new Set<string>()
      for (let from = 0; from < hashes.length; from += 500)
        for (const row of yield* q(
          tx
            .select({ urlHash: sources.urlHash })
            .from(sources)
            .where(inArray(sources.urlHash, hashes.slice(from, from + 500))),
        ))
          found.add(row.urlHash)
      return found
    },
    *existingSiteKeys(tx: Tx, keys: string[]): Steps<Set<string>> {
      const found = new Set<string>()
      for (let from = 0; from < keys.length; from += 500)
        for (const row of yield* q(
          tx
            .selectDistinct({ siteKey: sources.siteKey })
            .from(sources)
            .where(inArray(sources.siteKey, keys.slice(from, from + 500))),
        ))
          found.add(row.siteKey)
      return found
    },
    /** Inserts those whose URL is new; answers their rows. */
    *insertNew(tx: Tx, rows: Tables['parsingSources']['$inferInsert'][]): Steps<SourceRow[]> {
      const inserted: SourceRow[] = []
      for (let from = 0; from < rows.length; from += 200)
        inserted.push(
          ...(yield* q(
            tx
              .insert(sources)
              .values(rows.slice(from, from + 200))
              .onConflictDoNothing()
              .returning(),
          )),
        )
      return inserted
    },
    backlogTotal: async (): Promise<number> =>
      (
        await db.q
          .select({ total: sql<number>`count(*)`.mapWith(Number) })
          .from(sources)
          .where(eq(sources.status, 'discovered'))
      )[0]?.total ?? 0,
    /** Discovered sources that became active since `since`: the quota used. */
    *quotaUsed(tx: Queryable, since: Date): Steps<number> {
      return (yield* tx.run(activated, { since }))[0]?.used ?? 0
    },
    /** Makes waiting, active sources of those that are discovered. */
    *activate(tx: Tx, ids: number[], now: Date): Steps<void> {
      if (ids.length === 0) return
      yield tx
        .update(sources)
        .set({ isActive: true, status: 'waiting', nextSyncAt: now, updatedAt: now })
        .where(inArray(sources.id, ids))
        .returning({ id: sources.id })
    },
  }
}
