import { Elysia } from 'elysia'
import { accountsRoutes } from './accounts/index.ts'
import { audienceRoutes } from './audience/index.ts'
import { channelSearchRoutes } from './channel-search/index.ts'
import { dashboardRoutes } from './dashboard/index.ts'
import { keepValues, takeBody } from './family.ts'
import { type HealthDeps, healthRoutes } from './health/index.ts'
import type { LoveParserServices } from './services.ts'
import { subscriptionsRoutes } from './subscriptions/index.ts'
import { telegramAuthRoutes } from './telegram-auth/index.ts'

/** The routes of the family (love-parser §2 to §6); `aliveRoutes` are mounted without it too. */
export const loveParserRoutes = (services: LoveParserServices, health: Pick<HealthDeps, 'clock' | 'ping' | 'pingRedis'>) =>
  new Elysia()
    .use(healthRoutes({ ...health, gateway: services.gateway, countActiveSessions: services.accounts.countActiveSessions }))
    .use(
      new Elysia({ prefix: '/api/v1' })
        .onParse(takeBody as never)
        .onTransform(keepValues as never)
        .use(telegramAuthRoutes(services.telegramAuth))
        .use(accountsRoutes(services.accounts))
        .use(dashboardRoutes(services.dashboard))
        .use(channelSearchRoutes(services.searches, services.progress, services.replays))
        .use(audienceRoutes(services.audience, services.replays))
        .use(subscriptionsRoutes(services.subscriptions, services.replays)),
    )
