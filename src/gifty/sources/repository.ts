import type { Db } from '../../platform/db/index.ts'
import { backlogQueries } from './backlog-queries.ts'
import { historyQueries } from './history-queries.ts'
import { runQueries } from './run-queries.ts'
import { sourceQueries } from './source-queries.ts'

/** Queries of sources and runs. Functions that take `tx` are steps of the caller's transaction. */
export const sourcesRepository = (db: Db) => {
  const { statements: ofRuns, ...runs } = runQueries(db)
  const { statements: ofHistory, ...history } = historyQueries(db)
  return {
    /** The hot ones, for a look at their plans. */
    statements: { ...ofRuns, ...ofHistory },
    ...sourceQueries(db),
    ...backlogQueries(db),
    ...runs,
    ...history,
  }
}
export type SourcesRepository = ReturnType<typeof sourcesRepository>
