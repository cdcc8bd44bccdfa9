import { type Clock, createId, HOUR_MS, MINUTE_MS } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { type Engine, nextCronTime } from '../../tasks/index.ts'
import { escapeHtml, type Notification, type Notifications } from '../notifications.ts'
import type { Rejection, RunStatus, Strategy } from './model.ts'
import type { SourcesRepository } from './repository.ts'
import type { RunRow, SourceRow } from './row.ts'

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : url)
/** The kind of a source's tasks: the built-in web worker takes those whose config names it (gifty §2.8). */
export const kindOf = (source: Pick<SourceRow, 'config'>) => (source.config.worker === 'web' ? 'source.run.web' : 'source.run')

/** The task of a run, made from its source: copied while the task is queued, and again whenever the source changes (gifty §2.7, §4). */
export const taskOf = (source: SourceRow, run: Pick<RunRow, 'id' | 'strategy'>) => ({
  kind: kindOf(source),
  priority: source.priority,
  groupKey: `host:${hostOf(source.url).slice(0, 100)}`,
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

/** A run that is to be opened when a draft is saved. */
export interface Opening {
  trigger: 'schedule' | 'force'
  strategy?: Strategy
  /** The caller publishes the task's message after the commit, where there is a broker. */
  announcedByCaller?: boolean
  /** A task that lives again gets the run; no other is made. */
  taskId?: string
}

/**
 * A locked source and its open run while a transaction changes them. Events change the draft in memory; `save` stores all drafts with a
 * bounded number of statements, however many there are. A transaction may run twice, so each begins with rows as they are stored.
 */
export interface RunDraft {
  source: SourceRow
  /** The open run, or undefined. */
  run: RunRow | undefined
  isRunChanged?: boolean
  isSourceChanged?: boolean
  /** Texts that are written only when they change, because they can be long. */
  hasNewError?: boolean
  /** Appended to the run's logs, and shown with the source. */
  logs?: string
  opening?: Opening
  notes: Notification[]
}

/** A run that has just been opened, and the task of its message. */
export interface Dispatched {
  run: RunRow
  task: { id: string; kind: string; payload: unknown }
}

export interface RunDraftsDeps {
  db: Db
  clock: Clock
  repository: SourcesRepository
  engine: Engine
  notifications: Notifications
}

export const newRun = (source: SourceRow, row: Pick<RunRow, 'status' | 'strategy' | 'trigger'> & Partial<RunRow>, now: Date) => ({
  sourceId: source.id,
  siteKey: source.siteKey,
  isHub: source.type === 'hub',
  lastActivityAt: now,
  createdAt: now,
  updatedAt: now,
  ...row,
})

/** How drafts are read and stored. Rows are locked in the order task, source, run, each in the order of its key. */
export const createRunDrafts = ({ clock, repository, engine, notifications }: RunDraftsDeps) => {
  const together = (sources: SourceRow[], runs: RunRow[]): RunDraft[] => {
    const bySource = new Map(runs.map((run) => [run.sourceId, run]))
    return sources.map((source) => ({ source, run: bySource.get(source.id), notes: [] }))
  }

  /** Drafts of the sources whose open run is that of one of these tasks, which are locked; by task id. */
  function* ofTasks(tx: Tx, taskIds: string[]): Steps<Map<string, RunDraft & { run: RunRow }>> {
    const sources = yield* repository.lockOfOpenTasks(tx, taskIds)
    if (sources.length === 0) return new Map()
    const runs = yield* repository.openRunsOfTasks(tx, taskIds)
    const drafts = together(sources, runs)
    return new Map(
      drafts.flatMap((draft) => (draft.run?.taskId ? [[draft.run.taskId, draft as RunDraft & { run: RunRow }] as const] : [])),
    )
  }
  /**
   * Drafts of sources, locked in the order of their ids. The tasks of their open runs are to be locked before, unless drafts with an open run
   * are left as they are. With `skip locked` sources that another transaction holds are left out instead of waited for.
   */
  function* ofSources(tx: Tx, ids: number[], skip?: 'skip locked'): Steps<RunDraft[]> {
    const sources = yield* repository.lockMany(tx, ids, skip)
    return sources.length === 0 ? [] : together(sources, yield* repository.openRunsOf(tx, ids))
  }

  /** Opens a `queued` run with its task for each draft with an `opening`. Answers the opened runs, by source. */
  function* open(tx: Tx, drafts: RunDraft[], now: Date): Steps<Map<number, Dispatched>> {
    if (drafts.length === 0) return new Map()
    const inserted = yield* repository.insertRuns(
      tx,
      drafts.map(({ source, opening }) =>
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
    const bySource = new Map(drafts.map((draft) => [draft.source.id, draft]))
    const opened = new Map<number, Dispatched>()
    const tasks = inserted.flatMap((run) => {
      const { source, opening } = bySource.get(run.sourceId) as RunDraft
      const task = { id: run.taskId as string, ...taskOf(source, run) }
      opened.set(source.id, { run, task })
      return opening?.taskId ? [] : [{ ...task, dedupeKey: `run:${run.id}`, announcedByCaller: opening?.announcedByCaller }]
    })
    yield* engine.enqueue(tx, tasks, now)
    return opened
  }

  return {
    ofTasks,
    ofSources,
    /**
     * Stores drafts. Answers the runs that were opened, by source; one that another transaction has opened meanwhile is not among them, and
     * its source stays as it was.
     */
    *save(tx: Tx, drafts: Iterable<RunDraft>, now: Date): Steps<Map<number, Dispatched>> {
      const all = [...drafts]
      yield* repository.saveRuns(
        tx,
        all.flatMap(({ run, isRunChanged, logs }) => (run && (isRunChanged || logs !== undefined) ? [{ run, logs }] : [])),
        now,
      )
      const opening = all.filter((draft) => draft.opening !== undefined)
      const opened = yield* open(tx, opening, now)
      for (const draft of opening) if (opened.has(draft.source.id)) markQueued(draft, now)
      const isKept = ({ source, opening, isRunChanged }: RunDraft) => !opening || isRunChanged || opened.has(source.id)
      yield* repository.saveSources(
        tx,
        all.filter((draft) => (draft.isSourceChanged || draft.logs !== undefined) && isKept(draft)),
        now,
      )
      const notes = all.flatMap((draft) => draft.notes)
      if (notes.length > 0) yield* notifications.add(tx, notes)
      return opened
    },
  }
}
export type RunDrafts = ReturnType<typeof createRunDrafts>

/** The source of a run that was just opened. Its regular time is set by the caller, who knows why it was opened. */
const markQueued = (draft: RunDraft, now: Date) => {
  const { source, opening } = draft
  source.resumeStatus = source.status
  source.status = 'queued'
  source.queuedAfter = null
  source.isForced = opening?.trigger === 'force'
  source.updatedAt = now
  draft.isSourceChanged = true
}

/** This many soft errors in a row delay; the next one breaks (gifty §2.4). */
const SOFT_ERRORS = 3
/** A retry is later than its least delay by up to this share: sources that fail together are not all tried again together. */
const RETRY_SPREAD = 0.2
const MAX_TEXT = 100_000
/** Most characters of a text in a notification, which Telegram cuts at 4,096 with its markup. */
const MAX_SHOWN = 3000
const KEEPS_ON_ERROR = ['disabled', 'broken']

/** The last 100,000 characters. */
export const tail = (text: string) => (text.length > MAX_TEXT ? text.slice(-MAX_TEXT) : text)
export const joined = (before: string | null, text: string) =>
  tail(before ? `${before}${before.endsWith('\n') ? '' : '\n'}${text}` : text)

/** The next regular time: the cron text's, or the interval's. */
export const nextRegular = (source: SourceRow, now: Date): Date =>
  source.schedule
    ? new Date(nextCronTime(source.schedule.cron, source.schedule.timezone, now.getTime()))
    : new Date(now.getTime() + source.refreshIntervalHours * HOUR_MS)

/** What a source shows of its last run (gifty §2.4). */
export const statsOf = (run: Pick<RunRow, 'itemsScraped' | 'itemsNew' | 'categoriesFound' | 'strategy'>) =>
  run.itemsScraped > 0 || run.strategy !== 'discovery'
    ? { processed_items: run.itemsScraped, new_items: run.itemsNew }
    : { status: 'discovery_completed', categories_found: run.categoriesFound }

type OpenDraft = RunDraft & { run: RunRow }

const changeSource = (draft: RunDraft, change: Partial<SourceRow>, now: Date) => {
  Object.assign(draft.source, change, { updatedAt: now })
  draft.isSourceChanged = true
  if ('lastError' in change) draft.hasNewError = true
}
const changeRun = (draft: OpenDraft, change: Partial<RunRow>, now: Date) => {
  Object.assign(draft.run, change, { lastActivityAt: now, updatedAt: now })
  draft.isRunChanged = true
}
const close = (draft: OpenDraft, status: RunStatus, change: Partial<RunRow>, now: Date) =>
  changeRun(draft, { status, finishedAt: now, ...change }, now)

/** Overlap `queue_one`: one run starts once the open one has ended, however many times passed meanwhile. */
const openQueued = (draft: RunDraft, now: Date) => {
  const { source } = draft
  const trigger = source.queuedAfter
  if (!trigger) return
  if (source.isActive || trigger === 'force') openRun(draft, trigger, now)
  else changeSource(draft, { queuedAfter: null }, now)
}

/** Sets the draft's `opening`, and the source's next time by its trigger (gifty §2.4). */
export const openRun = (draft: RunDraft, trigger: 'schedule' | 'force', now: Date) => {
  const { source } = draft
  draft.opening = { ...draft.opening, trigger }
  let { nextSyncAt } = source
  if (source.schedule) {
    if (trigger === 'schedule') nextSyncAt = nextRegular(source, now)
  } else nextSyncAt = new Date(now.getTime() + (trigger === 'schedule' ? 15 : 30) * MINUTE_MS)
  changeSource(draft, { nextSyncAt, switchedOffAt: null }, now)
}

/** A worker has it: the run starts, or shows a sign of life. */
export const startRun = (draft: OpenDraft, reported: boolean, now: Date) => {
  const { run, source } = draft
  changeRun(
    draft,
    {
      reported: run.reported || reported,
      ...(run.status === 'queued' ? { status: 'running' as const, startedAt: run.startedAt ?? now } : {}),
    },
    now,
  )
  if (source.status !== 'running') changeSource(draft, { status: 'running' }, now)
}

/** Notes that a deep run ended without an item although the one before had some: in the run's logs and in a notification. */
export const noteEmpty = (draft: OpenDraft, itemsBefore: number, now: Date) => {
  const text = `The run brought nothing; the one before brought ${itemsBefore} items`
  changeRun(draft, { error: draft.run.error ?? text }, now)
  draft.notes.push(noteOf(draft.source, 'Source came back empty', text, false))
}

/** Why a run has failed of which every element was rejected. */
export const allRejected = (count: number, first: Pick<Rejection, 'errors'> | undefined): string => {
  const [sample] = first?.errors ?? []
  return `All ${count} elements were rejected${sample ? `, the first for ${sample.field}: ${sample.message}` : ''}`
}

/** The run is done; the source rests until its next regular time. */
export const completeRun = (draft: OpenDraft, reported: boolean, now: Date) => {
  const { run, source } = draft
  close(draft, 'completed', { startedAt: run.startedAt ?? now, reported: run.reported || reported }, now)
  changeSource(
    draft,
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
  openQueued(draft, now)
}

/** The beginning and the end of escaped text, without halves of entities. */
const headOf = (html: string, max: number) => html.slice(0, max).replace(/&[a-z]*$/, '')
const tailOf = (html: string, max: number) => html.slice(-max).replace(/^[a-z]*;/, '')
const shortened = (html: string, max: number) => (html.length > max ? `${headOf(html, max)}…` : html)
/** Both ends of a text that is too long to be shown: a traceback has the error at its end, and the place at its beginning. */
const bothEnds = (html: string): string =>
  html.length <= MAX_SHOWN ? html : `${headOf(html, MAX_SHOWN / 3)}\n…\n${tailOf(html, (MAX_SHOWN / 3) * 2)}`

/** The notification of a source that needs a look (topic `scraping`). */
const noteOf = (source: SourceRow, title: string, text: string, isBroken: boolean) => ({
  topic: 'scraping',
  text: `${title}: <b>${escapeHtml(source.siteKey)}</b> (${source.id})\n${shortened(escapeHtml(source.url), 500)}\n${bothEnds(escapeHtml(text))}`,
  data: { source_id: source.id, site_key: source.siteKey, is_broken: isBroken },
})

/** What a counted error does to the source, and its notification. `random` is 0..1. */
export const countError = (draft: RunDraft, text: string, isBroken: boolean, random: number, now: Date) => {
  const { source } = draft
  const broken = isBroken || source.retryCount >= SOFT_ERRORS
  const kept = [source.status, ...(source.isActive ? [] : [source.resumeStatus ?? ''])].find((status) =>
    KEEPS_ON_ERROR.includes(status),
  )
  const delayMs = 10 * MINUTE_MS * (source.retryCount + 1) * (1 + RETRY_SPREAD * random)
  changeSource(
    draft,
    {
      ...(broken
        ? { status: 'broken', isActive: false, fixRequired: true, retryCount: 0 }
        : {
            status: kept ?? 'error',
            nextSyncAt: new Date(now.getTime() + Math.round(delayMs)),
            retryCount: source.retryCount + 1,
          }),
      resumeStatus: null,
      lastError: tail(text),
      isForced: false,
    },
    now,
  )
  draft.notes.push(noteOf(source, broken ? 'Source is broken' : 'Source failed', text, broken))
}

export const failRun = (
  draft: OpenDraft,
  { status, text, isBroken, random }: { status: 'failed' | 'lost'; text: string; isBroken: boolean; random: number },
  now: Date,
) => {
  close(draft, status, { error: tail(text), reported: true }, now)
  countError(draft, text, isBroken, random, now)
  openQueued(draft, now)
}

/** Queues a run that lost its worker again, or cancels it when its source was switched off meanwhile. Answers which. */
export const requeueRun = (draft: OpenDraft, now: Date): 'queued' | 'cancelled' => {
  const { source } = draft
  if (source.switchedOffAt !== null) {
    cancelRun(draft, SWITCHED_OFF, now)
    return 'cancelled'
  }
  changeRun(draft, { status: 'queued' }, now)
  changeSource(draft, { status: 'queued' }, now)
  return 'queued'
}
export const SWITCHED_OFF = 'The source was switched off'

export const cancelRun = (draft: OpenDraft, reason: string | undefined, now: Date) => {
  close(draft, 'cancelled', reason === undefined ? {} : { error: reason }, now)
  changeSource(draft, { status: draft.source.resumeStatus ?? 'waiting', resumeStatus: null, isForced: false }, now)
  openQueued(draft, now)
}

/** A run that the broker has had for too long: lost without being counted, and due again (gifty §2.3). */
export const loseUnstarted = (draft: OpenDraft, text: string, now: Date) => {
  const { source } = draft
  close(draft, 'lost', { error: text }, now)
  const status = source.isActive ? 'waiting' : (source.resumeStatus ?? 'waiting')
  changeSource(draft, { status, resumeStatus: null, nextSyncAt: now, isForced: false }, now)
  openQueued(draft, now)
}
