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

const LANGUAGE = {
  in: 'header',
  name: 'X-Language',
  required: false,
  description: 'language of names, descriptions and messages; `en` unless it is `ru`',
  schema: { type: 'string', enum: ['en', 'ru'] },
}

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
