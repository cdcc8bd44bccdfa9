import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Log } from '../../platform/log.ts'
import { taskNotFound } from '../envelope.ts'
import { iso } from '../fields.ts'
import type { TaskRow } from '../tasks/row.ts'
import { type Hub, newEvent, withSeq } from './hub.ts'
import type { MessageAnswer } from './model.ts'
import type { Registry } from './registry.ts'
import type { Sockets } from './sockets.ts'
import type { EventStreams } from './sse.ts'

/** How long events and connections are kept (§15). */
const KEEP_MS = 10 * 60_000
const BEAT_MS = 5000

/** The interface of the streams for the rest of the family. */
export const createStreams = ({
  db,
  clock,
  log,
  hub,
  registry,
  sockets,
  events,
  task,
}: {
  db: Db
  clock: Clock
  log: Log
  hub: Hub
  registry: Registry
  sockets: Sockets
  events: EventStreams
  task(id: string): Promise<TaskRow | undefined>
}) => {
  /** The last frame of all, with its place among the events while the database gives one. */
  const farewell = async (): Promise<string> => {
    const now = clock.now()
    const event = newEvent('system', null, { messageType: 'shutdown', message: 'Server is shutting down' }, now, {
      target: 'process:stopping',
    })
    try {
      const [stored] = await db.tx((tx) => hub.append(tx, [event], now))
      return withSeq(event.frame, stored?.seq ?? 0)
    } catch (error) {
      log.warn('the end of the streams could not be stored', { error })
      return event.frame
    }
  }
  let beatAt = Number.NEGATIVE_INFINITY
  let sweeping = false
  return {
    sockets,
    events,
    /** Live sockets of this process. */
    count: () => registry.count(),
    /** Characters that wait for slow sockets of this process. */
    pending: () => registry.pending(),
    /** Delivers a client's message to all subscribers of a task, and to those that reconnect (§7.12). @throws AppError 404 */
    async broadcast(taskId: string, body: Record<string, unknown>): Promise<MessageAnswer> {
      if (!(await task(taskId))) throw taskNotFound()
      const now = clock.now()
      const timestamp = iso(now)
      const { live, queued } = await registry.listeners(taskId)
      await db.tx(function* (tx) {
        const event = newEvent('message', taskId, { ...body, taskId, timestamp, serverGenerated: true }, now)
        yield* hub.emit(tx, [event], now)
      })
      return {
        status: 'message_sent',
        taskId,
        message: `Message broadcasted to ${live} connections`,
        connectionCount: live,
        queued,
        timestamp,
      }
    },
    /** To be called every second. */
    async sweep(): Promise<void> {
      if (sweeping) return
      sweeping = true
      try {
        await events.sweep()
        await sockets.sweep()
        await registry.storeAll()
        const now = clock.now()
        if (registry.count() > 0 && now - beatAt >= BEAT_MS) {
          beatAt = now
          await registry.beat()
        }
      } catch (error) {
        log.warn('the crawler streams could not be looked after', { error })
      } finally {
        sweeping = false
      }
    },
    beat: registry.beat,
    *purge(tx: Tx, now: number): Steps<void> {
      yield* hub.purge(tx, now - KEEP_MS)
      yield* registry.purge(tx, now - KEEP_MS)
    },
    /** Notifies all clients of the shutdown and closes their streams (§13 close code 1001). */
    async stop(): Promise<void> {
      const text = await farewell()
      events.stop(text)
      await sockets.stop(text)
      hub.close()
    },
  }
}
export type Streams = ReturnType<typeof createStreams>
