import { sql } from 'drizzle-orm'
import { defineTables } from '../platform/db/kit.ts'
import type { SegmentFilters } from './audience/model.ts'
import type { SearchFilters, Snapshot } from './channel-search/model.ts'
import type { PlanCode } from './subscriptions/periods.ts'

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

/** Subscriptions of users, their usage, and their payments (love-parser §6, §9). */
export const subscriptionsTables = defineTables((k) => {
  const { users } = accountsTables(k)
  const userId = () =>
    k
      .uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' })
  const subscriptions = k.table(
    'subscriptions',
    {
      id: k.uuid().primaryKey(),
      userId: userId(),
      /** Normally a code of the price list; older rows may carry others (§3 dashboard). */
      planCode: k.text(),
      planName: k.text(),
      status: k.oneOf('active', 'trialing', 'expired', 'cancelled').notNull(),
      startedAt: k.at().notNull(),
      expiresAt: k.at().notNull(),
      metadata: k.json<Record<string, unknown>>().notNull(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.index('subscriptions_user_ix').on(t.userId, t.expiresAt),
      k.index('subscriptions_ending_ix').on(t.expiresAt).where(sql`${t.status} in ('active', 'trialing')`),
      k.check('subscriptions_status_ck', sql`${t.status} in ('active', 'trialing', 'expired', 'cancelled')`),
    ],
  )
  const usage = k.table(
    'usage',
    {
      userId: userId(),
      category: k.oneOf('parsing', 'audience', 'broadcast').notNull(),
      /** −1 is unlimited, 0 none. */
      limitValue: k.int().notNull(),
      consumedValue: k.int().notNull(),
      resetsAt: k.at().notNull(),
      /** Grows with every refill and activation: a unit is given back only within the period it was taken in. */
      period: k.int().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.primaryKey({ columns: [t.userId, t.category] }),
      k.index('usage_reset_ix').on(t.resetsAt),
      k.check('usage_category_ck', sql`${t.category} in ('parsing', 'audience', 'broadcast')`),
      k.check('usage_consumed_ck', sql`${t.consumedValue} >= 0`),
    ],
  )
  const payments = k.table(
    'payments',
    {
      id: k.uuid().primaryKey(),
      userId: userId(),
      subscriptionId: k.uuid().references(() => subscriptions.id, { onDelete: 'set null' }),
      planCode: k.text().$type<PlanCode>().notNull(),
      /** Hundredths of the currency: decimal(12,2) without a float. */
      amountMinor: k.big().notNull(),
      currency: k.text().notNull(),
      status: k.oneOf('pending', 'completed', 'failed', 'cancelled').notNull(),
      /** Robokassa's InvId. */
      orderNumber: k.big().notNull(),
      isTest: k.bool().notNull(),
      /** The parameters of the shop's callback, and the reason of a failure. No signature. */
      payload: k.json<Record<string, unknown>>().notNull(),
      remindedAt: k.at(),
      paidAt: k.at(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('payments_order_uq').on(t.orderNumber),
      k.index('payments_user_ix').on(t.userId, t.createdAt),
      k.index('payments_pending_ix').on(t.createdAt).where(sql`${t.status} = 'pending'`),
      k.check('payments_status_ck', sql`${t.status} in ('pending', 'completed', 'failed', 'cancelled')`),
    ],
  )
  /** Source of order numbers: one row, so that a number is never given twice, even after its order is gone. */
  const paymentOrderCounter = k.table('payment_order_counter', {
    id: k.int().primaryKey(),
    last: k.big().notNull(),
  })
  return { subscriptions, usage, payments, paymentOrderCounter }
})

/** Payment notifications that were refused (love-parser §6, §9). They belong to nobody: what they say is not verified. */
export const refusedNotificationsTables = defineTables((k) => {
  const refusedNotifications = k.table(
    'refused_payment_notifications',
    {
      id: k.uuid().primaryKey(),
      reason: k.text().notNull(),
      /** Robokassa's InvId and sum as they were received, cut. */
      orderNumber: k.text(),
      sum: k.text(),
      address: k.text().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [
      k.index('refused_payment_notifications_reason_ix').on(t.reason, t.createdAt, t.id),
      k.index('refused_payment_notifications_created_ix').on(t.createdAt),
    ],
  )
  return { refusedNotifications }
})

/** Searches and the channels they found (love-parser §4, §9). */
export const channelSearchTables = defineTables((k) => {
  const { users } = accountsTables(k)
  const parsingHistory = k.table(
    'parsing_history',
    {
      id: k.uuid().primaryKey(),
      userId: k
        .uuid()
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      query: k.text().notNull(),
      filters: k.json<SearchFilters>().notNull(),
      status: k.oneOf('pending', 'processing', 'completed', 'failed').notNull(),
      /** Provider that ran it. */
      source: k.oneOf('sandbox', 'mtproto').notNull(),
      resultCount: k.int().notNull().default(0),
      errorMessage: k.text(),
      /** The last one published; versions only grow. */
      snapshot: k.json<Snapshot>().notNull(),
      taskId: k.uuid().notNull(),
      /** Usage period its unit was taken in; null once given back. */
      quotaPeriod: k.int(),
      cancelled: k.bool().notNull().default(false),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
      completedAt: k.at(),
    },
    (t) => [
      k.index('parsing_history_user_ix').on(t.userId, k.desc(t.createdAt), k.desc(t.id)),
      k.check('parsing_history_status_ck', sql`${t.status} in ('pending', 'processing', 'completed', 'failed')`),
    ],
  )
  const parsedChannels = k.table(
    'parsed_channels',
    {
      searchId: k
        .uuid()
        .notNull()
        .references(() => parsingHistory.id, { onDelete: 'cascade' }),
      channelId: k.text().notNull(),
      title: k.text(),
      /** Without `@`. */
      username: k.text(),
      memberCount: k.big().notNull(),
      activityScore: k.real().notNull(),
      activityLevel: k.oneOf('low', 'medium', 'high').notNull(),
      description: k.text(),
      language: k.text(),
      lastPost: k.at(),
    },
    (t) => [
      k.primaryKey({ columns: [t.searchId, t.channelId] }),
      k.index('parsed_channels_members_ix').on(t.searchId, k.desc(t.memberCount), k.bytewise(t.channelId)),
      k.index('parsed_channels_activity_ix').on(t.searchId, k.desc(t.activityScore), k.bytewise(t.channelId)),
    ],
  )
  return { parsingHistory, parsedChannels }
})

/** Audiences made of a search's channels (love-parser §5, §9). */
export const audienceTables = defineTables((k) => {
  const { users } = accountsTables(k)
  const { parsingHistory } = channelSearchTables(k)
  const audienceSegments = k.table(
    'audience_segments',
    {
      id: k.uuid().primaryKey(),
      userId: k
        .uuid()
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      name: k.text().notNull(),
      description: k.text(),
      filters: k.json<SegmentFilters>().notNull(),
      sourceParsingId: k.uuid().references(() => parsingHistory.id, { onDelete: 'set null' }),
      totalRecipients: k.int().notNull(),
      status: k.oneOf('ready', 'processing', 'failed').notNull(),
      /** Usage period its unit was taken in; null once given back. */
      quotaPeriod: k.int(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('audience_segments_name_uq').on(t.userId, t.name),
      k.index('audience_segments_user_ix').on(t.userId, k.desc(t.createdAt), k.desc(t.id)),
      k.index('audience_segments_source_ix').on(t.sourceParsingId),
      k.check('audience_segments_status_ck', sql`${t.status} in ('ready', 'processing', 'failed')`),
    ],
  )
  return { audienceSegments }
})

/** Outbox of the notifications to users (love-parser §8, §9). */
export const notificationsTables = defineTables((k) => {
  const { users } = accountsTables(k)
  const notifications = k.table(
    'notifications',
    {
      id: k.uuid().primaryKey(),
      userId: k
        .uuid()
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      channel: k.oneOf('telegram', 'email', 'in_app').notNull(),
      template: k.text().notNull(),
      message: k.text().notNull(),
      metadata: k.json<Record<string, unknown>>().notNull(),
      /** The deduplication key: a second notification with the same key is not written. */
      dedupeKey: k.text().notNull(),
      sentAt: k.at(),
      createdAt: k.at().notNull(),
    },
    (t) => [
      k.unique('notifications_dedupe_uq').on(t.userId, t.template, t.dedupeKey),
      k.index('notifications_unsent_ix').on(t.createdAt, t.id).where(sql`${t.sentAt} is null`),
    ],
  )
  return { notifications }
})

/** Answers kept for a repeated request with the same Idempotency-Key (love-parser §1). */
export const replayTables = defineTables((k) => {
  const { users } = accountsTables(k)
  const replays = k.table(
    'love_parser_idempotency_keys',
    {
      userId: k
        .uuid()
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      /** Template of the route. */
      route: k.text().notNull(),
      key: k.text().notNull(),
      /** SHA-256 of the body's text: what the release before compares. */
      bodyHash: k.text().notNull(),
      /** SHA-256 of the body's value; null of that release's rows. */
      fingerprint: k.text(),
      status: k.int().notNull(),
      /** The body as it was sent. */
      body: k.text().notNull(),
      expiresAt: k.at().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.userId, t.route, t.key] }), k.index('love_parser_idempotency_expiry_ix').on(t.expiresAt)],
  )
  return { replays }
})
