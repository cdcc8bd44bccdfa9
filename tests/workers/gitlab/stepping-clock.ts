import type { FakeClock } from '../../support/fake-clock.ts'

export interface SteppingClock extends FakeClock {
  /** Work of the outside world (network, disk) during which time stands still. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Lets time pass, one sleeper after the other, whenever nothing else is going on, until `goal` resolves. */
  run<T>(goal: Promise<T>): Promise<T>
}

const IDLE_TURNS = 6
const MOST_STEPS = 200_000

/** A clock that jumps to the next sleeper as soon as everything waits: real input and output, no real waiting. */
export const steppingClock = (start = Date.parse('2026-01-15T12:00:00.000Z')): SteppingClock => {
  let now = start
  let busy = 0
  const sleepers = new Set<{ at: number; wake(): void }>()
  const wakeDue = () => {
    for (const sleeper of [...sleepers].sort((a, b) => a.at - b.at)) if (sleeper.at <= now) sleeper.wake()
  }
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  const idle = async () => {
    for (let quiet = 0; quiet < IDLE_TURNS; ) {
      await turn()
      quiet = busy === 0 ? quiet + 1 : 0
    }
  }
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || ms <= 0) return resolve()
        const sleeper = {
          at: now + ms,
          wake() {
            sleepers.delete(sleeper)
            signal?.removeEventListener('abort', sleeper.wake)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', sleeper.wake)
      }),
    async during(work) {
      busy++
      try {
        return await work()
      } finally {
        busy--
      }
    },
    async run(goal) {
      let done = false
      const mark = () => {
        done = true
      }
      goal.then(mark, mark)
      for (let step = 0; !done; step++) {
        if (step > MOST_STEPS) throw new Error('the awaited state was never reached')
        await idle()
        if (done) break
        const next = Math.min(...[...sleepers].map((sleeper) => sleeper.at))
        if (next === Infinity) throw new Error('nothing is active, and nothing sleeps')
        now = Math.max(now, next)
        wakeDue()
      }
      return goal
    },
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
    sleeping: () => sleepers.size,
  }
}
