import { Elysia } from 'elysia'
import type { Clock } from '../platform/clock.ts'
import type { Platform } from '../platform/index.ts'
import { credentialsRoutes } from './credentials/index.ts'
import { PREFIX } from './family.ts'
import { healthRoutes } from './health/index.ts'
import { leasingRoutes } from './leasing/index.ts'
import { progressRoutes } from './progress/index.ts'
import type { CrawlerServices } from './services.ts'
import { streamsRoutes } from './streams/index.ts'
import type { Upgrader } from './streams/sockets.ts'
import { tasksRoutes } from './tasks/index.ts'

export interface CrawlerRoutesDeps {
  services: CrawlerServices
  clock: Clock
  settings: Platform['config']['crawler']
  server(): Upgrader | null | undefined
  isStopping(): boolean
}

/** The routes of the family (gitlab-crawler §7). */
export const crawlerRoutes = ({ services, clock, settings, server, isStopping }: CrawlerRoutesDeps) =>
  new Elysia({ prefix: PREFIX })
    .use(tasksRoutes(services.tasks, services.creation))
    .use(leasingRoutes(services.leasing, clock, isStopping))
    .use(progressRoutes(services.progress))
    .use(credentialsRoutes(services.refresh))
    .use(streamsRoutes({ streams: services.streams, clock, settings, server }))
    .use(healthRoutes(services.health))
