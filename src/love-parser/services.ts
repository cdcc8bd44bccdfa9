import { createTokens } from '../access/tokens.ts'
import type { Engine, JobHandler, KindPolicy, Schedule } from '../engine/index.ts'
import type { Steps, Tx } from '../platform/db/index.ts'
import type { Platform } from '../platform/index.ts'
import { createTelegramGateway, type TelegramGateway } from '../platform/telegram/user-api/index.ts'
import { accountsRepository } from './accounts/repository.ts'
import { createAccounts } from './accounts/service.ts'
import { audienceRepository } from './audience/repository.ts'
import { type Audience, createAudience } from './audience/service.ts'
import { searchJob } from './channel-search/job.ts'
import { SEARCH_KIND, searchKind } from './channel-search/kind.ts'
import { createSearchLife } from './channel-search/life.ts'
import { createProgressStreams } from './channel-search/progress.ts'
import { channelSearchRepository } from './channel-search/repository.ts'
import { createChannelSearch } from './channel-search/service.ts'
import { createDashboard } from './dashboard/service.ts'
import { createReplays } from './idempotency/service.ts'
import { telegramAuthRepository } from './telegram-auth/repository.ts'
import { createTelegramAuth } from './telegram-auth/service.ts'

/** The gateway of the configured mode, its calls counted (love-parser §2, §7). */
export const telegramGateway = ({ config, clock, log, metrics }: Platform): TelegramGateway => {
  const calls = metrics.counter('telegram_api_calls_total', 'Calls of the Telegram API')
  const errors = metrics.counter('telegram_api_errors_total', 'Calls of the Telegram API that failed')
  return createTelegramGateway(config.telegramMode, {
    apiId: config.telegramApiId,
    apiHash: config.telegramApiHash,
    serviceSession: config.telegramSession,
    callDelayMs: config.telegramCallDelayMs,
    clock,
    log,
    onCall: (method: string, ok: boolean) => {
      calls.inc({ method })
      if (!ok) errors.inc({ method })
    },
  })
}

/**
 * The family's domains, wired. In two steps, because the engine needs the kinds and the domains need the engine:
 * `loveParserDomains(platform)` gives the kinds, `.start(engine)` the services.
 */
export const loveParserDomains = (platform: Platform, gateway: TelegramGateway = telegramGateway(platform)) => {
  const { db, clock, bus, log, config, keyRing } = platform
  let made: { engine: Engine; audience: Audience } | undefined
  const started = () => {
    if (!made) throw new Error('the domains are not started yet')
    return made
  }
  const users = accountsRepository(db)
  const touch = users.touch
  const channels = channelSearchRepository(db)
  const life = createSearchLife({
    bus,
    repository: channels,
    engine: () => started().engine,
    giveBack: (tx, userId, period, now) => subscriptions.release(tx, userId, 'parsing', period, now),
    touch,
    ended: (tx, search, now) => started().audience.searchEnded(tx, search, now),
  })
  const kinds: KindPolicy[] = [searchKind(life)]

  const start = (engine: Engine) => {
    const accounts = createAccounts({
      clock,
      bus,
      tokens: createTokens({ clock, secret: config.jwtSecret }),
      repository: users,
      subscriptionOf: subscriptions.view,
    })
    const searches = createChannelSearch({
      db,
      clock,
      bus,
      engine,
      repository: channels,
      life,
      source: gateway.source,
      takeUnit: taker('parsing'),
      touch,
    })
    const audience = createAudience({
      db,
      clock,
      repository: audienceRepository(db),
      searches,
      requireActive: subscriptions.requireActive,
      takeUnit: taker('audience'),
      giveBack: (tx, userId, period, now) => subscriptions.release(tx, userId, 'audience', period, now),
      touch,
    })
    made = { engine, audience }
    const replays = createReplays({ db, clock })
    const telegramAuth = createTelegramAuth({
      db,
      clock,
      gateway,
      keyRing,
      repository: telegramAuthRepository(db),
      users,
      accounts,
      ensureFree: subscriptions.ensureFree,
      subscriptionOf: subscriptions.view,
    })
    const dashboard = createDashboard({
      clock,
      subscriptionOf: subscriptions.view,
      searches: async (userId, limit) =>
        (await searches.history(userId, { page: 1, limit })).map(({ query, created_at, status }) => ({
          name: query,
          createdAt: created_at,
          status,
        })),
      segments: async (userId, limit) =>
        (await audience.list(userId, { page: 1, limit })).map(({ name, created_at, status }) => ({
          name,
          createdAt: created_at,
          status,
        })),
      totalFound: searches.totalFound,
      totalRecipients: audience.totalRecipients,
    })
    const progress = createProgressStreams({
      bus,
      clock,
      log,
      snapshotOf: searches.snapshot,
      stillHolds: accounts.stillHolds,
    })
    return { accounts, telegramAuth, searches, audience, dashboard, progress, replays, gateway }
  }
  return { kinds, start }
}
