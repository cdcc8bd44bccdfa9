import { z } from 'zod'

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
