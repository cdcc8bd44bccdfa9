import type { Clock } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import { JobDelayed, JobFailed } from '../../platform/job.ts'
import { TelegramError, type TelegramGateway } from '../../platform/telegram/user-api/port.ts'
import type { Job, JobHandler } from '../../tasks/index.ts'
import type { SearchLife, SearchProgress } from './life.ts'
import type { SearchFilters } from './model.ts'

/** What the task of a search carries. */
export interface SearchPayload {
  searchId: string
  query: string
  filters: SearchFilters
  /** Milliseconds; the sandbox dates its channels by it. */
  createdAt: number
}
export interface SearchJobDeps {
  db: Db
  clock: Clock
  life: SearchLife
  gateway: TelegramGateway
  /** `PARSING_CHANNEL_LIMIT`. */
  channelLimit: number
}

const LEASE_MS = 60_000
const RENEW_MS = 20_000
const TIMEOUT_MS = 15 * 60_000
const SANDBOX_CONCURRENCY = 4
const MAX_WAIT_SECONDS = 3600
const MAX_WAITED_SECONDS = 6 * 3600

/** Runs searches through the Telegram gateway (love-parser §4 "Job", §7). */
export const searchJob = ({ db, clock, life, gateway, channelLimit }: SearchJobDeps): JobHandler => {
  const now = () => new Date(clock.now())

  const run = async ({ task, holder, signal }: Job): Promise<{ saved: number }> => {
    const { query, filters, createdAt } = task.payload as SearchPayload
    const progress: SearchProgress = { ...(task.progress as SearchProgress | null) }
    let shown = -1
    try {
      const steps = gateway.search({
        query,
        filters: {
          language: filters.language,
          minSubscribers: filters.min_subscribers,
          maxSubscribers: filters.max_subscribers,
          activityLevel: filters.activity_level,
        },
        limit: channelLimit,
        now: createdAt,
        resume: progress.state,
        signal,
      })
      for await (const step of steps) {
        if (step.kind === 'done') {
          await db.tx((tx) => life.saved(tx, holder, step.rows, step.of, now()))
          return { saved: step.rows.length }
        }
        progress.state = step.state
        // What the sandbox has made costs nothing to make again, so only what a reader would see is stored.
        const share = Math.floor((50 * step.read) / Math.max(1, step.of))
        if (gateway.source === 'sandbox' && share === shown) continue
        shown = share
        await db.tx((tx) => life.progressed(tx, holder, step.read, step.of, progress, now()))
      }
      throw new JobFailed('Telegram gave no answer', true)
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error
      if (error.problem === 'flood') return await wait(error.seconds ?? 60)
      if (error.problem === 'unavailable') throw new JobFailed('Telegram is not available', true)
      if (error.problem === 'session_revoked') throw new JobFailed('The Telegram session of the service is not valid', false)
      throw new JobFailed('Telegram refused the search', false)
    }

    async function wait(seconds: number): Promise<never> {
      progress.waited = (progress.waited ?? 0) + seconds
      if (seconds > MAX_WAIT_SECONDS || progress.waited > MAX_WAITED_SECONDS)
        throw new JobFailed('Telegram asks to wait for too long', false)
      await db.tx((tx) =>
        life.delayed(tx, holder, `Telegram asks to wait ${seconds} s, then the search goes on`, progress, now()),
      )
      throw new JobDelayed((seconds + 1) * 1000)
    }
  }

  return {
    run,
    concurrency: gateway.source === 'sandbox' ? SANDBOX_CONCURRENCY : 1,
    leaseMs: LEASE_MS,
    renewMs: RENEW_MS,
    timeoutMs: TIMEOUT_MS,
  }
}
