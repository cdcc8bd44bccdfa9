import { activityLevel, clampLimit, passesFilters, round2 } from './channels.ts'
import type { Channel, ChannelFilters } from './port.ts'

const LANGUAGES = ['en', 'ru', 'es', 'de', 'fr', 'pt', 'tr', 'vi', 'id', 'ar'] as const
const DAY_MS = 86_400_000
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
