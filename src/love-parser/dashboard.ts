import { Elysia } from 'elysia'
import { z } from 'zod'
import type { Clock } from '../platform/clock.ts'
import { JSON_TYPE } from '../platform/http/family.ts'
import { createLru } from '../platform/shared.ts'
import { userProfile } from './accounts/profile.ts'
import type { Session } from './accounts/service.ts'
import { CATEGORIES, UNLIMITED } from './subscriptions/periods.ts'
import type { SubscriptionView } from './subscriptions/service.ts'
import type { LoveParserSurface } from './surface.ts'

/** The dashboard (love-parser §3). */
export const dashboardRoutes = (surface: LoveParserSurface, dashboard: DashboardService) =>
  new Elysia({ detail: { tags: ['love parser: dashboard'] } })
    .use(surface)
    .get(
      '/dashboard',
      async ({ principal }) => new Response(await dashboard.show(principal), { headers: { 'content-type': JSON_TYPE } }),
      {
        rate: 'general',
        auth: 'user',
        response: { 200: dashboardView },
        detail: { summary: 'Show the dashboard', description: 'Profile, plan, limits, totals and the newest activity.' },
      },
    )

const limit = z.union([z.int(), z.literal('unlimited')])
const text = z.string().nullable()

/** The dashboard (love-parser §3). */
export const dashboardView = z
  .object({
    user_profile: z.object({ name: text, username: text, photo_url: text, phone: text }),
    subscription: z.object({
      plan: z.enum(['year', 'month', 'week', 'free']),
      status: z.enum(['active', 'expired']),
      expires_at: text,
      renewal_status: z.enum(['expired', 'auto', 'manual']),
    }),
    limits: z.object({
      parsing_limit: limit,
      parsing_used: z.int(),
      audience_limit: limit,
      audience_used: z.int(),
      broadcast_limit: limit,
      broadcast_used: z.int(),
    }),
    stats: z.object({
      total_channels_found: z.int(),
      total_audience_analyzed: z.int(),
      total_broadcasts_sent: z.literal(0),
      recent_activity: z.array(
        z.object({
          type: z.enum(['parsing', 'audience']),
          name: z.string(),
          created_at: z.string(),
          status: z.enum(['completed', 'failed', 'in_progress']),
        }),
      ),
    }),
  })
  .meta({
    id: 'LoveParserDashboard',
    examples: [
      {
        user_profile: { name: 'Ann', username: '@ann', photo_url: null, phone: '+79990000001' },
        subscription: {
          plan: 'month',
          status: 'active',
          expires_at: '2026-02-14T09:00:00.000Z',
          renewal_status: 'manual',
        },
        limits: {
          parsing_limit: 100,
          parsing_used: 3,
          audience_limit: 50,
          audience_used: 1,
          broadcast_limit: 'unlimited',
          broadcast_used: 0,
        },
        stats: {
          total_channels_found: 42,
          total_audience_analyzed: 12,
          total_broadcasts_sent: 0,
          recent_activity: [{ type: 'parsing', name: 'tea shops', created_at: '2026-01-15T09:00:00.000Z', status: 'completed' }],
        },
      },
    ],
  })
export type Dashboard = z.infer<typeof dashboardView>

const KEEP_MS = 300_000
const MAX_KEPT = 10_000
const RECENT = 5

interface Activity {
  name: string
  createdAt: string
  status: string
}
export interface DashboardDeps {
  clock: Clock
  subscriptionOf(userId: string, now: Date): Promise<SubscriptionView>
  searches(userId: string, limit: number): Promise<Activity[]>
  segments(userId: string, limit: number): Promise<Activity[]>
  totalFound(userId: string): Promise<number>
  totalRecipients(userId: string): Promise<number>
}

/** Whether the web app has to show the cards of plans, the only way to pay: it does so unless the status is `active`. */
const offersPlans = ({ active, plan }: SubscriptionView): boolean => !active || plan === 'free'

const activityStatus = (status: string) =>
  status === 'completed' || status === 'ready' ? 'completed' : status === 'failed' ? 'failed' : 'in_progress'

/**
 * The dashboard (love-parser §3). Kept per user for at most 300 s and only as long as the user's revision stands: every transaction
 * that changes what it shows raises that number, so that every process recognises an outdated copy.
 */
export const createDashboard = ({ clock, subscriptionOf, searches, segments, totalFound, totalRecipients }: DashboardDeps) => {
  const kept = createLru<string, { revision: number; until: number; text: string }>(MAX_KEPT)

  const compose = async ({ user }: Session, at: Date): Promise<{ view: Dashboard; until: number }> => {
    const [subscription, newSearches, newSegments, found, recipients] = await Promise.all([
      subscriptionOf(user.id, at),
      searches(user.id, RECENT),
      segments(user.id, RECENT),
      totalFound(user.id),
      totalRecipients(user.id),
    ])
    const { current } = subscription
    const activity = [
      ...newSearches.map((search) => ({ type: 'parsing' as const, ...search })),
      ...newSegments.map((segment) => ({ type: 'audience' as const, ...segment })),
    ].sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0))
    const limits: Record<string, number | 'unlimited'> = {}
    let until = at.getTime() + KEEP_MS
    // These change with time alone: the cached dashboard must not outlive them.
    const turns = (moment: Date | null | undefined) => {
      if (moment && moment > at) until = Math.min(until, moment.getTime())
    }
    turns(current?.expiresAt)
    for (const category of CATEGORIES) {
      const { limit, used, resetsAt } = subscription.limits[category]
      limits[`${category}_limit`] = limit === UNLIMITED ? 'unlimited' : limit
      limits[`${category}_used`] = used
      turns(resetsAt)
    }
    const view: Dashboard = {
      user_profile: userProfile(user),
      subscription: {
        plan: subscription.plan,
        status: offersPlans(subscription) ? 'expired' : 'active',
        expires_at: current?.expiresAt.toISOString() ?? null,
        renewal_status: subscription.renewalStatus,
      },
      limits: limits as Dashboard['limits'],
      stats: {
        total_channels_found: found,
        total_audience_analyzed: recipients,
        total_broadcasts_sent: 0,
        recent_activity: activity.map(({ type, name, createdAt, status }) => ({
          type,
          name,
          created_at: createdAt,
          status: activityStatus(status),
        })),
      },
    }
    return { view, until }
  }

  return {
    /** The dashboard as JSON text. */
    async show(session: Session): Promise<string> {
      const { id, revision } = session.user
      const now = clock.now()
      const known = kept.get(id)
      if (known && known.revision === revision && known.until > now) return known.text
      const { view, until } = await compose(session, new Date(now))
      const text = JSON.stringify(view)
      kept.set(id, { revision, until, text })
      return text
    },
  }
}
export type DashboardService = ReturnType<typeof createDashboard>
