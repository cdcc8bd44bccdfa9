import { REQUIRED_SECRETS } from '../config/secrets.ts'
import { AppError } from '../errors.ts'
import type { Core, Module } from '../module.ts'
import type { HttpFamily } from '../platform/http/family.ts'
import { requireRoute } from '../platform/http/pipeline.ts'
import type { Platform } from '../platform/index.ts'
import { createServiceAccess, type Scope } from './access.ts'
import { stickersEnvelope } from './envelope.ts'
import { languageOf } from './messages.ts'
import { createStickersServices, type StickersServices } from './services.ts'
import { stickersetsRoutes } from './stickersets/index.ts'

const PREFIX = '/internal/stickersets'
/** Segments that are no id, and what lies below them. */
const FIXED = /^\/(?:check|search|categories)(\/.*)?$/

/** A fixed segment answers GET alone, although `/{id}` and `/{id}/publish` would take it for an id (stickers §3.3). */
const requireFixed = (path: string, method: string): void => {
  const below = FIXED.exec(path.slice(PREFIX.length))
  if (!below) return
  if (below[1] !== undefined) throw new AppError('not_found', 404, 'Not Found')
  if (method !== 'GET') throw new AppError('method_not_allowed', 405, 'Method not allowed', { headers: { allow: 'GET, HEAD' } })
}

/**
 * What the family's routes share (stickers §2, §3): the service token before anything else, then the route, then the scope, all before
 * a byte of the body is read.
 */
const stickersFamily = ({ config }: Platform): HttpFamily => {
  const access = createServiceAccess(config.serviceTokens)
  return {
    name: 'stickers',
    prefixes: [PREFIX],
    requestId: /^[A-Za-z0-9._-]{1,128}$/,
    guard(request, call) {
      call.language = languageOf(request.headers.get('x-language'))
      const service = access.authenticate(request.headers.get('x-service-token'))
      call.principal = { kind: 'service', id: service.name }
      // A GET that has a route cannot be one of them.
      if (!call.route || call.method !== 'GET') requireFixed(call.path, call.method)
      const { detail } = requireRoute(call)
      access.require(service, detail['x-scope'] as Scope)
      return undefined
    },
    ...stickersEnvelope,
  }
}

/** The module of the sticker gallery (stickers.md). */
export const createStickers = ({ platform }: Core) => {
  const services = createStickersServices(platform)
  const { telegram, stickersets } = services
  return {
    name: 'stickers' as const,
    requires: REQUIRED_SECRETS.stickers,
    services,
    http: stickersFamily(platform),
    routes: () => stickersetsRoutes(stickersets),
    schedules: [
      {
        name: 'purge-sticker-cache',
        cron: '0 * * * *',
        *fire(tx, { now }) {
          yield* telegram.purge(tx, now)
          return undefined
        },
      },
    ],
    stop: () => telegram.flush(),
  } satisfies Module & { services: StickersServices }
}
