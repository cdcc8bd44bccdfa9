import type { InternalAccess, VerifiedToken } from '../access/tokens.ts'
import { type Call, corsPolicy, type HttpFamily, type Principal, refusalsOf } from '../platform/http/family.ts'
import { createSurface, problemsWith } from '../platform/http/macros.ts'
import { createRefusals, type RateClass, type RateDecision, rateHeaders } from '../platform/http/rate-limit.ts'
import { type AddressSource, callerOf, clientIp, isJsonType, NotText, parseJson, readBodyText } from '../platform/http/request.ts'
import type { Platform } from '../platform/index.ts'
import type { Accounts, Session } from './accounts/service.ts'
import {
  errorResponse,
  errorView,
  invalidField,
  invalidRequest,
  notFound,
  Refusal,
  unauthorized,
  unreadableBody,
  wrongMediaType,
} from './envelope.ts'
import { say } from './texts.ts'

/** Where the routes of operators are. */
const OPERATORS = '/internal/love-parser'
const WEBHOOK_LIMIT: RateClass = { name: 'love-parser-webhook', limit: 600, windowMs: 60_000 }
const BEARER = /^Bearer (\S+)$/
const KEY = /^[\x21-\x7e]{1,128}$/
const EXPOSED =
  'x-request-id, Retry-After, Content-Disposition, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Idempotency-Replayed, X-Data-Source'

/** Answers of these statuses in the family's error body. */
export const problems = problemsWith(errorView)

/** What the rate limit has found out about a request. */
interface Limited {
  token: VerifiedToken | undefined
  ip: string
}
/** The address a request came from. */
export const ipOf = (call: Call): string => (call.context as Limited).ip

/** The family without its routes: its envelope is that of paths that no family claims (architecture §1). */
export const loveParserEnvelope = ({ config }: Pick<Platform, 'config'>) => {
  const cors = corsPolicy({
    origins: config.loveParserOrigins,
    headers: 'echo',
    methods: 'GET,HEAD,PUT,PATCH,POST,DELETE',
    exposed: EXPOSED,
  })
  return {
    name: 'love-parser',
    prefixes: ['', OPERATORS],
    // This contract has no 405: an unknown method is an unknown route (§1).
    unmatched(request, call) {
      const preflight = call.method === 'OPTIONS' ? cors.preflight(request) : undefined
      if (preflight) return preflight
      throw notFound('not_found')
    },
    errorResponse,
    // Body, then query, then path (§1); the framework looks in another order.
    validationError(where, call, values) {
      const [error] = refusalsOf(call, values, where === 'params' ? ['body', 'query', 'params'] : ['body', 'query'])
      return error ? invalidRequest(error) : new Refusal('validation_error', 422, say('invalid_request'))
    },
    headers: { 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN', 'referrer-policy': 'no-referrer' },
    decorate(response, call, request) {
      // A preflight's answer carries no request id (§1).
      if (call?.method === 'OPTIONS' && response.status === 204) response.headers.delete('x-request-id')
      else cors.decorate?.(response, call, request)
    },
  } satisfies HttpFamily
}

export interface LoveParserSurfaceDeps {
  platform: Pick<Platform, 'config' | 'rateLimiter'>
  accounts: Accounts
  /** Who may call the routes of operators. */
  internal: InternalAccess
  /** Known once the app listens. */
  server(): AddressSource | null | undefined
}

/** What the family's routes share (love-parser §1): rate limit, body, token, user, in this order, before anything of a route runs. */
export const loveParserSurface = ({ platform, accounts, internal, server }: LoveParserSurfaceDeps) => {
  const { config, rateLimiter } = platform
  const general: RateClass = { name: 'love-parser', limit: config.rateLimitMax, windowMs: config.rateLimitWindowMs }
  const envelope = loveParserEnvelope(platform)

  const applyLimit = (call: Call, { limit, windowMs }: RateClass, rate: RateDecision): void => {
    call.headers = rateHeaders(rate)
    if (!rate.allowed)
      throw new Refusal('rate_limited', 429, say('too_many_requests'), {
        details: { limit, windowMs },
        headers: { 'retry-after': String(rate.retryAfterSeconds) },
      })
  }
  const count = (request: Request, call: Call, rateClass: RateClass, token: VerifiedToken | undefined): void | Promise<void> => {
    const ip = clientIp(request, server(), config.trustProxy)
    call.context = { token, ip } satisfies Limited
    const byUser = rateClass === general && token !== undefined && typeof token.claims.sub === 'string'
    const rate = rateLimiter.count(rateClass, byUser ? `user ${token.claims.sub}` : `ip ${callerOf(ip)}`)
    return rate instanceof Promise ? rate.then((known) => applyLimit(call, rateClass, known)) : applyLimit(call, rateClass, rate)
  }
  /** Takes a request from the bucket of its user, or of its address without a valid token. @throws AppError 429 */
  const limit = (request: Request, call: Call, rateClass: RateClass): void | Promise<void> => {
    const text = BEARER.exec(request.headers.get('authorization') ?? '')?.[1]
    const token = text === undefined ? undefined : accounts.verify(text)
    return token instanceof Promise
      ? token.then((known) => count(request, call, rateClass, known))
      : count(request, call, rateClass, token)
  }
  /** `raw` is left as it came: a signature covers its literal text. @throws AppError 400, 413, 415 */
  const readBody = async (request: Request, call: Call, kind: 'json' | 'raw'): Promise<unknown> => {
    const text = await readBodyText(request, config.requestBodyLimit).catch((error) => {
      throw error instanceof NotText ? unreadableBody(error.missing === 'gzip' ? 'body_not_gzip' : 'body_not_utf8') : error
    })
    call.bodyText = text
    if (kind === 'raw') return null
    const type = request.headers.get('content-type')
    if (text === '') {
      if (call.method !== 'DELETE' && isJsonType(type)) throw unreadableBody('body_empty')
      return null
    }
    if (!isJsonType(type)) throw wrongMediaType('media_type_json')
    try {
      return parseJson(text)
    } catch {
      throw unreadableBody('body_not_json')
    }
  }

  const http: HttpFamily = {
    ...envelope,
    async unmatched(request, call) {
      if (call.method === 'OPTIONS') return envelope.unmatched(request, call)
      await limit(request, call, general)
      throw notFound('not_found')
    },
  }
  const routes = createSurface<'user' | 'blocked user', 'general' | 'webhook', 'json' | 'raw', Session>({
    name: 'love-parser',
    order: ['rate', 'bodyLimit', 'auth'],
    problem: errorView,
    always: [500, 503],
    invalid: { params: 422, query: 422, body: 422 },
    auth: {
      check({ call }, access) {
        const { token } = call.context as Limited
        if (!token) throw unauthorized('login_required')
        return accounts.session(token, access === 'blocked user')
      },
      security: () => [{ loveParser: [] }],
      statuses: [401, 403],
    },
    rate: { check: ({ request, call }, rate) => limit(request, call, rate === 'webhook' ? WEBHOOK_LIMIT : general) },
    body: { read: ({ request, call }, kind) => readBody(request, call, kind), statuses: [400, 413, 415] },
    idempotency: {
      key(request) {
        const key = request.headers.get('idempotency-key') ?? undefined
        if (key !== undefined && !KEY.test(key)) throw invalidField('Idempotency-Key', say('idempotency_key'))
        return key
      },
      maxLength: 128,
      statuses: [422],
    },
    tidy: (_, query) => query,
  })
  const counted = createRefusals('love-parser', { platform, server })
  const operators = createSurface<'operator', never, 'json', Principal>({
    name: 'love-parser-operators',
    order: ['auth', 'bodyLimit'],
    problem: errorView,
    always: [500, 503],
    invalid: { params: 422, query: 422, body: 422 },
    auth: {
      check({ request, call }) {
        call.context = { token: undefined, ip: clientIp(request, server(), config.trustProxy) } satisfies Limited
        return counted(request, () => internal(request, call))
      },
      security: (): Record<string, string[]>[] => [{ internalToken: [] }, { dashboard: [] }],
      statuses: [401, 403, 429],
    },
    body: { read: ({ request, call }, kind) => readBody(request, call, kind), statuses: [400, 413, 415] },
    tidy: (_, query) => query,
  })
  return { http, routes, operators }
}
export type LoveParserSurface = ReturnType<typeof loveParserSurface>['routes']
export type OperatorSurface = ReturnType<typeof loveParserSurface>['operators']

/** Who changes something by a request, for the audit. */
export const operatorOf = (actor: Principal, call: Call) => ({ actor, requestId: call.requestId, ip: ipOf(call) })
