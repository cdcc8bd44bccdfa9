import type { Clock } from '../../platform/clock.ts'
import { createLru } from '../../platform/shared.ts'
import { userProfile } from '../accounts/model.ts'
import type { Session } from '../accounts/service.ts'
import { CATEGORIES, UNLIMITED } from '../subscriptions/periods.ts'
import type { SubscriptionView } from '../subscriptions/service.ts'
import type { Dashboard } from './model.ts'

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
    const { current, active } = subscription
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
        status: active ? 'active' : 'expired',
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
