import type { createExposition, Gauges, PlainMetric } from './exposition.ts'
import {
  type Counter,
  createCounter,
  createGauge,
  createHistogram,
  createRequestMetrics,
  type Gauge,
  type Histogram,
} from './series.ts'

/** A label value a client chose is kept up to this many distinct ones; the rest count as `other`. */
const MAX_CLIENT_LABELS = 1000

export interface GaugeSource {
  /** Called at a scrape, at most every ten seconds. */
  refresh(gauges: Gauges): Promise<void>
}

/**
 * Metrics of one process. What happens often is counted in plain numbers; prom-client, a fifth of the start's time, is loaded with
 * the first scrape.
 */
export const createMetrics = (build: { version: string; dialect: string }) => {
  const requests = createRequestMetrics()
  const scraped = new Map<string, number>()
  const batches = new Map<string, { spider: string; status: string; count: number }>()
  let dispatched = 0
  let skipped = 0
  const plain: PlainMetric[] = [
    ...requests.metrics,
    {
      name: 'scraped_items_total',
      help: 'Products stored from ingested batches',
      type: 'counter',
      values: () => [...scraped].map(([spider, value]) => ({ labels: { spider }, value })),
    },
    {
      name: 'ingestion_batches_total',
      help: 'Ingested batches',
      type: 'counter',
      values: () => [...batches.values()].map(({ spider, status, count }) => ({ labels: { spider, status }, value: count })),
    },
    {
      name: 'trawl_runs_dispatched_total',
      help: 'Source runs dispatched by the scheduler',
      type: 'counter',
      values: () => [{ labels: {}, value: dispatched }],
    },
    {
      name: 'trawl_schedule_skips_total',
      help: 'Times of schedules that met an open run of their source and were skipped',
      type: 'counter',
      values: () => [{ labels: {}, value: skipped }],
    },
  ]

  // By name, because two parts of the system may count in the same metric.
  const named = new Map<string, unknown>()
  const once = <T extends { metric: PlainMetric }>(name: string, make: () => T): T => {
    const known = named.get(name)
    if (known) return known as T
    const made = make()
    named.set(name, made)
    plain.push(made.metric)
    return made
  }

  const spiders = new Set<string>()
  const spiderLabel = (siteKey: string) => {
    if (spiders.has(siteKey)) return siteKey
    if (spiders.size >= MAX_CLIENT_LABELS) return 'other'
    spiders.add(siteKey)
    return siteKey
  }
  const sources: GaugeSource[] = []
  let refreshedAt = Number.NEGATIVE_INFINITY
  let exposition: Promise<ReturnType<typeof createExposition>> | undefined

  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    /** Counts the requests of a route; `route` is the template, `unmatched` for unknown paths. */
    series: requests.series,
    batch(siteKey: string, status: 'success' | 'partial' | 'error', items: number) {
      const spider = spiderLabel(siteKey)
      const key = `${status} ${spider}`
      const known = batches.get(key)
      if (known) known.count++
      else batches.set(key, { spider, status, count: 1 })
      if (items > 0) scraped.set(spider, (scraped.get(spider) ?? 0) + items)
    },
    /** Counts what a turn of the scheduler did: runs opened, and times skipped because a run was open. */
    dispatched(runs: number, skips: number) {
      dispatched += runs
      skipped += skips
    },
    /** Mean seconds from a request to its answer, of all but those that wait on purpose; undefined before the first. */
    latency: requests.latency,
    /** A counter that anyone may define; the same name gives the same one. `inc(labels, by = 1)`. */
    counter: (name: string, help: string): Counter => once(name, () => createCounter(name, help)),
    /** A gauge likewise. `set(labels, value)`; set it in `onScrape` when it costs a query. */
    gauge: (name: string, help: string): Gauge => once(name, () => createGauge(name, help)),
    /** A histogram likewise. `observe(labels, value)`; `bounds` ascend, in the unit of the name. */
    histogram: (name: string, help: string, bounds: readonly number[]): Histogram =>
      once(name, () => createHistogram(name, help, bounds)),
    /** Gauges that are read from elsewhere at a scrape. */
    onScrape(source: GaugeSource) {
      sources.push(source)
    },
    /** The exposition text; gauges are refreshed when older than ten seconds. */
    async text(now: number): Promise<string> {
      exposition ??= import('./exposition.ts').then((module) => module.createExposition(build, plain))
      const { gauges, text } = await exposition
      if (now - refreshedAt >= 10_000) {
        refreshedAt = now
        await Promise.all(sources.map((source) => source.refresh(gauges)))
      }
      return text()
    },
  }
}
export type Metrics = ReturnType<typeof createMetrics>
