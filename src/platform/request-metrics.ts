import type { PlainMetric } from './exposition.ts'

const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10]

interface Series {
  method: string
  route: string
  status_code: string
  outcome: 'success' | 'client_error' | 'error'
  count: number
  seconds: number
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
          series = { method, route, status_code: String(status), outcome, count: 0, seconds: 0, buckets: BUCKETS.map(() => 0) }
          statuses.set(status, series)
        }
        series.count++
        series.seconds += seconds
        for (let n = 0; n < BUCKETS.length; n++)
          if (seconds <= (BUCKETS[n] as number)) {
            series.buckets[n] = (series.buckets[n] as number) + 1
            break
          }
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
      all().flatMap(({ method, route, status_code, count, seconds, buckets }) => {
        const labels = { method, route, status_code }
        const of = (suffix: string, value: number, more = {}) => ({
          metricName: `http_request_duration_seconds_${suffix}`,
          labels: { ...more, ...labels },
          value,
        })
        let below = 0
        const upTo = BUCKETS.map((le, n) => {
          below += buckets[n] as number
          return of('bucket', below, { le })
        })
        return [...upTo, of('bucket', count, { le: '+Inf' }), of('sum', seconds), of('count', count)]
      }),
  }

  return {
    metrics: [counts, durations],
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
