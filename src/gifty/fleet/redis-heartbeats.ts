import { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import type { Redis } from '../../platform/redis/index.ts'
import { isoTime } from '../fields.ts'
import { type WorkerView, workerHeartbeatBody } from './model.ts'

const KEYS = 'worker_heartbeat:'
const MGET_MAX = 500

/** A time as workers write it: ISO 8601, UTC where no zone is named, or seconds or milliseconds since the epoch. */
const seenAt = z.union([
  z
    .string()
    .transform((text) => Date.parse(/(?:z|[+-]\d\d:?\d\d)$/i.test(text.trim()) ? text : `${text}Z`))
    .refine(Number.isFinite),
  z
    .number()
    .transform((value) => (value < 1e11 ? value * 1000 : value))
    .refine((value) => Math.abs(value) <= 8.64e15),
])
/** The body of the HTTP heartbeat, and when it was written. */
const heartbeat = workerHeartbeatBody.extend({ last_seen: seenAt.nullish() })

const parse = (text: string | undefined): z.output<typeof heartbeat> | undefined => {
  try {
    return text === undefined ? undefined : heartbeat.safeParse(JSON.parse(text)).data
  } catch {
    // Other services may write such a key (gifty §8): a value that is no heartbeat is ignored.
    return undefined
  }
}

/** Live workers that write heartbeats to Redis (gifty §8): a key lives as long as its worker does. Empty while Redis is away. */
export const createRedisHeartbeats = (redis: Redis, clock: Clock, log: Log) => async (): Promise<WorkerView[]> => {
  try {
    const keys = await redis.keysThatBegin(KEYS)
    const views: WorkerView[] = []
    for (let from = 0; from < keys.length; from += MGET_MAX)
      for (const text of await redis.getMany(keys.slice(from, from + MGET_MAX))) {
        const beat = parse(text)
        if (!beat) continue
        views.push({
          worker_id: beat.worker_id ?? `${beat.hostname}:${beat.pid}`,
          hostname: beat.hostname,
          last_seen: isoTime(new Date(beat.last_seen ?? clock.now())),
          status: beat.status,
          concurrent_tasks: beat.concurrent_tasks,
          ram_usage_pct: beat.ram_usage_pct,
          pid: beat.pid,
          cpu_usage: beat.cpu_usage ?? 0,
          memory_usage: beat.ram_usage_pct,
          tasks_count: beat.concurrent_tasks,
          via: 'redis',
        })
      }
    return views
  } catch (error) {
    log.debug('worker heartbeats could not be read from redis', { error })
    return []
  }
}
