import type { ActivityLevel, Channel, ChannelFilters } from './port.ts'

const HOUR_MS = 3_600_000
const WEEK_HOURS = 168

/** Two decimals, half up, as the contract's round2. */
export const round2 = (value: number): number => Math.round(value * 100) / 100

/**
 * How alive a channel is, 0..1 with two decimals (love-parser §7, live): 0.6 for its size, a million being all of it, and 0.4 for how
 * fresh its last post is, a week being stale. `lastPost` null means unknown; `now` in milliseconds.
 */
export const activityScore = (subscribers: number, lastPost: Date | null, now: number): number => {
  const size = Math.min(Math.max(subscribers, 0) / 1_000_000, 1)
  // A post dated ahead of our clock is fresh, not fresher than fresh.
  const hours = lastPost ? Math.max(0, now - lastPost.getTime()) / HOUR_MS : undefined
  const freshness = hours === undefined ? 0.4 : 1 - Math.min(hours, WEEK_HOURS) / WEEK_HOURS
  return round2(0.6 * size + 0.4 * freshness)
}

/** The level of a score, in both modes (love-parser §7): 0.66 and above high, 0.33 and above medium. */
export const activityLevel = (score: number): ActivityLevel => (score >= 0.66 ? 'high' : score >= 0.33 ? 'medium' : 'low')

/** Whether a channel passes all given filters (love-parser §4, §7). A language filter drops channels of unknown language. */
export const passesFilters = (channel: Channel, filters: ChannelFilters): boolean => {
  const { language, minSubscribers, maxSubscribers, activityLevel: level } = filters
  if (language !== undefined && channel.language !== language) return false
  if (minSubscribers !== undefined && channel.subscribers < minSubscribers) return false
  if (maxSubscribers !== undefined && channel.subscribers > maxSubscribers) return false
  return level === undefined || channel.activityLevel === level
}

/** `PARSING_CHANNEL_LIMIT` as the contract clamps it (love-parser §7): whole, 5..200. */
export const clampLimit = (limit: number): number => Math.min(200, Math.max(5, Math.trunc(limit)))
