import { z } from 'zod'
import { type Described, documented, type RouteDocument } from '../platform/http/openapi.ts'

/** The family's error body (§3). */
export const errorView = z
  .object({
    error: z.string(),
    message: z.string().optional(),
    status: z.int(),
    timestamp: z.string(),
    code: z.string(),
    retryable: z.boolean(),
    details: z.looseObject({
      requestId: z.string(),
      taskId: z.string().optional(),
      fields: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    }),
  })
  .meta({ id: 'CrawlerError', description: 'What went wrong' })

/** Which words a missing or wrong credential is refused with (§2). */
export type AuthWords = 'stream' | 'connect' | 'tasks' | 'task' | 'health' | 'operations'
/** What a route needs before its body is read. */
export interface RouteNeeds {
  auth: AuthWords
  rate?: 'general' | 'progress'
  /** A WebSocket upgrade. */
  upgrade?: true
  /** Reads a JSON body, at most this many times the family's limit. */
  body?: number
}

const ALWAYS = [401, 429, 500, 503]
/** Documentation of a route, and its needs. */
export const operation = (
  tag: string,
  needs: RouteNeeds,
  summary: string,
  description: string,
  ok: Record<number, Described>,
  errors: number[],
  more: Partial<RouteDocument> = {},
) => {
  const responses: Record<number, Described> = { ...ok }
  for (const status of [...ALWAYS, ...(needs.body ? [400, 413, 415] : []), ...errors]) responses[status] ??= errorView
  return documented({
    tags: [`crawler: ${tag}`],
    summary,
    description,
    responses,
    security: [{ crawlerToken: [] }, { dashboard: [] }],
    ...more,
    ...({ 'x-needs': needs } as object),
  })
}
