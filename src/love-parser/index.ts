import { Elysia } from 'elysia'
import { createInternalAccess } from '../access/tokens.ts'
import { REQUIRED_SECRETS } from '../config/secrets.ts'
import type { Core, Module } from '../module.ts'
import type { TelegramGateway } from '../platform/telegram/user-api/port.ts'
import { accountsRoutes } from './accounts/profile.ts'
import { audienceRoutes } from './audience/index.ts'
import { channelSearchRoutes } from './channel-search/index.ts'
import { searchChannels } from './channel-search/progress.ts'
import { dashboardRoutes } from './dashboard.ts'
import { type HealthDeps, healthRoutes } from './health.ts'
import { operatorsRoutes } from './operators/index.ts'
import { createLoveParserServices, type LoveParserServices, telegramGateway } from './services.ts'
import { subscriptionsRoutes } from './subscriptions/index.ts'
import { type LoveParserSurface, loveParserSurface, type OperatorSurface } from './surface.ts'
import { telegramAuthRoutes } from './telegram-auth.ts'

/** The routes of the family (love-parser §2 to §6); `aliveRoutes` are mounted without it too. */
const loveParserRoutes = (
  surface: LoveParserSurface,
  operators: OperatorSurface,
  services: LoveParserServices,
  health: Pick<HealthDeps, 'clock' | 'ping' | 'pingRedis'>,
) =>
  new Elysia()
    .use(healthRoutes({ ...health, gateway: services.gateway, countActiveSessions: services.accounts.countActiveSessions }))
    .use(operatorsRoutes(operators, services.operators))
    .use(
      new Elysia({ prefix: '/api/v1' })
        .use(telegramAuthRoutes(surface, services.telegramAuth))
        .use(accountsRoutes(surface, services.accounts))
        .use(dashboardRoutes(surface, services.dashboard))
        .use(channelSearchRoutes(surface, services.searches, services.progress, services.replays))
        .use(audienceRoutes(surface, services.audience, services.replays))
        .use(subscriptionsRoutes(surface, services.subscriptions, services.refusedNotifications, services.replays)),
    )

/** The module of Love Parser (love-parser.md). `gateway` stands in for the Telegram of the configured mode. */
export const createLoveParser = (core: Core, gateway: TelegramGateway = telegramGateway(core.platform)) => {
  const { platform, server } = core
  const { db, clock, redis } = platform
  const services = createLoveParserServices(core, gateway)
  const internal = createInternalAccess({ internalToken: platform.config.internalToken, dashboard: core.dashboard })
  const surface = loveParserSurface({ platform, accounts: services.accounts, internal, server })
  return {
    name: 'love-parser' as const,
    requires: REQUIRED_SECRETS['love-parser'],
    services,
    http: surface.http,
    routes: () =>
      loveParserRoutes(surface.routes, surface.operators, services, { clock, ping: () => db.ping(), pingRedis: redis?.ping }),
    channels: async () => searchChannels,
    kinds: services.kinds,
    jobs: services.jobs,
    schedules: services.schedules,
    prepare: services.prepare,
    endConnections: () => services.progress.stop(),
    stop: () => gateway.close(),
  } satisfies Module & { services: LoveParserServices }
}
