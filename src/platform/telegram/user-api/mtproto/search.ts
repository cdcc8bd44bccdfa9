import { Long, type tl } from '@mtcute/core'
import {
  type Channel,
  type SearchRequest,
  type SearchState,
  type SearchStep,
  TelegramError,
  type TelegramProblem,
} from '../port.ts'
import { activityLevel, activityScore, clampLimit, passesFilters } from '../sandbox.ts'
import type { Link, LinkDeps } from './link.ts'

/** Below so many letters a guess is worse than none: one word of an alphabet fits several languages. */
const MIN_LETTERS = 16
/** Scripts in which a few characters carry as much as a sentence. */
const DENSE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu
const MIN_DENSE = 4
const MAX_CHARS = 2000

/** Parts of a text that have letters and are not words of a language. */
const NOISE = /https?:\/\/\S+|\bt\.me\/\S+|[@#][\p{L}\p{N}_]+|\b[\w.-]+@[\w-]+\.\w+\b/gu

/** The language of a channel's texts as ISO 639-1, or null when there is too little text (love-parser §7, live). */
export type DetectLanguage = (texts: readonly (string | null)[]) => string | null

/** Loads the detector at the first search: its word lists take 40 MB, which logins and probes do not need. */
export const loadLanguageDetector = async (): Promise<DetectLanguage> => {
  const { detect } = await import('tinyld')
  return (texts) => {
    const words = texts
      .filter((text) => text !== null && text !== '')
      .join('\n')
      .replace(NOISE, ' ')
      .slice(0, MAX_CHARS)
    const letters = words.match(/\p{L}/gu)?.length ?? 0
    if (letters < MIN_LETTERS && (words.match(DENSE)?.length ?? 0) < MIN_DENSE) return null
    const found = detect(words)
    return /^[a-z]{2}$/.test(found) ? found : null
  }
}

/** A channel as contacts.search answers it: enough to request its details, and to be used without them. Plain JSON. */
export interface FoundChannel {
  id: number
  /** A 64-bit number as text: JSON would round it. */
  accessHash: string
  title: string
  /** Without `@`. */
  username: string | null
  subscribers: number | null
}

/** A channel with its details. Plain JSON; the score is left out, since it depends on the time of reading. */
export interface ReadChannel {
  channelId: string
  title: string | null
  username: string | null
  subscribers: number
  description: string | null
  language: string | null
  /** Milliseconds. */
  lastPost: number | null
}

/** A text as a database takes it, null when nothing is left: Postgres refuses a zero byte, and one would cost the whole search. */
const clean = (text: string): string | null => text.replaceAll('\0', '').trim() || null

/** Channels and megagroups of an answer, in its order, each once (love-parser §7). */
const foundChannels = (found: tl.contacts.TypeFound, limit: number): FoundChannel[] => {
  const chats = new Map(found.chats.flatMap((chat) => (chat._ === 'channel' && !chat.monoforum ? [[chat.id, chat]] : [])))
  const channels = new Map<number, FoundChannel>()
  for (const peer of [...found.myResults, ...found.results]) {
    const chat = peer._ === 'peerChannel' ? chats.get(peer.channelId) : undefined
    if (!chat || channels.has(chat.id)) continue
    channels.set(chat.id, {
      id: chat.id,
      accessHash: (chat.accessHash ?? Long.ZERO).toString(),
      title: chat.title,
      username: chat.username ?? chat.usernames?.find((name) => name.active)?.username ?? null,
      subscribers: chat.participantsCount ?? null,
    })
  }
  return [...channels.values()].slice(0, limit)
}

/** A channel as far as it is known (love-parser §7, live); `full` and `history` are undefined where they could not be had. */
const readChannel = (
  detect: DetectLanguage,
  found: FoundChannel,
  full: tl.TypeChatFull | undefined,
  history: tl.messages.TypeMessages | undefined,
): ReadChannel => {
  const about = clean(full?.about ?? '')
  // Service messages (joins, pins) and deleted ones do not show that the channel is active.
  const messages = history && 'messages' in history ? history.messages.filter((message) => message._ === 'message') : []
  const newest = messages.reduce((latest, message) => Math.max(latest, message.date), 0)
  const username = found.username === null ? null : `@${found.username}`
  return {
    channelId: String(found.id),
    title: clean(found.title),
    username,
    subscribers: (full?._ === 'channelFull' ? full.participantsCount : undefined) ?? found.subscribers ?? 0,
    description: about ?? username,
    // TL names no language of a channel, so it is always detected.
    language: detect([found.title, about, ...messages.map((message) => message.message)]),
    lastPost: newest > 0 ? newest * 1000 : null,
  }
}

/** The row of a channel as of `now` (milliseconds). */
const toRow = ({ lastPost, ...channel }: ReadChannel, now: number): Channel => {
  const post = lastPost === null ? null : new Date(lastPost)
  const score = activityScore(channel.subscribers, post, now)
  return { ...channel, lastPost: post, activityScore: score, activityLevel: activityLevel(score) }
}

export interface SearchDeps extends LinkDeps {
  /** Mean pause between channels in milliseconds (`TELEGRAM_CALL_DELAY_MS`); each differs by up to 20 %. */
  callDelayMs: number
  /** 0..1, as Math.random. */
  random: () => number
}

const HISTORY_LIMIT = 20
const JITTER = 0.2
/** What would hit the next channel as well, so that going on would only make it worse. */
const STOPS_ALL: TelegramProblem[] = ['flood', 'session_revoked', 'unavailable', 'phone_migrate']

/** `found` is what contacts.search gave, `read` the first of them with details, in the same order. */
interface LiveState extends SearchState {
  source: 'mtproto'
  found: FoundChannel[]
  read: ReadChannel[]
}

const resumed = (state: SearchState | undefined): LiveState | undefined => {
  const known = state as Partial<LiveState> | undefined
  return known?.source === 'mtproto' && Array.isArray(known.found) && Array.isArray(known.read) ? (known as LiveState) : undefined
}

/** Details of one channel. Refusals that concern this channel leave its details empty; other errors are thrown. */
const askDetails = async ({ log }: SearchDeps, link: Link, channel: FoundChannel, signal?: AbortSignal): Promise<ReadChannel> => {
  const target = { channelId: channel.id, accessHash: Long.fromString(channel.accessHash) }
  const attempt = async <T>(what: string, call: Promise<T>): Promise<T | undefined> => {
    try {
      return await call
    } catch (error) {
      if (!(error instanceof TelegramError) || STOPS_ALL.includes(error.problem)) throw error
      log.warn('telegram channel is kept without all of its details', { channelId: channel.id, what, problem: error.problem })
      return undefined
    }
  }
  const full = await attempt(
    'details',
    link.ask({ _: 'channels.getFullChannel', channel: { _: 'inputChannel', ...target } }, { signal }),
  )
  const history = await attempt(
    'history',
    link.ask(
      {
        _: 'messages.getHistory',
        peer: { _: 'inputPeerChannel', ...target },
        offsetId: 0,
        offsetDate: 0,
        addOffset: 0,
        limit: HISTORY_LIMIT,
        maxId: 0,
        minId: 0,
        hash: Long.ZERO,
      },
      { signal },
    ),
  )
  return readChannel(await loadLanguageDetector(), channel, full?.fullChat, history)
}

/** @see TelegramGateway.search (love-parser §7, live) */
export async function* searchChannels(
  deps: SearchDeps,
  openService: () => Promise<Link>,
  { query, filters, limit, resume, signal }: SearchRequest,
): AsyncGenerator<SearchStep, void, void> {
  signal?.throwIfAborted()
  const link = await openService()
  const before = resumed(resume)
  const wanted = clampLimit(limit)
  const found =
    before?.found ?? foundChannels(await link.ask({ _: 'contacts.search', q: query, limit: wanted }, { signal }), wanted)
  const read = before?.read.slice(0, found.length) ?? []
  // A new object each time: the caller may keep one while the next is made.
  const step = (): SearchStep => ({
    kind: 'reading',
    read: read.length,
    of: found.length,
    state: { source: 'mtproto', found, read: [...read] } satisfies LiveState,
  })
  yield step()
  let first = true
  for (const channel of found.slice(read.length)) {
    if (!first) await deps.clock.sleep(deps.callDelayMs * (1 - JITTER + 2 * JITTER * deps.random()), signal)
    first = false
    signal?.throwIfAborted()
    read.push(await askDetails(deps, link, channel, signal))
    yield step()
  }
  const now = deps.clock.now()
  const rows = read.map((channel) => toRow(channel, now)).filter((channel) => passesFilters(channel, filters))
  yield { kind: 'done', of: found.length, rows }
}
