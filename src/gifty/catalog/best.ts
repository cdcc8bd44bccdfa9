import type { Db } from '../../platform/db/index.ts'

/** Active products by their score, best first, then those without one, newest change first. Ties by gift id. */
export const createBestScored = (db: Db) => {
  const cast = (name: string) => db.fragments.param(name, 'float8')
  const prices = `(${cast('min_price')} is null or p.price >= ${cast('min_price')}) and (${cast('max_price')} is null or p.price <= ${cast('max_price')})`
  const id = db.fragments.bytewise('p.gift_id')
  const limit = db.fragments.limit('max')
  // The literal conditions are those of the partial indices.
  const scored = db.statement<{ gift_id: string }>(
    'products_best',
    `select p.gift_id from products p where p.is_active and p.llm_gift_score is not null and ${prices} order by p.llm_gift_score desc, ${id} limit ${limit}`,
  )
  const unscored = db.statement<{ gift_id: string }>(
    'products_unrated',
    `select p.gift_id from products p where p.is_active and p.needs_scoring and p.llm_gift_score is null and ${prices}
     order by p.updated_at desc, ${id} limit ${limit}`,
  )
  return {
    statements: { scored, unscored },
    /** Ids of the first `max`. */
    async first(max: number, bounds: { minPrice: number | undefined; maxPrice: number | undefined }): Promise<string[]> {
      const params = { min_price: bounds.minPrice ?? null, max_price: bounds.maxPrice ?? null }
      const best = await scored.all({ ...params, max })
      const rest = best.length < max ? await unscored.all({ ...params, max: max - best.length }) : []
      return [...best, ...rest].map((row) => row.gift_id)
    },
  }
}
export type BestScored = ReturnType<typeof createBestScored>
