import { z } from 'zod'
import { type Described, documented, type RouteDocument } from '../platform/http/openapi.ts'

const problem = z.object({ type: z.string(), loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), input: z.unknown() })

/** The family's error envelope (gifty §1.2). */
export const errorView = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      fields: z.looseObject({ details: z.array(problem).optional() }).optional(),
    }),
  })
  .meta({ id: 'GiftyError', description: 'What went wrong' })

/** The same where a route says the message once more (gifty §11). */
const detailedErrorView = errorView
  .extend({ detail: z.string() })
  .meta({ id: 'GiftyErrorWithDetail', description: 'What went wrong' })

/** Statuses every operation of the family can answer. */
const ALWAYS = [401, 403, 413, 415, 500, 503]

/** Responses of an operation for its documentation: the 200 body, and the statuses of errors. */
export const answers = (ok: z.ZodType, ...errors: number[]) => {
  const responses: Record<number, z.ZodType> = { 200: ok }
  for (const status of [...ALWAYS, ...errors].sort((a, b) => a - b)) responses[status] = errorView
  return responses
}

const detailed = (responses: Record<number, Described>) =>
  Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => [status, schema === errorView ? detailedErrorView : schema]),
  )

/** What opens a route (gifty §1.1), as the document tells it and the family's guard reads it. */
const CREDENTIALS: Record<'internal' | 'analytics' | 'none', Record<string, string[]>[]> = {
  internal: [{ internalToken: [] }, { dashboard: [] }],
  analytics: [{ analyticsToken: [] }],
  none: [],
}

/** Documentation of a route under a tag. */
export const operation =
  (tag: string, credential: keyof typeof CREDENTIALS = 'internal') =>
  (summary: string, description: string, responses: Record<number, Described>, more: Partial<RouteDocument> = {}) =>
    documented({
      tags: [`gifty: ${tag}`],
      summary,
      description,
      responses: more['x-error-detail'] ? detailed(responses) : responses,
      security: CREDENTIALS[credential],
      ...more,
    })
