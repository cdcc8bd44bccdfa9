import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { createId } from '../../platform/ids.ts'
import { type Engine, nextCronTime } from '../../tasks/index.ts'
import { escapeHtml, type Notifications } from '../notifications.ts'
import type { RunStatus, Strategy } from './model.ts'
import type { SourcesRepository } from './repository.ts'
import type { RunChange, RunRow, SourceChange, SourceRow } from './row.ts'

export const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** This many soft errors in a row delay; the next one breaks (gifty §2.4). */
const SOFT_ERRORS = 3
const MAX_LOGS = 100_000
const KEEPS_ON_ERROR = ['disabled', 'broken']

export interface RunsDeps {
  db: Db
  clock: Clock
  repository: SourcesRepository
  /** Late: the engine's kinds are made from these runs. */
  engine: () => Engine
  notifications: () => Notifications
  idleTimeoutMs: number
  startTimeoutMs: number
}

/** A run that has just been opened, and what its message says. */
export interface Dispatched {
  run: RunRow
  task: { id: string; kind: string; payload: unknown }
  /** The source's next time as the dispatch has set it. */
  nextSyncAt: Date
}

/** The kind of a source's tasks: the built-in web worker takes those that ask for it (gifty §2.8). */
export const kindOf = (source: Pick<SourceRow, 'config'>) => (source.config.worker === 'web' ? 'source.run.web' : 'source.run')

/** Runs that one transaction looks at, where all of a kind are looked at. */
export const PAGE = 100
/**
 * Ends runs a page at a time, by id, until there are no more: runs that stay as they are would keep a single page full for hours.
 * `endAfter` answers how many of a page have ended, and its last id unless it was the last page. Answers how many have ended.
 */
export const endByPages = async (
  endAfter: (id: number) => Promise<{ ended: number; next: number | undefined }>,
): Promise<number> => {
  let ended = 0
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: { ended: number; next: number | undefined } = await endAfter(after)
    ended += page.ended
    after = page.next
  }
  return ended
}

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : url)
/** The last 100,000 characters. */
export const tail = (text: string) => (text.length > MAX_LOGS ? text.slice(-MAX_LOGS) : text)
export const joined = (before: string | null, text: string) =>
  tail(before ? `${before}${before.endsWith('\n') ? '' : '\n'}${text}` : text)

/** What every event of a run is made of: it opens, starts, ends one way or another, and the source changes with it (gifty §2.3, §2.4). */
export const createRunLife = ({ clock, repository, engine, notifications }: RunsDeps) => {
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

  /**
   * Opens a `queued` run with its task. The source is locked and has no open run. `announcedByCaller`: the caller publishes the task's
   * message after the commit, where there is a broker.
   */
  function* dispatch(
    tx: Tx,
    source: SourceRow,
    {
      trigger,
      strategy = source.strategy,
      announcedByCaller = false,
    }: { trigger: 'schedule' | 'force'; strategy?: Strategy; announcedByCaller?: boolean },
    now: Date,
  ): Steps<Dispatched> {
    const taskId = createId(clock)
    const run = yield* repository.insertRun(tx, newRun(source, { status: 'queued', strategy, trigger, taskId }, now))
    const task = { id: taskId, kind: kindOf(source), payload: payloadOf(source, strategy, run.id) }
    yield* engine().enqueue(
      tx,
      [
        {
          ...task,
          announcedByCaller,
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
    return { run, task, nextSyncAt }
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
    if (run.taskId && run.status === 'queued') yield* engine().pauseQueued(tx, [run.taskId], now)
  }

  function* close(tx: Tx, run: RunRow, status: RunStatus, more: RunChange, now: Date): Steps<void> {
    yield* repository.updateRun(tx, run.id, { status, finishedAt: now, lastActivityAt: now, updatedAt: now, ...more })
  }
  /** Ends the engine's side of a run that the domain has closed; its holder is told so at its next word. */
  function* closeTask(
    tx: Tx,
    run: RunRow,
    state: 'completed' | 'failed' | 'dead' | 'cancelled',
    error: string | null,
    now: Date,
  ): Steps<void> {
    if (run.taskId) yield* engine().finishExternally(tx, [{ id: run.taskId, state, error }], now)
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

  function* backToQueue(tx: Tx, source: SourceRow, run: RunRow, now: Date): Steps<void> {
    yield* repository.updateRun(tx, run.id, { status: 'queued', lastActivityAt: now, updatedAt: now })
    yield* repository.update(tx, source.id, { status: 'queued', updatedAt: now })
  }
  function* cancelRun(tx: Tx, source: SourceRow, run: RunRow, now: Date): Steps<void> {
    yield* close(tx, run, 'cancelled', {}, now)
    yield* repository.update(tx, source.id, { status: source.resumeStatus ?? 'waiting', resumeStatus: null, updatedAt: now })
    yield* startQueued(tx, source.id, now)
  }

  return {
    nextRegular,
    payloadOf,
    newRun,
    dispatch,
    skip,
    start,
    setAside,
    close,
    closeTask,
    startQueued,
    completedStats,
    complete,
    countError,
    failRun,
    backToQueue,
    cancelRun,
  }
}
export type RunLife = ReturnType<typeof createRunLife>
