import type { Bus } from '../../platform/bus/index.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { JobFailed } from '../../platform/job.ts'
import type { Channel, SearchState } from '../../platform/telegram/user-api/port.ts'
import type { Engine, Holder, Task } from '../../tasks/index.ts'
import { isRefusal } from '../../tasks/index.ts'
import type { Snapshot } from './model.ts'
import type { ChannelSearchRepository, SearchChange, SearchRow } from './repository.ts'

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
  engine(): Engine
  /** Gives a unit of the user's plan back, if its period still runs. */
  giveBack(tx: Tx, userId: string, period: number, now: Date): Steps<void>
  touch(tx: Tx, userIds: string[]): Steps<void>
  /** A search has ended: what depends on it follows in the same transaction. */
  ended(tx: Tx, search: { id: string; userId: string; outcome: 'completed' | 'failed' }, now: Date): Steps<void>
}

const isOpen = (row: SearchRow) => row.status === 'pending' || row.status === 'processing'

/** The moments of a search (love-parser §4, "Job"): row, snapshot and task change in one transaction, then the snapshot is published. */
export const createSearchLife = ({ bus, repository, engine, giveBack, touch, ended }: SearchLifeDeps) => {
  /** Stores the next snapshot with whatever else changes, and publishes it once it is durable. */
  function* show(tx: Tx, row: SearchRow, change: Partial<Snapshot>, more: SearchChange, now: Date): Steps<void> {
    const { message, ...before } = row.snapshot
    const snapshot: Snapshot = { ...before, ...change, updated_at: now.toISOString(), version: before.version + 1 }
    yield* repository.update(tx, row.id, { ...more, snapshot, updatedAt: now })
    tx.afterCommit(() => bus.publish(searchTopic(row.id), snapshot))
  }
  /** The search of a task that `holder` still holds. @throws JobFailed when the lease is lost: nothing of the transaction stays */
  function* held(tx: Tx, holder: Holder, progress?: SearchProgress): Steps<SearchRow> {
    const task = yield* progress === undefined ? engine().requireLease(tx, holder) : engine().saveProgress(tx, holder, progress)
    if (isRefusal(task)) throw new JobFailed(task.message, true)
    const [row] = yield* repository.lockByTasks(tx, [holder.id])
    if (!row || !isOpen(row)) throw new JobFailed('The search has ended', false)
    return row
  }

  function* started(tx: Tx, tasks: Task[], now: Date): Steps<void> {
    const byTask = new Map(tasks.map((task) => [task.id, task]))
    for (const row of yield* repository.lockByTasks(tx, [...byTask.keys()])) {
      const attempt = byTask.get(row.taskId)?.attempts ?? 1
      if (!isOpen(row)) continue
      // Back from a wait in the same attempt: what was read stays read.
      const again = row.status === 'processing' && row.snapshot.attempt === attempt
      const fresh: Partial<Snapshot> = { status: 'initializing', progress: 5, current: 0, total: 0, attempt }
      yield* show(tx, row, again ? {} : fresh, { status: 'processing' }, now)
    }
  }
  function* progressed(tx: Tx, holder: Holder, read: number, of: number, kept: SearchProgress, now: Date): Steps<void> {
    const row = yield* held(tx, holder, kept)
    const share = read >= of ? 55 : 5 + Math.floor((50 * read) / of)
    // Within an attempt what was shown is not taken back, even if the gateway had to begin anew.
    const progress = Math.max(row.snapshot.progress, share)
    yield* show(tx, row, { status: 'scanning_channels', progress, current: read, total: of }, {}, now)
  }
  function* delayed(tx: Tx, holder: Holder, message: string, progress: SearchProgress, now: Date): Steps<void> {
    yield* show(tx, yield* held(tx, holder, progress), { message }, {}, now)
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
    yield* show(tx, row, change, { resultCount: rows.length }, now)
  }
  function* completed(tx: Tx, tasks: Task[], now: Date): Steps<void> {
    for (const row of yield* repository.lockByTasks(
      tx,
      tasks.map((task) => task.id),
    )) {
      if (!isOpen(row)) continue
      const count = row.resultCount
      const change: Partial<Snapshot> = { status: 'completed', progress: 100, current: count, total: count, results: count }
      yield* show(tx, row, change, { status: 'completed', completedAt: now }, now)
      yield* ended(tx, { id: row.id, userId: row.userId, outcome: 'completed' }, now)
      yield* touch(tx, [row.userId])
    }
  }
  /** The end without a result: no rows are kept, the unit goes back. */
  function* failed(tx: Tx, row: SearchRow, error: string, now: Date, cancelled = false): Steps<void> {
    if (!isOpen(row)) return
    yield* repository.deleteChannels(tx, row.id)
    yield* show(
      tx,
      row,
      { status: 'failed', progress: 100, error },
      { status: 'failed', errorMessage: error, resultCount: 0, completedAt: now, quotaPeriod: null, cancelled },
      now,
    )
    yield* ended(tx, { id: row.id, userId: row.userId, outcome: 'failed' }, now)
    if (row.quotaPeriod !== null) yield* giveBack(tx, row.userId, row.quotaPeriod, now)
    yield* touch(tx, [row.userId])
  }
  function* failedByTasks(tx: Tx, tasks: Task[], error: string, now: Date): Steps<void> {
    for (const row of yield* repository.lockByTasks(
      tx,
      tasks.map((task) => task.id),
    ))
      yield* failed(tx, row, error, now)
  }
  /** Between two attempts: the snapshot stays where it is and says why. */
  function* willRetry(tx: Tx, tasks: Task[], message: (task: Task) => string, now: Date): Steps<void> {
    const byTask = new Map(tasks.map((task) => [task.id, task]))
    for (const row of yield* repository.lockByTasks(tx, [...byTask.keys()]))
      if (isOpen(row)) yield* show(tx, row, { message: message(byTask.get(row.taskId) as Task) }, {}, now)
  }

  return { started, progressed, delayed, saved, completed, failed, failedByTasks, willRetry }
}
export type SearchLife = ReturnType<typeof createSearchLife>
