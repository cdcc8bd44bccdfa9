import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'

/** What the app keeps of a person's profile; foreign keys are read by §3 and §8 only. */
export interface Profile {
  telegram?: Record<string, unknown>
  displayName?: string
  avatarUrl?: string
  photoUrl?: string
  photo_url?: string
  notification_channel?: string
  [key: string]: unknown
}

/** People, their Telegram sessions and revoked tokens (love-parser §9). */
export const accountsTables = defineTables((k) => {
  const users = k.table(
    'users',
    {
      id: k.uuid().primaryKey(),
      email: k.text(),
      phoneNumber: k.text(),
      telegramId: k.big().notNull(),
      telegramUsername: k.text(),
      fullName: k.text(),
      status: k.oneOf('active', 'blocked').notNull(),
      profile: k.json<Profile>().notNull(),
      /** Grows with every change that the dashboard shows, so that a cached one is known to be old in every process. */
      revision: k.big().notNull().default(0),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('users_telegram_uq').on(t.telegramId),
      k.unique('users_email_uq').on(t.email),
      k.check('users_status_ck', sql`${t.status} in ('active', 'blocked')`),
    ],
  )
  const telegramSessions = k.table(
    'telegram_sessions',
    {
      id: k.uuid().primaryKey(),
      userId: k
        .uuid()
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      /** Encrypted with the key ring. */
      sessionData: k.text().notNull(),
      isActive: k.bool().notNull(),
      /** First 128 characters of the User-Agent. */
      device: k.text(),
      lastUsedAt: k.at().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [
      k.index('telegram_sessions_user_ix').on(t.userId),
      // One active session a person (§3); a health probe counts them.
      k.unique('telegram_sessions_active_uq').on(t.userId).where(sql`${t.isActive}`),
    ],
  )
  const tokenBlacklist = k.table(
    'token_blacklist',
    {
      /** SHA-256 of the token, hex. */
      tokenHash: k.text().primaryKey(),
      expiresAt: k.at().notNull(),
    },
    (t) => [k.index('token_blacklist_expiry_ix').on(t.expiresAt)],
  )
  return { users, telegramSessions, tokenBlacklist }
})
