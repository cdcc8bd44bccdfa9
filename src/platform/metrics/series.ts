import type { PlainMetric } from './exposition.ts'

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
  outcome: 'success' | 'client_error' | 'error'
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
export const createRequestMetrics = () => {
  const routes = new Map<string, ReturnType<typeof makeRoute>>()
  const makeRoute = (method: string, route: string) => {
    const statuses = new Map<number, Series>()
    return {
      statuses,
      /** One answered request. */
      observe(status: number, seconds: number): void {
        let series = statuses.get(status)
        if (!series) {
          const outcome = status >= 500 ? 'error' : status >= 400 ? 'client_error' : 'success'
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
