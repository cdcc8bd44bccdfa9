import { type Clock, createId } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Bus } from '../../platform/shared.ts'
import type { TelegramSource } from '../../platform/telegram/user-api/port.ts'
import { type Engine, TASK_CANCEL, type TaskCancel } from '../../tasks/index.ts'
import { notFound, refusedRequest } from '../envelope.ts'
import type { Reply } from '../idempotency.ts'
import type { SearchLife, SearchPayload } from './life.ts'
import { LIVE_GROUP, SEARCH_KIND } from './life.ts'
import { channelViewOf, type SearchEntry, type SearchFilters, type Snapshot, searchView } from './model.ts'
import type { ChannelFilter, ChannelSearchRepository, SearchSummary } from './repository.ts'

export interface ChannelSearchDeps {
  db: Db
  clock: Clock
  bus: Bus
  engine: Engine
  repository: ChannelSearchRepository
  life: SearchLife
  source: TelegramSource
  /** Takes a unit of an active plan: 402, 429; answers its usage period. */
  consumeQuota(tx: Tx, userId: string, now: Date): Steps<number>
  touch(tx: Tx, userIds: string[]): Steps<void>
}

const CANCELLED = 'Cancelled by user'

/** Channel searches (love-parser §4). */
export const createChannelSearch = ({
  db,
  clock,
  bus,
  engine,
  repository,
  life,
  source,
  consumeQuota,
  touch,
}: ChannelSearchDeps) => {
  /** @throws AppError 404 for a search that is missing or another user's */
  const find = async (userId: string, id: string): Promise<SearchSummary> => {
    const row = await repository.find(id, userId)
    if (!row) throw notFound('search_not_found')
    return row
  }

  /** Accepts a search: quota, row, first snapshot and task in the caller's transaction. @throws AppError 402, 429 */
  function* accept(tx: Tx, userId: string, request: { query: string; filters?: SearchFilters }): Steps<Reply> {
    const now = new Date(clock.now())
    const quotaPeriod = yield* consumeQuota(tx, userId, now)
    const id = createId(clock)
    const taskId = createId(clock)
    const filters = request.filters ?? {}
    const snapshot: Snapshot = {
      searchId: id,
      status: 'pending',
      progress: 0,
      current: 0,
      total: 0,
      attempt: 0,
      source,
      updated_at: now.toISOString(),
      version: 1,
    }
    yield* repository.insert(tx, {
      id,
      userId,
      query: request.query,
      filters,
      status: 'pending',
      source,
      snapshot,
      taskId,
      quotaPeriod,
      createdAt: now,
      updatedAt: now,
    })
    const payload: SearchPayload = { searchId: id, query: request.query, filters, createdAt: now.getTime() }
    const groupKey = source === 'mtproto' ? LIVE_GROUP : undefined
    yield* engine.enqueue(tx, [{ id: taskId, kind: SEARCH_KIND, payload, groupKey }], now)
    yield* touch(tx, [userId])
    return { status: 202, body: { search_id: id, status: 'processing', progress: 0, source } }
  }

  /** Cancels a search at once; writes of its worker are refused from now on. @throws AppError 404, 422 for one that ended otherwise */
  const cancel = async (userId: string, id: string): Promise<SearchEntry> => {
    const { status, cancelled } = await find(userId, id)
    if (status === 'failed' && cancelled) return searchView(await find(userId, id))
    await db.tx(function* (tx) {
      const now = new Date(clock.now())
      // The task is locked first: the lock order of all changes of a search.
      const taskId = yield* repository.taskOf(tx, id)
      if (taskId !== undefined) yield* engine.lockTasks(tx, [taskId])
      const [row] = yield* repository.lock(tx, [id])
      if (!row) throw notFound('search_not_found')
      if (row.status === 'failed' && row.cancelled) return
      if (row.status === 'failed' || row.status === 'completed') throw refusedRequest('search_ended')
      yield* engine.finishExternally(tx, [{ id: row.taskId, state: 'cancelled', error: CANCELLED }], now)
      yield* life.failed(tx, [{ row, error: CANCELLED }], now, true)
      tx.afterCommit(() => bus.publish(TASK_CANCEL, { taskId: row.taskId, owner: '' } satisfies TaskCancel))
    })
    return searchView(await find(userId, id))
  }

  return {
    accept,
    cancel,
    find,
    entry: async (userId: string, id: string) => searchView(await find(userId, id)),
    history: async (userId: string, { page, limit }: { page: number; limit: number }) =>
      (await repository.history(userId, limit, (page - 1) * limit)).map(searchView),
    async results(
      userId: string,
      id: string,
      { page, limit, sort_by }: { page: number; limit: number; sort_by: 'subscribers' | 'activity' },
    ) {
      const search = await find(userId, id)
      const rows = search.resultCount === 0 ? [] : await repository.results(id, sort_by, limit, (page - 1) * limit)
      return { total: search.resultCount, page, limit, results: rows.map(channelViewOf), source: search.source }
    },
    totalFound: repository.totalFound,
    exportPart: repository.exportPart,
    snapshot: repository.snapshot,
    snapshots: repository.snapshots,

    /** For the audience: locks and reads a search of the user in the caller's transaction; undefined when there is none. */
    *source(tx: Tx, userId: string, id: string): Steps<{ id: string; status: SearchSummary['status'] } | undefined> {
      const [row] = yield* repository.lock(tx, [id])
      return row && row.userId === userId ? { id: row.id, status: row.status } : undefined
    },
    countChannels: repository.countMatching,
    async previewChannels(id: string, filter: ChannelFilter, limit: number) {
      const [totals, rows] = await Promise.all([
        db.read((tx) => repository.countMatching(tx, [{ key: id, searchId: id, filter }])),
        repository.firstMatching(id, filter, limit),
      ])
      return { total: totals.get(id) ?? 0, rows }
    },

    /** Deletes a user's searches and stops those that run (§8 cleanup); answers how many rows went. */
    *deleteOfUser(tx: Tx, userId: string, now: Date): Steps<{ searches: number; channels: number }> {
      const mine = yield* repository.ofUser(tx, userId)
      const running = mine.filter(({ status }) => status === 'pending' || status === 'processing').map(({ taskId }) => taskId)
      yield* engine.finishExternally(
        tx,
        running.map((id) => ({ id, state: 'cancelled' as const, error: 'The data was removed' })),
        now,
      )
      tx.afterCommit(() => {
        for (const taskId of running) bus.publish(TASK_CANCEL, { taskId, owner: '' } satisfies TaskCancel)
      })
      return yield* repository.deleteOfUser(tx, userId)
    },
    /** To be called once at start: one live search at a time across processes (§7). */
    prepare: () => (source === 'mtproto' ? engine.setGroup({ key: LIVE_GROUP, cap: 1 }) : Promise.resolve()),
  }
}
export type ChannelSearch = ReturnType<typeof createChannelSearch>
