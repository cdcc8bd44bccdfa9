import { backoffMs, type Clock, retryWaitMs } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { type Beat, type Job, LeaseGone } from '../runtime.ts'
import type { CrawlerApi } from './api/connection.ts'
import { ApiProblem, ReportRefused } from './errors.ts'
import type { LeasedTask, ReportAnswer, Update } from './model.ts'

/** Sends all reports of a task to the API (gitlab-worker §6), one after the other; each prolongs the lease. */
export interface Reporter {
  /** Sends now and resolves with the API's answer. @throws LeaseGone, ReportRefused */
  send(update: Update): Promise<ReportAnswer>
  /** Sends at the next interval; a newer progress replaces it until then. */
  progress(update: Update): void
  /** Waits until the newest progress is delivered. @throws LeaseGone, ReportRefused */
  flush(): Promise<void>
  /** @throws the error of a progress that was sent in the background */
  check(): void
  /** Prolongs the lease by an empty report, unless another report is being sent. @throws LeaseGone, ReportRefused */
  heartbeat(): Promise<Beat>
}

export interface ReporterOptions {
  task: LeasedTask
  api: CrawlerApi
  clock: Clock
  random: () => number
  log: Log
  job: Job
  workerId: string
  intervalMs: number
  /** The API does not know our token: the whole worker ends. */
  unauthorized(): void
}

/** Without success this long before the lease ends, it counts as lost (gitlab-worker §2). */
export const MARGIN_MS = 5000
const CALL_MS = 10_000
const MOST_BACKOFF_MS = 30_000
const MOST_ID = 128

export const createReporter = (options: ReporterOptions): Reporter => {
  const { task, job, api, clock, random, log, workerId, intervalMs } = options
  const { fence } = task.lease
  let number = 0
  let turn: Promise<unknown> = Promise.resolve()
  let busy = 0
  let pending: Update | undefined
  let sending: Promise<void> | undefined
  let progressAt = -Infinity
  let problem: unknown

  const name = `${task.id}:${fence}`
  // The API takes 128 characters and ids of 255: a long one is named by its hash.
  const label = name.length <= MOST_ID - 12 ? name : `${Bun.SHA256.hash(task.id, 'hex')}:${fence}`
  const sign = (update: Update) => ({
    ...update,
    workerId,
    fence,
    updateId: `${label}:${++number}`,
    timestamp: new Date(clock.now()).toISOString(),
  })

  const lose = (why: string) => {
    job.lose(why)
    return new LeaseGone()
  }

  /** `newest` answers the report that replaces one that was not accepted, if there is one. */
  const deliver = async (first: Update, newest: () => Update | undefined): Promise<ReportAnswer> => {
    let signed = sign(first)
    for (let attempt = 1; ; attempt++) {
      if (job.lost.aborted) throw new LeaseGone()
      const sentAt = clock.now()
      if (signed.type === 'progress') progressAt = sentAt
      try {
        const timeoutMs = Math.max(1000, Math.min(CALL_MS, job.leaseEndsAt() - MARGIN_MS - sentAt))
        const answer = await api.report(task.id, signed, timeoutMs, job.lost)
        if (answer.ignored) throw lose('the task has ended')
        job.prolonged(sentAt)
        return answer
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        if (job.lost.aborted) throw new LeaseGone()
        const { status } = error
        if (status === 404 || status === 409) throw lose(error.message)
        if (status === 401) {
          options.unauthorized()
          throw lose(error.message)
        }
        if (status >= 400 && status < 500 && status !== 429) {
          log.error('a report was refused', { task_id: task.id, report: signed.type, status })
          throw new ReportRefused(`the API refuses a ${signed.type} report: ${status}`)
        }
        const leftMs = job.leaseEndsAt() - MARGIN_MS - clock.now()
        if (leftMs <= 0) throw lose('the API could not be reached')
        const waitMs = retryWaitMs(error.retryAfterMs, backoffMs(attempt, MOST_BACKOFF_MS), random)
        log.debug('a report was not delivered', { task_id: task.id, problem: error.message })
        await clock.sleep(Math.min(waitMs, leftMs), job.lost)
        // Only a 429 certainly had no effect; after other errors the same report is sent again with the same updateId.
        const newer = status === 429 ? newest() : undefined
        if (newer) signed = sign(newer)
      }
    }
  }
  const serialize = <T>(work: () => Promise<T>): Promise<T> => {
    busy++
    const mine = turn.then(work, work).finally(() => busy--)
    turn = mine.catch(() => {}) // its caller handles the error
    return mine
  }
  const takePending = () => {
    const update = pending
    pending = undefined
    return update
  }

  const remember = (error: unknown) => {
    problem ??= error
  }

  const sendProgress = async () => {
    try {
      while (pending) {
        // Never longer than one interval: the clock may have been set back.
        const waitMs = Math.min(progressAt + intervalMs - clock.now(), intervalMs)
        if (waitMs > 0) await clock.sleep(waitMs, job.lost)
        if (job.lost.aborted) return
        await serialize(async () => {
          const update = takePending()
          if (update) await deliver(update, takePending)
        })
      }
    } catch (error) {
      remember(error)
    } finally {
      sending = undefined
    }
  }

  const reporter: Reporter = {
    send: (update) => serialize(() => deliver(update, () => undefined)),
    progress(update) {
      pending = update
      sending ??= sendProgress()
    },
    async flush() {
      while (sending) await sending
      reporter.check()
    },
    check() {
      if (problem) throw problem
    },
    async heartbeat() {
      // The report that is being sent prolongs the lease, and checks its end while it is repeated.
      if (busy > 0) return 'skipped'
      try {
        await reporter.send({ type: 'status' })
        return 'kept'
      } catch (error) {
        remember(error)
        throw error
      }
    },
  }
  return reporter
}
