import { Elysia } from 'elysia'
import { sessionOf } from '../family.ts'
import { operation } from '../operation.ts'
import { dashboardView } from './model.ts'
import type { DashboardService } from './service.ts'

const described = operation('dashboard')

/** The dashboard (love-parser §3). */
export const dashboardRoutes = (dashboard: DashboardService) =>
  new Elysia().get(
    '/dashboard',
    async ({ request }) =>
      new Response(await dashboard.show(sessionOf(request)), { headers: { 'content-type': 'application/json' } }),
    {
      detail: described('Show the dashboard', 'Profile, plan, limits, totals and the newest activity.', {
        200: dashboardView,
      }),
    },
  )
