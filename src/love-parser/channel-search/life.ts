import { JobDelayed, JobFailed } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Bus } from '../../platform/shared.ts'
import { type Channel, type SearchState, TelegramError, type TelegramGateway } from '../../platform/telegram/user-api/port.ts'
import {
  defineKind,
  type Engine,
  type Holder,
  isRefusal,
  type Job,
  type JobHandler,
  type KindPolicy,
  type Task,
  type TaskState,
} from '../../tasks/index.ts'
import type { QuotaUnit } from '../subscriptions/periods.ts'
import type { SearchFilters, Snapshot } from './model.ts'
import type { ChannelSearchRepository, SearchRow } from './repository.ts'

/** Bus topic of one search's snapshots. */
export const searchTopic = (searchId: string) => `love-parser.search.${searchId}`

/** The stored progress of a search's task, to continue after a crash or a wait. */
export interface SearchProgress {
  state?: SearchState
  /** Seconds of flood waits of this search so far. */
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
        // Resumed after a wait in the same attempt: the rows read so far stay.
        const again = row.status === 'processing' && row.snapshot.attempt === attempts
        const fresh: Partial<Snapshot> = { status: 'initializing', progress: 5, current: 0, total: 0, attempt: attempts }
        return next(row, again ? {} : fresh, { status: 'processing' }, now)
      }),
    )
  }
  function* progressed(tx: Tx, holder: Holder, read: number, of: number, kept: SearchProgress, now: Date): Steps<void> {
    const row = yield* held(tx, holder, kept)
    const share = read >= of ? 55 : 5 + Math.floor((50 * read) / of)
    // Within an attempt the shown progress never decreases, even if the gateway had to start over.
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
  /** Ends locked searches without a result: their rows are deleted, their quota units are given back. */
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
  /** Between two attempts: the snapshot keeps its numbers and gets the reason as its message. */
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

export const SEARCH_KIND = 'love-parser.search'
/** Live searches share one account, so one runs at a time across all processes (love-parser §7). */
export const LIVE_GROUP = 'love-parser.telegram'
/** Waits after the attempts, in milliseconds. */
const DELAYS_MS = [2000, 6000, 14_000, 30_000]
const delayAfter = (attempt: number) => DELAYS_MS[Math.min(attempt, DELAYS_MS.length) - 1] as number

/** Tasks that run again, and those that have ended. */
const byOutcome = (ends: { task: Task; outcome: TaskState }[]): [Task[], Task[]] => {
  const of = (isAgain: boolean) => ends.filter(({ outcome }) => (outcome === 'queued') === isAgain).map(({ task }) => task)
  return [of(true), of(false)]
}

/** How search tasks are tried again and what their ends mean (love-parser §4, "Job"). */
export const searchKind = (life: SearchLife): KindPolicy =>
  defineKind(SEARCH_KIND, {
    maxAttempts: 5,
    retryDelayMs: delayAfter,
    jitter: 0,
    leased: life.started,
    *completed(tx, done, now) {
      yield* life.completed(
        tx,
        done.map(({ task }) => task),
        now,
      )
      return new Map()
    },
    *failed(tx, failed, now) {
      const errors = new Map(failed.map(({ task, error }) => [task.id, error]))
      const [again, over] = byOutcome(failed)
      yield* life.willRetry(
        tx,
        again,
        ({ id, attempts }) =>
          `${errors.get(id)}. Attempt ${attempts} failed, the next one starts in ${delayAfter(attempts) / 1000} s`,
        now,
      )
      yield* life.failedByTasks(tx, over, ({ id }) => errors.get(id) as string, now)
    },
    *expired(tx, ended, now) {
      const [again, over] = byOutcome(ended)
      yield* life.willRetry(tx, again, ({ attempts }) => `Attempt ${attempts} was interrupted, the search goes on shortly`, now)
      yield* life.failedByTasks(tx, over, () => 'The search was interrupted too often', now)
    },
    *cancelled(tx, tasks, now) {
      yield* life.failedByTasks(tx, tasks, () => 'The search was stopped', now)
    },
    *redriven(_tx, tasks) {
      const skip = 'a search that has failed is not run again: its unit was given back'
      return new Map(tasks.map(({ id }) => [id, { skip }]))
    },
  })

/** What the task of a search carries. */
export interface SearchPayload {
  searchId: string
  query: string
  filters: SearchFilters
  /** Milliseconds; the sandbox dates its channels by it. */
  createdAt: number
}
export interface SearchJobDeps {
  db: Db
  clock: Clock
  life: SearchLife
  gateway: TelegramGateway
  /** `PARSING_CHANNEL_LIMIT`. */
  channelLimit: number
}

const LEASE_MS = 60_000
const RENEW_MS = 20_000
const TIMEOUT_MS = 15 * 60_000
const SANDBOX_CONCURRENCY = 4
const MAX_WAIT_SECONDS = 3600
const MAX_WAITED_SECONDS = 6 * 3600

/** Runs searches through the Telegram gateway (love-parser §4 "Job", §7). */
export const searchJob = ({ db, clock, life, gateway, channelLimit }: SearchJobDeps): JobHandler => {
  const now = () => new Date(clock.now())

  const run = async ({ task, holder, signal }: Job): Promise<{ saved: number }> => {
    const { query, filters, createdAt } = task.payload as SearchPayload
    const progress: SearchProgress = { ...(task.progress as SearchProgress | null) }
    let shown = -1
    try {
      const steps = gateway.search({
        query,
        filters: {
          language: filters.language,
          minSubscribers: filters.min_subscribers,
          maxSubscribers: filters.max_subscribers,
          activityLevel: filters.activity_level,
        },
        limit: channelLimit,
        now: createdAt,
        resume: progress.state,
        signal,
      })
      for await (const step of steps) {
        if (step.kind === 'done') {
          await db.tx((tx) => life.saved(tx, holder, step.rows, step.of, now()))
          return { saved: step.rows.length }
        }
        progress.state = step.state
        // What the sandbox has made costs nothing to make again, so only what a reader would see is stored.
        const share = Math.floor((50 * step.read) / Math.max(1, step.of))
        if (gateway.source === 'sandbox' && share === shown) continue
        shown = share
        await db.tx((tx) => life.progressed(tx, holder, step.read, step.of, progress, now()))
      }
      throw new JobFailed('Telegram gave no answer', true)
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error
      if (error.problem === 'flood') return await wait(error.seconds ?? 60)
      if (error.problem === 'unavailable') throw new JobFailed('Telegram is not available', true)
      if (error.problem === 'session_revoked') throw new JobFailed('The Telegram session of the service is not valid', false)
      throw new JobFailed('Telegram refused the search', false)
    }

    async function wait(seconds: number): Promise<never> {
      progress.waited = (progress.waited ?? 0) + seconds
      if (seconds > MAX_WAIT_SECONDS || progress.waited > MAX_WAITED_SECONDS)
        throw new JobFailed('Telegram asks to wait for too long', false)
      await db.tx((tx) =>
        life.delayed(tx, holder, `Telegram asks to wait ${seconds} s, then the search goes on`, progress, now()),
      )
      throw new JobDelayed((seconds + 1) * 1000)
    }
  }

  return {
    run,
    concurrency: gateway.source === 'sandbox' ? SANDBOX_CONCURRENCY : 1,
    leaseMs: LEASE_MS,
    renewMs: RENEW_MS,
    timeoutMs: TIMEOUT_MS,
  }
}
