import { z } from 'zod'
import { HOUR_MS } from '../../platform/clock.ts'
import type { Platform } from '../../platform/index.ts'
import { redactText } from '../../platform/log.ts'
import { createCachedCalls, createUpstream, type Upstream } from '../../platform/upstream.ts'
import type { AnalyticsDeps } from './service.ts'

const LIMIT = 5
const LINE_MAX = 200
const ERRORS = '{job=~".+"} |~ "(?i)(error|exception)"'

/** Made only where Loki is configured. */
const lokiAnswer = () =>
  z.object({
    data: z.object({
      result: z.array(z.object({ values: z.array(z.tuple([z.string().regex(/^\d{1,30}$/), z.string()], z.unknown())) })),
    }),
  })
const nanoseconds = (at: number) => `${at}000000`
const cut = (line: string) => (line.length > LINE_MAX ? `${line.slice(0, LINE_MAX).toWellFormed()}...` : line)

/** Queries to Loki (gifty §10). Throws UpstreamError. */
export const createLoki = (upstream: Upstream) => {
  const body = lokiAnswer()
  return {
    /** Error lines of the hour before `now`, newest first, without the secrets they may hold. */
    lastErrors: (now: number): Promise<string[]> =>
      upstream.call({
        path: '/loki/api/v1/query_range',
        query: {
          query: ERRORS,
          limit: String(LIMIT),
          direction: 'backward',
          start: nanoseconds(now - HOUR_MS),
          end: nanoseconds(now),
        },
        read: (given) =>
          body
            .parse(given)
            .data.result.flatMap(({ values }) => values.map(([at, line]) => ({ at: BigInt(at), line })))
            .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
            .slice(0, LIMIT)
            .map(({ line }) => cut(redactText(line))),
      }),
  }
}
export type Loki = ReturnType<typeof createLoki>

/** Made only where PostHog is configured: a start without it need not pay for them. */
const posthogAnswers = () => {
  const trend = z.object({ data: z.array(z.number()), labels: z.array(z.string()).optional() })
  const step = z.object({
    name: z.string(),
    count: z.number(),
    conversionRates: z.object({ total: z.number().nullish() }).nullish(),
  })
  const steps = z.array(step)
  return {
    trends: z.object({ results: z.array(trend) }),
    funnel: z
      .object({ results: z.union([steps, z.tuple([steps], z.unknown())]) })
      .transform(({ results }) => (Array.isArray(results[0]) ? results[0] : results) as z.output<typeof step>[]),
  }
}

export interface Trend {
  /** One a day, oldest first. */
  values: number[]
  labels: string[]
}
export interface FunnelStep {
  name: string
  count: number
  /** Of the first step's count, 0..1. */
  rate: number
}

/** Queries to PostHog in the contract's words (gifty §10). All throw UpstreamError. */
export const createPosthog = (upstream: Upstream, { apiKey, projectId }: { apiKey: string; projectId: string }) => {
  const { trends, funnel } = posthogAnswers()
  const query = <T>(body: unknown, read: (body: unknown) => T) =>
    upstream.call({
      method: 'POST',
      path: `/api/projects/${projectId}/query/`,
      headers: { authorization: `Bearer ${apiKey}` },
      body: { query: body },
      read,
    })
  return {
    /** An event a day since `dateFrom` (`-7d`). */
    trend: (event: string, math: 'dau' | undefined, dateFrom: string): Promise<Trend> =>
      query(
        {
          kind: 'TrendsQuery',
          series: [math ? { event, math } : { event }],
          dateRange: { date_from: dateFrom },
          interval: 'day',
        },
        (body) => {
          const [first] = trends.parse(body).results
          return { values: first?.data ?? [], labels: first?.labels ?? [] }
        },
      ),
    /** How many went from each event to the next since `dateFrom`. */
    funnel: (events: readonly string[], dateFrom: string): Promise<FunnelStep[]> =>
      query(
        { kind: 'FunnelsQuery', series: events.map((event) => ({ event })), dateRange: { date_from: dateFrom } },
        (body): FunnelStep[] => {
          const steps = funnel.parse(body)
          const base = steps[0]?.count ?? 0
          return steps.map(({ name, count, conversionRates }) => ({
            name,
            count,
            rate: conversionRates?.total ?? (base > 0 ? count / base : 0),
          }))
        },
      ),
  }
}
export type Posthog = ReturnType<typeof createPosthog>

/** Made only where Prometheus is configured. */
const prometheusAnswer = () =>
  z.object({
    status: z.literal('success'),
    data: z.object({
      result: z.array(
        z.object({ metric: z.record(z.string(), z.string()).optional(), value: z.tuple([z.number(), z.string()], z.unknown()) }),
      ),
    }),
  })

export interface Sample {
  labels: Record<string, string>
  value: number
}

/** Instant queries to Prometheus (gifty §10); samples that are no finite numbers are left out. Throws UpstreamError. */
export const createPrometheus = (upstream: Upstream) => {
  const body = prometheusAnswer()
  return {
    query: (query: string): Promise<Sample[]> =>
      upstream.call({
        path: '/api/v1/query',
        query: { query },
        read: (given) =>
          body
            .parse(given)
            .data.result.map(({ metric, value }) => ({ labels: metric ?? {}, value: Number(value[1]) }))
            .filter(({ value }) => Number.isFinite(value)),
      }),
  }
}
export type Prometheus = ReturnType<typeof createPrometheus>

const POSTHOG_TIMEOUT_MS = 10_000
const TIMEOUT_MS = 5000
/** Five failures in a row open an upstream's circuit for 30 s (gifty §10). */
const BREAKER = { failures: 5, openMs: 30_000, strict: true }

/** The configured upstreams of the analytics routes, and the cache of their answers. */
export const analyticsUpstreams = ({
  config: { posthog, prometheusUrl, lokiUrl },
  clock,
  kv,
  metrics,
}: Platform): Pick<AnalyticsDeps, 'cached' | 'posthog' | 'prometheus' | 'loki'> => {
  const calls = metrics.counter('trawl_upstream_calls_total', 'Calls to services of others')
  const upstream = (name: string, base: string, timeoutMs = TIMEOUT_MS) =>
    createUpstream({
      name,
      base,
      timeoutMs,
      breaker: BREAKER,
      clock,
      observe: (outcome) => calls.inc({ upstream: name, outcome }),
    })
  return {
    cached: createCachedCalls({ kv, clock }),
    posthog: posthog && createPosthog(upstream('posthog', posthog.host, POSTHOG_TIMEOUT_MS), posthog),
    prometheus: prometheusUrl === undefined ? undefined : createPrometheus(upstream('prometheus', prometheusUrl)),
    loki: lokiUrl === undefined ? undefined : createLoki(upstream('loki', lokiUrl)),
  }
}
