import { conflict } from '../../errors.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { SourcesDeps } from './service.ts'

/** Ended runs, and log lines, that one transaction removes: a longer history is removed before its source, by pages. */
const RUNS_PAGE = 500
const LINES_PAGE = 20_000

const REMOVED = 'The source was removed'

/** Statements over all that belongs to a source. */
const removalStatements = (db: Db) => {
  const { either, param } = db.fragments
  const source = param('id', 'bigint')
  const runsOf = `select id from parsing_runs where source_id = ${source}`
  const ended = `${runsOf} and status not in ('queued', 'running') order by id limit ${RUNS_PAGE}`
  const lines = (row: string) => `select ${row} from run_logs where run_id in (${runsOf}) limit ${LINES_PAGE}`
  return {
    /** How many of each there are, no further than to what one transaction removes. */
    measure: db.statement<{ runs: number | string; lines: number | string }>(
      'source_history_size',
      `select (select count(*) from (${runsOf} limit ${RUNS_PAGE + 1}) r) as runs,
        (select count(*) from (select 1 from run_logs where run_id in (${runsOf}) limit ${LINES_PAGE + 1}) l) as lines`,
    ),
    someLines: db.statement<{ n: number }>(
      'source_remove_some_lines',
      either(
        `delete from run_logs where rowid in (${lines('rowid')}) returning n`,
        `delete from run_logs where ctid = any(array(${lines('ctid')})) returning n`,
      ),
    ),
    someEvents: db.statement('source_remove_some_events', `delete from run_events where run_id in (${ended})`),
    someRuns: db.statement<{ id: number }>(
      'source_remove_some_runs',
      `delete from parsing_runs where id in (${ended}) returning id`,
    ),
    lines: db.statement('source_remove_lines', `delete from run_logs where run_id in (${runsOf})`),
    events: db.statement('source_remove_events', `delete from run_events where run_id in (${runsOf})`),
    runs: db.statement('source_remove_runs', `delete from parsing_runs where source_id = ${source}`),
    source: db.statement('source_remove', `delete from parsing_sources where id = ${source}`),
  }
}

/** Removing sources with their runs (operations §2). Their products stay, and keep the id, which no other source ever gets. */
export const createSourceRemoval = ({ db, clock, engine, repository, store }: SourcesDeps) => {
  const statements = removalStatements(db)

  /** Ends the open run. @throws AppError 404, 409 for an open run that is not to be cancelled */
  function* endOpen(tx: Tx, id: number, cancel: boolean, now: Date): Steps<void> {
    const { open } = yield* store.lockForReport(tx, id)
    if (!open) return
    if (!cancel) throw conflict('The source has an open run')
    if (open.taskId) yield* engine.finishExternally(tx, [{ id: open.taskId, state: 'cancelled', error: REMOVED }], now)
    yield* repository.updateRun(tx, open.id, { status: 'cancelled', error: REMOVED, finishedAt: now, updatedAt: now })
  }
  const somePage = (id: number) =>
    db.tx(function* (tx) {
      yield* tx.run(statements.someEvents, { id })
      return yield* tx.run(statements.someRuns, { id })
    })
  /** Removes the rest of a long history by pages, while its source is passed over by the scheduler. */
  const removeHistory = async (id: number): Promise<void> => {
    let removed = LINES_PAGE
    while (removed === LINES_PAGE) removed = (await db.tx((tx) => tx.run(statements.someLines, { id }))).length
    removed = RUNS_PAGE
    while (removed === RUNS_PAGE) removed = (await somePage(id)).length
  }
  function* removeAll(tx: Tx, id: number): Steps<void> {
    yield* tx.run(statements.lines, { id })
    yield* tx.run(statements.events, { id })
    yield* tx.run(statements.runs, { id })
    yield* tx.run(statements.source, { id })
  }

  return {
    /**
     * Removes a source, its runs, their events and log lines; with `cancel` its open run is cancelled before. A history of more than 500 runs or
     * 20,000 lines is removed by pages first, with the source switched off.
     * @throws AppError 404, 409 while a run is open
     */
    async remove(id: number, cancel: boolean): Promise<void> {
      const isLong = await db.tx(function* (tx) {
        const now = new Date(clock.now())
        yield* endOpen(tx, id, cancel, now)
        const [size] = yield* tx.run(statements.measure, { id })
        if (Number(size?.runs) > RUNS_PAGE || Number(size?.lines) > LINES_PAGE) {
          yield* repository.update(tx, id, { isActive: false, status: 'disabled', queuedAfter: null, updatedAt: now })
          return true
        }
        yield* removeAll(tx, id)
        return false
      })
      if (!isLong) return
      await removeHistory(id)
      await db.tx(function* (tx) {
        yield* endOpen(tx, id, cancel, new Date(clock.now()))
        yield* removeAll(tx, id)
      })
    },
  }
}
