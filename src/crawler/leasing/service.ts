import type { Clock } from '../../platform/clock.ts'
import type { Db, Statement, Steps, Tx } from '../../platform/db/index.ts'
import { type Dispatcher, type Engine, hasLease, isLive } from '../../tasks/index.ts'
import { statusOf } from '../fields.ts'
import { kindOf, LEASED_KINDS, settleSilence, startChange } from '../tasks/change.ts'
import type { TaskRow } from '../tasks/row.ts'
import type { Adoption } from '../tasks/service.ts'
import type { JoinedQueries, TaskStore } from '../tasks/store.ts'
import type { LeasedTask, LeaseRequest } from './index.ts'
import type { LeaseContext } from './kinds.ts'

/** Most tasks one sweep transaction settles; more are settled by the next. */
const SWEEP_MAX = 200
/** How often a lease is tried anew because all its tasks had to be withheld. */
const WITHHELD_MAX = 20

/** Leases (§10): those of the engine as the crawler's workers see them, and tasks that run without one. */
export const createLeasing = ({
  db,
  clock,
  engine,
  dispatcher,
  store,
  queries,
  adoption,
  staleAfterMs,
}: {
  db: Db
  clock: Clock
  engine: Engine
  dispatcher: Dispatcher
  store: TaskStore
  queries: JoinedQueries
  adoption: Adoption
  staleAfterMs: number
}) => {
  /** Goes through what `find` answers, a set at a time, until there is no more. */
  const inSets = async (
    find: Statement<TaskRow>,
    params: Record<string, unknown>,
    step: (tx: Tx, rows: TaskRow[], now: number) => Steps<void>,
  ): Promise<void> => {
    for (let count = SWEEP_MAX; count === SWEEP_MAX; )
      count = await db.tx(function* (tx) {
        const rows = yield* tx.run(find, { ...params, max: SWEEP_MAX })
        if (rows.length > 0) yield* step(tx, rows, clock.now())
        return rows.length
      })
  }

  return {
    /**
     * Leases up to `max` tasks, waiting up to `waitSeconds` for the first (§7.6). After `signal` aborts, no task stays leased.
     * With `connectionId` the tasks also come to that connection as `task_assignment` events.
     */
    async lease(request: LeaseRequest, signal?: AbortSignal, connectionId?: string): Promise<LeasedTask[]> {
      const kinds = request.types && request.types.length > 0 ? [...new Set(request.types)].map(kindOf) : [...LEASED_KINDS]
      const context: LeaseContext = { connectionId, granted: new Map(), withheld: new Set() }
      const leaseRequest = { owner: request.workerId, kinds, max: request.max, leaseMs: request.leaseSeconds * 1000, context }
      let tasks = await dispatcher.lease(leaseRequest, request.waitSeconds * 1000, signal)
      // Tasks that cannot be worked on leave their places to the next ones.
      for (let round = 1; tasks.length === 0 && context.withheld.size > 0 && round < WITHHELD_MAX && !signal?.aborted; round++) {
        context.withheld.clear()
        tasks = await dispatcher.lease(leaseRequest, 0, signal)
      }
      if (signal?.aborted && tasks.length > 0) {
        await engine.release(
          tasks.map(({ id, fence }) => ({ id, fence, owner: leaseRequest.owner })),
          kinds,
        )
        return []
      }
      return tasks.flatMap(({ id }) => context.granted.get(id) ?? [])
    },
    /**
     * Prolongs the leases that `owners` hold of these tasks (§13 heartbeat). Answers the ids of tasks that they do not hold any
     * more; a task that runs without any lease is not reported as lost.
     */
    heartbeat: (owners: ReadonlySet<string>, ids: string[]): Promise<string[]> =>
      ids.length === 0
        ? Promise.resolve([])
        : db.tx(function* (tx) {
            const now = clock.now()
            const lost = new Set(ids)
            const held: string[] = []
            for (const row of yield* store.lockLeases(tx, [...lost])) {
              if (isLive(row, now) && row.leaseOwner !== null && owners.has(row.leaseOwner)) {
                held.push(row.engineTaskId as string)
                lost.delete(row.id)
              } else if (!hasLease(row) && ['running', 'paused'].includes(statusOf(row.status))) lost.delete(row.id)
            }
            yield* engine.prolong(tx, held, new Date(now))
            return [...lost]
          }),
    /** The name of the worker that holds a task now. */
    async ownerOf(id: string): Promise<string | undefined> {
      const row = await store.get(id)
      return row && isLive(row, clock.now()) ? (row.leaseOwner ?? undefined) : undefined
    },
    /** Whether a lease is live: what a resumed connection still has. */
    async isLive(id: string, fence: number): Promise<TaskRow | undefined> {
      const row = await store.get(id)
      return row && row.fence === fence && isLive(row, clock.now()) ? row : undefined
    },
    /** Ends tasks that run without a lease and without reports (§10), and adopts rows of the release before. To be called every second. */
    async sweep(): Promise<void> {
      await adoption.adopt()
      await inSets(queries.silent, { before: clock.now() - staleAfterMs }, function* (tx, rows, now) {
        // A lease counts as a sign of life: a leased task is checked again after the same time.
        const leased = rows.filter(hasLease).map((row) => row.id)
        if (leased.length > 0) yield* tx.run(store.repository.statements.touch, { ids: JSON.stringify(leased), now })
        const changes = rows.filter((row) => !hasLease(row)).map((row) => startChange(row, now))
        for (const change of changes) settleSilence(change)
        if (changes.length > 0) yield* store.save(tx, changes)
      })
    },
    /** Before the first tick: what the release before has left. */
    async prepare(): Promise<void> {
      await adoption.adopt()
      await inSets(queries.unoffered, {}, (tx, rows, now) =>
        store.saveTasks(
          tx,
          rows.map((row) => startChange(row, now)),
        ),
      )
    },
    waiting: dispatcher.waiting,
  }
}
export type Leasing = ReturnType<typeof createLeasing>
