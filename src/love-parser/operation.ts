import { z } from 'zod'
import { type Described, documented, type RouteDocument } from '../platform/http/openapi.ts'

/** The family's error envelope (love-parser §1). */
export const errorView = z
  .object({
    error: z.object({
      message: z.string(),
      code: z.string(),
      statusCode: z.int(),
      details: z.looseObject({}).optional(),
      requestId: z.string(),
    }),
  })
  .meta({ id: 'LoveParserError', description: 'What went wrong' })

const answers = (responses: Record<number, Described>, errors: number[]) => {
  const all: Record<number, Described> = { ...responses }
  for (const status of errors) all[status] = errorView
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => Number(a) - Number(b)))
}

/**
 * Documentation of the routes under a tag. `security` is what the family's guard asks for: an empty list makes a route public.
 * Every operation can answer 429, 500 and 503, those with a token 401 and 403 (§1).
 */
export const operation =
  (tag: string) =>
  (
    summary: string,
    description: string,
    responses: Record<number, Described>,
    { errors = [], ...more }: Partial<RouteDocument> & { errors?: number[] } = {},
  ) => {
    const isPublic = more.security?.length === 0
    return documented({
      tags: [`love parser: ${tag}`],
      summary,
      description,
      responses: answers(responses, [...(isPublic ? [] : [401, 403]), 429, 500, 503, ...errors]),
      security: [{ loveParser: [] }],
      ...more,
    })
  }
/** Repeats a request safely (§1). */
export const IDEMPOTENCY_KEY = {
  in: 'header',
  name: 'Idempotency-Key',
  required: false,
  description: 'A repeat with the same key and body gets the same answer',
  schema: { type: 'string', minLength: 1, maxLength: 128 },
  example: 'order-17',
}
/** What makes a route public. */
export const OPEN = { security: [] }
