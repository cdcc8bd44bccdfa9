import type { z } from 'zod'
import { AUDITED, type Audited } from '../../access/audit.ts'
import { type Clock, DAY_MS, HOUR_MS, MINUTE_MS, timeOfId } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Bus } from '../../platform/shared.ts'
import type { Engine } from '../../tasks/index.ts'
import type { Attention } from '../attention/service.ts'
import { invalidField } from '../envelope.ts'
import type { Fleet } from '../fleet/service.ts'
import { BATCH_STORED, type BatchStored } from '../ingestion/service.ts'
import type { RunStore } from '../sources/runs.ts'
import { createActivity } from './activity.ts'
import { createEventStore, eventsOf, type NewEvent } from './events.ts'
import type { seriesQuery } from './model.ts'
import { createSeries, MAX_POINTS, SERIES } from './series.ts'
import { createSnapshots } from './snapshots.ts'
import { createEventStreams } from './stream.ts'

/** How long a stop waits for its last writes, in ms. */
const STOP_MS = 2000

export interface LiveDeps {
  db: Db
  clock: Clock
  bus: Bus
  log: Log
  metrics: Metrics
  engine: Engine
  runs: Pick<RunStore, 'takeChanged'>
  attention: Attention
  workers: Fleet['workers']
}

/** What happens in the fleet, as events and as figures: one look at the changes of this process feeds both. */
export const createLive = ({ db, clock, bus, log, metrics, engine, runs, attention, workers }: LiveDeps) => {
  const activity = createActivity({ db, clock, takeTasks: engine.collectChanges(), takeRuns: runs.takeChanged })
  const store = createEventStore({ db, bus, clock })
  const series = createSeries({ db, clock })
  const snapshot = createSnapshots({ db, clock, engine, attention, workers })
  const streams = createEventStreams({ clock, bus, log, store, snapshot })
  const runsEnded = metrics.counter('trawl_runs_total', 'Runs of sources that have ended')
  const tasksEnded = metrics.counter('trawl_tasks_ended_total', 'Tasks that have ended')
  const itemsRejected = metrics.counter('trawl_items_rejected_total', 'Elements of batches that were not stored')

  let audited: NewEvent[] = []
  const unsubscribe = [
    bus.subscribe(AUDITED, (entry: Audited) => {
      audited.push({ topics: ['audit'], type: entry.action, at: clock.now(), data: { ...entry } })
    }),
    bus.subscribe(BATCH_STORED, ({ siteKey, tookMs, ...batch }: BatchStored) => {
      series.count('items_new', siteKey, batch.new)
      series.count('items_updated', siteKey, batch.updated)
      series.count('items_unchanged', siteKey, batch.unchanged)
      series.count('items_rejected', siteKey, batch.rejected)
      series.count('ingest_ms', '', tookMs)
      if (batch.rejected > 0) itemsRejected.inc({ spider: metrics.spiderLabel(siteKey) }, batch.rejected)
    }),
  ]
  let flushing: Promise<void> | undefined
  const flush = async (): Promise<void> => {
    const seen = await activity.look()
    const events = audited
    audited = []
    if (seen) {
      series.countActivity(seen)
      for (const { run, type } of seen.runs)
        if (type === 'run.ended') {
          const status = run.status === 'completed' && run.isPartial ? 'partial' : run.status
          runsEnded.inc({ status, spider: metrics.spiderLabel(run.siteKey) })
        }
      for (const [kind, states] of seen.tasks)
        for (const state of ['completed', 'failed', 'cancelled', 'dead'] as const) {
          const count = states.get(state)
          if (count) tasksEnded.inc({ kind, state }, count)
        }
      events.unshift(...eventsOf(seen))
    }
    await store.add(events)
  }
  /** Shows and counts what this process has changed. One at a time. */
  const report = (): Promise<void> =>
    (flushing ??= flush().finally(() => {
      flushing = undefined
    }))

  return {
    streams,
    events: store,
    series,
    report,
    purgeEvents: store.purge,
    /** To be called about every second by every process. */
    async sweep(): Promise<void> {
      await report()
      await series.write()
      await streams.sweep()
    },
    /** How tasks stand, by kind and state, with the rates of the last minutes. */
    async taskCounts(siteKey: string | undefined) {
      const [standings, rates] = await Promise.all([
        engine.standings(siteKey),
        siteKey === undefined ? series.ratesByKind() : undefined,
      ])
      return {
        items: standings.map(({ kind, state, count, oldest }) => {
          const rate = rates?.get(`${kind} ${state}`)
          return {
            kind,
            state,
            count,
            oldest_at: oldest === null ? null : new Date(timeOfId(oldest)).toISOString(),
            ...(rates ? { per_minute_1: rate?.last ?? 0, per_minute_15: rate?.mean15 ?? 0 } : {}),
          }
        }),
      }
    },
    /** Samples how tasks stand: a step of a schedule. */
    *sample(tx: Tx, now: Date): Steps<void> {
      yield* series.sample(tx, yield* engine.readStandings(tx), now)
    },
    /** A series between two times. @throws AppError 422 for a label that the series does not have, and for a range that is none */
    async read({ name, site_key: site, kind, from, to, step }: z.output<typeof seriesQuery>) {
      const { is, label } = SERIES[name]
      if (site && label !== 'site') throw invalidField(['query', 'site_key'], `${name} has no site`, site)
      if (kind && label !== 'kind') throw invalidField(['query', 'kind'], `${name} has no kind`, kind)
      const end = to?.getTime() ?? clock.now()
      const begin = from?.getTime() ?? end - DAY_MS
      if (begin >= end) throw invalidField(['query', 'from'], 'Input should be before `to`', from?.toISOString() ?? null)
      const whole = (ms: number, of: number) => Math.ceil(ms / of) * of
      const least = Math.max(MINUTE_MS, (end - begin) / (MAX_POINTS - 1))
      const asked = Math.max(least, (step ?? 0) * 1000)
      const isOld = begin < clock.now() - 14 * DAY_MS
      const stepMs = whole(asked, isOld ? HOUR_MS : MINUTE_MS)
      const read = await series.read(name, { label: site ?? kind ?? undefined, from: begin, to: end, stepMs })
      return {
        name,
        is,
        step: read.stepMs / 1000,
        points: read.points.map(([at, value]): [string, number] => [new Date(at).toISOString(), value]),
      }
    },
    /** Ends all streams. */
    endConnections: () => streams.stop(),
    /** Writes what is counted and not written, if the database answers within two seconds. */
    async stop(): Promise<void> {
      for (const end of unsubscribe) end()
      const over = new AbortController()
      const writing = report()
        .then(() => series.write(true))
        .catch((error) => log.warn('the last events and figures were not written', { error }))
      await Promise.race([writing, clock.sleep(STOP_MS, over.signal)])
      over.abort()
    },
  }
}
export type Live = ReturnType<typeof createLive>
