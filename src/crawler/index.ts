import { Elysia } from 'elysia'
import { REQUIRED_SECRETS } from '../config/secrets.ts'
import type { Core, Module } from '../module.ts'
import { credentialsRoutes } from './credentials/index.ts'
import { healthRoutes } from './health.ts'
import { leasingRoutes } from './leasing/index.ts'
import { type CrawlerServices, createCrawlerServices } from './services.ts'
import { streamsRoutes } from './streams/index.ts'
import type { Upgrader } from './streams/sockets.ts'
import { type CrawlerSurface, crawlerSurface, PREFIX } from './surface.ts'
import { progressRoutes, tasksRoutes } from './tasks/index.ts'

/** The routes of the family (gitlab-crawler §7). */
const crawlerRoutes = (
  surface: CrawlerSurface,
  services: CrawlerServices,
  { platform: { clock, config }, server, isStopping }: Core,
) =>
  new Elysia({ prefix: PREFIX })
    .use(tasksRoutes(surface, services.tasks, services.creation))
    .use(leasingRoutes(surface, services.leasing, clock, isStopping))
    .use(progressRoutes(surface, services.progress))
    .use(credentialsRoutes(surface, services.refresh))
    .use(
      streamsRoutes(surface, {
        streams: services.streams,
        clock,
        settings: config.crawler,
        server: () => server() as Upgrader | null | undefined,
      }),
    )
    .use(healthRoutes(surface, services.health))

/** The module of the GitLab crawler (gitlab-crawler.md). */
export const createCrawler = (core: Core) => {
  const { platform, dashboard, server, isStopping } = core
  const services = createCrawlerServices(core)
  const { leasing, streams } = services
  const surface = crawlerSurface({ platform, dashboard, server, isStopping })
  return {
    name: 'crawler' as const,
    requires: REQUIRED_SECRETS.crawler,
    services,
    http: surface.http,
    routes: () => crawlerRoutes(surface.routes, services, core),
    channels: async () => (await import('./streams/channels.ts')).crawlerChannels,
    kinds: services.kinds,
    schedules: services.schedules,
    watch: [leasing.sweep, streams.sweep],
    prepare: services.prepare,
    endConnections: () => streams.stop(),
  } satisfies Module & { services: CrawlerServices }
}
