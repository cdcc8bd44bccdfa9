import type { Db, Steps, Tx } from '../../platform/db/index.ts'

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
