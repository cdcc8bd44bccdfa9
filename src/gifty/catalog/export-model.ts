import { z } from 'zod'
import { absent, boolean, instant, integer, number, text } from '../fields.ts'

/** What narrows a list of products; an export takes the same. */
export const productFilters = {
  site_key: text().optional().describe('only products of this site'),
  category: text().optional().describe('only products with this category name of their shop'),
  min_price: number(0).optional().describe('lowest price'),
  max_price: number(0).optional().describe('highest price'),
  is_active: absent(boolean(), true).describe('only active products, or only inactive ones'),
  gift_id: text().optional().describe('only this product'),
  source_id: integer(1).optional().describe('only products last ingested for this source'),
  updated_after: instant().optional().describe('only products that have changed since'),
}

/** How a field is read, and written in each format: times are milliseconds, JSON is text. */
export type FieldKind = 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'json'
export interface ExportField {
  name: string
  kind: FieldKind
  /** Whether many products have the same value: Parquet writes those once. */
  repeats?: true
}
const field = (name: string, kind: FieldKind = 'text', repeats?: true): ExportField => ({
  name,
  kind,
  ...(repeats && { repeats }),
})
/** The product of the lists, in its order. */
export const PRODUCT_FIELDS: readonly ExportField[] = [
  field('gift_id'),
  field('site_key', 'text', true),
  field('source_id', 'integer', true),
  field('title'),
  field('description'),
  field('price', 'number'),
  field('currency', 'text', true),
  field('image_url'),
  field('product_url'),
  field('merchant', 'text', true),
  field('category', 'text', true),
  field('is_active', 'boolean'),
  field('content_text'),
  field('content_hash'),
  field('llm_gift_score', 'number'),
  field('llm_gift_reasoning'),
  field('llm_gift_vector', 'json'),
  field('llm_scoring_model', 'text', true),
  field('llm_scoring_version', 'text', true),
  field('llm_scored_at', 'time'),
  field('needs_scoring', 'boolean'),
  field('created_at', 'time'),
  field('updated_at', 'time'),
  field('last_seen_at', 'time'),
]
export const RAW_FIELD = field('raw_data', 'json')
const ALL_FIELDS = [...PRODUCT_FIELDS, RAW_FIELD]
const NAMES = ALL_FIELDS.map(({ name }) => name)

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export const exportQuery = z.strictObject({
  ...productFilters,
  format: z.enum(EXPORT_FORMATS).default('csv').describe('form of the file'),
  fields: z
    .string()
    .transform((value) => [...new Set(value.split(',').map((name) => name.trim()))])
    .pipe(z.array(z.enum(NAMES)).min(1).max(NAMES.length))
    .optional()
    .describe('a comma list of fields of the product, written in this order; all when absent'),
  include: z.enum(['raw_data']).optional().describe('also what else the worker sent of the product'),
  excel: absent(boolean(), false).describe('CSV as spreadsheets read it: byte order mark, semicolons, decimal commas'),
  after: text(1).optional().describe('gift id of the last row that was read: goes on behind it'),
})
export type ExportQuery = z.output<typeof exportQuery>

/** The fields of a file in its order. */
export const fieldsOf = ({ fields, include }: Pick<ExportQuery, 'fields' | 'include'>): readonly ExportField[] => {
  const named = fields ? fields.map((name) => ALL_FIELDS[NAMES.indexOf(name)] as ExportField) : PRODUCT_FIELDS
  return include && !named.includes(RAW_FIELD) ? [...named, RAW_FIELD] : named
}
