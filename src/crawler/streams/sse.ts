import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { CLOSE, endRefused, RECHECK_MS, SOCKET_LIMITS } from '../../platform/push/socket-session.ts'
import { EventStream, sseComment, sseEvent } from '../../platform/push/sse.ts'
import { shuttingDown, taskNotFound, tooManyConnections } from '../envelope.ts'
import type { TaskRow } from '../tasks/row.ts'
import { frameText, type Hub, withSeq } from './hub.ts'
import { Connection, readyFrameOf } from './sockets.ts'

const MAX_STREAMS = 500
const COMMENT_MS = 15_000
/** Bytes that a stream holds for its reader before more waits outside it. */
const HIGH_WATER_BYTES = 64 * 1024

const sseText = (event: string, data: string, id?: number) => sseEvent({ id, event, data })

/** Server-sent events of one task (§14): the same events as its socket. */
export const createEventStreams = ({
  clock,
  log,
  hub,
  task,
  heartbeatMs,
  resumeMs,
  resumeMessages,
}: {
  clock: Clock
  log: Log
  hub: Hub
  task(id: string): Promise<TaskRow | undefined>
  heartbeatMs: number
  resumeMs: number
  resumeMessages: number
}) => {
  /** Open streams, and when each has last had a comment. */
  const streams = new Map<Connection<EventStream>, number>()
  let opening = 0
  let stopping = false
  let recheckedAt = 0

  return {
    /**
     * The stream of a task; `lastSeq` is the number of the last event that the client has, `recheck` looks at its credential again.
     * @throws AppError 404, 503
     */
    async open(
      taskId: string,
      principal: string,
      lastSeq: number | undefined,
      recheck: (() => Promise<unknown>) | undefined,
    ): Promise<Response> {
      if (stopping) throw shuttingDown()
      if (!(await task(taskId))) throw taskNotFound()
      if (streams.size + opening >= MAX_STREAMS) throw tooManyConnections()
      opening++
      try {
        await hub.ready()
        const connection = new Connection(
          { connectionId: `sse-${crypto.randomUUID()}`, scope: taskId, principal },
          new EventStream({ limits: SOCKET_LIMITS, now: clock.now, highWaterBytes: HIGH_WATER_BYTES }),
          hub,
          ({ type, text, seq }) => sseText(type, text, seq),
        )
        const from = connection.attach({ all: false, tasks: [taskId], workers: [] })
        try {
          const after = lastSeq ?? from
          const row = await task(taskId)
          if (!row) throw taskNotFound()
          const missed =
            lastSeq === undefined
              ? { events: [], total: 0 }
              : await hub.missed(
                  connection.connectionId,
                  { all: false, tasks: [taskId], workers: [] },
                  { after, upTo: from, since: clock.now() - resumeMs },
                  resumeMessages,
                )
          // The task of a purged event is unknown, so all purged numbers count.
          const purged = lastSeq === undefined ? 0 : Math.max(0, (await hub.oldest()) - 1 - lastSeq)
          const lost = missed.total - missed.events.length + purged
          const ready = readyFrameOf(
            {
              connectionId: connection.connectionId,
              resumed: lastSeq !== undefined,
              lastSeq: after,
              lost,
              heartbeatInterval: heartbeatMs,
              now: clock.now(),
            },
            row,
          )
          const gap = lost > 0 ? sseText('gap', frameText('gap', { lost }, clock.now())) : ''
          const replays = missed.events.map(({ type, frame, seq }) => ({ text: sseText(type, withSeq(frame, seq), seq), seq }))
          const first = `${sseEvent({ retry: 3000 })}${gap}${sseText('connection_ready', JSON.stringify(ready))}`
          const response = connection.queue.response('no-store')
          connection.queue.recheck = recheck
          streams.set(connection, clock.now())
          connection.queue.onEnd = () => {
            streams.delete(connection)
            connection.detach()
          }
          connection.queue.start(first, replays, after)
          return response
        } catch (error) {
          connection.detach()
          throw error
        }
      } finally {
        opening--
      }
    },
    count: () => streams.size,
    /** To be called every second: comments, ends the stalled and those whose credential has ended. */
    async sweep(): Promise<void> {
      const now = clock.now()
      for (const [connection, commentedAt] of [...streams]) {
        connection.queue.check()
        if (connection.queue.isEnded() || now - commentedAt < COMMENT_MS) continue
        streams.set(connection, now)
        connection.queue.push(sseComment('still here'))
      }
      if (now - recheckedAt < RECHECK_MS) return
      recheckedAt = now
      await endRefused(
        [...streams.keys()].map(({ queue }) => queue),
        log,
      )
    },
    /** Sends `text` on every stream and ends it. */
    stop(text: string): void {
      stopping = true
      for (const connection of [...streams.keys()]) {
        connection.queue.push(sseText('system', text))
        connection.end(CLOSE.goingAway, 'server is shutting down')
      }
    },
  }
}
export type EventStreams = ReturnType<typeof createEventStreams>
