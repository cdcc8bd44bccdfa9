import type { ChannelView, SearchEntry } from './model.ts'
import type { ChannelRow, SearchSummary } from './repository.ts'

/** A search as lists show it (love-parser §4). */
export const searchView = (row: SearchSummary): SearchEntry => ({
  id: row.id,
  query: row.query,
  filters: { ...row.filters },
  status: row.status,
  created_at: row.createdAt.toISOString(),
  results_count: row.resultCount,
  source: row.source,
  error: row.errorMessage,
  completed_at: row.completedAt?.toISOString() ?? null,
})

/** A channel as results and exports show it (love-parser §4). */
export const channelViewOf = (row: Omit<ChannelRow, 'searchId' | 'language'>): ChannelView => ({
  channel_id: row.channelId,
  title: row.title,
  username: row.username === null ? null : `@${row.username}`,
  subscribers: row.memberCount,
  description: row.description,
  activity_score: row.activityScore,
  activity_level: row.activityLevel,
  last_post: row.lastPost?.toISOString() ?? null,
})
