import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Engine } from '../../tasks/index.ts'
import { calendarOf, nextRegular } from './due-times.ts'
import { SAME_RUN_MS } from './reports.ts'
import type { SourcesRepository } from './repository.ts'
import type { RunRow, SourceRow } from './row.ts'
import type { RunKinds } from './run-kinds.ts'
import { failRun, loseUnstarted, newRun, type OpenRunChange, openRun, type RunStore } from './runs.ts'
import type { SourcesDeps } from './service.ts'

/** Number of runs that one transaction reads. */
const PAGE = 100

export interface RunSweepsDeps {
  db: Db
  clock: Clock
  repository: SourcesRepository
  store: RunStore
  engine: Engine
  completeRuns: RunKinds['completeRuns']
  random(): number
  idleTimeoutMs: number
  startTimeoutMs: number
}
/** How the task of a swept run ends. The run's change is changed already, unless it is to be completed. */
type TaskEnd = { state: 'completed' | 'dead'; error: string | null }

/** Ends runs without a report or batch for too long (gifty §2.3). Runs of leased tasks are left to the engine, which ends their leases. */
export const createRunSweeps = ({
  db,
  clock,
  repository,
  store,
  engine,
  completeRuns,
  random,
  idleTimeoutMs,
  startTimeoutMs,
}: RunSweepsDeps) => {
  /**
   * Ends runs a page at a time, by id, until there are no more: runs that stay as they are would keep a single page full for hours. `find`
   * answers a page; `end` changes the change of a run and says how its task ends, or leaves it. Answers how many have ended.
   */
  const endByPages = async (
    find: (tx: Tx, afterId: number, now: Date) => Steps<RunRow[]>,
    prepare: (tx: Tx, taskIds: string[], now: Date) => Steps<(change: OpenRunChange) => TaskEnd | undefined>,
  ): Promise<number> => {
    let ended = 0
    for (let after: number | undefined = 0; after !== undefined; ) {
      const afterId: number = after
      const page = await db.tx(function* (tx) {
        const now = new Date(clock.now())
        const found = yield* find(tx, afterId, now)
        const end = yield* prepare(
          tx,
          found.flatMap((run) => run.taskId ?? []),
          now,
        )
        const wanted = new Set(found.map((run) => run.id))
        const changed: OpenRunChange[] = []
        const completed: OpenRunChange[] = []
        const tasks: { id: string; state: TaskEnd['state']; error: string | null }[] = []
        for (const change of yield* store.ofSources(tx, [...new Set(found.map((run) => run.sourceId))])) {
          if (!change.run || !wanted.has(change.run.id)) continue
          const { taskId } = change.run
          const how = end(change as OpenRunChange)
          if (!how) continue
          changed.push(change as OpenRunChange)
          if (how.state === 'completed') completed.push(change as OpenRunChange)
          if (taskId) tasks.push({ id: taskId, ...how })
        }
        yield* completeRuns(tx, completed, now, false)
        yield* store.save(tx, changed, now)
        yield* engine.finishExternally(tx, tasks, now)
        return { ended: changed.length, next: found.length < PAGE ? undefined : found.at(-1)?.id }
      })
      ended += page.ended
      after = page.next
    }
    return ended
  }

  return {
    /** Ends running runs without a sign of life: lost, or completed where batches came but never a report (failed, if all was refused). */
    endIdle: () =>
      endByPages(
        (tx, afterId, now) =>
          repository.idleRuns(tx, new Date(now.getTime() - Math.min(SAME_RUN_MS, idleTimeoutMs)), afterId, PAGE),
        function* (tx, taskIds, now) {
          const tasks = yield* engine.lockTasks(tx, taskIds)
          return (change) => {
            const { run } = change
            const state = run.taskId ? tasks.get(run.taskId)?.state : undefined
            // A lease that has run out is ended by the reaper, whichever of the two comes first.
            if (run.status !== 'running' || state === 'leased' || state === 'cancelling') return undefined
            const idleMs = now.getTime() - run.lastActivityAt.getTime()
            // Without a report only batches can have started it.
            if (!run.reported) {
              if (idleMs < SAME_RUN_MS) return undefined
              return { state: 'completed', error: null }
            }
            if (idleMs < idleTimeoutMs) return undefined
            const text = `no word from the worker for ${Math.round(idleMs / 1000)} s`
            failRun(change, { status: 'lost', text, isBroken: false, random: random() }, now)
            return { state: 'dead', error: 'the run was lost' }
          }
        },
      ),
    /** Ends runs that no worker started for too long after their message was published: lost, not counted, due again (gifty §2.6). */
    endUnstarted: () =>
      endByPages(
        (tx, afterId, now) => repository.waitingRuns(tx, new Date(now.getTime() - startTimeoutMs), afterId, PAGE),
        function* (tx, taskIds, now) {
          const tasks = yield* engine.lockTasks(tx, taskIds)
          // What still waits in the outbox is not late: the broker has not had it yet.
          const since = yield* engine.published(tx, taskIds)
          return (change) => {
            const { run } = change
            const publishedAt = since.get(run.taskId ?? '')
            if (run.status !== 'queued' || tasks.get(run.taskId ?? '')?.state !== 'queued') return undefined
            if (!publishedAt || now.getTime() - publishedAt.getTime() < startTimeoutMs) return undefined
            const waited = Math.round((now.getTime() - publishedAt.getTime()) / 1000)
            loseUnstarted(change, `no worker has started it for ${waited} s`, now)
            return { state: 'dead', error: 'the run was lost' }
          }
        },
      ),
  }
}
export type RunSweeps = ReturnType<typeof createRunSweeps>

/** Cron times that meet an open run, recorded in one transaction. */
const OVERLAPS_MAX = 500

/** Dispatching sources when they are due (gifty §2.5). */
export const createScheduler = ({
  db,
  clock,
  repository,
  store,
  dispatchPerTick,
}: Pick<SourcesDeps, 'db' | 'clock' | 'repository' | 'store' | 'dispatchPerTick'>) => {
  const nowDate = () => new Date(clock.now())
  /**
   * Due sources, locked, with or without an open run (`open`), and how many the database has offered: whether a run is open is looked at again
   * under the lock, because one may have been opened or closed between the look and the lock.
   */
  function* lockDue(tx: Tx, now: Date, limit: number, { open }: { open: boolean }): Steps<{ found: number; due: SourceRow[] }> {
    const sources = yield* repository.due(tx, now, limit, { open })
    const runs = yield* repository.openRunsOf(
      tx,
      sources.map(({ id }) => id),
    )
    const withRun = new Set(runs.map(({ sourceId }) => sourceId))
    return { found: sources.length, due: sources.filter(({ id }) => withRun.has(id) === open) }
  }
  /** A run that a due time would have opened, and why it did not. */
  const skippedRun = (source: SourceRow, reason: 'overlap' | 'blackout', now: Date) =>
    newRun(source, { status: 'skipped', strategy: source.strategy, trigger: 'schedule', reason, finishedAt: now }, now)
  /** Due times that were missed until a blackout began: recorded, and the source waits for its first time outside. */
  function* holdBack(tx: Tx, held: readonly SourceRow[], now: Date): Steps<void> {
    if (held.length === 0) return
    const rows = yield* repository.insertRuns(
      tx,
      held.map((source) => skippedRun(source, 'blackout', now)),
    )
    store.noteChanged(
      rows.map(({ id }) => id),
      tx,
    )
    const waiting = held.map((source) => ({ source: { ...source, nextSyncAt: nextRegular(source, now) }, run: undefined }))
    yield* repository.saveSources(tx, waiting, now)
  }
  /** Opens runs of due sources without one, at most `limit`; answers how many the database has offered, and how many wait for a blackout's end. */
  function* dispatchDue(tx: Tx, limit: number): Steps<{ found: number; dispatched: number; held: number }> {
    const now = nowDate()
    const { found, due } = yield* lockDue(tx, now, limit, { open: false })
    const isHeld = (source: SourceRow) =>
      source.schedule?.blackout !== undefined && calendarOf(source)?.isBlackedOut(now.getTime()) === true
    const held = due.filter(isHeld)
    yield* holdBack(tx, held, now)
    const wanted = due
      .filter((source) => !held.includes(source))
      .map((source) => ({ source, run: undefined, notes: [], lines: [] }))
    for (const change of wanted) openRun(change, 'schedule', now)
    return { found, dispatched: (yield* store.save(tx, wanted, now)).size, held: held.length }
  }
  /** Cron times that meet an open run: skipped with a record, or one run waits for its end. Answers how many the database has offered. */
  function* recordOverlaps(tx: Tx): Steps<{ found: number; skipped: number }> {
    const now = nowDate()
    const { found, due } = yield* lockDue(tx, now, OVERLAPS_MAX, { open: true })
    const skipped = due.filter((source) => source.overlap === 'skip')
    const rows = yield* repository.insertRuns(
      tx,
      skipped.map((source) => skippedRun(source, 'overlap', now)),
    )
    store.noteChanged(
      rows.map(({ id }) => id),
      tx,
    )
    yield* repository.saveSources(
      tx,
      due.map((source) => ({
        source: {
          ...source,
          queuedAfter: source.overlap === 'skip' ? source.queuedAfter : (source.queuedAfter ?? 'schedule'),
          nextSyncAt: nextRegular(source, now),
        },
        run: undefined,
      })),
      now,
    )
    return { found, skipped: skipped.length }
  }

  return {
    /** Dispatches all that is due, `dispatchPerTick` in a transaction. Answers how many runs were opened, and how many times were skipped. */
    async dispatch(): Promise<{ dispatched: number; skipped: number }> {
      const total = { dispatched: 0, skipped: 0 }
      for (;;) {
        const { found, skipped } = await db.tx((tx) => recordOverlaps(tx))
        total.skipped += skipped
        if (found < OVERLAPS_MAX) break
      }
      for (;;) {
        const { found, dispatched, held } = await db.tx((tx) => dispatchDue(tx, dispatchPerTick))
        total.dispatched += dispatched
        total.skipped += held
        // A full turn is followed at once by another; one that opened nothing has met another process.
        if (found < dispatchPerTick || dispatched + held === 0) return total
      }
    },
    /** The same; answers how many runs were opened. */
    async tick(): Promise<number> {
      return (await this.dispatch()).dispatched
    },
  }
}
