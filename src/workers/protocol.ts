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
