import { conflict, notFound, unavailable } from '../../errors.ts'
import { BrokerError } from '../../platform/broker/index.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import type { SourcesContext } from './context.ts'
import type { Strategy } from './model.ts'
import type { RunRow, SourceRow } from './row.ts'
import type { Dispatched } from './run-life.ts'

/** How long a forced run waits for the broker's confirm (gifty §2.6). */
const CONFIRM_MS = 5000
/** How often one looks what has become of a message that another process is sending. */
const LOOK_MS = 100
const notQueued = () => unavailable('The broker is not available, nothing was queued', 'broker_unavailable')

/** Forcing runs, and what workers report of them (gifty §2.3, §2.6). */
export const createReporting = ({ db, clock, engine, repository, runs, nowDate, lockForReport }: SourcesContext) => {
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

  /** Forced runs of this process that wait for the broker's confirm. */
  const publishing = new Map<number, Promise<void>>()
  /** Publishes a forced run. @throws AppError 503 `broker_unavailable`, and the run is withdrawn; not if a worker has it already */
  const publish = async (id: number, dispatched: Dispatched, before: SourceRow): Promise<void> => {
    try {
      await engine.send(dispatched.task, CONFIRM_MS)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      const isGone = await db.tx(function* (tx) {
        return yield* runs.withdraw(tx, yield* lockForReport(tx, id), dispatched, before, error.mayHaveLeft, nowDate())
      })
      if (isGone) throw notQueued()
    }
  }
  /**
   * What becomes of somebody else's forced run that is still on its way to the broker: if it is withdrawn, there is no run to answer with.
   * @throws AppError 503 `broker_unavailable`
   */
  const settled = async ({ id, taskId, trigger }: RunRow): Promise<void> => {
    const here = publishing.get(id)
    if (here) return here
    if (trigger !== 'force' || !taskId) return
    for (let waited = 0; waited < CONFIRM_MS && (await engine.isSending(taskId)); waited += LOOK_MS) await clock.sleep(LOOK_MS)
    const run = await db.tx((tx) => repository.run(tx, id))
    if (!run || run.status === 'cancelled') throw notQueued()
  }

  return {
    /**
     * Starts a run now, also of an inactive or broken source (gifty §2.6).
     * @throws AppError 404; 409 `already_running`, `already_queued`; 503 `broker_unavailable`, and nothing has changed
     */
    async forceRun(id: number, strategy: Strategy | undefined) {
      const outcome = await db.tx(function* (tx) {
        const now = nowDate()
        const { source, open } = yield* lockForReport(tx, id)
        if (!open) {
          const dispatched = yield* runs.dispatch(tx, source, { trigger: 'force', strategy, announcedByCaller: true }, now)
          return { dispatched, before: source }
        }
        if (open.status === 'queued') {
          if (strategy && strategy !== open.strategy && open.taskId) {
            const change = { payload: runs.payloadOf(source, strategy, open.id) }
            const outcome = (yield* engine.changeQueued(tx, new Map([[open.taskId, change]]), now)).get(open.taskId)
            if (outcome === 'published')
              throw conflict('The run has already been published with another strategy', 'already_queued', { run_id: open.id })
            if (outcome === 'changed') yield* repository.updateRun(tx, open.id, { strategy, updatedAt: now })
          }
          return { answer: { message: 'Run is already queued', run_id: open.id, task_id: open.taskId }, queued: open }
        }
        if (source.overlap === 'skip') {
          yield* runs.skip(tx, source, 'force', 'overlap', now)
          return { running: open.id }
        }
        yield* repository.update(tx, id, { queuedAfter: 'force', updatedAt: now })
        return {
          answer: { message: 'Run will start after the open one', run_id: null, task_id: null, queued_after: open.id },
        }
      })
      // The skipped run is recorded, so the refusal comes after the commit.
      if (outcome.running !== undefined)
        throw conflict('The source is already running', 'already_running', { run_id: outcome.running })
      if (outcome.answer) {
        if (outcome.queued) await settled(outcome.queued)
        return { status: 'ok' as const, ...outcome.answer }
      }
      const { run, task } = outcome.dispatched
      if (engine.announces(task.kind)) {
        const published = publish(id, outcome.dispatched, outcome.before).finally(() => publishing.delete(run.id))
        publishing.set(run.id, published)
        await published
      }
      return { status: 'ok' as const, message: 'Run queued', run_id: run.id, task_id: task.id }
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
