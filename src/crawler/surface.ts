import type { DashboardAccess } from '../access/tokens.ts'
import { AppError } from '../errors.ts'
import { secretMatcher } from '../platform/crypto.ts'
import { type Call, corsPolicy, type HttpFamily, refusalsOf } from '../platform/http/family.ts'
import { createSurface, problemsWith } from '../platform/http/macros.ts'
import { requireRoute } from '../platform/http/pipeline.ts'
import { type RateClass, type RateDecision, rateHeaders } from '../platform/http/rate-limit.ts'
import {
  type AddressSource,
  callerOf,
  clientIp,
  isDeeper,
  isHandshake,
  isHostile,
  lastOf,
  NotText,
  readBodyText,
  realRequest,
} from '../platform/http/request.ts'
import type { Platform } from '../platform/index.ts'
import {
  crawlerErrorResponse,
  errorView,
  invalidJson,
  problemsOf,
  rateLimited,
  shuttingDown,
  taskNotFound,
  upgradeRequired,
  validationFailed,
} from './envelope.ts'

export const PREFIX = '/api/internal2'
const MINUTE_MS = 60_000
const TASKS = `${PREFIX}/tasks/`
const BEARER = /^bearer +(\S+) *$/i
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/
const MAX_KEY = 255
/** Who asks for public health without a credential. */
export const ANONYMOUS = ''
/** Who asks over the Unix socket. */
const SOCKET = 'socket'

/** Dashboard people see tasks and change them; the tokens in a lease are other people's. @throws AppError 403 */
export const requireWorker = (principal: string): void => {
  if (principal.startsWith('admin:'))
    throw new AppError('FORBIDDEN', 403, 'Tasks with their credentials are handed to workers alone')
}

/** Which messages a missing or wrong credential is refused with (§2); `upgrade` is `stream` for what has to become a WebSocket. */
export type AuthRealm = 'upgrade' | 'stream' | 'connect' | 'tasks' | 'task' | 'health' | 'operations'
const REALM_MESSAGES: Record<AuthRealm, { none: string; wrong: string }> = {
  upgrade: { none: 'Invalid or missing authentication token', wrong: 'Invalid or missing authentication token' },
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
const isStream = (realm: AuthRealm) => realm === 'stream' || realm === 'upgrade'
const notConfigured = (realm: AuthRealm) =>
  new AppError(
    'NOT_CONFIGURED',
    503,
    isStream(realm)
      ? 'WebSocket endpoint disabled due to missing CRAWLER_API_TOKEN configuration'
      : 'Endpoint disabled due to missing configuration',
  )

/** Answers of these statuses in the family's error body. */
export const problems = problemsWith(errorView)

/** Requests that came over the Unix socket. Only the listener itself can put one here, no header can. */
const local = new WeakSet<Request>()
/** To be called by the Unix socket's listener, before the app sees the request. */
export const markLocal = (request: Request): Request => {
  local.add(request)
  return request
}

const isLocal = (request: Request): boolean => local.has(realRequest(request))

/** The id in a path below `/tasks/`, decoded; undefined where there is none or it does not decode. */
const taskIdIn = (path: string): string | undefined => {
  if (!path.startsWith(TASKS)) return undefined
  const end = path.indexOf('/', TASKS.length)
  const part = end < 0 ? path.slice(TASKS.length) : path.slice(TASKS.length, end)
  try {
    const id = decodeURIComponent(part)
    // No id has U+0000, and Postgres refuses texts that do.
    return id === '' || id.includes('\0') ? undefined : id
  } catch {
    return undefined
  }
}
const queryValue = (request: Request, name: string): string | null => {
  const at = request.url.indexOf('?')
  return at < 0 ? null : new URLSearchParams(request.url.slice(at + 1)).get(name)
}

export interface CrawlerSurfaceDeps {
  platform: Platform
  dashboard: DashboardAccess
  server(): AddressSource | null | undefined
  isStopping(): boolean
}

/** What the family's routes share (§1 to §4): route, upgrade, configuration, credential, rate limit, body, in this order. */
export const crawlerSurface = ({ platform, dashboard, server, isStopping }: CrawlerSurfaceDeps) => {
  const { config, clock, rateLimiter } = platform
  const { token, rateLimit, progressRateLimit, maxBodyBytes, healthAuth } = config.crawler
  const isToken = token === undefined ? () => false : secretMatcher(token)
  const classes = {
    general: { name: 'crawler', limit: rateLimit, windowMs: MINUTE_MS },
    progress: { name: 'crawler-progress', limit: progressRateLimit, windowMs: MINUTE_MS },
  } satisfies Record<string, RateClass>
  const refused: RateClass = { name: 'crawler-refused', limit: 600, windowMs: MINUTE_MS }
  const cors = corsPolicy({
    origins: config.corsOrigins,
    pattern: config.corsOriginRegex,
    headers: 'Content-Type, Authorization, Idempotency-Key, X-Request-Id, Last-Event-ID',
    methods: 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
    exposed: 'X-Request-Id, Retry-After, Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset',
  })

  const byDashboard = async (candidates: string[], call: Call): Promise<string | undefined> => {
    for (const jwt of candidates)
      try {
        await dashboard.authenticate(jwt)
        call.recheck = () => dashboard.authenticate(jwt)
        return `admin:${JSON.parse(Buffer.from(jwt.split('.')[1] as string, 'base64url').toString('utf8')).sub}`
      } catch (error) {
        // A wrong credential beside a right one is ignored; a request without any credential is refused below.
        if (!(error instanceof AppError)) throw error
        if (error.status !== 401 && error.status !== 403) throw error
      }
    return undefined
  }
  const refuse = async (request: Request, realm: AuthRealm, given: boolean): Promise<never> => {
    if (token === undefined) throw notConfigured(realm)
    const { allowed, retryAfterSeconds } = await rateLimiter.take(
      refused,
      callerOf(clientIp(request, server(), config.trustProxy)),
    )
    if (!allowed) throw rateLimited(retryAfterSeconds)
    throw new AppError('UNAUTHORIZED', 401, given ? REALM_MESSAGES[realm].wrong : REALM_MESSAGES[realm].none)
  }
  /** Who asks. @throws AppError 400, 401, 429, 503 */
  const authenticate = (request: Request, call: Call, asked: AuthRealm): string | Promise<string> => {
    if (asked === 'upgrade') {
      if (!isHandshake(request) || isLocal(request)) throw upgradeRequired()
      if (isStopping()) throw shuttingDown()
    }
    if (isLocal(request)) return SOCKET
    const header = request.headers.get('authorization')
    const bearer = header === null ? undefined : BEARER.exec(header)?.[1]
    const inQuery = isStream(asked) ? queryValue(request, 'token') : null
    if ((bearer !== undefined && isToken(bearer)) || (inQuery !== null && isToken(inQuery))) return 'token'
    const isDetailed = asked === 'health' && queryValue(request, 'details') === 'true'
    const isPublic = asked === 'health' && !isDetailed && healthAuth === 'public'
    const realm = asked === 'health' && !isDetailed ? 'operations' : asked
    const given = bearer !== undefined || (inQuery ?? '') !== ''
    const candidates = [bearer, inQuery].filter((one): one is string => typeof one === 'string' && JWT.test(one))
    return byDashboard(candidates, call).then((admin) => admin ?? (isPublic ? ANONYMOUS : refuse(request, realm, given)))
  }
  const applyLimit = (call: Call, rate: RateDecision): void => {
    call.headers = rateHeaders(rate)
    if (!rate.allowed) throw rateLimited(rate.retryAfterSeconds)
  }
  const limit = (call: Call, rateClass: RateClass): void | Promise<void> => {
    const principal = call.principal as string
    if (principal === ANONYMOUS || principal === SOCKET) return
    const rate = rateLimiter.take(rateClass, principal)
    return rate instanceof Promise ? rate.then((known) => applyLimit(call, known)) : applyLimit(call, rate)
  }
  /** A JSON object, whatever the content type (§1). @throws AppError 400, 413 */
  const readBody = async (request: Request, call: Call, limit: number): Promise<Record<string, unknown>> => {
    const text = await readBodyText(request, limit).catch((error) => {
      throw error instanceof NotText ? invalidJson() : error
    })
    call.bodyText = text
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      throw invalidJson()
    }
    if ((text.length > 1000 && isDeeper(body)) || isHostile(text, body)) throw invalidJson()
    if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalidJson()
    return body as Record<string, unknown>
  }

  const http: HttpFamily = {
    name: 'crawler',
    prefixes: [PREFIX],
    requestIdPrefix: 'req-',
    unmatched(request, call) {
      if (call.method === 'OPTIONS') {
        const headers = cors.preflight(request)?.headers
        return new Response('', { status: 200, ...(headers ? { headers } : {}) })
      }
      requireRoute(call)
      return undefined
    },
    // `/tasks/bulk` and `/tasks/lease` name no task, where they are routes of their own.
    errorResponse: crawlerErrorResponse(clock.now, (call) =>
      call.route && !call.route.path.includes('/:id') ? undefined : taskIdIn(call.path),
    ),
    validationError(where, call, values) {
      // A task of such a name cannot be there (§6).
      if (where === 'params') return taskNotFound()
      return validationFailed(refusalsOf(call, values, [where]).flatMap((error) => problemsOf(error)))
    },
    decorate: cors.decorate,
  }
  const routes = createSurface<AuthRealm, keyof typeof classes, 'single' | 'bulk', string>({
    name: 'crawler',
    order: ['auth', 'rate', 'bodyLimit'],
    problem: errorView,
    always: [500, 503],
    invalid: { params: 404, query: 400, body: 400 },
    auth: {
      check: ({ request, call }, realm) => authenticate(request, call, realm),
      security: (realm) => {
        const known: Record<string, string[]>[] = [{ crawlerToken: [] }, { dashboard: [] }]
        return realm === 'health' ? [{}, ...known] : known
      },
      statuses: [401],
    },
    rate: { check: ({ call }, rate) => limit(call, classes[rate]) },
    body: {
      read: ({ request, call }, size) => readBody(request, call, size === 'bulk' ? 4 * maxBodyBytes : maxBodyBytes),
      statuses: [400, 413, 415],
    },
    idempotency: {
      key(request) {
        const key = request.headers.get('idempotency-key')
        if (key === null || key === '') return undefined
        if (key.length > MAX_KEY)
          throw validationFailed([{ field: 'Idempotency-Key', message: `must have at most ${MAX_KEY} characters` }])
        return key
      },
      maxLength: MAX_KEY,
      statuses: [409],
    },
    // The last value of a parameter counts. A task's id is taken from the path as it came, which Elysia decodes in its own way.
    tidy({ call, params }, query) {
      if (params && 'id' in params) params.id = taskIdIn(call.path)
      return lastOf(query)
    },
  })
  return { http, routes }
}
export type CrawlerSurface = ReturnType<typeof crawlerSurface>['routes']

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
