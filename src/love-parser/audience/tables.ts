import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'
import { accountsTables } from '../accounts/tables.ts'
import { channelSearchTables } from '../channel-search/tables.ts'
import type { SegmentFilters } from './model.ts'

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
