import { and, asc, desc, eq, getTableColumns, gte, inArray, lte, sql } from 'drizzle-orm'
import { bytewise, type Db, inJsonList, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { ActivityLevel } from './model.ts'
import { channelSearchTables } from './tables.ts'

type Tables = ReturnType<typeof channelSearchTables>
export type SearchRow = Tables['parsingHistory']['$inferSelect']
export type ChannelRow = Tables['parsedChannels']['$inferSelect']
export type SearchChange = Partial<Tables['parsingHistory']['$inferInsert']>
/** A search as the reading routes need it: without its snapshot. */
export type SearchSummary = Omit<SearchRow, 'snapshot' | 'taskId' | 'quotaPeriod'>
/** A row of an export as the database gives it. */
export interface ExportedRow {
  channel_id: string
  title: string | null
  /** With `@`. */
  username: string | null
  subscribers: number
  description: string | null
  activity_score: number
  activity_level: ActivityLevel
  /** Milliseconds. */
  last_post: number | null
  language: string | null
}
/** Where an export goes on: the last row it has written. */
export type ExportPlace = Pick<ExportedRow, 'subscribers' | 'channel_id'>

/** Which channels of a search: all given ones must hold, bounds are inclusive. */
export interface ChannelFilter {
  minScore?: number
  maxScore?: number
  minMembers?: number
  maxMembers?: number
  levels?: ActivityLevel[]
  /** Lower case. */
  language?: string
}

/** Rows of one statement: both dialects take more, but a statement's text should stay small. */
const INSERT_ROWS = 500

/** Queries of searches and their channels. Functions that take `tx` are steps of the caller's transaction. */
export const channelSearchRepository = (db: Db) => {
  const { parsingHistory: searches, parsedChannels: channels } = channelSearchTables(db.kit)
  const { snapshot, taskId, quotaPeriod, ...summary } = getTableColumns(searches)
  const channelId = bytewise(db, channels.channelId)
  const byMembers = [desc(channels.memberCount), asc(channelId)]

  const matching = (id: string, filter: ChannelFilter) =>
    and(
      eq(channels.searchId, id),
      filter.minScore === undefined ? undefined : gte(channels.activityScore, filter.minScore),
      filter.maxScore === undefined ? undefined : lte(channels.activityScore, filter.maxScore),
      filter.minMembers === undefined ? undefined : gte(channels.memberCount, filter.minMembers),
      filter.maxMembers === undefined ? undefined : lte(channels.memberCount, filter.maxMembers),
      ...(filter.levels ?? []).map((level) => eq(channels.activityLevel, level)),
      filter.language === undefined ? undefined : eq(sql`lower(${channels.language})`, filter.language),
    )

  const find = db.prepare<SearchSummary>('search_find', (queries) =>
    queries
      .select(summary)
      .from(searches)
      .where(and(eq(searches.id, param('id')), eq(searches.userId, param('userId')))),
  )
  const findSnapshot = db.prepare<{ snapshot: SearchRow['snapshot'] }>('search_snapshot', (queries) =>
    queries
      .select({ snapshot })
      .from(searches)
      .where(eq(searches.id, param('id'))),
  )
  const findSnapshots = db.prepare<{ id: string; snapshot: SearchRow['snapshot'] }>('search_snapshots', (queries) =>
    queries
      .select({ id: searches.id, snapshot })
      .from(searches)
      .where(inJsonList(db, searches.id, 'ids')),
  )
  const history = db.prepare<SearchSummary>('search_history', (queries) =>
    queries
      .select(summary)
      .from(searches)
      .where(eq(searches.userId, param('userId')))
      .orderBy(desc(searches.createdAt), desc(searches.id))
      .limit(sql.placeholder('limit'))
      .offset(sql.placeholder('offset')),
  )
  const page = (name: string, order: (typeof byMembers)[number][]) =>
    db.prepare<ChannelRow>(name, (queries) =>
      queries
        .select()
        .from(channels)
        .where(eq(channels.searchId, param('id')))
        .orderBy(...order)
        .limit(sql.placeholder('limit'))
        .offset(sql.placeholder('offset')),
    )
  const pages = {
    subscribers: page('search_results_members', byMembers),
    activity: page('search_results_activity', [desc(channels.activityScore), asc(channelId)]),
  }
  // By hand: what the builder does for a row costs as much as the export of it.
  const { either, bytewise: inByteOrder } = db.fragments
  const exportedId = inByteOrder('channel_id')
  // Two ranges, because a row comparison across a descending and an ascending key uses no index.
  const nextExported = db.statement<ExportedRow>(
    'search_export',
    `select channel_id, title, '@' || username as username, ${either('member_count', 'member_count::float8')} as subscribers, description, activity_score,
        activity_level, ${either('last_post', '(extract(epoch from last_post) * 1000)::float8')} as last_post, language
      from parsed_channels where search_id = :id and member_count <= :members and (member_count < :members or ${exportedId} > :after)
      order by member_count desc, ${exportedId} limit :max`,
  )
  const totals = db.prepare<{ found: number }>('search_totals', (queries) =>
    queries
      .select({ found: sql<number>`coalesce(sum(${searches.resultCount}), 0)`.mapWith(Number) })
      .from(searches)
      .where(eq(searches.userId, param('userId'))),
  )

  return {
    async find(id: string, userId: string) {
      return (await find.all({ id, userId }))[0]
    },
    async snapshot(id: string) {
      return (await findSnapshot.all({ id }))[0]?.snapshot
    },
    /** The snapshots of those that exist, by id. */
    async snapshots(ids: string[]) {
      const rows = ids.length === 0 ? [] : await findSnapshots.all({ ids: JSON.stringify(ids) })
      return new Map(rows.map((row) => [row.id, row.snapshot]))
    },
    history: (userId: string, limit: number, offset: number) => history.all({ userId, limit, offset }),
    results: (id: string, sort: keyof typeof pages, limit: number, offset: number) => pages[sort].all({ id, limit, offset }),
    /** The next rows of an export. */
    exportPart: (id: string, after: ExportPlace, max: number) =>
      nextExported.all({ id, members: after.subscribers, after: after.channel_id, max }),
    async totalFound(userId: string) {
      return (await totals.all({ userId }))[0]?.found ?? 0
    },

    *insert(tx: Tx, row: Tables['parsingHistory']['$inferInsert']): Steps<void> {
      yield tx.insert(searches).values(row).returning({ id: searches.id })
    },
    *lock(tx: Tx, ids: string[]): Steps<SearchRow[]> {
      if (ids.length === 0) return []
      return yield* q(tx.forUpdate(tx.select().from(searches).where(inArray(searches.id, ids)).orderBy(asc(searches.id))))
    },
    *taskOf(tx: Tx, id: string): Steps<string | undefined> {
      return (yield* q(tx.select({ taskId: searches.taskId }).from(searches).where(eq(searches.id, id))))[0]?.taskId
    },
    *lockByTasks(tx: Tx, taskIds: string[]): Steps<SearchRow[]> {
      if (taskIds.length === 0) return []
      return yield* q(tx.forUpdate(tx.select().from(searches).where(inArray(searches.taskId, taskIds)).orderBy(asc(searches.id))))
    },
    *ofUser(tx: Tx, userId: string): Steps<{ id: string; taskId: string; status: SearchRow['status'] }[]> {
      return yield* q(
        tx
          .select({ id: searches.id, taskId: searches.taskId, status: searches.status })
          .from(searches)
          .where(eq(searches.userId, userId))
          .orderBy(asc(searches.id)),
      )
    },
    *update(tx: Tx, id: string, change: SearchChange): Steps<void> {
      yield tx.update(searches).set(change).where(eq(searches.id, id)).returning({ id: searches.id })
    },
    /** Replaces a search's channels. */
    *replaceChannels(tx: Tx, id: string, rows: Tables['parsedChannels']['$inferInsert'][]): Steps<void> {
      yield* this.deleteChannels(tx, id)
      for (let from = 0; from < rows.length; from += INSERT_ROWS)
        yield tx
          .insert(channels)
          .values(rows.slice(from, from + INSERT_ROWS))
          .returning({ id: channels.channelId })
    },
    *deleteChannels(tx: Tx, id: string): Steps<void> {
      yield tx.delete(channels).where(eq(channels.searchId, id)).returning({ id: channels.channelId })
    },
    /** Deletes a user's searches with their channels; answers how many of each. */
    *deleteOfUser(tx: Tx, userId: string): Steps<{ searches: number; channels: number }> {
      const mine = tx.select({ id: searches.id }).from(searches).where(eq(searches.userId, userId))
      const gone = yield* q(tx.delete(channels).where(inArray(channels.searchId, mine)).returning({ id: channels.searchId }))
      const ended = yield* q(tx.delete(searches).where(eq(searches.userId, userId)).returning({ id: searches.id }))
      return { searches: ended.length, channels: gone.length }
    },
    *countMatching(tx: Tx, id: string, filter: ChannelFilter): Steps<number> {
      const [row] = yield* q(
        tx
          .select({ count: sql<number>`count(*)`.mapWith(Number) })
          .from(channels)
          .where(matching(id, filter)),
      )
      return row?.count ?? 0
    },
    countMatchingNow: (id: string, filter: ChannelFilter) => db.q.$count(channels, matching(id, filter)),
    firstMatching: (id: string, filter: ChannelFilter, limit: number) =>
      db.q
        .select()
        .from(channels)
        .where(matching(id, filter))
        .orderBy(...byMembers)
        .limit(limit),
  }
}
export type ChannelSearchRepository = ReturnType<typeof channelSearchRepository>
