import { type LogFields, type LogLevel, redact } from '../../platform/log.ts'
import { messageOf } from '../runtime.ts'
import { type Ending, type GitlabWorker, type Settings, startGitlabWorker, WorkerUnusable } from './index.ts'

/** What the thread is sent: first `start`, then answers of the API by the id of their call. */
export type ToThread =
  | { type: 'start'; settings: Settings; token: string; outboundAllow: readonly string[]; stopSeconds: number }
  | { type: 'answer'; id: number; status: number; headers: [string, string][]; body: string }
  | { type: 'failed'; id: number }
  | { type: 'stop' }

/** What the thread sends: calls of the API, its log, and what becomes of the worker. */
export type FromThread =
  | { type: 'call'; id: number; url: string; headers: [string, string][]; body: string }
  | { type: 'abort'; id: number }
  | { type: 'log'; level: Exclude<LogLevel, 'silent'>; message: string; fields: LogFields }
  | { type: 'started' }
  | { type: 'unusable'; message: string }
  | { type: 'ended'; ending: Ending }

/**
 * The entry of the thread in which the embedded GitLab worker runs (`embedded.ts`): a GitLab instance is a stranger, and its JSON of up
 * to 50 MiB is parsed and written here, not in the event loop that answers the API.
 */
const port = self as unknown as { onmessage: (event: { data: ToThread }) => void; postMessage(message: FromThread): void }

const log = (base: LogFields): Parameters<typeof startGitlabWorker>[0]['log'] => {
  const at = (level: Exclude<LogLevel, 'silent'>) => (message: string, fields?: LogFields) =>
    // Errors do not cross as they are: made plain here.
    port.postMessage({ type: 'log', level, message, fields: redact({ ...base, ...fields }) as LogFields })
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => log({ ...base, ...fields }),
  }
}

const calls = new Map<number, { resolve(response: Response): void; reject(error: unknown): void }>()
let lastCall = 0

/**
 * A request to the API, sent to the thread that has it. One that is aborted is answered all the same: a lease that was on its way is
 * given back (`api/http.ts`).
 */
const callApi = async (request: Request): Promise<Response> => {
  const id = ++lastCall
  const { signal } = request
  const body = await request.text()
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  calls.set(id, { resolve, reject })
  const abort = () => port.postMessage({ type: 'abort', id })
  signal.addEventListener('abort', abort)
  port.postMessage({ type: 'call', id, url: request.url, headers: [...request.headers], body })
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', abort)
    calls.delete(id)
  }
}

let worker: GitlabWorker | undefined
const start = async ({ settings, token, outboundAllow, stopSeconds }: ToThread & { type: 'start' }) => {
  try {
    worker = await startGitlabWorker({
      settings,
      url: 'http://localhost/api/internal2',
      token,
      outboundAllow,
      fetch: callApi,
      log: log({}),
      stopSeconds,
    })
  } catch (error) {
    port.postMessage({ type: 'unusable', message: error instanceof WorkerUnusable ? error.message : messageOf(error) })
    return
  }
  port.postMessage({ type: 'started' })
  port.postMessage({ type: 'ended', ending: await worker.ended })
}

port.onmessage = ({ data }) => {
  if (data.type === 'start') void start(data)
  else if (data.type === 'stop') void worker?.stop()
  else if (data.type === 'failed') calls.get(data.id)?.reject(new Error('the API failed'))
  else {
    const { id, status, headers, body } = data
    // A response of these has no body, not even an empty one.
    calls.get(id)?.resolve(new Response([101, 204, 205, 304].includes(status) ? null : body, { status, headers }))
  }
}
