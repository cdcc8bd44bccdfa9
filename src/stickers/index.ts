import { Elysia } from 'elysia'
import { REQUIRED_SECRETS } from '../config/secrets.ts'
import type { Core, Module } from '../module.ts'
import type { Platform } from '../platform/index.ts'
import { type BotApi, createBotApi, createSandboxBotApi } from '../platform/telegram/bot-api.ts'
import { artRepository, createArt } from './art.ts'
import { publicStickersetsRoutes, stickersetsRoutes } from './stickersets/index.ts'
import { stickersetsRepository } from './stickersets/repository.ts'
import { createStickersets } from './stickersets/service.ts'
import { stickersSurface } from './surface.ts'
import { createSharedCache, telegramRepository } from './telegram/cache.ts'
import { createTelegram } from './telegram/service.ts'

/** The Bot API as configured; says which one at the start (stickers §1). */
const openBotApi = ({ config, clock, log }: Platform): BotApi => {
  const { telegramBotMode: mode, telegramBotToken: token, telegramBotApiUrl: baseUrl } = config
  log.info('telegram bot api', { mode })
  if (mode === 'sandbox') return createSandboxBotApi()
  if (token === undefined) log.warn('TELEGRAM_BOT_TOKEN is not set: telegram counts as unreachable', { mode })
  return createBotApi({ baseUrl, token, clock, log })
}

/** The family's domains, wired. `random` draws previews. */
export const createStickersServices = (platform: Platform, random: () => number = Math.random) => {
  const { db, clock, log, config, bus, redis } = platform
  const keep = config.telegramBotMode === 'live'
  const telegram = createTelegram({
    db,
    clock,
    log,
    botApi: openBotApi(platform),
    repository: telegramRepository(db),
    keep,
    shared: redis && keep ? (missing) => createSharedCache({ redis, bus, clock, missing }) : undefined,
  })
  const art = createArt(artRepository(db))
  return { telegram, stickersets: createStickersets({ db, clock, repository: stickersetsRepository(db), telegram, art, random }) }
}
export type StickersServices = ReturnType<typeof createStickersServices>

/** The module of the sticker gallery (stickers.md). */
export const createStickers = ({ platform, server }: Core) => {
  const services = createStickersServices(platform)
  const { telegram, stickersets } = services
  const surface = stickersSurface({ platform, server })
  return {
    name: 'stickers' as const,
    requires: REQUIRED_SECRETS.stickers,
    services,
    http: surface.http,
    routes: () =>
      new Elysia().use(stickersetsRoutes(surface.routes, stickersets)).use(publicStickersetsRoutes(surface.routes, stickersets)),
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
