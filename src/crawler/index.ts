import { Elysia } from 'elysia'
import { REQUIRED_SECRETS } from '../config/secrets.ts'
import type { Core, Module } from '../module.ts'
import { callOf } from '../platform/http/pipeline.ts'
import { lastOf, queryOf, rereadQuery } from '../platform/http/query.ts'
import { credentialsRoutes } from './credentials/index.ts'
import { crawlerFamily, PREFIX, taskIdIn } from './family.ts'
import { healthRoutes } from './health/index.ts'
import { leasingRoutes } from './leasing/index.ts'
import { progressRoutes } from './progress/index.ts'
import { type CrawlerServices, createCrawlerServices } from './services.ts'
import { streamsRoutes } from './streams/index.ts'
import type { Upgrader } from './streams/sockets.ts'
import { tasksRoutes } from './tasks/index.ts'

/** The routes of the family (gitlab-crawler §7). */
const crawlerRoutes = (services: CrawlerServices, { platform: { clock, config }, server, isStopping }: Core) =>
  new Elysia({ prefix: PREFIX })
    // The guard has read the body.
    .onParse({ fn: 'none' } as never)
    .onTransform(({ request, params, query }) => {
      if (request.url.includes('?')) rereadQuery(query, lastOf(queryOf(request.url)))
      if (params && 'id' in params) (params as { id: string | undefined }).id = taskIdIn(callOf(request).path)
    })
    .use(tasksRoutes(services.tasks, services.creation))
    .use(leasingRoutes(services.leasing, clock, isStopping))
    .use(progressRoutes(services.progress))
    .use(credentialsRoutes(services.refresh))
    .use(
      streamsRoutes({
        streams: services.streams,
        clock,
        settings: config.crawler,
        server: () => server() as Upgrader | null | undefined,
      }),
    )
    .use(healthRoutes(services.health))

/** The module of the GitLab crawler (gitlab-crawler.md). */
export const createCrawler = (core: Core) => {
  const { platform, dashboard, server, isStopping } = core
  const services = createCrawlerServices(core)
  const { leasing, streams } = services
  return {
    name: 'crawler' as const,
    requires: REQUIRED_SECRETS.crawler,
    services,
    http: crawlerFamily({ platform, dashboard, server, isStopping }),
    routes: () => crawlerRoutes(services, core),
    channels: async () => (await import('./streams/channels.ts')).crawlerChannels,
    kinds: services.kinds,
    schedules: services.schedules,
    watch: [leasing.sweep, streams.sweep],
    prepare: services.prepare,
    endConnections: () => streams.stop(),
  } satisfies Module & { services: CrawlerServices }
}
