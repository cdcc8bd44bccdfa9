import { VERSION } from '../config.ts'
import type { Core } from '../module.ts'
import { DAY_MS } from '../platform/clock.ts'
import { allowListed } from '../platform/outbound.ts'
import type { Schedule } from '../tasks/index.ts'
import { areasRepository, createAreas } from './areas.ts'
import { createRefresh } from './credentials/refresh.ts'
import { credentialsRepository } from './credentials/repository.ts'
import { createCredentials } from './credentials/service.ts'
import { createHealth } from './health.ts'
import { createImport } from './import.ts'
import { crawlerKinds } from './leasing/kinds.ts'
import { createLeasing } from './leasing/service.ts'
import { createProgress, createReceipts } from './progress/service.ts'
import { createConversations } from './streams/conversation.ts'
import { createHub } from './streams/hub.ts'
import { createRegistry } from './streams/registry.ts'
import { createStreams } from './streams/service.ts'
import { createSockets } from './streams/sockets.ts'
import { createEventStreams } from './streams/sse.ts'
import { frameLimits } from './surface.ts'
import { createCreation } from './tasks/creation.ts'
import { listQueries, tasksRepository, timelineQueries } from './tasks/repository.ts'
import { createTaskAdoption, createTasks } from './tasks/service.ts'
import { createTaskStore, joinedQueries } from './tasks/store.ts'

/** The family's domains, wired, with their kinds of tasks. */
export const createCrawlerServices = ({ platform, engine, dispatcher }: Core) => {
  const { db, clock, config, bus, log } = platform
  const settings = config.crawler
  const processId = crypto.randomUUID()

  const accounts = credentialsRepository(db)
  const timeline = timelineQueries(db)
  const taskRows = tasksRepository(db)
  const queries = joinedQueries(db)
  const adoption = createTaskAdoption(db, clock)

  const hub = createHub({
    db,
    clock,
    log,
    processId,
    onControl: (event) => registry.replaced(event),
  })
  const store = createTaskStore({
    repository: taskRows,
    queries,
    timeline,
    adoption,
    engine,
    emit: hub.emit,
    bus,
  })
  const credentials = createCredentials({
    clock,
    keyRing: platform.keyRing,
    repository: accounts,
    defaultClient: settings.oauthClient,
  })
  const kinds = crawlerKinds({ store, credentials, maxAttempts: settings.maxAttempts })

  const receipts = createReceipts(taskRows)
  const creation = createCreation({ db, clock, store, credentials, settings })
  const tasks = createTasks({ db, clock, store, credentials, queries, lists: listQueries(db) })
  const areaRows = areasRepository(db)
  const areas = createAreas({ clock, repository: areaRows, store, fanout: settings.fanout })
  const progress = createProgress({ db, clock, store, receipts, areas, timeline })
  const leasing = createLeasing({
    db,
    clock,
    engine,
    dispatcher,
    store,
    queries,
    adoption,
    staleAfterMs: settings.staleAfterMs,
  })
  let outbound: Promise<(request: Request) => Promise<Response>> | undefined
  const refresh = createRefresh({
    // Loaded with the first renewal.
    async fetch(request) {
      outbound ??= import('../platform/outbound.ts').then(({ createOutbound }) =>
        createOutbound({ allowPrivate: allowListed(settings.outboundAllow) }),
      )
      return (await outbound)(request)
    },
    db,
    clock,
    store,
    repository: accounts,
    credentials,
  })
  const registry = createRegistry({
    db,
    clock,
    log,
    hub,
    leasing,
    credentials,
    processId,
    ...settings,
  })
  const count = async (status: string) => (await taskRows.statements.countOfStatus.all({ status }))[0]?.n ?? 0
  const openConversation = createConversations({
    clock,
    log,
    progress,
    creation,
    leasing,
    refresh,
    limit: frameLimits(platform),
    queued: async () => (await health.counts()).queued,
    delivered: hub.delivered,
    maxBytes: settings.maxBodyBytes,
  })
  const sockets = createSockets({ clock, log, registry, openConversation, task: store.get, ...settings })
  const events = createEventStreams({ clock, log, hub, task: store.get, ...settings })
  const streams = createStreams({
    db,
    clock,
    log,
    hub,
    registry,
    sockets,
    events,
    task: store.get,
  })
  const health = createHealth({
    clock,
    version: VERSION,
    configured: settings.token !== undefined,
    environment: config.mode,
    ping: db.ping,
    dispatcherIsUp: platform.broker?.isUp,
    counts: async (since) => {
      const [running, queued, failed, [done]] = await Promise.all([
        count('running'),
        count('queued'),
        count('failed'),
        taskRows.statements.countFinishedSince.all({ since }),
      ])
      return { running, queued, failed, finishedSince: done?.n ?? 0 }
    },
    sockets: registry.count,
    eventBusIsUp: platform.redis?.isUp,
  })

  const schedules: Schedule[] = [
    {
      name: 'crawler-purge',
      cron: '* * * * *',
      *fire(tx, { now }) {
        yield* streams.purge(tx, now.getTime())
        yield* taskRows.purge(tx, { receiptsBefore: now.getTime(), auditBefore: now.getTime() - 90 * DAY_MS })
        return undefined
      },
    },
  ]
  const imports = createImport({
    db,
    clock,
    log,
    store,
    areas: areaRows,
    accounts,
    credentials,
    maxAttempts: settings.maxAttempts,
  })
  return {
    kinds,
    tasks,
    creation,
    progress,
    leasing,
    refresh,
    streams,
    health,
    schedules,
    /** Before the first tick: what an earlier crawler has left (§15). */
    async prepare(): Promise<void> {
      await leasing.prepare()
      if (settings.importDb !== undefined) await imports.once(settings.importDb)
    },
  }
}
export type CrawlerServices = ReturnType<typeof createCrawlerServices>
