import type { DashboardAccess } from '../access/dashboard.ts'
import { AppError, forbidden, unauthorized } from '../errors.ts'
import { secretMatcher } from '../platform/crypto/compare.ts'
import { isJsonType, MIB, parseJson, readBodyText } from '../platform/http/body.ts'
import { corsPolicy } from '../platform/http/cors.ts'
import type { Call, HttpFamily } from '../platform/http/family.ts'
import { callOf, requireRoute } from '../platform/http/pipeline.ts'
import type { Platform } from '../platform/index.ts'
import { giftyEnvelope, invalidRequest } from './envelope.ts'
import type { SystemErrors } from './notifications.ts'

const PREFIXES = ['/internal', '/analytics']
const DEFAULT_BODY_BYTES = MIB

export interface GiftyFamilyDeps {
  platform: Platform
  dashboard: DashboardAccess
  /** Where failures that nobody has foreseen are counted. */
  systemErrors: SystemErrors
}

/** What the family's routes share: credentials before the body, its envelope, CORS (gifty §1). */
export const giftyFamily = ({ platform, dashboard, systemErrors }: GiftyFamilyDeps): HttpFamily => {
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
      if (error.code === 'internal_error') systemErrors.report(call.route?.path ?? 'unmatched', log)
      return giftyEnvelope.errorResponse(error, call)
    },
    decorate: cors.decorate,
  }
}

/** The body of a request, read up to its route's limit. @throws AppError 400, 413, 415 or 422 in the family's envelope */
export const readBody = async ({ request }: { request: Request }): Promise<unknown> => {
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
