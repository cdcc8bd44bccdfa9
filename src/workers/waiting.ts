/** `ms`, a fifth more or less, so that workers that failed together do not come back together. */
export const jittered = (ms: number, random: () => number): number => Math.round(ms * (0.8 + 0.4 * random()))

/** `firstMs` (default one second) doubled with every attempt, up to `mostMs`, in ms. `attempt` counts from 1. */
export const backoffMs = (attempt: number, mostMs: number, firstMs = 1000): number =>
  Math.min(firstMs * 2 ** Math.min(attempt - 1, 30), mostMs)

/** Retry-After in ms from now: seconds or an HTTP date; undefined when absent or unreadable. */
export const retryAfterMs = (text: string | null | undefined, now: number): number | undefined => {
  if (!text) return undefined
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Math.ceil(Number(text) * 1000)
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
