import type { Clock } from '../clock.ts'
import type { Kv } from '../shared.ts'

/** A value and when it was fetched, in milliseconds. */
export interface Fetched<T> {
  value: T
  at: number
}

/**
 * Answers kept for a while, as JSON in the key-value store; equal calls at once share one. A store that fails is a miss, a call that
 * fails is not kept.
 */
export const createCachedCalls = ({ kv, clock }: { kv: Kv; clock: Clock }) => {
  const running = new Map<string, Promise<Fetched<any>>>()

  const stored = async (key: string, ttlMs: number): Promise<Fetched<any> | undefined> => {
    try {
      const text = await kv.get(key)
      const found = text === undefined ? undefined : JSON.parse(text)
      // By our clock: a shared store counts down by its own.
      return typeof found?.at === 'number' && clock.now() - found.at < ttlMs ? found : undefined
    } catch {
      // A miss: the upstream is called.
      return undefined
    }
  }
  const fetched = async <T>(key: string, ttlMs: number, call: () => Promise<T>): Promise<Fetched<T>> => {
    const known = ttlMs > 0 ? await stored(key, ttlMs) : undefined
    if (known) return known
    const fresh = { value: await call(), at: clock.now() }
    if (ttlMs > 0)
      // Not cached: the next call goes to the upstream again.
      await kv.set(key, JSON.stringify(fresh), ttlMs).catch(() => undefined)
    return fresh
  }

  return {
    /** The value of `key`, at most `ttlMs` old (0: as old as a call that is under way). @throws what `call` throws */
    get<T>(key: string, ttlMs: number, call: () => Promise<T>): Promise<Fetched<T>> {
      const shared = running.get(key)
      if (shared) return shared
      const mine = fetched(key, ttlMs, call).finally(() => running.delete(key))
      running.set(key, mine)
      return mine
    },
  }
}
export type CachedCalls = ReturnType<typeof createCachedCalls>
