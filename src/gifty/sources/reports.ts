import { sql } from 'drizzle-orm'
import { conflict, notFound } from '../../errors.ts'
import { MINUTE_MS } from '../../platform/clock.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { holds, isLive, type Task } from '../../tasks/index.ts'
import { invalidRequest } from '../envelope.ts'
import { sourcesTables } from '../tables.ts'
import { nextRegular } from './due-times.ts'
import type { Rejection, ReportOf } from './model.ts'
import type { RunChange, RunRow, SourceChange, SourceRow } from './row.ts'
import { linesOfText } from './run-history/logs.ts'
import type { RunKinds } from './run-kinds.ts'
import {
  countError,
  failRun,
  joined,
  newRun,
  type RunRowChange,
  type RunStore,
  type RunStoreDeps,
  startRun,
  statsOf,
  tail,
} from './runs.ts'
import type { SourcesDeps } from './service.ts'

/** Batches without an open run share one, and a failure reported twice is one, within this time (gifty §2.3). */
export const SAME_RUN_MS = 10 * MINUTE_MS
const KEEPS_ON_INGEST = ['disabled', 'broken', 'discovered', 'error']

/** What one ingested batch adds to its run. */
export interface BatchCounts {
  scraped: number
  new: number
  updated: number
  unchanged: number
  categories: number
  /** Elements that stood in the batch before. */
  duplicate: number
  /** Elements that were not stored: `addRejections` counts them on the run. */
  rejected: number
}

export interface RunReportsDeps extends Pick<RunStoreDeps, 'db' | 'repository' | 'engine'> {
  store: RunStore
  completeRuns: RunKinds['completeRuns']
  random(): number
}

/** Applies reports and batches to runs (gifty §2.3). The caller has locked the run's task, the source and the open run, in this order. */
export const createRunReports = ({ db, repository, engine, store, completeRuns, random }: RunReportsDeps) => {
  const { parsingRuns } = sourcesTables(db.kit)
  const changeOf = (source: SourceRow, run: RunRow | undefined): RunRowChange => ({ source, run, notes: [], lines: [] })
  /** Ends the task of a run that a report has closed; its holder is refused at its next heartbeat or verdict. */
  function* finishTask(tx: Tx, run: RunRow, state: 'completed' | 'failed', error: string | null, now: Date): Steps<void> {
    if (run.taskId) yield* engine.finishExternally(tx, [{ id: run.taskId, state, error }], now)
  }
  /** Takes the task of a run that is worked on without a lease out of the queue. */
  function* pauseTask(tx: Tx, run: RunRow, now: Date): Steps<void> {
    if (run.taskId && run.status === 'queued') yield* engine.pauseQueued(tx, [run.taskId], now)
  }

  /** `report-error` (gifty §2.3): closes the open run, or records one; a failure reported twice counts once. */
  function* reportError(
    tx: Tx,
    source: SourceRow,
    run: RunRow | undefined,
    text: string,
    isBroken: boolean,
    now: Date,
  ): Steps<void> {
    if (run) {
      const change = { ...changeOf(source, run), run }
      failRun(change, { status: 'failed', text, isBroken, random: random() }, now)
      yield* store.save(tx, [change], now)
      yield* finishTask(tx, run, 'failed', text, now)
      return
    }
    const newest = yield* repository.newestRun(tx, source.id)
    const isRepeated =
      newest?.startedAt &&
      (newest.status === 'failed' || newest.status === 'lost') &&
      newest.finishedAt &&
      now.getTime() - newest.finishedAt.getTime() < SAME_RUN_MS
    if (newest && isRepeated) {
      yield* repository.updateRun(tx, newest.id, { error: joined(newest.error, text), updatedAt: now })
      const change: SourceChange = { lastError: joined(source.lastError, text), updatedAt: now }
      if (isBroken && source.status !== 'broken')
        Object.assign(change, { status: 'broken', isActive: false, fixRequired: true, retryCount: 0 })
      yield* repository.update(tx, source.id, change)
      return
    }
    const [failed] = yield* repository.insertRuns(tx, [
      newRun(
        source,
        { status: 'failed', strategy: source.strategy, trigger: 'worker', error: tail(text), reported: true, finishedAt: now },
        now,
      ),
    ])
    store.noteChanged(failed ? [failed.id] : [], tx)
    const change = changeOf(source, undefined)
    countError(change, text, isBroken, random(), now)
    yield* store.save(tx, [change], now)
  }

  /** `report-status` running, without or with an open run. */
  function* reportRunning(tx: Tx, source: SourceRow, run: RunRow | undefined, now: Date): Steps<void> {
    if (run) {
      yield* pauseTask(tx, run, now)
      const change = { ...changeOf(source, run), run }
      startRun(change, true, now)
      yield* store.save(tx, [change], now)
      return
    }
    const [started] = yield* repository.insertRuns(tx, [
      newRun(source, { status: 'running', strategy: source.strategy, trigger: 'worker', startedAt: now, reported: true }, now),
    ])
    store.noteChanged(started ? [started.id] : [], tx)
    yield* repository.update(tx, source.id, { status: 'running', resumeStatus: source.status, updatedAt: now })
  }

  /** `report-status` waiting: the open run is completed. */
  function* reportWaiting(tx: Tx, source: SourceRow, run: RunRow | undefined, now: Date): Steps<void> {
    if (run) {
      const change = { ...changeOf(source, run), run }
      yield* completeRuns(tx, [change], now)
      yield* store.save(tx, [change], now)
      yield* finishTask(tx, run, 'completed', null, now)
    } else if (source.status === 'queued' || source.status === 'running')
      yield* repository.update(tx, source.id, { status: 'waiting', updatedAt: now })
  }

  /** Appends to the logs of the open, else the newest run; the source shows those of that run. */
  function* appendLogs(tx: Tx, source: SourceRow, run: RunRow | undefined, text: string, now: Date): Steps<void> {
    const newest = yield* repository.newestRun(tx, source.id)
    const at = run ?? newest
    if (!at) {
      const logs = joined(yield* repository.logsOf(tx, source.id), text)
      yield* repository.update(tx, source.id, { lastLogs: logs, updatedAt: now })
      return
    }
    // Late logs are no sign of life: the time of the last batch decides how long further batches join a run.
    const shown = { ...at, lastActivityAt: run && run.finishedAt === null ? now : at.lastActivityAt }
    yield* repository.saveRuns(tx, [{ run: shown, logs: tail(text) }], now)
    yield* repository.logs.append(tx, [{ id: at.id, lines: linesOfText(text, now) }])
    // Late logs of an older run stay with it: the source shows its newest one's.
    if (at.id === newest?.id) yield* repository.saveSources(tx, [{ source, run: at, logs: text }], now)
  }

  /** Adds a batch to its run (gifty §2.3): the open one, else the `ingest` run of the last ten minutes, else a new one. */
  function* addBatch(tx: Tx, source: SourceRow, open: RunRow | undefined, counts: BatchCounts, now: Date): Steps<number> {
    const added: RunChange = {
      itemsScraped: sql`${parsingRuns.itemsScraped} + ${counts.scraped}`,
      itemsNew: sql`${parsingRuns.itemsNew} + ${counts.new}`,
      itemsUpdated: sql`${parsingRuns.itemsUpdated} + ${counts.updated}`,
      itemsUnchanged: sql`${parsingRuns.itemsUnchanged} + ${counts.unchanged}`,
      categoriesFound: sql`${parsingRuns.categoriesFound} + ${counts.categories}`,
      itemsDuplicate: sql`${parsingRuns.itemsDuplicate} + ${counts.duplicate}`,
      batches: sql`${parsingRuns.batches} + 1`,
      lastActivityAt: now,
      updatedAt: now,
    }
    if (open) {
      if (open.status === 'queued') {
        yield* pauseTask(tx, open, now)
        Object.assign(added, { status: 'running', startedAt: open.startedAt ?? now })
      }
      yield* repository.updateRun(tx, open.id, added)
      store.noteChanged([open.id], tx)
      if (source.status !== 'running') yield* repository.update(tx, source.id, { status: 'running', updatedAt: now })
      return open.id
    }
    const newest = yield* repository.newestRun(tx, source.id)
    const shared =
      newest?.trigger === 'ingest' &&
      newest.status === 'completed' &&
      now.getTime() - newest.lastActivityAt.getTime() <= SAME_RUN_MS
    const run =
      newest && shared
        ? yield* repository.updateRun(tx, newest.id, { ...added, finishedAt: now })
        : ((yield* repository.insertRuns(tx, [
            newRun(
              source,
              {
                status: 'completed',
                strategy: source.strategy,
                trigger: 'ingest',
                startedAt: now,
                finishedAt: now,
                itemsScraped: counts.scraped,
                itemsNew: counts.new,
                itemsUpdated: counts.updated,
                itemsUnchanged: counts.unchanged,
                categoriesFound: counts.categories,
                itemsDuplicate: counts.duplicate,
                batches: 1,
              },
              now,
            ),
          ]))[0] as RunRow)
    store.noteChanged([run.id], tx)
    const lastStats = statsOf({ ...run, itemsRejected: run.itemsRejected + counts.rejected })
    const change: SourceChange = { lastSyncedAt: now, lastStats, updatedAt: now }
    if (!KEEPS_ON_INGEST.includes(source.status)) change.status = 'waiting'
    if (source.status !== 'error') change.nextSyncAt = nextRegular(source, now)
    yield* repository.update(tx, source.id, change)
    return run.id
  }

  /**
   * Counts a batch of which nothing was stored: on the open run, else on the `ingest` run of the last ten minutes. Without either there is
   * no run to count on: one that stored nothing is not made.
   */
  function* addRefusedBatch(
    tx: Tx,
    source: SourceRow,
    open: RunRow | undefined,
    rejected: readonly Rejection[],
    now: Date,
  ): Steps<void> {
    const newest = open ?? (yield* repository.newestRun(tx, source.id))
    const isShared = newest?.trigger === 'ingest' && now.getTime() - newest.lastActivityAt.getTime() <= SAME_RUN_MS
    if (newest && (open || isShared)) yield* repository.addRejections(tx, newest.id, rejected, now)
  }

  return { reportError, reportRunning, reportWaiting, appendLogs, addBatch, addRefusedBatch }
}
export type RunReports = ReturnType<typeof createRunReports>

/** The report routes (gifty §2.3). A report that names a run which has ended changes nothing and is answered `ignored`. */
export const createReportCommands = ({ db, clock, repository, store, reports }: SourcesDeps) => {
  type Step = (tx: Tx, source: SourceRow, open: RunRow | undefined, now: Date) => Steps<void>
  /**
   * Whether a report counts. With a fence, the reporter has to hold the run's task. Without one, a report that would end the run is
   * ignored while a later attempt than the first is under a live lease, because it may come from the earlier attempt.
   * @throws AppError 409 `stale_lease`, 422 when only a part of the fence is given
   */
  const isCurrent = (of: ReportOf, open: RunRow | undefined, task: Task | undefined, ends: boolean, now: Date): boolean => {
    const { task_id, worker_id, fence } = of
    const present = [task_id, worker_id, fence].filter((part) => part !== null && part !== undefined).length
    if (present !== 0 && present !== 3)
      throw invalidRequest([
        {
          type: 'value_error',
          loc: ['body', 'task_id'],
          msg: 'task_id, worker_id and fence go together',
          input: task_id ?? null,
        },
      ])
    if (present === 3) {
      const holder = { owner: worker_id as string, fence: fence as number }
      if (!task || open?.taskId !== task_id || !holds(task, holder, now))
        throw conflict('The lease is not held any more', 'stale_lease')
      return true
    }
    return !(ends && task && task.attempts > 1 && isLive(task, now))
  }

  const report = (id: number, of: ReportOf, { ends }: { ends: boolean }, step: Step, late?: Step) =>
    db.tx(function* (tx) {
      const now = new Date(clock.now())
      const { source, open, task } = yield* store.lockForReport(tx, id)
      const { run_id: runId } = of
      if (runId !== null && runId !== undefined && open?.id !== runId) {
        const run = yield* repository.run(tx, runId)
        if (run?.sourceId !== id) throw notFound('Run not found')
        if (late) yield* late(tx, source, run, now)
        return { status: 'ok' as const, ignored: true as const }
      }
      if (!isCurrent(of, open, task, ends, now)) return { status: 'ok' as const, ignored: true as const }
      yield* step(tx, source, open, now)
      return { status: 'ok' as const }
    })

  return {
    reportStatus: (id: number, of: ReportOf & { status: 'queued' | 'running' | 'waiting' | 'error' | 'broken' }) => {
      const { status } = of
      const ends = status === 'waiting' || status === 'error' || status === 'broken'
      return report(id, of, { ends }, function* (tx, source, open, now) {
        if (status === 'running') yield* reports.reportRunning(tx, source, open, now)
        else if (status === 'waiting') yield* reports.reportWaiting(tx, source, open, now)
        else if (status === 'queued') yield* repository.update(tx, id, { status: 'queued', updatedAt: now })
        else yield* reports.reportError(tx, source, open, `the worker reported ${status}`, status === 'broken', now)
      })
    },
    /** Logs are kept even when they come after the run has ended. */
    reportLogs: (id: number, of: ReportOf & { logs: string }) => {
      const keep: Step = (tx, source, run, now) => reports.appendLogs(tx, source, run, of.logs, now)
      return report(id, of, { ends: false }, keep, keep)
    },
    reportError: (id: number, of: ReportOf & { error: string; is_broken: boolean }) =>
      report(id, of, { ends: true }, (tx, source, open, now) =>
        reports.reportError(tx, source, open, of.error, of.is_broken, now),
      ),
  }
}
