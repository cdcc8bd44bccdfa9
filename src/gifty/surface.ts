import { createInternalAccess, type DashboardAccess } from '../access/tokens.ts'
import { AppError, forbidden, unauthorized } from '../errors.ts'
import { secretMatcher } from '../platform/crypto.ts'
import { type Call, corsPolicy, type HttpFamily, type Principal } from '../platform/http/family.ts'
import { createSurface, problemsWith } from '../platform/http/macros.ts'
import { requireRoute } from '../platform/http/pipeline.ts'
import { createRefusals } from '../platform/http/rate-limit.ts'
import { type AddressSource, cleanText, clientIp, isJsonType, lastOf, parseJson, readBodyText } from '../platform/http/request.ts'
import type { Platform } from '../platform/index.ts'
import { detailedErrorView, errorView, giftyEnvelope, invalidRequest } from './envelope.ts'
import type { SystemErrors } from './notifications.ts'

const PREFIXES = ['/internal', '/analytics']
const KEY = /^[\x20-\x7e]{1,255}$/

/** What opens a route (gifty §1.1), in the document. */
const SECURITY: Record<'internal' | 'analytics', Record<string, string[]>[]> = {
  internal: [{ internalToken: [] }, { dashboard: [] }],
  analytics: [{ analyticsToken: [] }],
}
/** Answers of these statuses in the family's error body. */
export const problems = problemsWith(errorView)

export interface GiftySurfaceDeps {
  platform: Pick<Platform, 'config' | 'log' | 'rateLimiter'>
  dashboard: DashboardAccess
  /** Where failures that nobody has foreseen are counted. */
  systemErrors: SystemErrors
  /** Known once the app listens. */
  server(): AddressSource | null | undefined
}

/** A JSON body of at most `limit` bytes; no body is `{}`. @throws AppError 400, 413, 415 or 422 */
const readBody = async (request: Request, call: Call, limit: number): Promise<unknown> => {
  const declared = request.headers.get('content-length')
  const json = isJsonType(request.headers.get('content-type'))
  const wrongType = () => new AppError('unsupported_media_type', 415, 'The body should be application/json')
  if (!json && declared !== null && Number(declared) > 0) throw wrongType()
  try {
    // The type comes before the size: a first byte of an undeclared length is enough to refuse.
    const text =
      json || declared !== null
        ? await readBodyText(request, limit)
        : await readBodyText(request, 0).catch(() => {
            throw wrongType()
          })
    if (text === '') return {}
    if (!json) throw wrongType()
    call.bodyText = text
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw invalidRequest([{ type: 'json_invalid', loc: ['body'], msg: 'The body is not valid JSON', input: null }])
  }
}

/** In place: no character that the database cannot hold. Elysia has null for a parameter that does not decode. */
const cleanTexts = <T extends Record<string, string | undefined>>(values: T | undefined): void => {
  for (const name in values) {
    const value = values[name]
    if (typeof value === 'string') values[name] = cleanText(value) as T[typeof name]
  }
}

/** What the family's routes share (gifty §1): the route first, then the credential, then the body; its envelope, CORS. */
export const giftySurface = ({ platform, dashboard, systemErrors, server }: GiftySurfaceDeps) => {
  const counted = createRefusals('gifty', { platform, server })
  const { config, log } = platform
  const analytics = config.analyticsToken === undefined ? undefined : secretMatcher(config.analyticsToken)
  const cors = corsPolicy({
    origins: config.corsOrigins,
    pattern: config.corsOriginRegex,
    headers: 'X-Internal-Token, X-Analytics-Token, Authorization, Content-Type, Idempotency-Key, X-Request-Id',
  })

  const byAnalyticsToken = (token: string | null): Principal => {
    if (!analytics) throw new AppError('not_configured', 503, 'ANALYTICS_API_TOKEN is not configured')
    if (token === null) throw unauthorized('Missing analytics token')
    if (!analytics(token)) throw forbidden('Invalid analytics token')
    return { kind: 'service', id: 'analytics' }
  }
  const byInternalToken = createInternalAccess({ internalToken: config.internalToken, dashboard })

  const http: HttpFamily = {
    name: 'gifty',
    prefixes: PREFIXES,
    aliases: PREFIXES.map((prefix) => [`/api/v1${prefix}`, prefix]),
    unmatched(request, call) {
      const preflight = call.method === 'OPTIONS' ? cors.preflight(request) : undefined
      if (!preflight) requireRoute(call)
      return preflight
    },
    ...giftyEnvelope,
    errorResponse(error, call, request) {
      if (error.code === 'internal_error') systemErrors.report(call.route?.path ?? 'unmatched', log)
      return giftyEnvelope.errorResponse(error, call, request)
    },
    decorate: cors.decorate,
  }
  const routes = createSurface<'internal' | 'analytics', never, number, Principal>({
    name: 'gifty',
    order: ['auth', 'bodyLimit'],
    problem: errorView,
    problemWithDetail: detailedErrorView,
    always: [500, 503],
    invalid: { params: 422, query: 422, body: 422 },
    auth: {
      check: ({ request, call }, token) =>
        counted(request, () =>
          token === 'analytics' ? byAnalyticsToken(request.headers.get('x-analytics-token')) : byInternalToken(request, call),
        ),
      security: (token) => SECURITY[token],
      statuses: [401, 403, 429],
    },
    body: { read: ({ request, call }, limit) => readBody(request, call, limit), statuses: [413, 415] },
    idempotency: {
      key(request) {
        const key = request.headers.get('idempotency-key') ?? undefined
        if (key === undefined || KEY.test(key)) return key
        throw invalidRequest([
          {
            type: 'value_error',
            loc: ['header', 'Idempotency-Key'],
            msg: 'Input should be 1 to 255 printable ASCII characters',
            input: key.slice(0, 300),
          },
        ])
      },
      maxLength: 255,
      statuses: [409],
    },
    tidy({ params }, query) {
      cleanTexts(params)
      const last = lastOf(query)
      cleanTexts(last)
      return last
    },
  })
  /** Who changes something by a request, for the audit. */
  const operatorOf = (actor: Principal, call: Call, request: Request) => ({
    actor,
    requestId: call.requestId,
    ip: clientIp(request, server(), config.trustProxy),
  })
  return { http, routes, counted, operatorOf }
}
export type OperatorOf = ReturnType<typeof giftySurface>['operatorOf']
export type GiftySurface = ReturnType<typeof giftySurface>['routes']
