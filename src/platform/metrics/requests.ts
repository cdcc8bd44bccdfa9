import type { PlainMetric } from './exposition.ts'
import { histogramRows, observeInto } from './series.ts'

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
