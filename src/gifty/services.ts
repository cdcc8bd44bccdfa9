import type { DashboardAccess } from '../access/dashboard.ts'
import type { SubscriberQueries } from '../access/subscribers.ts'
import { diskUsageOf } from '../platform/disk.ts'
import type { Platform } from '../platform/index.ts'
import type { Dispatcher, Engine, JobHandler, KindPolicy, Outbox } from '../tasks/index.ts'
import { createAnalytics } from './analytics/service.ts'
import { analyticsUpstreams } from './analytics/upstreams.ts'
import { createBestScored } from './catalog/best.ts'
import { createCategorySamples } from './catalog/by-category.ts'
import { createCatalogLookup } from './catalog/lookup.ts'
import { catalogRepository } from './catalog/repository.ts'
import { createScoreStore } from './catalog/scores.ts'
import { createCatalog, createCatalogCounts } from './catalog/service.ts'
import { createCatalogStore } from './catalog/store.ts'
import { categoriesRepository } from './categories/repository.ts'
import { createCategories } from './categories/service.ts'
import { categoryKind, createCategoryQueue } from './categories/tasks.ts'
import { createRedisHeartbeats } from './fleet/redis-heartbeats.ts'
import { createFleet } from './fleet/service.ts'
import { createWorkerSockets } from './fleet/sockets.ts'
import { createIngestion } from './ingestion/service.ts'
import { createNotifications, notificationKind } from './notifications.ts'
import { createRecommendations } from './recommendations/service.ts'
import { createReports } from './reports.ts'
import { createScoring } from './scoring/service.ts'
import { createScoringQueue, scoringKind } from './scoring/tasks.ts'
import { searchServices } from './search/services.ts'
import { sourcesRepository } from './sources/repository.ts'
import { createRunDrafts } from './sources/run-drafts.ts'
import { createRunKinds } from './sources/run-kinds.ts'
import { createRunReports } from './sources/run-reports.ts'
import { createRunSweeps } from './sources/run-sweeps.ts'
import { createSources } from './sources/service.ts'
import { claimsRepository } from './subscribers/repository.ts'
import { createSubscribers } from './subscribers/service.ts'
import { createSystemErrors } from './system-errors.ts'
import { createWebappAuth } from './webapp-auth/service.ts'
import { createReminders, reminderKind } from './weeek/reminders.ts'
import { weeekRepository } from './weeek/repository.ts'
import { createWeeek } from './weeek/service.ts'
import { weeekClients } from './weeek/upstream.ts'

/** Who may come in: what several families' credentials share. */
export interface GiftyAccess {
  subscribers: SubscriberQueries
  dashboard: DashboardAccess
}

/**
 * The family's domains, wired. In two steps, because the engine needs the kinds and the domains need the engine:
 * `giftyDomains(platform, outbox)` gives the kinds, `.start(engine, dispatcher, access)` the services. `outbox` is given where a broker
 * is configured.
 */
export const giftyDomains = (platform: Platform, outbox: Outbox | undefined) => {
  const { db, clock, config, metrics, bus, log, redis } = platform
  let engine: Engine | undefined
  const theEngine = () => {
    if (!engine) throw new Error('the engine is not made yet')
    return engine
  }
  const repository = sourcesRepository(db)
  const random = platform.random
  const drafts = createRunDrafts({
    db,
    clock,
    repository,
    engine: theEngine,
    notifications: () => createNotifications(theEngine(), clock, outbox),
  })
  const runKinds = createRunKinds({ db, repository, drafts, random })
  const queues = { db, clock, engine: theEngine }
  const unmapped = createCategoryQueue(queues, createCategorySamples(db))
  const categories = createCategories({ db, clock, queue: unmapped, repository: categoriesRepository(db) })
  const unscored = createScoringQueue(queues)
  const scoring = createScoring({ db, clock, queue: unscored, scores: createScoreStore(db) })
  const lookup = createCatalogLookup(db)
  const search = searchServices({ platform, lookup, engine: theEngine })
  const kinds: KindPolicy[] = [
    ...runKinds.kinds,
    notificationKind,
    reminderKind,
    scoringKind(unscored, scoring),
    categoryKind(unmapped, categories),
    ...search.kinds,
  ]

  const start = (made: Engine, dispatcher: Dispatcher, access: GiftyAccess) => {
    engine = made
    const catalog = catalogRepository(db)
    const counts = createCatalogCounts(catalog)
    const notifications = createNotifications(made, clock, outbox)
    const sources = createSources({
      db,
      clock,
      engine: made,
      repository,
      drafts,
      reports: createRunReports({
        db,
        repository,
        engine: theEngine,
        drafts,
        completeRuns: runKinds.completeRuns,
        random,
      }),
      sweeps: createRunSweeps({
        db,
        clock,
        repository,
        drafts,
        engine: theEngine,
        random,
        idleTimeoutMs: config.runIdleTimeoutSeconds * 1000,
        startTimeoutMs: config.runStartTimeoutSeconds * 1000,
      }),
      counts,
      notifications,
      discoveryDailyQuota: config.discoveryDailyQuota,
      dispatchPerTick: config.dispatchPerTick,
    })
    const ingestion = createIngestion({
      db,
      clock,
      engine: made,
      sources,
      catalog: createCatalogStore(catalog, search.documents),
      categories,
      metrics,
      log,
    })
    const fleet = createFleet({
      db,
      clock,
      engine: made,
      dispatcher,
      redisHeartbeats: redis && createRedisHeartbeats(redis, clock, log),
    })
    const reports = createReports(db, clock, counts)
    const sockets = createWorkerSockets({ fleet, engine: made, dispatch: dispatcher.lease, bus, clock, log })
    const { subscribers } = access
    const accounts = weeekRepository(db)
    const weeek = createWeeek({
      db,
      clock,
      repository: accounts,
      subscribers,
      client: weeekClients(platform),
      keyRing: () => platform.keyRing(),
      workspaceId: config.weeekWorkspaceId,
    })
    const reminders = createReminders({ db, clock, engine: made, repository: accounts, subscribers, weeek, notifications })
    const handlers: Record<string, JobHandler> = { [reminderKind.kind]: reminders.handler }
    return {
      sources,
      ingestion,
      catalog: createCatalog({ repository: catalog, search: search.forCatalog, lookup }),
      search,
      recommendations: createRecommendations({
        search: search.search,
        lookup,
        best: createBestScored(db),
        adultKeywords: config.adultKeywords,
      }),
      categories,
      scoring,
      reports,
      fleet,
      sockets,
      subscribers: createSubscribers({ db, clock, queries: subscribers, claims: claimsRepository(db) }),
      analytics: createAnalytics({
        clock,
        ...analyticsUpstreams(platform),
        redisMemoryBytes: redis?.memoryBytes,
        countWorkers: async () => (await fleet.workers()).length,
        latencySeconds: metrics.latency,
        diskUsage: diskUsageOf(config.database.url),
        scrapingReport: reports.scraping,
      }),
      weeek,
      /** How a process that keeps the schedules runs the family's own tasks. */
      handlers,
      schedules: [reminders.schedule],
      webappAuth: createWebappAuth({
        clock,
        ...access,
        botToken: config.telegramBotToken,
        maxAgeSeconds: config.initDataMaxAgeSeconds,
        tokenTtlSeconds: config.dashboardTokenTtlSeconds,
      }),
      systemErrors: createSystemErrors(db, clock, notifications),
    }
  }
  return { kinds, start }
}
export type GiftyServices = ReturnType<ReturnType<typeof giftyDomains>['start']>
