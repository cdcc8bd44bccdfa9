import { sql } from 'drizzle-orm'
import { defineKind, type Engine, type KindHooks, nextCronTime, type Task } from '../../engine/index.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { createId } from '../../platform/ids.ts'
import { escapeHtml, type Notifications } from '../notifications.ts'
import type { RunStatus, Strategy } from './model.ts'
import type { RunChange, RunRow, SourceChange, SourceRow, SourcesRepository } from './repository.ts'
import { sourcesTables } from './tables.ts'

export const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** Batches without an open run share one, and a failure told twice is one, within this time (gifty §2.3). */
const SAME_RUN_MS = 10 * MINUTE_MS
/** This many soft errors in a row delay; the next one breaks (gifty §2.4). */
const SOFT_ERRORS = 3
const MAX_LOGS = 100_000
const IDLE_PAGE = 100
const KEEPS_ON_ERROR = ['disabled', 'broken']
const KEEPS_ON_INGEST = ['disabled', 'broken', 'discovered', 'error']

export interface RunsDeps {
  db: Db
  clock: Clock
  repository: SourcesRepository
  /** Late: the engine's kinds are made from these runs. */
  engine: () => Engine
  notifications: () => Notifications
  idleTimeoutMs: number
}

/** What one ingested batch adds to its run. */
export interface BatchCounts {
  scraped: number
  new: number
  updated: number
  unchanged: number
  categories: number
}

/** The kind of a source's tasks: the built-in web worker takes those that ask for it (gifty §2.8). */
export const kindOf = (source: Pick<SourceRow, 'config'>) => (source.config.worker === 'web' ? 'source.run.web' : 'source.run')

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : url)
const tail = (text: string) => (text.length > MAX_LOGS ? text.slice(-MAX_LOGS) : text)
const joined = (before: string | null, text: string) =>
  tail(before ? `${before}${before.endsWith('\n') ? '' : '\n'}${text}` : text)

/**
 * The life of runs and what each event does to the source (gifty §2.3, §2.4). Everything is a step of the caller's transaction;
 * rows are locked in the order task, source, run.
 */
export const createRuns = ({ db, clock, repository, engine, notifications, idleTimeoutMs }: RunsDeps) => {
  const { parsingRuns } = sourcesTables(db.kit)

  /** The next regular time: the cron text's, or the interval's. */
  const nextRegular = (source: SourceRow, now: Date): Date =>
    source.schedule
      ? new Date(nextCronTime(source.schedule.cron, source.schedule.timezone, now.getTime()))
      : new Date(now.getTime() + source.refreshIntervalHours * HOUR_MS)

  const payloadOf = (source: SourceRow, strategy: string, runId: number) => ({
    source_id: source.id,
    url: source.url,
    site_key: source.siteKey,
    type: source.type,
    strategy,
    config: source.config,
    run_id: runId,
  })
  const newRun = (source: SourceRow, row: Pick<RunRow, 'status' | 'strategy' | 'trigger'> & Partial<RunRow>, now: Date) => ({
    sourceId: source.id,
    siteKey: source.siteKey,
    isHub: source.type === 'hub',
    lastActivityAt: now,
    createdAt: now,
    updatedAt: now,
    ...row,
  })

  /** Opens a `queued` run with its task. The source is locked and has no open run. */
  function* dispatch(
    tx: Tx,
    source: SourceRow,
    { trigger, strategy = source.strategy }: { trigger: 'schedule' | 'force'; strategy?: Strategy },
    now: Date,
  ): Steps<{ run: RunRow; taskId: string }> {
    const taskId = createId(clock)
    const run = yield* repository.insertRun(tx, newRun(source, { status: 'queued', strategy, trigger, taskId }, now))
    yield* engine().enqueue(
      tx,
      [
        {
          id: taskId,
          kind: kindOf(source),
          payload: payloadOf(source, strategy, run.id),
          priority: source.priority,
          dedupeKey: `run:${run.id}`,
          groupKey: `host:${hostOf(source.url).slice(0, 100)}`,
        },
      ],
      now,
    )
    let nextSyncAt = source.nextSyncAt
    if (source.schedule) {
      if (trigger === 'schedule') nextSyncAt = nextRegular(source, now)
    } else nextSyncAt = new Date(now.getTime() + (trigger === 'schedule' ? 15 : 30) * MINUTE_MS)
    const lastStats =
      trigger === 'force' && source.lastStats ? { ...source.lastStats, status: 'queued_manual' } : source.lastStats
    yield* repository.update(tx, source.id, {
      status: 'queued',
      resumeStatus: source.status,
      nextSyncAt,
      lastStats,
      queuedAfter: null,
      updatedAt: now,
    })
    return { run, taskId }
  }

  /** Records a run that did not happen, with the reason. */
  function* skip(tx: Tx, source: SourceRow, trigger: 'schedule' | 'force', reason: string, now: Date): Steps<RunRow> {
    return yield* repository.insertRun(
      tx,
      newRun(source, { status: 'skipped', strategy: source.strategy, trigger, reason, finishedAt: now }, now),
    )
  }

  /** A worker has it: the run starts, or shows a sign of life. */
  function* start(tx: Tx, source: SourceRow, run: RunRow, reported: boolean, now: Date): Steps<void> {
    const change: RunChange = { lastActivityAt: now, updatedAt: now, reported: run.reported || reported }
    if (run.status === 'queued') Object.assign(change, { status: 'running', startedAt: run.startedAt ?? now })
    yield* repository.updateRun(tx, run.id, change)
    if (source.status !== 'running') yield* repository.update(tx, source.id, { status: 'running', updatedAt: now })
  }

  /** A foreign report says that someone runs it although nobody holds its lease: the task is not offered meanwhile. */
  function* setAside(tx: Tx, run: RunRow, now: Date): Steps<void> {
    if (run.taskId && run.status === 'queued') yield* engine().setAside(tx, [run.taskId], now)
  }

  function* close(tx: Tx, run: RunRow, status: RunStatus, more: RunChange, now: Date): Steps<void> {
    yield* repository.updateRun(tx, run.id, { status, finishedAt: now, lastActivityAt: now, updatedAt: now, ...more })
  }
  /** Ends the engine's side of a run that the domain has closed; its holder is told so at its next word. */
  function* closeTask(tx: Tx, run: RunRow, state: 'completed' | 'failed' | 'dead', error: string | null, now: Date): Steps<void> {
    if (run.taskId) yield* engine().closeByReport(tx, [run.taskId], state, error, now)
  }
  /** Overlap `queue_one`: one run starts once the open one has ended, however many times passed meanwhile. */
  function* startQueued(tx: Tx, sourceId: number, now: Date): Steps<void> {
    const source = yield* repository.lock(tx, sourceId)
    if (!source?.queuedAfter) return
    if (source.isActive || source.queuedAfter === 'force') yield* dispatch(tx, source, { trigger: source.queuedAfter }, now)
    else yield* repository.update(tx, sourceId, { queuedAfter: null, updatedAt: now })
  }

  const completedStats = (counts: Pick<RunRow, 'itemsScraped' | 'itemsNew' | 'categoriesFound'>) =>
    counts.itemsScraped > 0
      ? { processed_items: counts.itemsScraped, new_items: counts.itemsNew }
      : { status: 'discovery_completed', categories_found: counts.categoriesFound }

  /** The run is done; the source rests until its next regular time. */
  function* complete(tx: Tx, source: SourceRow, run: RunRow, now: Date, more: RunChange = {}): Steps<void> {
    yield* close(tx, run, 'completed', { startedAt: run.startedAt ?? now, ...more }, now)
    yield* repository.update(tx, source.id, {
      status: source.isActive ? 'waiting' : (source.resumeStatus ?? source.status),
      resumeStatus: null,
      nextSyncAt: nextRegular(source, now),
      lastSyncedAt: now,
      retryCount: 0,
      lastError: null,
      lastStats: completedStats(run),
      updatedAt: now,
    })
    yield* startQueued(tx, source.id, now)
  }

  /** What a counted error does to the source, and its notification. */
  function* countError(tx: Tx, source: SourceRow, text: string, isBroken: boolean, now: Date): Steps<void> {
    const broken = isBroken || source.retryCount >= SOFT_ERRORS
    const kept = [source.status, ...(source.isActive ? [] : [source.resumeStatus ?? ''])].find((status) =>
      KEEPS_ON_ERROR.includes(status),
    )
    const change: SourceChange = broken
      ? { status: 'broken', isActive: false, fixRequired: true, retryCount: 0 }
      : {
          status: kept ?? 'error',
          nextSyncAt: new Date(now.getTime() + 10 * MINUTE_MS * (source.retryCount + 1)),
          retryCount: source.retryCount + 1,
        }
    yield* repository.update(tx, source.id, { ...change, resumeStatus: null, lastError: tail(text), updatedAt: now })
    yield* notifications().add(tx, [
      {
        topic: 'scraping',
        text: `${broken ? 'Source is broken' : 'Source failed'}: <b>${escapeHtml(source.siteKey)}</b> (${source.id})\n${escapeHtml(text.slice(0, 1000))}`,
        data: { source_id: source.id, site_key: source.siteKey, is_broken: broken },
      },
    ])
  }

  function* failRun(
    tx: Tx,
    source: SourceRow,
    run: RunRow,
    status: 'failed' | 'lost',
    text: string,
    isBroken: boolean,
    now: Date,
  ): Steps<void> {
    yield* close(tx, run, status, { error: tail(text), reported: true }, now)
    yield* countError(tx, source, text, isBroken, now)
    yield* startQueued(tx, source.id, now)
  }

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
    const logs = joined(at ? at.logs : source.lastLogs, text)
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
  const endIdle = async (): Promise<number> => {
    let ended = 0
    // All of them, a page at a time: runs whose leases live are passed over, and would keep a single page full for hours.
    for (let afterId: number | undefined = 0; afterId !== undefined; ) {
      const page: { ended: number; next: number | undefined } = await endIdleAfter(afterId)
      ended += page.ended
      afterId = page.next
    }
    return ended
  }
  const endIdleAfter = (afterId: number) =>
    db.tx(function* (tx) {
      const now = new Date(clock.now())
      const before = new Date(now.getTime() - Math.min(SAME_RUN_MS, idleTimeoutMs))
      const quiet = yield* repository.idleRuns(tx, before, afterId, IDLE_PAGE)
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
      return { ended, next: quiet.length < IDLE_PAGE ? undefined : quiet.at(-1)?.id }
    })

  /** Runs `step` for each task whose run is still open, with its source locked. */
  function* eachOpen(tx: Tx, tasks: Task[], step: (source: SourceRow, run: RunRow, task: Task) => Steps<void>): Steps<void> {
    const byTask = new Map(tasks.map((task) => [task.id, task]))
    const runs = yield* repository.runsOfTasks(tx, [...byTask.keys()])
    for (const { id, sourceId, taskId } of runs.toSorted((a, b) => a.sourceId - b.sourceId)) {
      const source = yield* repository.lock(tx, sourceId)
      const run = source && (yield* repository.run(tx, id))
      if (source && run && (run.status === 'queued' || run.status === 'running'))
        yield* step(source, run, byTask.get(taskId as string) as Task)
    }
  }
  function* backToQueue(tx: Tx, source: SourceRow, run: RunRow, now: Date): Steps<void> {
    yield* repository.updateRun(tx, run.id, { status: 'queued', lastActivityAt: now, updatedAt: now })
    yield* repository.update(tx, source.id, { status: 'queued', updatedAt: now })
  }
  function* cancelRun(tx: Tx, source: SourceRow, run: RunRow, now: Date): Steps<void> {
    yield* close(tx, run, 'cancelled', {}, now)
    yield* repository.update(tx, source.id, { status: source.resumeStatus ?? 'waiting', resumeStatus: null, updatedAt: now })
    yield* startQueued(tx, source.id, now)
  }

  const hooks: KindHooks = {
    *leased(tx, tasks, now) {
      yield* eachOpen(tx, tasks, (source, run) => start(tx, source, run, true, now))
    },
    *completed(tx, done, now) {
      const logs = new Map(done.map(({ task, result }) => [task.id, (result as { logs?: unknown } | null | undefined)?.logs]))
      const refused = new Map()
      for (const { task, result } of done)
        if (result !== undefined && result !== null && (typeof result !== 'object' || Array.isArray(result)))
          refused.set(task.id, { code: 'invalid', message: 'Input should be an object' })
      for (const [id, text] of logs)
        if (text !== undefined && text !== null && typeof text !== 'string')
          refused.set(id, { code: 'invalid', message: 'result.logs should be a string' })
      const good = done.map((item) => item.task).filter((task) => !refused.has(task.id))
      yield* eachOpen(tx, good, function* (source, run, task) {
        const text = logs.get(task.id)
        if (typeof text === 'string' && text !== '') yield* appendLogs(tx, source, run, text, now)
        yield* complete(tx, source, run, now, { reported: true })
      })
      return refused
    },
    *failed(tx, task, { error, retryable, outcome }, now) {
      yield* eachOpen(tx, [task], (source, run) =>
        outcome === 'cancelled' ? cancelRun(tx, source, run, now) : failRun(tx, source, run, 'failed', error, !retryable, now),
      )
    },
    *released(tx, tasks, now) {
      yield* eachOpen(tx, tasks, (source, run) => backToQueue(tx, source, run, now))
    },
    *expired(tx, ended, now) {
      const outcomes = new Map(ended.map(({ task, outcome }) => [task.id, outcome]))
      yield* eachOpen(
        tx,
        ended.map((end) => end.task),
        function* (source, run, task) {
          const outcome = outcomes.get(task.id)
          if (outcome === 'queued') yield* backToQueue(tx, source, run, now)
          else if (outcome === 'cancelled') yield* cancelRun(tx, source, run, now)
          else yield* failRun(tx, source, run, 'lost', 'the worker was lost in every attempt', false, now)
        },
      )
    },
    *cancelled(tx, tasks, now) {
      yield* eachOpen(tx, tasks, (source, run) => cancelRun(tx, source, run, now))
    },
    *redriven(tx, task, now) {
      const payload = task.payload as { source_id: number }
      const source = yield* repository.lock(tx, payload.source_id)
      if (!source) return { skip: 'source_not_found' }
      if (yield* repository.openRunInside(tx, source.id)) return { skip: 'run_open' }
      const run = yield* repository.insertRun(
        tx,
        newRun(source, { status: 'queued', strategy: source.strategy, trigger: 'force', taskId: task.id }, now),
      )
      yield* repository.update(tx, source.id, { status: 'queued', resumeStatus: source.status, updatedAt: now })
      return { payload: payloadOf(source, source.strategy, run.id) }
    },
  }
  /** The two kinds of source tasks: a reported failure ends them, a lost lease offers them again, five times in all (gifty §4). */
  const kinds = ['source.run', 'source.run.web'].map((kind) => defineKind(kind, { onFailure: 'fail', ...hooks }))

  return {
    kinds,
    dispatch,
    skip,
    nextRegular,
    payloadOf,
    reportRunning,
    reportWaiting,
    reportError,
    appendLogs,
    addBatch,
    endIdle,
    setAside,
  }
}
export type Runs = ReturnType<typeof createRuns>
