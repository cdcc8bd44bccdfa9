import { defineTables } from '../../platform/db/kit.ts'

/** What Telegram said about sets, so that a restart does not ask again (stickers §7). */
export const telegramTables = defineTables((k) => {
  const stickersetTelegramCache = k.table(
    'stickerset_telegram_cache',
    { name: k.varchar(200).primaryKey(), payload: k.jsonText().notNull(), fetchedAt: k.at().notNull() },
    (t) => [k.index('stickerset_telegram_cache_fetched_ix').on(t.fetchedAt)],
  )
  return { stickersetTelegramCache }
})
