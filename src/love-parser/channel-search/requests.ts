import { z } from 'zod'
import { filterChoice, filterInteger, filterLanguage, inOrder, onlySet, pageQuery, uuid } from '../fields.ts'
import { ACTIVITY_LEVELS, type SearchFilters } from './model.ts'

const order = inOrder<SearchFilters>('min_subscribers', 'max_subscribers')

export const searchRequest = z.object({
  query: z.string().trim().min(2).max(512),
  filters: z
    .object({
      language: filterLanguage(),
      min_subscribers: filterInteger(0),
      max_subscribers: filterInteger(1),
      activity_level: filterChoice(ACTIVITY_LEVELS),
    })
    .refine(order.check, { message: order.message })
    .transform((filters) => onlySet<SearchFilters>(filters))
    .optional(),
})
export const searchParams = z.object({ search_id: uuid() })
export const historyQuery = pageQuery(20)
export const resultsQuery = pageQuery(50).extend({ sort_by: z.enum(['subscribers', 'activity']).default('subscribers') })
export const exportQuery = z.object({ format: z.enum(['csv', 'ndjson']).default('csv') })
