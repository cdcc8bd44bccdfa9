import { z } from 'zod'
import type { Upstream } from '../../platform/upstream/index.ts'

/** Made only where PostHog is configured: a start without it need not pay for them. */
const answers = () => {
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
  const { trends, funnel } = answers()
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
