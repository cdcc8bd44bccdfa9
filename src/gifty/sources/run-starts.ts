import type { Steps, Tx } from '../../platform/db/index.ts'
import type { RunRow, SourceRow } from './row.ts'
import { type Dispatched, endByPages, PAGE, type RunLife, type RunsDeps } from './run-life.ts'

/** Runs that wait for somebody to start them, where a broker announces them (gifty §2.3, §2.6). */
export const createRunStarts = ({ db, clock, repository, engine, startTimeoutMs }: RunsDeps, life: RunLife) => {
  const { close, closeTask, startQueued } = life

  /** Ends runs whose message the broker has had for `startTimeoutMs` without anybody starting them: lost, not counted, due again. */
  const endUnstarted = () => endByPages(endUnstartedAfter)
  const endUnstartedAfter = (afterId: number) =>
    db.tx(function* (tx) {
      const now = new Date(clock.now())
      const before = new Date(now.getTime() - startTimeoutMs)
      const waiting = yield* repository.waitingRuns(tx, before, afterId, PAGE)
      const taskIds = waiting.flatMap((run) => run.taskId ?? [])
      const tasks = yield* engine().lockTasks(tx, taskIds)
      // What still waits in the outbox is not late: the broker has not had it yet.
      const since = yield* engine().published(tx, taskIds)
      let ended = 0
      for (const { id, sourceId, taskId } of waiting.toSorted((a, b) => a.sourceId - b.sourceId)) {
        const publishedAt = since.get(taskId ?? '')
        if (!publishedAt || publishedAt > before || tasks.get(taskId ?? '')?.state !== 'queued') continue
        const source = yield* repository.lock(tx, sourceId)
        const run = yield* repository.run(tx, id)
        if (!source || run?.status !== 'queued') continue
        const waited = Math.round((now.getTime() - publishedAt.getTime()) / 1000)
        yield* close(tx, run, 'lost', { error: `no worker has started it for ${waited} s` }, now)
        yield* closeTask(tx, run, 'dead', 'the run was lost', now)
        yield* repository.update(tx, sourceId, {
          status: source.isActive ? 'waiting' : (source.resumeStatus ?? 'waiting'),
          resumeStatus: null,
          nextSyncAt: now,
          updatedAt: now,
        })
        yield* startQueued(tx, sourceId, now)
        ended++
      }
      return { ended, next: waiting.length < PAGE ? undefined : waiting.at(-1)?.id }
    })

  /**
   * Takes back a forced run that the broker has not confirmed, unless somebody has started it: answers whether it is gone. The source
   * is as `before`; what others have changed meanwhile stays. A run whose message may have left stays as cancelled, so that a late
   * report of it is known.
   */
  function* withdraw(
    tx: Tx,
    { source, open }: { source: SourceRow; open: RunRow | undefined },
    { run, task, nextSyncAt }: Dispatched,
    before: SourceRow,
    mayHaveLeft: boolean,
    now: Date,
  ): Steps<boolean> {
    const queued = (yield* engine().lockTasks(tx, [task.id])).get(task.id)
    if (open?.id !== run.id || open.status !== 'queued' || queued?.state !== 'queued') return false
    if (mayHaveLeft) {
      yield* close(tx, open, 'cancelled', { error: 'the broker has not confirmed the task' }, now)
      yield* closeTask(tx, open, 'cancelled', 'the broker has not confirmed it', now)
    } else {
      yield* engine().deleteTask(tx, queued)
      yield* repository.deleteRun(tx, run.id)
    }
    const same = (a: Date, b: Date) => a.getTime() === b.getTime()
    yield* repository.update(tx, source.id, {
      status: source.status === 'queued' ? (source.resumeStatus ?? before.status) : source.status,
      resumeStatus: null,
      nextSyncAt: same(source.nextSyncAt, nextSyncAt) ? before.nextSyncAt : source.nextSyncAt,
      lastStats: before.lastStats,
      updatedAt: same(source.updatedAt, run.createdAt) ? before.updatedAt : source.updatedAt,
    })
    yield* startQueued(tx, source.id, now)
    return true
  }

  return { endUnstarted, withdraw }
}
