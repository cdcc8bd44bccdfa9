import { Elysia } from 'elysia'
import { createDashboardAccess } from './access/dashboard.ts'
import { createSubscriberQueries } from './access/subscribers.ts'
import { crawlerFamily } from './crawler/family.ts'
import { crawlerRoutes } from './crawler/index.ts'
import { crawlerDomains } from './crawler/services.ts'
import { giftyAnalyticsRoutes, giftyFamily, giftyRoutes } from './gifty/index.ts'
import { giftyDomains } from './gifty/services.ts'
import { createHousekeeping } from './housekeeping.ts'
import { loveParserFamily } from './love-parser/family.ts'
import { aliveRoutes } from './love-parser/health/index.ts'
import { loveParserRoutes } from './love-parser/index.ts'
import { loveParserDomains, telegramGateway } from './love-parser/services.ts'
import { demoRoutes } from './ops/demo/index.ts'
import { docsRoutes } from './ops/docs.ts'
import { type OpsState, opsRoutes } from './ops/index.ts'
import type { Broker } from './platform/broker/index.ts'
import { MIB } from './platform/http/body.ts'
import { createPipeline } from './platform/http/pipeline.ts'
import type { Platform } from './platform/index.ts'
import type { TelegramGateway } from './platform/telegram/user-api/port.ts'
import { createRunner } from './runner.ts'
import { stickersFamily, stickersRoutes } from './stickers/index.ts'
import { stickersServices } from './stickers/services.ts'
import { createDispatcher, createEngine, createOutbox, createRelay, createSchedules, type Outbox } from './tasks/index.ts'

/** Above every contract's own limit: what is larger is cut off by the server without an envelope. */
const HARD_BODY_BYTES = 64 * MIB
/** Largest frame of the worker protocol (gifty §4). */
const MAX_FRAME_BYTES = 2 * MIB
/** How the names begin under which processes hold leases of their own workers. */
const OWN_LEASES = 'process-'
/** Longer than the longest long poll (60 s, crawler). */
const IDLE_SECONDS = 90
/** A timer may come a little early; the tick it brings still counts. */
const TICK_SLACK_MS = 50

export interface AppOverrides {
  /** Instead of the Telegram of the configured mode. */
  gateway?: TelegramGateway
}

/**
 * The whole app over a platform: engine, families, routes. Starts no timer and opens no port: `main.ts` does, and tests drive
 * `tick` themselves.
 */
export const createApp = (platform: Platform, { gateway }: AppOverrides = {}) => {
  const { config, db, clock, bus, log, metrics, redis, broker } = platform
  const mounted = new Set(config.families)
  const count = broker && brokerMetrics(platform, broker, () => outbox.backlog())
  const outbox: Outbox = createOutbox({
    db,
    clock,
    bus,
    published(queues) {
      count?.(queues)
      engine.notifyWaiters(queues)
    },
  })
  // Without a broker nothing is written to it: rows that nobody relays would only pile up.
  const announcing = broker && { outbox, broker }
  const gifty = giftyDomains(platform, announcing?.outbox)
  const loveParserDomain = mounted.has('love-parser')
    ? loveParserDomains(platform, gateway ?? telegramGateway(platform), announcing?.outbox)
    : undefined
  const crawlerDomain = mounted.has('crawler') ? crawlerDomains(platform) : undefined
  const kinds = [...gifty.kinds, ...(loveParserDomain?.kinds ?? []), ...(crawlerDomain?.kinds ?? [])]
  const engine = createEngine({ db, clock, bus, kinds, announcing })
  const dispatcher = createDispatcher(engine, bus, clock, log)
  const subscribers = createSubscriberQueries(db)
  const dashboard = createDashboardAccess({ subscribers, clock, secret: config.dashboardJwtSecret })
  const services = gifty.start(engine, dispatcher, { subscribers, dashboard })
  const loveParser = loveParserDomain?.start(engine)
  const crawler = crawlerDomain?.start(engine, dispatcher)
  const relay = broker && createRelay({ outbox, broker, bus, clock, log })
  const stickers = mounted.has('stickers') ? stickersServices(platform) : undefined
  const schedules = createSchedules(db, clock, [
    ...createHousekeeping({ engine, outbox, gifty: services, stickers }),
    ...(mounted.has('gifty') ? services.schedules : []),
    ...(loveParser?.schedules ?? []),
    ...(crawler?.schedules ?? []),
  ])
  const state: OpsState = { stopping: false }
  const handlers = { ...services.handlers, ...loveParser?.handlers }
  const runner = createRunner({
    engine,
    dispatcher,
    bus,
    clock,
    log,
    owner: `${OWN_LEASES}${crypto.randomUUID()}`,
    handlers,
  })

  metrics.onScrape({
    async refresh({ tasks, waiting, sockets }) {
      tasks.reset()
      for (const { kind, state: of, count } of await engine.counts()) tasks.labels({ kind, state: of }).set(count)
      waiting.set(dispatcher.waiting())
      sockets.set(services.sockets.count())
    },
  })

  const server = () => app.server
  const pipeline = createPipeline({
    log,
    metrics,
    families: [
      ...(mounted.has('gifty') ? [giftyFamily({ platform, services, dashboard })] : []),
      ...(stickers ? [stickersFamily(platform)] : []),
      ...(crawler ? [crawlerFamily({ platform, dashboard, server: () => server(), isStopping: () => state.stopping })] : []),
      // Always: its envelope is that of the paths nobody claims.
      loveParserFamily({ platform, accounts: loveParser?.accounts, server: () => server() }),
    ],
  })
  const app = pipeline(
    new Elysia({
      // All requests pass the pipeline, so Bun's own router has to stand aside.
      systemRouter: false,
      serve: { maxRequestBodySize: HARD_BODY_BYTES, idleTimeout: IDLE_SECONDS, reusePort: config.reusePort },
      websocket: {
        maxPayloadLength: MAX_FRAME_BYTES,
        idleTimeout: IDLE_SECONDS * 2,
        backpressureLimit: MIB,
        closeOnBackpressureLimit: true,
      },
    }),
  )
  const routed = app
    .use(mounted.has('gifty') ? giftyRoutes(services) : new Elysia())
    .use(mounted.has('gifty') ? giftyAnalyticsRoutes(services) : new Elysia())
    .use(
      crawler
        ? crawlerRoutes({
            services: crawler,
            clock,
            settings: config.crawler,
            server: () => server() as never,
            isStopping: () => state.stopping,
          })
        : new Elysia(),
    )
    .use(aliveRoutes())
    .use(loveParser ? loveParserRoutes(loveParser, { clock, ping: () => db.ping(), pingRedis: redis?.ping }) : new Elysia())
    .use(stickers ? stickersRoutes(stickers) : new Elysia())
    .use(opsRoutes(platform, state))
    .use(config.demo ? demoRoutes() : new Elysia())
    .use(docsRoutes(() => app))
  // Elysia adds up what the hooks of all plugins read, and would take every request's query apart because one of them looks at it. What
  // a route's own hooks and handler read is found out for each route anyway.
  ;(app as unknown as { inference: { query: boolean } }).inference.query = false

  let dispatchedAt = Number.NEGATIVE_INFINITY
  const inTurn = async (steps: (() => Promise<unknown>)[]): Promise<void> => {
    // Each on its own: a failing purge must not keep sources from being dispatched.
    const failures: unknown[] = []
    for (const step of steps) await step().catch((error) => failures.push(error))
    if (failures.length > 0) throw new AggregateError(failures, 'a part of the tick failed')
  }
  const watches = [engine.sweep, ...(crawler ? [crawler.leasing.sweep, crawler.streams.sweep] : [])]
  const dispatches = () => {
    const steps: (() => Promise<unknown>)[] = []
    if (config.role === 'api' || config.role === 'worker') return steps
    steps.push(schedules.tick)
    const since = clock.now() - dispatchedAt
    // Less than nothing: the clock was set back, and must not keep sources waiting until it has caught up.
    if (mounted.has('gifty') && (since < 0 || since >= config.schedulerTickSeconds * 1000 - TICK_SLACK_MS)) {
      dispatchedAt = clock.now()
      if (broker) steps.push(services.sources.endUnstartedRuns)
      steps.push(async () => {
        const { dispatched, skipped } = await services.sources.dispatch()
        metrics.dispatched(dispatched, skipped)
      }, services.sources.endIdleRuns)
    }
    // Nobody waits for the broker.
    if (relay) steps.push(async () => void relay.wake())
    return steps
  }
  /**
   * The clockwork, both parts to be called about every second, by any number of processes. `watch`: lost leases, and tasks for those
   * who wait and have not heard of them; it is quick, and nobody waits longer because a purge takes its time. `dispatch`: due
   * schedules, due sources, idle runs.
   */
  const watch = () => inTurn(watches)
  const dispatch = () => inTurn(dispatches())

  return {
    app: routed,
    services,
    stickers,
    engine,
    dispatcher,
    schedules,
    outbox,
    /** Undefined without a broker; not started. */
    relay,
    dashboard,
    state,
    watch,
    dispatch,
    /** One turn of the whole clockwork. */
    tick: () => inTurn([...watches, ...dispatches()]),
    /** The process's own workers; not started. */
    runner,
    loveParser,
    crawler,
    /** Before the first tick: what has to stand in the database. */
    async prepare() {
      await schedules.register()
      await loveParser?.prepare()
      if (broker) await engine.reconcileOutbox()
      if (mounted.has('gifty')) await services.search.ready()
      // SQLite has one process: whoever else held leases of this kind has died, and its work need not wait for them to run out.
      if (!db.isShared) await engine.releaseLeasesByOwnerPrefix(OWN_LEASES, Object.keys(handlers))
      await crawler?.prepare()
    },
  }
}

/** Figures of the broker; answers what counts its messages. */
const brokerMetrics = ({ metrics }: Platform, broker: Broker, backlog: () => ReturnType<Outbox['backlog']>) => {
  const up = metrics.gauge('trawl_broker_up', 'Whether the broker can be reached')
  const waiting = metrics.gauge('trawl_outbox_messages', 'Messages that wait for the broker')
  const sent = metrics.counter('trawl_published_messages_total', 'Messages the broker has confirmed')
  metrics.onScrape({
    async refresh() {
      up.set({}, broker.isUp() ? 1 : 0)
      waiting.reset()
      for (const { queue, count } of await backlog()) waiting.set({ queue }, count)
    },
  })
  return (queues: string[]) => {
    for (const queue of queues) sent.inc({ queue })
  }
}
export type Trawl = ReturnType<typeof createApp>
/** Feeds the typed client. */
export type App = Trawl['app']
