import type { Bus } from '../../platform/bus/index.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { JobFailed } from '../../platform/job.ts'
import type { Channel, SearchState } from '../../platform/telegram/user-api/port.ts'
import type { Engine, Holder, Task } from '../../tasks/index.ts'
import { isRefusal } from '../../tasks/index.ts'
import type { QuotaUnit } from '../subscriptions/quotas.ts'
import type { Snapshot } from './model.ts'
import type { ChannelSearchRepository, SearchRow } from './repository.ts'

/** Bus topic of one search's snapshots. */
export const searchTopic = (searchId: string) => `love-parser.search.${searchId}`

/** What a search's task keeps, to go on after a crash or a wait. */
export interface SearchProgress {
  state?: SearchState
  /** Seconds Telegram has asked this search to wait so far. */
  waited?: number
}

export interface SearchLifeDeps {
  bus: Bus
  repository: ChannelSearchRepository
  engine: Engine
  /** Gives units of the users' plans back, as far as their periods still run. */
  giveBack(tx: Tx, units: QuotaUnit[], now: Date): Steps<void>
  touch(tx: Tx, userIds: string[]): Steps<void>
  /** Searches have ended: what depends on them follows in the same transaction. */
  ended(tx: Tx, searches: { id: string }[], outcome: 'completed' | 'failed', now: Date): Steps<void>
}

const isOpen = (row: SearchRow) => row.status === 'pending' || row.status === 'processing'

/** The moments of a search (love-parser §4, "Job"): row, snapshot and task change in one transaction, then the snapshot is published. */
export const createSearchLife = ({ bus, repository, engine, giveBack, touch, ended }: SearchLifeDeps) => {
  /** A search with its next snapshot and what else changes. */
  const next = (row: SearchRow, change: Partial<Snapshot>, more: Partial<SearchRow>, now: Date): SearchRow => {
    const { message, ...before } = row.snapshot
    const snapshot: Snapshot = { ...before, ...change, updated_at: now.toISOString(), version: before.version + 1 }
    return { ...row, ...more, snapshot, updatedAt: now }
  }
  /** Stores searches, and publishes their snapshots once they are durable. */
  function* show(tx: Tx, rows: SearchRow[]): Steps<void> {
    yield* repository.save(tx, rows)
    tx.afterCommit(() => {
      for (const row of rows) bus.publish(searchTopic(row.id), row.snapshot)
    })
  }
  /** The open searches of tasks, locked in the order of their ids, each with its task. */
  function* openOf(tx: Tx, tasks: Task[]): Steps<{ row: SearchRow; task: Task }[]> {
    const byTask = new Map(tasks.map((task) => [task.id, task]))
    const rows = yield* repository.lockByTasks(tx, [...byTask.keys()])
    return rows.filter(isOpen).map((row) => ({ row, task: byTask.get(row.taskId) as Task }))
  }
  /** The search of a task that `holder` still holds. @throws JobFailed when the lease is lost: nothing of the transaction stays */
  function* held(tx: Tx, holder: Holder, progress?: SearchProgress): Steps<SearchRow> {
    const task = yield* progress === undefined ? engine.requireLease(tx, holder) : engine.saveProgress(tx, holder, progress)
    if (isRefusal(task)) throw new JobFailed(task.message, true)
    const [row] = yield* repository.lockByTasks(tx, [holder.id])
    if (!row || !isOpen(row)) throw new JobFailed('The search has ended', false)
    return row
  }

  function* started(tx: Tx, tasks: Task[], now: Date): Steps<void> {
    const open = yield* openOf(tx, tasks)
    yield* show(
      tx,
      open.map(({ row, task: { attempts } }) => {
        // Back from a wait in the same attempt: what was read stays read.
        const again = row.status === 'processing' && row.snapshot.attempt === attempts
        const fresh: Partial<Snapshot> = { status: 'initializing', progress: 5, current: 0, total: 0, attempt: attempts }
        return next(row, again ? {} : fresh, { status: 'processing' }, now)
      }),
    )
  }
  function* progressed(tx: Tx, holder: Holder, read: number, of: number, kept: SearchProgress, now: Date): Steps<void> {
    const row = yield* held(tx, holder, kept)
    const share = read >= of ? 55 : 5 + Math.floor((50 * read) / of)
    // Within an attempt what was shown is not taken back, even if the gateway had to begin anew.
    const progress = Math.max(row.snapshot.progress, share)
    yield* show(tx, [next(row, { status: 'scanning_channels', progress, current: read, total: of }, {}, now)])
  }
  function* delayed(tx: Tx, holder: Holder, message: string, progress: SearchProgress, now: Date): Steps<void> {
    const row = yield* held(tx, holder, progress)
    yield* show(tx, [next(row, { message }, {}, now)])
  }
  function* saved(tx: Tx, holder: Holder, rows: Channel[], of: number, now: Date): Steps<void> {
    const row = yield* held(tx, holder)
    yield* repository.replaceChannels(
      tx,
      row.id,
      rows.map((channel) => ({
        searchId: row.id,
        channelId: channel.channelId,
        title: channel.title,
        username: channel.username?.replace(/^@/, '') ?? null,
        memberCount: channel.subscribers,
        activityScore: channel.activityScore,
        activityLevel: channel.activityLevel,
        description: channel.description,
        language: channel.language,
        lastPost: channel.lastPost,
      })),
    )
    const change: Partial<Snapshot> = { status: 'analyzing_data', progress: 80, current: rows.length, total: of }
    yield* show(tx, [next(row, change, { resultCount: rows.length }, now)])
  }
  function* completed(tx: Tx, tasks: Task[], now: Date): Steps<void> {
    const rows = (yield* openOf(tx, tasks)).map(({ row }) => row)
    yield* show(
      tx,
      rows.map((row) => {
        const count = row.resultCount
        const change: Partial<Snapshot> = { status: 'completed', progress: 100, current: count, total: count, results: count }
        return next(row, change, { status: 'completed', completedAt: now }, now)
      }),
    )
    yield* ended(tx, rows, 'completed', now)
    yield* touch(
      tx,
      rows.map((row) => row.userId),
    )
  }
  /** The end without a result, of locked searches: no rows are kept, the units go back. */
  function* failed(tx: Tx, searches: { row: SearchRow; error: string }[], now: Date, cancelled = false): Steps<void> {
    const rows = searches.map(({ row }) => row)
    yield* repository.deleteChannels(
      tx,
      rows.map((row) => row.id),
    )
    const end = { status: 'failed', resultCount: 0, completedAt: now, quotaPeriod: null, cancelled } as const
    yield* show(
      tx,
      searches.map(({ row, error }) =>
        next(row, { status: 'failed', progress: 100, error }, { ...end, errorMessage: error }, now),
      ),
    )
    yield* ended(tx, rows, 'failed', now)
    yield* giveBack(
      tx,
      rows.flatMap(({ userId, quotaPeriod }) => (quotaPeriod === null ? [] : [{ userId, period: quotaPeriod }])),
      now,
    )
    yield* touch(
      tx,
      rows.map((row) => row.userId),
    )
  }
  function* failedByTasks(tx: Tx, tasks: Task[], error: (task: Task) => string, now: Date): Steps<void> {
    const open = yield* openOf(tx, tasks)
    yield* failed(
      tx,
      open.map(({ row, task }) => ({ row, error: error(task) })),
      now,
    )
  }
  /** Between two attempts: the snapshot stays where it is and says why. */
  function* willRetry(tx: Tx, tasks: Task[], message: (task: Task) => string, now: Date): Steps<void> {
    const open = yield* openOf(tx, tasks)
    yield* show(
      tx,
      open.map(({ row, task }) => next(row, { message: message(task) }, {}, now)),
    )
  }

  return { started, progressed, delayed, saved, completed, failed, failedByTasks, willRetry }
}
export type SearchLife = ReturnType<typeof createSearchLife>
