import type { Platform } from '../../platform/index.ts'
import { createUpstream, UpstreamError } from '../../platform/upstream/index.ts'
import { createWeeekClient } from './client.ts'

const TIMEOUT_MS = 10_000
/** Weeek as a whole does not answer; any other status is about one account or one task. */
const isOutage = (error: unknown) =>
  error instanceof UpstreamError && (error.status === undefined || (error.status >= 502 && error.status <= 504))

/** Clients of the configured Weeek, by token. */
export const weeekClients = ({ config, clock, metrics }: Platform) => {
  const calls = metrics.counter('trawl_upstream_calls_total', 'Calls to services of others')
  const upstream = createUpstream({
    name: 'weeek',
    base: config.weeekApiBase,
    timeoutMs: TIMEOUT_MS,
    retries: 1,
    breaker: { failures: 5, openMs: 30_000, strict: false, counts: isOutage },
    clock,
    observe: (outcome) => calls.inc({ upstream: 'weeek', outcome }),
  })
  return createWeeekClient(upstream, clock)
}
