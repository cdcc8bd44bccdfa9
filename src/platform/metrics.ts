import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

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
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Answered requests',
    labelNames: ['method', 'route', 'status_code', 'outcome'],
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to its answer',
    labelNames: ['method', 'route', 'status_code'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
    registers: [registry],
  })
  const bound = new Map<string, { count: Counter.Internal; time: Histogram.Internal<'method' | 'route' | 'status_code'> }>()
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
    /** One answered request. `route` is the template, `unmatched` for unknown paths. */
    request(method: string, route: string, status: number, seconds: number) {
      const key = `${method} ${route} ${status}`
      let labels = bound.get(key)
      if (!labels) {
        const outcome = status >= 500 ? 'error' : status >= 400 ? 'client_error' : 'success'
        const status_code = String(status)
        labels = {
          count: requests.labels({ method, route, status_code, outcome }),
          time: durations.labels({ method, route, status_code }),
        }
        bound.set(key, labels)
      }
      labels.count.inc()
      labels.time.observe(seconds)
    },
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
