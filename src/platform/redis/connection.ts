import { Redis as Client, type RedisOptions } from 'ioredis'

/** How long a command may take. With the look below it stays well within the second that architecture §8 gives a dependency. */
export const ANSWER_MS = 500
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
export const createConnection = ({ url, name, answerMs, changed }: ConnectionOptions) => {
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
