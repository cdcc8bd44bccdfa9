import { type Clock, systemClock } from '../clock.ts'
import type { Log } from '../log.ts'
import { keepConnected, type Link } from './connection.ts'
import { type Broker, BrokerError, type BrokerMessage, type Delivery } from './index.ts'

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
