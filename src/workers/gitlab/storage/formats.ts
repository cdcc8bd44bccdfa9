export type Format = 'json' | 'csv' | 'xml'

/** What an item is stored with when `includeMetadata` is set (gitlab-worker §7). */
export interface ItemMeta {
  taskId: string
  type: string
  resourceId: string | null
  fetchedAt: string
  /** Path and query it came from. */
  source: string
}

export interface Encoder {
  extension: string
  /** What every part begins with. */
  head: string
  line(item: Record<string, unknown>, meta: ItemMeta): string
}

const META = ['taskId', 'type', 'resourceId', 'fetchedAt', 'source'] as const

/** A cell's text: nested values as JSON, missing ones empty. */
const cell = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
const csvCell = (value: unknown): string => {
  const text = cell(value)
  // Spreadsheets run such a text as a formula.
  const safe = /^[=+\-@]/.test(text) && !NUMBER.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser would turn them into spaces, and an item is one line.
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write these
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
const xmlText = (value: unknown): string =>
  cell(value)
    .toWellFormed()
    .replace(FORBIDDEN, '\ufffd')
    .replace(/[&<>"'\n\r\t]/g, (char) => ESCAPES[char] as string)

/**
 * How items become lines (gitlab-worker §7). With metadata csv and xml get five more columns; where the type has a column `type`
 * of its own, the task's is `taskType`.
 */
export const createEncoder = (format: Format, columns: readonly string[], includeMetadata: boolean): Encoder => {
  if (format === 'json')
    return {
      extension: 'jsonl',
      head: '',
      line: (item, meta) => `${JSON.stringify(includeMetadata ? { item, meta } : item)}\n`,
    }
  const extra = includeMetadata ? META : []
  const names = [...columns, ...extra.map((name) => (columns.includes(name) ? 'taskType' : name))]
  const values = (item: Record<string, unknown>, meta: ItemMeta) => [
    ...columns.map((name) => item[name]),
    ...extra.map((name) => meta[name]),
  ]
  if (format === 'csv')
    return {
      extension: 'csv',
      head: `${names.join(',')}\r\n`,
      line: (item, meta) => `${values(item, meta).map(csvCell).join(',')}\r\n`,
    }
  return {
    extension: 'xml',
    head: '',
    line: (item, meta) =>
      `<item>${values(item, meta)
        .map((value, index) => `<${names[index]}>${xmlText(value)}</${names[index]}>`)
        .join('')}</item>\n`,
  }
}
