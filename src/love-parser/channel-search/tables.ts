import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'
import { accountsTables } from '../accounts/tables.ts'
import type { SearchFilters, Snapshot } from './model.ts'

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
