import type { Clock } from '../../platform/clock.ts'
import type { Redis } from '../../platform/redis/index.ts'
import type { Bus } from '../../platform/shared.ts'
import type { StickerSetAnswer } from '../../platform/telegram/bot-api.ts'
import { type Entry, entryOf, lifeOf, qualityOf } from './memory.ts'

/** Bus topic: an instance has an answer. What was found is in Redis, large as it is; the event only says so. */
const LANDED = 'stickers.telegram.landed'
interface Landed {
  name: string
  /** When Telegram said that there is no such set. */
  missingAt?: number
  /** Telegram was not reached: those who waited need not try again. */
  retryAfterSeconds?: number
}
/** How often one who waits looks whether the other instance still flies, should its word get lost. */
const LOOK_MS = 250
/** How much longer than its deadline a call may take: one attempt. */
const ATTEMPT_MS = 5000
const RETRY_AFTER_SECONDS = 5

/** Removes a flight that is still its own. */
const LAND = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

const entryKey = (name: string) => `stickers:telegram:${name}`
const flightKey = (name: string) => `stickers:telegram:${name}:flight`
const read = (text: string | undefined): Entry | undefined => {
  try {
    const found = text === undefined ? undefined : JSON.parse(text)
    return typeof found?.fetchedAt === 'number' && (found.payload === null || typeof found.payload === 'string')
      ? { payload: found.payload, fetchedAt: found.fetchedAt }
      : undefined
  } catch {
    // Not written by us: as good as absent.
    return undefined
  }
}

const toAnswer = ({ payload }: Entry): StickerSetAnswer => (payload === null ? { kind: 'missing' } : { kind: 'found', payload })

export interface SharedCacheDeps {
  redis: Redis
  bus: Bus
  clock: Clock
  /** Another instance has learned that a set does not exist. */
  missing(name: string, at: number): void
}

/**
 * What the instances share of Telegram's answers (stickers §7): entries, and one call per name at a time among all of them. While
 * Redis is away nothing is shared and every instance asks for itself; nothing here ever rejects because of Redis.
 */
export const createSharedCache = ({ redis, bus, clock, missing }: SharedCacheDeps) => {
  const land = redis.script(LAND)
  const waiting = new Map<string, Set<(landed: Landed) => void>>()
  bus.subscribe(LANDED, (landed: Landed) => {
    if (landed.missingAt !== undefined) missing(landed.name, landed.missingAt)
    for (const wake of waiting.get(landed.name) ?? []) wake(landed)
  })

  /** What Redis knows of these names. */
  const find = async (names: string[]): Promise<Map<string, Entry>> => {
    const found = new Map<string, Entry>()
    try {
      const texts = await redis.getMany(names.map(entryKey))
      names.forEach((name, n) => {
        const entry = read(texts[n])
        if (entry) found.set(name, entry)
      })
    } catch {
      // Memory and the table know enough.
    }
    return found
  }
  /** Waits until the instance that asks for `name` has landed or is gone, or the time is over. @throws while Redis is away */
  const waitFor = async (name: string, deadline: number): Promise<Landed | undefined> => {
    const known = waiting.get(name) ?? new Set()
    waiting.set(name, known)
    const over = new AbortController()
    let landed: Landed | undefined
    const wake = (answer: Landed) => {
      landed = answer
      over.abort()
    }
    known.add(wake)
    try {
      while (!landed && clock.now() < deadline) {
        // The message may get lost, and the process that should send it may have died.
        if ((await redis.get(flightKey(name))) === undefined) break
        await clock.sleep(Math.min(LOOK_MS, deadline - clock.now()), over.signal)
      }
      return landed
    } finally {
      known.delete(wake)
      if (known.size === 0 && waiting.get(name) === known) waiting.delete(name)
    }
  }
  /** Claims the flight, or waits for the one under way: an answer that somebody else got, or undefined when the call is ours. */
  const join = async (
    name: string,
    flight: string,
    deadline: number,
  ): Promise<{ answer: StickerSetAnswer; at?: number } | undefined> => {
    for (;;) {
      const mine = await redis.setIfAbsent(flightKey(name), flight, Math.max(0, deadline - clock.now()) + ATTEMPT_MS)
      // After the claim: an earlier lookup has stored its answer by then.
      const entry = (await find([name])).get(name)
      const quality = entry && qualityOf(entry, clock.now())
      if (entry && (quality === 'fresh' || quality === 'missing')) {
        if (mine) await land([flightKey(name)], [flight])
        return { answer: toAnswer(entry), at: entry.fetchedAt }
      }
      if (mine) return undefined
      const landed = await waitFor(name, deadline)
      const retryAfterSeconds = landed?.retryAfterSeconds ?? RETRY_AFTER_SECONDS
      if (landed?.retryAfterSeconds !== undefined || clock.now() >= deadline)
        return { answer: { kind: 'unreachable', retryAfterSeconds } }
    }
  }

  return {
    find,
    /**
     * The answer for `name`: of `call`, or of the instance that asks at this moment. `at` is when Telegram gave it to another one;
     * undefined for a call of our own, whose answer is then in Redis too.
     */
    async single(
      name: string,
      deadline: number,
      call: () => Promise<StickerSetAnswer>,
    ): Promise<{ answer: StickerSetAnswer; at?: number }> {
      const flight = crypto.randomUUID()
      // Without Redis this instance asks for itself.
      const joined = await join(name, flight, deadline).catch(() => undefined)
      if (joined) return joined
      const answer = await call()
      const entry = answer.kind === 'unreachable' ? undefined : entryOf(answer, clock.now())
      try {
        if (entry) await redis.set(entryKey(name), JSON.stringify(entry), lifeOf(entry))
        await land([flightKey(name)], [flight])
      } catch {
        // The answer stays here, and the claim runs out by itself.
      }
      bus.publish(LANDED, {
        name,
        ...(answer.kind === 'missing' ? { missingAt: clock.now() } : {}),
        ...(answer.kind === 'unreachable' ? { retryAfterSeconds: answer.retryAfterSeconds } : {}),
      } satisfies Landed)
      return { answer }
    },
  }
}
export type SharedCache = ReturnType<typeof createSharedCache>
