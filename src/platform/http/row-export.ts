import { type CsvSeparator, csvCell, isFormula } from './lists.ts'

export const ROW_FORMATS = ['csv', 'ndjson'] as const
export type RowFormat = (typeof ROW_FORMATS)[number]

const TYPES: Record<RowFormat, string> = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
}
/** A value in a CSV cell: JSON where it is no plain value. Only texts can be formulas. */
const cellOf = (value: unknown, separator: CsvSeparator): string => {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return csvCell(typeof value === 'string' ? value : JSON.stringify(value), isFormula, separator)
}

/**
 * A file of the rows of a list, page by page: memory holds one page. CSV as RFC 4180 with a header row, where texts that a spreadsheet would
 * run get an apostrophe; NDJSON is an object a line. The first page is read before the answer starts, so that a failure then is an error.
 */
export const rowExport = async <Row extends object>(
  pages: AsyncGenerator<Row[], void>,
  { format, columns, name }: { format: RowFormat; columns: readonly (keyof Row & string)[]; name: string },
): Promise<Response> => {
  const encoder = new TextEncoder()
  const write =
    format === 'csv'
      ? (row: Row) => `${columns.map((column) => cellOf(row[column], ',')).join(',')}\r\n`
      : (row: Row) => `${JSON.stringify(row)}\n`
  let next: IteratorResult<Row[], void> | undefined = await pages.next()
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (format === 'csv') controller.enqueue(encoder.encode(`${columns.join(',')}\r\n`))
      },
      async pull(controller) {
        // A pull that enqueues nothing is not followed by another: an empty page is passed over here.
        for (;;) {
          const { done, value } = next ?? (await pages.next())
          next = undefined
          if (done) return controller.close()
          // SQLite answers at once: others get their turn here.
          await new Promise((resolve) => setImmediate(resolve))
          if (value.length === 0) continue
          return controller.enqueue(encoder.encode(value.map(write).join('')))
        }
      },
      async cancel() {
        await pages.return(undefined)
      },
    },
    { highWaterMark: 1 },
  )
  const headers = {
    'content-type': TYPES[format],
    'content-disposition': `attachment; filename="${name}.${format}"`,
    'cache-control': 'no-store',
  }
  return new Response(body, { headers })
}
