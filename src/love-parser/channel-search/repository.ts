import { and, asc, desc, eq, getTableColumns, gte, inArray, lte, sql } from 'drizzle-orm'
import { bytewise, type Db, inJsonList, param, type Queryable, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { channelSearchTables } from '../tables.ts'
import type { ActivityLevel } from './model.ts'

type Tables = ReturnType<typeof channelSearchTables>
export type SearchRow = Tables['parsingHistory']['$inferSelect']
export type ChannelRow = Tables['parsedChannels']['$inferSelect']
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
/** Where an export continues: the last row that it has written. */
export type ExportPlace = Pick<ExportedRow, 'subscribers' | 'channel_id'>

/** Which channels of a search: all given ones must hold, bounds are inclusive. */
export interface ChannelFilter {
  minScore?: number
  maxScore?: number
  minMembers?: number
  maxMembers?: number
  /** At most two. */
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
  const { either, ms, bytewise: inByteOrder } = db.fragments
  const exportedId = inByteOrder('channel_id')
  // Two ranges, because a row comparison across a descending and an ascending key uses no index.
  const nextExported = db.statement<ExportedRow>(
    'search_export',
    `select channel_id, title, '@' || username as username, ${either('member_count', 'member_count::float8')} as subscribers, description, activity_score,
        activity_level, ${ms('last_post')} as last_post, language
      from parsed_channels where search_id = :id and member_count <= :members and (member_count < :members or ${exportedId} > :after)
      order by member_count desc, ${exportedId} limit :max`,
  )
  const totals = db.prepare<{ found: number }>('search_totals', (queries) =>
    queries
      .select({ found: sql<number>`coalesce(sum(${searches.resultCount}), 0)`.mapWith(Number) })
      .from(searches)
      .where(eq(searches.userId, param('userId'))),
  )

  const save = db.batch<{ id: string }>(
    'searches_save',
    [
      { name: 'id', type: 'text' },
      { name: 'status', type: 'text' },
      { name: 'snapshot', type: 'jsonb' },
      { name: 'result_count', type: 'bigint' },
      { name: 'error_message', type: 'text' },
      { name: 'quota_period', type: 'bigint' },
      { name: 'cancelled', type: 'boolean' },
      { name: 'updated_at', type: 'timestamptz' },
      { name: 'completed_at', type: 'timestamptz' },
    ],
    (source) => `update parsing_history set status = s.status, snapshot = s.snapshot, result_count = s.result_count,
        error_message = s.error_message, quota_period = s.quota_period, cancelled = s.cancelled, updated_at = s.updated_at,
        completed_at = s.completed_at
      from ${source} s where parsing_history.id = ${db.fragments.cast('s.id', 'uuid')} returning parsing_history.id`,
  )
  // The conditions of `matching`, of several filters at once: a search has no more than two levels to match.
  const countPassing = db.batch<{ key: string; count: number | string }>(
    'search_channels_passing',
    [
      { name: 'key', type: 'text' },
      { name: 'search_id', type: 'text' },
      { name: 'min_score', type: 'float8' },
      { name: 'max_score', type: 'float8' },
      { name: 'min_members', type: 'bigint' },
      { name: 'max_members', type: 'bigint' },
      { name: 'level', type: 'text' },
      { name: 'other_level', type: 'text' },
      { name: 'language', type: 'text' },
    ],
    (source) => `select s.key, count(c.channel_id) as count from ${source} s
      left join parsed_channels c on c.search_id = ${db.fragments.cast('s.search_id', 'uuid')}
        and (s.min_score is null or c.activity_score >= s.min_score) and (s.max_score is null or c.activity_score <= s.max_score)
        and (s.min_members is null or c.member_count >= s.min_members) and (s.max_members is null or c.member_count <= s.max_members)
        and (s.level is null or c.activity_level = s.level) and (s.other_level is null or c.activity_level = s.other_level)
        and (s.language is null or lower(c.language) = s.language)
      group by s.key`,
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
    /** Stores what changes in the life of searches whose rows are locked. */
    *save(tx: Tx, rows: SearchRow[]): Steps<void> {
      yield* tx.batch(
        save,
        rows.map((row) => [
          ...[row.id, row.status, row.snapshot, row.resultCount, row.errorMessage],
          ...[row.quotaPeriod, row.cancelled, row.updatedAt, row.completedAt],
        ]),
      )
    },
    /** Replaces a search's channels. */
    *replaceChannels(tx: Tx, id: string, rows: Tables['parsedChannels']['$inferInsert'][]): Steps<void> {
      yield* this.deleteChannels(tx, [id])
      for (let from = 0; from < rows.length; from += INSERT_ROWS)
        yield tx
          .insert(channels)
          .values(rows.slice(from, from + INSERT_ROWS))
          .returning({ id: channels.channelId })
    },
    *deleteChannels(tx: Tx, ids: string[]): Steps<void> {
      if (ids.length === 0) return
      yield tx.delete(channels).where(inArray(channels.searchId, ids)).returning({ id: channels.channelId })
    },
    /** Deletes a user's searches with their channels; answers how many of each. */
    *deleteOfUser(tx: Tx, userId: string): Steps<{ searches: number; channels: number }> {
      const mine = tx.select({ id: searches.id }).from(searches).where(eq(searches.userId, userId))
      const gone = yield* q(tx.delete(channels).where(inArray(channels.searchId, mine)).returning({ id: channels.searchId }))
      const ended = yield* q(tx.delete(searches).where(eq(searches.userId, userId)).returning({ id: searches.id }))
      return { searches: ended.length, channels: gone.length }
    },
    /** How many channels of a search pass a filter, for each of `wanted`, by its `key`. */
    *countMatching(
      tx: Queryable,
      wanted: { key: string; searchId: string; filter: ChannelFilter }[],
    ): Steps<Map<string, number>> {
      const rows = yield* tx.batch(
        countPassing,
        wanted.map(({ key, searchId, filter: { minScore, maxScore, minMembers, maxMembers, levels = [], language } }) => [
          ...[key, searchId, minScore, maxScore, minMembers, maxMembers, levels[0], levels[1], language],
        ]),
      )
      return new Map(rows.map(({ key, count }) => [key, Number(count)]))
    },
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
