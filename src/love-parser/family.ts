import type { z } from 'zod'
import type { VerifiedToken } from '../access/tokens.ts'
import { AppError, unauthorized } from '../errors.ts'
import { isJsonType, NotUtf8, parseJson, readBodyText } from '../platform/http/body.ts'
import { type AddressSource, clientIp } from '../platform/http/client-ip.ts'
import { corsPolicy } from '../platform/http/cors.ts'
import type { Call, HttpFamily, RouteInfo } from '../platform/http/family.ts'
import { callOf } from '../platform/http/pipeline.ts'
import type { RateClass, RateDecision } from '../platform/http/rate-limit.ts'
import type { Platform } from '../platform/index.ts'
import type { Accounts, Session } from './accounts/service.ts'
import { errorResponse, invalidRequest, unreadableBody } from './envelope.ts'

const PREFIX = '/api/v1/'
const WEBHOOK_LIMIT: RateClass = { name: 'love-parser-webhook', limit: 600, windowMs: 60_000 }
const BEARER = /^Bearer (\S+)$/
const EXPOSED =
  'x-request-id, Retry-After, Content-Disposition, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Idempotency-Replayed, X-Data-Source'

/** What the guard has found out about a request. */
interface Admitted {
  session?: Session
  /** The parsed body; null where there is none. */
  body: unknown
  ip: string
}
const admittedOf = (call: Call): Admitted => call.context as Admitted

/** Who speaks; for routes behind the guard. */
export const sessionOf = (request: Request): Session => {
  const session = admittedOf(callOf(request)).session
  if (!session) throw new Error('this route is public')
  return session
}
/** The address a request is limited by. */
export const ipOf = (request: Request): string => admittedOf(callOf(request)).ip

export interface LoveParserFamilyDeps {
  platform: Platform
  /** Undefined when the family's routes are not mounted: it then only words the errors of unknown paths. */
  accounts: Accounts | undefined
  /** Known once the app listens. */
  server(): AddressSource | null | undefined
}

/**
 * What the family's routes share (love-parser §1): rate limit, body, token, user, in this order, before anything of a route runs.
 * It claims what no other family does, so its envelope is that of unknown paths too (architecture §1).
 */
export const loveParserFamily = ({ platform, accounts, server }: LoveParserFamilyDeps): HttpFamily => {
  const { config, rateLimiter } = platform
  const general: RateClass = { name: 'love-parser', limit: config.rateLimitMax, windowMs: config.rateLimitWindowMs }
  const cors = corsPolicy({
    origins: config.loveParserOrigins,
    headers: 'echo',
    methods: 'GET,HEAD,PUT,PATCH,POST,DELETE',
    exposed: EXPOSED,
  })

  const readBody = async (request: Request, call: Call, context: Admitted): Promise<void> => {
    const text = await readBodyText(request, config.requestBodyLimit).catch((error) => {
      throw error instanceof NotUtf8 ? unreadableBody('The body is not valid JSON') : error
    })
    call.bodyText = text
    if (call.route?.detail['x-raw-body']) return
    const type = request.headers.get('content-type')
    if (text === '') {
      if (call.method !== 'DELETE' && isJsonType(type)) throw unreadableBody('The body is empty')
      return
    }
    if (!isJsonType(type)) throw new AppError('unsupported_media_type', 415, 'The body must be application/json')
    try {
      context.body = parseJson(text)
    } catch {
      throw unreadableBody('The body is not valid JSON')
    }
  }
  const identify = (call: Call, context: Admitted, token: VerifiedToken | undefined): undefined | Promise<undefined> => {
    const { route } = call
    if (!accounts || !route || (route.detail.security as unknown[] | undefined)?.length === 0) return undefined
    if (!token) throw unauthorized('Please log in')
    return accounts.session(token, route.detail['x-allow-blocked'] === true).then((session) => {
      context.session = session
      call.principal = { kind: 'user', id: session.user.id }
      return undefined
    })
  }
  const admit = (
    request: Request,
    call: Call,
    token: VerifiedToken | undefined,
    ip: string,
    rateClass: RateClass,
    rate: RateDecision,
  ): undefined | Promise<undefined> => {
    if (rate.limit > 0)
      call.headers = {
        'ratelimit-limit': String(rate.limit),
        'ratelimit-remaining': String(rate.remaining),
        'ratelimit-reset': String(Math.ceil(rate.resetMs / 1000)),
      }
    if (!rate.allowed)
      throw new AppError('rate_limited', 429, 'Too many requests, please slow down', {
        details: { limit: rate.limit, windowMs: rateClass.windowMs },
        headers: { 'retry-after': String(rate.retryAfterSeconds) },
      })
    // This contract has no 405: an unknown method is an unknown route (§1).
    if (!call.route) throw new AppError('not_found', 404, 'Not found')
    const context: Admitted = { body: null, ip }
    call.context = context
    if (call.method === 'GET') return identify(call, context, token)
    return readBody(request, call, context).then(() => identify(call, context, token))
  }
  const limit = (request: Request, call: Call, token: VerifiedToken | undefined): undefined | Promise<undefined> => {
    const ip = clientIp(request, server(), config.trustProxy)
    const webhook = call.route?.detail['x-rate-class'] === 'webhook'
    const rateClass = webhook ? WEBHOOK_LIMIT : general
    const key = !webhook && token && typeof token.claims.sub === 'string' ? `user ${token.claims.sub}` : `ip ${ip}`
    const rate = rateLimiter.count(rateClass, key)
    return rate instanceof Promise
      ? rate.then((decision) => admit(request, call, token, ip, rateClass, decision))
      : admit(request, call, token, ip, rateClass, rate)
  }

  return {
    name: 'love-parser',
    prefixes: [''],
    guard(request, call) {
      if (call.method === 'OPTIONS') {
        const preflight = cors.preflight(request)
        if (preflight) return preflight
      }
      // Probes, metrics and documents: not limited, and their own matter.
      if (call.route && !call.route.path.startsWith(PREFIX)) return undefined
      if (!accounts) {
        if (!call.route) throw new AppError('not_found', 404, 'Not found')
        return undefined
      }
      const text = BEARER.exec(request.headers.get('authorization') ?? '')?.[1]
      const token = text === undefined ? undefined : accounts.verify(text)
      return token instanceof Promise ? token.then((known) => limit(request, call, known)) : limit(request, call, token)
    },
    errorResponse,
    validationError(_where, call, { body, query, params }) {
      const schemas: RouteInfo['schemas'] = call.route?.schemas ?? {}
      // Body, then query, then path (§1); the framework looks in another order.
      const groups = [
        [schemas.body, body],
        [schemas.query, query],
        [schemas.params, params],
      ] as [z.ZodType | undefined, unknown][]
      for (const [schema, given] of groups) {
        const result = schema?.safeParse(given, { reportInput: true })
        if (result && !result.success) return invalidRequest(result.error)
      }
      return new AppError('validation_error', 422, 'Invalid request')
    },
    headers: { 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN', 'referrer-policy': 'no-referrer' },
    decorate(response, call, request) {
      // A preflight's answer carries no request id (§1).
      if (call?.method === 'OPTIONS' && response.status === 204) response.headers.delete('x-request-id')
      else cors.decorate?.(response, call, request)
    },
  }
}

/** Parse hook of the family's routes: the body as the guard has read it. */
export const takeBody = ({ request }: { request: Request }): unknown => admittedOf(callOf(request)).body
