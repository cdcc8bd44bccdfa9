import type { Clock } from '../clock.ts'
import { bucketDecision, free, type RateClass, type RateDecision, type RateLimiter, windowDecision } from '../http/rate-limit.ts'
import type { Bus, Kv, LocalBus } from '../shared.ts'
import { openRedis, type Redis, type RedisOpening } from './client.ts'

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

/** The key-value port over Redis: the same values in every process, and over restarts of all of them. Rejects while Redis is away. */
const createSharedKv = (redis: Redis): Kv => ({
  get: redis.get,
  set: redis.set,
  delete: (key) => redis.delete(key),
})

/** The database a URL names: pub/sub knows none, and two fleets on one server must not get each other's events. */
const databaseOf = (url: string): string => /^[^?]*\/(\d+)(?:\?|$)/.exec(url.slice(url.indexOf('://') + 3))?.[1] ?? '0'

/**
 * The bus of several processes: handlers of this process run in the publisher's turn as ever, those of other processes get it over Redis pub/sub, each
 * once. What is published while Redis is away reaches this process alone; code that waits for an event of another process polls as well.
 */
export const createSharedBus = async (local: LocalBus, redis: Redis, url: string): Promise<Bus> => {
  const self = crypto.randomUUID()
  const channel = `trawl:events:${databaseOf(url)}`
  await redis.listen(channel, (text) => {
    const topicAt = text.indexOf('\n') + 1
    if (topicAt === self.length + 1 && text.startsWith(self)) return
    const bodyAt = text.indexOf('\n', topicAt) + 1
    const topic = text.slice(topicAt, bodyAt - 1)
    // Most events of a fleet have no subscriber in this process: they are not even parsed.
    if (bodyAt === 0 || !local.hasSubscribers(topic)) return
    let message: unknown
    try {
      message = JSON.parse(text.slice(bodyAt))
    } catch {
      // Not of ours: anybody on the server may publish there, and must not bring this process down.
      return
    }
    local.publish(topic, message)
  })
  return {
    publish(topic, message) {
      local.publish(topic, message)
      // At most once: the connection logs once that Redis is away, not for every event.
      redis.publish(channel, `${self}\n${topic}\n${JSON.stringify(message) ?? 'null'}`).catch(() => {})
    },
    publishHere: local.publishHere,
    subscribe: local.subscribe,
    isShared: redis.isUp,
  }
}

export type { Redis } from './client.ts'

/** The ports that Redis serves, in place of those of one process. Loaded only when `REDIS_URL` is set: a start without pays nothing. */
export const openShared = async (
  opening: RedisOpening & { clock: Clock; local: { bus: LocalBus; rateLimiter: RateLimiter } },
): Promise<{ redis: Redis; bus: Bus; kv: Kv; rateLimiter: RateLimiter }> => {
  const redis = await openRedis(opening)
  return {
    redis,
    bus: await createSharedBus(opening.local.bus, redis, opening.url),
    kv: createSharedKv(redis),
    rateLimiter: createSharedRateLimiter(redis, opening.clock, opening.local.rateLimiter),
  }
}
