import type { ActivityLevel } from '../channel-search/model.ts'

/** Filters of a segment as they are stored and shown; absent ones are not set (love-parser §5). */
export interface SegmentFilters {
  engagement_min?: number
  engagement_max?: number
  min_subscribers?: number
  max_subscribers?: number
  activity_level?: ActivityLevel
  language?: string
  post_frequency?: 'daily' | 'weekly' | 'monthly'
}
