import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Redis } from '../../platform/redis/index.ts'
import { type Bus, createLru } from '../../platform/shared.ts'
import type { StickerSetAnswer } from '../../platform/telegram/bot-api.ts'

const FRESH_MS = 15 * 60_000
export const STALE_MS = 7 * 86_400_000
const MISSING_MS = 60_000
const MAX_NAMES = 1000

/** What is known of a set: `payload` null says that Telegram knows no such set. Times are epoch milliseconds. */
export interface Entry {
  payload: string | null
  fetchedAt: number
}
/** How good an entry is now (stickers §7); undefined: it must not be served. */
export type Quality = 'fresh' | 'stale' | 'missing' | undefined

const qualityOf = ({ payload, fetchedAt }: Entry, now: number): Quality => {
  const age = now - fetchedAt
  if (payload === null) return age < MISSING_MS ? 'missing' : undefined
  return age < FRESH_MS ? 'fresh' : age < STALE_MS ? 'stale' : undefined
}

/** How long an entry may be served at most, in milliseconds. */
const lifeOf = ({ payload }: Entry): number => (payload === null ? MISSING_MS : STALE_MS)
/** What an answer of Telegram says of a set. */
export const entryOf = (answer: Exclude<StickerSetAnswer, { kind: 'unreachable' }>, fetchedAt: number): Entry => ({
  payload: answer.kind === 'found' ? answer.payload : null,
  fetchedAt,
})

/** Entries in process memory, of the thousand names last used. */
export const createMemory = (clock: Clock) => {
  const entries = createLru<string, Entry>(MAX_NAMES)
  const put = (name: string, entry: Entry): void => {
    entries.set(name, entry)
  }
  return {
    put,
    /** Takes over an entry of another process, unless ours is newer. */
    learn(name: string, entry: Entry): void {
      if ((entries.peek(name)?.fetchedAt ?? Number.NEGATIVE_INFINITY) < entry.fetchedAt) put(name, entry)
    },
    /** A usable entry; the name counts as used. */
    get(name: string): (Entry & { quality: Exclude<Quality, undefined> }) | undefined {
      const entry = entries.get(name)
      if (!entry) return undefined
      const quality = qualityOf(entry, clock.now())
      if (!quality) {
        entries.delete(name)
        return undefined
      }
      return { ...entry, quality }
    },
  }
}

export interface StoredPayload {
  name: string
  payload: string
  /** Epoch milliseconds. */
  fetchedAt: number
}

/** What Telegram said, kept over restarts. Times are epoch milliseconds of the clock. */
export const telegramRepository = (db: Db) => {
  const find = db.statement<StoredPayload>('sticker_cache_find', {
    sqlite:
      'select name, payload, fetched_at as "fetchedAt" from stickerset_telegram_cache where name in (select value from json_each(:names))',
    postgres: `select name, payload::text as payload, (extract(epoch from fetched_at) * 1000)::float8 as "fetchedAt"
      from stickerset_telegram_cache where name in (select value from jsonb_array_elements_text(:names::text::jsonb))`,
  })
  const put = db.statement<{ name: string }>('sticker_cache_put', {
    sqlite: `insert into stickerset_telegram_cache (name, payload, fetched_at) values (:name, :payload, :at)
      on conflict (name) do update set payload = excluded.payload, fetched_at = excluded.fetched_at
      where excluded.fetched_at >= stickerset_telegram_cache.fetched_at returning name`,
    postgres: `insert into stickerset_telegram_cache (name, payload, fetched_at) values (:name, :payload::text::json, :at::timestamptz)
      on conflict (name) do update set payload = excluded.payload, fetched_at = excluded.fetched_at
      where excluded.fetched_at >= stickerset_telegram_cache.fetched_at returning name`,
  })
  const drop = db.statement<{ name: string }>('sticker_cache_drop', {
    sqlite: 'delete from stickerset_telegram_cache where name = :name and fetched_at <= :at returning name',
    postgres: 'delete from stickerset_telegram_cache where name = :name and fetched_at <= :at::timestamptz returning name',
  })
  const purge = db.statement<{ name: string }>('sticker_cache_purge', {
    sqlite: 'delete from stickerset_telegram_cache where fetched_at <= :before returning name',
    postgres: 'delete from stickerset_telegram_cache where fetched_at <= :before::timestamptz returning name',
  })
  return {
    find: (names: string[]): Promise<StoredPayload[]> =>
      names.length === 0 ? Promise.resolve([]) : find.all({ names: JSON.stringify(names) }),
    *put(tx: Tx, { name, payload, fetchedAt }: StoredPayload): Steps<void> {
      yield* tx.run(put, { name, payload, at: new Date(fetchedAt) })
    },
    /** Removes what was known of a name up to `at`, so that a later answer stays. */
    *drop(tx: Tx, name: string, at: number): Steps<void> {
      yield* tx.run(drop, { name, at: new Date(at) })
    },
    *purge(tx: Tx, before: Date): Steps<void> {
      yield* tx.run(purge, { before })
    },
  }
}
export type TelegramRepository = ReturnType<typeof telegramRepository>

/** Bus topic: an instance has an answer. The answer itself is large and stays in Redis; the event names its key. */
const ANSWERED = 'stickers.telegram.landed'
interface Answered {
  name: string
  /** When Telegram said that there is no such set. */
  missingAt?: number
  /** Telegram was not reached: those who waited need not try again. */
  retryAfterSeconds?: number
}
/** How often a waiting instance looks whether the other one still holds its claim: the event may get lost. */
const LOOK_MS = 250
/** How much longer than its deadline a call may take: one attempt. */
const ATTEMPT_MS = 5000
const RETRY_AFTER_SECONDS = 5

/** Removes the claim of a call, if it is still the caller's. */
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

const entryKey = (name: string) => `stickers:telegram:${name}`
const claimKey = (name: string) => `stickers:telegram:${name}:flight`
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
  const release = redis.script(RELEASE)
  const waiting = new Map<string, Set<(answered: Answered) => void>>()
  bus.subscribe(ANSWERED, (answered: Answered) => {
    if (answered.missingAt !== undefined) missing(answered.name, answered.missingAt)
    for (const wake of waiting.get(answered.name) ?? []) wake(answered)
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
  /** Waits until the instance that asks for `name` has answered or is gone, or the time is over. @throws while Redis is away */
  const waitFor = async (name: string, deadline: number): Promise<Answered | undefined> => {
    const known = waiting.get(name) ?? new Set()
    waiting.set(name, known)
    const over = new AbortController()
    let answered: Answered | undefined
    const wake = (answer: Answered) => {
      answered = answer
      over.abort()
    }
    known.add(wake)
    try {
      while (!answered && clock.now() < deadline) {
        // The message may get lost, and the process that should send it may have died.
        if ((await redis.get(claimKey(name))) === undefined) break
        await clock.sleep(Math.min(LOOK_MS, deadline - clock.now()), over.signal)
      }
      return answered
    } finally {
      known.delete(wake)
      if (known.size === 0 && waiting.get(name) === known) waiting.delete(name)
    }
  }
  /** Claims the call, or waits for the one under way: the answer that another instance got, or undefined when the call is ours. */
  const join = async (
    name: string,
    claim: string,
    deadline: number,
  ): Promise<{ answer: StickerSetAnswer; at?: number } | undefined> => {
    for (;;) {
      const mine = await redis.setIfAbsent(claimKey(name), claim, Math.max(0, deadline - clock.now()) + ATTEMPT_MS)
      // After the claim: an earlier lookup has stored its answer by then.
      const entry = (await find([name])).get(name)
      const quality = entry && qualityOf(entry, clock.now())
      if (entry && (quality === 'fresh' || quality === 'missing')) {
        if (mine) await release([claimKey(name)], [claim])
        return { answer: toAnswer(entry), at: entry.fetchedAt }
      }
      if (mine) return undefined
      const answered = await waitFor(name, deadline)
      const retryAfterSeconds = answered?.retryAfterSeconds ?? RETRY_AFTER_SECONDS
      if (answered?.retryAfterSeconds !== undefined || clock.now() >= deadline)
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
      const claim = crypto.randomUUID()
      // Without Redis this instance asks for itself.
      const joined = await join(name, claim, deadline).catch(() => undefined)
      if (joined) return joined
      const answer = await call()
      const entry = answer.kind === 'unreachable' ? undefined : entryOf(answer, clock.now())
      try {
        if (entry) await redis.set(entryKey(name), JSON.stringify(entry), lifeOf(entry))
        await release([claimKey(name)], [claim])
      } catch {
        // The answer stays here, and the claim runs out by itself.
      }
      bus.publish(ANSWERED, {
        name,
        ...(answer.kind === 'missing' ? { missingAt: clock.now() } : {}),
        ...(answer.kind === 'unreachable' ? { retryAfterSeconds: answer.retryAfterSeconds } : {}),
      } satisfies Answered)
      return { answer }
    },
  }
}
export type SharedCache = ReturnType<typeof createSharedCache>
