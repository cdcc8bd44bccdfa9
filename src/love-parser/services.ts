import { createAudit } from '../access/audit.ts'
import { createTokens } from '../access/tokens.ts'
import type { Core } from '../module.ts'
import type { Steps, Tx } from '../platform/db/index.ts'
import type { Platform } from '../platform/index.ts'
import { createTelegramGateway, type TelegramGateway } from '../platform/telegram/user-api/index.ts'
import type { JobHandler } from '../tasks/index.ts'
import { accountsRepository, createAccounts, createRevocations } from './accounts/service.ts'
import { audienceRepository, createAudience } from './audience/service.ts'
import { createSearchLife, SEARCH_KIND, searchJob, searchKind } from './channel-search/life.ts'
import { createProgressStreams } from './channel-search/progress.ts'
import { channelSearchRepository } from './channel-search/repository.ts'
import { createChannelSearch } from './channel-search/service.ts'
import { createDashboard } from './dashboard.ts'
import { createReplays } from './idempotency.ts'
import { createNotifications, notificationsKind, notificationsRepository } from './notifications.ts'
import { createOperators } from './operators/service.ts'
import { createScheduledWork, jobKind } from './scheduled-work.ts'
import type { Category } from './subscriptions/periods.ts'
import { createRefusedNotifications } from './subscriptions/refused-notifications.ts'
import { createSubscriptions } from './subscriptions/service.ts'
import { createTelegramAuth, telegramAuthRepository } from './telegram-auth.ts'

/** Names of the metric's queues; segments are computed at once, so `audience` is always empty (love-parser §2). */
const QUEUES: Record<string, string> = {
  [SEARCH_KIND]: 'parsing',
  [notificationsKind.kind]: 'notifications',
  [jobKind.kind]: 'cron',
}

/** The gateway of the configured mode, its calls counted (love-parser §2, §7). */
export const telegramGateway = ({ config, clock, log, metrics }: Platform): TelegramGateway => {
  const calls = metrics.counter('telegram_api_calls_total', 'Calls of the Telegram API')
  const errors = metrics.counter('telegram_api_errors_total', 'Calls of the Telegram API that failed')
  return createTelegramGateway(config.telegramMode, {
    credentials:
      config.telegramApiId !== undefined && config.telegramApiHash !== undefined
        ? { apiId: config.telegramApiId, apiHash: config.telegramApiHash }
        : null,
    session: config.telegramSession ?? null,
    stepDelayMs: config.telegramSandboxStepMs,
    callDelayMs: config.telegramCallDelayMs,
    random: Math.random,
    clock,
    log,
    onCall: (method: string, ok: boolean) => {
      calls.inc({ method })
      if (!ok) errors.inc({ method })
    },
  })
}

/** The family's domains, wired, with their kinds of tasks. */
export const createLoveParserServices = ({ platform, engine, outbox }: Core, gateway: TelegramGateway) => {
  const { db, clock, bus, log, config, metrics, keyRing, redis } = platform
  const users = accountsRepository(db)
  const touch = users.touch
  const channels = channelSearchRepository(db)
  const life = createSearchLife({
    bus,
    repository: channels,
    engine,
    giveBack: (tx, units, now) => subscriptions.release(tx, 'parsing', units, now),
    touch,
    ended: (tx, searches, outcome, now) => audience.searchesEnded(tx, searches, outcome, now),
  })
  const notifications = createNotifications({
    clock,
    bus,
    repository: notificationsRepository(db),
    engine,
    channelsOf: users.notificationChannels,
    outbox,
  })
  const subscriptions = createSubscriptions({
    db,
    clock,
    config: config.robokassa,
    notifications,
    touchUser: touch,
    activeUsers: users.activeAmong,
    *deleteUserData(tx, userId) {
      const removed = yield* searches.deleteOfUser(tx, userId, new Date(clock.now()))
      return { ...removed, segments: yield* audience.deleteOfUser(tx, userId) }
    },
  })
  const quotaConsumer = (category: Category) =>
    function* (tx: Tx, userId: string, now: Date): Steps<number> {
      yield* subscriptions.requireActive(tx, userId, now)
      return yield* subscriptions.reserve(tx, userId, category, now)
    }

  const accounts = createAccounts({
    clock,
    bus,
    tokens: createTokens({ clock, secret: config.jwtSecret }),
    repository: users,
    revocations: redis && createRevocations(redis, clock),
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
    consumeQuota: quotaConsumer('parsing'),
    touch,
  })
  const audience = createAudience({
    db,
    clock,
    repository: audienceRepository(db),
    searches,
    requireActive: subscriptions.requireActive,
    consumeQuota: quotaConsumer('audience'),
    giveBack: (tx, units, now) => subscriptions.release(tx, 'audience', units, now),
    touch,
  })
  const replays = createReplays({ db, clock })
  const refusedNotifications = createRefusedNotifications({ db, clock, log, metrics })
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
    snapshotsOf: searches.snapshots,
    isAlone: !db.isShared,
    stillHolding: accounts.stillHolding,
  })
  const work = createScheduledWork({
    db,
    clock,
    metrics,
    engine,
    subscriptions,
    purges: [users.purgeRevocations, telegramAuth.purge, replays.purge, refusedNotifications.purge],
  })
  const operators = createOperators({
    db,
    clock,
    audit: createAudit({ db, clock, bus }),
    subscriptions,
    users,
    refusedNotifications,
    notifications,
  })
  const queues = metrics.gauge('job_queue_size', 'Tasks that wait, are delayed or run')
  const connections = metrics.gauge('redis_connections_active', 'Redis connections in use')
  for (const name of ['broadcast_sent_total', 'broadcast_failed_total'])
    metrics.counter(name, 'Broadcasting is not offered: stays 0').inc({}, 0)
  metrics.onScrape({
    async refresh() {
      connections.set({}, redis?.connections() ?? 0)
      const sizes: Record<string, number> = { parsing: 0, audience: 0, notifications: 0, cron: 0 }
      for (const { kind, state, count } of await engine.counts()) {
        const queue = QUEUES[kind]
        if (queue !== undefined && (state === 'queued' || state === 'leased')) sizes[queue] = (sizes[queue] ?? 0) + count
      }
      for (const queue in sizes) queues.set({ queue }, sizes[queue] as number)
    },
  })
  const background = { concurrency: 1, leaseMs: 60_000, renewMs: 20_000, timeoutMs: 15 * 60_000 }
  const search: JobHandler = searchJob({ db, clock, life, gateway, channelLimit: config.channelLimit })
  return {
    accounts,
    telegramAuth,
    searches,
    audience,
    dashboard,
    progress,
    replays,
    gateway,
    subscriptions,
    refusedNotifications,
    operators,
    kinds: [searchKind(life), notificationsKind, jobKind],
    /** Handlers of its kinds, and the processes that run them: those with the telegram worker, and those that keep the schedules. */
    jobs: [
      { runBy: 'telegram' as const, handlers: { [SEARCH_KIND]: search } },
      {
        runBy: 'scheduler' as const,
        handlers: {
          [jobKind.kind]: { ...background, run: ({ task }) => work.run(task) },
          [notificationsKind.kind]: { ...background, run: ({ task }) => notifications.send(task) },
        } satisfies Record<string, JobHandler>,
      },
    ],
    schedules: work.schedules,
    prepare: searches.prepare,
  }
}
export type LoveParserServices = ReturnType<typeof createLoveParserServices>
