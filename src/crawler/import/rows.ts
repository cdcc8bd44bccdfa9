import type { ForeignDatabase } from '../../platform/db/rows.ts'
import { parseTime } from '../fields.ts'
import { newProgress, type ProgressState } from '../tasks/row.ts'
import { JOB_STATUSES, type JobStatus } from '../vocabulary.ts'

/** A row of the earlier crawler, its columns found by name whatever their spelling: `full_path`, `fullPath`. */
export interface OldRow {
  text(...names: string[]): string | null
  /** A time that was stored in seconds, milliseconds or as text. */
  time(...names: string[]): Date | null
  json(...names: string[]): unknown
}
const plain = (name: string) => name.toLowerCase().replaceAll('_', '')
/** Above it a number cannot be seconds: the year 5138. */
const SECONDS_BELOW = 100_000_000_000

const oldRow = (row: Record<string, unknown>): OldRow => {
  const values = new Map(Object.entries(row).map(([name, value]) => [plain(name), value]))
  const find = (names: string[]) => {
    for (const name of names) {
      const value = values.get(plain(name))
      if (value !== undefined && value !== null && value !== '') return value
    }
    return null
  }
  return {
    text(...names) {
      const value = find(names)
      return value === null ? null : value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value)
    },
    time(...names) {
      const value = find(names)
      if (value === null) return null
      const number = typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : Number(String(value))
      const ms = Number.isFinite(number) ? Math.round(number < SECONDS_BELOW ? number * 1000 : number) : parseTime(String(value))
      const at = new Date(ms ?? Number.NaN)
      // A number may be beyond all dates.
      return Number.isNaN(at.getTime()) ? null : at
    },
    json(...names) {
      const value = find(names)
      if (value === null) return null
      try {
        return JSON.parse(value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value))
      } catch {
        return null
      }
    },
  }
}

/** Rows of a table that need not be there. */
export const oldRows = function* (file: ForeignDatabase, table: string): Generator<OldRow> {
  if (!file.tables().includes(table)) return
  for (const row of file.rows(table)) yield oldRow(row)
}

export const oldStatus = (text: string | null): JobStatus => {
  if (text === 'completed') return 'finished'
  return (JOB_STATUSES as readonly (string | null)[]).includes(text) ? (text as JobStatus) : 'failed'
}

const number = (value: unknown): number | null => (typeof value === 'number' && value >= 0 ? value : null)
const word = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const dictionary = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}

/** An old progress in today's shape; its other fields stay in the metadata. */
export const oldProgress = (value: unknown): ProgressState => {
  const old = dictionary(value)
  const items = Object.entries(dictionary(old.itemsByType)).filter(
    (entry): entry is [string, number] => number(entry[1]) !== null,
  )
  const processed = number(old.processedItems) ?? number(old.processed) ?? 0
  const total = number(old.totalItems) ?? number(old.total)
  return {
    ...newProgress(),
    processed,
    total: total === 0 ? null : total,
    percentage: total ? Math.min(100, Math.round((processed / total) * 100)) : null,
    currentStep: word(old.currentStep) ?? word(old.stage) ?? 'Task imported',
    message: word(old.message),
    error: word(old.error),
    metadata: dictionary(old.metadata),
    itemsByType: Object.fromEntries(items),
    currentDataType: word(old.currentDataType),
    lastProcessedId: word(old.lastProcessedId) ?? number(old.lastProcessedId),
    stage: word(old.stage),
    operationType: word(old.operationType),
  }
}
export const originOf = (address: string | null): string =>
  address !== null && URL.canParse(address) && /^https?:/i.test(address) ? new URL(address).origin : ''
