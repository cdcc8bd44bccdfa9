import { Elysia } from 'elysia'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { HttpFamily } from '../platform/http/family.ts'
import { documented } from '../platform/http/openapi.ts'

const CODES: Record<string, string> = {
  not_found: 'NOT_FOUND',
  method_not_allowed: 'NOT_FOUND',
  unauthorized: 'AUTH_ERROR',
  forbidden: 'FORBIDDEN',
  validation_error: 'VALIDATION_ERROR',
  bad_request: 'VALIDATION_ERROR',
  payload_too_large: 'VALIDATION_ERROR',
  unsupported_media_type: 'VALIDATION_ERROR',
  unavailable: 'SERVICE_UNAVAILABLE',
  internal_error: 'INTERNAL_SERVER_ERROR',
}

/** The love-parser family claims what no other does (DESIGN §1): its envelope is that of unknown paths. */
export const loveParserFamily = (): HttpFamily => ({
  name: 'love-parser',
  prefixes: [''],
  guard(_request, call) {
    // This contract has no 405: an unknown method is an unknown route (§1).
    if (!call.route) throw new AppError('not_found', 404, 'Not found')
  },
  errorResponse(error, call) {
    const body = {
      message: error.message,
      code: CODES[error.code] ?? error.code,
      statusCode: error.status,
      ...(error.details ? { details: error.details } : {}),
      requestId: call.requestId,
    }
    return Response.json({ error: body }, { status: error.status })
  },
  validationError: () => new AppError('validation_error', 422, 'Validation failed'),
  headers: { 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN', 'referrer-policy': 'no-referrer' },
})

const healthy = { status: 'ok' } as const
const detail = documented({
  tags: ['health'],
  summary: 'Tell that the process answers',
  description: 'Touches no dependency.',
  responses: { 200: z.object({ status: z.literal('ok') }) },
  security: [],
  'x-static': JSON.stringify(healthy),
})

/** Health of the process (love-parser §2). */
export const loveParserRoutes = () =>
  new Elysia()
    .get('/health', () => healthy, { detail })
    .get('/api/health', () => healthy, { detail })
    .get('/api/v1/health', () => healthy, { detail })
