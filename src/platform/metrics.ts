import type { Metric } from 'prom-client'

/** A metric that is counted in plain numbers and laid out at a scrape. */
export interface PlainMetric {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  values(): { metricName?: string; labels: Record<string, string | number>; value: number }[]
}

/**
 * prom-client's part of the metrics: the process itself, gauges, the text. The library, a fifth of the start's time, is loaded with the
 * first scrape; `plain` may grow after it.
 */
const createExposition = async (build: { version: string; dialect: string }, plain: PlainMetric[]) => {
  const { collectDefaultMetrics, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'trawl_build_info',
    help: 'Always 1; the labels tell what runs',
    labelNames: ['version', 'bun', 'dialect'],
    registers: [registry],
  }).set({ ...build, bun: Bun.version }, 1)
  const gauges = {
    tasks: new Gauge({
      name: 'trawl_tasks',
      help: 'Live and dead tasks of the engine',
      labelNames: ['kind', 'state'],
      registers: [registry],
    }),
    waiting: new Gauge({
      name: 'trawl_workers_waiting',
      help: 'Workers that wait for a task in this process',
      registers: [registry],
    }),
    sockets: new Gauge({ name: 'trawl_worker_sockets', help: 'Open worker sockets of this process', registers: [registry] }),
    connections: new Gauge({ name: 'database_connections_active', help: 'Database connections in use', registers: [registry] }),
  }
  let registered = 0
  const registerNew = () => {
    for (const { name, help, type, values } of plain.slice(registered))
      registry.registerMetric({
        name,
        get: async () => ({ name, help, type, values: values(), aggregator: 'sum' }),
        reset() {},
      } as unknown as Metric)
    registered = plain.length
  }
  return {
    gauges,
    text() {
      registerNew()
      return registry.metrics()
    },
  }
}
export type Gauges = Awaited<ReturnType<typeof createExposition>>['gauges']

/** Label values by name; the same names at every call of one metric. */
export type Labels = Record<string, string>

interface HistogramSeries {
  labels: Labels
  count: number
  sum: number
  /** Observations per bucket, not cumulated. */
  buckets: number[]
}

/** One number per set of labels. */
const createSeries = <T>(make: (labels: Labels) => T) => {
  const series = new Map<string, T>()
  return {
    of(labels: Labels): T {
      const key = Object.values(labels).join('\n')
      let known = series.get(key)
      if (!known) {
        known = make({ ...labels })
        series.set(key, known)
      }
      return known
    },
    all: () => [...series.values()],
    clear: () => series.clear(),
  }
}

/** The rows of a histogram's exposition: cumulated buckets, sum and count of each of its series. */
const histogramRows = (name: string, bounds: readonly number[], series: HistogramSeries[]): ReturnType<PlainMetric['values']> =>
  series.flatMap(({ labels, count, sum, buckets }) => {
    const of = (suffix: string, value: number, more = {}) => ({
      metricName: `${name}_${suffix}`,
      labels: { ...more, ...labels },
      value,
    })
    let below = 0
    const upTo = bounds.map((le, n) => {
      below += buckets[n] as number
      return of('bucket', below, { le })
    })
    return [...upTo, of('bucket', count, { le: '+Inf' }), of('sum', sum), of('count', count)]
  })

/** Adds one observation to its bucket. */
const observeInto = (series: Omit<HistogramSeries, 'labels'>, bounds: readonly number[], value: number): void => {
  series.count++
  series.sum += value
  for (let n = 0; n < bounds.length; n++)
    if (value <= (bounds[n] as number)) {
      series.buckets[n] = (series.buckets[n] as number) + 1
      return
    }
}

/** A counter of its own: `inc({method: 'x'})`; `inc(labels, 0)` makes a series visible before its first event. */
export const createCounter = (name: string, help: string) => {
  const series = createSeries((labels) => ({ labels, value: 0 }))
  const metric: PlainMetric = { name, help, type: 'counter', values: series.all }
  return {
    metric,
    inc(labels: Labels = {}, by = 1): void {
      series.of(labels).value += by
    },
  }
}

/** A gauge that its owner sets, best in a `metrics.onScrape` callback. */
export const createGauge = (name: string, help: string) => {
  const series = createSeries((labels) => ({ labels, value: 0 }))
  const metric: PlainMetric = { name, help, type: 'gauge', values: series.all }
  return {
    metric,
    set(labels: Labels, value: number): void {
      series.of(labels).value = value
    },
    /** Forgets all series, before those that still exist are set again. */
    reset: series.clear,
  }
}

/** A histogram with buckets of its own, in the unit of its name. */
export const createHistogram = (name: string, help: string, bounds: readonly number[]) => {
  const series = createSeries((labels) => ({ labels, count: 0, sum: 0, buckets: bounds.map(() => 0) }))
  const metric: PlainMetric = { name, help, type: 'histogram', values: () => histogramRows(name, bounds, series.all()) }
  return {
    metric,
    observe(labels: Labels, value: number): void {
      observeInto(series.of(labels), bounds, value)
    },
  }
}

export type Counter = Omit<ReturnType<typeof createCounter>, 'metric'>
export type Gauge = Omit<ReturnType<typeof createGauge>, 'metric'>
export type Histogram = Omit<ReturnType<typeof createHistogram>, 'metric'>

const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10]

interface Series {
  method: string
  route: string
  status_code: string
  outcome: 'success' | 'client_error' | 'client_closed' | 'error'
  count: number
  /** Seconds. */
  sum: number
  /** Requests per bucket, not cumulated. */
  buckets: number[]
}

/**
 * `http_requests_total` and `http_request_duration_seconds`, counted in plain numbers and written out at a scrape: prom-client's own
 * `inc` and `observe` cost more than a small answer does.
 */
const createRequestMetrics = () => {
  const routes = new Map<string, ReturnType<typeof makeRoute>>()
  const makeRoute = (method: string, route: string) => {
    const statuses = new Map<number, Series>()
    return {
      statuses,
      /** One answered request. */
      observe(status: number, seconds: number): void {
        let series = statuses.get(status)
        if (!series) {
          const outcome = status >= 500 ? 'error' : status === 499 ? 'client_closed' : status >= 400 ? 'client_error' : 'success'
          series = { method, route, status_code: String(status), outcome, count: 0, sum: 0, buckets: BUCKETS.map(() => 0) }
          statuses.set(status, series)
        }
        observeInto(series, BUCKETS, seconds)
      },
    }
  }
  const all = () => [...routes.values()].flatMap((route) => [...route.statuses.values()])
  const counts: PlainMetric = {
    name: 'http_requests_total',
    help: 'Answered requests',
    type: 'counter',
    values: () =>
      all().map(({ method, route, status_code, outcome, count }) => ({
        labels: { method, route, status_code, outcome },
        value: count,
      })),
  }
  const durations: PlainMetric = {
    name: 'http_request_duration_seconds',
    help: 'Time from a request to its answer',
    type: 'histogram',
    values: () =>
      histogramRows(
        'http_request_duration_seconds',
        BUCKETS,
        all().map(({ method, route, status_code, ...series }) => ({ ...series, labels: { method, route, status_code } })),
      ),
  }

  return {
    metrics: [counts, durations],
    /** Mean seconds of all requests but those of leases, which wait for tasks; undefined before the first. */
    latency(): number | undefined {
      const answered = all().filter(({ route }) => !route.endsWith('/lease'))
      const count = answered.reduce((sum, series) => sum + series.count, 0)
      return count === 0 ? undefined : answered.reduce((sum, series) => sum + series.sum, 0) / count
    },
    /** Where the requests of one route are counted: bound once, so that a request costs a few additions. */
    series(method: string, route: string) {
      const key = `${method} ${route}`
      let known = routes.get(key)
      if (!known) {
        known = makeRoute(method, route)
        routes.set(key, known)
      }
      return known
    },
  }
}

/** A label value a client chose is kept up to this many distinct ones; the rest count as `other`. */
const MAX_CLIENT_LABELS = 1000

export interface GaugeSource {
  /** Called at a scrape, at most every ten seconds. */
  refresh(gauges: Gauges): Promise<void>
}

/** Metrics of one process. What happens often is counted in plain numbers. */
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
  let exposition: ReturnType<typeof createExposition> | undefined

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
    /** A client's label, up to a number of distinct ones; then `other`. */
    spiderLabel,
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
      exposition ??= createExposition(build, plain)
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
