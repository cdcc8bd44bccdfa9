import { z } from 'zod'
import { documented, type RouteDocument } from '../platform/http/openapi.ts'
import type { Scope } from './access.ts'

/** The family's errors (stickers §3.4). */
export const errorView = z
  .object({
    error: z.string(),
    message: z.string(),
    details: z.array(z.object({ field: z.string(), code: z.string(), message: z.string() })).optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: 'StickersError', description: 'What went wrong' })

interface Schema {
  type: 'integer' | 'string' | 'boolean'
  [key: string]: unknown
}
const ID: Schema = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }
/** Parameters as the API document shows them; `fields.ts` reads them. */
export const parameter = (where: 'path' | 'query', name: string, schema: Schema, required = where === 'path') => ({
  in: where,
  name,
  required,
  schema,
})
export const pathId = (name: string) => parameter('path', name, ID)
export const queryId = (name: string, required = false) => parameter('query', name, ID, required)
export const SHORT_INFO = parameter('query', 'shortInfo', { type: 'boolean', default: false })
export const PREVIEW = parameter('query', 'preview', { type: 'boolean', default: false })
const LANGUAGE = { in: 'header', name: 'X-Language', required: false, schema: { type: 'string', enum: ['en', 'ru'] } }

/** Documentation of a route, and the scope its guard asks for. */
export const operation = (
  scope: Scope,
  summary: string,
  description: string,
  responses: Record<number, z.ZodType>,
  more: Partial<RouteDocument> = {},
) =>
  documented({
    tags: ['stickers'],
    summary,
    description,
    responses: Object.fromEntries(
      Object.entries({ ...responses, 401: errorView, 403: errorView, 500: errorView, 503: errorView }).sort(),
    ),
    security: [{ serviceToken: [] }],
    ...more,
    parameters: [...(more.parameters ?? []), LANGUAGE],
    'x-scope': scope,
  } as RouteDocument)
