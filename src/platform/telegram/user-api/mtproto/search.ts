import { Long } from '@mtcute/core'
import { type SearchRequest, type SearchState, type SearchStep, TelegramError, type TelegramProblem } from '../port.ts'
import { clampLimit, passesFilters } from '../sandbox-channels.ts'
import type { Link, LinkDeps } from './link.ts'
import { type FoundChannel, foundChannels, type ReadChannel, readChannel, toRow } from './read.ts'

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
  // Loaded at the first search: its word lists take 40 MB, which logins and probes do not need.
  const { detectLanguage } = await import('../language.ts')
  return readChannel(detectLanguage, channel, full?.fullChat, history)
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
