import { and, eq, inArray, lt, lte, ne, type SQL, sql } from 'drizzle-orm'
import { q, type Steps, type Tx } from '../platform/db/index.ts'
import { idAt, isUuid } from '../platform/ids.ts'
import type { EngineContext } from './context.ts'
import { isFinished, TASK_STATES, type Task, type TaskState } from './model.ts'
import { stateIs } from './tables.ts'

/** Above every id. */
const NO_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** What an operator does: look, redrive, purge. */
export const createOperator = ({
  db,
  clock,
  kinds,
  statements,
  tasks,
  announced,
  policyOf,
  nowDate,
  announceReady,
  lockTasks,
}: EngineContext) => {
  const { held, notLeased } = stateIs(tasks.state)

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
        const change = (yield* policyOf(task.kind).redriven?.(tx, [task], now) ?? [])?.get(id) ?? {}
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
        redriven.push(change.payload === undefined ? task : { ...task, payload: change.payload })
      }
      yield* announced.queued(tx, redriven)
      announceReady(
        tx,
        redriven.map((task) => task.kind),
      )
      return { redriven: redriven.map((task) => task.id), skipped }
    })

  const get = async (id: string): Promise<Task | undefined> => (isUuid(id) ? (await statements.get.all({ id }))[0] : undefined)

  /** Newest first. `after` is the id of the last task of the page before. */
  const list = async ({
    kinds: wanted,
    state,
    after,
    limit,
  }: {
    kinds: readonly string[]
    state?: TaskState[]
    after?: string
    limit: number
  }): Promise<Task[]> => {
    const pages: Task[] = []
    // One index range for each kind and state: a query for all of them would sort everything they hold.
    for (const kind of new Set(wanted))
      for (const one of state ?? TASK_STATES)
        pages.push(
          ...(await (one === 'leased' ? statements.pageLeased : statements.page).all({
            kind,
            state: one,
            after: after ?? NO_ID,
            max: limit,
          })),
        )
    return pages.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit)
  }

  /** Deletes finished and dead tasks of all kinds past their keeping time, at most `max` of them. */
  function* purgeInside(tx: Tx, max = 5000): Steps<number> {
    const now = clock.now()
    let purged = 0
    for (const { kind, keepFinishedMs, keepDeadMs } of kinds)
      for (const state of TASK_STATES.filter(isFinished)) {
        const before = now - (state === 'dead' ? keepDeadMs : keepFinishedMs)
        if (before === Number.NEGATIVE_INFINITY) continue
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
  const purge = (max?: number): Promise<number> => db.tx((tx) => purgeInside(tx, max))

  /** Live and dead tasks of the kinds this process knows, per kind and state, for the gauges. */
  const counts = async (): Promise<{ kind: string; state: TaskState; count: number }[]> => {
    const known = inArray(
      tasks.kind,
      kinds.map(({ kind }) => kind),
    )
    // Two queries, because the index of kinds and states has no leased tasks.
    const count = (which: SQL | undefined): PromiseLike<{ kind: string; state: TaskState; count: number }[]> =>
      db.q
        .select({ kind: tasks.kind, state: tasks.state, count: sql<number>`count(*)`.mapWith(Number) })
        .from(tasks)
        .where(and(known, which))
        .groupBy(tasks.kind, tasks.state) as any
    return [
      ...(await count(and(notLeased, inArray(tasks.state, ['queued', 'paused', 'cancelling', 'dead'])))),
      ...(await count(and(held, eq(tasks.state, 'leased')))),
    ]
  }

  /** Live leases of a worker. */
  const heldBy = (owner: string, allowed: readonly string[]): Promise<{ id: string; fence: number; leaseExpiresAt: Date }[]> =>
    db.q
      .select({ id: tasks.id, fence: tasks.fence, leaseExpiresAt: tasks.leaseExpiresAt })
      .from(tasks)
      .where(
        and(
          held,
          sql`${tasks.leaseExpiresAt} > ${sql.param(nowDate(), tasks.leaseExpiresAt)}`,
          eq(tasks.leaseOwner, owner),
          inArray(tasks.kind, [...allowed]),
        ),
      ) as unknown as Promise<{ id: string; fence: number; leaseExpiresAt: Date }[]>

  return { redrive, get, list, purge, purgeInside, counts, heldBy }
}
