import type { ChannelRow, ExportPlace } from './repository.ts'
import { channelViewOf } from './view.ts'

export type ExportFormat = 'csv' | 'ndjson'

/** Rows held in memory at once. */
const PAGE_ROWS = 2000
const HEADER = 'id,title,username,subscribers,description,activity,last_post'
/** Before every row: what a spreadsheet would run as a formula. */
const FORMULA = /^[=+\-\t\r]/
const FORMULA_OR_AT = /^[=+\-\t\r@]/
const NEEDS_QUOTES = /[",\r\n]/

const quoted = (text: string) => (NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const cell = (text: string | null, formula: RegExp): string =>
  text === null ? '' : quoted(formula.test(text) ? `'${text}` : text)

/** One line of the CSV without its end (love-parser §4). */
export const csvLine = (row: ChannelRow): string =>
  `${cell(row.channelId, FORMULA)},${cell(row.title, FORMULA_OR_AT)},${cell(row.username === null ? null : `@${row.username}`, FORMULA)},${row.memberCount},${cell(row.description, FORMULA_OR_AT)},${row.activityScore.toFixed(2)},${row.lastPost?.toISOString() ?? ''}`

const WRITERS: Record<ExportFormat, { type: string; file: string; head: string; line(row: ChannelRow, source: string): string }> =
  {
    // Lines are separated, not ended: the last one has no newline.
    csv: { type: 'text/csv; charset=utf-8', file: 'parsing_results.csv', head: HEADER, line: (row) => `\n${csvLine(row)}` },
    ndjson: {
      type: 'application/x-ndjson; charset=utf-8',
      file: 'parsing_results.ndjson',
      head: '',
      line: (row, source) => `${JSON.stringify({ ...channelViewOf(row), language: row.language, source })}\n`,
    },
  }

/**
 * A search's channels as a file, page by page: memory holds one page however long the file. The first page is read before the answer
 * starts, so that a failure then is still an error response.
 */
export const exportChannels = async (
  format: ExportFormat,
  source: string,
  read: (after: ExportPlace, limit: number) => Promise<ChannelRow[]>,
): Promise<Response> => {
  const { type, file, head, line } = WRITERS[format]
  const encoder = new TextEncoder()
  let rows = await read({ memberCount: Number.MAX_SAFE_INTEGER, channelId: '' }, PAGE_ROWS)
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
