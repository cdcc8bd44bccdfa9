import { and, asc, eq, inArray } from 'drizzle-orm'
import { accountsTables, audienceTables, channelSearchTables } from '../../../src/love-parser/tables.ts'
import { type Db, q, type Steps, type Tx } from '../../../src/platform/db/index.ts'

/** Stands in for the accounts domain, and for what deletes a person's data. */
export const neighbours = (db: Db) => {
  const { users } = accountsTables(db.kit)
  const { parsingHistory, parsedChannels } = channelSearchTables(db.kit)
  const { audienceSegments } = audienceTables(db.kit)
  const revisionsOf = (tx: Tx, ids: string[]) =>
    q(tx.forUpdate(tx.select().from(users).where(inArray(users.id, ids)).orderBy(asc(users.id))))
  return {
    *touchUser(tx: Tx, ids: string[]): Steps<void> {
      for (const { id, revision } of yield* revisionsOf(tx, ids))
        yield* q(
          tx
            .update(users)
            .set({ revision: revision + 1 })
            .where(eq(users.id, id))
            .returning({ id: users.id }),
        )
    },
    *activeUsers(tx: Tx, ids: string[]): Steps<ReadonlySet<string>> {
      if (ids.length === 0) return new Set<string>()
      const rows = yield* q(
        tx
          .select({ id: users.id })
          .from(users)
          .where(and(inArray(users.id, ids), eq(users.status, 'active'))),
      )
      return new Set(rows.map((row) => row.id))
    },
    *channelsOf(tx: Tx, ids: string[]): Steps<ReadonlyMap<string, unknown>> {
      const rows = yield* q(tx.select({ id: users.id, profile: users.profile }).from(users).where(inArray(users.id, ids)))
      return new Map(rows.map((row) => [row.id, row.profile.notification_channel]))
    },
    *deleteUserData(tx: Tx, userId: string): Steps<{ searches: number; segments: number; channels: number }> {
      const searches = yield* q(
        tx.select({ id: parsingHistory.id }).from(parsingHistory).where(eq(parsingHistory.userId, userId)),
      )
      const ids = searches.map((row) => row.id)
      const channels =
        ids.length === 0
          ? []
          : yield* q(
              tx.delete(parsedChannels).where(inArray(parsedChannels.searchId, ids)).returning({ id: parsedChannels.channelId }),
            )
      const gone = yield* q(
        tx.delete(parsingHistory).where(eq(parsingHistory.userId, userId)).returning({ id: parsingHistory.id }),
      )
      const segments = yield* q(
        tx.delete(audienceSegments).where(eq(audienceSegments.userId, userId)).returning({ id: audienceSegments.id }),
      )
      return { searches: gone.length, segments: segments.length, channels: channels.length }
    },
  }
}
