import { Elysia } from 'elysia'
import type { LoveParserSurface } from '../surface.ts'
import { dashboardView } from './model.ts'
import type { DashboardService } from './service.ts'

/** The dashboard (love-parser §3). */
export const dashboardRoutes = (surface: LoveParserSurface, dashboard: DashboardService) =>
  new Elysia({ detail: { tags: ['love parser: dashboard'] } })
    .use(surface)
    .get(
      '/dashboard',
      async ({ principal }) => new Response(await dashboard.show(principal), { headers: { 'content-type': 'application/json' } }),
      {
        rate: 'general',
        auth: 'user',
        response: { 200: dashboardView },
        detail: { summary: 'Show the dashboard', description: 'Profile, plan, limits, totals and the newest activity.' },
      },
    )
