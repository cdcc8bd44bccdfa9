import { csvCell, isFormula } from '../../platform/http/lists.ts'
import { cleanText } from '../../platform/http/request.ts'
import { invalidField } from '../envelope.ts'
import { type ExportField, type ExportFormat, type ExportQuery, fieldsOf, RAW_FIELD } from './export-model.ts'
import type { ExportPages, ExportRow } from './export-pages.ts'
import { giftHash } from './identity.ts'
import type { LookupFilter } from './lookup.ts'

/** Makes a file of pages. */
interface FileWriter {
  /** What it begins with. */
  head?: Uint8Array
  add(page: readonly ExportRow[]): Uint8Array
  /** What it ends with. */
  end?(): Uint8Array
}

const encoder = new TextEncoder()
const isTrue = (value: unknown): boolean => value === true || value === 1
const isoOf = (ms: unknown): string => new Date(Number(ms)).toISOString()

/** CSV of RFC 4180. Texts that a spreadsheet would run get an apostrophe; numbers, times and booleans are ours and need none. */
const csvWriter = (fields: readonly ExportField[], isExcel: boolean): FileWriter => {
  const separator = isExcel ? ';' : ','
  const cells = fields.map(({ name, kind }): ((row: ExportRow) => string) => {
    if (kind === 'text' || kind === 'json') return (row) => csvCell(row[name] as string | null, isFormula, separator)
    if (kind === 'boolean') return (row) => (isTrue(row[name]) ? 'true' : 'false')
    if (kind === 'time') return (row) => (row[name] === null ? '' : isoOf(row[name]))
    // Spreadsheets of a language with decimal commas take `0.50` for a text, or for a date.
    if (kind === 'number' && isExcel) return (row) => (row[name] === null ? '' : String(row[name]).replace('.', ','))
    return (row) => (row[name] === null ? '' : String(row[name]))
  })
  const head = `${isExcel ? '\ufeff' : ''}${fields.map(({ name }) => name).join(separator)}\r\n`
  return {
    head: encoder.encode(head),
    add(page) {
      let text = ''
      for (const row of page) {
        for (let n = 0; n < cells.length; n++) text += n === 0 ? cells[0]!(row) : separator + cells[n]!(row)
        text += '\r\n'
      }
      return encoder.encode(text)
    },
  }
}

/** A JSON object a line. */
const ndjsonWriter = (fields: readonly ExportField[]): FileWriter => {
  const parts = fields.map(({ name, kind }, n): ((row: ExportRow) => string) => {
    const key = `${n === 0 ? '{' : ','}${JSON.stringify(name)}:`
    const write = (value: unknown): string => {
      if (value === null) return 'null'
      if (kind === 'text') return JSON.stringify(value)
      if (kind === 'boolean') return isTrue(value) ? 'true' : 'false'
      if (kind === 'time') return `"${isoOf(value)}"`
      // JSON is stored as text; a line break between its parts would end the line.
      if (kind === 'json')
        return (value as string).includes('\n') ? JSON.stringify(JSON.parse(value as string)) : (value as string)
      return String(value)
    }
    return (row) => key + write(row[name])
  })
  return {
    add(page) {
      let text = ''
      for (const row of page) {
        for (const part of parts) text += part(row)
        text += '}\n'
      }
      return encoder.encode(text)
    },
  }
}

const TYPES: Record<ExportFormat, string> = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
}

/** Exporting the catalogue (operations §10): any number of products, with one page in memory. */
export const createExport =
  (pagesOf: ExportPages) =>
  async (query: ExportQuery): Promise<Response> => {
    const { format } = query
    if (query.excel && format !== 'csv') throw invalidField(['query', 'excel'], 'excel goes with format=csv alone', true)
    if (query.min_price !== undefined && query.max_price !== undefined && query.min_price > query.max_price)
      throw invalidField(['query', 'max_price'], 'Input should not be less than min_price', query.max_price)
    const filter: LookupFilter = {
      isActive: query.is_active,
      minPrice: query.min_price,
      maxPrice: query.max_price,
      siteKeys: query.site_key === undefined ? undefined : [query.site_key],
      categories: query.category === undefined ? undefined : [query.category],
      giftHash: query.gift_id === undefined ? undefined : giftHash(query.gift_id),
      sourceId: query.source_id,
      updatedAfter: query.updated_after,
    }
    const fields = fieldsOf(query)
    const writer: FileWriter =
      format === 'csv'
        ? csvWriter(fields, query.excel)
        : format === 'ndjson'
          ? ndjsonWriter(fields)
          : (await import('./export-parquet.ts')).parquetWriter(fields)
    const start = query.after === undefined ? '' : giftHash(cleanText(query.after))
    const pages = pagesOf(filter, start, fields.includes(RAW_FIELD))
    // The first page is read before the answer starts, so that a failure then is still an error response.
    let next: IteratorResult<ExportRow[], void> | undefined = await pages.next()
    let isCancelled = false
    const body = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          if (writer.head) controller.enqueue(writer.head)
        },
        async pull(controller) {
          // A pull that enqueues nothing is not followed by another: a page that only fills a group is passed over here.
          for (let isEmpty = true; isEmpty && !isCancelled; ) {
            const { done, value } = next ?? (await pages.next())
            next = undefined
            if (isCancelled) return
            const chunk = done ? writer.end?.() : writer.add(value)
            if (chunk && chunk.length > 0) {
              controller.enqueue(chunk)
              isEmpty = false
            }
            if (!done) continue
            controller.close()
            return
          }
        },
        async cancel() {
          isCancelled = true
          await pages.return(undefined)
        },
      },
      { highWaterMark: 1 },
    )
    return new Response(body, {
      headers: {
        'content-type': TYPES[format],
        'content-disposition': `attachment; filename="products.${format}"`,
        'cache-control': 'no-store',
      },
    })
  }
export type ExportProducts = ReturnType<typeof createExport>
