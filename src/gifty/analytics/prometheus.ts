import { z } from 'zod'
import type { Upstream } from '../../platform/upstream/index.ts'

/** Made only where Prometheus is configured. */
const answer = () =>
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
  const body = answer()
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
