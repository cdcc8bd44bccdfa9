import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'

/** Logins in progress and the counters of send-code (love-parser §3, §9). */
export const telegramAuthTables = defineTables((k) => {
  const authStates = k.table(
    'telegram_auth_states',
    {
      id: k.uuid().primaryKey(),
      phone: k.text().notNull(),
      /** Telegram's side of the login, encrypted with the key ring. */
      state: k.text().notNull(),
      stage: k.oneOf('code', 'password', 'used').notNull(),
      /** Wrong codes and passwords so far. */
      failures: k.int().notNull().default(0),
      expiresAt: k.at().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [
      k.index('telegram_auth_states_expiry_ix').on(t.expiresAt),
      k.check('telegram_auth_states_stage_ck', sql`${t.stage} in ('code', 'password', 'used')`),
    ],
  )
  const sendCodeAttempts = k.table(
    'send_code_attempts',
    {
      id: k.serial(),
      phone: k.text().notNull(),
      ip: k.text().notNull(),
      /** `reserved` during the call to Telegram; a failed call counts for the address only. */
      state: k.oneOf('reserved', 'sent', 'failed').notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [
      k.index('send_code_attempts_phone_ix').on(t.phone, t.createdAt),
      k.index('send_code_attempts_ip_ix').on(t.ip, t.createdAt),
      k.index('send_code_attempts_created_ix').on(t.createdAt),
    ],
  )
  return { authStates, sendCodeAttempts }
})
