/** Milliseconds of work after which others get their turn of the event loop. */
const SLICE_MS = 5

/** For long work in parts: to be awaited between them, it lets others have their turn once a slice of time has gone. */
export const createBreath = () => {
  let since = performance.now()
  return async (): Promise<void> => {
    if (performance.now() - since < SLICE_MS) return
    await new Promise<void>((resolve) => setImmediate(resolve))
    since = performance.now()
  }
}
