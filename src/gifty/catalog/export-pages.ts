import type { Db } from '../../platform/db/index.ts'
import { rowsThatFit } from '../../platform/http/lists.ts'
import { type ExportField, PRODUCT_FIELDS, RAW_FIELD } from './export-model.ts'
import { type LookupFilter, productConditions } from './lookup.ts'

/** A product as the driver answers it: by the names of `export-model`, with its key; times are ms, JSON is text. */
export type ExportRow = Record<string, unknown>

/** Products that one part looks at. SQLite keeps the event loop meanwhile, so that a filter that few pass must not look for a whole page. */
const LOOKED_AT = 1000
/** Products of one page, and bytes of their texts: ten times as many take as long each, and leave ten times as much to the collector at once. */
const PAGE_ROWS = 200
const PAGE_BYTES = 128 * 1024
/** Bytes of products, each counted with what is made of it, after which they are collected: more often takes a third of the speed and saves 10 MB. */
const COLLECT_AFTER = 32 * 1024 * 1024
const ROW_OVERHEAD = 256
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** The column of a field, as it is read. */
const columnOf = ({ name, kind }: ExportField, { either, ms }: Db['fragments']): string => {
  const column = `p.${name === 'raw_data' ? 'raw' : name}`
  const read = kind === 'time' ? ms(column) : kind === 'json' ? either(column, `(${column})::text`) : column
  return `${read} as ${name}`
}

/**
 * Products in the order of `gift_hash`, the one key that both databases index, a page at a time. Each page is a few statements of their own: no transaction
 * is open between them, and since no key ever changes, what existed at the start comes once whatever is ingested meanwhile.
 */
export const exportPages = (db: Db) => {
  const { either, bytes, param, limit } = db.fragments
  const { conditions, paramsOf } = productConditions(db)
  const after = either('likely(:after)', ':after')
  const window = db.statement<{ end: string | null }>(
    'export_window',
    `select max(w.gift_hash) as "end" from (select gift_hash from products where gift_hash > ${after} order by gift_hash limit ${limit('max')}) w`,
  )
  /** Statements over a part of the products: with what workers sent beside the fields, or without. */
  const statementsOf = (suffix: string, fields: readonly ExportField[]) => {
    const weighed = fields.filter(({ kind }) => kind === 'text' || kind === 'json')
    const weight = weighed.map(({ name }) => bytes(name === 'raw_data' ? 'p.raw' : `p.${name}`)).join(' + ')
    const part = `from products p where p.gift_hash > ${after} and p.gift_hash <= ${either('likely(:end)', param('end', 'text'))} and ${conditions}`
    return {
      weights: db.statement<{ key: string; bytes: number | string }>(
        `export_weights${suffix}`,
        `select p.gift_hash as "key", ${weight} as bytes ${part} order by p.gift_hash`,
      ),
      rows: db.statement<ExportRow>(
        `export_rows${suffix}`,
        `select ${fields.map((field) => columnOf(field, db.fragments)).join(', ')} ${part} order by p.gift_hash`,
      ),
    }
  }
  const plain = statementsOf('', PRODUCT_FIELDS)
  const withRaw = statementsOf('_raw', [...PRODUCT_FIELDS, RAW_FIELD])

  /** Pages of products behind `start`, a hash or nothing; none is empty. */
  return async function* (filter: LookupFilter, start: string, hasRaw: boolean): AsyncGenerator<ExportRow[], void> {
    const { weights, rows } = hasRaw ? withRaw : plain
    const passing = paramsOf(filter)
    let made = 0
    const one = filter.giftHash
    if (one !== undefined) {
      // All but its last character comes right before it: one row is looked at, not all before it.
      const page = one > start ? await rows.all({ after: one.slice(0, -1), end: one, ...passing }) : []
      if (page.length > 0) yield page
      return
    }
    for (let from = start; ; ) {
      const end: string | null | undefined = (await window.all({ after: from, max: LOOKED_AT }))[0]?.end
      if (!end) return
      const keys = await weights.all({ after: from, end, ...passing })
      for (let read = 0; read < keys.length; ) {
        const size = rowsThatFit(keys.slice(read, read + PAGE_ROWS), PAGE_ROWS, PAGE_BYTES)
        const last = (keys[read + size - 1] as { key: string }).key
        const page = await rows.all({ after: from, end: last, ...passing })
        from = last
        for (const { bytes: weight } of keys.slice(read, read + size)) made += Number(weight) + ROW_OVERHEAD
        read += size
        if (page.length > 0) yield page
        if (made > COLLECT_AFTER) {
          made = 0
          // At once: in the background it comes too late for what is made meanwhile.
          Bun.gc(true)
        }
        // SQLite answers at once: others get their turn here.
        await turn()
      }
      from = end
      await turn()
    }
  }
}
export type ExportPages = ReturnType<typeof exportPages>
