import type { z } from 'zod'
import { backoffMs, type Clock, jittered } from '../../../platform/clock.ts'
import type { Log } from '../../../platform/log.ts'
import { messageOf } from '../../runtime.ts'
import { ApiProblem } from '../errors.ts'
import { type LeasedTask, leasedTask, type RefreshAnswer, type ReportAnswer, type Update } from '../model.ts'

export interface ConnectionOptions {
  url: string
  token?: string | undefined
  workerId: string
  clock: Clock
  random: () => number
  log: Log
  /** Called with each frame that answers no call. */
  onEvent(type: string, data: any): void
}

/** A WebSocket that reconnects by itself, with calls that are answered by frames. */
export interface Connection {
  /** Sends a frame and answers the data of its reply. @throws ApiProblem; status 0: no connection, no reply in time, or aborted */
  call(type: string, data: object, timeoutMs: number, signal?: AbortSignal): Promise<any>
  close(): Promise<void>
}

const CONNECT_MS = 10_000
const PROBE_MS = 5_000
const MOST_BACKOFF_MS = 30_000
const CLOSE_MS = 1_000

interface Caller {
  resolve(data: any): void
  reject(error: ApiProblem): void
}

/** Connects to `/connect` (gitlab-crawler §7.1, §13) and again after 1, 2, 4 ... 30 s ± 20 % with the same connectionId. */
export const createConnection = (options: ConnectionOptions): Connection => {
  const { clock, random, log, token } = options
  const base = options.url.replace(/(?<!\/)\/+$/, '')
  const connectionId = options.workerId.replace(/[^A-Za-z0-9._:-]/g, '-').slice(0, 128)
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const callers = new Map<string, Caller>()
  const closed = new AbortController()
  let socket: WebSocket | undefined
  let lastSeq: number | undefined
  let calls = 0
  let refused: ApiProblem | undefined
  const changed: (() => void)[] = []
  const notifyChanged = () => {
    for (const resolve of changed.splice(0)) resolve()
  }

  const receive = (text: unknown) => {
    const frame = typeof text === 'string' ? parse(text) : undefined
    if (!frame || typeof frame.type !== 'string') return
    if (typeof frame.seq === 'number') lastSeq = Math.max(lastSeq ?? 0, frame.seq)
    const data = frame.data ?? frame
    const refId = data.refId ?? frame.refId
    const caller = typeof refId === 'string' ? callers.get(refId) : undefined
    if (!caller) return options.onEvent(frame.type, data)
    callers.delete(refId)
    if (frame.type !== 'error') return caller.resolve(data)
    const seconds = Number(data.retryAfter ?? data.details?.retryAfter)
    const status = Number(data.status) || 500
    caller.reject(new ApiProblem(status, `${status} ${data.code ?? ''}`, Number.isFinite(seconds) ? seconds * 1000 : undefined))
  }

  /** One connection from its start to its end. Resolves with whether it was ever open. */
  const live = async (): Promise<boolean> => {
    const query = new URLSearchParams({ subscribe: 'none', connectionId })
    if (lastSeq !== undefined) query.set('lastSeq', String(lastSeq))
    const mine = new WebSocket(`${base.replace(/^http/, 'ws')}/connect?${query}`, { headers: authorization } as never)
    const done = new AbortController()
    let stood = false
    return new Promise<boolean>((resolve) => {
      const over = () => {
        if (done.signal.aborted) return
        done.abort()
        if (socket === mine) socket = undefined
        for (const caller of callers.values()) caller.reject(new ApiProblem(0, 'the connection ended'))
        callers.clear()
        resolve(stood)
      }
      mine.onopen = () => {
        stood = true
        socket = mine
        notifyChanged()
      }
      mine.onmessage = ({ data }) => receive(data)
      mine.onerror = () => {} // always followed by close
      mine.onclose = over
      void clock.sleep(CONNECT_MS, done.signal).then(() => {
        if (stood || done.signal.aborted) return
        mine.close()
        over()
      })
      closed.signal.addEventListener('abort', () => mine.close(1000))
    })
  }

  /** A refused upgrade has no reason: a request over HTTP with the same credential gets one. */
  const probe = async () => {
    try {
      const { status } = await fetch(`${base}/connect`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json', ...authorization },
        redirect: 'manual',
        signal: AbortSignal.timeout(PROBE_MS),
      })
      if (status === 401) refused = new ApiProblem(401, 'the API refuses the token')
    } catch (error) {
      log.debug('the API is away', { problem: messageOf(error) })
    }
  }

  const run = async () => {
    for (let failures = 0; !closed.signal.aborted; ) {
      const stood = await live()
      if (closed.signal.aborted) break
      if (!stood) await probe()
      failures = stood ? 1 : failures + 1
      if (refused) break
      const waitMs = jittered(backoffMs(failures, MOST_BACKOFF_MS), random)
      log.warn('no connection to the API', { retry_in_ms: waitMs })
      await clock.sleep(waitMs, closed.signal)
    }
    notifyChanged()
  }
  const running = run()

  const call: Connection['call'] = async (type, data, timeoutMs, signal) => {
    const done = new AbortController()
    const gaveUp = new Promise<never>((_, reject) => {
      void clock.sleep(timeoutMs, done.signal).then(() => {
        if (!done.signal.aborted) reject(new ApiProblem(0, `${type} was not answered within ${timeoutMs} ms`))
      })
      const stop = () => reject(new ApiProblem(0, `${type} was given up`))
      if (signal?.aborted) stop()
      signal?.addEventListener('abort', stop)
      done.signal.addEventListener('abort', () => signal?.removeEventListener('abort', stop))
    })
    gaveUp.catch(() => {}) // handled in the races below
    const id = `c${++calls}`
    try {
      while (!socket) {
        if (refused) throw refused
        if (closed.signal.aborted) throw new ApiProblem(0, 'the connection is closed')
        await Promise.race([new Promise<void>((resolve) => changed.push(resolve)), gaveUp])
      }
      const sentOn = socket
      const answer = new Promise<any>((resolve, reject) => callers.set(id, { resolve, reject }))
      answer.catch(() => {}) // handled in the race below
      sentOn.send(JSON.stringify({ type, id, data }))
      try {
        return await Promise.race([answer, gaveUp])
      } catch (error) {
        // A reply that never came: the connection may be half open, and a new one finds out.
        if (callers.has(id) && !signal?.aborted && socket === sentOn) sentOn.close()
        throw error
      }
    } finally {
      callers.delete(id)
      done.abort()
    }
  }

  return {
    call,
    async close() {
      closed.abort()
      const done = new AbortController()
      await Promise.race([running, clock.sleep(CLOSE_MS, done.signal)])
      done.abort()
    },
  }
}

const parse = (text: string): any => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a frame that is no JSON carries nothing for us
  }
}

export interface LeaseInput {
  workerId: string
  types: readonly string[]
  max: number
  leaseSeconds: number
  waitSeconds: number
}

/** Fields of every report about its sender and itself, on each transport (gitlab-worker §2.6). */
export interface Signed extends Update {
  workerId: string
  fence: number
  updateId: string
  timestamp: string
}

/** Events that the server pushes. */
export interface ApiEvents {
  /** The task is not ours any more. */
  cancelled(taskId: string): void
  /** The server is shutting down. */
  shutdown(): void
}

/**
 * The crawler API (`/api/internal2`) as the worker sees it, over HTTP or a WebSocket. Every call throws `ApiProblem` unless it
 * succeeded: `status` is the HTTP status, 0 without an answer.
 */
export interface CrawlerApi {
  /** gitlab-crawler §7.6. Resolves with `[]` when the wait ends or `signal` aborts. */
  lease(input: LeaseInput, signal: AbortSignal): Promise<LeasedTask[]>
  /** gitlab-crawler §7.10. */
  report(taskId: string, update: Signed, timeoutMs: number, signal: AbortSignal): Promise<ReportAnswer>
  /** gitlab-crawler §7.16. */
  refresh(
    taskId: string,
    input: { workerId: string; fence: number; credentialsVersion: number },
    signal: AbortSignal,
  ): Promise<RefreshAnswer>
  /** One heartbeat for all tasks where the transport has it (gitlab-worker §2); answers the lost ones. */
  heartbeat?(taskIds: string[], timeoutMs: number): Promise<string[]>
  /** Registers the worker's ears; HTTP has none. */
  listen(events: ApiEvents): void
  close(): Promise<void>
}

/** An answer in the shape the contract gives it. @throws ApiProblem 502 as for any server that talks nonsense */
export const understood = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const result = schema.safeParse(value)
  if (!result.success) throw new ApiProblem(502, 'the API answered in a shape that the contract does not know')
  return result.data
}

/** The leased tasks that can be read. One that cannot is logged and left until its lease ends: there is nothing to report on. */
export const readableTasks = (values: unknown, log: Log): LeasedTask[] =>
  (Array.isArray(values) ? values : []).flatMap((value) => {
    const result = leasedTask.safeParse(value)
    if (result.success) return [result.data]
    log.error('a leased task cannot be read', { fields: result.error.issues.map((issue) => issue.path.join('.')) })
    return []
  })
