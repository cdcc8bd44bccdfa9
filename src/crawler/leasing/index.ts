import { Elysia } from 'elysia'
import type { Clock } from '../../platform/clock.ts'
import { shuttingDown } from '../envelope.ts'
import { read } from '../family.ts'
import { operation } from '../operation.ts'
import { leaseAnswer, leaseBody } from './model.ts'
import type { Leasing } from './service.ts'

/** Leases over HTTP (§7.6). */
export const leasingRoutes = (leasing: Leasing, clock: Clock, isStopping: () => boolean) =>
  new Elysia().post(
    '/tasks/lease',
    async ({ request }) => {
      const body = read(request, leaseBody)
      if (isStopping()) throw shuttingDown()
      const data = await leasing.lease(body, request.signal)
      return { data, meta: { count: data.length, serverTime: new Date(clock.now()).toISOString() } }
    },
    {
      detail: operation(
        'leasing',
        { auth: 'tasks', body: 1 },
        'Lease tasks',
        'By priority, then age; waits up to `waitSeconds` for the first. At least once: the fence makes the effect once.',
        { 200: leaseAnswer },
        [],
        { requestBody: leaseBody },
      ),
    },
  )
