import { z } from 'zod'
import { optional } from '../../platform/http/schema.ts'
import { ACTIVITY_LEVELS, type ActivityLevel } from '../channel-search/model.ts'
import type { ChannelFilter } from '../channel-search/repository.ts'
import {
  filterChoice,
  filterInteger,
  filterLanguage,
  filterShare,
  inOrder,
  integer,
  onlySet,
  pageQuery,
  uuid,
} from '../fields.ts'

/** Filters of a segment as they are stored and shown; absent ones are not set (love-parser §5). */
export interface SegmentFilters {
  engagement_min?: number
  engagement_max?: number
  min_subscribers?: number
  max_subscribers?: number
  activity_level?: ActivityLevel
  language?: string
  post_frequency?: 'daily' | 'weekly' | 'monthly'
}

const LEVEL_OF_FREQUENCY = { daily: 'high', weekly: 'medium', monthly: 'low' } as const
const engagement = inOrder<SegmentFilters>('engagement_min', 'engagement_max')
const subscribers = inOrder<SegmentFilters>('min_subscribers', 'max_subscribers')

const filters = z
  .object({
    engagement_min: filterShare(),
    engagement_max: filterShare(),
    min_subscribers: filterInteger(0),
    max_subscribers: filterInteger(1),
    activity_level: filterChoice(ACTIVITY_LEVELS),
    language: filterLanguage(),
    post_frequency: filterChoice(['daily', 'weekly', 'monthly']),
  })
  .refine(engagement.check, engagement.problem)
  .refine(subscribers.check, subscribers.problem)
  .transform((given) => onlySet<SegmentFilters>(given))

export const segmentRequest = z
  .object({
    name: z.string().trim().min(3).max(128),
    description: z
      .string()
      .trim()
      .max(500)
      .nullish()
      .transform((text) => text || null),
    source_parsing_id: uuid(),
    filters: optional(filters),
  })
  .meta({
    examples: [
      { name: 'Lively ones', source_parsing_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34', filters: { activity_level: 'high' } },
    ],
  })
export type SegmentRequest = z.output<typeof segmentRequest>
export const segmentChange = z.object({ filters: optional(filters) }).meta({ examples: [{ filters: { min_subscribers: 5000 } }] })
export const segmentParams = z.object({
  segment_id: uuid()
    .describe('id of the segment')
    .meta({ examples: ['0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45'] }),
})
export const segmentsQuery = pageQuery(20)
export const previewQuery = z.object({ limit: integer(1, 100).default(10).describe('most recipients') })

export const segmentView = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    source_parsing_id: z.string().nullable(),
    filters: z.looseObject({}),
    total_recipients: z.int(),
    status: z.enum(['ready', 'processing', 'failed']),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({
    id: 'Segment',
    examples: [
      {
        id: '0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45',
        name: 'Lively ones',
        description: null,
        source_parsing_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34',
        filters: { activity_level: 'high' },
        total_recipients: 12,
        status: 'ready',
        created_at: '2026-01-15T09:01:00.000Z',
        updated_at: '2026-01-15T09:01:00.000Z',
      },
    ],
  })
export type SegmentView = z.infer<typeof segmentView>
export const previewView = z
  .object({
    total: z.int(),
    preview: z.array(
      z.object({
        username: z.string().nullable(),
        user_id: z.string(),
        engagement_score: z.number(),
        activity_level: z.enum(ACTIVITY_LEVELS),
      }),
    ),
  })
  .meta({
    id: 'SegmentPreview',
    examples: [
      {
        total: 12,
        preview: [{ username: '@teaday', user_id: '1001', engagement_score: 0.82, activity_level: 'high' }],
      },
    ],
  })

/** A segment's filters as a condition on channels. */
export const channelFilter = (given: SegmentFilters): ChannelFilter => ({
  minScore: given.engagement_min,
  maxScore: given.engagement_max,
  minMembers: given.min_subscribers,
  maxMembers: given.max_subscribers,
  levels: [
    ...(given.activity_level ? [given.activity_level] : []),
    ...(given.post_frequency ? [LEVEL_OF_FREQUENCY[given.post_frequency]] : []),
  ],
  language: given.language,
})
