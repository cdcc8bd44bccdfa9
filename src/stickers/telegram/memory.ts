import { LRUCache } from 'lru-cache'
import type { Clock } from '../../platform/clock.ts'
import type { StickerSetAnswer } from '../../platform/telegram/bot-api/index.ts'

export const FRESH_MS = 15 * 60_000
export const STALE_MS = 7 * 86_400_000
const MISSING_MS = 60_000
const MAX_NAMES = 1000

/** What is known of a set: `payload` null says that Telegram knows no such set. Times are epoch milliseconds. */
export interface Entry {
  payload: string | null
  fetchedAt: number
}
/** How good an entry is now (stickers §7); undefined: it must not be served. */
export type Quality = 'fresh' | 'stale' | 'missing' | undefined

export const qualityOf = ({ payload, fetchedAt }: Entry, now: number): Quality => {
  const age = now - fetchedAt
  if (payload === null) return age < MISSING_MS ? 'missing' : undefined
  return age < FRESH_MS ? 'fresh' : age < STALE_MS ? 'stale' : undefined
}

/** How long an entry may be served at most, in milliseconds. */
export const lifeOf = ({ payload }: Entry): number => (payload === null ? MISSING_MS : STALE_MS)
/** What an answer of Telegram says of a set. */
export const entryOf = (answer: Exclude<StickerSetAnswer, { kind: 'unreachable' }>, fetchedAt: number): Entry => ({
  payload: answer.kind === 'found' ? answer.payload : null,
  fetchedAt,
})

/** Entries in process memory, of the thousand names last used. */
export const createMemory = (clock: Clock) => {
  const entries = new LRUCache<string, Entry>({ max: MAX_NAMES })
  const put = (name: string, entry: Entry): void => {
    entries.set(name, entry)
  }
  return {
    put,
    /** Takes over what somebody else knows, unless this process knows better. */
    learn(name: string, entry: Entry): void {
      if ((entries.peek(name)?.fetchedAt ?? Number.NEGATIVE_INFINITY) < entry.fetchedAt) put(name, entry)
    },
    /** A usable entry; the name counts as used. */
    get(name: string): (Entry & { quality: Exclude<Quality, undefined> }) | undefined {
      const entry = entries.get(name)
      if (!entry) return undefined
      const quality = qualityOf(entry, clock.now())
      if (!quality) {
        entries.delete(name)
        return undefined
      }
      return { ...entry, quality }
    },
  }
}
export type Memory = ReturnType<typeof createMemory>
