import { createAudit } from '../access/audit.ts'
import type { Core } from '../module.ts'
import { diskUsageOf } from '../platform/db/open.ts'
import { createAnalytics } from './analytics/service.ts'
import { analyticsUpstreams } from './analytics/upstreams.ts'
import { createErrors } from './attention/errors.ts'
import { createAttention } from './attention/service.ts'
import { createExport } from './catalog/export.ts'
import { exportPages } from './catalog/export-pages.ts'
import { createBestScored, createCatalogLookup, createCategorySamples, createScoreStore } from './catalog/lookup.ts'
import { createPriceHistory, priceQueries } from './catalog/prices.ts'
import { catalogRepository } from './catalog/repository.ts'
import { createCatalog, createCatalogCounts } from './catalog/service.ts'
import { createCatalogStore } from './catalog/store.ts'
import { categoriesRepository } from './categories/repository.ts'
import { categoryKind, createCategories, createCategoryQueue } from './categories/service.ts'
import { createFleet, createRedisHeartbeats } from './fleet/service.ts'
import { createWorkerSockets } from './fleet/sockets.ts'
import { createIngestion } from './ingestion/service.ts'
import { createLive } from './live/service.ts'
import { createNotifications, createSystemErrors, notificationKind } from './notifications.ts'
import { createRecommendations } from './recommendations/service.ts'
import { createReports } from './reports.ts'
import { createScoring, createScoringQueue, scoringKind } from './scoring.ts'
import { searchServices } from './search/service.ts'
import { siteQueries } from './sites/queries.ts'
import { createSites } from './sites/service.ts'
import { createRunReports } from './sources/reports.ts'
import { sourcesRepository } from './sources/repository.ts'
import { createRunLogs } from './sources/run-history/logs.ts'
import { fleetRunQueries } from './sources/run-history/queries.ts'
import { createFleetRuns } from './sources/run-history/service.ts'
import { createRunKinds } from './sources/run-kinds.ts'
import { createRunStore } from './sources/runs.ts'
import { scheduleQueries } from './sources/schedule/queries.ts'
import { createScheduleService } from './sources/schedule/service.ts'
import { createRunSweeps } from './sources/scheduler.ts'
import { createSources } from './sources/service.ts'
import { claimsRepository, createSubscribers } from './subscribers/service.ts'
import { createWebappAuth } from './webapp-auth.ts'
import { weeekClients } from './weeek/client.ts'
import { createReminders, reminderKind } from './weeek/reminders.ts'
import { createWeeek, weeekRepository } from './weeek/service.ts'

/** The family's domains, wired, with their kinds of tasks. */
export const createGiftyServices = ({ platform, engine, dispatcher, outbox, subscribers, dashboard }: Core) => {
  const { db, clock, config, metrics, broker, bus, log, redis, random } = platform
  const notifications = createNotifications(engine, clock, outbox)
  const catalog = catalogRepository(db)
  const counts = createCatalogCounts(catalog)
  const lookup = createCatalogLookup(db)
  const prices = createPriceHistory({ repository: catalog, queries: priceQueries(db) })
  const search = searchServices({ platform, lookup, engine })
  const unmapped = createCategoryQueue({ db, clock, engine }, createCategorySamples(db))
  const categories = createCategories({ db, clock, queue: unmapped, repository: categoriesRepository(db) })
  const unscored = createScoringQueue({ db, clock, engine })
  const scoring = createScoring({ db, clock, queue: unscored, scores: createScoreStore(db) })

  const repository = sourcesRepository(db)
  const runStore = createRunStore({ db, clock, repository, engine, notifications })
  const { kinds: runKinds, completeRuns } = createRunKinds({ db, repository, store: runStore, random })
  const sources = createSources({
    db,
    clock,
    engine,
    repository,
    store: runStore,
    reports: createRunReports({ db, repository, engine, store: runStore, completeRuns, random }),
    sweeps: createRunSweeps({
      db,
      clock,
      repository,
      store: runStore,
      engine,
      completeRuns,
      random,
      idleTimeoutMs: config.runIdleTimeoutSeconds * 1000,
      startTimeoutMs: config.runStartTimeoutSeconds * 1000,
    }),
    counts,
    notifications,
    discoveryDailyQuota: config.discoveryDailyQuota,
    dispatchPerTick: config.dispatchPerTick,
  })
  const runLogs = createRunLogs({ db, clock, bus, engine, queries: repository.logs })
  const ingestion = createIngestion({
    db,
    clock,
    engine,
    sources,
    catalog: createCatalogStore(catalog, search.documents),
    categories,
    metrics,
    bus,
    log,
  })
  const fleet = createFleet({
    db,
    clock,
    engine,
    dispatcher,
    redisHeartbeats: redis && createRedisHeartbeats(redis, clock, log),
    taskIdOfRun: async (id) => (await repository.runsOfIds([id]))[0]?.taskId ?? undefined,
  })
  const attention = createAttention({
    db,
    clock,
    audit: createAudit({ db, clock, bus }),
    kinds: engine.knownKinds,
    services: [
      ...(redis ? [{ name: 'redis', isUp: redis.isUp }] : []),
      ...(broker ? [{ name: 'rabbitmq', isUp: broker.isUp }] : []),
    ],
    hasOutbox: outbox !== undefined,
    diskUsage: diskUsageOf(config.database.url),
  })
  const reports = createReports(db, clock, counts)
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
  return {
    kinds: [
      ...runKinds,
      notificationKind,
      reminderKind,
      scoringKind(unscored, scoring),
      categoryKind(unmapped, categories),
      ...search.kinds,
    ],
    sources,
    ingestion,
    catalog: createCatalog({ repository: catalog, search: search.forCatalog, lookup, prices }),
    prices,
    exportProducts: createExport(exportPages(db)),
    sites: createSites({ queries: siteQueries(db), clock }),
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
    runs: createFleetRuns(fleetRunQueries(db), engine),
    runLogs,
    schedule: createScheduleService({ clock, queries: scheduleQueries(db), engine }),
    errors: createErrors({ db, clock, kinds: engine.knownKinds }),
    attention,
    live: createLive({ db, clock, bus, log, metrics, engine, runs: runStore, attention, workers: fleet.workers }),
    fleet,
    sockets: createWorkerSockets({ fleet, engine, dispatch: dispatcher.lease, bus, clock, log }),
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
    reminders: createReminders({ db, clock, engine, repository: accounts, subscribers, weeek, notifications }),
    webappAuth: createWebappAuth({
      clock,
      subscribers,
      dashboard,
      botToken: config.telegramBotToken,
      maxAgeSeconds: config.initDataMaxAgeSeconds,
      tokenTtlSeconds: config.dashboardTokenTtlSeconds,
    }),
    systemErrors: createSystemErrors(db, clock, notifications),
  }
}
export type GiftyServices = ReturnType<typeof createGiftyServices>
