import type { Steps, Tx } from '../../platform/db/index.ts'
import { defineKind, type KindHooks, type KindPolicy, type Moves, type Task } from '../../tasks/index.ts'
import type { AccountRow } from '../credentials/repository.ts'
import { type Credentials, credentialsUnreadable } from '../credentials/service.ts'
import { type NewEvent, newEvent } from '../streams/frames.ts'
import {
  type Draft,
  fail,
  grant,
  KINDS,
  moveOf,
  openDraft,
  pause,
  queue,
  retryDelayMs,
  settleExpiry,
  withhold,
} from '../tasks/draft.ts'
import type { TaskRow } from '../tasks/row.ts'
import { leaseEndOf, toDetail } from '../tasks/row.ts'
import type { TaskStore } from '../tasks/store.ts'
import type { LeasedTask } from './model.ts'

/** What a lease of the engine is asked for with, and what comes of it. The hook may run twice: the last run counts. */
export interface LeaseContext {
  /** A socket that gets the tasks as events of its own. */
  connectionId?: string
  /** Tasks as their worker gets them, by the engine's ids. */
  granted: Map<string, LeasedTask>
  /** Ids of tasks that were leased and not handed out. */
  withheld: Set<string>
}

/** An event that tells a connection of its lease, with the secret that is never stored. */
interface Assignment extends NewEvent {
  secret: LeasedTask['credentials']
}

const toLeased = ({ row, now }: Draft, credentials: LeasedTask['credentials']): LeasedTask => ({
  ...toDetail(row, now),
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
  /** Drafts of the tasks' rows after `change`, and how the engine moves the tasks; those that stay are not in it. */
  const settle = (tasks: Task[], rows: Map<string, TaskRow>, now: Date, change: (draft: Draft, task: Task) => void) => {
    const moves = new Map<string, NonNullable<ReturnType<typeof moveOf>>>()
    const drafts: Draft[] = []
    for (const task of tasks) {
      const row = rows.get(task.id)
      if (!row) {
        moves.set(task.id, ORPHAN)
        continue
      }
      const draft = openDraft(row, now.getTime())
      change(draft, task)
      const move = moveOf(draft)
      if (move) moves.set(task.id, move)
      drafts.push(draft)
    }
    return { drafts, moves }
  }

  const hooks: KindHooks = {
    *leased(tx: Tx, tasks, now, contextOf): Steps<Moves> {
      const rows = yield* store.ofTasks(tx, tasks)
      const accountIds = [...new Set([...rows.values()].map((row) => row.accountId))]
      const accounts = new Map((yield* credentials.byIds(tx, accountIds)).map((account) => [account.id, account]))
      const assignments: Assignment[] = []
      const { drafts, moves } = settle(tasks, rows, now, (draft, task) => {
        const { row } = draft
        const context = contextOf(task) as LeaseContext | undefined
        context?.granted.delete(task.id)
        // What the release before has taken elsewhere meanwhile.
        if (row.status !== 'queued' && row.status !== 'credential_renewed') return withhold(draft)
        const view = viewOf(accounts.get(row.accountId))
        if (view === 'unreadable') {
          withhold(draft)
          fail(draft, 'final', credentialsUnreadable)
        } else if (view === undefined) {
          withhold(draft)
          draft.reason = 'credential_expiry'
          pause(draft, 'credential_expired')
        } else {
          grant(draft)
          const leased = toLeased(draft, view)
          context?.granted.set(task.id, leased)
          if (context?.connectionId !== undefined) assignments.push(toAssignment(leased, context.connectionId, now.getTime()))
        }
      })
      for (const task of tasks) if (moves.has(task.id)) (contextOf(task) as LeaseContext | undefined)?.withheld.add(task.id)
      yield* store.saveRows(tx, drafts, assignments)
      // Others have stood behind these.
      if (moves.size > 0)
        store.announce(
          tx,
          drafts.map((draft) => draft.row.taskType),
        )
      return moves
    },
    *expired(tx: Tx, ended, now): Steps<Moves> {
      const tasks = ended.map((end) => end.task)
      const rows = yield* store.ofTasks(tx, tasks)
      const { drafts, moves } = settle(tasks, rows, now, settleExpiry)
      yield* store.saveRows(tx, drafts)
      return moves
    },
    *released(tx: Tx, tasks, now): Steps<void> {
      const rows = yield* store.ofTasks(tx, tasks)
      const { drafts } = settle(tasks, rows, now, (draft) => {
        draft.reason = 'released'
        queue(draft)
      })
      yield* store.saveRows(tx, drafts)
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
