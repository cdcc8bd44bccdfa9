import { notFound } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Engine } from '../../tasks/index.ts'
import type { CatalogCounts } from '../catalog/service.ts'
import type { Notifications } from '../notifications.ts'
import type { SourcesRepository } from './repository.ts'
import type { RunRow, SourceRow } from './row.ts'
import type { Runs } from './runs.ts'

export interface SourcesDeps {
  db: Db
  clock: Clock
  engine: Engine
  repository: SourcesRepository
  runs: Runs
  counts: CatalogCounts
  notifications: Notifications
  discoveryDailyQuota: number
}

export const missingSource = () => notFound('Source not found')

/** What the parts of the sources service share: the clock's date and the locks. */
export const createSourcesContext = (deps: SourcesDeps) => {
  const { clock, engine, repository } = deps
  const nowDate = () => new Date(clock.now())
  function* locked(tx: Tx, id: number): Steps<SourceRow> {
    const source = yield* repository.lock(tx, id)
    if (!source) throw missingSource()
    return source
  }

  /**
   * The lock order is task, source, run, so the open run's task is locked before the source; a run that opened in between has a
   * task nobody can hold yet.
   */
  function* lockForReport(tx: Tx, id: number): Steps<{ source: SourceRow; open: RunRow | undefined }> {
    const before = yield* repository.openRunInside(tx, id)
    if (before?.taskId) yield* engine.lockTasks(tx, [before.taskId])
    const source = yield* locked(tx, id)
    return { source, open: yield* repository.openRunInside(tx, id) }
  }

  return { ...deps, nowDate, locked, lockForReport }
}
export type SourcesContext = ReturnType<typeof createSourcesContext>
