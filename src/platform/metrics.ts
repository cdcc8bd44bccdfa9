import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { createRequestMetrics } from './request-metrics.ts'

/** A label value a client chose is kept up to this many distinct ones; the rest count as `other`. */
const MAX_CLIENT_LABELS = 1000

export interface GaugeSource {
  /** Called at a scrape, at most every ten seconds. */
  refresh(): Promise<void>
}

/** Metrics of one process. Label sets are bound once, so that a request costs a map lookup. */
export const createMetrics = (build: { version: string; dialect: string }) => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'trawl_build_info',
    help: 'Always 1; the labels tell what runs',
    labelNames: ['version', 'bun', 'dialect'],
    registers: [registry],
  }).set({ ...build, bun: Bun.version }, 1)
  const requests = createRequestMetrics(registry)
  const scraped = new Counter({
    name: 'scraped_items_total',
    help: 'Products stored from ingested batches',
    labelNames: ['spider'],
    registers: [registry],
  })
  const batches = new Counter({
    name: 'ingestion_batches_total',
    help: 'Ingested batches',
    labelNames: ['spider', 'status'],
    registers: [registry],
  })
  const tasks = new Gauge({
    name: 'trawl_tasks',
    help: 'Live and dead tasks of the engine',
    labelNames: ['kind', 'state'],
    registers: [registry],
  })
  const waiting = new Gauge({
    name: 'trawl_workers_waiting',
    help: 'Workers that wait for a task in this process',
    registers: [registry],
  })
  const sockets = new Gauge({ name: 'trawl_worker_sockets', help: 'Open worker sockets of this process', registers: [registry] })
  const connections = new Gauge({
    name: 'database_connections_active',
    help: 'Database connections in use',
    registers: [registry],
  })
  const dispatched = new Counter({
    name: 'trawl_runs_dispatched_total',
    help: 'Source runs dispatched by the scheduler',
    registers: [registry],
  })

  const spiders = new Set<string>()
  const spiderLabel = (siteKey: string) => {
    if (spiders.has(siteKey)) return siteKey
    if (spiders.size >= MAX_CLIENT_LABELS) return 'other'
    spiders.add(siteKey)
    return siteKey
  }
  const sources: GaugeSource[] = []
  let refreshedAt = Number.NEGATIVE_INFINITY

  return {
    registry,
    tasks,
    waiting,
    sockets,
    connections,
    dispatched,
    /** Counts the requests of a route; `route` is the template, `unmatched` for unknown paths. */
    series: requests.series,
    batch(siteKey: string, status: 'success' | 'partial' | 'error', items: number) {
      const spider = spiderLabel(siteKey)
      batches.labels({ spider, status }).inc()
      if (items > 0) scraped.labels({ spider }).inc(items)
    },
    /** Gauges that are read from elsewhere at a scrape. */
    onScrape(source: GaugeSource) {
      sources.push(source)
    },
    /** The exposition text; gauges are refreshed when older than ten seconds. */
    async text(now: number): Promise<string> {
      if (now - refreshedAt >= 10_000) {
        refreshedAt = now
        await Promise.all(sources.map((source) => source.refresh()))
      }
      return registry.metrics()
    },
  }
}
export type Metrics = ReturnType<typeof createMetrics>
