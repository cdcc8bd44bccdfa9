import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { audienceTables } from './tables.ts'

type Tables = ReturnType<typeof audienceTables>
export type SegmentRow = Tables['audienceSegments']['$inferSelect']
export type SegmentChange = Partial<Tables['audienceSegments']['$inferInsert']>

/** Queries of segments. Functions that take `tx` are steps of the caller's transaction. */
export const audienceRepository = (db: Db) => {
  const { audienceSegments: segments } = audienceTables(db.kit)
  const { cast, param: bound } = db.fragments
  const now = bound('now', 'timestamptz')
  const find = db.prepare<SegmentRow>('segment_find', (queries) =>
    queries
      .select()
      .from(segments)
      .where(and(eq(segments.id, param('id')), eq(segments.userId, param('userId')))),
  )
  const list = db.prepare<SegmentRow>('segment_list', (queries) =>
    queries
      .select()
      .from(segments)
      .where(eq(segments.userId, param('userId')))
      .orderBy(desc(segments.createdAt), desc(segments.id))
      .limit(sql.placeholder('limit'))
      .offset(sql.placeholder('offset')),
  )
  const totals = db.prepare<{ recipients: number }>('segment_totals', (queries) =>
    queries
      .select({ recipients: sql<number>`coalesce(sum(${segments.totalRecipients}), 0)`.mapWith(Number) })
      .from(segments)
      .where(eq(segments.userId, param('userId'))),
  )
  const setTotals = db.batch<{ id: string }>(
    'segments_totals',
    [
      { name: 'id', type: 'text' },
      { name: 'total', type: 'bigint' },
    ],
    (source) => `update audience_segments set status = 'ready', total_recipients = s.total, updated_at = ${now}
      from ${source} s where audience_segments.id = ${cast('s.id', 'uuid')} returning audience_segments.id`,
  )
  return {
    async find(id: string, userId: string) {
      return (await find.all({ id, userId }))[0]
    },
    list: (userId: string, limit: number, offset: number) => list.all({ userId, limit, offset }),
    async totalRecipients(userId: string) {
      return (await totals.all({ userId }))[0]?.recipients ?? 0
    },
    /** Answers whether the name was free. */
    *insert(tx: Tx, row: Tables['audienceSegments']['$inferInsert']): Steps<boolean> {
      const made = yield* q(tx.insert(segments).values(row).onConflictDoNothing().returning({ id: segments.id }))
      return made.length > 0
    },
    *lock(tx: Tx, id: string, userId: string): Steps<SegmentRow | undefined> {
      return (yield* q(
        tx.forUpdate(
          tx
            .select()
            .from(segments)
            .where(and(eq(segments.id, id), eq(segments.userId, userId))),
        ),
      ))[0]
    },
    /** Segments that wait for the end of one of these searches. */
    *lockWaiting(tx: Tx, searchIds: string[]): Steps<SegmentRow[]> {
      if (searchIds.length === 0) return []
      return yield* q(
        tx.forUpdate(
          tx
            .select()
            .from(segments)
            .where(and(inArray(segments.sourceParsingId, searchIds), eq(segments.status, 'processing')))
            .orderBy(asc(segments.id)),
        ),
      )
    },
    *update(tx: Tx, ids: string[], change: SegmentChange): Steps<void> {
      if (ids.length > 0) yield tx.update(segments).set(change).where(inArray(segments.id, ids)).returning({ id: segments.id })
    },
    /** Totals of segments by their ids: they are ready. */
    *setTotals(tx: Tx, totals: Map<string, number>, now: Date): Steps<void> {
      yield* tx.batch(setTotals, [...totals], { now })
    },
    *delete(tx: Tx, id: string): Steps<void> {
      yield tx.delete(segments).where(eq(segments.id, id)).returning({ id: segments.id })
    },
    *deleteOfUser(tx: Tx, userId: string): Steps<number> {
      return (yield* q(tx.delete(segments).where(eq(segments.userId, userId)).returning({ id: segments.id }))).length
    },
  }
}
export type AudienceRepository = ReturnType<typeof audienceRepository>
