import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Engine, Task } from '../../tasks/index.ts'
import type { CatalogCounts } from '../catalog/service.ts'
import type { Notifications } from '../notifications.ts'
import { createBacklog } from './backlog.ts'
import { createForceRun } from './force-run.ts'
import { createKeeping } from './keeping.ts'
import { missingSource } from './model.ts'
import { createReading } from './reading.ts'
import { createReporting, type RunReports } from './reports.ts'
import type { SourcesRepository } from './repository.ts'
import type { RunRow, SourceRow } from './row.ts'
import type { RunDrafts } from './runs.ts'
import { createScheduler, type RunSweeps } from './scheduler.ts'

export interface SourcesDeps {
  db: Db
  clock: Clock
  engine: Engine
  repository: SourcesRepository
  drafts: RunDrafts
  reports: RunReports
  counts: CatalogCounts
  notifications: Notifications
  discoveryDailyQuota: number
  /** Dispatches in one transaction of the scheduler. */
  dispatchPerTick: number
}

/** What the parts of the sources service share: the clock's date and the locks. */
export const createSourcesContext = (deps: SourcesDeps) => {
  const { clock, engine, repository } = deps
  const nowDate = () => new Date(clock.now())

  /**
   * A source with its open run and that run's task, all locked. The lock order is task, source, run, so the open run's task is locked
   * before the source; a run that opened in between has a task nobody can hold yet.
   * @throws AppError 404
   */
  function* lockForReport(tx: Tx, id: number): Steps<{ source: SourceRow; open: RunRow | undefined; task: Task | undefined }> {
    const before = yield* repository.openRun(tx, id)
    const tasks = before?.taskId ? yield* engine.lockTasks(tx, [before.taskId]) : undefined
    const source = yield* repository.lock(tx, id)
    if (!source) throw missingSource()
    const open = yield* repository.openRun(tx, id)
    return { source, open, task: open?.taskId ? tasks?.get(open.taskId) : undefined }
  }

  /** The source and open run of a leased task, which is locked; undefined when its run has ended. */
  function* lockOpenOfTask(tx: Tx, taskId: string): Steps<{ source: SourceRow; open: RunRow } | undefined> {
    const draft = (yield* deps.drafts.ofTasks(tx, [taskId])).get(taskId)
    return draft && { source: draft.source, open: draft.run }
  }
  /**
   * A source and its open run, locked, for one whose open run's task was read before.
   * @throws AppError 404
   */
  function* lockForBatch(
    tx: Tx,
    { id, taskId }: { id: number; taskId: string | null },
  ): Steps<{ source: SourceRow; open: RunRow | undefined }> {
    if (taskId) yield* engine.lockTasks(tx, [taskId])
    const source = yield* repository.lock(tx, id)
    if (!source) throw missingSource()
    return { source, open: yield* repository.openRun(tx, id) }
  }

  return { ...deps, nowDate, lockForReport, lockOpenOfTask, lockForBatch }
}
export type SourcesContext = ReturnType<typeof createSourcesContext>

/** Sources (gifty §2): keeping, reading, reporting, the backlog, the scheduler. Other domains reach them through this alone. */
export const createSources = ({ sweeps, ...deps }: SourcesDeps & { sweeps: RunSweeps }) => {
  const context = createSourcesContext(deps)
  const { repository, reports } = deps
  return {
    ...createReading(context),
    ...createKeeping(context),
    ...createForceRun(context),
    ...createReporting(context),
    ...createBacklog(context),
    ...createScheduler(context),
    /** Ends runs that nothing is heard of. */
    endIdleRuns: sweeps.endIdle,
    /** Ends runs the broker has had for too long. */
    endUnstartedRuns: sweeps.endUnstarted,
    /** For ingestion: where a batch belongs, read before its transaction and locked in it, and the steps that change that. */
    placeOf: repository.placeOf,
    placeOfTask: repository.placeOfTask,
    placeOfSite: repository.placeOfSite,
    lockOpenOfTask: context.lockOpenOfTask,
    lockForBatch: context.lockForBatch,
    onlyRunningOfSite: repository.onlyRunningOfSite,
    addRejections: repository.addRejections,
    addBatch: reports.addBatch,
    addLoose: repository.addLoose,
    purgeLoose: repository.purgeLoose,
    addRefusedBatch: reports.addRefusedBatch,
  }
}
export type Sources = ReturnType<typeof createSources>
