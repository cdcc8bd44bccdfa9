import type { Platform } from '../../platform/index.ts'
import { createCachedCalls, createUpstream } from '../../platform/upstream/index.ts'
import { createLoki } from './loki.ts'
import { createPosthog } from './posthog.ts'
import { createPrometheus } from './prometheus.ts'
import type { AnalyticsDeps } from './service.ts'

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
