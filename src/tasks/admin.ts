import { and, eq, inArray, lt, lte } from 'drizzle-orm'
import { idAt } from '../platform/clock.ts'
import { q, type Steps, type Tx } from '../platform/db/index.ts'
import { type EngineContext, isFinished, unknown } from './context.ts'
import { type Refusal, TASK_CANCEL, TASK_STATES, type Task, type TaskChange, type TaskState } from './model.ts'
import { stateIs } from './tables.ts'

/** Number of dead tasks that a redrive by kind reads at once. */
const REDRIVE_PAGE = 1000

export interface Redriven {
  redriven: string[]
  skipped: { id: string; reason: string }[]
}

/** What an operator does to tasks: cancel, redrive, purge. */
export const createAdmin = (context: EngineContext) => {
  const { db, bus, clock, policies, statements, tasks, brokerQueue, policyOf, nowDate, announceReady, lockTasks, transition } =
    context
  const { notLeased } = stateIs(tasks.state)

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
      yield* transition(tx, [{ id, state: 'cancelled', lastEnd: 'cancel' }], now)
      yield* brokerQueue.forgetMessages(tx, [task])
      return { state: 'cancelled' as const }
    })

  const liveTwins = db.statement<{ kind: string; dedupe_key: string }>(
    'task_live_twins',
    `select t.kind, t.dedupe_key from tasks t where t.state in ('queued', 'leased', 'paused', 'cancelling') and t.dedupe_key is not null
      and ${db.fragments.inList('t.kind', 'kinds')} and ${db.fragments.inList('t.dedupe_key', 'keys')}`,
  )
  const deadOfKind = db.statement<{ id: string }>(
    'task_dead_of_kind',
    `select t.id from tasks t where t.state <> 'leased' and t.state = 'dead' and t.kind = ${db.fragments.param('kind', 'text')}
      and t.id > ${db.fragments.param('after', 'uuid')} order by t.id limit ${REDRIVE_PAGE}`,
  )
  /** Redrives at most `most` of the named tasks; the others are answered with the reason why not. */
  function* redriveSet(tx: Tx, ids: readonly string[], most: number, allowed: readonly string[], now: Date): Steps<Redriven> {
    const rows = yield* lockTasks(tx, ids)
    const reasons = new Map<string, string>()
    const dead: Task[] = []
    for (const id of ids) {
      const task = rows.get(id)
      if (!task || !allowed.includes(task.kind)) reasons.set(id, 'not_found')
      else if (task.state !== 'dead') reasons.set(id, 'not_dead')
      else dead.push(task)
    }
    const live = new Set<string>()
    const keyOf = (kind: string, key: string) => `${kind}\n${key}`
    const keyed = dead.filter((task) => task.dedupeKey !== null)
    if (keyed.length > 0) {
      const params = { kinds: [...new Set(keyed.map(({ kind }) => kind))], keys: keyed.map(({ dedupeKey }) => dedupeKey) }
      for (const { kind, dedupe_key } of yield* tx.run(liveTwins, params)) live.add(keyOf(kind, dedupe_key))
    }
    const possible: Task[] = []
    for (const task of dead) {
      const key = task.dedupeKey === null ? undefined : keyOf(task.kind, task.dedupeKey)
      if (key !== undefined && live.has(key)) reasons.set(task.id, 'already_live')
      else {
        possible.push(task)
        if (key !== undefined) live.add(key)
      }
    }
    const changes = new Map<string, TaskChange>()
    let room = most
    for (const [hook, group] of Map.groupBy(possible, (task) => policyOf(task.kind).redriven)) {
      for (const [id, { skip, ...change }] of (hook && room > 0 && (yield* hook(tx, group, now, room))) || []) {
        if (skip) reasons.set(id, skip)
        changes.set(id, change)
      }
      for (const { id } of group)
        if (reasons.has(id)) continue
        else if (room > 0) room--
        else reasons.set(id, 'limit')
    }
    const revived = possible.filter(({ id }) => !reasons.has(id)).map((task) => ({ ...task, ...changes.get(task.id) }))
    if (revived.length > 0) {
      yield* tx.run(statements.revive, { ids: revived.map(({ id }) => id), now })
      yield* context.rewrite(
        tx,
        revived.filter(({ id }) => changes.has(id)),
        now,
      )
      yield* brokerQueue.enqueueMessages(tx, revived)
      announceReady(tx, revived)
    }
    return {
      redriven: revived.map(({ id }) => id),
      skipped: ids.flatMap((id) => {
        const reason = reasons.get(id)
        return reason === undefined ? [] : [{ id, reason }]
      }),
    }
  }
  /**
   * Gives dead tasks a new life, oldest first: those of `ids`, of which each is redriven or skipped with a reason, or those of a kind until
   * `limit` of them live again. Without a limit all of `ids`.
   */
  const redrive = (
    choice: { ids?: readonly string[]; kind?: string; limit?: number },
    allowed: readonly string[],
  ): Promise<Redriven> =>
    db.tx(function* (tx) {
      const now = nowDate()
      if (choice.ids) return yield* redriveSet(tx, [...new Set(choice.ids)], choice.limit ?? choice.ids.length, allowed, now)
      const all: Redriven = { redriven: [], skipped: [] }
      if (choice.kind === undefined || !allowed.includes(choice.kind)) return all
      const limit = choice.limit ?? 100
      for (let after = idAt(0); all.redriven.length < limit; ) {
        const page = (yield* tx.run(deadOfKind, { kind: choice.kind, after })).map(({ id }) => id)
        const part = yield* redriveSet(tx, page, limit - all.redriven.length, allowed, now)
        all.redriven.push(...part.redriven)
        // Tasks beyond the limit are not part of the request.
        all.skipped.push(...part.skipped.filter(({ reason }) => reason !== 'limit'))
        if (page.length < REDRIVE_PAGE) break
        after = page.at(-1) as string
      }
      return all
    })

  /** Deletes finished and dead tasks of all kinds past their keeping time, at most `max` of them. */
  function* purge(tx: Tx, max = 5000): Steps<number> {
    const now = clock.now()
    let purged = 0
    // bounded: by the kinds and their states
    for (const { kind, keepFinishedMs, keepDeadMs } of policies.values())
      for (const state of TASK_STATES.filter(isFinished)) {
        const keepMs = state === 'dead' ? keepDeadMs : keepFinishedMs
        if (!Number.isFinite(keepMs)) continue
        const before = now - keepMs
        const ids = tx
          .select({ id: tasks.id })
          .from(tasks)
          .where(
            and(
              notLeased,
              eq(tasks.kind, kind),
              eq(tasks.state, state),
              // What had finished by then had been made by then: without it every task that has finished since would be looked at.
              lt(tasks.id, idAt(before + 1)),
              lte(tasks.finishedAt, new Date(before)),
            ),
          )
          .orderBy(tasks.id)
          .limit(max - purged)
        purged += (yield* q(tx.delete(tasks).where(inArray(tasks.id, ids)).returning({ id: tasks.id }))).length
        if (purged === max) return purged
      }
    return purged
  }

  return { cancel, redrive, purge }
}
