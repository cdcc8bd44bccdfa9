import { type AnyElysia, Elysia } from 'elysia'
import { createSubscriberQueries } from './access/subscribers.ts'
import { createDashboardAccess } from './access/tokens.ts'
import { createCrawler } from './crawler/index.ts'
import { createRunner } from './embedded-workers.ts'
import { createGifty } from './gifty/index.ts'
import { ALIVE, aliveRoutes } from './love-parser/health.ts'
import { createLoveParser } from './love-parser/index.ts'
import { loveParserEnvelope } from './love-parser/surface.ts'
import type { Core, Module } from './module.ts'
import { docsRoutes } from './ops/docs.ts'
import { demoRoutes, type OpsState, opsRoutes } from './ops/index.ts'
import { requireAccess } from './platform/http/macros.ts'
import { createPipeline } from './platform/http/pipeline.ts'
import type { Platform } from './platform/index.ts'
import type { TelegramGateway } from './platform/telegram/user-api/port.ts'
import { createStickers } from './stickers/index.ts'
import {
  brokerMetrics,
  createDispatcher,
  createEngine,
  createOutbox,
  createRelay,
  createSchedules,
  enginePurges,
  type JobHandler,
  OWN_LEASES,
} from './tasks/index.ts'

/** Routes of a module, none when it is not mounted; a typed client (`App`) sees those of all families. */
const routesOf = <R extends AnyElysia>(module: { routes(): R } | undefined): R =>
  module?.routes() ?? (new Elysia() as AnyElysia as R)

export interface AppOverrides {
  /** Instead of the Telegram of the configured mode. */
  gateway?: TelegramGateway
}

/**
 * The whole app over a platform: the engine, the modules of the mounted families, their routes. Starts no timer and opens no port:
 * `main.ts` does, and tests drive `tick` themselves.
 */
export const createApp = (platform: Platform, { gateway }: AppOverrides = {}) => {
  const { config, db, clock, bus, log, metrics, broker } = platform
  const countPublished = broker && brokerMetrics(metrics, broker, () => outbox.backlog())
  const outbox = createOutbox({
    db,
    clock,
    bus,
    published(queues) {
      countPublished?.(queues)
      engine.notifyWaiters(queues)
    },
  })
  // Without a broker no process relays the outbox, and its rows would pile up: so none are written.
  const announcing = broker && { outbox, broker }
  const engine = createEngine({ db, clock, bus, announcing })
  const dispatcher = createDispatcher(engine, bus, clock, log)
  const subscribers = createSubscriberQueries(db)
  const state: OpsState = { stopping: false }
  const core: Core = {
    platform,
    engine,
    dispatcher,
    outbox: announcing?.outbox,
    subscribers,
    dashboard: createDashboardAccess({ subscribers, clock, secret: config.dashboardJwtSecret }),
    server: () => app.server,
    isStopping: () => state.stopping,
  }

  const mounted = new Set(config.families)
  const gifty = mounted.has('gifty') ? createGifty(core) : undefined
  const stickers = mounted.has('stickers') ? createStickers(core) : undefined
  const crawler = mounted.has('crawler') ? createCrawler(core) : undefined
  const loveParser = mounted.has('love-parser') ? createLoveParser(core, gateway) : undefined
  const modules: Module[] = [gifty, stickers, crawler, loveParser].filter((module) => module !== undefined)
  engine.register(modules.flatMap(({ kinds = [] }) => kinds))
  const relay = broker && createRelay({ outbox, broker, bus, clock, log })
  const schedules = createSchedules(db, clock, [
    ...enginePurges(engine, outbox),
    ...modules.flatMap((module) => module.schedules ?? []),
  ])
  const jobs = modules.flatMap((module) => module.jobs ?? [])
  const handlers: Record<string, JobHandler> = Object.assign({}, ...jobs.map((job) => job.handlers))
  const runner = createRunner({ engine, dispatcher, bus, clock, log, owner: `${OWN_LEASES}${crypto.randomUUID()}`, handlers })

  metrics.onScrape({
    async refresh({ tasks, waiting }) {
      tasks.reset()
      for (const { kind, state: of, count } of await engine.counts()) tasks.labels({ kind, state: of }).set(count)
      waiting.set(dispatcher.waiting())
    },
  })

  const pipeline = createPipeline({
    log,
    metrics,
    probes: ALIVE,
    trustProxy: config.trustProxy,
    families: [
      ...modules.map(({ http }) => http),
      // Its envelope is that of the paths that no family claims, so it is there without its module too.
      ...(loveParser ? [] : [loveParserEnvelope(platform)]),
    ],
  })
  const app = pipeline(
    new Elysia({
      // All requests must pass the pipeline, so Bun's own router is not used.
      systemRouter: false,
      // The path begins after the host, however short that is.
      handler: { standardHostname: false },
    }),
  )
  const routed = app
    .use(routesOf(gifty))
    .use(routesOf(crawler))
    .use(aliveRoutes())
    .use(routesOf(loveParser))
    .use(routesOf(stickers))
    .use(opsRoutes(platform, { state, modules, server: core.server }))
    .use(config.demo ? demoRoutes() : new Elysia())
    .use(
      docsRoutes(
        () => app,
        async () => (await Promise.all(modules.map((module) => module.channels?.() ?? []))).flat(),
      ),
    )
  requireAccess(
    app.routes,
    [...modules.flatMap(({ http }) => http.prefixes), '/api/v1'].filter((prefix) => prefix !== ''),
  )

  const runAll = async (steps: (() => Promise<unknown>)[]): Promise<void> => {
    // A failing step does not stop the next ones: without purges, sources still have to be dispatched.
    const failures: unknown[] = []
    for (const step of steps) await step().catch((error) => failures.push(error))
    if (failures.length > 0) throw new AggregateError(failures, 'a part of the tick failed')
  }
  const keepsSchedules = config.role === 'all' || config.role === 'scheduler'
  const sweepTasks = [engine.sweep, ...modules.flatMap((module) => module.watch ?? [])]
  const scheduledJobs = () => {
    if (!keepsSchedules) return []
    const steps = [schedules.tick, ...modules.flatMap((module) => module.dispatch?.() ?? [])]
    // Not awaited: a slow broker must not delay the tick.
    if (relay) steps.push(async () => void relay.wake())
    return steps
  }

  return {
    app: routed,
    /** The mounted ones, in the order in which they start. */
    modules,
    gifty,
    stickers,
    crawler,
    loveParser,
    engine,
    dispatcher,
    schedules,
    outbox,
    /** Undefined without a broker; not started. */
    relay,
    dashboard: core.dashboard,
    state,
    /** Whether this process keeps the schedules (`ROLE`). */
    keepsSchedules,
    /**
     * The sweep, to be called about every second by every process: ends expired leases, and gives waiting lease requests the tasks
     * they were not notified of. It is separate from `dispatch` so that a slow purge does not delay waiting workers.
     */
    watch: () => runAll(sweepTasks),
    /** The scheduled jobs, to be called about every second by every process: due schedules, and what is due in the modules. */
    dispatch: () => runAll(scheduledJobs()),
    /** One sweep, then the scheduled jobs once. */
    tick: () => runAll([...sweepTasks, ...scheduledJobs()]),
    /** The process's own workers; not started. */
    runner,
    /** Kinds that the process's own workers run, for one value of `runBy`. */
    kindsRunBy: (wanted: NonNullable<Module['jobs']>[number]['runBy']) =>
      jobs.filter(({ runBy }) => runBy === wanted).flatMap((job) => Object.keys(job.handlers)),
    /** To be called before the first tick: prepares the database. */
    async prepare() {
      await schedules.register()
      if (broker) await engine.reconcileOutbox()
      // SQLite has one process: other owners of such leases have died, and their work need not wait for the leases to end.
      if (!db.isShared) await engine.releaseLeasesByOwnerPrefix(OWN_LEASES, Object.keys(handlers))
      for (const module of modules) await module.prepare?.()
    },
    /** Ends connections and polls that would not end by themselves. */
    async endConnections() {
      dispatcher.close()
      for (const module of modules) await module.endConnections?.()
    },
  }
}

export type Trawl = ReturnType<typeof createApp>
/** Feeds the typed client. */
export type App = Trawl['app']
