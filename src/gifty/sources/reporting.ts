import { conflict, notFound } from '../../errors.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import type { SourcesContext } from './context.ts'
import type { Strategy } from './model.ts'
import type { RunRow, SourceRow } from './repository.ts'

/** Forcing runs, and what workers report of them (gifty §2.3, §2.6). */
export const createReporting = ({ db, engine, repository, runs, nowDate, lockForReport }: SourcesContext) => {
  /** A report; one that names a run which has already ended changes nothing and is answered `ignored`. */
  const report = (
    id: number,
    runId: number | null | undefined,
    step: (tx: Tx, source: SourceRow, open: RunRow | undefined, now: Date) => Steps<void>,
    late?: typeof step,
  ) =>
    db.tx(function* (tx) {
      const now = nowDate()
      const { source, open } = yield* lockForReport(tx, id)
      if (runId !== null && runId !== undefined && open?.id !== runId) {
        const run = yield* repository.run(tx, runId)
        if (run?.sourceId !== id) throw notFound('Run not found')
        if (late) yield* late(tx, source, run, now)
        return { status: 'ok' as const, ignored: true as const }
      }
      yield* step(tx, source, open, now)
      return { status: 'ok' as const }
    })

  return {
    /** Starts a run now, also of an inactive or broken source (gifty §2.6). */
    async forceRun(id: number, strategy: Strategy | undefined) {
      const outcome = await db.tx(function* (tx) {
        const now = nowDate()
        const { source, open } = yield* lockForReport(tx, id)
        if (!open) {
          const { run, taskId } = yield* runs.dispatch(tx, source, { trigger: 'force', strategy }, now)
          return { message: 'Run queued', run_id: run.id, task_id: taskId }
        }
        if (open.status === 'queued') {
          if (
            strategy &&
            strategy !== open.strategy &&
            open.taskId &&
            (yield* engine.replacePayload(tx, open.taskId, runs.payloadOf(source, strategy, open.id), now))
          )
            yield* repository.updateRun(tx, open.id, { strategy, updatedAt: now })
          return { message: 'Run is already queued', run_id: open.id, task_id: open.taskId }
        }
        if (source.overlap === 'skip') {
          yield* runs.skip(tx, source, 'force', 'overlap', now)
          return { running: open.id }
        }
        yield* repository.update(tx, id, { queuedAfter: 'force', updatedAt: now })
        return { message: 'Run will start after the open one', run_id: null, task_id: null, queued_after: open.id }
      })
      // The skipped run is recorded, so the refusal comes after the commit.
      if (outcome.running !== undefined)
        throw conflict('The source is already running', 'already_running', { run_id: outcome.running })
      return { status: 'ok' as const, ...outcome }
    },

    reportStatus: (
      id: number,
      { status, run_id }: { status: 'queued' | 'running' | 'waiting' | 'error' | 'broken'; run_id?: number | null },
    ) =>
      report(id, run_id, function* (tx, source, open, now) {
        if (status === 'running') yield* runs.reportRunning(tx, source, open, now)
        else if (status === 'waiting') yield* runs.reportWaiting(tx, source, open, now)
        else if (status === 'queued') yield* repository.update(tx, id, { status: 'queued', updatedAt: now })
        else yield* runs.reportError(tx, source, open, `the worker reported ${status}`, status === 'broken', now)
      }),
    /** Logs are kept even when they come after the run has ended. */
    reportLogs: (id: number, { logs, run_id }: { logs: string; run_id?: number | null }) => {
      const keep = (tx: Tx, source: SourceRow, run: RunRow | undefined, now: Date) => runs.appendLogs(tx, source, run, logs, now)
      return report(id, run_id, keep, keep)
    },
    reportError: (id: number, { error, is_broken, run_id }: { error: string; is_broken: boolean; run_id?: number | null }) =>
      report(id, run_id, (tx, source, open, now) => runs.reportError(tx, source, open, error, is_broken, now)),
  }
}
