import { TransactionConflict } from '../../errors.ts'
import { type Clock, createId, MINUTE_MS } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Engine, Task } from '../../tasks/index.ts'
import { bothEnds, escapeHtml, type Notification, type Notifications, shortened } from '../notifications.ts'
import { nextRegular, ownTime } from './due-times.ts'
import { missingSource, type RunStatus, type Strategy } from './model.ts'
import type { SourcesRepository } from './repository.ts'
import type { RunRow, SourceRow } from './row.ts'
import { lineOfError, type NewLine } from './run-history/logs.ts'
import type { RunLosses } from './run-result.ts'

/** A run that is to be opened when a change is saved. */
export interface Opening {
  trigger: 'schedule' | 'force'
  strategy?: Strategy
  /** The caller publishes the task's message after the commit, where there is a broker. */
  announcedByCaller?: boolean
  /** A task that lives again gets the run; no other is made. */
  taskId?: string
}

/**
 * A locked source and its open run while a transaction changes them. Events change the change in memory; `save` stores all changes with a
 * bounded number of statements, however many there are. A transaction may run twice, so each begins with rows as they are stored.
 */
export interface RunRowChange {
  source: SourceRow
  /** The open run, or undefined. */
  run: RunRow | undefined
  isRunChanged?: boolean
  isSourceChanged?: boolean
  /** Texts that are written only when they change, because they can be long. */
  hasNewError?: boolean
  /** Appended to the run's logs, and shown with the source. */
  logs?: string
  /** Lines for the log of the open run. */
  lines: NewLine[]
  /** What its worker says was lost, beside the elements that the server refused. */
  losses?: RunLosses
  opening?: Opening
  notes: Notification[]
}

/** Changed runs that may wait to be taken. */
const MAX_CHANGED = 100_000

/** One with an open run. */
export type OpenRunChange = RunRowChange & { run: RunRow }

/** A run that has just been opened, and the task of its message. */
export interface Dispatched {
  run: RunRow
  task: { id: string; kind: string; payload: unknown }
}

export interface RunStoreDeps {
  db: Db
  clock: Clock
  repository: SourcesRepository
  engine: Engine
  notifications: Notifications
}

/** The host of a source, as its group of tasks names it. */
export const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : url).slice(0, 100)
export const hostGroup = (host: string) => `host:${host}`
/**
 * The task of a run, made from its source: copied while the task is queued, and again whenever the source changes (gifty §2.7, §4). The
 * built-in web worker takes those whose config names it (§2.8).
 */
export const taskOf = (source: SourceRow, run: Pick<RunRow, 'id' | 'strategy'>) => ({
  kind: source.config.worker === 'web' ? 'source.run.web' : 'source.run',
  priority: source.priority,
  groupKey: hostGroup(hostOf(source.url)),
  siteKey: source.siteKey,
  payload: {
    source_id: source.id,
    url: source.url,
    site_key: source.siteKey,
    type: source.type,
    strategy: run.strategy,
    config: source.config,
    run_id: run.id,
  },
})

export const newRun = (source: SourceRow, row: Pick<RunRow, 'status' | 'strategy' | 'trigger'> & Partial<RunRow>, now: Date) => ({
  sourceId: source.id,
  siteKey: source.siteKey,
  isHub: source.type === 'hub',
  lastActivityAt: now,
  createdAt: now,
  updatedAt: now,
  ...row,
})

/** How changes are read and stored. Rows are locked in the order task, source, run, each in the order of its key. */
export const createRunStore = ({ db, clock, repository, engine, notifications }: RunStoreDeps) => {
  const together = (sources: SourceRow[], runs: RunRow[]): RunRowChange[] => {
    const bySource = new Map(runs.map((run) => [run.sourceId, run]))
    return sources.map((source) => ({ source, run: bySource.get(source.id), notes: [], lines: [] }))
  }

  /** Changes of the sources whose open run is that of one of these tasks, which are locked; by task id. */
  function* ofTasks(tx: Tx, taskIds: string[]): Steps<Map<string, OpenRunChange>> {
    const sources = yield* repository.lockOfOpenTasks(tx, taskIds)
    if (sources.length === 0) return new Map()
    const runs = yield* repository.openRunsOfTasks(tx, taskIds)
    const changes = together(sources, runs)
    return new Map(
      changes.flatMap((change) => (change.run?.taskId ? [[change.run.taskId, change as OpenRunChange] as const] : [])),
    )
  }
  /**
   * Changes of sources, locked in the order of their ids. The tasks of their open runs are to be locked before, unless changes with an open run
   * are left as they are. With `skip locked` sources that another transaction holds are left out instead of waited for.
   */
  function* ofSources(tx: Tx, ids: number[], skip?: 'skip locked'): Steps<RunRowChange[]> {
    const sources = yield* repository.lockMany(tx, ids, skip)
    return sources.length === 0 ? [] : together(sources, yield* repository.openRunsOf(tx, ids))
  }

  type Locked = { source: SourceRow; open: RunRow | undefined; task: Task | undefined }
  /**
   * A source with its open run and that run's task, all locked: the task before the source. `place.taskId` is that of the open run as it was
   * read before the locks; the next attempt of the transaction finds there what it has to lock.
   * @throws AppError 404; `TransactionConflict` when another run is open by now. A worker that leases its task waits for the source, so that to
   * lock the task here would be a deadlock.
   */
  function* lockForBatch(tx: Tx, place: { id: number; taskId: string | null }): Steps<Locked> {
    const { id, taskId } = place
    const tasks = taskId ? yield* engine.lockTasks(tx, [taskId]) : undefined
    const source = yield* repository.lock(tx, id)
    if (!source) throw missingSource()
    const open = yield* repository.openRun(tx, id)
    if (db.isShared && open?.taskId && open.taskId !== taskId) {
      place.taskId = open.taskId
      throw new TransactionConflict('a run of the source was opened meanwhile')
    }
    return { source, open, task: open?.taskId ? tasks?.get(open.taskId) : undefined }
  }
  /** The same for a source of which nothing is known yet. @throws AppError 404 */
  function* lockForReport(tx: Tx, id: number): Steps<Locked> {
    const taskId = (yield* repository.openRun(tx, id))?.taskId ?? null
    return yield* lockForBatch(tx, { id, taskId })
  }
  /** The source and open run of a leased task, which is locked; undefined when its run has ended. */
  function* lockOpenOfTask(tx: Tx, taskId: string): Steps<{ source: SourceRow; open: RunRow } | undefined> {
    const change = (yield* ofTasks(tx, [taskId])).get(taskId)
    return change && { source: change.source, open: change.run }
  }

  /** Opens a `queued` run with its task for each change with an `opening`. Answers the opened runs, by source. */
  function* open(tx: Tx, changes: RunRowChange[], now: Date): Steps<Map<number, Dispatched>> {
    if (changes.length === 0) return new Map()
    const inserted = yield* repository.insertRuns(
      tx,
      changes.map(({ source, opening }) =>
        newRun(
          source,
          {
            status: 'queued',
            strategy: opening?.strategy ?? source.strategy,
            trigger: opening?.trigger ?? 'schedule',
            taskId: opening?.taskId ?? createId(clock),
          },
          now,
        ),
      ),
    )
    const bySource = new Map(changes.map((change) => [change.source.id, change]))
    const opened = new Map<number, Dispatched>()
    const tasks = inserted.flatMap((run) => {
      const { source, opening } = bySource.get(run.sourceId) as RunRowChange
      const task = { id: run.taskId as string, ...taskOf(source, run) }
      opened.set(source.id, { run, task })
      return opening?.taskId ? [] : [{ ...task, dedupeKey: `run:${run.id}`, announcedByCaller: opening?.announcedByCaller }]
    })
    yield* engine.enqueue(tx, tasks, now)
    return opened
  }

  /** Runs that this process has changed since they were last taken. */
  let changedIds = new Set<number>()
  /** To be called by whatever changes runs past `save`. */
  const noteChanged = (ids: readonly number[], tx: Tx) => {
    if (ids.length === 0) return
    tx.afterCommit(() => {
      if (changedIds.size < MAX_CHANGED) for (const id of ids) changedIds.add(id)
    })
  }

  return {
    noteChanged,
    /** Ids of the runs that this process has changed since the last call. */
    takeChanged(): number[] {
      const taken = [...changedIds]
      changedIds = new Set()
      return taken
    },
    ofTasks,
    ofSources,
    lockForReport,
    lockForBatch,
    lockOpenOfTask,
    /**
     * Stores changes. Answers the runs that were opened, by source; one that another transaction has opened meanwhile is not among them, and
     * its source stays as it was.
     */
    *save(tx: Tx, changes: Iterable<RunRowChange>, now: Date): Steps<Map<number, Dispatched>> {
      const all = [...changes]
      yield* repository.saveRuns(
        tx,
        all.flatMap(({ run, isRunChanged, logs }) => (run && (isRunChanged || logs !== undefined) ? [{ run, logs }] : [])),
        now,
      )
      yield* repository.saveLosses(
        tx,
        all.flatMap(({ run, losses }) => (run && losses ? [{ run, losses }] : [])),
      )
      const lines = all.flatMap(({ run, lines }) => (run && lines.length > 0 ? [{ id: run.id, lines }] : []))
      if (lines.length > 0) yield* repository.logs.append(tx, lines)
      const opening = all.filter((change) => change.opening !== undefined)
      const opened = yield* open(tx, opening, now)
      for (const change of opening) if (opened.has(change.source.id)) markQueued(change, now)
      const isKept = ({ source, opening, isRunChanged }: RunRowChange) => !opening || isRunChanged || opened.has(source.id)
      yield* repository.saveSources(
        tx,
        all.filter((change) => (change.isSourceChanged || change.logs !== undefined) && isKept(change)),
        now,
      )
      const notes = all.flatMap((change) => change.notes)
      if (notes.length > 0) yield* notifications.add(tx, notes)
      const changed = all.flatMap(({ run, isRunChanged }) => (run && isRunChanged ? [run.id] : []))
      noteChanged([...changed, ...[...opened.values()].map(({ run }) => run.id)], tx)
      return opened
    },
  }
}
export type RunStore = ReturnType<typeof createRunStore>

/** The source of a run that was just opened. Its regular time is set by the caller, who knows why it was opened. */
const markQueued = (change: RunRowChange, now: Date) => {
  const { source, opening } = change
  source.resumeStatus = source.status
  source.status = 'queued'
  source.queuedAfter = null
  source.isForced = opening?.trigger === 'force'
  source.updatedAt = now
  change.isSourceChanged = true
}

/** This many soft errors in a row delay; the next one breaks (gifty §2.4). */
const SOFT_ERRORS = 3
/** A retry is later than its least delay by up to this share: sources that fail together are not all tried again together. */
const RETRY_SPREAD = 0.2
const MAX_TEXT = 100_000
const KEEPS_ON_ERROR = ['disabled', 'broken']

/** The last 100,000 characters. */
export const tail = (text: string) => (text.length > MAX_TEXT ? text.slice(-MAX_TEXT) : text)
export const joined = (before: string | null, text: string) =>
  tail(before ? `${before}${before.endsWith('\n') ? '' : '\n'}${text}` : text)

/** What a source shows of its last run (gifty §2.4). */
export const statsOf = (
  run: Pick<RunRow, 'itemsScraped' | 'itemsNew' | 'itemsRejected' | 'pagesFailed' | 'categoriesFound' | 'strategy'>,
) => ({
  ...(run.itemsScraped > 0 || run.strategy !== 'discovery'
    ? { processed_items: run.itemsScraped, new_items: run.itemsNew }
    : { status: 'discovery_completed', categories_found: run.categoriesFound }),
  ...(run.itemsRejected > 0 ? { rejected: run.itemsRejected } : {}),
  ...(run.pagesFailed > 0 ? { pages_failed: run.pagesFailed } : {}),
})

const changeSource = (change: RunRowChange, values: Partial<SourceRow>, now: Date) => {
  Object.assign(change.source, values, { updatedAt: now })
  change.isSourceChanged = true
  if ('lastError' in values) change.hasNewError = true
}
export const changeRun = (change: OpenRunChange, values: Partial<RunRow>, now: Date) => {
  Object.assign(change.run, values, { lastActivityAt: now, updatedAt: now })
  change.isRunChanged = true
}
const close = (change: OpenRunChange, status: RunStatus, values: Partial<RunRow>, now: Date) =>
  changeRun(change, { status, finishedAt: now, ...values }, now)

/** Overlap `queue_one`: one run starts once the open one has ended, however many times passed meanwhile. */
const openQueued = (change: RunRowChange, now: Date) => {
  const { source } = change
  const trigger = source.queuedAfter
  if (!trigger) return
  if (source.isActive || trigger === 'force') openRun(change, trigger, now)
  else changeSource(change, { queuedAfter: null }, now)
}

/** Sets the change's `opening`, and the source's next time by its trigger (gifty §2.4). */
export const openRun = (change: RunRowChange, trigger: 'schedule' | 'force', now: Date) => {
  const { source } = change
  change.opening = { ...change.opening, trigger }
  let { nextSyncAt } = source
  if (source.schedule) {
    if (trigger === 'schedule') nextSyncAt = nextRegular(source, now)
  } else nextSyncAt = new Date(now.getTime() + (trigger === 'schedule' ? 15 : 30) * MINUTE_MS)
  changeSource(change, { nextSyncAt, switchedOffAt: null }, now)
}

/** A worker has it: the run starts, or shows a sign of life. */
export const startRun = (change: OpenRunChange, reported: boolean, now: Date) => {
  const { run, source } = change
  changeRun(
    change,
    {
      reported: run.reported || reported,
      ...(run.status === 'queued' ? { status: 'running' as const, startedAt: run.startedAt ?? now } : {}),
    },
    now,
  )
  if (source.status !== 'running') changeSource(change, { status: 'running' }, now)
}

/** Notes that a deep run ended without an item although the one before had some: in the run's logs and in a notification. */
export const noteEmpty = (change: OpenRunChange, itemsBefore: number, now: Date) => {
  const text = `The run brought nothing; the one before brought ${itemsBefore} items`
  changeRun(change, { error: change.run.error ?? text }, now)
  change.notes.push(noteOf(change.source, 'Source came back empty', text, false))
}

/** The run is done; the source rests until its next regular time. */
export const completeRun = (change: OpenRunChange, reported: boolean, now: Date) => {
  const { run, source } = change
  close(change, 'completed', { startedAt: run.startedAt ?? now, reported: run.reported || reported }, now)
  changeSource(
    change,
    {
      status: source.isActive ? 'waiting' : (source.resumeStatus ?? source.status),
      resumeStatus: null,
      nextSyncAt: nextRegular(source, now),
      lastSyncedAt: now,
      retryCount: 0,
      lastError: null,
      lastStats: statsOf(run),
      isForced: false,
    },
    now,
  )
  openQueued(change, now)
}

/** The notification of a source that needs a look (topic `scraping`). */
const noteOf = (source: SourceRow, title: string, text: string, isBroken: boolean) => ({
  topic: 'scraping',
  text: `${title}: <b>${escapeHtml(source.siteKey)}</b> (${source.id})\n${shortened(escapeHtml(source.url), 500)}\n${bothEnds(escapeHtml(text))}`,
  data: { source_id: source.id, site_key: source.siteKey, is_broken: isBroken },
})

/** What a counted error does to the source, and its notification. `random` is 0..1. */
export const countError = (change: RunRowChange, text: string, isBroken: boolean, random: number, now: Date) => {
  const { source } = change
  const broken = isBroken || source.retryCount >= SOFT_ERRORS
  const kept = [source.status, ...(source.isActive ? [] : [source.resumeStatus ?? ''])].find((status) =>
    KEEPS_ON_ERROR.includes(status),
  )
  const delayMs = 10 * MINUTE_MS * (source.retryCount + 1) * (1 + RETRY_SPREAD * random)
  changeSource(
    change,
    {
      ...(broken
        ? { status: 'broken', isActive: false, fixRequired: true, retryCount: 0 }
        : {
            status: kept ?? 'error',
            nextSyncAt: ownTime(source, new Date(now.getTime() + Math.round(delayMs))),
            retryCount: source.retryCount + 1,
          }),
      resumeStatus: null,
      lastError: tail(text),
      isForced: false,
    },
    now,
  )
  change.notes.push(noteOf(source, broken ? 'Source is broken' : 'Source failed', text, broken))
}

export const failRun = (
  change: OpenRunChange,
  { status, text, isBroken, random }: { status: 'failed' | 'lost'; text: string; isBroken: boolean; random: number },
  now: Date,
) => {
  close(change, status, { error: tail(text), reported: true }, now)
  change.lines.push(lineOfError(text, now))
  countError(change, text, isBroken, random, now)
  openQueued(change, now)
}

/** Queues a run that lost its worker again, or cancels it when its source was switched off meanwhile. Answers which. */
export const requeueRun = (change: OpenRunChange, now: Date): 'queued' | 'cancelled' => {
  const { source } = change
  if (source.switchedOffAt !== null) {
    cancelRun(change, SWITCHED_OFF, now)
    return 'cancelled'
  }
  changeRun(change, { status: 'queued' }, now)
  changeSource(change, { status: 'queued' }, now)
  return 'queued'
}
export const SWITCHED_OFF = 'The source was switched off'

export const cancelRun = (change: OpenRunChange, reason: string | undefined, now: Date) => {
  close(change, 'cancelled', reason === undefined ? {} : { error: reason }, now)
  changeSource(change, { status: change.source.resumeStatus ?? 'waiting', resumeStatus: null, isForced: false }, now)
  openQueued(change, now)
}

/** A run that the broker has had for too long: lost without being counted, and due again (gifty §2.3). */
export const loseUnstarted = (change: OpenRunChange, text: string, now: Date) => {
  const { source } = change
  close(change, 'lost', { error: text }, now)
  change.lines.push(lineOfError(text, now))
  const status = source.isActive ? 'waiting' : (source.resumeStatus ?? 'waiting')
  changeSource(change, { status, resumeStatus: null, nextSyncAt: ownTime(source, now), isForced: false }, now)
  openQueued(change, now)
}
