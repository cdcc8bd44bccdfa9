import type { Clock } from '../clock.ts'
import { bucketDecision, free, type RateClass, type RateDecision, type RateLimiter, windowDecision } from '../http/rate-limit.ts'
import type { Redis } from './client.ts'

/**
 * Both verbs in one script, so that reading, deciding and writing are one step for all processes. It works as the limiter of one
 * process does: a refused request costs nothing, and a clock that was set back neither takes tokens away nor makes a window longer.
 *
 * `now` is an argument and not Redis' own time: all of Trawl reads one clock, which tests control. Servers that keep time differ by
 * milliseconds, windows last seconds or more; a server whose clock runs wildly wrong shortens windows for all, it never opens them
 * for ever. A key expires one minute after its window, when it has no effect any more.
 */
const LIMIT = `
local now, limit, window = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local first, second = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%S+)$')
local a, b = tonumber(first), tonumber(second)
local allowed = 0
if ARGV[1] == 'take' then
  local tokens = limit
  if a then tokens = math.min(limit, a + math.max(0, now - b) * (limit / window)) end
  if tokens >= 1 then
    allowed = 1
    tokens = tokens - 1
  end
  a, b = tokens, now
else
  if not a or b <= now or b > now + window then a, b = 0, now + window end
  if a < limit then
    allowed = 1
    a = a + 1
  end
end
local x, y = string.format('%.17g', a), string.format('%.17g', b)
redis.call('SET', KEYS[1], x .. ' ' .. y, 'PX', window + 60000)
return { allowed, x, y }
`

/** Rate limits shared by all processes. While Redis is away each process counts for itself (love-parser §10). */
export const createSharedRateLimiter = (redis: Redis, clock: Clock, local: RateLimiter): RateLimiter => {
  const run = redis.script(LIMIT)
  const ask = async (
    verb: 'take' | 'count',
    rateClass: RateClass,
    key: string,
    decide: (allowed: boolean, a: number, b: number, now: number) => RateDecision,
  ): Promise<RateDecision> => {
    const { name, limit, windowMs } = rateClass
    const now = clock.now()
    try {
      const [allowed, a, b] = (await run([`ratelimit:${name}:${key}`], [verb, now, limit, windowMs])) as [number, string, string]
      return decide(allowed === 1, Number(a), Number(b), now)
    } catch {
      // Not logged here: the connection logs an outage once. Counting per process for a while is better than refusing the request.
      return local[verb](rateClass, key)
    }
  }
  return {
    take: (rateClass, key) =>
      rateClass.limit === 0
        ? free(0)
        : ask('take', rateClass, key, (allowed, tokens) => bucketDecision(rateClass, allowed, tokens)),
    count: (rateClass, key) =>
      rateClass.limit === 0
        ? free(0)
        : ask('count', rateClass, key, (allowed, count, endsAt, now) => windowDecision(rateClass, allowed, count, endsAt - now)),
  }
}
