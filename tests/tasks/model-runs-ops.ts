import type { Lease, ModelSource, ModelTask } from './model-runs.ts'

export interface SourceFields {
  strategy?: string
  priority?: number
  refresh_interval_hours?: number
  is_active?: boolean
  overlap?: string
  config?: { worker?: string }
  schedule?: { cron: string } | null
}
export interface Item {
  site: string
  n: number
  version: number
  isBad: boolean
}
/** Commands to the app as plain JSON, so that they can be sent to a separate process. */
export type Op =
  | { op: 'save'; url: string; site: string; fields: SourceFields }
  | { op: 'patch'; source: number; fields: SourceFields }
  | { op: 'toggle'; source: number; isActive: boolean }
  | { op: 'force'; source: number; strategy?: string }
  | { op: 'lease'; worker: string; kinds: string[]; max: number; seconds: number; sites?: readonly string[] }
  | ({ op: 'beat'; seconds: number } & Lease)
  | { op: 'complete'; worker: string; tasks: { id: string; fence: number; result?: unknown }[] }
  | ({ op: 'fail'; isRetryable: boolean; error: string } & Lease)
  | ({ op: 'release'; delay: number } & Lease)
  | { op: 'cancel'; task: string }
  | { op: 'redrive'; ids?: string[]; kind?: string; limit: number }
  | { op: 'report'; source: number; status: string; run?: number; lease?: Lease }
  | { op: 'error'; source: number; error: string; isBroken: boolean; run?: number; lease?: Lease }
  | { op: 'logs'; source: number; logs: string; run?: number; lease?: Lease }
  | { op: 'ingest'; source: number; items: Item[]; categories: { site: string; n: number }[]; lease?: Lease; key?: string }
  | { op: 'activate'; ids: number[] }
  | { op: 'dispatch'; times?: number }
  | { op: 'idle' }
  | { op: 'sweep' }

export type Answer = Record<string, unknown>
/** What the answer has to be, once the ids of new rows are known. */
export type Expected = Answer | (() => Answer)
/** What the rows show that no contract decides: ids, and what concurrent transactions have left to each other. */
export interface Hints {
  /** The id of the source with this url. */
  idOf(url: string): number
  /** A lease that has run out and is still in the table. */
  isLeft(task: ModelTask): boolean
  /** How many lost leases a sweep has ended; a lease at the same time may have ended some of them. */
  expired?: number
  /** The sources whose tasks a lease has answered, in order. */
  leased?: number[]
  isDispatched(source: ModelSource): boolean
  isOverlapSeen(source: ModelSource): boolean
}
export const OK = { status: 200 }
export const missing = { status: 404, code: 'not_found' }
export const stale = { status: 409, code: 'stale_lease' }
export const categoryUrl = (epoch: string, { site, n }: { site: string; n: number }) => `https://${site}.example/${epoch}/c/${n}`
