import type { Bus } from '../../platform/bus/index.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Log } from '../../platform/log.ts'
import { createDispatcher, type Holder, TASKS_READY } from '../../tasks/index.ts'
import type { AccountRow } from '../credentials/repository.ts'
import { type Credentials, credentialsUnreadable } from '../credentials/service.ts'
import { iso } from '../fields.ts'
import { type NewEvent, newEvent } from '../streams/frames.ts'
import { type Draft, fail, grant, holds, openDraft, pause, prolong, queue, settleExpiry, settleSilence } from '../tasks/draft.ts'
import type { LeaseQueries } from '../tasks/lease-queries.ts'
import type { TaskRow } from '../tasks/row.ts'
import { readyKind, type TaskStore } from '../tasks/store.ts'
import { toDetail } from '../tasks/view.ts'
import { statusOf, TASK_TYPES, type TaskType } from '../vocabulary.ts'
import type { LeasedTask, LeaseRequest } from './model.ts'

/** Most tasks one sweep transaction settles; more are settled by the next. */
const SWEEP_MAX = 200

/** A lease as it is asked for, also by those who wait. */
export interface Asked {
  owner: string
  /** Names under which the wanted types are announced. */
  kinds: string[]
  types: readonly TaskType[] | undefined
  max: number
  leaseSeconds: number
  /** A socket that gets the tasks as events of its own. */
  connectionId?: string
}
/** A granted lease; `id` and `fence` are what its release needs. */
export interface Granted {
  id: string
  fence: number
  task: LeasedTask
}
/** An event that tells a connection of its lease, with the secret that is never stored. */
export interface Assignment extends NewEvent {
  secret: LeasedTask['credentials']
}

const inOrder = (a: TaskRow, b: TaskRow) =>
  b.priority - a.priority || a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** Who works on what (§10): leases, their prolongation and their end. */
export const createLeasing = ({
  db,
  clock,
  bus,
  log,
  store,
  queries,
  credentials,
  staleAfterMs,
}: {
  db: Db
  clock: Clock
  bus: Bus
  log: Log
  store: TaskStore
  queries: LeaseQueries
  credentials: Credentials
  staleAfterMs: number
}) => {
  const toLeased = (draft: Draft, view: LeasedTask['credentials']): LeasedTask => {
    const { row, now } = draft
    return {
      ...toDetail(row, now, draft.progress),
      credentials: view,
      options: JSON.parse(row.options),
      rateLimits: row.rateLimits === null ? undefined : JSON.parse(row.rateLimits),
      resumeState: row.resumeState === null ? null : JSON.parse(row.resumeState),
      lease: {
        workerId: row.leaseOwner as string,
        fence: row.fence,
        leaseSeconds: row.leaseSeconds as number,
        expiresAt: iso(row.leaseExpiresAt as number),
        attempt: row.attempts,
        maxAttempts: row.maxAttempts,
      },
    }
  }
  function* candidates(tx: Tx, { types, max }: Asked, now: number): Steps<TaskRow[]> {
    if (types === undefined) return yield* tx.run(queries.ready, { now, max })
    const rows: TaskRow[] = []
    for (const type of types) rows.push(...(yield* tx.run(queries.readyOfType, { type, now, max })))
    return rows.sort(inOrder).slice(0, max)
  }
  /** The credentials of an account; `unreadable` when they do not decrypt, undefined when there are none any more. */
  const viewOf = (account: AccountRow | undefined) => {
    try {
      return account && credentials.view(account)
    } catch {
      return 'unreadable' as const
    }
  }

  const lease = (asked: Asked): Promise<Granted[]> =>
    db.tx(function* (tx) {
      const now = clock.now()
      const drafts: Draft[] = []
      const granted: Granted[] = []
      const seen = new Set<string>()
      // Tasks whose credentials cannot be had leave their places to the next ones.
      for (;;) {
        const rows = (yield* candidates(tx, { ...asked, max: asked.max + seen.size }, now)).filter((row) => !seen.has(row.id))
        if (rows.length === 0) break
        const accounts = new Map(
          (yield* credentials.byIds(tx, [...new Set(rows.map((row) => row.accountId))])).map((account) => [account.id, account]),
        )
        for (const row of rows) {
          if (granted.length >= asked.max) break
          seen.add(row.id)
          const draft = openDraft(row, now)
          drafts.push(draft)
          const view = viewOf(accounts.get(row.accountId))
          if (view === 'unreadable') fail(draft, 'final', credentialsUnreadable)
          else if (view === undefined) {
            draft.reason = 'credential_expiry'
            pause(draft, 'credential_expired')
          } else {
            grant(draft, asked.owner, asked.leaseSeconds)
            granted.push({ id: row.id, fence: draft.row.fence, task: toLeased(draft, view) })
          }
        }
        if (granted.length >= asked.max) break
      }
      if (drafts.length === 0) return []
      const assignments =
        asked.connectionId === undefined ? [] : granted.map(({ task }) => toAssignment(task, asked.connectionId as string, now))
      yield* store.save(tx, drafts, assignments)
      return granted
    })

  /** Takes leases back that nobody can use: the attempt is not counted. */
  const release = (holders: Holder[]): Promise<void> =>
    db.tx(function* (tx) {
      const now = clock.now()
      const byId = new Map(holders.map((holder) => [holder.id, holder]))
      const drafts: Draft[] = []
      for (const row of yield* store.lockMany(tx, [...byId.keys()])) {
        const holder = byId.get(row.id) as Holder
        if (!holds(row, holder.owner, holder.fence, now)) continue
        const draft = openDraft(row, now)
        draft.row.attempts = Math.max(0, row.attempts - 1)
        draft.reason = 'released'
        queue(draft)
        drafts.push(draft)
      }
      if (drafts.length > 0) yield* store.save(tx, drafts)
    })

  const dispatcher = createDispatcher<Asked, Granted>({ lease, release }, bus, clock, log)

  /** Settles what `find` answers, a set at a time. */
  const settle = async (find: (tx: Tx, now: number) => Steps<TaskRow[]>, change: (draft: Draft) => void): Promise<number> => {
    for (let settled = 0; ; ) {
      const count = await db.tx(function* (tx) {
        const now = clock.now()
        const drafts = (yield* find(tx, now)).map((row) => openDraft(row, now))
        for (const draft of drafts) change(draft)
        if (drafts.length > 0) yield* store.save(tx, drafts)
        return drafts.length
      })
      settled += count
      if (count < SWEEP_MAX) return settled
    }
  }

  return {
    /**
     * Leases up to `max` tasks, waiting up to `waitSeconds` for the first (§7.6). A caller who is gone gets none: `signal`.
     * With `connectionId` the tasks also come to that connection as `task_assignment` events.
     */
    async lease(request: LeaseRequest, signal?: AbortSignal, connectionId?: string): Promise<LeasedTask[]> {
      const types = request.types && request.types.length > 0 ? [...new Set(request.types)] : undefined
      const asked: Asked = {
        owner: request.workerId,
        kinds: (types ?? TASK_TYPES).map(readyKind),
        types: types && types.length < TASK_TYPES.length ? types : undefined,
        max: request.max,
        leaseSeconds: request.leaseSeconds,
        connectionId,
      }
      const granted = await dispatcher.lease(asked, request.waitSeconds * 1000, signal)
      if (signal?.aborted && granted.length > 0) {
        await release(granted.map(({ id, fence }) => ({ id, fence, owner: asked.owner })))
        return []
      }
      return granted.map(({ task }) => task)
    },
    /**
     * Prolongs the leases that `owners` hold of these tasks (§13 heartbeat). Answers the ids of tasks that are not theirs any more;
     * one that runs without any lease is nobody's, and not lost.
     */
    heartbeat: (owners: ReadonlySet<string>, ids: string[]): Promise<string[]> =>
      ids.length === 0
        ? Promise.resolve([])
        : db.tx(function* (tx) {
            const now = clock.now()
            const lost = new Set(ids)
            const drafts: Draft[] = []
            for (const row of yield* store.lockMany(tx, [...lost])) {
              if (row.leaseOwner !== null && owners.has(row.leaseOwner) && holds(row, row.leaseOwner, row.fence, now)) {
                const draft = openDraft(row, now)
                prolong(draft)
                drafts.push(draft)
                lost.delete(row.id)
              } else if (row.leaseExpiresAt === null && ['running', 'paused'].includes(statusOf(row.status))) lost.delete(row.id)
            }
            if (drafts.length > 0) yield* store.save(tx, drafts)
            return [...lost]
          }),
    /** Who holds a task now. */
    async ownerOf(id: string): Promise<string | undefined> {
      const row = await store.get(id)
      return row && row.leaseExpiresAt !== null && row.leaseExpiresAt > clock.now() ? (row.leaseOwner ?? undefined) : undefined
    },
    /** Whether a lease is live: what a resumed connection still has. */
    async isLive(id: string, fence: number): Promise<TaskRow | undefined> {
      const row = await store.get(id)
      return row && row.fence === fence && row.leaseExpiresAt !== null && row.leaseExpiresAt > clock.now() ? row : undefined
    },
    /** Lost leases, tasks nobody speaks of, tasks whose delay is over (§10): to be called every second. */
    async sweep(): Promise<void> {
      await settle((tx, now) => tx.run(queries.expired, { now, max: SWEEP_MAX }), settleExpiry)
      await settle((tx, now) => tx.run(queries.silent, { before: now - staleAfterMs, max: SWEEP_MAX }), settleSilence)
      if (dispatcher.waiting() === 0) return
      const kinds: string[] = []
      for (const type of TASK_TYPES)
        if ((await queries.readyTypeExists.all({ type, now: clock.now() })).length > 0) kinds.push(readyKind(type))
      // Here alone: every process sweeps. It is also how a waiter gets its task whose event another process sent in vain.
      if (kinds.length > 0) bus.publishHere(TASKS_READY, { kinds })
    },
    waiting: dispatcher.waiting,
    /** Answers all who wait. */
    close: dispatcher.close,
  }
}
export type Leasing = ReturnType<typeof createLeasing>

const toAssignment = (task: LeasedTask, connectionId: string, now: number): Assignment => {
  const { credentials, ...rest } = task
  return { ...newEvent('task_assignment', task.id, rest, now, { target: `connection:${connectionId}` }), secret: credentials }
}
