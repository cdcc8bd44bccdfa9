import type { Clock } from './clock.ts'

/**
 * What `make` finds out, once for all who ask within `ms` milliseconds from its start: for what anybody may ask for and costs more than a
 * read. A failure is shared by those who wait for it, and the next one asks anew.
 */
export const recent = <T>(clock: Pick<Clock, 'now'>, ms: number, make: () => Promise<T>): (() => Promise<T>) => {
  let made: { at: number; value: Promise<T> } | undefined
  return () => {
    const now = clock.now()
    // A clock that was set back makes nothing last longer.
    if (made && now - made.at < ms && now >= made.at) return made.value
    const mine = { at: now, value: make() }
    made = mine
    mine.value.catch(() => {
      if (made === mine) made = undefined
    })
    return mine.value
  }
}
