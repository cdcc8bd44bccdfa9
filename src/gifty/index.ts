import { Elysia } from 'elysia'
import { REQUIRED_SECRETS } from '../config/secrets.ts'
import type { Core, Module } from '../module.ts'
import { DAY_MS, HOUR_MS } from '../platform/clock.ts'
import type { Steps, Tx } from '../platform/db/index.ts'
import type { Schedule } from '../tasks/index.ts'
import { analyticsRoutes } from './analytics/index.ts'
import { attentionRoutes } from './attention/index.ts'
import { attentionMetrics } from './attention/service.ts'
import { catalogRoutes } from './catalog/index.ts'
import { categoriesRoutes } from './categories/index.ts'
import { fleetRoutes } from './fleet/index.ts'
import { ingestionRoutes } from './ingestion/index.ts'
import { liveRoutes } from './live/index.ts'
import { recommendationsRoutes } from './recommendations/index.ts'
import { monitoringRoutes } from './reports.ts'
import { scoringRoutes } from './scoring.ts'
import { searchRoutes } from './search/index.ts'
import { createGiftyServices, type GiftyServices } from './services.ts'
import { sitesRoutes } from './sites/index.ts'
import { sourcesRoutes } from './sources/index.ts'
import { fleetRunsRoutes } from './sources/run-history/index.ts'
import { scheduleRoutes } from './sources/schedule/index.ts'
import { subscribersRoutes } from './subscribers/index.ts'
import { giftySurface } from './surface.ts'
import { webappAuthRoutes } from './webapp-auth.ts'
import { weeekRoutes } from './weeek/index.ts'
import { reminderKind } from './weeek/reminders.ts'

/** A timer may come a little early; the turn it brings still counts. */
const EARLY_MS = 50
/** How often worker sockets are looked at. */
const SOCKET_SWEEP_MS = 1000

/** How often changes are shown and counted: progress and counters come at most four times a second. */
const REPORT_MS = 250
/** Old runs that one turn looks at. */
const PURGED_RUNS = 1000
/** Log lines that one turn removes at most. */
const PURGED_LINES = 20_000

type Surface = ReturnType<typeof giftySurface>

const internalRoutes = ({ routes: surface, counted, operatorOf }: Surface, services: GiftyServices) =>
  new Elysia({ prefix: '/internal' })
    .use(sourcesRoutes(surface, services.sources))
    .use(ingestionRoutes(surface, services.ingestion))
    .use(searchRoutes(surface, services.search))
    .use(catalogRoutes(surface, services.catalog, services.exportProducts, services.prices))
    .use(sitesRoutes(surface, services.sites))
    .use(monitoringRoutes(surface, services.reports))
    .use(fleetRunsRoutes(surface, services.runs, services.runLogs))
    .use(scheduleRoutes(surface, services.schedule))
    .use(attentionRoutes(surface, operatorOf, services.attention, services.errors))
    .use(liveRoutes(surface, services.live))
    .use(scoringRoutes(surface, services.scoring))
    .use(categoriesRoutes(surface, services.categories))
    .use(recommendationsRoutes(surface, services.recommendations))
    .use(fleetRoutes(surface, services.fleet, services.sockets))
    .use(subscribersRoutes(surface, services.subscribers))
    .use(webappAuthRoutes(surface, counted, services.webappAuth))
    .use(weeekRoutes(surface, services.weeek))

/** Every route of the family (gifty §2 to §10). */
const giftyRoutes = (surface: Surface, services: GiftyServices) =>
  new Elysia()
    .use(internalRoutes(surface, services))
    .use(new Elysia({ prefix: '/analytics' }).use(analyticsRoutes(surface.routes, services.analytics)))

/** The module of Gifty (gifty.md): sources with their runs, the workers, the catalogue, and those who use it. */
export const createGifty = (core: Core) => {
  const { platform, dashboard } = core
  const { config, broker, clock, log, metrics } = platform
  const services = createGiftyServices(core)
  const { sources, search, sockets, reminders } = services
  const surface = giftySurface({ platform, dashboard, systemErrors: services.systemErrors, server: core.server })

  metrics.onScrape({
    async refresh(gauges) {
      gauges.sockets.set(sockets.count())
    },
  })
  attentionMetrics(metrics, services.attention)
  let dispatchedAt = Number.NEGATIVE_INFINITY
  let sweeping: ReturnType<typeof setInterval> | undefined
  let reporting: ReturnType<typeof setInterval> | undefined

  return {
    name: 'gifty' as const,
    requires: REQUIRED_SECRETS.gifty,
    services,
    http: surface.http,
    routes: () => giftyRoutes(surface, services),
    channels: async () => (await import('./channels.ts')).giftyChannels,
    kinds: services.kinds,
    jobs: [{ runBy: 'scheduler' as const, handlers: { [reminderKind.kind]: reminders.handler } }],
    schedules: [reminders.schedule, ...recurringWork(services, config)],
    /** Due sources and idle runs, every `SCHEDULER_TICK_SECONDS`. */
    dispatch() {
      const since = clock.now() - dispatchedAt
      // Less than nothing: the clock was set back, and must not keep sources waiting until it has caught up.
      if (since >= 0 && since < config.schedulerTickSeconds * 1000 - EARLY_MS) return []
      dispatchedAt = clock.now()
      const dispatchSources = async () => {
        const { dispatched, skipped } = await sources.dispatch()
        metrics.dispatched(dispatched, skipped)
      }
      return [...(broker ? [sources.endUnstartedRuns] : []), dispatchSources, sources.endIdleRuns]
    },
    watch: [services.live.sweep],
    prepare: () => search.ready(),
    start() {
      // Pings, sockets that have gone silent, leases that have ended.
      sweeping = setInterval(() => sockets.sweep(), SOCKET_SWEEP_MS)
      reporting = setInterval(() => {
        services.live.report().catch((error) => log.warn('live events were not written', { error }))
      }, REPORT_MS)
      if (config.role !== 'api') search.embedding.start()
    },
    endConnections() {
      services.runLogs.stop()
      services.live.endConnections()
      return sockets.stop()
    },
    async stop() {
      clearInterval(sweeping)
      clearInterval(reporting)
      await services.live.stop()
      await search.stop()
    },
  } satisfies Module & { services: GiftyServices }
}

/** What keeps the family's tables from growing without end, and its samples. */
const recurringWork = (
  { live, runLogs, attention, ingestion, sources, fleet, subscribers }: GiftyServices,
  { runLogRetentionDays, runRetentionDays }: Core['platform']['config'],
): Schedule[] => {
  /** How far the runs have been looked through for old ones. */
  let runsLookedAt = 0
  const recurring = (name: string, cron: string, run: (tx: Tx, now: Date) => Steps<unknown>): Schedule => ({
    name,
    cron,
    *fire(tx, { now }) {
      yield* run(tx, now)
      return undefined
    },
  })
  const before = (now: Date, ms: number) => new Date(now.getTime() - ms)
  return [
    recurring('purge-idempotency-keys', '*/10 * * * *', (tx, now) => ingestion.purgeKeys(tx, now)),
    recurring('purge-loose-ingests', '0 * * * *', (tx, now) => sources.purgeLoose(tx, before(now, 2 * DAY_MS))),
    recurring('purge-heartbeats', '0 * * * *', (tx, now) => fleet.purgeWorkers(tx, before(now, DAY_MS))),
    recurring('purge-runs', '* * * * *', function* (tx, now) {
      runsLookedAt = (yield* sources.purgeRuns(tx, before(now, runRetentionDays * DAY_MS), runsLookedAt, PURGED_RUNS)) ?? 0
    }),
    recurring('purge-attention-mutes', '0 3 * * *', (tx, now) => attention.purgeMutes(tx, before(now, DAY_MS))),
    recurring('purge-run-logs', '*/10 * * * *', (tx, now) =>
      runLogs.purge(tx, before(now, runLogRetentionDays * DAY_MS), PURGED_LINES),
    ),
    recurring('sample-tasks', '* * * * *', (tx, now) => live.sample(tx, now)),
    recurring('sum-hours', '5 * * * *', (tx, now) => live.series.sumHours(tx, now)),
    recurring('purge-series', '*/10 * * * *', (tx, now) => live.series.purge(tx, now)),
    recurring('purge-events', '* * * * *', (tx) => live.purgeEvents(tx)),
    // Longer than any attempt counts.
    recurring('purge-claim-attempts', '*/10 * * * *', (tx, now) => subscribers.purgeAttempts(tx, before(now, HOUR_MS))),
  ]
}
