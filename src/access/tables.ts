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
