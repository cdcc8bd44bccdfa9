import { type Clock, DAY_MS, HOUR_MS } from '../../clock.ts'
import type { Log } from '../../log.ts'
import {
  type ActivityLevel,
  type Channel,
  type ChannelFilters,
  type SearchStep,
  type SignedIn,
  TelegramError,
  type TelegramGateway,
} from './port.ts'

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

export interface SandboxDeps {
  clock: Clock
  log: Log
  /** Milliseconds of pause before each tenth of a search, so that its progress can be watched; 0 by default. */
  stepDelayMs?: number
}

const CODE = '12345'
const PASSWORD = 'sandbox'
const FIRST_ID = 7_000_000_000
const STEPS = 10

const hashOf = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest()

const codeHashOf = (phone: string) => hashOf(`hash:${phone}`).toString('hex').slice(0, 18)

/** The account behind a sandbox phone (love-parser §7): the same phone is always the same account. */
const sandboxAccount = (phone: string): SignedIn => {
  const digits = phone.slice(-4)
  return {
    telegramId: FIRST_ID + hashOf(phone).readUInt32BE(0),
    username: `sandbox_${digits}`,
    firstName: 'Sandbox',
    lastName: digits,
    phone,
    photoId: null,
    session: JSON.stringify({ sandbox: phone }),
  }
}

/** What a sandbox login carries from call to call; `accepted` once the code was right and the password is due. */
interface LoginState {
  sandbox: string
  accepted?: true
}

const parseState = (state: string): Partial<LoginState> | null => {
  try {
    return JSON.parse(state)
  } catch {
    return null
  }
}

const readState = (state: string): LoginState => {
  const parsed = parseState(state)
  // One of another mode is no state here.
  if (typeof parsed?.sandbox !== 'string') throw new TelegramError('session_revoked')
  return parsed as LoginState
}

/**
 * The gateway without Telegram (love-parser §7): code `12345` for every phone, password `sandbox` for those that end in 2, and made-up
 * channels that repeat exactly. It alone ever logs a code.
 */
export const createSandboxGateway = ({ clock, log, stepDelayMs = 0 }: SandboxDeps): TelegramGateway => ({
  source: 'sandbox',
  async sendCode(phone) {
    // In the text and with four digits of the phone: the log would mask a field called phone, and a whole number too.
    log.info(`sandbox login of phone ...${phone.slice(-4)}: the code is ${CODE}`)
    return { phoneCodeHash: codeHashOf(phone), state: JSON.stringify({ sandbox: phone }) }
  },
  async signIn(state, { phoneCodeHash, code }) {
    const { sandbox: phone, accepted } = readState(state)
    if (accepted || phoneCodeHash !== codeHashOf(phone)) throw new TelegramError('code_expired')
    if (code !== CODE) throw new TelegramError('code_invalid')
    if (phone.endsWith('2')) return { passwordNeeded: true, state: JSON.stringify({ sandbox: phone, accepted: true }) }
    return { passwordNeeded: false, account: sandboxAccount(phone) }
  },
  async checkPassword(state, password) {
    const { sandbox: phone, accepted } = readState(state)
    // As in Telegram: the password is checked only after the code was accepted.
    if (!accepted) throw new TelegramError('session_revoked')
    if (password !== PASSWORD) throw new TelegramError('password_invalid')
    return sandboxAccount(phone)
  },
  async *search({ query, filters, limit, now, resume, signal }): AsyncGenerator<SearchStep, void, void> {
    signal?.throwIfAborted()
    const { rows, tried }: SandboxRows = sandboxChannels(query, filters, limit, now)
    const stride = Math.max(1, Math.ceil(tried / STEPS))
    const from = resume?.source === 'sandbox' ? Math.min(tried, Math.max(0, Math.trunc(Number(resume.read)) || 0)) : 0
    for (let read = from; ; read = Math.min(tried, read + stride)) {
      yield { kind: 'reading', read, of: tried, state: { source: 'sandbox', read } }
      if (read === tried) break
      if (stepDelayMs > 0) await clock.sleep(stepDelayMs, signal)
      signal?.throwIfAborted()
    }
    yield { kind: 'done', of: tried, rows }
  },
  async ping() {},
  async close() {},
})
