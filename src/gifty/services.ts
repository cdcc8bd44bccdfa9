import type { Dispatcher, Engine, KindPolicy } from '../engine/index.ts'
import type { Platform } from '../platform/index.ts'
import { createBestScored } from './catalog/best.ts'
import { createCategorySamples } from './catalog/by-category.ts'
import { createCatalogLookup } from './catalog/lookup.ts'
import { catalogRepository } from './catalog/repository.ts'
import { createScoreStore, type UnscoredProduct, unscoredProducts } from './catalog/scores.ts'
import { createCatalog, createCatalogCounts } from './catalog/service.ts'
import { createCatalogStore } from './catalog/store.ts'
import { categoriesRepository, type UnmappedName, unmappedNames } from './categories/repository.ts'
import { createCategories } from './categories/service.ts'
import { categoryTasks } from './categories/tasks.ts'
import { createFleet } from './fleet/service.ts'
import { createWorkerSockets } from './fleet/sockets.ts'
import { ingestionRepository } from './ingestion/repository.ts'
import { createIngestion } from './ingestion/service.ts'
import { createNotifications, notificationKind } from './notifications.ts'
import { createRecommendations } from './recommendations/service.ts'
import { createReports } from './reports.ts'
import { createScoring } from './scoring/service.ts'
import { scoringTasks } from './scoring/tasks.ts'
import { searchServices } from './search/services.ts'
import { sourcesRepository } from './sources/repository.ts'
import { createRuns } from './sources/runs.ts'
import { createSources } from './sources/service.ts'
import { createSystemErrors } from './system-errors.ts'
import { workLeasesRepository } from './work-leases/repository.ts'
import { createWorkLeases } from './work-leases/service.ts'

/**
 * The family's domains, wired. In two steps, because the engine needs the kinds and the domains need the engine:
 * `giftyDomains(platform)` gives the kinds, `.start(engine, dispatcher)` the services.
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
  const leases = createWorkLeases({ db, clock, repository: workLeasesRepository(db), engine: theEngine })
  const unmapped = leases.queue<UnmappedName>(unmappedNames(db))
  const categories = createCategories({
    db,
    clock,
    leases,
    queue: unmapped,
    samples: createCategorySamples(db),
    repository: categoriesRepository(db),
  })
  const unscored = leases.queue<UnscoredProduct>(unscoredProducts(db))
  const scoring = createScoring({ db, clock, leases, queue: unscored, scores: createScoreStore(db) })
  const lookup = createCatalogLookup(db)
  const search = searchServices({ platform, lookup, leases })
  const kinds: KindPolicy[] = [
    ...runs.kinds,
    notificationKind,
    scoringTasks(leases, unscored, scoring),
    categoryTasks(leases, unmapped, categories),
    ...search.kinds,
  ]

  const start = (made: Engine, dispatcher: Dispatcher) => {
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
      catalog: createCatalogStore(catalog, search.documents),
      categories,
      repository: ingestionRepository(db),
      metrics,
    })
    const fleet = createFleet({ db, clock, engine: made, dispatcher })
    const sockets = createWorkerSockets({ fleet, engine: made, dispatch: dispatcher.lease, bus, clock, log })
    return {
      sources,
      ingestion,
      catalog: createCatalog({ repository: catalog, search: search.forCatalog, rows: lookup.rows }),
      search,
      recommendations: createRecommendations({
        search: search.search,
        lookup,
        best: createBestScored(db),
        adultKeywords: config.adultKeywords,
      }),
      categories,
      scoring,
      leases,
      reports: createReports(db, clock, counts),
      fleet,
      sockets,
      systemErrors: createSystemErrors(db, clock, notifications),
    }
  }
  return { kinds, start }
}
export type GiftyServices = ReturnType<ReturnType<typeof giftyDomains>['start']>
