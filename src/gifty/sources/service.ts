import { createBacklog } from './backlog.ts'
import { createSourcesContext, type SourcesDeps } from './context.ts'
import { createKeeping } from './keeping.ts'
import { createReading } from './reading.ts'
import { createReporting } from './reporting.ts'
import { createScheduler } from './scheduler.ts'

/** Sources (gifty §2): keeping, reading, reporting, the backlog, the clockwork. Other domains reach them through this alone. */
export const createSources = (deps: SourcesDeps) => {
  const context = createSourcesContext(deps)
  const { repository, runs } = deps
  return {
    ...createReading(context),
    ...createKeeping(context),
    ...createReporting(context),
    ...createBacklog(context),
    ...createScheduler(context),
    /** For ingestion: the source and open run a batch belongs to, locked, and the steps that change them. */
    find: repository.find,
    lock: repository.lock,
    lockForReport: context.lockForReport,
    openRunInside: repository.openRunInside,
    runsOfTasks: repository.runsOfTasks,
    onlyRunningOfSite: repository.onlyRunningOfSite,
    addBatch: runs.addBatch,
  }
}
export type Sources = ReturnType<typeof createSources>
