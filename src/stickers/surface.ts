import { AppError, unauthorized } from '../errors.ts'
import { secretFinder } from '../platform/crypto.ts'
import type { Call, HttpFamily, Principal } from '../platform/http/family.ts'
import { createSurface, problemsWith } from '../platform/http/macros.ts'
import { requireRoute } from '../platform/http/pipeline.ts'
import { createRefusals, type RefusalDeps } from '../platform/http/rate-limit.ts'
import { isHostile, readBodyBytes } from '../platform/http/request.ts'
import type { Platform } from '../platform/index.ts'
import { errorView, languageOf, stickersEnvelope } from './envelope.ts'
import { NO_BODY, NOT_JSON } from './stickersets/model.ts'

export type ServiceTokens = Platform['config']['serviceTokens']
type Service = ServiceTokens[number]
export type Scope = Service['scopes'][number]

/** Who a service token names, and what it may do (stickers §2). Without any token configured every request is refused. */
const createServiceAccess = (tokens: ServiceTokens) => {
  const find = secretFinder(tokens.map(({ token }) => token))
  return {
    /** @throws AppError 401 with the contract's exact message */
    authenticate(header: string | null): Service {
      const presented = header?.trim() ?? ''
      if (presented === '') throw unauthorized('Missing service token')
      const service = tokens[find(presented)]
      if (!service) throw unauthorized('Invalid service token')
      return service
    },
    /** @throws AppError 403 */
    require(service: Service, scope: Scope): void {
      if (!service.scopes.includes(scope)) throw new AppError('forbidden', 403, 'This service is not allowed to do this')
    },
  }
}

/**
 * The JSON of a create's body, `NO_BODY` or `NOT_JSON`: those are refused together with what is wrong with the query (stickers §5.2).
 * @throws AppError 413, 415
 */
const readCreateBody = async (request: Request, limit: number): Promise<unknown> => {
  if (!/^\s*application\/json\s*(?:;|$)/i.test(request.headers.get('content-type') ?? ''))
    throw new AppError('unsupported_media_type', 415, 'The body should be application/json')
  try {
    const bytes = await readBodyBytes(request, limit)
    if (bytes.byteLength === 0) return NO_BODY
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const value = JSON.parse(text)
    return isHostile(text, value) ? NOT_JSON : value
  } catch (error) {
    if (error instanceof AppError) throw error
    return NOT_JSON
  }
}

const PREFIX = '/internal/stickersets'
/** What the bots' inline mode calls: public sets alone, without a service token (stickers §5.9). */
export const PUBLIC_PREFIX = '/api/stickersets'
/** Segments that are no id, and what lies below them. */
const FIXED = /^\/(?:check|search|categories)(\/.*)?$/

/** A fixed segment answers GET alone, although `/{id}` and `/{id}/publish` would take it for an id (stickers §3.3). */
const requireFixed = (path: string, method: string): void => {
  const below = FIXED.exec(path.slice(PREFIX.length))
  if (!below) return
  if (below[1] !== undefined) throw new AppError('not_found', 404, 'Not Found')
  if (method !== 'GET') throw new AppError('method_not_allowed', 405, 'Method not allowed', { headers: { allow: 'GET, HEAD' } })
}

const LANGUAGE = {
  in: 'header',
  name: 'X-Language',
  required: false,
  description: 'language of names, descriptions and messages; English unless it is `ru`',
  schema: { type: 'string', enum: ['en', 'ru'] },
}
/** Answers of these statuses in the family's error body. */
export const problems = problemsWith(errorView)

/**
 * What the family's routes share (stickers §2, §3): the service token before anything else, then the route, then the scope, all before a
 * byte of the body is read.
 */
export const stickersSurface = (deps: RefusalDeps) => {
  const access = createServiceAccess(deps.platform.config.serviceTokens)
  const counted = createRefusals('stickers', deps)
  const enter = (request: Request, call: Call) => {
    call.language = languageOf(request.headers.get('x-language'))
    const service = access.authenticate(request.headers.get('x-service-token'))
    const principal: Principal = { kind: 'service', id: service.name }
    // Before the scope is checked: a refusal names the service.
    call.principal = principal
    // A GET that has a route cannot be one of them.
    if (!call.route || call.method !== 'GET') requireFixed(call.path, call.method)
    return { service, principal }
  }
  const http: HttpFamily = {
    name: 'stickers',
    prefixes: [PREFIX, PUBLIC_PREFIX],
    requestId: /^[A-Za-z0-9._-]{1,128}$/,
    async unmatched(request, call) {
      if (call.path.startsWith(PUBLIC_PREFIX)) call.language = languageOf(request.headers.get('x-language'))
      else await counted(request, () => enter(request, call))
      requireRoute(call)
      return undefined
    },
    ...stickersEnvelope,
  }
  const routes = createSurface<Scope, never, number, Principal>({
    name: 'stickers',
    order: ['auth', 'bodyLimit'],
    problem: errorView,
    always: [500, 503],
    invalid: { params: 400, query: 400, body: 400 },
    parameters: [LANGUAGE],
    auth: {
      check({ request, call }, scope) {
        const entered = counted(request, () => enter(request, call))
        const allowed = ({ service, principal }: Awaited<typeof entered>) => {
          access.require(service, scope)
          return principal
        }
        return entered instanceof Promise ? entered.then(allowed) : allowed(entered)
      },
      security: () => [{ serviceToken: [] }],
      statuses: [401, 403, 429],
    },
    body: { read: ({ request }, limit) => readCreateBody(request, limit), statuses: [400, 413, 415] },
    // Before every check, so that the errors of a route anybody may call have a language too.
    tidy({ request, call }, query) {
      call.language ??= languageOf(request.headers.get('x-language'))
      return query
    },
  })
  return { http, routes }
}
export type StickersSurface = ReturnType<typeof stickersSurface>['routes']
