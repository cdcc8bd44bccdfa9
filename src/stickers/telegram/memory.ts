import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { createLru } from '../../platform/shared.ts'
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

export const qualityOf = ({ payload, fetchedAt }: Entry, now: number): Quality => {
  const age = now - fetchedAt
  if (payload === null) return age < MISSING_MS ? 'missing' : undefined
  return age < FRESH_MS ? 'fresh' : age < STALE_MS ? 'stale' : undefined
}

/** How long an entry may be served at most, in milliseconds. */
export const lifeOf = ({ payload }: Entry): number => (payload === null ? MISSING_MS : STALE_MS)
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
    /** Takes over what somebody else knows, unless this process knows better. */
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
