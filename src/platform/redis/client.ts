import { createHash } from 'node:crypto'
import { Redis as Client, type RedisOptions } from 'ioredis'
import type { Log } from '../log.ts'

/** How long a command may take. With the look below it stays well within the second that architecture §8 gives a dependency. */
const ANSWER_MS = 500
/** One more turn of the event loop's reading before an answer counts as missing: a busy process must not blame Redis. */
const LOOK_MS = 10
/** Between two attempts to connect: they never end, and a Redis that is back is found within a second. */
const retryDelay = (attempt: number): number => Math.min(50 * attempt, 1000)

/** Redis does not answer at the moment. The message names no command, key or address. */
class RedisUnavailable extends Error {
  override name = 'RedisUnavailable'
}

export interface ConnectionOptions {
  url: string
  /** How Redis lists the connection. */
  name: string
  answerMs: number
  /** Called at every change, with the reason when the connection was lost. */
  changed(isUp: boolean, reason?: string): void
}

/**
 * One connection that reconnects for ever. While it is away commands fail at once; a command that is not answered in time
 * fails and takes the connection with it, because behind a half-open one every next command would wait as long.
 */
const createConnection = ({ url, name, answerMs, changed }: ConnectionOptions) => {
  const options: RedisOptions = {
    connectionName: name,
    enableOfflineQueue: false,
    // Commands under way when a connection is lost fail; none is repeated on the next one.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    retryStrategy: retryDelay,
    connectTimeout: 1000,
    disableClientInfo: true,
  }
  const client = new Client(url, options)
  let up = false
  let reason: string | undefined
  let closed = false
  client.on('ready', () => {
    up = true
    changed(true)
  })
  // Without a listener ioredis writes errors to the console itself. Their texts hold an address at most, never the URL.
  client.on('error', (error: Error & { code?: string }) => {
    reason = error.code ?? error.message
  })
  client.on('close', () => {
    up = false
    if (!closed) changed(false, reason ?? 'the connection was closed')
    reason = undefined
  })

  /** `end` would wait for the server's FIN, which may never come. */
  const drop = (): void => {
    up = false
    const { stream } = client as unknown as { stream?: { destroy(): void } }
    stream?.destroy()
  }

  return {
    client,
    /** Ends the connection; the next one comes by itself. */
    drop,
    isUp: () => up,
    /** The answer of a command. @throws RedisUnavailable when there is no connection or no answer in time; errors of Redis as they are */
    ask<T>(send: (client: Client) => Promise<T>): Promise<T> {
      if (!up) return Promise.reject(new RedisUnavailable('Redis is not connected'))
      return new Promise<T>((resolve, reject) => {
        const giveUp = () => {
          reason = 'no answer in time'
          reject(new RedisUnavailable('Redis does not answer'))
          drop()
        }
        let timer = setTimeout(() => {
          timer = setTimeout(giveUp, LOOK_MS)
        }, answerMs)
        send(client).then(
          (answer) => {
            clearTimeout(timer)
            resolve(answer)
          },
          (error: Error) => {
            clearTimeout(timer)
            reject(error.name === 'ReplyError' ? error : new RedisUnavailable('The connection to Redis was lost'))
          },
        )
      })
    },
    close() {
      closed = true
      client.disconnect()
      drop()
    },
  }
}

/** Milliseconds that a start waits for Redis before it continues without. */
const START_MS = 500
/** Milliseconds between two pings on each connection, so that a half-open one is found even while no command uses it. */
const PROBE_MS = 5000
const SCAN_COUNT = 1000

/** What of Redis is used. Keys and channels are given without the prefix. Every command rejects at once, or within 0.5 s, while Redis is away. */
export interface Redis {
  /** Whether commands and events get through at the moment. */
  isUp(): boolean
  /** Live connections of this process. */
  connections(): number
  ping(): Promise<void>
  get(key: string): Promise<string | undefined>
  getMany(keys: readonly string[]): Promise<(string | undefined)[]>
  /** `ttlMs` is how long the value lives, at least 1. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** Answers whether the key was free. */
  setIfAbsent(key: string, value: string, ttlMs: number): Promise<boolean>
  delete(...keys: string[]): Promise<void>
  /** Keys that begin with `start`, by SCAN: a key may come late or not at all when it changes meanwhile. */
  keysThatBegin(start: string): Promise<string[]>
  /** A Lua script; its first run on a server sends the text. */
  script(lua: string): (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>
  /** Memory that Redis uses, in bytes. */
  memoryBytes(): Promise<number | undefined>
  publish(channel: string, text: string): Promise<void>
  /** Subscribes to a channel, from the next connection on and again after each reconnect; delivery is at most once. */
  listen(channel: string, onMessage: (text: string) => void): Promise<void>
  /** Closes both connections. Commands under way fail. */
  close(): void
}

export interface RedisOpening {
  url: string
  log: Log
  /** Before every key and channel. None in production: contracts name exact keys. */
  prefix?: string
  answerMs?: number
}

/**
 * Redis over two connections, one for commands and one that listens. Resolves when both are there, or after half a second without
 * them: a process starts and works without Redis, and finds it when it comes (architecture §12).
 */
export const openRedis = async ({ url, log, prefix = '', answerMs = ANSWER_MS }: RedisOpening): Promise<Redis> => {
  const listeners = new Map<string, (text: string) => void>()
  const started = Promise.withResolvers<void>()
  let listening = false
  let loggedUp: boolean | undefined

  const look = (reason?: string) => {
    const isUp = commands.isUp() && listening
    if (isUp) started.resolve()
    // Logged once per outage, not once per attempt; nothing is logged while the first connection is being made.
    if (isUp === loggedUp || (loggedUp === undefined && !isUp && reason === undefined)) return
    if (!isUp) log.warn('redis is not available', { reason })
    else log.info(loggedUp === undefined ? 'redis is connected' : 'redis is available again', {})
    loggedUp = isUp
  }
  const subscribeAll = async () => {
    if (listeners.size > 0) await subscriber.ask((client) => client.subscribe(...listeners.keys()))
    listening = true
    look()
  }
  const commands = createConnection({ url, name: 'trawl', answerMs, changed: (_, reason) => look(reason) })
  const subscriber = createConnection({
    url,
    name: 'trawl-events',
    answerMs,
    changed: (isUp, reason) => {
      if (isUp) return void subscribeAll().catch(subscriber.drop)
      listening = false
      look(reason)
    },
  })
  subscriber.client.on('message', (channel: string, text: string) => listeners.get(channel)?.(text))

  const probe = setInterval(() => {
    for (const connection of [commands, subscriber])
      if (connection.isUp()) connection.ask((client) => client.ping()).catch(() => {})
  }, PROBE_MS)
  probe.unref()

  const give = setTimeout(started.resolve, START_MS)
  await started.promise
  clearTimeout(give)

  const keyOf = (key: string) => prefix + key
  const orNothing = (value: string | null) => value ?? undefined
  return {
    isUp: () => commands.isUp() && listening,
    connections: () => Number(commands.isUp()) + Number(subscriber.isUp()),
    async ping() {
      await commands.ask((client) => client.ping())
    },
    get: (key) => commands.ask((client) => client.get(keyOf(key))).then(orNothing),
    getMany: async (keys) =>
      keys.length === 0 ? [] : (await commands.ask((client) => client.mget(keys.map(keyOf)))).map(orNothing),
    async set(key, value, ttlMs) {
      await commands.ask((client) => client.set(keyOf(key), value, 'PX', Math.max(1, Math.ceil(ttlMs))))
    },
    setIfAbsent: async (key, value, ttlMs) =>
      (await commands.ask((client) => client.set(keyOf(key), value, 'PX', Math.max(1, Math.ceil(ttlMs)), 'NX'))) === 'OK',
    async delete(...keys) {
      if (keys.length > 0) await commands.ask((client) => client.del(keys.map(keyOf)))
    },
    async keysThatBegin(start) {
      const pattern = `${keyOf(start).replace(/[\\*?[\]]/g, '\\$&')}*`
      const found = new Set<string>()
      let cursor = '0'
      do {
        const from = cursor
        const [next, keys] = await commands.ask((client) => client.scan(from, 'MATCH', pattern, 'COUNT', SCAN_COUNT))
        for (const key of keys) found.add(key.slice(prefix.length))
        cursor = next
      } while (cursor !== '0')
      return [...found]
    },
    script(lua) {
      const sha = createHash('sha1').update(lua).digest('hex')
      return (keys, args) => {
        const values = [...keys.map(keyOf), ...args]
        return commands
          .ask((client) => client.evalsha(sha, keys.length, ...values))
          .catch((error: Error) => {
            // Not loaded there, or forgotten with a restart.
            if (!error.message.startsWith('NOSCRIPT')) throw error
            return commands.ask((client) => client.eval(lua, keys.length, ...values))
          })
      }
    },
    async memoryBytes() {
      const found = /^used_memory:(\d+)/m.exec(await commands.ask((client) => client.info('memory')))
      return found ? Number(found[1]) : undefined
    },
    async publish(channel, text) {
      await commands.ask((client) => client.publish(keyOf(channel), text))
    },
    async listen(channel, onMessage) {
      listeners.set(keyOf(channel), onMessage)
      if (listening) await subscriber.ask((client) => client.subscribe(keyOf(channel))).catch(subscriber.drop)
    },
    close() {
      clearInterval(probe)
      commands.close()
      subscriber.close()
    },
  }
}
