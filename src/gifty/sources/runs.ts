import { createRunLife, type RunsDeps } from './run-life.ts'
import { createRunReports } from './run-reports.ts'
import { createRunStarts } from './run-starts.ts'
import { createRunKinds } from './run-tasks.ts'

/**
 * Runs (gifty §2.3): their life, what is reported of them, and the kinds of their tasks. Everything is a step of the caller's
 * transaction; rows are locked in the order task, source, run.
 */
export const createRuns = (deps: RunsDeps) => {
  const life = createRunLife(deps)
  const reports = createRunReports(deps, life)
  return {
    kinds: createRunKinds(deps, life, reports),
    dispatch: life.dispatch,
    skip: life.skip,
    nextRegular: life.nextRegular,
    payloadOf: life.payloadOf,
    ...reports,
    ...createRunStarts(deps, life),
  }
}
export type Runs = ReturnType<typeof createRuns>
