import type { Clock } from '../../platform/clock.ts'
import { shuttingDown, taskNotFound, tooManyConnections } from '../envelope.ts'
import type { TaskRow } from '../tasks/row.ts'
import { type Connection, createConnection } from './connection.ts'
import { frameText, withSeq } from './frames.ts'
import type { Hub } from './hub.ts'
import { readyFrameOf } from './ready.ts'
import type { StreamsRepository } from './repository.ts'

const MAX_STREAMS = 500
const COMMENT_MS = 15_000
/** Bytes that a stream holds for its reader before more waits outside it. */
const HIGH_WATER_BYTES = 64 * 1024

const sseText = (type: string, text: string, seq?: number) =>
  `${seq === undefined ? '' : `id: ${seq}\n`}event: ${type}\ndata: ${text}\n\n`

/** Server-sent events of one task (§14): the same events as its socket. */
export const createEventStreams = ({
  clock,
  hub,
  repository,
  task,
  heartbeatMs,
  resumeMs,
  resumeMessages,
}: {
  clock: Clock
  hub: Hub
  repository: StreamsRepository
  task(id: string): Promise<TaskRow | undefined>
  heartbeatMs: number
  resumeMs: number
  resumeMessages: number
}) => {
  const streams = new Map<Connection, { comment(): void; lastSent: number }>()
  const encoder = new TextEncoder()
  let opening = 0
  let stopping = false

  return {
    /**
     * The stream of a task; `lastSeq` is where the client goes on.
     * @throws AppError 404, 503
     */
    async open(taskId: string, principal: string, lastSeq: number | undefined): Promise<Response> {
      if (stopping) throw shuttingDown()
      if (!(await task(taskId))) throw taskNotFound()
      if (streams.size + opening >= MAX_STREAMS) throw tooManyConnections()
      opening++
      try {
        await hub.ready()
        const connection = createConnection(
          { connectionId: `sse-${crypto.randomUUID()}`, scope: taskId, principal },
          { hub, now: clock.now, format: ({ type, text, seq }) => sseText(type, text, seq) },
        )
        const from = connection.attach({ all: false, tasks: [taskId], workers: [] })
        try {
          const after = lastSeq ?? from
          const row = await task(taskId)
          if (!row) throw taskNotFound()
          const missed =
            lastSeq === undefined
              ? { events: [], total: 0 }
              : await repository.missed(
                  connection.connectionId,
                  { all: false, tasks: [taskId], workers: [] },
                  { after, upTo: from, since: clock.now() - resumeMs },
                  resumeMessages,
                )
          // What is not stored any more cannot be told by task: all numbers before the oldest one count.
          const purged = lastSeq === undefined ? 0 : Math.max(0, (await repository.oldest()) - 1 - lastSeq)
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
          const first = `retry: 3000\n\n${gap}${sseText('connection_ready', JSON.stringify(ready))}`
          return respond(connection, first, replays, after)
        } catch (error) {
          connection.detach()
          throw error
        }
      } finally {
        opening--
      }
    },
    count: () => streams.size,
    sweep(): void {
      const now = clock.now()
      for (const [connection, stream] of streams) {
        connection.outlet.check()
        if (now - stream.lastSent >= COMMENT_MS) {
          stream.lastSent = now
          stream.comment()
        }
      }
    },
    /** Says `text` on every stream and ends it. */
    stop(text: string): void {
      stopping = true
      for (const connection of [...streams.keys()]) {
        connection.outlet.push(sseText('system', text))
        connection.end(1001, 'server is shutting down')
      }
    },
  }

  function respond(connection: Connection, first: string, missed: { text: string; seq: number }[], after: number): Response {
    let open = true
    const leave = () => {
      open = false
      streams.delete(connection)
      connection.detach()
    }
    const body = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          const write = (text: string) => {
            if (!open) return true
            controller.enqueue(encoder.encode(text))
            return (controller.desiredSize ?? 0) > 0
          }
          streams.set(connection, { comment: () => connection.outlet.push(': still here\n\n'), lastSent: clock.now() })
          connection.start(
            {
              write,
              buffered: () => HIGH_WATER_BYTES - (controller.desiredSize ?? HIGH_WATER_BYTES),
              end() {
                if (open) controller.close()
                leave()
              },
            },
            first,
            missed,
            after,
          )
        },
        pull() {
          if (connection.outlet.isCongested()) connection.outlet.drained()
        },
        cancel: leave,
      },
      new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
    )
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    })
  }
}
export type EventStreams = ReturnType<typeof createEventStreams>
