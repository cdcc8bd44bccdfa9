import { conflict, unavailable } from '../../errors.ts'
import { createBatcher } from '../../platform/batcher.ts'
import { BrokerError } from '../../platform/broker/index.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import type { Strategy } from './model.ts'
import type { RunRow, SourceRow } from './row.ts'
import { cancelRun, type Dispatched, newRun, type OpenRunChange, openRun, type RunRowChange, taskOf } from './runs.ts'
import type { SourcesDeps } from './service.ts'

/** How long a forced run waits for the broker's confirm (gifty §2.6). */
const CONFIRM_MS = 5000
/** Milliseconds between two checks of a message that another process is sending. */
const LOOK_MS = 100
/** Sources whose runs one transaction opens. */
const MAX_BATCH = 100
const notQueued = () => unavailable('The broker is not available, nothing was queued', 'broker_unavailable')

interface Forced {
  id: number
  strategy: Strategy | undefined
}
/** A forced run that has just been opened, with its source before and after that. */
interface Opened {
  dispatched: Dispatched
  before: SourceRow
  after: SourceRow
}

interface Answer {
  message: string
  run_id: number | null
  task_id: string | null
  queued_after?: number
}
/** What the transaction of a call has found: no open run, and opened one; one that runs and refuses it; or one that answers it. */
type Outcome =
  | { opened: Opened }
  | { running: RunRow }
  /** `sending`: the open run whose message may still be on its way to the broker. */
  | { answer: Answer; sending?: RunRow | undefined }

/** The change that opens a forced run of a locked source without one. `source` stays as it is. */
const changeOf = (source: SourceRow, strategy: Strategy | undefined, now: Date): RunRowChange => {
  const change: RunRowChange = { source: { ...source }, run: undefined, notes: [], lines: [] }
  change.opening = { trigger: 'force', strategy, announcedByCaller: true }
  openRun(change, 'force', now)
  return change
}

const alreadyQueued = ({ id, taskId }: RunRow): Answer => ({ message: 'Run is already queued', run_id: id, task_id: taskId })

/** Starting a run now, also of an inactive or broken source (gifty §2.6). */
export const createForceRun = ({ db, clock, engine, repository, store }: SourcesDeps) => {
  const { lockForReport } = store
  const nowDate = () => new Date(clock.now())
  /** Forced runs of this process that wait for the broker's confirm. */
  const publishing = new Map<number, Promise<void>>()

  /**
   * Takes back a forced run that the broker has not confirmed, unless a worker has started it; answers whether it was taken back. The
   * source gets its values of `before`, except what other requests have changed since. A run whose message may have been sent stays as
   * cancelled, so that a late report of it finds it.
   */
  function* withdraw(
    tx: Tx,
    id: number,
    { run, task }: Dispatched,
    before: SourceRow,
    after: SourceRow,
    mayHaveLeft: boolean,
  ): Steps<boolean> {
    const now = nowDate()
    const { source, open, task: queued } = yield* lockForReport(tx, id)
    if (!open || open.id !== run.id || open.status !== 'queued' || queued?.state !== 'queued')
      // Started, or cancelled because the source was switched off meanwhile.
      return (yield* repository.run(tx, run.id))?.status === 'cancelled'
    const nextSyncAt = source.nextSyncAt.getTime() === after.nextSyncAt.getTime() ? before.nextSyncAt : source.nextSyncAt
    const change: OpenRunChange = { source: { ...source, nextSyncAt }, run: open, notes: [], lines: [] }
    const status = source.status === 'queued' ? (source.resumeStatus ?? before.status) : source.status
    cancelRun(change, 'the broker has not confirmed the task', now)
    change.source.status = change.opening ? change.source.status : status
    if (mayHaveLeft)
      yield* engine.finishExternally(tx, [{ id: task.id, state: 'cancelled', error: 'the broker has not confirmed it' }], now)
    else {
      yield* engine.deleteTask(tx, queued)
      yield* repository.deleteRun(tx, run.id)
      change.run = undefined as never
    }
    yield* store.save(tx, [change], now)
    if (source.updatedAt.getTime() === run.createdAt.getTime() && !change.opening)
      yield* repository.update(tx, id, { updatedAt: before.updatedAt })
    return true
  }

  /** Publishes a forced run. @throws AppError 503 `broker_unavailable`, and the run is withdrawn; not if a worker has it already */
  const publish = async (id: number, dispatched: Dispatched, before: SourceRow, after: SourceRow): Promise<void> => {
    try {
      await engine.send(dispatched.task, CONFIRM_MS)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      if (await db.tx((tx) => withdraw(tx, id, dispatched, before, after, error.mayHaveLeft))) throw notQueued()
    }
  }
  /**
   * Waits for what becomes of another caller's forced run that is still on its way to the broker: if it is withdrawn, there is no run to
   * answer with.
   * @throws AppError 503 `broker_unavailable`
   */
  const waitForBroker = async ({ id, taskId, trigger }: RunRow): Promise<void> => {
    const here = publishing.get(id)
    if (here) return here
    if (trigger !== 'force' || !taskId) return
    for (let waited = 0; waited < CONFIRM_MS && (await engine.isSending(taskId)); waited += LOOK_MS) await clock.sleep(LOOK_MS)
    const run = await db.tx((tx) => repository.run(tx, id))
    if (!run || run.status === 'cancelled') throw notQueued()
  }

  /**
   * Forces runs of different sources in one transaction. The number of statements does not depend on the number of sources. `undefined` means
   * that the caller needs a transaction of its own: its source is missing, has an open run that may have to change or whose message may be on
   * its way to the broker, or is locked by another transaction, for which the other callers must not wait.
   */
  const forceTogether = (batch: readonly Forced[]): Promise<(Outcome | undefined)[]> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const ids = batch.map(({ id }) => id)
      const found = new Map((yield* store.ofSources(tx, ids, 'skip locked')).map((change) => [change.source.id, change]))
      const outcomes = new Map<number, Outcome>()
      const opening: { before: SourceRow; change: RunRowChange }[] = []
      // In the order of the callers, which is that of the new tasks.
      for (const { id, strategy } of batch) {
        const { source, run } = found.get(id) ?? {}
        if (source && !run) opening.push({ before: source, change: changeOf(source, strategy, now) })
        else if (run?.status === 'queued' && (!strategy || strategy === run.strategy) && engine.queues().length === 0)
          outcomes.set(id, { answer: alreadyQueued(run) })
      }
      const dispatched = yield* store.save(
        tx,
        opening.map(({ change }) => change),
        now,
      )
      for (const { before, change } of opening) {
        const opened = dispatched.get(before.id)
        if (opened) outcomes.set(before.id, { opened: { dispatched: opened, before, after: change.source } })
      }
      return ids.map((id) => outcomes.get(id))
    })

  /** Starts a run of one source in a transaction of its own, or answers why it cannot be started. */
  const forceAlone = ({ id, strategy }: Forced): Promise<Outcome> =>
    db.tx(function* (tx) {
      const now = nowDate()
      const { source, open, task: queued } = yield* lockForReport(tx, id)
      if (!open) {
        const change = changeOf(source, strategy, now)
        const dispatched = (yield* store.save(tx, [change], now)).get(id) as Dispatched
        return { opened: { dispatched, before: source, after: change.source } }
      }
      if (open.status === 'queued') {
        if (strategy && strategy !== open.strategy && open.taskId) {
          const { payload } = taskOf(source, { ...open, strategy })
          const done = (yield* engine.changeQueued(tx, new Map([[open.taskId, { payload }]]), now)).get(open.taskId)
          if (done === 'published')
            throw conflict('The run has already been published with another strategy', 'already_queued', { run_id: open.id })
          if (done === 'changed') yield* repository.updateRun(tx, open.id, { strategy, updatedAt: now })
        }
        // Only a run that a broker may have refused can be withdrawn; one that was cancelled meanwhile had been queued.
        // Of one that was opened while this transaction waited for the source no task is locked.
        return {
          answer: alreadyQueued(open),
          sending: engine.announces(queued?.kind ?? taskOf(source, open).kind) ? open : undefined,
        }
      }
      if (source.overlap === 'skip') {
        const skipped = {
          status: 'skipped',
          strategy: source.strategy,
          trigger: 'force',
          reason: 'overlap',
          finishedAt: now,
        } as const
        yield* repository.insertRuns(tx, [newRun(source, skipped, now)])
        return { running: open }
      }
      yield* repository.update(tx, id, { queuedAfter: 'force', updatedAt: now })
      return {
        answer: { message: 'Run will start after the open one', run_id: null, task_id: null, queued_after: open.id },
      }
    })

  /** Callers that come while a batch is under way go together; two of one source go one after the other. */
  const forceInBatch = createBatcher<Forced, Outcome | undefined>({
    keyOf: () => '',
    fits: (batch, more) => batch.length < MAX_BATCH && !batch.some(({ id }) => id === more.id),
    // Where no other process holds locks, a caller without company waits for none and needs no second transaction.
    run: async (batch) => (batch.length === 1 && !db.isShared ? [await forceAlone(batch[0] as Forced)] : forceTogether(batch)),
  })

  return {
    /**
     * Starts a run now (gifty §2.6). Callers that come together share a transaction.
     * @throws AppError 404; 409 `already_running`, `already_queued`; 503 `broker_unavailable`, and nothing has changed
     */
    async forceRun(id: number, strategy: Strategy | undefined) {
      const outcome = (await forceInBatch({ id, strategy })) ?? (await forceAlone({ id, strategy }))
      // The skipped run is stored, so the refusal is thrown after the commit.
      if ('running' in outcome) {
        const { id: runId, taskId, startedAt } = outcome.running
        const since = startedAt ? ` since ${startedAt.toISOString()}` : ''
        throw conflict(`The source is already running${since} (run ${runId})`, 'already_running', {
          run_id: runId,
          task_id: taskId,
        })
      }
      if ('answer' in outcome) {
        if (outcome.sending) await waitForBroker(outcome.sending)
        return { status: 'ok' as const, ...outcome.answer }
      }
      const { dispatched, before, after } = outcome.opened
      const { run, task } = dispatched
      if (engine.announces(task.kind)) {
        const published = publish(id, dispatched, before, after).finally(() => publishing.delete(run.id))
        publishing.set(run.id, published)
        await published
      }
      return { status: 'ok' as const, message: 'Run queued', run_id: run.id, task_id: task.id }
    },
  }
}
