import { sql } from 'drizzle-orm'
import type { Steps, Tx } from '../../platform/db/index.ts'
import type { RunChange, RunRow, SourceChange, SourceRow } from './row.ts'
import { endByPages, joined, MINUTE_MS, PAGE, type RunLife, type RunsDeps, tail } from './run-life.ts'
import { sourcesTables } from './tables.ts'

/** Batches without an open run share one, and a failure told twice is one, within this time (gifty §2.3). */
const SAME_RUN_MS = 10 * MINUTE_MS
const KEEPS_ON_INGEST = ['disabled', 'broken', 'discovered', 'error']

/** What one ingested batch adds to its run. */
export interface BatchCounts {
  scraped: number
  new: number
  updated: number
  unchanged: number
  categories: number
}

/** What is told of runs from outside the engine, or not told any more: reports, batches, silence (gifty §2.3). */
export const createRunReports = ({ db, clock, repository, engine, idleTimeoutMs }: RunsDeps, life: RunLife) => {
  const { parsingRuns } = sourcesTables(db.kit)
  const { newRun, start, setAside, closeTask, completedStats, complete, countError, failRun, nextRegular } = life

  /** `report-error` (gifty §2.3): closes the open run, or records one; a failure told twice counts once. */
  function* reportError(
    tx: Tx,
    source: SourceRow,
    run: RunRow | undefined,
    text: string,
    isBroken: boolean,
    now: Date,
  ): Steps<void> {
    if (run) {
      yield* failRun(tx, source, run, 'failed', text, isBroken, now)
      yield* closeTask(tx, run, 'failed', text, now)
      return
    }
    const newest = yield* repository.newestRunInside(tx, source.id)
    const toldAlready =
      newest?.startedAt &&
      (newest.status === 'failed' || newest.status === 'lost') &&
      newest.finishedAt &&
      now.getTime() - newest.finishedAt.getTime() < SAME_RUN_MS
    if (newest && toldAlready) {
      yield* repository.updateRun(tx, newest.id, { error: joined(newest.error, text), updatedAt: now })
      const change: SourceChange = { lastError: joined(source.lastError, text), updatedAt: now }
      if (isBroken && source.status !== 'broken')
        Object.assign(change, { status: 'broken', isActive: false, fixRequired: true, retryCount: 0 })
      yield* repository.update(tx, source.id, change)
      return
    }
    yield* repository.insertRun(
      tx,
      newRun(
        source,
        { status: 'failed', strategy: source.strategy, trigger: 'worker', error: tail(text), reported: true, finishedAt: now },
        now,
      ),
    )
    yield* countError(tx, source, text, isBroken, now)
  }

  /** `report-status` running, without or with an open run. */
  function* reportRunning(tx: Tx, source: SourceRow, run: RunRow | undefined, now: Date): Steps<void> {
    if (run) {
      yield* setAside(tx, run, now)
      yield* start(tx, source, run, true, now)
      return
    }
    yield* repository.insertRun(
      tx,
      newRun(source, { status: 'running', strategy: source.strategy, trigger: 'worker', startedAt: now, reported: true }, now),
    )
    yield* repository.update(tx, source.id, { status: 'running', resumeStatus: source.status, updatedAt: now })
  }

  /** `report-status` waiting: the open run is completed. */
  function* reportWaiting(tx: Tx, source: SourceRow, run: RunRow | undefined, now: Date): Steps<void> {
    if (run) {
      yield* complete(tx, source, run, now, { reported: true })
      yield* closeTask(tx, run, 'completed', null, now)
    } else if (source.status === 'queued' || source.status === 'running')
      yield* repository.update(tx, source.id, { status: 'waiting', updatedAt: now })
  }

  /** Appends to the logs of the open, else the newest run; the source shows those of that run. */
  function* appendLogs(tx: Tx, source: SourceRow, run: RunRow | undefined, text: string, now: Date): Steps<void> {
    const newest = yield* repository.newestRunInside(tx, source.id)
    const at = run ?? newest
    const logs = joined(yield* repository.logsOf(tx, at ? { runId: at.id } : { sourceId: source.id }), text)
    if (at) yield* repository.updateRun(tx, at.id, { logs, updatedAt: now, ...(run ? { lastActivityAt: now } : {}) })
    // Late logs of an older run stay with it: the source shows its newest one's.
    if (at?.id === newest?.id) yield* repository.update(tx, source.id, { lastLogs: logs, updatedAt: now })
  }

  /** Adds a batch to its run (gifty §2.3): the open one, else the `ingest` run of the last ten minutes, else a new one. */
  function* addBatch(tx: Tx, source: SourceRow, open: RunRow | undefined, counts: BatchCounts, now: Date): Steps<number> {
    const added: RunChange = {
      itemsScraped: sql`${parsingRuns.itemsScraped} + ${counts.scraped}`,
      itemsNew: sql`${parsingRuns.itemsNew} + ${counts.new}`,
      itemsUpdated: sql`${parsingRuns.itemsUpdated} + ${counts.updated}`,
      itemsUnchanged: sql`${parsingRuns.itemsUnchanged} + ${counts.unchanged}`,
      categoriesFound: sql`${parsingRuns.categoriesFound} + ${counts.categories}`,
      lastActivityAt: now,
      updatedAt: now,
    }
    if (open) {
      if (open.status === 'queued') {
        yield* setAside(tx, open, now)
        Object.assign(added, { status: 'running', startedAt: now })
      }
      yield* repository.updateRun(tx, open.id, added)
      if (source.status !== 'running') yield* repository.update(tx, source.id, { status: 'running', updatedAt: now })
      return open.id
    }
    const newest = yield* repository.newestRunInside(tx, source.id)
    const shared =
      newest?.trigger === 'ingest' &&
      newest.status === 'completed' &&
      now.getTime() - newest.lastActivityAt.getTime() <= SAME_RUN_MS
    const run =
      newest && shared
        ? yield* repository.updateRun(tx, newest.id, { ...added, finishedAt: now })
        : yield* repository.insertRun(
            tx,
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
              },
              now,
            ),
          )
    const change: SourceChange = { lastSyncedAt: now, lastStats: completedStats(run), updatedAt: now }
    if (!KEEPS_ON_INGEST.includes(source.status)) change.status = 'waiting'
    if (source.status !== 'error') change.nextSyncAt = nextRegular(source, now)
    yield* repository.update(tx, source.id, change)
    return run.id
  }

  /** Ends runs that nobody has spoken for: lost, or completed where batches came but never a report (gifty §2.3). */
  const endIdle = () => endByPages(endIdleAfter)
  const endIdleAfter = (afterId: number) =>
    db.tx(function* (tx) {
      const now = new Date(clock.now())
      const before = new Date(now.getTime() - Math.min(SAME_RUN_MS, idleTimeoutMs))
      const quiet = yield* repository.idleRuns(tx, before, afterId, PAGE)
      const tasks = yield* engine().lockTasks(
        tx,
        quiet.flatMap((run) => (run.taskId ? [run.taskId] : [])),
      )
      let ended = 0
      for (const { id, sourceId } of quiet.toSorted((a, b) => a.sourceId - b.sourceId)) {
        const source = yield* repository.lock(tx, sourceId)
        const run = yield* repository.run(tx, id)
        if (!source || run?.status !== 'running') continue
        const idleMs = now.getTime() - run.lastActivityAt.getTime()
        const task = run.taskId ? tasks.get(run.taskId) : undefined
        // A heartbeat prolongs the lease, not the run's row: a live lease is a sign of life.
        if (task && (task.state === 'leased' || task.state === 'cancelling') && task.leaseExpiresAt && task.leaseExpiresAt > now)
          continue
        // Without a report only batches can have started it.
        if (!run.reported) {
          if (idleMs < SAME_RUN_MS) continue
          yield* complete(tx, source, run, now)
          yield* closeTask(tx, run, 'completed', null, now)
          ended++
        } else if (idleMs >= idleTimeoutMs) {
          yield* failRun(tx, source, run, 'lost', `no word from the worker for ${Math.round(idleMs / 1000)} s`, false, now)
          yield* closeTask(tx, run, 'dead', 'the run was lost', now)
          ended++
        }
      }
      return { ended, next: quiet.length < PAGE ? undefined : quiet.at(-1)?.id }
    })

  return { reportError, reportRunning, reportWaiting, appendLogs, addBatch, endIdle }
}
export type RunReports = ReturnType<typeof createRunReports>
