import type { Clock } from './clock.ts'

/** A UUIDv7 of the clock's time: sorts by creation, so "oldest first" is "by id". */
export const createId = (clock: Pick<Clock, 'now'>): string => Bun.randomUUIDv7('hex', clock.now())

/** Below every id made at `at` (epoch milliseconds) or later, above every one made before. */
export const idAt = (at: number): string => {
  const hex = Math.max(0, at).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Postgres refuses a malformed uuid with an error, so texts are checked before a query. */
export const isUuid = (text: string): boolean => UUID.test(text)
