import { conflict, notFound } from '../../errors.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { holds, isLive, type Task } from '../../tasks/index.ts'
import { invalidRequest } from '../envelope.ts'
import type { SourcesContext } from './context.ts'
import type { ReportOf } from './model.ts'
import type { RunRow, SourceRow } from './row.ts'

/** What workers report of runs (gifty §2.3). A report that names a run which has ended changes nothing and is answered `ignored`. */
export const createReporting = ({ db, repository, reports, nowDate, lockForReport }: SourcesContext) => {
  type Step = (tx: Tx, source: SourceRow, open: RunRow | undefined, now: Date) => Steps<void>
  /**
   * Who reports: with a fence it has to be the holder of the run's task. A report without one that would end the run is ignored while
   * another attempt than the first is under a live lease, because it may be the word of the earlier one.
   * @throws AppError 409 `stale_lease`, 422 when only a part of the fence is given
   */
  const isCurrent = (of: ReportOf, open: RunRow | undefined, task: Task | undefined, ends: boolean, now: Date): boolean => {
    const { task_id, worker_id, fence } = of
    const given = [task_id, worker_id, fence].filter((part) => part !== null && part !== undefined).length
    if (given !== 0 && given !== 3)
      throw invalidRequest([
        {
          type: 'value_error',
          loc: ['body', 'task_id'],
          msg: 'task_id, worker_id and fence go together',
          input: task_id ?? null,
        },
      ])
    if (given === 3) {
      const holder = { owner: worker_id as string, fence: fence as number }
      if (!task || open?.taskId !== task_id || !holds(task, holder, now))
        throw conflict('The lease is not held any more', 'stale_lease')
      return true
    }
    return !(ends && task && task.attempts > 1 && isLive(task, now))
  }

  const report = (id: number, of: ReportOf, { ends }: { ends: boolean }, step: Step, late?: Step) =>
    db.tx(function* (tx) {
      const now = nowDate()
      const { source, open, task } = yield* lockForReport(tx, id)
      const { run_id: runId } = of
      if (runId !== null && runId !== undefined && open?.id !== runId) {
        const run = yield* repository.run(tx, runId)
        if (run?.sourceId !== id) throw notFound('Run not found')
        if (late) yield* late(tx, source, run, now)
        return { status: 'ok' as const, ignored: true as const }
      }
      if (!isCurrent(of, open, task, ends, now)) return { status: 'ok' as const, ignored: true as const }
      yield* step(tx, source, open, now)
      return { status: 'ok' as const }
    })

  return {
    reportStatus: (id: number, of: ReportOf & { status: 'queued' | 'running' | 'waiting' | 'error' | 'broken' }) => {
      const { status } = of
      const ends = status === 'waiting' || status === 'error' || status === 'broken'
      return report(id, of, { ends }, function* (tx, source, open, now) {
        if (status === 'running') yield* reports.reportRunning(tx, source, open, now)
        else if (status === 'waiting') yield* reports.reportWaiting(tx, source, open, now)
        else if (status === 'queued') yield* repository.update(tx, id, { status: 'queued', updatedAt: now })
        else yield* reports.reportError(tx, source, open, `the worker reported ${status}`, status === 'broken', now)
      })
    },
    /** Logs are kept even when they come after the run has ended. */
    reportLogs: (id: number, of: ReportOf & { logs: string }) => {
      const keep: Step = (tx, source, run, now) => reports.appendLogs(tx, source, run, of.logs, now)
      return report(id, of, { ends: false }, keep, keep)
    },
    reportError: (id: number, of: ReportOf & { error: string; is_broken: boolean }) =>
      report(id, of, { ends: true }, (tx, source, open, now) =>
        reports.reportError(tx, source, open, of.error, of.is_broken, now),
      ),
  }
}
