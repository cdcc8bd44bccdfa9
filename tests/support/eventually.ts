/** One turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Some turns of the event loop: for work that must not happen, where there is nothing to wait for. */
export const turns = async (count = 20): Promise<void> => {
  for (let n = 0; n < count; n++) await turn()
}

/** For so long it is asked at every turn, for what is a matter of microseconds; then the CPU is left to what is waited for. */
const BUSY_MS = 30
const LONGEST_PAUSE_MS = 50
/** Less than a test may take, so that the reason is seen and not the test's end. */
const WITHIN_MS = 120_000

/**
 * Waits until an answer is good, and answers it. Only for what neither an event nor an injected clock can be waited for.
 * @throws when it is not in time, with the last answer
 */
export const eventually = async <T>(
  ask: () => T | Promise<T>,
  good: (answer: T) => unknown = Boolean,
  withinMs = WITHIN_MS,
): Promise<T> => {
  const since = performance.now()
  for (;;) {
    const answer = await ask()
    if (good(answer)) return answer
    const elapsed = performance.now() - since
    if (elapsed > withinMs) throw new Error(`not within ${withinMs} ms: ${ask}; the last answer was ${JSON.stringify(answer)}`)
    await (elapsed < BUSY_MS ? turn() : Bun.sleep(Math.min(elapsed / 10, LONGEST_PAUSE_MS)))
  }
}

/** Whether something happens within a time, for tests in which it need not. */
export const happensWithin = (withinMs: number, isSo: () => boolean): Promise<boolean> =>
  eventually(isSo, Boolean, withinMs).catch(() => false)
