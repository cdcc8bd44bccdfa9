import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { categoryKey } from './identity.ts'

/** A subquery `(category_key, total)`: active products of each category, for queries that join it. */
export const PRODUCTS_BY_CATEGORY =
  'select category_key, count(*) as total from products where is_active and category_key is not null group by category_key'
const SAMPLES = 3

/** Examples of what a category holds. */
export const createCategorySamples = (db: Db) => {
  const titles = db.statement<{ category: string; titles: string | string[] }>('products_titles_of_categories', {
    sqlite: `select k.value as category, (select json_group_array(title) from
        (select p.title from products p where p.is_active and p.category_key = k.value limit ${SAMPLES})) as titles
      from json_each(:keys) k`,
    postgres: `select k.key as category, coalesce(s.titles, '[]'::jsonb) as titles
      from jsonb_array_elements_text(:keys::text::jsonb) as k(key)
      left join lateral (select jsonb_agg(t.title) as titles from
        (select p.title from products p where p.is_active and p.category_key = k.key limit ${SAMPLES}) t) s on true`,
  })
  return {
    /** Titles of up to 3 active products of each category, by the category's name. */
    *of(tx: Tx, names: string[]): Steps<Map<string, string[]>> {
      if (names.length === 0) return new Map()
      const rows = yield* tx.run(titles, { keys: JSON.stringify(names.map(categoryKey)) })
      const byKey = new Map(
        rows.map((row) => [row.category, typeof row.titles === 'string' ? (JSON.parse(row.titles) as string[]) : row.titles]),
      )
      return new Map(names.map((name) => [name, byKey.get(categoryKey(name)) ?? []]))
    },
  }
}
export type CategorySamples = ReturnType<typeof createCategorySamples>
