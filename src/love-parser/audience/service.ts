import { AppError, notFound } from '../../errors.ts'
import { type Clock, createId } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { ChannelSearch } from '../channel-search/service.ts'
import { invalidField } from '../envelope.ts'
import type { Reply } from '../idempotency/service.ts'
import type { QuotaUnit } from '../subscriptions/periods.ts'
import { channelFilter, type SegmentFilters, type SegmentRequest, type SegmentView } from './model.ts'
import type { AudienceRepository, SegmentRow } from './repository.ts'

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
const missing = () => notFound('The segment was not found')

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
      if (!source) throw notFound('The search was not found')
      if (source.status === 'failed') throw invalidField('source_parsing_id', 'This search has failed')
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
      if (!(yield* repository.insert(tx, row))) throw invalidField('name', 'You already have a segment with this name')
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
        if (!source) throw new AppError('validation_error', 422, 'The search of this segment no longer exists')
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
