import { and, eq, inArray, lte, ne, or, sql } from 'drizzle-orm'
import { q, type Steps, type Tx } from '../platform/db/index.ts'
import { isUuid } from '../platform/ids.ts'
import type { EngineContext } from './context.ts'
import { TASK_STATES, type Task, type TaskState } from './model.ts'

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
        pages.push(...(await statements.page.all({ kind, state: one, after: after ?? NO_ID, max: limit })))
    return pages.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit)
  }

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

  /** Live and dead tasks of the kinds this process knows, per kind and state, for the gauges. */
  const counts = (): Promise<{ kind: string; state: TaskState; count: number }[]> =>
    db.q
      .select({ kind: tasks.kind, state: tasks.state, count: sql<number>`count(*)`.mapWith(Number) })
      .from(tasks)
      .where(
        and(
          inArray(
            tasks.kind,
            kinds.map((kind) => kind.kind),
          ),
          inArray(tasks.state, ['queued', 'leased', 'paused', 'cancelling', 'dead']),
        ),
      )
      .groupBy(tasks.kind, tasks.state) as unknown as Promise<{ kind: string; state: TaskState; count: number }[]>

  /** Live leases of a worker. */
  const heldBy = (owner: string, allowed: readonly string[]): Promise<{ id: string; fence: number; leaseExpiresAt: Date }[]> =>
    db.q
      .select({ id: tasks.id, fence: tasks.fence, leaseExpiresAt: tasks.leaseExpiresAt })
      .from(tasks)
      .where(
        and(
          sql`${tasks.state} in ('leased', 'cancelling')`,
          sql`${tasks.leaseExpiresAt} > ${sql.param(nowDate(), tasks.leaseExpiresAt)}`,
          eq(tasks.leaseOwner, owner),
          inArray(tasks.kind, [...allowed]),
        ),
      ) as unknown as Promise<{ id: string; fence: number; leaseExpiresAt: Date }[]>

  return { redrive, get, list, purge, purgeInside, counts, heldBy }
}
