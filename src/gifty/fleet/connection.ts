import type { z } from 'zod'
import type { AppError } from '../../errors.ts'
import { MIB } from '../../platform/http/request.ts'
import { type RawSocket, SocketSession } from '../../platform/push/socket-session.ts'
import type { Task } from '../../tasks/index.ts'
import type { helloData } from './model.ts'
import { toTask } from './service.ts'

/** Answers to `lease` can be large; tasks are pushed only while nothing waits. */
const LIMITS = { coalesceBytes: 64 * MIB, maxBytes: 64 * MIB, stalledMs: 60_000, lowWaterBytes: 64 * 1024 }

export type Hello = z.output<typeof helloData>
interface Lease {
  fence: number
  expiresAt: number
  /** Whether it was pushed to this socket; if not, it is pushed again. */
  known: boolean
}
/** A worker's socket: what it has said of itself, the leases it holds, and where its pump stands. */
export class Connection {
  readonly id = crypto.randomUUID()
  readonly session: SocketSession
  hello: Hello | undefined
  helloAt = 0
  seenAt = 0
  /** Leases of the worker, by task id. */
  held = new Map<string, Lease>()
  /** Tasks that were cancelled between their lease and their push. */
  readonly cancelled = new Set<string>()
  /** Frames are handled after the `hello` before them; nothing is pushed while one is answered. */
  greeted: Promise<void> = Promise.resolve()
  greeting = false
  /** The pump while it runs, and whether it has to look once more. */
  pumping: Promise<void> | undefined
  again = false
  /** Aborts the pump's present turn, because the parameters it works with have changed. */
  turn = new AbortController()
  /** Aborts the pump's wait for tasks only, because it now requests another number of them. */
  wait = new AbortController()
  /** Leases that the worker has asked for and that are not answered. */
  leasing = 0
  /** Aborts when the socket ends. */
  readonly closed = new AbortController()

  constructor(now: () => number) {
    this.session = new SocketSession(now, LIMITS)
    this.session.onEnd = () => {
      this.closed.abort()
      this.stopPump()
    }
  }
  stopPump(): void {
    this.turn.abort()
    this.wait.abort()
  }
  send(type: string, id: string | number | null, data: unknown): void {
    this.session.push(JSON.stringify({ type, id, data }))
  }
  end(code: number, reason: string): void {
    this.session.end(code, reason)
  }
  knows(id: string, fence: number, expiresAt: number): void {
    this.held.set(id, { fence, expiresAt, known: true })
  }
  refuse(id: string | number | null, error: AppError): void {
    this.send('error', id, {
      code: error.code,
      message: error.message,
      ...(error.details && Object.keys(error.details).length > 0 ? { fields: error.details } : {}),
    })
  }
  sendTask(task: Task, expiresAt: Date): void {
    this.knows(task.id, task.fence, expiresAt.getTime())
    this.send('task', task.id, toTask(task))
    if (task.state === 'cancelling' || this.cancelled.delete(task.id)) this.send('cancel', task.id, { task_id: task.id })
  }
}

/** Bun's socket; the hooks of pings and pongs get it as it is, the others inside Elysia's. */
export const rawOf = (socket: unknown): RawSocket => (socket as { raw?: RawSocket }).raw ?? (socket as RawSocket)
