import { createBacklog } from './backlog.ts'
import { createSourcesContext, type SourcesDeps } from './context.ts'
import { createForceRun } from './force-run.ts'
import { createKeeping } from './keeping.ts'
import { createReading } from './reading.ts'
import { createReporting } from './reporting.ts'
import type { RunSweeps } from './run-sweeps.ts'
import { createScheduler } from './scheduler.ts'

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
    /** For ingestion: the source and open run a batch belongs to, locked, and the steps that change them. */
    find: repository.find,
    lock: repository.lock,
    lockForReport: context.lockForReport,
    openRun: repository.openRun,
    runsOfTasks: repository.runsOfTasks,
    onlyRunningOfSite: repository.onlyRunningOfSite,
    addRejections: repository.addRejections,
    addBatch: reports.addBatch,
  }
}
export type Sources = ReturnType<typeof createSources>
