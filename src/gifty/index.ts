import { Elysia } from 'elysia'
import type { DashboardAccess } from '../access/dashboard.ts'
import { AppError, forbidden, unauthorized } from '../errors.ts'
import { secretMatcher } from '../platform/crypto/compare.ts'
import { isJsonType, MIB, parseJson, readBodyText } from '../platform/http/body.ts'
import { corsPolicy } from '../platform/http/cors.ts'
import type { Call, HttpFamily } from '../platform/http/family.ts'
import { callOf, requireRoute } from '../platform/http/pipeline.ts'
import type { Platform } from '../platform/index.ts'
import { analyticsRoutes } from './analytics/index.ts'
import { catalogRoutes } from './catalog/index.ts'
import { categoriesRoutes } from './categories/index.ts'
import { giftyEnvelope, invalidRequest } from './envelope.ts'
import { tidyStrings } from './fields.ts'
import { fleetRoutes } from './fleet/index.ts'
import { ingestionRoutes } from './ingestion/index.ts'
import { monitoringRoutes } from './monitoring/index.ts'
import { recommendationsRoutes } from './recommendations/index.ts'
import { scoringRoutes } from './scoring/index.ts'
import { searchRoutes } from './search/index.ts'
import type { GiftyServices } from './services.ts'
import { sourcesRoutes } from './sources/index.ts'
import { subscribersRoutes } from './subscribers/index.ts'
import { webappAuthRoutes } from './webapp-auth/index.ts'
import { weeekRoutes } from './weeek/index.ts'

const PREFIXES = ['/internal', '/analytics']
const DEFAULT_BODY_BYTES = MIB
export interface GiftyDeps {
  platform: Platform
  services: GiftyServices
  dashboard: DashboardAccess
}

/** What the family's routes share: credentials before the body, its envelope, CORS (gifty §1). */
export const giftyFamily = ({ platform, services, dashboard }: GiftyDeps): HttpFamily => {
  const { config, log } = platform
  const internal = config.internalToken === undefined ? undefined : secretMatcher(config.internalToken)
  const analytics = config.analyticsToken === undefined ? undefined : secretMatcher(config.analyticsToken)
  const cors = corsPolicy({
    origins: config.corsOrigins,
    pattern: config.corsOriginRegex,
    headers: 'X-Internal-Token, X-Analytics-Token, Authorization, Content-Type, Idempotency-Key, X-Request-Id',
  })

  const byBearer = async (call: Call, authorization: string): Promise<undefined> => {
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
    if (token === undefined) throw unauthorized('Malformed Authorization header')
    call.principal = await dashboard.authenticate(token)
    call.recheck = () => dashboard.authenticate(token)
  }
  const byAnalyticsToken = (call: Call, token: string | null): undefined => {
    if (!analytics) throw new AppError('not_configured', 503, 'ANALYTICS_API_TOKEN is not configured')
    if (token === null) throw unauthorized('Missing analytics token')
    if (!analytics(token)) throw forbidden('Invalid analytics token')
    call.principal = { kind: 'service', id: 'analytics' }
  }
  return {
    name: 'gifty',
    prefixes: PREFIXES,
    aliases: PREFIXES.map((prefix) => [`/api/v1${prefix}`, prefix]),
    guard(request, call) {
      if (call.method === 'OPTIONS') {
        const preflight = cors.preflight(request)
        if (preflight) return preflight
      }
      const { security } = requireRoute(call).detail as { security?: Record<string, unknown>[] }
      if (security?.length === 0) return
      if (security?.[0]?.analyticsToken) return byAnalyticsToken(call, request.headers.get('x-analytics-token'))
      const token = request.headers.get('x-internal-token')
      if (token !== null) {
        if (!internal?.(token)) throw forbidden('Invalid internal token')
        call.principal = { kind: 'service', id: 'service' }
        return
      }
      const authorization = request.headers.get('authorization')
      if (authorization !== null && /^Bearer\b/i.test(authorization)) return byBearer(call, authorization)
      throw unauthorized('Missing internal token')
    },
    ...giftyEnvelope,
    errorResponse(error, call) {
      if (error.code === 'internal_error') services.systemErrors.report(call.route?.path ?? 'unmatched', log)
      return giftyEnvelope.errorResponse(error, call)
    },
    decorate: cors.decorate,
  }
}

const readBody = async ({ request }: { request: Request }): Promise<unknown> => {
  const call = callOf(request)
  const limit = call.route?.detail['x-max-body-bytes'] ?? DEFAULT_BODY_BYTES
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

/** What every group of routes of the family begins with. */
const under = <const P extends string>(prefix: P) =>
  new Elysia({ prefix }).onParse(readBody as any).onTransform(({ query, params }: any) => {
    tidyStrings(query)
    tidyStrings(params)
  })

/** The routes under `/internal`. */
export const giftyRoutes = (services: GiftyServices) =>
  under('/internal')
    .use(sourcesRoutes(services.sources))
    .use(ingestionRoutes(services.ingestion))
    .use(searchRoutes(services.search))
    .use(catalogRoutes(services.catalog))
    .use(monitoringRoutes(services.reports))
    .use(scoringRoutes(services.scoring))
    .use(categoriesRoutes(services.categories))
    .use(recommendationsRoutes(services.recommendations))
    .use(fleetRoutes(services.fleet, services.sockets))
    .use(subscribersRoutes(services.subscribers))
    .use(webappAuthRoutes(services.webappAuth))
    .use(weeekRoutes(services.weeek))

/** The routes under `/analytics`: mounted beside the others, because each level of plugins adds all routes below it once more. */
export const giftyAnalyticsRoutes = (services: GiftyServices) => under('/analytics').use(analyticsRoutes(services.analytics))
