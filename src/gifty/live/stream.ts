import { unavailable } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { CLOSE, endRefused, RECHECK_MS } from '../../platform/push/socket-session.ts'
import { EventStream, sseComment, sseEvent } from '../../platform/push/sse.ts'
import type { Bus } from '../../platform/shared.ts'
import { type EventStore, KEPT_EVENTS, NEW_EVENTS, type StoredEvent } from './events.ts'

/** Streams of one process. */
const MAX_STREAMS = 2000
/** How often a process looks for events where no bus names those of others, in ms. */
const LOOK_MS = 1000
/** How often states that are no events are looked at, while somebody follows them, in ms. */
const STATE_MS = 5000
const COMMENT_MS = 15_000
/** Listeners that get events in one turn of the event loop. */
const AT_ONCE = 100
/** Events that are read at once. */
const PAGE = 1000
/** Bytes that a stream holds for its reader, and those that may wait outside it: a reader that does not read is closed. */
const HIGH_WATER_BYTES = 64 * 1024
const LIMITS = { coalesceBytes: 256 * 1024, maxBytes: 256 * 1024, stalledMs: 30_000 }
const encoder = new TextEncoder()

/** What stands at the beginning of a stream for a topic, and, of a topic that is a state, whenever it has changed. */
export type Snapshot = (topic: string) => Promise<unknown>
/** Topics whose news is their state as a whole: not numbered, sent when it has changed. */
const STATES = ['fleet', 'workers', 'attention'] as const
const isState = (topic: string): boolean => (STATES as readonly string[]).includes(topic)

interface Listener {
  stream: EventStream
  topics: readonly string[]
  commentedAt: number
}
/** Listeners of the same topics: an event is written for all of them once. */
interface Group {
  topics: ReadonlySet<string>
  listeners: Set<Listener>
}

export interface EventStreamsDeps {
  clock: Clock
  bus: Bus
  log: Log
  store: EventStore
  snapshot: Snapshot
}

/** The streams of live events of this process (operations §6): one reader of the database for all listeners. */
export const createEventStreams = ({ clock, bus, log, store, snapshot }: EventStreamsDeps) => {
  const groups = new Map<string, Group>()
  /** What was last sent of each state. */
  const sent = new Map<string, string>()
  let open = 0
  let isStopping = false
  let cursor = 0
  let hasCursor = false
  let pulling: Promise<void> | undefined
  let isWanted = false
  let lookedAt = 0
  let statesAt = 0
  let isSending = false
  let recheckedAt = 0

  const listeners = () => [...groups.values()].flatMap((group) => [...group.listeners])
  const frame = (topic: string, { id, type, at, data }: StoredEvent): string =>
    sseEvent({
      id,
      event: type,
      data: `{"topic":${JSON.stringify(topic)},"type":${JSON.stringify(type)},"at":"${new Date(at).toISOString()}","data":${data}}`,
    })
  const stateFrame = (topic: string, type: string, data: unknown, id?: number) => {
    const body = JSON.stringify({ topic, type, at: new Date(clock.now()).toISOString(), data })
    return sseEvent(id === undefined ? { event: type, data: body } : { id, event: type, data: body })
  }
  /** Events as listeners of these topics get them; the topic is the first of the event's that they follow. */
  const textOf = (events: readonly StoredEvent[], topics: ReadonlySet<string>): string => {
    let text = ''
    for (const event of events) {
      const topic = event.topics.find((one) => topics.has(one))
      if (topic !== undefined) text += frame(topic, event)
    }
    return text
  }
  /** Hands events to those who follow them, a part of the listeners at a time: requests get their turn between. */
  const deliver = async (events: readonly StoredEvent[]): Promise<void> => {
    const last = events.at(-1)?.id as number
    for (const { topics, listeners: group } of [...groups.values()]) {
      const text = textOf(events, topics)
      if (text === '') continue
      const bytes = encoder.encode(text)
      let handed = 0
      for (const { stream } of [...group]) {
        stream.push(bytes, last)
        if (++handed % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
  const pull = async (): Promise<void> => {
    // bounded: by the events there are
    while (isWanted) {
      isWanted = false
      lookedAt = clock.now()
      for (let events = await store.after(cursor, PAGE); events.length > 0; events = await store.after(cursor, PAGE)) {
        cursor = events.at(-1)?.id as number
        await deliver(events)
        if (events.length < PAGE) break
      }
    }
  }
  /** Delivers what has been added; a call while another is under way is answered by one more look. */
  const look = (): Promise<void> => {
    isWanted = true
    pulling ??= pull().finally(() => {
      pulling = undefined
      // Asked for between the last look and this.
      if (isWanted) lookSoon()
    })
    return pulling
  }
  const lookSoon = () => {
    look().catch((error) => log.warn('live events could not be read', { error }))
  }
  const unsubscribe = bus.subscribe(NEW_EVENTS, () => {
    if (open > 0) lookSoon()
  })

  const sendChanged = async (): Promise<void> => {
    for (const topic of STATES) {
      const wanting = listeners().filter(({ topics }) => topics.includes(topic))
      if (wanting.length === 0) {
        sent.delete(topic)
        continue
      }
      const data = await snapshot(topic)
      const text = JSON.stringify(data)
      if (sent.get(topic) === text) continue
      sent.set(topic, text)
      const bytes = encoder.encode(stateFrame(topic, `${topic}.changed`, data))
      for (const { stream } of wanting) stream.push(bytes)
    }
  }

  /** Sends the states that have changed. Never rejects. */
  const sendStates = async (): Promise<void> => {
    isSending = true
    await sendChanged().catch((error) => log.warn('states could not be sent to listeners', { error }))
    isSending = false
  }

  /** What comes first: all that was missed since `after`, or the state of each topic. */
  const beginning = async (topics: readonly string[], after: number | undefined, upTo: number) => {
    const followed = new Set(topics)
    const { first, last } = await store.bounds()
    const canResume = after !== undefined && after <= last && (after >= first - 1 || first === 0) && last - after <= KEPT_EVENTS
    let text = sseEvent({ retry: 3000 })
    if (canResume) {
      for (let from = after; from < upTo; ) {
        const events = (await store.after(from, PAGE)).filter(({ id }) => id <= upTo)
        if (events.length === 0) break
        text += textOf(events, followed)
        from = events.at(-1)?.id as number
      }
      for (const topic of topics.filter(isState)) text += stateFrame(topic, `${topic}.changed`, await snapshot(topic))
      return text
    }
    if (after !== undefined) text += stateFrame(topics[0] as string, 'reset', { last })
    for (const topic of topics) {
      const data = await snapshot(topic)
      text += stateFrame(topic, 'snapshot', data, upTo)
      // What the first listener has seen is what a change is measured against.
      if (isState(topic) && !sent.has(topic)) sent.set(topic, JSON.stringify(data))
    }
    return text
  }

  return {
    /**
     * A stream of these topics; `after` is the number of the last event that the client has.
     * @throws AppError 503 with too many streams, or when the process stops
     */
    async open(
      topics: readonly string[],
      after: number | undefined,
      recheck: (() => Promise<unknown>) | undefined,
    ): Promise<Response> {
      if (isStopping) throw unavailable('The server is stopping')
      if (open >= MAX_STREAMS) throw unavailable('Too many event streams are open')
      open++
      const stream = new EventStream({ limits: LIMITS, now: clock.now, highWaterBytes: HIGH_WATER_BYTES })
      const listener: Listener = { stream, topics, commentedAt: clock.now() }
      const key = [...topics].sort().join()
      const leave = () => {
        open--
        const group = groups.get(key)
        group?.listeners.delete(listener)
        if (group?.listeners.size === 0) groups.delete(key)
      }
      try {
        if (!hasCursor) {
          cursor = (await store.bounds()).last
          hasCursor = true
        }
        await look()
        const group = groups.get(key) ?? { topics: new Set(topics), listeners: new Set() }
        groups.set(key, group)
        group.listeners.add(listener)
        // From here on live events wait in the stream; those up to the cursor are read.
        const upTo = cursor
        stream.acceptAfter(upTo)
        const text = await beginning(topics, after, upTo)
        stream.recheck = recheck
        stream.onEnd = leave
        const response = stream.response('no-cache')
        stream.start(text)
        return response
      } catch (error) {
        leave()
        throw error
      }
    },
    count: () => open,
    /** To be called about every second: events of other processes, states, comments, and the end of readers that are slow or no longer allowed. */
    async sweep(): Promise<void> {
      if (open === 0) {
        hasCursor = false
        return
      }
      const now = clock.now()
      if (!bus.isShared() && now - lookedAt >= LOOK_MS) await look()
      if (Math.abs(now - statesAt) >= STATE_MS) {
        statesAt = now
        // Not awaited: a list that takes long must not hold up the process's other steps.
        if (!isSending) void sendStates()
      }
      const all = listeners()
      for (const listener of all) {
        listener.stream.check()
        if (listener.stream.isEnded() || now - listener.commentedAt < COMMENT_MS) continue
        listener.commentedAt = now
        listener.stream.push(sseComment('hb'))
      }
      if (Math.abs(now - recheckedAt) < RECHECK_MS) return
      recheckedAt = now
      await endRefused(
        all.map(({ stream }) => stream),
        log,
      )
    },
    look,
    /** Ends all streams. */
    stop() {
      isStopping = true
      unsubscribe()
      for (const { stream } of listeners()) stream.end(CLOSE.goingAway, 'the server is stopping')
    },
  }
}
