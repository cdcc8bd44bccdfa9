import { DAY_MS, HOUR_MS } from '../../clock.ts'
import type { ActivityLevel, Channel, ChannelFilters } from './port.ts'

const WEEK_HOURS = 168

/** Two decimals, half up, as the contract's round2. */
const round2 = (value: number): number => Math.round(value * 100) / 100

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

const LANGUAGES = ['en', 'ru', 'es', 'de', 'fr', 'pt', 'tr', 'vi', 'id', 'ar'] as const
const TRIED_PER_ROW = 3

/** A number 0..1 that depends on the text alone: the first four bytes of its sha256. */
const fraction = (text: string): number => {
  const digest = new Bun.CryptoHasher('sha256').update(text).digest()
  return digest.readUInt32BE(0) / 0xffffffff
}

const slugOf = (query: string): string =>
  query
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 24) || 'channel'

const titleOf = (query: string): string => {
  const [first = '', ...rest] = [...query].slice(0, 200)
  return first.toUpperCase() + rest.join('')
}

/** The channel of index `i` (0-based) for a query (love-parser §7). `now` is the search's created_at in milliseconds. */
const sandboxChannel = (query: string, i: number, language: string | undefined, now: number): Channel => {
  const key = query.toLowerCase()
  const u = (salt: string) => fraction(`${key}:${i}:${salt}`)
  const score = round2(u('activity'))
  return {
    channelId: `sim-${i + 1}`,
    title: `${titleOf(query)} Hub ${i + 1}`,
    username: `@${slugOf(query)}_${i + 1}`,
    subscribers: Math.max(250, Math.floor(u('subs') * 500_000)),
    description: `Sandbox channel ${i + 1} for ${query}`,
    activityScore: score,
    activityLevel: activityLevel(score),
    language: language ?? (LANGUAGES[Math.min(9, Math.floor(u('lang') * 10))] as string),
    lastPost: new Date(now - Math.floor(u('recency') * 14) * DAY_MS),
  }
}

export interface SandboxRows {
  /** Channels that passed, in the order generated. */
  rows: Channel[]
  /** How many were tried for them. */
  tried: number
}

/**
 * The sandbox's answer to a search (love-parser §7): candidates in order until `limit` (clamped to 5..200) pass the filters or three
 * times as many were tried. The same arguments always give the same rows; `now` is the search's created_at in milliseconds.
 */
export const sandboxChannels = (query: string, filters: ChannelFilters, limit: number, now: number): SandboxRows => {
  const wanted = clampLimit(limit)
  const rows: Channel[] = []
  const trimmed = query.trim()
  let tried = 0
  while (rows.length < wanted && tried < wanted * TRIED_PER_ROW) {
    const channel = sandboxChannel(trimmed, tried++, filters.language, now)
    if (passesFilters(channel, filters)) rows.push(channel)
  }
  return { rows, tried }
}
