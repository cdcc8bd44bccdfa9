import type { VerifiedToken } from '../../access/tokens.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Channel } from '../../platform/http/asyncapi.ts'
import type { Log } from '../../platform/log.ts'
import { EventStream, sseComment, sseEvent } from '../../platform/push/sse.ts'
import type { Bus } from '../../platform/shared.ts'
import { TOKEN_REVOKED, type TokenRevoked } from '../accounts/service.ts'
import { searchTopic } from './life.ts'
import { isTerminal, type Snapshot, snapshotView } from './model.ts'

const REPEAT_MS = 1000
/** Repeats from one heartbeat to the next: 15 s. */
const REPEATS_PER_HEARTBEAT = 15
/** Repeats from one look at the tokens to the next: what ended a token ends its streams within 10 s. */
const REPEATS_PER_CHECK = 5
const encoder = new TextEncoder()
const HEARTBEAT = encoder.encode(sseComment('hb'))
/** A slow reader gets the newest snapshot once it has room; snapshots in between are skipped. The stream ends with its token. */
const LIMITS = { coalesceBytes: 0, maxBytes: Number.POSITIVE_INFINITY, stalledMs: Number.POSITIVE_INFINITY }
const SNAPSHOT = 'snapshot'

interface Reader {
  token: VerifiedToken
  stream: EventStream
  /** Whether anything was sent to it yet. */
  begun: boolean
}
/** One search that is being watched in this process. */
interface Watched {
  id: string
  snapshot?: Snapshot
  block?: Uint8Array
  readers: Set<Reader>
  /** Whether an event came over the bus since the last heartbeat. */
  hasNews: boolean
  unsubscribe(): void
}

export interface ProgressDeps {
  bus: Bus
  clock: Clock
  log: Log
  snapshotOf(searchId: string): Promise<Snapshot | undefined>
  snapshotsOf(searchIds: string[]): Promise<ReadonlyMap<string, Snapshot>>
  /** No other process works on this database: every change comes over the bus. */
  isAlone: boolean
  /** The hashes of those tokens that still hold. */
  stillHolding(tokens: VerifiedToken[]): Promise<ReadonlySet<string>>
}

/** The event as it goes over the wire: data first, then the version (love-parser §4). Fields in one order, as no database keeps them. */
const blockOf = ({ version, ...shown }: Snapshot) => {
  const { searchId, status, progress, current, total, results, error, message, attempt, source, updated_at } = shown
  const data = { searchId, status, progress, current, total, results, error, message, attempt, source, updated_at }
  return encoder.encode(sseEvent({ data: JSON.stringify(data), id: version }))
}

/**
 * Progress streams (love-parser §4). A watched search is kept once, encoded once per change and sent every second from
 * memory by one timer for all. The store is read when a stream opens, at a heartbeat when the bus was silent since the last, and every
 * second while other processes may work that the bus does not reach.
 */
export const createProgressStreams = ({ bus, clock, log, snapshotOf, snapshotsOf, isAlone, stillHolding }: ProgressDeps) => {
  const watched = new Map<string, Watched>()
  const stopped = new AbortController()
  let ticking = false
  let looking = false

  const leave = (search: Watched, reader: Reader) => {
    if (!search.readers.delete(reader) || search.readers.size > 0) return
    search.unsubscribe()
    if (watched.get(search.id) === search) watched.delete(search.id)
  }
  const close = ({ stream }: Reader) => stream.end(1000, 'the search is not followed any more')
  const send = (reader: Reader, block: Uint8Array, last: boolean) => {
    reader.begun = true
    reader.stream.push(block, undefined, SNAPSHOT)
    if (last) reader.stream.finish(1000, 'the search has ended')
  }
  const show = (search: Watched, snapshot: Snapshot) => {
    // Events of two processes may overtake each other; an older version is never sent after a newer one.
    if (search.snapshot && search.snapshot.version >= snapshot.version) return
    search.snapshot = snapshot
    search.block = blockOf(snapshot)
    for (const reader of [...search.readers]) send(reader, search.block, isTerminal(snapshot))
  }
  const watch = (id: string): Watched => {
    const known = watched.get(id)
    if (known) return known
    const search: Watched = { id, readers: new Set(), hasNews: false, unsubscribe: () => {} }
    search.unsubscribe = bus.subscribe(searchTopic(id), (snapshot: Snapshot) => {
      search.hasNews = true
      show(search, snapshot)
    })
    watched.set(id, search)
    return search
  }

  const repeat = (beat: boolean) => {
    const now = clock.now()
    for (const search of watched.values()) {
      if (!search.block) continue
      const block = beat ? Buffer.concat([search.block, HEARTBEAT]) : search.block
      for (const reader of [...search.readers])
        if (reader.token.expiresAt <= now) close(reader)
        else if (reader.stream.pending() === 0) send(reader, block, false)
    }
  }
  /** Reads searches again, because the bus may have lost an event. */
  const readAgain = async (searches: Watched[]) => {
    const stored = await snapshotsOf(searches.map((search) => search.id))
    for (const search of searches) {
      const snapshot = stored.get(search.id)
      if (snapshot) show(search, snapshot)
      else for (const reader of [...search.readers]) close(reader)
    }
  }
  /** Ends the streams of tokens that do not hold any more. */
  const checkTokens = async () => {
    const readers = [...watched.values()].flatMap((search) => [...search.readers])
    const tokens = new Map(readers.map(({ token }) => [token.hash, token]))
    if (tokens.size === 0) return
    const holding = await stillHolding([...tokens.values()])
    for (const reader of readers) if (!holding.has(reader.token.hash)) close(reader)
  }
  const lookAgain = async (beat: boolean, missed: boolean, check: boolean) => {
    const searches = [...watched.values()]
    if (beat || missed) await readAgain(searches.filter((search) => missed || !search.hasNews))
    if (beat) for (const search of searches) search.hasNews = false
    if (check) await checkTokens()
  }
  const tick = async () => {
    ticking = true
    let wasShared = false
    /** What is due since the last look began: a slow look puts others off, and must not make them be left out. */
    let due = { beat: false, missed: false, check: false }
    for (let turn = 1; watched.size > 0 && !stopped.signal.aborted; turn++) {
      await clock.sleep(REPEAT_MS, stopped.signal)
      const beat = turn % REPEATS_PER_HEARTBEAT === 0
      repeat(beat)
      const isShared = bus.isShared()
      // Also once after the bus has come back: events of the time in between are lost.
      const missed = !isAlone && !(isShared && wasShared)
      wasShared = isShared
      // Not waited for: a store that is slow must not keep the repeats from going out.
      due = { beat: due.beat || beat, missed: due.missed || missed, check: due.check || turn % REPEATS_PER_CHECK === 0 }
      if ((due.beat || due.missed || due.check) && !looking) {
        looking = true
        const { beat, missed, check } = due
        due = { beat: false, missed: false, check: false }
        lookAgain(beat, missed, check)
          .catch((error) => log.warn('progress could not be read', { error }))
          .finally(() => {
            looking = false
          })
      }
    }
    ticking = false
  }
  const unsubscribe = bus.subscribe(TOKEN_REVOKED, ({ hash }: TokenRevoked) => {
    for (const search of [...watched.values()])
      for (const reader of [...search.readers]) if (reader.token.hash === hash) close(reader)
  })

  return {
    /** A stream that begins with the stored snapshot and ends after the terminal one, or with its token. */
    async open(searchId: string, token: VerifiedToken): Promise<Response> {
      const search = watch(searchId)
      const reader: Reader = {
        token,
        stream: new EventStream({ limits: LIMITS, now: clock.now, highWaterBytes: 1 }),
        begun: false,
      }
      reader.stream.onEnd = () => leave(search, reader)
      search.readers.add(reader)
      const response = reader.stream.response('no-cache, no-transform')
      reader.stream.start()
      // Read after the subscription, so that no change falls between the two.
      const stored = await snapshotOf(searchId).catch((error) => {
        leave(search, reader)
        throw error
      })
      const shown = search.snapshot
      if (stored && (!shown || shown.version < stored.version)) show(search, stored)
      else if (search.block && shown && !reader.begun) send(reader, search.block, isTerminal(shown))
      if (!ticking) void tick()
      if (stopped.signal.aborted) close(reader)
      return response
    },
    /** Open streams of this process. */
    count: () => [...watched.values()].reduce((sum, { readers }) => sum + readers.size, 0),
    /** Closes all streams; new ones are closed after their snapshot. */
    stop() {
      stopped.abort()
      unsubscribe()
      for (const search of [...watched.values()]) for (const reader of [...search.readers]) close(reader)
    },
  }
}
export type ProgressStreams = ReturnType<typeof createProgressStreams>

/** The progress of a search (love-parser §4). */
export const searchChannels: Channel[] = [
  {
    name: 'searchProgress',
    address: '/api/v1/parsing/{search_id}/progress',
    protocol: 'sse',
    title: 'Progress of a channel search',
    description:
      'The snapshot at once, every change, the last one every second, a comment every 15 seconds; ends after `completed` or `failed`, and when the token ends. The id of an event is the version of the snapshot.',
    parameters: { search_id: 'id of the search' },
    security: ['loveParser'],
    sends: [{ name: 'searchSnapshot', summary: 'How far the search is', payload: snapshotView }],
  },
]
