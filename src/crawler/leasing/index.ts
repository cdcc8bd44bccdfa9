import { Elysia } from 'elysia'
import type { Clock } from '../../platform/clock.ts'
import { shuttingDown, storable } from '../envelope.ts'
import type { CrawlerSurface } from '../surface.ts'
import { leaseAnswer, leaseBody } from './model.ts'
import type { Leasing } from './service.ts'

/** Leases over HTTP (§7.6). */
export const leasingRoutes = (surface: CrawlerSurface, leasing: Leasing, clock: Clock, isStopping: () => boolean) =>
  new Elysia({ detail: { tags: ['crawler: leasing'] } }).use(surface).post(
    '/tasks/lease',
    async ({ request, call, body }) => {
      if (isStopping()) throw shuttingDown()
      const data = await leasing.lease(storable(body, call.bodyText ?? ''), request.signal)
      return { data, meta: { count: data.length, serverTime: new Date(clock.now()).toISOString() } }
    },
    {
      auth: 'tasks',
      rate: 'general',
      bodyLimit: 'single',
      body: leaseBody,
      response: { 200: leaseAnswer },
      detail: {
        summary: 'Lease tasks',
        description:
          'By priority, then age; waits up to `waitSeconds` for the first. At least once: the fence makes the effect once.',
      },
    },
  )
