import type { Steps, Tx } from '../../platform/db/index.ts'
import { defineKind, type KindHooks, type KindPolicy, type Moves, type Task } from '../../tasks/index.ts'
import { expireCredentials } from '../credentials/refresh.ts'
import type { AccountRow } from '../credentials/repository.ts'
import { type Credentials, credentialsUnreadable } from '../credentials/service.ts'
import type { TaskType } from '../fields.ts'
import { type NewEvent, newEvent } from '../streams/hub.ts'
import {
  fail,
  grant,
  KINDS,
  leaseEndOf,
  queue,
  retryDelayMs,
  settleExpiry,
  startChange,
  type TaskRowChange,
  transitionOf,
  withhold,
} from '../tasks/change.ts'
import { type TaskRow, toDetail } from '../tasks/row.ts'
import type { TaskStore } from '../tasks/store.ts'
import type { LeasedTask } from './index.ts'

/** Input and result of the lease hook. The hook may run twice, when its transaction is repeated: the last run counts. */
export interface LeaseContext {
  /** A socket that gets the tasks as events of its own. */
  connectionId?: string
  /** Tasks as their worker gets them, by the engine's ids. */
  granted: Map<string, LeasedTask>
  /** Ids of tasks that were leased and not handed out. */
  withheld: Set<string>
}

/** The event that assigns a lease to a connection, with the secret that is never stored. */
interface Assignment extends NewEvent {
  secret: LeasedTask['credentials']
}

const toLeased = ({ row, now }: TaskRowChange, credentials: LeasedTask['credentials']): LeasedTask => ({
  ...toDetail(row, now),
  // Tasks of other types, which an import may bring, are no kinds and never leased.
  type: row.taskType as TaskType,
  credentials,
  options: row.options,
  rateLimits: row.rateLimits ?? undefined,
  resumeState: row.resumeState === null ? null : JSON.parse(row.resumeState),
  lease: {
    workerId: row.leaseOwner as string,
    fence: row.fence,
    leaseSeconds: Math.round((row.leaseMs as number) / 1000),
    expiresAt: leaseEndOf(row, now) as string,
    attempt: row.attempts,
    maxAttempts: row.maxAttempts,
  },
})
const toAssignment = (task: LeasedTask, connectionId: string, now: number): Assignment => {
  const { credentials, ...rest } = task
  return { ...newEvent('task_assignment', task.id, rest, now, { target: `connection:${connectionId}` }), secret: credentials }
}
/** The engine's task of a row that is gone. */
const ORPHAN = { state: 'cancelled' } as const

/** The engine's kinds of crawler tasks (§10), one a type. What leases, expiries and releases mean is written by their hooks, set-based. */
export const crawlerKinds = ({
  store,
  credentials,
  maxAttempts,
}: {
  store: TaskStore
  credentials: Credentials
  maxAttempts: number
}): KindPolicy[] => {
  /** The credentials of an account; `unreadable` when they do not decrypt, undefined when there are none any more. */
  const viewOf = (account: AccountRow | undefined) => {
    try {
      return account && credentials.view(account)
    } catch {
      return 'unreadable' as const
    }
  }
  /** Calls `apply` with each task's row. Answers the changes, and the engine's transitions; a task that stays has none. */
  const settle = (tasks: Task[], rows: Map<string, TaskRow>, now: Date, apply: (change: TaskRowChange, task: Task) => void) => {
    const moves = new Map<string, NonNullable<ReturnType<typeof transitionOf>>>()
    const changes: TaskRowChange[] = []
    for (const task of tasks) {
      const row = rows.get(task.id)
      if (!row) {
        moves.set(task.id, ORPHAN)
        continue
      }
      const change = startChange(row, now.getTime())
      apply(change, task)
      const move = transitionOf(change)
      if (move) moves.set(task.id, move)
      changes.push(change)
    }
    return { changes, moves }
  }

  const hooks: KindHooks = {
    *leased(tx: Tx, tasks, now, contextOf): Steps<Moves> {
      const rows = yield* store.ofTasks(tx, tasks)
      const accountIds = [...new Set([...rows.values()].map((row) => row.accountId))]
      const accounts = new Map((yield* credentials.byIds(tx, accountIds)).map((account) => [account.id, account]))
      const assignments: Assignment[] = []
      const { changes, moves } = settle(tasks, rows, now, (change, task) => {
        const { row } = change
        const context = contextOf(task) as LeaseContext | undefined
        context?.granted.delete(task.id)
        // What the release before has taken elsewhere meanwhile.
        if (row.status !== 'queued' && row.status !== 'credential_renewed') return withhold(change)
        const view = viewOf(accounts.get(row.accountId))
        if (view === 'unreadable') {
          withhold(change)
          fail(change, 'final', credentialsUnreadable)
        } else if (view === undefined) {
          withhold(change)
          const account = accounts.get(row.accountId)
          expireCredentials(change, account, account?.refusal ?? 'no token')
        } else {
          grant(change)
          const leased = toLeased(change, view)
          context?.granted.set(task.id, leased)
          if (context?.connectionId !== undefined) assignments.push(toAssignment(leased, context.connectionId, now.getTime()))
        }
      })
      for (const task of tasks) if (moves.has(task.id)) (contextOf(task) as LeaseContext | undefined)?.withheld.add(task.id)
      yield* store.saveRows(tx, changes, assignments)
      // Others have stood behind these.
      if (moves.size > 0)
        store.announce(
          tx,
          changes.map((change) => change.row.taskType),
        )
      return moves
    },
    *expired(tx: Tx, ended, now): Steps<Moves> {
      const tasks = ended.map((end) => end.task)
      const rows = yield* store.ofTasks(tx, tasks)
      const { changes, moves } = settle(tasks, rows, now, settleExpiry)
      yield* store.saveRows(tx, changes)
      return moves
    },
    *released(tx: Tx, tasks, now): Steps<void> {
      const rows = yield* store.ofTasks(tx, tasks)
      const { changes } = settle(tasks, rows, now, (change) => {
        change.reason = 'released'
        queue(change)
      })
      yield* store.saveRows(tx, changes)
    },
  }
  return KINDS.map((kind) =>
    defineKind(kind, {
      maxAttempts,
      retryDelayMs,
      expiryDelayMs: retryDelayMs,
      jitter: 0,
      ageing: false,
      // Tasks live as long as their rows.
      keepFinishedMs: Number.POSITIVE_INFINITY,
      keepDeadMs: Number.POSITIVE_INFINITY,
      ...hooks,
    }),
  )
}
