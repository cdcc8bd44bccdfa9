import { DAY_MS } from '../platform/clock.ts'
import type { Steps, Tx } from '../platform/db/index.ts'
import type { Holder } from './context.ts'

export const TASK_STATES = ['queued', 'leased', 'paused', 'cancelling', 'completed', 'failed', 'cancelled', 'dead'] as const
export type TaskState = (typeof TASK_STATES)[number]
/** States as metrics count them: `leased` includes tasks that are being cancelled, and those reported as running without a lease. */
export type ShownState = Exclude<TaskState, 'paused' | 'cancelling'>
export const shownState = (state: TaskState): ShownState => (state === 'paused' || state === 'cancelling' ? 'leased' : state)

/** The engine's row. Families map states and names to their own words. */
export interface Task {
  id: string
  kind: string
  payload: unknown
  priority: number
  state: TaskState
  runAfter: Date
  /** Leases counted so far; a released one is not counted. */
  attempts: number
  maxAttempts: number
  leaseOwner: string | null
  leaseExpiresAt: Date | null
  leaseMs: number | null
  lastEnd: 'complete' | 'fail' | 'release' | 'expiry' | 'report' | 'cancel' | null
  /** Grows with every lease; a verb with an older one changes nothing. */
  fence: number
  progress: unknown
  result: unknown
  error: string | null
  dedupeKey: string | null
  groupKey: string | null
  /** The site whose workers may take it; null where a kind knows none. */
  siteKey: string | null
  /** How often it came back to the queue: behind those of its priority that have waited as long. */
  requeues: number
  expiresAt: Date | null
  createdAt: Date
  updatedAt: Date
  finishedAt: Date | null
}

export interface NewTask {
  kind: string
  payload: unknown
  /** Default 10; higher first. */
  priority?: number
  runAfter?: Date
  /** At most one live task per kind and key. */
  dedupeKey?: string
  groupKey?: string
  siteKey?: string
  expiresAt?: Date
  id?: string
  /** Of a kind with a queue: the caller publishes the message right after the commit (`send`). */
  announcedByCaller?: boolean
}

/** Why a verb was refused. `stale` covers another owner, an old fence, an expired lease and a finished task. */
export type Refusal = { code: 'not_found' | 'stale' | 'finished' | 'invalid'; message: string; cause?: unknown }

/** A domain's own transition of a task; absent properties keep their stored values. */
export interface Transition {
  id: string
  state: TaskState
  lastEnd?: Task['lastEnd']
  /** Attempts given back, or a new count of them. */
  refundAttempts?: number
  attempts?: number
  runAfter?: Date
  error?: string | null
  result?: unknown
}

/** How tasks move instead of as usual, by id; one that is queued again may be about something else from then on. */
export type Moves = ReadonlyMap<string, Omit<Transition, 'id'> & { change?: TaskChange }>

/** What a kind's domain does with its tasks, inside the engine's transaction. Sets, not single tasks: a hook changes its rows with one statement each. */
export interface KindHooks {
  /**
   * Up to `max` new tasks for a lease that is about to be taken: for a domain whose rows want work without a task of their own. What
   * the lease does not take is deleted again; a live task with the same dedupe key wins. `contexts` are those of the requests.
   */
  provide?(tx: Tx, max: number, now: Date, contexts: readonly unknown[]): Steps<NewTask[]>
  /**
   * Tasks that have just been leased; `contextOf` answers the `context` of the request that took a task. Tasks in the answer are not
   * handed out: they move as it says.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that changes nothing is a generator without an answer
  leased?(tx: Tx, tasks: Task[], now: Date, contextOf: (task: Task) => unknown): Steps<Moves | void>
  /** Domain effect of completion; the tasks in the answer are refused (their lease stays), the others complete. */
  completed?(tx: Tx, done: { task: Task; result: unknown }[], now: Date): Steps<ReadonlyMap<string, Refusal>>
  /** `outcome` is where the failure leads. */
  failed?(tx: Tx, failed: { task: Task; error: string; retryable: boolean; outcome: TaskState }[], now: Date): Steps<void>
  /** Leases given back; tasks in the answer make that transition instead of going back to the queue. */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  released?(tx: Tx, tasks: Task[], now: Date): Steps<Moves | void>
  /** Leases that have ended without a verdict; `outcome` is queued, dead or cancelled. Tasks in the answer make that transition instead. */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  expired?(tx: Tx, ended: { task: Task; outcome: TaskState }[], now: Date): Steps<Moves | void>
  cancelled?(tx: Tx, tasks: Task[], now: Date): Steps<void>
  /** Before dead tasks live again, at most `most` of them: changes of each, or the reason to leave it dead (`limit` beyond `most`). */
  redriven?(tx: Tx, tasks: Task[], now: Date, most: number): Steps<ReadonlyMap<string, TaskChange & { skip?: string }>>
}

/**
 * On Postgres the ordinary case of hooks as further common table expressions of the engine's own statement: a verb is one round trip then.
 * What they leave undone comes to the hook of the same name. Parameters are the engine's (`:now`); names begin with `name`.
 */
export interface StatementHooks {
  name: string
  /** In the place of the hook, for the tasks `taken(id, kind, ...)`. It can withhold none. */
  leased?: string
  /**
   * For the rows of `locked` that are held (`completes`), with their results (`given`, jsonb). The expression `<name>_ended` answers by `id`
   * which of them end with the statement.
   */
  completed?: string
}

/** The properties of a queued task that a domain may change. */
export interface TaskChange {
  kind?: string
  payload?: unknown
  priority?: number
  groupKey?: string | null
  siteKey?: string | null
}

export type ExpiryVerdict = 'requeue' | 'refund' | 'dead'

/** How a kind behaves; the contracts of the families differ here. */
export interface KindPolicy extends KindHooks {
  kind: string
  /** The hooks `leased` and `completed` inside the engine's statements. */
  inStatement?: StatementHooks
  /**
   * With a broker its tasks are announced in this queue, one queue a kind, with the payload as body. A lease then takes tasks whose
   * message has not left, or takes the message off the queue first. Such tasks are never delayed.
   */
  queue?: string
  maxAttempts: number
  /** Delay before the next attempt after failure number `attempt` (1-based), in milliseconds, before jitter. */
  retryDelayMs(attempt: number): number
  /** Share by which a delay varies both ways, 0..1. */
  jitter: number
  /** Whether a reported retryable failure is tried again, or ends the task. */
  onFailure: 'retry' | 'fail'
  /**
   * What a lost lease does: `requeue` offers the task again until the attempts are used up, `refund` offers it again without counting the
   * attempt, `dead` ends it at once.
   */
  onExpiry: ExpiryVerdict | ((task: Task) => ExpiryVerdict)
  /** Delay before the next attempt after lost lease number `attempt` (1-based), in milliseconds. */
  expiryDelayMs(attempt: number): number
  /** Whether waiting raises a task above others: one priority a minute, at most 100. */
  ageing: boolean
  /** How long finished and dead tasks are kept, in milliseconds; Infinity keeps them until their domain deletes them. */
  keepFinishedMs: number
  keepDeadMs: number
}

/** Exponential backoff of the gifty contract (§4): 10 s x 2^(attempt-1), at most 15 min. */
export const exponentialDelay = (attempt: number) => Math.min(10_000 * 2 ** (attempt - 1), 900_000)

/** A kind with the common policy: five attempts, exponential delays, 7 days of finished and 30 days of dead tasks. */
export const defineKind = (kind: string, policy: Partial<Omit<KindPolicy, 'kind'>> = {}): KindPolicy => ({
  kind,
  maxAttempts: 5,
  retryDelayMs: exponentialDelay,
  jitter: 0.2,
  onFailure: 'retry',
  onExpiry: 'requeue',
  expiryDelayMs: () => 0,
  ageing: true,
  keepFinishedMs: 7 * DAY_MS,
  keepDeadMs: 30 * DAY_MS,
  ...policy,
})

/** A task in the hands of this process. After `signal` aborts, nothing done under `holder` can have an effect. */
export interface Job {
  task: Task
  holder: Holder
  signal: AbortSignal
}

/** How the tasks of one kind are run in this process (`src/runner.ts`). Durations in milliseconds. */
export interface JobHandler {
  /** Answers the task's result. Throw `JobFailed` or `JobDelayed` for a verdict; anything else is a failure worth a retry. */
  run(job: Job): Promise<unknown>
  /** Tasks at once. */
  concurrency: number
  leaseMs: number
  /** How often the lease is prolonged. */
  renewMs: number
  /** An attempt that takes longer has failed. */
  timeoutMs: number
}

/** Bus topics of the engine. Messages are hints: the truth is in the database. */
export const TASKS_READY = 'engine.tasks-ready'
export const TASK_CANCEL = 'engine.task-cancel'
export const TASK_PROGRESS = 'engine.task-progress'
/** How the names begin under which processes hold leases of their own workers. */
export const OWN_LEASES = 'process-'
/** A task that came to a state, after the commit, for the part of this process that counts and shows them. */
export interface TaskStateChange {
  id: string
  state: TaskState
  /** Where it is known without reading the task. */
  kind?: string
  /** Of a leased one: how long it had been ready, in ms. */
  waitedMs?: number
}
export interface TasksReady {
  kinds: string[]
}
export interface TaskCancel {
  taskId: string
  owner: string
}
