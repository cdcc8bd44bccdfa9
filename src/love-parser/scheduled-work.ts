import { z } from 'zod'
import { type Clock, DAY_MS } from '../platform/clock.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'
import type { Metrics } from '../platform/metrics.ts'
import { defineKind, type Engine, type Schedule } from '../tasks/index.ts'
import type { Subscriptions } from './subscriptions/service.ts'

const DURATION_BUCKETS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

/** When each job runs, UTC (love-parser §8). */
export const JOB_CRONS = {
  'subscription-expiration': '*/5 * * * *',
  'payment-check': '*/5 * * * *',
  'subscription-cleanup': '0 2 * * *',
  'task-reaper': '* * * * *',
  'token-cleanup': '0 * * * *',
} as const
export type JobName = keyof typeof JOB_CRONS
const JOB_NAMES = Object.keys(JOB_CRONS) as JobName[]

/** A slot's task: what a schedule enqueues as it claims the slot, so that a crash in the middle of the work does not lose it. */
export const jobKind = defineKind('love-parser.job', { keepFinishedMs: DAY_MS, keepDeadMs: 7 * DAY_MS })
const jobPayload = z.object({ job: z.enum(JOB_NAMES), slot: z.string() })

export interface ScheduledWorkDeps {
  db: Db
  clock: Clock
  metrics: Metrics
  engine: Pick<Engine, 'enqueue' | 'sweep'>
  subscriptions: Pick<Subscriptions, 'jobs' | 'countActive'>
  /** Steps that delete expired tokens, logins, counters and kept answers, each in a transaction of its own. */
  purges: readonly ((tx: Tx, now: Date) => Steps<unknown>)[]
}

/**
 * The scheduled work of the family (love-parser §8): each slot is claimed by one process and run as a task of the engine, at least once;
 * jobs do only what is due, so a second run changes nothing.
 */
export const createScheduledWork = ({ db, clock, metrics, engine, subscriptions, purges }: ScheduledWorkDeps) => {
  const runs = metrics.counter('cron_job_runs_total', 'Runs of scheduled jobs')
  const durations = metrics.histogram('cron_job_duration_seconds', 'Time a scheduled job took', DURATION_BUCKETS)
  const active = metrics.gauge('subscription_active_count', 'Active subscriptions')
  metrics.onScrape({
    async refresh() {
      active.set({}, await subscriptions.countActive())
    },
  })

  const jobs: Record<JobName, (now: Date) => Promise<unknown>> = {
    ...subscriptions.jobs,
    'task-reaper': () => engine.sweep(),
    async 'token-cleanup'(now) {
      const failures: unknown[] = []
      // bounded: by the parts of the cleanup
      for (const purge of purges) await db.tx((tx) => purge(tx, now)).catch((error) => failures.push(error))
      if (failures.length > 0) throw new AggregateError(failures, 'a part of the cleanup failed')
    },
  }

  /** Runs one job now and counts it. @throws what the job throws */
  const run = async (job: JobName): Promise<void> => {
    const startedAt = performance.now()
    let status = 'error'
    try {
      await jobs[job](new Date(clock.now()))
      status = 'success'
    } finally {
      runs.inc({ job_name: job, status })
      durations.observe({ job_name: job }, (performance.now() - startedAt) / 1000)
    }
  }

  const schedules: Schedule[] = JOB_NAMES.map((job) => ({
    name: `love-parser.${job}`,
    cron: JOB_CRONS[job],
    *fire(tx, { dueAt, now }) {
      const task = { kind: jobKind.kind, payload: { job, slot: dueAt.toISOString() }, dedupeKey: job }
      const made = yield* engine.enqueue(tx, [task], now)
      return made.length === 0 ? 'the run before is not over' : undefined
    },
  }))

  return {
    jobs: Object.fromEntries(JOB_NAMES.map((job) => [job, () => run(job)])) as Record<JobName, () => Promise<void>>,
    schedules,
    /** Handler of `jobKind`. */
    run: (task: { payload: unknown }) => run(jobPayload.parse(task.payload).job),
  }
}
