import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import { type Clock, systemClock } from '../clock.ts'
import type { Log } from '../log.ts'
import { type Broker, BrokerError, type BrokerMessage, type Delivery } from './index.ts'

/** One attempt to connect, the channel included. */
const CONNECT_MS = 5000
const CLOSE_MS = 1000
const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 5000

/** One live connection. Everything of it ends with it. */
export interface Link {
  /** For publishing: each message is confirmed or refused. */
  confirming: ConfirmChannel
  /** For taking, with acknowledgements; a channel of its own, because an error of one closes it. */
  taking(): Promise<Channel>
  /** Declares a durable queue without arguments, once. @throws when it exists with other properties */
  declare(queue: string): Promise<void>
  /** The queue is gone: the next use declares it again. */
  forget(queue: string): void
  /** Ids of messages that were returned for want of a queue; their confirms come afterwards. */
  returned: Set<string>
  /** The broker is short of memory or disk and takes nothing now. */
  isBlocked(): boolean
  /** Resolves with the reason when the connection has ended. */
  ended: Promise<string>
  close(): Promise<void>
}

/** The reason of a lost connection for the log. The library's texts name users, hosts and addresses, so only codes pass. */
const reasonOf = (error: unknown): string => {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (typeof code === 'string' || typeof code === 'number') return String(code)
  const text = typeof message === 'string' ? message : ''
  return /\(([A-Z]+[-_][A-Z_-]+)\)/.exec(text)?.[1] ?? /Heartbeat timeout|Unexpected close|ETIMEDOUT/.exec(text)?.[0] ?? 'closed'
}

const destroy = (model: ChannelModel) =>
  // With an error: the library does not notice that a stream without traffic was destroyed otherwise.
  (model.connection as unknown as { stream: { destroy(error: Error): void } }).stream.destroy(new Error('given up'))

const openLink = async (model: ChannelModel): Promise<Link> => {
  let reason: unknown
  let blocked = false
  const { promise: ended, resolve: end } = Promise.withResolvers<string>()
  model.on('error', (error) => {
    reason = error
  })
  model.on('close', (error) => end(reasonOf(reason ?? error)))
  model.on('blocked', () => {
    blocked = true
  })
  model.on('unblocked', () => {
    blocked = false
  })
  const close = async () => {
    const closed = await Promise.race([
      model.close().then(
        () => true,
        () => true,
      ),
      Bun.sleep(CLOSE_MS).then(() => false),
    ])
    if (!closed) destroy(model)
  }

  const confirming = await model.createConfirmChannel()
  confirming.on('error', (error) => {
    reason = error
  })
  // Only an error closes this channel: its operations have been refused, and a new connection starts clean.
  confirming.on('close', () => void close())
  const returned = new Set<string>()
  confirming.on('return', ({ properties }) => returned.add(String(properties.messageId)))

  let takes: Promise<Channel> | undefined
  const openTaking = async () => {
    const channel = await model.createChannel()
    channel.on('error', () => {})
    channel.on('close', () => {
      takes = undefined
    })
    return channel
  }
  const declared = new Map<string, Promise<void>>()
  const declare = async (queue: string) => {
    // A channel of its own: declaring a queue that has other properties closes the channel.
    const channel = await model.createChannel()
    channel.on('error', () => {})
    await channel.assertQueue(queue, { durable: true })
    await channel.close()
  }
  return {
    confirming,
    taking() {
      takes ??= openTaking().catch((error) => {
        takes = undefined
        throw error
      })
      return takes
    },
    declare(queue) {
      let known = declared.get(queue)
      if (!known) {
        known = declare(queue).catch((error) => {
          declared.delete(queue)
          throw error
        })
        declared.set(queue, known)
      }
      return known
    },
    forget: (queue) => declared.delete(queue),
    returned,
    isBlocked: () => blocked,
    ended,
    close,
  }
}

const dial = async (url: string, heartbeatSeconds: number): Promise<Link> => {
  const address = new URL(url)
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(heartbeatSeconds))
  const late = new AbortController()
  // The library's own limit is one of silence: a peer that sends a byte now and then would never pass it.
  const deadline = setTimeout(() => late.abort(), CONNECT_MS)
  const opened = connect(address.toString(), {
    timeout: CONNECT_MS,
    noDelay: true,
    clientProperties: { connection_name: 'trawl' },
  }).then(async (model) => {
    model.on('error', () => {})
    if (late.signal.aborted) destroy(model)
    late.signal.addEventListener('abort', () => destroy(model))
    return openLink(model)
  })
  const gaveUp = new Promise<never>((_, reject) => late.signal.addEventListener('abort', () => reject(new Error('ETIMEDOUT'))))
  opened.catch(() => {})
  try {
    return await Promise.race([opened, gaveUp])
  } finally {
    clearTimeout(deadline)
  }
}

/** Keeps one connection for as long as the process lives: the library has none that fails fast while it is away. */
export const keepConnected = ({
  url,
  clock,
  log,
  heartbeatSeconds,
  onUp,
}: {
  url: string
  clock: Clock
  log: Log
  heartbeatSeconds: number
  onUp(): void
}) => {
  const stopping = new AbortController()
  let link: Link | undefined
  const { promise: triedOnce, resolve: tried } = Promise.withResolvers<void>()
  const loop = async () => {
    // An outage is logged once, however many attempts it takes.
    let logged = false
    const logOutage = (reason: string) => {
      if (!logged && !stopping.signal.aborted) log.warn('the broker is out of reach', { reason })
      logged = true
    }
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      try {
        const made = await dial(url, heartbeatSeconds)
        if (stopping.signal.aborted) {
          await made.close()
          return
        }
        link = made
        failures = 0
        log.info('the broker is reached', {})
        logged = false
        tried()
        onUp()
        logOutage(await made.ended)
        link = undefined
      } catch (error) {
        logOutage(reasonOf(error))
      }
      tried()
      const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures)
      // Up to 20 % less, so that a fleet does not reconnect at one moment.
      await clock.sleep(delay * (1 - Math.random() / 5), stopping.signal)
    }
  }
  const over = loop()
  return {
    link: () => link,
    /** Resolves when the first attempt has ended, either way. */
    triedOnce,
    async close() {
      stopping.abort()
      tried()
      await link?.close()
      await Promise.race([over, Bun.sleep(CLOSE_MS)])
    },
  }
}

/** How long the first connection of a process may keep an operation waiting. */
const START_MS = 1000
/** One look into a queue. */
const TAKE_MS = 1000
/** Two of these without a sign of life end a connection. */
const HEARTBEAT_SECONDS = 5

export interface RabbitOptions {
  url: string
  log: Log
  /** Sockets live in real time, so a test's own clock is of no use here. */
  clock?: Clock
  /** Overrides for tests. */
  heartbeatSeconds?: number
  takeMs?: number
}

/** RabbitMQ over one long-lived connection (gifty §2.7). Needs no broker at start: it connects behind, and again after each loss. */
export const createRabbitBroker = ({
  url,
  log,
  clock = systemClock,
  heartbeatSeconds = HEARTBEAT_SECONDS,
  takeMs = TAKE_MS,
}: RabbitOptions): Broker => {
  const listeners = new Set<() => void>()
  const connection = keepConnected({
    url,
    clock,
    log,
    heartbeatSeconds,
    onUp: () => {
      for (const listener of listeners) listener()
    },
  })
  const startedAt = clock.now()
  /** Operations that got no answer in time. While there is one, new operations fail at once instead of waiting as long. */
  let overdue = 0
  const isUsable = (link: Link | undefined): link is Link => link !== undefined && !link.isBlocked() && overdue === 0

  /** Waits for the connection only while the process starts. */
  const reach = async (): Promise<Link> => {
    const left = startedAt + START_MS - clock.now()
    if (!connection.link() && left > 0) {
      const waited = new AbortController()
      await Promise.race([connection.triedOnce, clock.sleep(left, waited.signal)])
      waited.abort()
    }
    const link = connection.link()
    if (!isUsable(link)) throw new BrokerError('The broker is out of reach', false)
    return link
  }

  /** The answer of `work`, or an error after `ms` milliseconds; a later answer is passed to `late`. */
  const within = async <T>(work: Promise<T>, ms: number, late: (answer: T) => void = () => {}): Promise<T> => {
    const waited = new AbortController()
    const silence = Symbol()
    const first = await Promise.race([work, clock.sleep(ms, waited.signal).then(() => silence)]).finally(() => waited.abort())
    if (first !== silence) return first as T
    overdue++
    work
      .then(late, () => {})
      .finally(() => {
        overdue--
      })
    throw new BrokerError('The broker does not answer', true)
  }

  const declare = (link: Link, queue: string) =>
    link.declare(queue).catch((error: unknown) => {
      // 406: the queue exists with other properties, and an operator has to decide what to do with it.
      if ((error as { code?: unknown }).code === 406) log.error('a queue exists with other properties', { queue })
      throw new BrokerError('The queue could not be declared', false)
    })

  const send = async ({ queue, messageId, body }: BrokerMessage): Promise<void> => {
    const content = Buffer.from(JSON.stringify(body))
    for (let attempt = 1; ; attempt++) {
      const link = await reach()
      await declare(link, queue)
      await new Promise<void>((resolve, reject) => {
        const options = {
          persistent: true,
          // `mandatory`: a message without a queue is returned; otherwise it would be confirmed and lost.
          mandatory: true,
          messageId,
          contentType: 'application/json',
          contentEncoding: 'utf-8',
          timestamp: Math.floor(clock.now() / 1000),
        }
        try {
          link.confirming.publish('', queue, content, options, (refused: unknown) =>
            refused ? reject(new BrokerError('The broker has not confirmed the message', true)) : resolve(),
          )
        } catch {
          reject(new BrokerError('The connection to the broker has just ended', false))
        }
      })
      if (!link.returned.delete(messageId)) return
      // The queue was deleted since this process declared it.
      link.forget(queue)
      if (attempt > 1) throw new BrokerError('The message came back', false)
    }
  }

  const take = async (queue: string, max: number): Promise<Delivery[]> => {
    const channel = await within(
      reach().then(async (link) => {
        await declare(link, queue)
        return link.taking()
      }),
      takeMs,
    )
    const taken: Delivery[] = []
    /** A closed channel has put everything back, so there is nothing left to settle. */
    const settle = (act: () => void) => {
      try {
        act()
      } catch {
        log.debug('a message was settled after its connection had ended', { queue })
      }
    }
    const until = clock.now() + takeMs
    while (taken.length < max && clock.now() < until) {
      const back = (late: Awaited<ReturnType<typeof channel.get>>) => late && settle(() => channel.nack(late, false, true))
      try {
        const message = await within(channel.get(queue), takeMs, back)
        if (!message) break
        taken.push({
          messageId: message.properties.messageId,
          content: message.content,
          accept: () => settle(() => channel.ack(message)),
          giveBack: () => settle(() => channel.nack(message, false, true)),
        })
      } catch (error) {
        if ((error as { code?: unknown }).code === 404) connection.link()?.forget(queue)
        if (taken.length > 0) break
        throw error instanceof BrokerError ? error : new BrokerError('Nothing could be taken from the broker', false)
      }
    }
    return taken
  }

  return {
    isUp: () => isUsable(connection.link()),
    publish: (message, withinMs) => (withinMs === undefined ? send(message) : within(send(message), withinMs)),
    take,
    onUp(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: connection.close,
  }
}
