import { z } from 'zod'
import { optional } from '../../platform/http/schema.ts'
import { filterChoice, filterInteger, filterLanguage, inOrder, onlySet, pageQuery, uuid } from '../fields.ts'
import type { ChannelRow, SearchSummary } from './repository.ts'

export const ACTIVITY_LEVELS = ['low', 'medium', 'high'] as const
export type ActivityLevel = (typeof ACTIVITY_LEVELS)[number]
const SNAPSHOT_STATUSES = ['pending', 'initializing', 'scanning_channels', 'analyzing_data', 'completed', 'failed'] as const

/** Filters of a search as they are stored and shown; absent ones are not set (love-parser §4). */
export interface SearchFilters {
  language?: string
  min_subscribers?: number
  max_subscribers?: number
  activity_level?: ActivityLevel
}

/** What the progress stream shows (love-parser §4). */
export const snapshotView = z
  .object({
    searchId: z.string(),
    status: z.enum(SNAPSHOT_STATUSES),
    progress: z.number().describe('0 to 100'),
    current: z.number(),
    total: z.number(),
    results: z.number().optional(),
    error: z.string().optional(),
    message: z.string().optional(),
    attempt: z.int(),
    source: z.enum(['sandbox', 'mtproto']),
    updated_at: z.string(),
  })
  .meta({
    id: 'SearchSnapshot',
    examples: [
      {
        searchId: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34',
        status: 'scanning_channels',
        progress: 40,
        current: 40,
        total: 100,
        attempt: 1,
        source: 'sandbox',
        updated_at: '2026-01-15T09:00:05.000Z',
      },
    ],
  })
/** The same as it is kept. `version` grows with every change; it is the stream's event id. */
export type Snapshot = z.infer<typeof snapshotView> & { version: number }
export const isTerminal = (snapshot: Snapshot) => snapshot.status === 'completed' || snapshot.status === 'failed'

const source = z.enum(['sandbox', 'mtproto'])
export const acceptedView = z
  .object({ search_id: z.string(), status: z.literal('processing'), progress: z.literal(0), source })
  .meta({
    id: 'AcceptedSearch',
    examples: [{ search_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34', status: 'processing', progress: 0, source: 'sandbox' }],
  })
/** A search as lists show it. */
export const searchEntry = z
  .object({
    id: z.string(),
    query: z.string(),
    filters: z.looseObject({}),
    status: z.enum(['pending', 'processing', 'completed', 'failed']),
    created_at: z.string(),
    results_count: z.int(),
    source,
    error: z.string().nullable(),
    completed_at: z.string().nullable(),
  })
  .meta({
    id: 'Search',
    examples: [
      {
        id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34',
        query: 'tea shops',
        filters: { language: 'en', min_subscribers: 1000 },
        status: 'completed',
        created_at: '2026-01-15T09:00:00.000Z',
        results_count: 42,
        source: 'sandbox',
        error: null,
        completed_at: '2026-01-15T09:00:20.000Z',
      },
    ],
  })
export type SearchEntry = z.infer<typeof searchEntry>
export const channelView = z
  .object({
    channel_id: z.string(),
    title: z.string().nullable(),
    username: z.string().nullable(),
    subscribers: z.int(),
    description: z.string().nullable(),
    activity_score: z.number(),
    activity_level: z.enum(ACTIVITY_LEVELS),
    last_post: z.string().nullable(),
  })
  .meta({
    id: 'Channel',
    examples: [
      {
        channel_id: '1001',
        title: 'Tea every day',
        username: '@teaday',
        subscribers: 12_400,
        description: 'News of tea shops',
        activity_score: 0.82,
        activity_level: 'high',
        last_post: '2026-01-15T08:40:00.000Z',
      },
    ],
  })
export type ChannelView = z.infer<typeof channelView>
export const resultsView = z
  .object({
    total: z.int().meta({ examples: [42] }),
    page: z.int().meta({ examples: [1] }),
    limit: z.int().meta({ examples: [50] }),
    results: z.array(channelView),
    source,
  })
  .meta({ id: 'SearchResults' })

/** A search as lists show it (love-parser §4). */
export const searchView = (row: SearchSummary): SearchEntry => ({
  id: row.id,
  query: row.query,
  filters: { ...row.filters },
  status: row.status,
  created_at: row.createdAt.toISOString(),
  results_count: row.resultCount,
  source: row.source,
  error: row.errorMessage,
  completed_at: row.completedAt?.toISOString() ?? null,
})

/** A channel as results and exports show it (love-parser §4). */
export const channelViewOf = (row: Omit<ChannelRow, 'searchId' | 'language'>): ChannelView => ({
  channel_id: row.channelId,
  title: row.title,
  username: row.username === null ? null : `@${row.username}`,
  subscribers: row.memberCount,
  description: row.description,
  activity_score: row.activityScore,
  activity_level: row.activityLevel,
  last_post: row.lastPost?.toISOString() ?? null,
})

const order = inOrder<SearchFilters>('min_subscribers', 'max_subscribers')

export const searchRequest = z
  .object({
    query: z.string().trim().min(2).max(512),
    filters: optional(
      z
        .object({
          language: filterLanguage(),
          min_subscribers: filterInteger(0),
          max_subscribers: filterInteger(1),
          activity_level: filterChoice(ACTIVITY_LEVELS),
        })
        .refine(order.check, order.problem)
        .transform((filters) => onlySet<SearchFilters>(filters)),
    ),
  })
  .meta({ examples: [{ query: 'tea shops', filters: { language: 'en', min_subscribers: 1000 } }] })
export const searchParams = z.object({
  search_id: uuid()
    .describe('id of the search')
    .meta({ examples: ['0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34'] }),
})
export const historyQuery = pageQuery(20)
export const resultsQuery = pageQuery(50).extend({
  sort_by: z.enum(['subscribers', 'activity']).default('subscribers').describe('what the highest come first by'),
})
const EXPORT_FORMATS = ['csv', 'excel', 'ndjson'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]
export const exportQuery = z.object({ format: z.enum(EXPORT_FORMATS).default('csv').describe('form of the file') })
