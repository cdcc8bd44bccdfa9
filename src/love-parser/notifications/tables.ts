import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'
import { accountsTables } from '../accounts/tables.ts'

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
