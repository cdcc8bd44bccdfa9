import { REQUIRED_SECRETS } from '../config/secrets.ts'
import type { Core, Module } from '../module.ts'
import { createStickersServices, type StickersServices } from './services.ts'
import { stickersetsRoutes } from './stickersets/index.ts'
import { stickersSurface } from './surface.ts'

/** The module of the sticker gallery (stickers.md). */
export const createStickers = ({ platform }: Core) => {
  const services = createStickersServices(platform)
  const { telegram, stickersets } = services
  const surface = stickersSurface(platform)
  return {
    name: 'stickers' as const,
    requires: REQUIRED_SECRETS.stickers,
    services,
    http: surface.http,
    routes: () => stickersetsRoutes(surface.routes, stickersets),
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
