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
