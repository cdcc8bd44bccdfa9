import { type Clock, systemClock } from '../platform/clock.ts'
import { LeaseGone } from './runtime.ts'

/** A task as the server hands it out (gifty §4). `payload` is checked by the handler of the kind. */
export interface LeasedTask {
  id: string
  kind: string
  payload: unknown
  fence: number
  attempt: number
  lease_expires_at: string
  priority: number
}

/** What proves that a worker holds a task: every verb after `lease` carries it (gifty §4). */
export interface LeaseRef {
  taskId: string
  workerId: string
  fence: number
}

/** ScrapedProduct of gifty §3. Absent fields keep their stored value, so an extractor omits fields that the page does not have. */
export interface ScrapedProduct {
  title: string
  product_url: string
  site_key: string
  description?: string
  price?: number
  currency?: string
  image_url?: string
  merchant?: string
  category?: string
  raw_data?: Record<string, unknown>
}

/** ScrapedCategory of gifty §3. */
export interface ScrapedCategory {
  name: string | null
  url: string
  parent_url?: string
  site_key: string
}

export interface IngestBatch {
  sourceId: number
  items: ScrapedProduct[]
  categories?: ScrapedCategory[]
  /** 1..255 printable ASCII; the same key must always come with the same content (gifty §3). */
  idempotencyKey: string
}

export interface IngestAnswer {
  items_ingested: number
  items_updated: number
  items_unchanged: number
  items_duplicate: number
  categories_ingested: number
  rejected: { kind: 'item' | 'category'; index: number; errors: { field: string; message: string }[] }[]
}

/** A line of a run's log (operations §2). */
export interface RunLogLine {
  /** RFC 3339. */
  at: string
  level: 'info' | 'warn' | 'error'
  message: string
}

export interface WorkerVitals {
  workerId: string
  hostname: string
  pid: number
  concurrentTasks: number
  ramUsagePct: number
  cpuUsage: number
  status: string
}

/** The worker protocol of gifty §4 as built-in workers see it. Every method may throw `PortUnavailable` or `PortRefused`. */
export interface WorkerPort {
  lease(
    input: { workerId: string; kinds: string[]; max: number; leaseSeconds: number; waitSeconds: number },
    signal?: AbortSignal,
  ): Promise<LeasedTask[]>
  /** Throws `StaleLease` when the lease was lost. */
  heartbeat(
    lease: LeaseRef,
    input: { leaseSeconds?: number; progress?: unknown },
    signal?: AbortSignal,
  ): Promise<{ leaseExpiresAt: string; cancelRequested: boolean }>
  /** Throws `StaleLease`; `PortRefused` with status 422 when the result is invalid (the lease stays). */
  complete(lease: LeaseRef, result?: unknown): Promise<void>
  /** `error` is cut at 10,000 characters. Throws `StaleLease`. */
  fail(lease: LeaseRef, input: { error: string; retryable: boolean }): Promise<void>
  /** Gives the task back uncounted. Throws `StaleLease`. */
  release(lease: LeaseRef): Promise<void>
  workerHeartbeat(vitals: WorkerVitals): Promise<void>
  /** What the server believes this worker holds, at most 200 per kind: also a lease whose answer never arrived. */
  leases(workerId: string, kinds: string[]): Promise<LeaseRef[]>
  /** gifty §3 under a lease. Throws `StaleLease`: nothing of the batch was stored. */
  ingest(lease: LeaseRef, batch: IngestBatch, signal?: AbortSignal): Promise<IngestAnswer>
  /** Appends to the log of a run, at most 1,000 lines (operations §2). Throws `StaleLease`; a repeat after a lost answer may append twice. */
  appendLog(lease: LeaseRef, runId: number, lines: RunLogLine[]): Promise<void>
}

/** 409 `stale_lease` (gifty §4): stop working, report nothing. */
export class StaleLease extends LeaseGone {
  override name = 'StaleLease'
}

/** The server cannot be reached or answers 5xx, also after the retries. The same call may succeed later. */
export class PortUnavailable extends Error {
  override name = 'PortUnavailable'
}

/** The server refused the call; the same call would be refused again. */
export class PortRefused extends Error {
  override name = 'PortRefused'
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

export interface HttpPortOptions {
  /** `http://host:port` of the server, without a path. */
  origin: string
  /** Value of `X-Internal-Token`. It is put into this one header and nowhere else. */
  token: string
  /** The in-process worker passes the app's own `handle`; default is the network. */
  fetch?: (request: Request) => Promise<Response> | Response
  clock?: Clock
  /** Tries per idempotent call, the first included; the default of 7 spans 16 s, enough for a server to restart. */
  attempts?: number
}

const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 10_000
const CALL_TIMEOUT_MS = 30_000
const MAX_ERROR_CHARS = 10_000

/** A `WorkerPort` over HTTP (gifty §4). Retries only what the contract makes repeatable; `lease` is not among it. */
export const httpPort = (options: HttpPortOptions): WorkerPort => {
  const { token, clock = systemClock, attempts = 7 } = options
  const send = options.fetch ?? ((request: Request) => fetch(request))
  const base = new URL(options.origin).origin

  const once = async (path: string, body: string, extra: Record<string, string>, timeoutMs: number, signal?: AbortSignal) => {
    const over = new AbortController()
    const stop = () => over.abort(signal?.reason)
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop)
    const done = new AbortController()
    try {
      const request = new Request(`${base}/internal${path}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', 'x-internal-token': token, ...extra },
        signal: over.signal,
        redirect: 'manual', // a redirect would carry the token to wherever it points
      })
      const answer = Promise.resolve(send(request)).then(async (response) => ({
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        body: parse(await response.text()),
      }))
      // An in-process handler need not watch the signal, so the wait is raced and not only aborted.
      const ended = Promise.race([clock.sleep(timeoutMs, done.signal), aborted(over.signal, done.signal)]).then(() => {
        over.abort()
        return undefined
      })
      const first = await Promise.race([answer, ended])
      if (first) return { answer: first, late: undefined }
      return { answer: undefined, late: answer }
    } finally {
      done.abort()
      signal?.removeEventListener('abort', stop)
    }
  }

  const call = async (
    path: string,
    body: unknown,
    { tries = attempts, timeoutMs = CALL_TIMEOUT_MS, headers = {}, signal }: CallOptions = {},
  ): Promise<any> => {
    const text = JSON.stringify(body) // once: a retry under an Idempotency-Key must be the same bytes
    for (let attempt = 1; ; attempt++) {
      let problem: string
      let waitMs = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), MAX_RETRY_MS)
      try {
        const { answer, late } = await once(path, text, headers, timeoutMs, signal)
        if (answer) {
          if (answer.status === 200) return answer.body
          const code: string = answer.body?.error?.code ?? `http_${answer.status}`
          const message: string = answer.body?.error?.message ?? `HTTP ${answer.status}`
          if (answer.status === 409 && code === 'stale_lease') throw new StaleLease(message)
          const passing = answer.status >= 500 || answer.status === 429 || code === 'idempotency_in_progress'
          if (!passing) throw new PortRefused(answer.status, code, message)
          problem = `${path} answered ${answer.status} ${code}`
          const seconds = Number(answer.retryAfter)
          if (answer.retryAfter && Number.isFinite(seconds)) waitMs = Math.min(Math.max(seconds * 1000, waitMs), MAX_RETRY_MS)
        } else {
          late?.then(
            () => {},
            () => {}, // abandoned on purpose: the caller gets the timeout or the abort below
          )
          problem = signal?.aborted ? `${path} was given up` : `${path} did not answer within ${timeoutMs} ms`
        }
      } catch (error) {
        if (error instanceof StaleLease || error instanceof PortRefused) throw error
        problem = `${path} failed: ${error instanceof Error ? error.message : String(error)}`
      }
      if (attempt >= tries || signal?.aborted) throw new PortUnavailable(problem)
      await clock.sleep(waitMs, signal)
      if (signal?.aborted) throw new PortUnavailable(problem)
    }
  }

  const verb = (lease: LeaseRef, name: string, body: object, callOptions?: CallOptions) =>
    call(
      `/workers/tasks/${encodeURIComponent(lease.taskId)}/${name}`,
      { worker_id: lease.workerId, fence: lease.fence, ...body },
      callOptions,
    )

  const port: WorkerPort = {
    async lease(input, signal) {
      const body = JSON.stringify({
        worker_id: input.workerId,
        kinds: input.kinds,
        max: input.max,
        lease_seconds: input.leaseSeconds,
        wait_seconds: input.waitSeconds,
      })
      const tasksOf = (answered: any): LeasedTask[] =>
        (answered?.tasks ?? []).map((task: any) => ({ ...task, id: String(task.id) }))
      let outcome: Awaited<ReturnType<typeof once>>
      try {
        outcome = await once('/workers/lease', body, {}, input.waitSeconds * 1000 + CALL_TIMEOUT_MS, signal)
      } catch (error) {
        throw new PortUnavailable(`lease failed: ${error instanceof Error ? error.message : String(error)}`)
      }
      const { answer, late } = outcome
      if (!answer) {
        // The server may still lease tasks to an abandoned poll: release them instead of letting the leases expire.
        late
          ?.then((lost) =>
            Promise.all(
              tasksOf(lost.body).map((task) => port.release({ taskId: task.id, workerId: input.workerId, fence: task.fence })),
            ),
          )
          .catch(() => {}) // the worker is stopping; the lease expires by itself
        throw new PortUnavailable(signal?.aborted ? 'lease was given up' : 'lease did not answer')
      }
      if (answer.status === 200) return tasksOf(answer.body)
      const code = answer.body?.error?.code ?? `http_${answer.status}`
      if (answer.status >= 500 || answer.status === 429) throw new PortUnavailable(`lease answered ${answer.status} ${code}`)
      throw new PortRefused(answer.status, code, answer.body?.error?.message ?? `HTTP ${answer.status}`)
    },
    async heartbeat(lease, input, signal) {
      const answer = await verb(
        lease,
        'heartbeat',
        { lease_seconds: input.leaseSeconds, progress: input.progress },
        { tries: 2, timeoutMs: 10_000, signal },
      )
      return { leaseExpiresAt: answer.lease_expires_at, cancelRequested: answer.cancel_requested === true }
    },
    async complete(lease, result) {
      await verb(lease, 'complete', result === undefined ? {} : { result })
    },
    async fail(lease, { error, retryable }) {
      await verb(lease, 'fail', { error: error.slice(0, MAX_ERROR_CHARS), retryable })
    },
    async release(lease) {
      await verb(lease, 'release', {}, { tries: 2, timeoutMs: 5_000 })
    },
    async leases(workerId, kinds) {
      const found: LeaseRef[] = []
      for (const kind of kinds) {
        const request = new Request(`${base}/internal/tasks?status=leased&limit=200&kind=${encodeURIComponent(kind)}`, {
          headers: { 'x-internal-token': token },
          signal: AbortSignal.timeout(5_000),
          redirect: 'manual',
        })
        const response = await Promise.resolve(send(request)).catch((error) => {
          throw new PortUnavailable(`leases failed: ${error instanceof Error ? error.message : String(error)}`)
        })
        if (!response.ok) throw new PortUnavailable(`leases answered ${response.status}`)
        const { tasks = [] } = parse(await response.text()) ?? {}
        for (const task of tasks)
          if (task.worker_id === workerId) found.push({ taskId: String(task.id), workerId, fence: task.fence })
      }
      return found
    },
    async workerHeartbeat(vitals) {
      await call(
        '/workers/heartbeat',
        {
          worker_id: vitals.workerId,
          hostname: vitals.hostname,
          pid: vitals.pid,
          concurrent_tasks: vitals.concurrentTasks,
          ram_usage_pct: vitals.ramUsagePct,
          cpu_usage: vitals.cpuUsage,
          status: vitals.status,
        },
        { tries: 1, timeoutMs: 10_000 }, // the next one follows in seconds
      )
    },
    ingest(lease, batch, signal) {
      return call(
        '/ingest-batch',
        {
          items: batch.items,
          categories: batch.categories ?? [],
          source_id: batch.sourceId,
          task_id: lease.taskId,
          worker_id: lease.workerId,
          fence: lease.fence,
        },
        { headers: { 'idempotency-key': batch.idempotencyKey }, signal },
      )
    },
    async appendLog(lease, runId, lines) {
      // Few tries: what is not taken is sent again with the lines that follow.
      await call(`/runs/${runId}/logs`, { lines, worker_id: lease.workerId, fence: lease.fence }, { tries: 2 })
    },
  }
  return port
}

interface CallOptions {
  tries?: number
  timeoutMs?: number
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Resolves when `signal` aborts, or when `done` does, so that no listener outlives the call. */
const aborted = (signal: AbortSignal, done: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      signal.removeEventListener('abort', end)
      done.removeEventListener('abort', end)
      resolve()
    }
    signal.addEventListener('abort', end)
    done.addEventListener('abort', end)
  })

/** A body that is not JSON (a proxy's error page) is ignored; the status is enough. */
const parse = (text: string): any => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
