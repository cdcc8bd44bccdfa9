import type { Clock } from '../../platform/clock.ts'
import { type CachedCalls, type Fetched, UpstreamError } from '../../platform/upstream.ts'
import { isoTime } from '../fields.ts'
import type { ScrapingReport } from '../reports.ts'
import type { FunnelAnswer, ScrapingAnswer, StatsAnswer, TechnicalAnswer, TrendsAnswer } from './index.ts'
import type { FunnelStep, Loki, Posthog, Prometheus, Sample } from './upstreams.ts'

const DAU_MS = 300_000
const QUERY_MS = 600_000
const TECHNICAL_MS = 60_000
/** Milliseconds of caching: concurrent calls share one answer, which is not kept. */
const UNCACHED_MS = 0

const REQUESTS = 'sum(rate(http_request_duration_seconds_count[5m])) * 60'
const FAILURES = 'sum(rate(http_request_duration_seconds_count{status_code=~"5.."}[5m]))'
const ITEMS = 'sum(scraped_items_total)'
const BATCH_ERRORS = 'sum(ingestion_batches_total{status="error"})'
const PER_SPIDER = 'sum by (spider) (scraped_items_total)'

const round = (value: number, decimals: number) => Math.round(value * 10 ** decimals) / 10 ** decimals
const percent = (part: number, whole: number) => (whole > 0 ? round((part / whole) * 100, 2) : 0)

/** The outcome of one query: `value`, or the `failure` code; neither when the upstream is not configured. */
interface Outcome<T> {
  value?: T
  at?: number
  failure?: string
}

export interface AnalyticsDeps {
  clock: Clock
  cached: CachedCalls
  /** Undefined: not configured. */
  posthog: Posthog | undefined
  prometheus: Prometheus | undefined
  loki: Loki | undefined
  countWorkers(): Promise<number>
  /** Undefined when Redis is not configured; rejects while it is away. */
  redisMemoryBytes: (() => Promise<number | undefined>) | undefined
  /** Mean time of this process's answers; undefined before the first. */
  latencySeconds(): number | undefined
  /** Share of the data's file system that is used, 0..1; undefined where the data is elsewhere. */
  diskUsage(): Promise<number | undefined>
  scrapingReport(): Promise<ScrapingReport>
}

/** Figures of PostHog, Prometheus and Loki for the dashboard (gifty §10). When one of them fails, its figures are zero or empty. */
export const createAnalytics = ({
  clock,
  cached,
  posthog,
  prometheus,
  loki,
  countWorkers,
  redisMemoryBytes,
  latencySeconds,
  diskUsage,
  scrapingReport,
}: AnalyticsDeps) => {
  const ask = async <T>(name: string, call: () => Promise<Fetched<T>>): Promise<Outcome<T>> => {
    try {
      return await call()
    } catch (error) {
      if (error instanceof UpstreamError) return { failure: `${name}_${error.reason}` }
      throw error
    }
  }
  const ofPosthog = <T>(key: string, ttlMs: number, call: (posthog: Posthog) => Promise<T>): Promise<Outcome<T>> =>
    posthog
      ? ask('posthog', () => cached.get(`analytics:posthog:${key}`, ttlMs, () => call(posthog)))
      : Promise.resolve({ failure: 'posthog_not_configured' })
  const trend = (event: string, math: 'dau' | undefined, days: number, ttlMs: number) =>
    ofPosthog(`trend:${event}:${days}`, ttlMs, (to) => to.trend(event, math, `-${days}d`))
  const funnel = (events: readonly string[], days: number) =>
    ofPosthog(`funnel:${events.join(',')}:${days}`, QUERY_MS, (to) => to.funnel(events, `-${days}d`))
  const ofPrometheus = (query: string, ttlMs: number): Promise<Outcome<Sample[]>> =>
    prometheus
      ? ask('prometheus', () => cached.get(`analytics:prometheus:${query}`, ttlMs, () => prometheus.query(query)))
      : Promise.resolve({})
  const lastErrors = (): Promise<Outcome<string[]>> =>
    loki
      ? ask('loki', () => cached.get('analytics:loki:errors', TECHNICAL_MS, () => loki.lastErrors(clock.now())))
      : Promise.resolve({})

  /** `last_updated` is the time of the oldest figure; `error` the first failure in the order of the queries. */
  const freshnessOf = (outcomes: Outcome<unknown>[]) => {
    const failure = outcomes.find((outcome) => outcome.failure !== undefined)?.failure
    const at = Math.min(clock.now(), ...outcomes.flatMap((outcome) => outcome.at ?? []))
    return { last_updated: isoTime(new Date(at)), ...(failure === undefined ? {} : { error: failure }) }
  }
  const countOf = (steps: FunnelStep[] | undefined, n: number) => steps?.[n]?.count ?? 0

  return {
    async stats(): Promise<StatsAnswer> {
      const outcomes = await Promise.all([
        trend('page_viewed', 'dau', 1, DAU_MS),
        funnel(['quiz_started', 'quiz_completed'], 7),
        funnel(['results_shown', 'gift_clicked'], 7),
      ])
      const [dau, quiz, gifts] = outcomes
      return {
        dau: dau.value?.values.at(-1) ?? 0,
        quiz_completion_rate: percent(countOf(quiz.value, 1), countOf(quiz.value, 0)),
        gift_ctr: percent(countOf(gifts.value, 1), countOf(gifts.value, 0)),
        total_sessions: countOf(quiz.value, 0),
        ...freshnessOf(outcomes),
      }
    },
    /** `days` 1..90. */
    async trends(days: number): Promise<TrendsAnswer> {
      const outcomes = await Promise.all([
        trend('page_viewed', 'dau', days, QUERY_MS),
        trend('quiz_started', undefined, days, QUERY_MS),
      ])
      const [dau, starts] = outcomes
      return {
        dates: (dau.value ?? starts.value)?.labels ?? [],
        dau_trend: dau.value?.values ?? [],
        quiz_starts: starts.value?.values ?? [],
        ...freshnessOf(outcomes),
      }
    },
    async funnel(): Promise<FunnelAnswer> {
      const outcome = await funnel(['quiz_started', 'quiz_completed', 'results_shown', 'gift_clicked'], 30)
      return {
        steps: (outcome.value ?? []).map(({ name, count, rate }) => ({ name, count, conversion_rate: round(rate * 100, 2) })),
        ...freshnessOf([outcome]),
      }
    },
    async technical(): Promise<TechnicalAnswer> {
      const [requests, failures, errors, workers, redisBytes, diskShare] = await Promise.all([
        ofPrometheus(REQUESTS, TECHNICAL_MS),
        ofPrometheus(FAILURES, TECHNICAL_MS),
        lastErrors(),
        countWorkers(),
        redisMemoryBytes?.().catch(() => undefined),
        diskUsage().catch(() => undefined),
      ])
      const seconds = latencySeconds()
      const failed = requests.failure !== undefined || failures.failure !== undefined
      return {
        api_health: failed ? 'error' : requests.value?.length ? 'healthy' : 'unknown',
        requests_per_minute: round(requests.value?.[0]?.value ?? 0, 2),
        error_rate_5xx: round(failures.value?.[0]?.value ?? 0, 4),
        active_workers: workers,
        last_errors: errors.value ?? [],
        // Unknown figures are left out: clients would show the word null.
        ...(redisBytes === undefined ? {} : { redis_memory_mb: round(redisBytes / 1_048_576, 2) }),
        ...(seconds === undefined ? {} : { api_latency_ms: round(seconds * 1000, 1) }),
        ...(diskShare === undefined ? {} : { disk_usage_percent: round(diskShare * 100, 1) }),
        ...freshnessOf([requests, failures, errors]),
      }
    },
    /** Prometheus where it has data, else what the runs have counted. */
    async scraping(): Promise<ScrapingAnswer> {
      const [items, errors, perSpider, own] = await Promise.all([
        ofPrometheus(ITEMS, UNCACHED_MS),
        ofPrometheus(BATCH_ERRORS, UNCACHED_MS),
        ofPrometheus(PER_SPIDER, UNCACHED_MS),
        scrapingReport(),
      ])
      const named = (perSpider.value ?? []).filter((sample) => sample.labels.spider)
      const spiders = named.length > 0 ? named.map(({ labels, value }) => [labels.spider as string, value] as const) : own.perSite
      return {
        active_sources: own.activeSources,
        unmapped_categories: own.unmappedCategories,
        total_scraped_items: items.value?.[0]?.value ?? own.items,
        ingestion_errors: errors.value?.[0]?.value ?? own.errors,
        spiders: Object.fromEntries(spiders.map(([name, items_scraped]) => [name, { items_scraped }])),
        ...freshnessOf([items, errors, perSpider]),
      }
    },
  }
}
export type Analytics = ReturnType<typeof createAnalytics>
