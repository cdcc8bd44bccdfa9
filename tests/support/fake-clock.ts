import type { Clock } from '../../src/platform/clock.ts'

/** Milliseconds. */
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** Where a clock stands at first. */
export const START = Date.parse('2026-01-15T12:00:00.000Z')
export const iso = (at: number | Date) => new Date(at).toISOString()

export interface FakeClock extends Clock {
  /** Moves time forward and wakes every sleeper that is due, in order. */
  advance(ms: number): void
  set(to: number): void
  /** Changes what the clock shows; who sleeps goes on sleeping for as long as before. */
  shift(ms: number): void
  /** How many sleepers wait: lets a test advance only once the code under test has gone to sleep. */
  sleeping(): number
}

/** A clock that stands still until the test moves it. */
export const fakeClock = (start = START): FakeClock => {
  let now = start
  const sleepers = new Set<{ at: number; wake: () => void }>()
  const wakeDue = () => {
    for (const sleeper of [...sleepers].sort((a, b) => a.at - b.at)) if (sleeper.at <= now) sleeper.wake()
  }
  return {
    now: () => now,
    sleeping: () => sleepers.size,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || ms <= 0) return resolve()
        const sleeper = {
          at: now + ms,
          wake: () => {
            sleepers.delete(sleeper)
            signal?.removeEventListener('abort', sleeper.wake)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', sleeper.wake)
      }),
    advance(ms) {
      now += ms
      wakeDue()
    },
    set(to) {
      now = to
      wakeDue()
    },
    shift(ms) {
      now += ms
      for (const sleeper of sleepers) sleeper.at += ms
    },
  }
}
