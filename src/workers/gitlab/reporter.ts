import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { backoffMs, jittered } from '../waiting.ts'
import type { CrawlerApi } from './api/index.ts'
import type { Control } from './control.ts'
import { ApiProblem, LeaseGone, ReportRefused } from './errors.ts'
import type { LeasedTask, ReportAnswer, Update } from './model.ts'

/** Everything a task tells the API (gitlab-worker §6), one report after the other, and the lease that these keep alive. */
export interface Reporter {
  /** Sends now and answers the API's word. @throws LeaseGone, ReportRefused */
  send(update: Update): Promise<ReportAnswer>
  /** Sends when it is time; a newer one replaces it until then. */
  progress(update: Update): void
  /** Waits until the newest progress is delivered. @throws LeaseGone, ReportRefused */
  flush(): Promise<void>
  /** @throws what a progress in the background ran into */
  check(): void
  /** When the lease ends by our own clock, ms. */
  leaseEndsAt(): number
  /** The lease was prolonged by a heartbeat sent at this time. */
  prolonged(sentAt: number): void
  /** Keeps the lease until `end`; over a transport with heartbeats it only watches it. */
  keep(): Promise<void>
  end(): void
}

export interface ReporterOptions {
  task: LeasedTask
  api: CrawlerApi
  clock: Clock
  random: () => number
  log: Log
  control: Control
  workerId: string
  intervalMs: number
  /** The API does not know our token: the whole worker ends. */
  unauthorized(): void
}

/** Without success this long before the lease ends, it counts as lost (gitlab-worker §2). */
const MARGIN_MS = 5000
const CALL_MS = 10_000
const MOST_BACKOFF_MS = 30_000
const MOST_ID = 128

export const createReporter = (options: ReporterOptions): Reporter => {
  const { task, api, clock, random, log, control, workerId, intervalMs } = options
  const { fence, leaseSeconds } = task.lease
  const leaseMs = leaseSeconds * 1000
  let leaseEndsAt = clock.now() + leaseMs
  let heardAt = clock.now()
  let number = 0
  let turn: Promise<unknown> = Promise.resolve()
  let busy = 0
  let pending: Update | undefined
  let pump: Promise<void> | undefined
  let progressAt = -Infinity
  let problem: unknown
  const ended = new AbortController()

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
    if (!control.lost()) log.warn('lease lost', { task_id: task.id, reason: why })
    control.lose()
    return new LeaseGone()
  }

  /** `newest` answers what a report that was not accepted may be replaced with. */
  const deliver = async (first: Update, newest: () => Update | undefined): Promise<ReportAnswer> => {
    let signed = sign(first)
    for (let attempt = 1; ; attempt++) {
      if (control.lost()) throw new LeaseGone()
      const sentAt = clock.now()
      heardAt = sentAt
      if (signed.type === 'progress') progressAt = sentAt
      try {
        const timeoutMs = Math.max(1000, Math.min(CALL_MS, leaseEndsAt - MARGIN_MS - sentAt))
        const answer = await api.report(task.id, signed, timeoutMs, control.talk)
        if (answer.ignored) throw lose('the task has ended')
        leaseEndsAt = Math.max(leaseEndsAt, sentAt + leaseMs)
        return answer
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        if (control.lost()) throw new LeaseGone()
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
        const leftMs = leaseEndsAt - MARGIN_MS - clock.now()
        if (leftMs <= 0) throw lose('the API could not be reached')
        const waitMs = error.retryAfterMs ?? jittered(backoffMs(attempt, MOST_BACKOFF_MS), random)
        log.debug('a report was not delivered', { task_id: task.id, problem: error.message })
        await clock.sleep(Math.min(waitMs, leftMs), control.talk)
        // Only a 429 surely had no effect; anything else is repeated as it was, under its own updateId.
        const newer = status === 429 ? newest() : undefined
        if (newer) signed = sign(newer)
      }
    }
  }
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    busy++
    const mine = turn.then(work, work).finally(() => busy--)
    turn = mine.catch(() => {}) // its caller hears it
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

  const pumpProgress = async () => {
    try {
      while (pending) {
        const waitMs = progressAt + intervalMs - clock.now()
        if (waitMs > 0) await clock.sleep(waitMs, control.talk)
        if (control.lost()) return
        await inTurn(async () => {
          const update = takePending()
          if (update) await deliver(update, takePending)
        })
      }
    } catch (error) {
      remember(error)
    } finally {
      pump = undefined
    }
  }

  const reporter: Reporter = {
    send: (update) => inTurn(() => deliver(update, () => undefined)),
    progress(update) {
      pending = update
      pump ??= pumpProgress()
    },
    async flush() {
      while (pump) await pump
      reporter.check()
    },
    check() {
      if (problem) throw problem
    },
    leaseEndsAt: () => leaseEndsAt,
    prolonged(sentAt) {
      leaseEndsAt = Math.max(leaseEndsAt, sentAt + leaseMs)
    },
    async keep() {
      while (!ended.signal.aborted && !control.lost()) {
        const dueAt = api.heartbeat ? leaseEndsAt - MARGIN_MS : heardAt + leaseMs / 3
        const waitMs = dueAt - clock.now()
        if (waitMs > 0) {
          await clock.sleep(waitMs, ended.signal)
          continue
        }
        if (api.heartbeat) {
          lose('no heartbeat was answered')
          return
        }
        // A report that is being repeated has its own eye on the lease.
        if (busy > 0) await turn
        else await reporter.send({ type: 'status' }).catch(remember)
        if (problem) return
      }
    },
    end: () => ended.abort(),
  }
  return reporter
}
