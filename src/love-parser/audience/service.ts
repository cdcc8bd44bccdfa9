import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm'
import { type Clock, createId } from '../../platform/clock.ts'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { ChannelSearch } from '../channel-search/service.ts'
import { invalidField, notFound, refusedRequest } from '../envelope.ts'
import type { Reply } from '../idempotency.ts'
import type { QuotaUnit } from '../subscriptions/periods.ts'
import { audienceTables } from '../tables.ts'
import { say } from '../texts.ts'
import { channelFilter, type SegmentFilters, type SegmentRequest, type SegmentView } from './model.ts'

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

export interface AudienceDeps {
  db: Db
  clock: Clock
  repository: AudienceRepository
  searches: Pick<ChannelSearch, 'source' | 'countChannels' | 'previewChannels'>
  /** 402 without an active plan. */
  requireActive(tx: Tx, userId: string, now: Date): Steps<void>
  /** Takes a unit of an active plan: 402, 429; answers its usage period. */
  consumeQuota(tx: Tx, userId: string, now: Date): Steps<number>
  giveBack(tx: Tx, units: QuotaUnit[], now: Date): Steps<void>
  touch(tx: Tx, userIds: string[]): Steps<void>
}

/** A segment whose search is gone has failed, whatever it was (love-parser §5). */
const segmentViewOf = (row: SegmentRow): SegmentView => {
  const orphan = row.sourceParsingId === null
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    source_parsing_id: row.sourceParsingId,
    filters: { ...row.filters },
    total_recipients: orphan ? 0 : row.totalRecipients,
    status: orphan ? 'failed' : row.status,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }
}
const missing = () => notFound('segment_not_found')

/** Audiences made of a search's channels (love-parser §5). */
export const createAudience = ({
  db,
  clock,
  repository,
  searches,
  requireActive,
  consumeQuota,
  giveBack,
  touch,
}: AudienceDeps) => {
  /** The status of a segment, from that of its search. */
  function* measure(
    tx: Tx,
    source: { id: string; status: string },
    filters: SegmentFilters,
  ): Steps<Pick<SegmentRow, 'status' | 'totalRecipients'>> {
    if (source.status === 'failed') return { status: 'failed', totalRecipients: 0 }
    if (source.status !== 'completed') return { status: 'processing', totalRecipients: 0 }
    const counts = yield* searches.countChannels(tx, [{ key: '', searchId: source.id, filter: channelFilter(filters) }])
    return { status: 'ready', totalRecipients: counts.get('') ?? 0 }
  }
  const find = async (userId: string, id: string): Promise<SegmentRow> => {
    const row = await repository.find(id, userId)
    if (!row) throw missing()
    return row
  }

  return {
    /** @throws AppError 402, 429, 404 for a foreign search, 422 for a name in use or a failed search */
    *create(tx: Tx, userId: string, request: SegmentRequest): Steps<Reply> {
      const now = new Date(clock.now())
      // The search before the usage: everyone takes these locks in this order.
      const source = yield* searches.source(tx, userId, request.source_parsing_id)
      const quotaPeriod = yield* consumeQuota(tx, userId, now)
      if (!source) throw notFound('search_not_found')
      if (source.status === 'failed') throw invalidField('source_parsing_id', say('search_failed'))
      const filters = request.filters ?? {}
      const row: SegmentRow = {
        id: createId(clock),
        userId,
        name: request.name,
        description: request.description,
        filters,
        sourceParsingId: source.id,
        ...(yield* measure(tx, source, filters)),
        quotaPeriod,
        createdAt: now,
        updatedAt: now,
      }
      if (!(yield* repository.insert(tx, row))) throw invalidField('name', say('segment_name_taken'))
      yield* touch(tx, [userId])
      return { status: 201, body: segmentViewOf(row) }
    },

    /** Measures again, with other filters when given. @throws AppError 402, 404, 422 when the search is gone */
    change: (userId: string, id: string, filters: SegmentFilters | undefined): Promise<SegmentView> =>
      db.tx(function* (tx) {
        const now = new Date(clock.now())
        yield* requireActive(tx, userId, now)
        const before = yield* repository.lock(tx, id, userId)
        if (!before) throw missing()
        const source = before.sourceParsingId === null ? undefined : yield* searches.source(tx, userId, before.sourceParsingId)
        if (!source) throw refusedRequest('segment_search_gone')
        const wanted = filters ?? before.filters
        const change = { filters: wanted, ...(yield* measure(tx, source, wanted)), updatedAt: now }
        yield* repository.update(tx, [id], change)
        yield* touch(tx, [userId])
        return segmentViewOf({ ...before, ...change })
      }),

    list: async (userId: string, { page, limit }: { page: number; limit: number }) =>
      (await repository.list(userId, limit, (page - 1) * limit)).map(segmentViewOf),
    show: async (userId: string, id: string) => segmentViewOf(await find(userId, id)),
    totalRecipients: repository.totalRecipients,

    async preview(userId: string, id: string, limit: number) {
      const segment = await find(userId, id)
      if (segment.sourceParsingId === null) return { total: 0, preview: [] }
      const { total, rows } = await searches.previewChannels(segment.sourceParsingId, channelFilter(segment.filters), limit)
      return {
        total,
        preview: rows.map((row) => ({
          username: row.username === null ? null : `@${row.username}`,
          user_id: row.channelId,
          engagement_score: row.activityScore,
          activity_level: row.activityLevel,
        })),
      }
    },

    /** Its unit goes back if it was taken in the period that still runs. @throws AppError 404 */
    remove: (userId: string, id: string): Promise<void> =>
      db.tx(function* (tx) {
        const now = new Date(clock.now())
        const row = yield* repository.lock(tx, id, userId)
        if (!row) throw missing()
        yield* repository.delete(tx, id)
        if (row.quotaPeriod !== null) yield* giveBack(tx, [{ userId, period: row.quotaPeriod }], now)
        yield* touch(tx, [userId])
      }),

    /** Follows the end of searches in its transaction: waiting segments get their total, or fail and give their unit back. */
    *searchesEnded(tx: Tx, ended: { id: string }[], outcome: 'completed' | 'failed', now: Date): Steps<void> {
      const waiting = yield* repository.lockWaiting(
        tx,
        ended.map((search) => search.id),
      )
      if (outcome === 'completed') {
        const counts = yield* searches.countChannels(
          tx,
          waiting.map(({ id, sourceParsingId, filters }) => ({
            ...{ key: id, searchId: sourceParsingId as string },
            filter: channelFilter(filters),
          })),
        )
        yield* repository.setTotals(tx, counts, now)
        return
      }
      yield* repository.update(
        tx,
        waiting.map((segment) => segment.id),
        { status: 'failed', totalRecipients: 0, quotaPeriod: null, updatedAt: now },
      )
      yield* giveBack(
        tx,
        waiting.flatMap(({ userId, quotaPeriod }) => (quotaPeriod === null ? [] : [{ userId, period: quotaPeriod }])),
        now,
      )
    },
    deleteOfUser: repository.deleteOfUser,
  }
}
export type Audience = ReturnType<typeof createAudience>
