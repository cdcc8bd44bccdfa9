import { type Clock, retryAfterMs, within } from '../../../platform/clock.ts'
import type { Log } from '../../../platform/log.ts'
import { messageOf } from '../../runtime.ts'
import { ApiProblem } from '../errors.ts'
import { type LeasedTask, refreshAnswer, reportAnswer } from '../model.ts'
import { type CrawlerApi, readableTasks, understood } from './connection.ts'

export interface HttpApiOptions {
  /** API base, ends in `/api/internal2`. */
  url: string
  /** Bearer token; not needed over a Unix socket. */
  token?: string | undefined
  /** Unix socket to connect to. */
  socket?: string | undefined
  /** Instead of the network to the API: messages, when embedded. */
  fetch?: ((request: Request) => Promise<Response> | Response) | undefined
  clock: Clock
  log: Log
}

const CALL_TIMEOUT_MS = 10_000
const REFRESH_TIMEOUT_MS = 30_000
/** What `close` waits for leases that came late, in ms: a stop is to end in its time. */
const CLOSE_MS = 400

/** The crawler API over HTTP. Retries are the caller's: only it knows how long its lease lasts. */
export const httpApi = (options: HttpApiOptions): CrawlerApi => {
  const { clock, log } = options
  const base = options.url.replace(/(?<!\/)\/+$/, '')
  const { socket } = options
  /** Calls that were given up before their answer, until what they leased is given back. */
  const given = new Set<Promise<void>>()
  const send =
    options.fetch ?? (socket ? (request: Request) => fetch(request, { unix: socket }) : (request: Request) => fetch(request))

  /** `late` is called with an answer that came after the caller had given up. */
  const post = async (
    path: string,
    body: object,
    timeoutMs: number,
    signal: AbortSignal,
    late?: (data: any) => Promise<void>,
  ) => {
    const over = new AbortController()
    const done = new AbortController()
    const stop = () => over.abort()
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    const ended = new Promise<undefined>((resolve) => {
      if (over.signal.aborted) resolve(undefined)
      over.signal.addEventListener('abort', () => resolve(undefined))
    })
    void clock.sleep(timeoutMs, done.signal).then(() => {
      if (!done.signal.aborted) over.abort()
    })
    try {
      const request = new Request(`${base}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          'content-type': 'application/json',
          ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        },
        signal: over.signal,
        redirect: 'manual', // a redirect would carry the token to wherever it points
      })
      const answer = (async () => {
        const response = await send(request)
        return { status: response.status, headers: response.headers, body: parse(await response.text()) }
      })()
      const first = await Promise.race([answer, ended])
      if (first) {
        if (first.status >= 200 && first.status < 300) return first.body?.data
        const retryAfter = retryAfterMs(first.headers.get('retry-after'), clock.now())
        throw new ApiProblem(first.status, `${path} answered ${first.status} ${codeOf(first.body)}`, retryAfter)
      }
      const handled = answer
        .then(
          ({ body }) => late?.(body?.data),
          () => {}, // given up: the caller gets the timeout or its own abort
        )
        .finally(() => given.delete(handled))
      given.add(handled)
      throw new ApiProblem(0, signal.aborted ? `${path} was given up` : `${path} did not answer within ${timeoutMs} ms`)
    } catch (error) {
      if (error instanceof ApiProblem) throw error
      throw new ApiProblem(
        0,
        `${path} failed: ${error instanceof Error && 'code' in error ? String(error.code) : 'no connection'}`,
      )
    } finally {
      done.abort()
      signal.removeEventListener('abort', stop)
    }
  }
  const taskPath = (taskId: string) => `/tasks/${encodeURIComponent(taskId)}`
  const never = new AbortController().signal

  /** Releases tasks that an abandoned poll was given, so that they do not wait for the end of their leases. */
  const giveBack = async (tasks: LeasedTask[]) => {
    const back = tasks.map(({ id, lease }) =>
      post(`${taskPath(id)}/progress`, { type: 'status', status: 'queued', ...lease }, CALL_TIMEOUT_MS, never).catch((error) =>
        log.warn('a late lease was not given back', { task_id: id, problem: messageOf(error) }),
      ),
    )
    await Promise.all(back)
  }

  return {
    async lease(input, signal) {
      const timeoutMs = input.waitSeconds * 1000 + CALL_TIMEOUT_MS
      try {
        return readableTasks(
          await post('/tasks/lease', input, timeoutMs, signal, (data) => giveBack(readableTasks(data, log))),
          log,
        )
      } catch (error) {
        if (signal.aborted) return []
        throw error
      }
    },
    report: async (taskId, update, timeoutMs, signal) =>
      understood(reportAnswer, await post(`${taskPath(taskId)}/progress`, update, Math.min(timeoutMs, CALL_TIMEOUT_MS), signal)),
    refresh: async (taskId, input, signal) =>
      understood(refreshAnswer, await post(`${taskPath(taskId)}/credentials/refresh`, input, REFRESH_TIMEOUT_MS, signal)),
    listen() {},
    async close() {
      if (given.size > 0) await within(Promise.all(given), CLOSE_MS, clock)
    },
  }
}

const parse = (text: string): any => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a proxy's error page is ignored; the status is enough
  }
}
const codeOf = (body: any): string => (typeof body?.code === 'string' ? body.code : '')
