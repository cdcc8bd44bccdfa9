import { sql } from 'drizzle-orm'
import { defineTables } from '../platform/db/kit.ts'

export const ROLES = ['user', 'admin', 'superadmin'] as const

/** People known by their Telegram chat (gifty §7, §12): the dashboard credential of several families names them. */
export const accessTables = defineTables((k) => {
  const subscribers = k.table(
    'telegram_subscribers',
    {
      id: k.serial(),
      chatId: k.big(),
      slug: k.text(),
      name: k.text(),
      mentorId: k.big(),
      language: k.text().notNull().default('ru'),
      isActive: k.bool().notNull(),
      role: k.oneOf(...ROLES).notNull(),
      permissions: k.json<string[]>().notNull(),
      invitePasswordHash: k.text(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('telegram_subscribers_chat_uq').on(t.chatId),
      k.unique('telegram_subscribers_slug_uq').on(t.slug),
      k.check('telegram_subscribers_role_ck', sql`${t.role} in ('user', 'admin', 'superadmin')`),
    ],
  )
  const subscriberTopics = k.table(
    'subscriber_topics',
    {
      subscriberId: k
        .big()
        .notNull()
        .references(() => subscribers.id, { onDelete: 'cascade' }),
      topic: k.text().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.subscriberId, t.topic] }), k.index('subscriber_topics_topic_ix').on(t.topic)],
  )
  return { subscribers, subscriberTopics }
})

/** What operators have changed, in every family (operations §1). A target is named, not referenced: the row outlives it. */
export const auditTables = defineTables((k) => {
  const auditLog = k.table(
    'audit_log',
    {
      id: k.uuid().primaryKey(),
      at: k.at().notNull(),
      actorKind: k.text().notNull(),
      actorId: k.text().notNull(),
      actorName: k.text(),
      action: k.text().notNull(),
      targetKind: k.text().notNull(),
      targetId: k.text().notNull(),
      before: k.json<Record<string, unknown>>(),
      after: k.json<Record<string, unknown>>(),
      reason: k.text().notNull(),
      requestId: k.text().notNull(),
      ip: k.text().notNull(),
    },
    (t) => [k.index('audit_log_target_ix').on(t.targetKind, t.targetId, t.at, t.id), k.index('audit_log_at_ix').on(t.at, t.id)],
  )
  return { auditLog }
})
