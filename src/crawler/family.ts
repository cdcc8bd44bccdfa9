import type { z } from 'zod'
import type { DashboardAccess } from '../access/dashboard.ts'
import { AppError } from '../errors.ts'
import { secretMatcher } from '../platform/crypto/compare.ts'
import { isDeeper, isHostile, NotUtf8, readBodyText } from '../platform/http/body.ts'
import { type AddressSource, clientIp } from '../platform/http/client-ip.ts'
import { corsPolicy } from '../platform/http/cors.ts'
import type { Call, HttpFamily } from '../platform/http/family.ts'
import { isHandshake } from '../platform/http/handshake.ts'
import { callOf, requireRoute } from '../platform/http/pipeline.ts'
import type { RateClass, RateDecision } from '../platform/http/rate-limit.ts'
import type { Platform } from '../platform/index.ts'
import {
  accept,
  crawlerErrorResponse,
  invalidJson,
  problemsOf,
  rateLimited,
  shuttingDown,
  storable,
  taskNotFound,
  upgradeRequired,
  validationFailed,
} from './envelope.ts'
import type { AuthWords, RouteNeeds } from './operation.ts'

export const PREFIX = '/api/internal2'
const MINUTE_MS = 60_000
const TASKS = `${PREFIX}/tasks/`
const BEARER = /^bearer +(\S+) *$/i
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/
const PUBLIC: RouteNeeds = { auth: 'health' }

/** What the guard has found out about a request. */
interface Admitted {
  /** Undefined on public health alone. */
  principal: string | undefined
  /** The parsed JSON object. */
  body: Record<string, unknown> | undefined
}
const WORDS: Record<AuthWords, { none: string; wrong: string }> = {
  stream: { none: 'Invalid or missing authentication token', wrong: 'Invalid or missing authentication token' },
  connect: { none: 'Invalid or missing authentication', wrong: 'Invalid authentication token' },
  tasks: { none: 'Invalid or missing authentication', wrong: 'Invalid or missing authentication' },
  task: { none: 'Authentication failed', wrong: 'Authentication failed' },
  health: {
    none: 'Authentication required for detailed health information',
    wrong: 'Authentication required for detailed health information',
  },
  operations: { none: 'Authentication required', wrong: 'Invalid authentication' },
}
const notConfigured = (words: AuthWords) =>
  new AppError(
    'NOT_CONFIGURED',
    503,
    words === 'stream'
      ? 'WebSocket endpoint disabled due to missing CRAWLER_API_TOKEN configuration'
      : 'Endpoint disabled due to missing configuration',
  )

/** Requests that came over the Unix socket. Only the listener itself can put one here, no header can. */
const local = new WeakSet<Request>()
/** To be called by the Unix socket's listener, before the app sees the request. */
export const markLocal = (request: Request): Request => {
  local.add(request)
  return request
}

/** The id in a path below `/tasks/`, decoded; undefined where there is none or it does not decode. */
export const taskIdIn = (path: string): string | undefined => {
  if (!path.startsWith(TASKS)) return undefined
  const end = path.indexOf('/', TASKS.length)
  const part = end < 0 ? path.slice(TASKS.length) : path.slice(TASKS.length, end)
  try {
    return part === '' ? undefined : decodeURIComponent(part)
  } catch {
    return undefined
  }
}
const queryValue = (request: Request, name: string): string | null => {
  const at = request.url.indexOf('?')
  return at < 0 ? null : new URLSearchParams(request.url.slice(at + 1)).get(name)
}
const admittedOf = (request: Request): Admitted => callOf(request).context as Admitted
/** Who asks: `socket`, `token` or `admin:SUB`. */
export const principalOf = (request: Request): string => {
  const { principal } = admittedOf(request)
  if (principal === undefined) throw new Error('this route is public')
  return principal
}
export const isKnown = (request: Request): boolean => admittedOf(request).principal !== undefined
export const bodyOf = (request: Request): Record<string, unknown> => admittedOf(request).body ?? {}
export const bodyTextOf = (request: Request): string => callOf(request).bodyText ?? ''
/** The body in the shape of a schema. @throws AppError 400 VALIDATION_FAILED */
export const read = <S extends z.ZodType>(request: Request, schema: S): z.output<S> =>
  storable(accept(schema, bodyOf(request)), bodyTextOf(request))

export interface CrawlerFamilyDeps {
  platform: Platform
  dashboard: DashboardAccess
  server(): AddressSource | null | undefined
  isStopping(): boolean
}

/** What the family's routes share (§1 to §4): route, upgrade, configuration, credential, rate limit, body, in this order. */
export const crawlerFamily = ({ platform, dashboard, server, isStopping }: CrawlerFamilyDeps): HttpFamily => {
  const { config, clock, rateLimiter } = platform
  const { token, rateLimit, progressRateLimit, maxBodyBytes, healthAuth } = config.crawler
  const isToken = token === undefined ? () => false : secretMatcher(token)
  const general: RateClass = { name: 'crawler', limit: rateLimit, windowMs: MINUTE_MS }
  const progress: RateClass = { name: 'crawler-progress', limit: progressRateLimit, windowMs: MINUTE_MS }
  const refused: RateClass = { name: 'crawler-refused', limit: 600, windowMs: MINUTE_MS }
  const cors = corsPolicy({
    origins: config.corsOrigins,
    pattern: config.corsOriginRegex,
    headers: 'Content-Type, Authorization, Idempotency-Key, X-Request-Id, Last-Event-ID',
    methods: 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
    exposed: 'X-Request-Id, Retry-After, Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset',
  })

  const refuse = async (request: Request, words: AuthWords, given: boolean): Promise<never> => {
    const { allowed, retryAfterSeconds } = await rateLimiter.take(refused, clientIp(request, server(), config.trustProxy))
    if (!allowed) throw rateLimited(retryAfterSeconds)
    throw new AppError('UNAUTHORIZED', 401, given ? WORDS[words].wrong : WORDS[words].none)
  }
  const byDashboard = async (candidates: string[], call: Call): Promise<string | undefined> => {
    for (const jwt of candidates)
      try {
        await dashboard.authenticate(jwt)
        call.recheck = () => dashboard.authenticate(jwt)
        return `admin:${JSON.parse(Buffer.from(jwt.split('.')[1] as string, 'base64url').toString('utf8')).sub}`
      } catch (error) {
        // A wrong credential beside a right one does no harm; what is no credential at all is told below.
        if (!(error instanceof AppError)) throw error
        if (error.status !== 401 && error.status !== 403) throw error
      }
    return undefined
  }
  /** Who asks, or undefined when nobody known does. */
  const identify = (
    request: Request,
    call: Call,
    stream: boolean,
  ): { known: string | undefined | Promise<string | undefined>; given: boolean } => {
    if (local.has(request)) return { known: 'socket', given: true }
    const header = request.headers.get('authorization')
    const bearer = header === null ? undefined : BEARER.exec(header)?.[1]
    const asked = stream ? queryValue(request, 'token') : null
    if (bearer !== undefined && isToken(bearer)) return { known: 'token', given: true }
    if (asked !== null && isToken(asked)) return { known: 'token', given: true }
    const candidates = [bearer, asked].filter((one): one is string => typeof one === 'string' && JWT.test(one))
    return {
      known: candidates.length === 0 ? undefined : byDashboard(candidates, call),
      given: bearer !== undefined || (asked ?? '') !== '',
    }
  }

  const readBody = async (request: Request, call: Call, context: Admitted, times: number): Promise<undefined> => {
    const text = await readBodyText(request, maxBodyBytes * times).catch((error) => {
      throw error instanceof NotUtf8 ? invalidJson() : error
    })
    call.bodyText = text
    let body: unknown
    try {
      body = JSON.parse(text)
      if ((text.length > 1000 && isDeeper(body)) || isHostile(text, body)) throw invalidJson()
    } catch {
      throw invalidJson()
    }
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalidJson()
    context.body = body as Record<string, unknown>
    return undefined
  }
  const admit = (
    request: Request,
    call: Call,
    needs: RouteNeeds,
    principal: string | undefined,
  ): undefined | Promise<undefined> => {
    const context: Admitted = { principal, body: undefined }
    call.context = context
    const then = (rate: RateDecision | undefined) => {
      if (rate && rate.limit > 0) {
        call.headers = {
          'ratelimit-limit': String(rate.limit),
          'ratelimit-remaining': String(rate.remaining),
          'ratelimit-reset': String(Math.ceil(rate.resetMs / 1000)),
        }
        if (!rate.allowed) throw rateLimited(rate.retryAfterSeconds)
      }
      return needs.body === undefined ? undefined : readBody(request, call, context, needs.body)
    }
    if (principal === undefined || principal === 'socket') return then(undefined)
    const rate = rateLimiter.take(needs.rate === 'progress' ? progress : general, principal)
    return rate instanceof Promise ? rate.then(then) : then(rate)
  }

  return {
    name: 'crawler',
    prefixes: [PREFIX],
    requestIdPrefix: 'req-',
    guard(request, call) {
      if (call.method === 'OPTIONS') {
        const headers = cors.preflight(request)?.headers
        return new Response('', { status: 200, ...(headers ? { headers } : {}) })
      }
      const needs = (requireRoute(call).detail['x-needs'] as RouteNeeds | undefined) ?? PUBLIC
      if (needs.upgrade) {
        if (!isHandshake(request) || local.has(request)) throw upgradeRequired()
        if (isStopping()) throw shuttingDown()
      }
      const health = needs.auth === 'health'
      const detailed = health && queryValue(request, 'details') === 'true'
      const open = health && !detailed && healthAuth === 'public'
      const words: AuthWords = health && !detailed ? 'operations' : needs.auth
      const { known, given } = identify(request, call, needs.auth === 'stream')
      const then = (principal: string | undefined): undefined | Promise<undefined> => {
        if (principal === undefined && !open) {
          if (token === undefined) throw notConfigured(words)
          return refuse(request, words, given)
        }
        return admit(request, call, needs, principal)
      }
      return known instanceof Promise ? known.then(then) : then(known)
    },
    // `/tasks/bulk` and `/tasks/lease` name no task, where they are routes of their own.
    errorResponse: crawlerErrorResponse(clock.now, (call) =>
      call.route && !call.route.path.includes('/:id') ? undefined : taskIdIn(call.path),
    ),
    validationError(where, call, values) {
      // A task of such a name cannot be there (§6).
      if (where === 'params') return taskNotFound()
      const result = (call.route?.schemas[where] as z.ZodType | undefined)?.safeParse(values[where], { reportInput: true })
      return validationFailed(result?.success === false ? problemsOf(result.error) : [])
    },
    decorate: cors.decorate,
  }
}

/** Takes a token of a principal's bucket for a frame (§4); answers the seconds to wait when there is none. */
export const frameLimits = ({ config, rateLimiter }: Platform) => {
  const { rateLimit, progressRateLimit } = config.crawler
  const classes = {
    general: { name: 'crawler', limit: rateLimit, windowMs: MINUTE_MS },
    progress: { name: 'crawler-progress', limit: progressRateLimit, windowMs: MINUTE_MS },
  } satisfies Record<string, RateClass>
  const toWait = (rate: RateDecision) => (rate.allowed ? undefined : rate.retryAfterSeconds)
  return (principal: string, kind: 'general' | 'progress') => {
    const rate = rateLimiter.take(classes[kind], principal)
    return rate instanceof Promise ? rate.then(toWait) : toWait(rate)
  }
}
