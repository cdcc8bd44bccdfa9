import type { Clock } from '../../src/platform/clock.ts'
import {
  type IngestAnswer,
  type IngestBatch,
  type LeasedTask,
  type LeaseRef,
  type RunLogLine,
  type ScrapedCategory,
  type ScrapedProduct,
  StaleLease,
  type WorkerPort,
} from '../../src/workers/port.ts'

/** A promise that a test resolves, or waits for. */
export const signalled = <T = void>() => {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** A clock on which every wait ends at once and is written down; waits of `forever` ms and more (time limits) end only by their signal. */
export const hastyClock = (forever = 15_000): Clock & { slept: number[] } => {
  let now = Date.parse('2026-01-15T12:00:00.000Z')
  const slept: number[] = []
  return {
    slept,
    now: () => now,
    sleep: (ms, signal) => {
      if (ms >= forever)
        return new Promise((resolve) => {
          if (signal?.aborted) resolve()
          signal?.addEventListener('abort', () => resolve())
        })
      slept.push(ms)
      now += ms
      return Promise.resolve()
    },
  }
}

export interface Recorded {
  leases: { workerId: string; kinds: string[]; max: number; leaseSeconds: number; waitSeconds: number }[]
  heartbeats: { lease: LeaseRef; leaseSeconds?: number; progress?: unknown }[]
  completed: { lease: LeaseRef; result: any }[]
  failed: { lease: LeaseRef; error: string; retryable: boolean }[]
  released: LeaseRef[]
  batches: (IngestBatch & { lease: LeaseRef })[]
  lines: (RunLogLine & { lease: LeaseRef; runId: number })[]
  vitals: number
}

export interface FakePort extends WorkerPort {
  seen: Recorded
  /** Tasks to hand out, in order. */
  queue: LeasedTask[]
  /** Wakes a waiting poll after `queue` changed. */
  offer(...tasks: LeasedTask[]): void
  products(): ScrapedProduct[]
  categories(): ScrapedCategory[]
  /** What the next calls answer instead of the usual. */
  on: {
    lease?: () => void
    heartbeat?: (lease: LeaseRef) => { cancelRequested: boolean } | undefined
    ingest?: (batch: IngestBatch) => IngestAnswer | undefined
    ended?: () => void
    leases?: () => LeaseRef[]
    /** Throws what the server answers instead of taking the lines. */
    appendLog?: (lines: RunLogLine[]) => void
  }
}

/** A server of the worker protocol that lives in memory and records the calls. */
export const fakePort = (): FakePort => {
  const seen: Recorded = {
    leases: [],
    heartbeats: [],
    completed: [],
    failed: [],
    released: [],
    batches: [],
    lines: [],
    vitals: 0,
  }
  let wake = () => {}
  const port: FakePort = {
    seen,
    queue: [],
    on: {},
    offer(...tasks) {
      port.queue.push(...tasks)
      wake()
    },
    products: () => seen.batches.flatMap((batch) => batch.items),
    categories: () => seen.batches.flatMap((batch) => batch.categories ?? []),
    async lease(input, signal) {
      seen.leases.push(input)
      port.on.lease?.()
      while (port.queue.length === 0 && !signal?.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve
          signal?.addEventListener('abort', () => resolve())
        })
      return signal?.aborted ? [] : port.queue.splice(0, input.max)
    },
    async heartbeat(lease, input) {
      seen.heartbeats.push({ lease, ...input })
      return { leaseExpiresAt: '2026-01-15T12:01:00.000Z', cancelRequested: port.on.heartbeat?.(lease)?.cancelRequested ?? false }
    },
    async complete(lease, result) {
      seen.completed.push({ lease, result })
      port.on.ended?.()
    },
    async fail(lease, input) {
      seen.failed.push({ lease, ...input })
      port.on.ended?.()
    },
    async release(lease) {
      seen.released.push(lease)
      port.on.ended?.()
    },
    async leases() {
      return port.on.leases?.() ?? []
    },
    async workerHeartbeat() {
      seen.vitals++
    },
    async ingest(lease, batch) {
      const answer = port.on.ingest?.(batch)
      seen.batches.push({ ...batch, lease })
      return answer ?? ingested(batch)
    },
    async appendLog(lease, runId, lines) {
      port.on.appendLog?.(lines)
      seen.lines.push(...lines.map((line) => ({ ...line, lease, runId })))
    },
  }
  return port
}

export const ingested = (batch: IngestBatch): IngestAnswer => ({
  items_ingested: batch.items.length,
  items_updated: 0,
  items_unchanged: 0,
  items_duplicate: 0,
  categories_ingested: batch.categories?.length ?? 0,
  rejected: [],
})

export const stale = () => {
  throw new StaleLease('Lease was lost')
}

let tasks = 0
export const webTask = (payload: Record<string, unknown>, fence = 1): LeasedTask => ({
  id: `task-${++tasks}`,
  kind: 'source.run.web',
  payload: { source_id: 7, site_key: 'shop', type: 'list', strategy: 'deep', run_id: 'run-1', config: {}, ...payload },
  fence,
  attempt: 1,
  lease_expires_at: '2026-01-15T12:01:00.000Z',
  priority: 50,
})
