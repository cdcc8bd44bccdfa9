import { JSON_TYPE } from './family.ts'

/** Opaque cursors: the place after which a page goes on. A cursor that is not one of ours is undefined. */
export const encodeCursor = (place: (string | number)[]): string => Buffer.from(JSON.stringify(place)).toString('base64url')

export const decodeCursor = (cursor: string): (string | number)[] | undefined => {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(place) && place.every((part) => typeof part === 'string' || Number.isFinite(part)) ? place : undefined
  } catch {
    return undefined
  }
}

/** Bytes of large columns in one page: a list ends early, or is read in parts, before its rows hold the event loop and the memory. */
const PAGE_BYTES = 4 * 1024 * 1024

/** How many of `rows`, from the first on, make a page: at most `limit`, at least one where there is any, and no more than the bytes allow. */
export const rowsThatFit = (
  rows: readonly { bytes: number | string }[],
  limit: number,
  maxBytes: number = PAGE_BYTES,
): number => {
  const most = Math.min(rows.length, limit)
  let bytes = 0
  for (let size = 0; size < most; size++) {
    bytes += Number(rows[size]?.bytes)
    if (size > 0 && bytes > maxBytes) return size
  }
  return most
}

/**
 * A JSON array answered page by page, for lists without a bound: memory holds one page. The first page is read before the answer
 * starts, so that a failure then is still an error response.
 */
export const jsonArrayStream = async <T>(pages: AsyncIterator<T[]>): Promise<Response> => {
  const encoder = new TextEncoder()
  let next = await pages.next()
  let first = true
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A pull that enqueues nothing is not followed by another: an empty page is passed over here.
      while (!next.done && next.value.length === 0) next = await pages.next()
      if (next.done) {
        controller.enqueue(encoder.encode(first ? '[]' : ']'))
        return controller.close()
      }
      controller.enqueue(encoder.encode((first ? '[' : ',') + JSON.stringify(next.value).slice(1, -1)))
      first = false
      next = await pages.next()
    },
    async cancel() {
      await pages.return?.(undefined)
    },
  })
  return new Response(stream, { headers: { 'content-type': JSON_TYPE } })
}

/** The first character that a reader sees: behind blanks, control and format characters, and others that are drawn as nothing. */
const SHOWN = /[^\s\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u
/** What nearly all texts begin with: letters and digits of Latin and Cyrillic. */
const HARMLESS = /^[0-9A-Za-z\u0400-\u04ff]/
/** The sign that a text begins with for a reader, in its plain form: `=` for the fullwidth one and for a small or raised one. */
const firstSign = (text: string): string => {
  const plain = SHOWN.exec(text)?.[0].normalize('NFKC')[0] ?? ''
  return plain === '\u2212' ? '-' : plain
}
const begins = (text: string, signs: string): boolean => {
  if (HARMLESS.test(text)) return false
  const sign = firstSign(text)
  return (sign !== '' && signs.includes(sign)) || text.startsWith('\t') || text.startsWith('\r')
}
/** What a spreadsheet would run as a formula, or a person's hand would make one when it copies the cell. */
export const isFormula = (text: string): boolean => begins(text, '=+-@')
/** The same for columns whose texts may begin with `@`, such as user names. */
export const isFormulaExceptAt = (text: string): boolean => begins(text, '=+-')

/** What separates the cells of a line: a semicolon where people read decimal commas. */
export type CsvSeparator = ',' | ';'
const QUOTED = { ',': /[",\r\n]/, ';': /[";\r\n]/ }

/** A cell of a CSV file (RFC 4180): quoted where it has to be, and behind an apostrophe where it is a formula. Null is an empty cell. */
export const csvCell = (text: string | null, formula: (text: string) => boolean, separator: CsvSeparator = ','): string => {
  if (text === null) return ''
  const safe = formula(text) ? `'${text}` : text
  return QUOTED[separator].test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
