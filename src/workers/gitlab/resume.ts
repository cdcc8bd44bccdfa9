import { z } from 'zod'
import type { Part } from './storage/store.ts'

/** Where a task stands (gitlab-worker §7). */
export interface Position {
  stage: 'discovering' | 'fetching' | 'finalizing'
  /** Path and query of the next request; null: all pages are stored. */
  next: string | null
  mode: 'offset' | 'keyset'
  /** Pages stored so far, over all attempts. */
  page: number
  lastId: string | number | null
  /** Items that the next page may repeat. */
  boundaryIds: string[]
  /** created_at of the last item of a list that may have to go on by windows. */
  since: string | null
  itemsByType: Record<string, number>
  startedAt: string
  warnings: string[]
  /** What the API made of reported areas. */
  areas: { inserted: number; jobsCreated: number }
}

const count = z.number().int().min(0)
const resumeState = z.object({
  v: z.literal(1),
  // Which instance it belongs to; a state without it is believed.
  host: z.string().optional(),
  stage: z.enum(['discovering', 'fetching', 'finalizing']),
  next: z.string().nullable(),
  mode: z.enum(['offset', 'keyset']),
  page: count,
  lastId: z.union([z.string(), z.number()]).nullable(),
  boundaryIds: z.array(z.string()),
  since: z.string().nullable().optional(),
  parts: z.array(z.object({ file: z.string(), bytes: count, items: count })),
  itemsByType: z.record(z.string(), count),
  startedAt: z.string(),
  warnings: z.array(z.string()),
  areas: z.object({ inserted: count, jobsCreated: count }).optional(),
})

const MOST_BYTES = 60 * 1024
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/** The resumeState of a position, at most 64 KiB: warnings give way first. */
export const encodeState = (host: string, { areas, ...position }: Position, parts: Part[]): object => {
  const { itemsByType, warnings } = position
  // Copies: the position moves on while a report of this state waits for its turn.
  const own = { ...position, itemsByType: { ...itemsByType }, warnings: [...warnings] }
  const state = { v: 1, host, ...own, parts, ...(areas.inserted + areas.jobsCreated > 0 ? { areas: { ...areas } } : {}) }
  if (sizeOf(state) <= MOST_BYTES) return state
  const shorter = { ...state, warnings: state.warnings.slice(0, 3) }
  // Without them a repeated item at the edge of a page would be stored twice; better that than a report which is refused.
  return sizeOf(shorter) <= MOST_BYTES ? shorter : { ...shorter, boundaryIds: [] }
}

/** Reads a resumeState; undefined when it is none of ours: the task starts from the beginning. */
export const decodeState = (host: string, value: unknown): { position: Position; parts: Part[] } | undefined => {
  const result = resumeState.safeParse(value)
  if (!result.success || (result.data.host !== undefined && result.data.host !== host)) return undefined
  const { v, host: _, parts, areas = { inserted: 0, jobsCreated: 0 }, since = null, ...position } = result.data
  return { position: { ...position, since, areas }, parts }
}
