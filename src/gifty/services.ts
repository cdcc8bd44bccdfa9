import type { DashboardAccess } from '../access/dashboard.ts'
import type { SubscriberQueries } from '../access/subscribers.ts'
import type { Dispatcher, Engine, JobHandler, KindPolicy } from '../engine/index.ts'
import type { Platform } from '../platform/index.ts'
import { createAnalytics } from './analytics/service.ts'
import { analyticsUpstreams } from './analytics/upstreams.ts'
import { catalogRepository } from './catalog/repository.ts'
import { createCatalog, createCatalogCounts } from './catalog/service.ts'
import { createCatalogStore } from './catalog/store.ts'
import { createFleet } from './fleet/service.ts'
import { createWorkerSockets } from './fleet/sockets.ts'
import { ingestionRepository } from './ingestion/repository.ts'
import { createIngestion } from './ingestion/service.ts'
import { createNotifications, notificationKind } from './notifications.ts'
import { createReports } from './reports.ts'
import { sourcesRepository } from './sources/repository.ts'
import { createRuns } from './sources/runs.ts'
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
 * `giftyDomains(platform)` gives the kinds, `.start(engine, dispatcher, access)` the services.
 */
export const giftyDomains = (platform: Platform) => {
  const { db, clock, config, metrics, bus, log } = platform
  let engine: Engine | undefined
  const theEngine = () => {
    if (!engine) throw new Error('the engine is not made yet')
    return engine
  }
  const repository = sourcesRepository(db)
  const runs = createRuns({
    db,
    clock,
    repository,
    engine: theEngine,
    notifications: () => createNotifications(theEngine(), clock),
    idleTimeoutMs: config.runIdleTimeoutSeconds * 1000,
  })
  const kinds: KindPolicy[] = [...runs.kinds, notificationKind, reminderKind]

  const start = (made: Engine, dispatcher: Dispatcher, access: GiftyAccess) => {
    engine = made
    const catalog = catalogRepository(db)
    const counts = createCatalogCounts(catalog)
    const notifications = createNotifications(made, clock)
    const sources = createSources({
      db,
      clock,
      engine: made,
      repository,
      runs,
      counts,
      notifications,
      discoveryDailyQuota: config.discoveryDailyQuota,
    })
    const ingestion = createIngestion({
      db,
      clock,
      engine: made,
      sources,
      catalog: createCatalogStore(catalog),
      repository: ingestionRepository(db),
      metrics,
    })
    const fleet = createFleet({ db, clock, engine: made, dispatcher })
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
      catalog: createCatalog(catalog),
      reports,
      fleet,
      sockets,
      subscribers: createSubscribers({ db, clock, queries: subscribers, claims: claimsRepository(db) }),
      analytics: createAnalytics({
        clock,
        ...analyticsUpstreams(platform),
        countWorkers: async () => (await fleet.workers()).length,
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
