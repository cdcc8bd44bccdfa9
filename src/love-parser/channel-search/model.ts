/** Filters of a search as they are stored and shown; absent ones are not set (love-parser §4). */
export interface SearchFilters {
  language?: string
  min_subscribers?: number
  max_subscribers?: number
  activity_level?: ActivityLevel
}
export const ACTIVITY_LEVELS = ['low', 'medium', 'high'] as const
export type ActivityLevel = (typeof ACTIVITY_LEVELS)[number]
export const SNAPSHOT_STATUSES = [
  'pending',
  'initializing',
  'scanning_channels',
  'analyzing_data',
  'completed',
  'failed',
] as const

/** What the progress stream shows (love-parser §4). */
export interface Snapshot {
  searchId: string
  status: (typeof SNAPSHOT_STATUSES)[number]
  /** 0..100 */
  progress: number
  current: number
  total: number
  results?: number
  error?: string
  message?: string
  attempt: number
  source: 'sandbox' | 'mtproto'
  updated_at: string
  /** Grows with every change; the stream's event id. */
  version: number
}
