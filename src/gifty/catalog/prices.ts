import { z } from 'zod'
import { notFound } from '../../errors.ts'
import type { Db } from '../../platform/db/index.ts'
import { decodeCursor, encodeCursor } from '../../platform/http/lists.ts'
import { invalidField } from '../envelope.ts'
import { absent, integer, nextCursor, text, time } from '../fields.ts'
import { giftHash } from './identity.ts'
import type { CatalogRepository } from './repository.ts'

export const pricesQuery = z.strictObject({
  limit: absent(integer(1, 500), 50).describe('most rows of the page'),
  cursor: text().optional().describe('`next_cursor` of the page before'),
})
type PricesQuery = z.output<typeof pricesQuery>
const pricePoint = z.object({
  price: z.number().nullable(),
  currency: z.string().nullable(),
  seen_at: time(),
  run_id: z.int().nullable().describe('the run that brought it; null of a batch that belongs to none'),
})
const example = { price: 1499.5, currency: 'RUB', seen_at: '2026-01-15T09:03:00.000Z', run_id: 17 }
export const pricesPage = z
  .object({ items: z.array(pricePoint), next_cursor: nextCursor() })
  .meta({ id: 'PriceHistory', examples: [{ items: [example], next_cursor: null }] })
export const productRun = z.object({ run_id: z.int(), seen_at: time().describe('when it last brought a price of the product') })

/** Prices that are looked at for the runs of a product. */
const LOOKED_AT = 1000
const RUNS = 10

type StoredPrice = {
  id: number | string
  price: number | null
  currency: string | null
  run_id: number | string | null
  ms: number | string
}
/** Queries of the prices of one product. */
export const priceQueries = (db: Db) => {
  const { param, ms, limit, either } = db.fragments
  const seenAt = ms('seen_at')
  const at = param('at', 'timestamptz')
  const page = db.statement<StoredPrice>(
    'prices_page',
    `select id, price, currency, run_id, ${seenAt} as ms from product_prices where gift_hash = ${param('hash', 'text')}
       and (${at} is null or (seen_at <= ${at} and (seen_at < ${at} or id < ${param('id', 'bigint')})))
     order by seen_at desc, id desc limit ${limit('max')}`,
  )
  const runs = db.statement<{ run_id: number | string; ms: number | string }>(
    'prices_runs',
    `select run_id, max(${ms('seen_at')}) as ms from (select run_id, seen_at from product_prices where gift_hash = ${param('hash', 'text')}
       order by seen_at desc limit ${LOOKED_AT}) newest
     where run_id is not null group by run_id order by ${either('ms', '2')} desc, run_id desc limit ${RUNS}`,
  )
  return { page, runs }
}

export interface PriceHistoryDeps {
  repository: Pick<CatalogRepository, 'find'>
  queries: ReturnType<typeof priceQueries>
}
/** The whole price history of a product (operations §10): one row for its first price and one for each change. */
export const createPriceHistory = ({ repository, queries }: PriceHistoryDeps) => ({
  /** @throws AppError 404, 422 */
  async page(giftId: string, { limit, cursor }: PricesQuery): Promise<z.infer<typeof pricesPage>> {
    const place = cursor === undefined ? [null, null] : decodeCursor(cursor)
    const isPlace = place?.length === 2 && (cursor === undefined || place.every((part) => Number.isSafeInteger(part)))
    const isTime = isPlace && (place[0] === null || Math.abs(place[0] as number) < Date.UTC(10_000, 0))
    if (!isTime) throw invalidField(['query', 'cursor'], 'Input should be a cursor of this list', cursor)
    const [ms, id] = place as [number | null, number | null]
    const hash = giftHash(giftId)
    if (!(await repository.find(hash))) throw notFound('Product not found')
    const rows = await queries.page.all({ hash, at: ms === null ? null : new Date(ms), id, max: limit + 1 })
    const shown = rows.slice(0, limit)
    const last = shown.at(-1)
    return {
      items: shown.map(({ price, currency, run_id: runId, ms: at }) => ({
        ...{ price, currency, seen_at: new Date(Number(at)).toISOString(), run_id: runId === null ? null : Number(runId) },
      })),
      next_cursor: rows.length > limit && last ? encodeCursor([Number(last.ms), Number(last.id)]) : null,
    }
  },
  /** The last runs that brought the product or changed its price, newest first. */
  runsOf: async (hash: string): Promise<z.infer<typeof productRun>[]> =>
    (await queries.runs.all({ hash })).map(({ run_id: runId, ms }) => ({
      run_id: Number(runId),
      seen_at: new Date(Number(ms)).toISOString(),
    })),
})
export type PriceHistory = ReturnType<typeof createPriceHistory>
