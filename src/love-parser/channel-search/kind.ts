import { defineKind, type KindPolicy, type Task, type TaskState } from '../../tasks/index.ts'
import type { SearchLife } from './life.ts'

export const SEARCH_KIND = 'love-parser.search'
/** Live searches share one account, so one runs at a time across all processes (love-parser §7). */
export const LIVE_GROUP = 'love-parser.telegram'
/** Waits after the attempts, in milliseconds. */
const DELAYS_MS = [2000, 6000, 14_000, 30_000]
const delayAfter = (attempt: number) => DELAYS_MS[Math.min(attempt, DELAYS_MS.length) - 1] as number

/** Tasks that run again, and those that have ended. */
const byOutcome = (ends: { task: Task; outcome: TaskState }[]): [Task[], Task[]] => {
  const of = (isAgain: boolean) => ends.filter(({ outcome }) => (outcome === 'queued') === isAgain).map(({ task }) => task)
  return [of(true), of(false)]
}

/** How search tasks are tried again and what their ends mean (love-parser §4, "Job"). */
export const searchKind = (life: SearchLife): KindPolicy =>
  defineKind(SEARCH_KIND, {
    maxAttempts: 5,
    retryDelayMs: delayAfter,
    jitter: 0,
    leased: life.started,
    *completed(tx, done, now) {
      yield* life.completed(
        tx,
        done.map(({ task }) => task),
        now,
      )
      return new Map()
    },
    *failed(tx, failed, now) {
      const errors = new Map(failed.map(({ task, error }) => [task.id, error]))
      const [again, over] = byOutcome(failed)
      yield* life.willRetry(
        tx,
        again,
        ({ id, attempts }) =>
          `${errors.get(id)}. Attempt ${attempts} failed, the next one starts in ${delayAfter(attempts) / 1000} s`,
        now,
      )
      yield* life.failedByTasks(tx, over, ({ id }) => errors.get(id) as string, now)
    },
    *expired(tx, ended, now) {
      const [again, over] = byOutcome(ended)
      yield* life.willRetry(tx, again, ({ attempts }) => `Attempt ${attempts} was interrupted, the search goes on shortly`, now)
      yield* life.failedByTasks(tx, over, () => 'The search was interrupted too often', now)
    },
    *cancelled(tx, tasks, now) {
      yield* life.failedByTasks(tx, tasks, () => 'The search was stopped', now)
    },
    *redriven(_tx, tasks) {
      const skip = 'a search that has failed is not run again: its unit was given back'
      return new Map(tasks.map(({ id }) => [id, { skip }]))
    },
  })
