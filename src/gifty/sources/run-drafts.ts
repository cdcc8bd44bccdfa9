import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Engine } from '../../tasks/index.ts'
import type { Notification, Notifications } from '../notifications.ts'
import type { Strategy } from './model.ts'
import type { SourcesRepository } from './repository.ts'
import type { RunRow, SourceRow } from './row.ts'

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : url)
/** The kind of a source's tasks: the built-in web worker takes those that ask for it (gifty §2.8). */
export const kindOf = (source: Pick<SourceRow, 'config'>) => (source.config.worker === 'web' ? 'source.run.web' : 'source.run')

/** What the task of a run says of its source: copied while nobody holds it, and again whenever the source changes (gifty §2.7, §4). */
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

/** A run that has just been opened, and what its message says. */
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

  /** Opens a `queued` run with its task for each draft that asks for one. Answers what was opened, by source. */
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
