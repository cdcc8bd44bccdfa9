import { type CsvSeparator, csvCell, isFormula, isFormulaExceptAt } from '../../platform/http/lists.ts'
import type { ExportFormat } from './model.ts'
import type { ExportedRow, ExportPlace } from './repository.ts'

/** Rows held in memory at once. */
const PAGE_ROWS = 1000
const COLUMNS = ['id', 'title', 'username', 'subscribers', 'description', 'activity', 'last_post']
/** 0.00 to 1.00: written far oftener than there are values. */
const SCORES = Array.from({ length: 101 }, (_, hundredths) => (hundredths / 100).toFixed(2))

const score = (value: number): string => SCORES[Math.round(value * 100)] ?? value.toFixed(2)
const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** The cells of a row, in the order of `COLUMNS`. `formulaOfNames` says what is a formula in a column of names. */
const cells = (row: ExportedRow, formulaOfNames: (text: string) => boolean, separator: CsvSeparator): string[] => [
  csvCell(row.channel_id, formulaOfNames, separator),
  csvCell(row.title, isFormula, separator),
  csvCell(row.username, formulaOfNames, separator),
  String(row.subscribers),
  csvCell(row.description, isFormula, separator),
  score(row.activity_score),
  time(row.last_post) ?? '',
]
/** Spreadsheets of a language with decimal commas take `0.50` for a text, or for a date. */
const withDecimalComma = (row: string[]): string[] => row.with(5, (row[5] as string).replace('.', ','))

interface Writer {
  type: string
  file: string
  head: string
  line(row: ExportedRow, source: string): string
}
const WRITERS: Record<ExportFormat, Writer> = {
  // Lines are separated, not ended: the last one has no newline (love-parser §4).
  csv: {
    type: 'text/csv; charset=utf-8',
    file: 'parsing_results.csv',
    head: COLUMNS.join(','),
    line: (row) => `\n${cells(row, isFormulaExceptAt, ',').join(',')}`,
  },
  // Excel takes a file without a byte order mark for the system's old code page, and reads `@name` as a formula.
  excel: {
    type: 'text/csv; charset=utf-8',
    file: 'parsing_results.csv',
    head: `\ufeff${COLUMNS.join(';')}`,
    line: (row) => `\r\n${withDecimalComma(cells(row, isFormula, ';')).join(';')}`,
  },
  ndjson: {
    type: 'application/x-ndjson; charset=utf-8',
    file: 'parsing_results.ndjson',
    head: '',
    line: ({ last_post, language, ...channel }, source) =>
      `${JSON.stringify({ ...channel, last_post: time(last_post), language, source })}\n`,
  },
}

/**
 * A search's channels as a file, page by page: memory holds one page however long the file. The first page is read before the answer
 * starts, so that a failure then is still an error response.
 */
export const exportChannels = async (
  format: ExportFormat,
  source: string,
  read: (after: ExportPlace, limit: number) => Promise<ExportedRow[]>,
): Promise<Response> => {
  const { type, file, head, line } = WRITERS[format]
  const encoder = new TextEncoder()
  let rows = await read({ subscribers: Number.MAX_SAFE_INTEGER, channel_id: '' }, PAGE_ROWS)
  let text = head
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (const row of rows) text += line(row, source)
      const last = rows[PAGE_ROWS - 1]
      rows = last ? await read(last, PAGE_ROWS) : []
      if (text !== '') controller.enqueue(encoder.encode(text))
      text = ''
      if (rows.length === 0) controller.close()
    },
  })
  return new Response(stream, {
    headers: {
      'content-type': type,
      'content-disposition': `attachment; filename="${file}"`,
      'x-data-source': source,
      'cache-control': 'no-store',
    },
  })
}
