import type { Steps, Tx } from '../../platform/db/index.ts'
import { defineKind, type KindHooks, type Task } from '../../tasks/index.ts'
import type { RunRow, SourceRow } from './row.ts'
import type { RunLife, RunsDeps } from './run-life.ts'
import type { RunReports } from './run-reports.ts'

/** Where a broker announces source tasks to foreign spiders (gifty §2.7). */
const TASKS_QUEUE = 'parsing_tasks'

/** The kinds of source tasks, and what the engine's events do to their runs (gifty §4). */
export const createRunKinds = (
  { repository }: Pick<RunsDeps, 'repository'>,
  life: RunLife,
  { appendLogs }: Pick<RunReports, 'appendLogs'>,
) => {
  const { payloadOf, newRun, start, complete, failRun, backToQueue, cancelRun } = life

  /** Runs `step` for each task whose run is still open, with its source locked. */
  function* eachOpen(tx: Tx, tasks: Task[], step: (source: SourceRow, run: RunRow, task: Task) => Steps<void>): Steps<void> {
    const byTask = new Map(tasks.map((task) => [task.id, task]))
    const runs = yield* repository.runsOfTasks(tx, [...byTask.keys()])
    for (const { id, sourceId, taskId } of runs.toSorted((a, b) => a.sourceId - b.sourceId)) {
      const source = yield* repository.lock(tx, sourceId)
      const run = source && (yield* repository.run(tx, id))
      if (source && run && (run.status === 'queued' || run.status === 'running'))
        yield* step(source, run, byTask.get(taskId as string) as Task)
    }
  }
  const hooks: KindHooks = {
    *leased(tx, tasks, now) {
      yield* eachOpen(tx, tasks, (source, run) => start(tx, source, run, true, now))
    },
    *completed(tx, done, now) {
      const logs = new Map(done.map(({ task, result }) => [task.id, (result as { logs?: unknown } | null | undefined)?.logs]))
      const refused = new Map()
      for (const { task, result } of done)
        if (result !== undefined && result !== null && (typeof result !== 'object' || Array.isArray(result)))
          refused.set(task.id, { code: 'invalid', message: 'Input should be an object' })
      for (const [id, text] of logs)
        if (text !== undefined && text !== null && typeof text !== 'string')
          refused.set(id, { code: 'invalid', message: 'result.logs should be a string' })
      const good = done.map((item) => item.task).filter((task) => !refused.has(task.id))
      yield* eachOpen(tx, good, function* (source, run, task) {
        const text = logs.get(task.id)
        if (typeof text === 'string' && text !== '') yield* appendLogs(tx, source, run, text, now)
        yield* complete(tx, source, run, now, { reported: true })
      })
      return refused
    },
    *failed(tx, failed, now) {
      const failures = new Map(failed.map((failure) => [failure.task.id, failure]))
      yield* eachOpen(
        tx,
        failed.map(({ task }) => task),
        function* (source, run, task) {
          const { error, retryable, outcome } = failures.get(task.id) as (typeof failed)[0]
          if (outcome === 'cancelled') yield* cancelRun(tx, source, run, now)
          else yield* failRun(tx, source, run, 'failed', error, !retryable, now)
        },
      )
    },
    *released(tx, tasks, now) {
      yield* eachOpen(tx, tasks, (source, run) => backToQueue(tx, source, run, now))
    },
    *expired(tx, ended, now) {
      const outcomes = new Map(ended.map(({ task, outcome }) => [task.id, outcome]))
      yield* eachOpen(
        tx,
        ended.map((end) => end.task),
        function* (source, run, task) {
          const outcome = outcomes.get(task.id)
          if (outcome === 'queued') yield* backToQueue(tx, source, run, now)
          else if (outcome === 'cancelled') yield* cancelRun(tx, source, run, now)
          else yield* failRun(tx, source, run, 'lost', 'the worker was lost in every attempt', false, now)
        },
      )
    },
    *cancelled(tx, tasks, now) {
      yield* eachOpen(tx, tasks, (source, run) => cancelRun(tx, source, run, now))
    },
    *redriven(tx, tasks, now) {
      const changes = new Map()
      for (const task of tasks) {
        const payload = task.payload as { source_id: number }
        const source = yield* repository.lock(tx, payload.source_id)
        if (!source) changes.set(task.id, { skip: 'source_not_found' })
        else if (yield* repository.openRunInside(tx, source.id)) changes.set(task.id, { skip: 'run_open' })
        else {
          const run = yield* repository.insertRun(
            tx,
            newRun(source, { status: 'queued', strategy: source.strategy, trigger: 'force', taskId: task.id }, now),
          )
          yield* repository.update(tx, source.id, { status: 'queued', resumeStatus: source.status, updatedAt: now })
          changes.set(task.id, { payload: payloadOf(source, source.strategy, run.id) })
        }
      }
      return changes
    },
  }
  /** The two kinds of source tasks: a reported failure ends them, a lost lease offers them again, five times in all (gifty §4). */
  return [
    defineKind('source.run', { onFailure: 'fail', queue: TASKS_QUEUE, ...hooks }),
    // Those of the built-in worker never go to the broker (gifty §2.8).
    defineKind('source.run.web', { onFailure: 'fail', ...hooks }),
  ]
}
