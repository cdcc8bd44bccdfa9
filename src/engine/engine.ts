import { and, desc, eq, inArray, isNotNull, lt, lte, ne, or, sql } from 'drizzle-orm'
import type { Bus } from '../platform/bus/index.ts'
import type { Clock } from '../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../platform/db/index.ts'
import { createId, isUuid } from '../platform/ids.ts'
import { type LeaseRequest, setGroup, takeReady } from './leasing.ts'
import {
  isFinished,
  type KindPolicy,
  type NewTask,
  type Refusal,
  TASK_CANCEL,
  TASK_PROGRESS,
  TASKS_READY,
  type Task,
  type TaskState,
} from './model.ts'
import { engineStatements } from './statements.ts'
import { engineTables } from './tables.ts'

/** Who speaks for a task: the verb counts only if this is its current lease. */
export interface Holder {
  id: string
  owner: string
  fence: number
}

type Settlement = {
  id: string
  state: TaskState
  last_end: Task['lastEnd']
  back?: number
  run_after?: number | null
  error?: string | null
  result?: unknown
  finished_at?: number | null
}

/** Most expired leases one sweep transaction ends; more are ended by the next. */
const SWEEP_MAX = 500
const stale: Refusal = { code: 'stale', message: 'The lease is not held any more' }
const unknown: Refusal = { code: 'not_found', message: 'Task not found' }

export interface EngineDeps {
  db: Db
  clock: Clock
  bus: Bus
  /** 0..1, for jitter. */
  random?: () => number
  kinds: KindPolicy[]
}

/** A verb met a task of a kind its caller may not touch. */
class OtherFamily extends Error {}

/**
 * The durable task engine (DESIGN §4). At least once: a task is offered again when its lease ends without a word; the fence makes
 * its effect once. Every verb names the kinds it may touch, so that a family never reaches another's tasks.
 */
export const createEngine = ({ db, clock, bus, random = Math.random, kinds }: EngineDeps) => {
  const policies = new Map(kinds.map((kind) => [kind.kind, kind]))
  const statements = engineStatements(db)
  const { tasks } = engineTables(db.kit)
  const policyOf = (kind: string): KindPolicy => {
    const policy = policies.get(kind)
    if (!policy) throw new Error(`no policy is defined for tasks of kind ${kind}`)
    return policy
  }
  const nowDate = () => new Date(clock.now())
  // A process that mounts some families only leaves the others' tasks alone: it does not know what their ends mean.
  const knownKinds = JSON.stringify(kinds.map((kind) => kind.kind))
  const announceReady = (tx: Tx, ready: Iterable<string>) => {
    const names = [...new Set(ready)]
    if (names.length > 0) tx.afterCommit(() => bus.publish(TASKS_READY, { kinds: names }))
  }
  const byKind = <T>(items: T[], kindOf: (item: T) => string): Map<string, T[]> => Map.groupBy(items, kindOf)
  const holds = (task: Task, holder: Holder, now: Date) =>
    (task.state === 'leased' || task.state === 'cancelling') &&
    task.leaseOwner === holder.owner &&
    task.fence === holder.fence &&
    task.leaseExpiresAt !== null &&
    task.leaseExpiresAt > now
  const lastHeldBy = (task: Task, holder: Holder) => task.leaseOwner === holder.owner && task.fence === holder.fence

  function* lockTasks(tx: Tx, ids: string[]): Steps<Map<string, Task>> {
    const known = ids.filter(isUuid)
    if (known.length === 0) return new Map()
    const rows = yield* tx.run(statements.lockTasks, { ids: JSON.stringify(known) })
    return new Map(rows.map((row) => [row.id, row]))
  }
  function* settle(tx: Tx, items: Settlement[], now: Date): Steps<void> {
    if (items.length === 0) return
    const rows = items.map((item) => ({
      back: 0,
      run_after: null,
      error: null,
      finished_at: isFinished(item.state) ? now.getTime() : null,
      ...item,
    }))
    yield* tx.run(statements.settle, { items: JSON.stringify(rows), now })
  }

  /** Inserts tasks in the caller's transaction. Answers the ids of those inserted; a live one with the same dedupe key wins. */
  function* enqueue(tx: Tx, news: NewTask[], now = nowDate()): Steps<string[]> {
    if (news.length === 0) return []
    const rows = news.map((task) => ({
      id: task.id ?? createId(clock),
      kind: task.kind,
      payload: task.payload,
      priority: task.priority ?? 10,
      state: 'queued' as const,
      runAfter: task.runAfter ?? now,
      maxAttempts: policyOf(task.kind).maxAttempts,
      dedupeKey: task.dedupeKey ?? null,
      groupKey: task.groupKey ?? null,
      expiresAt: task.expiresAt ?? null,
      createdAt: now,
      updatedAt: now,
    }))
    const inserted: string[] = []
    for (let from = 0; from < rows.length; from += 500) {
      const part = yield* q(
        tx
          .insert(tasks)
          .values(rows.slice(from, from + 500))
          .onConflictDoNothing()
          .returning({ id: tasks.id }),
      )
      inserted.push(...part.map((row) => row.id))
    }
    announceReady(
      tx,
      news.map((task) => task.kind),
    )
    return inserted
  }

  /** Leases up to `max` tasks; ends expired leases first, so that a lost task is offered at once. */
  const lease = async (request: LeaseRequest): Promise<Task[]> => {
    if (request.kinds.length === 0 || request.max < 1) return []
    return db.tx(function* (tx) {
      const now = nowDate()
      if ((yield* tx.run(statements.expiredExists, { now, kinds: knownKinds })).length > 0) yield* endExpired(tx, now)
      // A kind asked for twice would fill the places of the lease twice.
      const leased = yield* takeReady(statements, tx, { ...request, kinds: [...new Set(request.kinds)] }, now)
      for (const [kind, group] of byKind(leased, (task) => task.kind)) {
        const hook = policyOf(kind).leased
        if (hook) yield* hook(tx, group, now)
      }
      return leased
    })
  }

  /** Prolongs a lease and stores progress. `leaseMs` counts from now. */
  const heartbeat = async (
    holder: Holder,
    leaseMs: number,
    progress?: unknown,
    allowed?: readonly string[],
  ): Promise<{ leaseExpiresAt: Date; cancelRequested: boolean } | Refusal> => {
    if (!isUuid(holder.id)) return unknown
    const beat = await db
      .tx(function* (tx) {
        const now = nowDate()
        const [row] = yield* tx.run(statements.heartbeat, {
          ...holder,
          now,
          until: new Date(now.getTime() + leaseMs),
          progress: progress === undefined || progress === null ? null : JSON.stringify(progress),
        })
        // Thrown, not returned: the prolongation of another family's lease must not be kept.
        if (row && allowed && !allowed.includes(row.kind)) throw new OtherFamily()
        if (row && progress !== undefined && progress !== null)
          tx.afterCommit(() => bus.publish(TASK_PROGRESS, { taskId: holder.id, kind: row.kind, progress }))
        return row
      })
      .catch((error) => {
        if (error instanceof OtherFamily) return 'other' as const
        throw error
      })
    if (beat === 'other') return unknown
    if (beat) return { leaseExpiresAt: beat.leaseExpiresAt, cancelRequested: beat.state === 'cancelling' }
    return (await get(holder.id)) ? stale : unknown
  }

  /**
   * Completes a set. Each item stands alone: the answer maps the refused ids, all others are completed (or were, by the same holder).
   * `kinds` limits what may be touched; others are unknown.
   */
  const complete = (
    owner: string,
    items: { id: string; fence: number; result?: unknown }[],
    allowed: readonly string[],
  ): Promise<Map<string, Refusal>> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const refused = new Map<string, Refusal>()
      const rows = yield* lockTasks(
        tx,
        items.map((item) => item.id),
      )
      const done: { task: Task; result: unknown }[] = []
      const seen = new Set<string>()
      for (const { id, fence, result } of items) {
        const task = rows.get(id)
        const holder = { id, owner, fence }
        // The first item of an id decides: a second one must not refuse what the first has completed, nor the other way round.
        if (seen.has(id)) continue
        seen.add(id)
        if (!task || !allowed.includes(task.kind)) refused.set(id, unknown)
        else if (holds(task, holder, now)) done.push({ task, result })
        else if (
          !(isFinished(task.state) && lastHeldBy(task, holder) && (task.lastEnd === 'complete' || task.lastEnd === 'report'))
        )
          refused.set(id, stale)
      }
      for (const [kind, group] of byKind(done, (item) => item.task.kind)) {
        const hook = policyOf(kind).completed
        if (hook) for (const [id, refusal] of yield* hook(tx, group, now)) refused.set(id, refusal)
      }
      yield* settle(
        tx,
        done
          .filter(({ task }) => !refused.has(task.id))
          .map(({ task, result }) => ({ id: task.id, state: 'completed', last_end: 'complete', result })),
        now,
      )
      return refused
    })

  /** Reports a failure. The policy decides whether the task is tried again; a task being cancelled is cancelled. */
  const fail = (
    holder: Holder,
    failure: { error: string; retryable: boolean },
    allowed: readonly string[],
  ): Promise<{ state: TaskState; nextAttemptAt: Date | null } | Refusal> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const task = (yield* lockTasks(tx, [holder.id])).get(holder.id)
      if (!task || !allowed.includes(task.kind)) return unknown
      if (!holds(task, holder, now)) {
        if (lastHeldBy(task, holder) && (task.lastEnd === 'fail' || task.lastEnd === 'report'))
          return { state: task.state, nextAttemptAt: task.state === 'queued' ? task.runAfter : null }
        return stale
      }
      const policy = policyOf(task.kind)
      let state: TaskState = 'queued'
      if (task.state === 'cancelling') state = 'cancelled'
      else if (policy.onFailure === 'fail') state = 'failed'
      else if (!failure.retryable || task.attempts >= task.maxAttempts) state = 'dead'
      const delay = policy.retryDelayMs(task.attempts) * (1 + policy.jitter * (2 * random() - 1))
      const runAfter = state === 'queued' ? new Date(now.getTime() + Math.round(delay)) : null
      if (policy.failed) yield* policy.failed(tx, task, { ...failure, outcome: state }, now)
      yield* settle(tx, [{ id: task.id, state, last_end: 'fail', error: failure.error, run_after: runAfter?.getTime() }], now)
      return { state, nextAttemptAt: runAfter }
    })

  /** Gives leases back: offered again at once, the attempt is not counted. Tasks being cancelled are cancelled. */
  const release = (holders: Holder[], allowed: readonly string[]): Promise<Map<string, Refusal>> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const rows = yield* lockTasks(
        tx,
        holders.map((holder) => holder.id),
      )
      const refused = new Map<string, Refusal>()
      const held: Task[] = []
      for (const holder of holders) {
        const task = rows.get(holder.id)
        if (!task || !allowed.includes(task.kind)) refused.set(holder.id, unknown)
        else if (!holds(task, holder, now)) refused.set(holder.id, stale)
        else held.push(task)
      }
      yield* giveBack(tx, held, 'release', now)
      return refused
    })

  /** Ends leases without an outcome of work: what was being cancelled is cancelled, the rest is queued again. */
  function* giveBack(tx: Tx, held: Task[], end: 'release', now: Date): Steps<void> {
    for (const [kind, group] of byKind(held, (task) => task.kind)) {
      const policy = policyOf(kind)
      const back = group.filter((task) => task.state === 'leased')
      const gone = group.filter((task) => task.state === 'cancelling')
      if (policy.released && back.length > 0) yield* policy.released(tx, back, now)
      if (policy.cancelled && gone.length > 0) yield* policy.cancelled(tx, gone, now)
    }
    yield* settle(
      tx,
      held.map(
        (task): Settlement =>
          task.state === 'leased'
            ? { id: task.id, state: 'queued', last_end: end, back: 1 }
            : { id: task.id, state: 'cancelled', last_end: end },
      ),
      now,
    )
    announceReady(
      tx,
      held.filter((task) => task.state === 'leased').map((task) => task.kind),
    )
  }

  function* endExpired(tx: Tx, now: Date): Steps<number> {
    const rows = yield* tx.run(statements.lockExpired, { now, kinds: knownKinds, max: SWEEP_MAX })
    const ended = rows.map((task) => {
      const last = task.attempts >= task.maxAttempts || policyOf(task.kind).onExpiry === 'dead'
      const outcome: TaskState = task.state === 'cancelling' ? 'cancelled' : last ? 'dead' : 'queued'
      return { task, outcome }
    })
    for (const [kind, group] of byKind(ended, (end) => end.task.kind)) {
      const hook = policyOf(kind).expired
      if (hook) yield* hook(tx, group, now)
    }
    yield* settle(
      tx,
      ended.map(({ task, outcome }) => ({
        id: task.id,
        state: outcome,
        last_end: 'expiry',
        error: outcome === 'dead' ? 'the lease was lost in every attempt' : undefined,
      })),
      now,
    )
    announceReady(
      tx,
      ended.filter((end) => end.outcome === 'queued').map((end) => end.task.kind),
    )
    return ended.length
  }

  /** One sweep: ends expired leases and overdue tasks, and announces delayed tasks that have become ready. */
  const sweep = async (): Promise<{ expired: number }> => {
    let expired = 0
    for (;;) {
      const ended = await db.tx((tx) => endExpired(tx, nowDate()))
      expired += ended
      if (ended < SWEEP_MAX) break
    }
    await db.tx(function* (tx) {
      const now = nowDate()
      const overdue = yield* q(
        tx
          .select({ id: tasks.id })
          .from(tasks)
          .where(
            and(
              eq(tasks.state, 'queued'),
              isNotNull(tasks.expiresAt),
              lte(tasks.expiresAt, now),
              inArray(tasks.kind, [...policies.keys()]),
            ),
          )
          .limit(SWEEP_MAX),
      )
      const locked = yield* lockTasks(
        tx,
        overdue.map((row) => row.id),
      )
      const still = [...locked.values()].filter((task) => task.state === 'queued')
      for (const [kind, group] of byKind(still, (task) => task.kind)) {
        const hook = policyOf(kind).cancelled
        if (hook) yield* hook(tx, group, now)
      }
      yield* settle(
        tx,
        still.map((task) => ({
          id: task.id,
          state: 'cancelled',
          last_end: task.lastEnd,
          error: 'expired before anyone took it',
        })),
        now,
      )
    })
    const ready: string[] = []
    // Kind by kind, because the first row of each is enough: a list of the distinct kinds would read the whole backlog.
    for (const kind of policies.keys()) if ((await statements.readyExists.all({ kind, now: nowDate() })).length > 0) ready.push(kind)
    if (ready.length > 0) bus.publish(TASKS_READY, { kinds: ready })
    return { expired }
  }

  /** Cancels: a queued task at once, a leased one when its holder lets go. Answers the new state, or `finished`. */
  const cancel = (id: string, allowed: readonly string[]): Promise<{ state: TaskState } | Refusal> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const task = (yield* lockTasks(tx, [id])).get(id)
      if (!task || !allowed.includes(task.kind)) return unknown
      if (isFinished(task.state)) return { code: 'finished' as const, message: 'The task has already finished' }
      if (task.state === 'leased' || task.state === 'cancelling') {
        yield tx.update(tasks).set({ state: 'cancelling', updatedAt: now }).where(eq(tasks.id, id)).returning({ id: tasks.id })
        const owner = task.leaseOwner as string
        tx.afterCommit(() => bus.publish(TASK_CANCEL, { taskId: id, owner }))
        return { state: 'cancelling' as const }
      }
      const hook = policyOf(task.kind).cancelled
      if (hook) yield* hook(tx, [task], now)
      yield* settle(tx, [{ id, state: 'cancelled', last_end: 'cancel' }], now)
      return { state: 'cancelled' as const }
    })

  /** Ends a live task because its domain has closed the matter (a report); a later verb of its holder is answered as done. */
  function* closeByReport(
    tx: Tx,
    ids: string[],
    state: 'completed' | 'failed' | 'cancelled' | 'dead',
    error: string | null,
    now: Date,
  ): Steps<void> {
    const live = [...(yield* lockTasks(tx, ids)).values()].filter((task) => !isFinished(task.state))
    yield* settle(
      tx,
      live.map((task) => ({ id: task.id, state, last_end: 'report', error })),
      now,
    )
  }

  /** Takes queued tasks off the offer, because someone works on them without a lease; `closeByReport` ends them. */
  function* setAside(tx: Tx, ids: string[], now: Date): Steps<void> {
    const queued = [...(yield* lockTasks(tx, ids)).values()].filter((task) => task.state === 'queued')
    yield* settle(
      tx,
      queued.map((task) => ({ id: task.id, state: 'paused', last_end: task.lastEnd })),
      now,
    )
  }

  /** Changes what a task that nobody holds will be about; answers whether it was in time. */
  function* replacePayload(tx: Tx, id: string, payload: unknown, now: Date): Steps<boolean> {
    return (
      (yield* q(
        tx
          .update(tasks)
          .set({ payload, updatedAt: now })
          .where(and(eq(tasks.id, id), eq(tasks.state, 'queued')))
          .returning({ id: tasks.id }),
      )).length > 0
    )
  }

  /** Gives dead tasks a new life, oldest first. */
  const redrive = (
    choice: { ids?: string[]; kind?: string; limit: number },
    allowed: readonly string[],
  ): Promise<{ redriven: string[]; skipped: { id: string; reason: string }[] }> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const skipped: { id: string; reason: string }[] = []
      let ids = choice.ids ? [...new Set(choice.ids)].slice(0, choice.limit) : []
      if (!choice.ids && choice.kind !== undefined && allowed.includes(choice.kind))
        ids = (yield* q(
          tx
            .select({ id: tasks.id })
            .from(tasks)
            .where(and(eq(tasks.state, 'dead'), eq(tasks.kind, choice.kind)))
            .orderBy(tasks.id)
            .limit(choice.limit),
        )).map((row) => row.id)
      const rows = yield* lockTasks(tx, ids)
      const redriven: Task[] = []
      for (const id of ids) {
        const task = rows.get(id)
        if (!task || !allowed.includes(task.kind)) {
          skipped.push({ id, reason: 'not_found' })
          continue
        }
        if (task.state !== 'dead') {
          skipped.push({ id, reason: 'not_dead' })
          continue
        }
        const twin = task.dedupeKey
          ? yield* q(
              tx
                .select({ id: tasks.id })
                .from(tasks)
                .where(
                  and(
                    eq(tasks.kind, task.kind),
                    eq(tasks.dedupeKey, task.dedupeKey),
                    ne(tasks.id, id),
                    inArray(tasks.state, ['queued', 'leased', 'paused', 'cancelling']),
                  ),
                )
                .limit(1),
            )
          : []
        if (twin.length > 0) {
          skipped.push({ id, reason: 'already_live' })
          continue
        }
        const hook = policyOf(task.kind).redriven
        const change = hook ? yield* hook(tx, task, now) : {}
        if (change.skip) {
          skipped.push({ id, reason: change.skip })
          continue
        }
        yield tx
          .update(tasks)
          .set({
            state: 'queued',
            attempts: 0,
            runAfter: now,
            error: null,
            finishedAt: null,
            leaseExpiresAt: null,
            expiresAt: null,
            updatedAt: now,
            ...(change.payload === undefined ? {} : { payload: change.payload }),
          })
          .where(eq(tasks.id, id))
          .returning({ id: tasks.id })
        redriven.push(task)
      }
      announceReady(
        tx,
        redriven.map((task) => task.kind),
      )
      return { redriven: redriven.map((task) => task.id), skipped }
    })

  const get = async (id: string): Promise<Task | undefined> => (isUuid(id) ? (await statements.get.all({ id }))[0] : undefined)

  /** Newest first. `after` is the id of the last task of the page before. */
  const list = ({
    kinds: wanted,
    state,
    after,
    limit,
  }: {
    kinds: readonly string[]
    state?: TaskState[]
    after?: string
    limit: number
  }): Promise<Task[]> =>
    db.q
      .select()
      .from(tasks)
      .where(
        and(
          inArray(tasks.kind, [...wanted]),
          state ? inArray(tasks.state, state) : undefined,
          after ? lt(tasks.id, after) : undefined,
        ),
      )
      .orderBy(desc(tasks.id))
      .limit(limit) as unknown as Promise<Task[]>

  /** Deletes finished and dead tasks of all kinds past their keeping time, at most `max` of them. */
  function* purgeInside(tx: Tx, max = 5000): Steps<number> {
    const now = clock.now()
    const past = kinds.flatMap((kind) => [
      and(eq(tasks.kind, kind.kind), ne(tasks.state, 'dead'), lte(tasks.finishedAt, new Date(now - kind.keepFinishedMs))),
      and(eq(tasks.kind, kind.kind), eq(tasks.state, 'dead'), lte(tasks.finishedAt, new Date(now - kind.keepDeadMs))),
    ])
    if (past.length === 0) return 0
    // Bounds the range of the index; without it every finished task of the last days would be looked at.
    const youngest = new Date(now - Math.min(...kinds.map((kind) => Math.min(kind.keepFinishedMs, kind.keepDeadMs))))
    const ids = tx
      .select({ id: tasks.id })
      .from(tasks)
      .where(and(lte(tasks.finishedAt, youngest), or(...past)))
      .limit(max)
    return (yield* q(tx.delete(tasks).where(inArray(tasks.id, ids)).returning({ id: tasks.id }))).length
  }
  const purge = (max?: number): Promise<number> => db.tx((tx) => purgeInside(tx, max))

  /** Live and dead tasks per kind and state, for the gauges. */
  const counts = (): Promise<{ kind: string; state: TaskState; count: number }[]> =>
    db.q
      .select({ kind: tasks.kind, state: tasks.state, count: sql<number>`count(*)`.mapWith(Number) })
      .from(tasks)
      .where(inArray(tasks.state, ['queued', 'leased', 'paused', 'cancelling', 'dead']))
      .groupBy(tasks.state, tasks.kind) as unknown as Promise<{ kind: string; state: TaskState; count: number }[]>

  /** Live leases of a worker. */
  const heldBy = (owner: string, allowed: readonly string[]): Promise<{ id: string; fence: number; leaseExpiresAt: Date }[]> =>
    db.q
      .select({ id: tasks.id, fence: tasks.fence, leaseExpiresAt: tasks.leaseExpiresAt })
      .from(tasks)
      .where(
        and(
          inArray(tasks.state, ['leased', 'cancelling']),
          sql`${tasks.leaseExpiresAt} > ${sql.param(nowDate(), tasks.leaseExpiresAt)}`,
          eq(tasks.leaseOwner, owner),
          inArray(tasks.kind, [...allowed]),
        ),
      ) as unknown as Promise<{ id: string; fence: number; leaseExpiresAt: Date }[]>

  /** Takes the lock of live leases and tells which of `holders` still hold theirs (the fence of ingestion). */
  function* holding(tx: Tx, holder: Holder): Steps<Task | Refusal> {
    const task = (yield* lockTasks(tx, [holder.id])).get(holder.id)
    if (!task) return unknown
    return holds(task, holder, nowDate()) ? task : stale
  }

  return {
    enqueue,
    lease,
    heartbeat,
    complete,
    fail,
    release,
    sweep,
    cancel,
    closeByReport,
    setAside,
    replacePayload,
    redrive,
    get,
    list,
    purge,
    purgeInside,
    counts,
    heldBy,
    holding,
    lockTasks,
    setGroup: (group: Parameters<typeof setGroup>[2]) => db.tx((tx) => setGroup(db, tx, group, nowDate())),
    policyOf,
  }
}

export type Engine = ReturnType<typeof createEngine>
export const isRefusal = (answer: object): answer is Refusal => 'code' in answer && 'message' in answer
