import type { z } from 'zod'
import type { Log } from '../../../platform/log.ts'
import { ApiProblem } from '../errors.ts'
import { type LeasedTask, leasedTask, type RefreshAnswer, type ReportAnswer, type Update } from '../model.ts'

export interface LeaseInput {
  workerId: string
  types: readonly string[]
  max: number
  leaseSeconds: number
  waitSeconds: number
}

/** What a report says about its sender and itself, on every transport (gitlab-worker §2.6). */
export interface Signed extends Update {
  workerId: string
  fence: number
  updateId: string
  timestamp: string
}

/** What the server tells without being asked. */
export interface ApiEvents {
  /** The task is not ours any more. */
  cancelled(taskId: string): void
  /** The server is shutting down. */
  shutdown(): void
}

/**
 * The crawler API (`/api/internal2`) as the worker sees it, over HTTP or a WebSocket. Every call throws `ApiProblem` unless it
 * succeeded: `status` is the HTTP status, 0 when nobody answered.
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
