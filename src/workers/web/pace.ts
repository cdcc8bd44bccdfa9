import type { Clock } from '../../platform/clock.ts'
import { stopped } from './errors.ts'

export interface Pace {
  /** Waits for this host's next free moment and reserves it; the following request starts at least `delayMs` later. */
  turn(host: string, delayMs: number, signal?: AbortSignal): Promise<void>
  /** No request to the host before `ms` from now (Retry-After). */
  pause(host: string, ms: number): void
}

const MAX_HOSTS = 1000

/** Spaces the requests to each host over all tasks of this process. Throws `FetchError` `aborted` when stopped while waiting. */
export const createPace = (clock: Clock): Pace => {
  const nextAt = new Map<string, number>()
  const forgetIdle = () => {
    if (nextAt.size <= MAX_HOSTS) return
    for (const [host, at] of nextAt) if (at <= clock.now()) nextAt.delete(host)
  }
  return {
    async turn(host, delayMs, signal) {
      const at = Math.max(clock.now(), nextAt.get(host) ?? 0)
      nextAt.set(host, at + delayMs)
      forgetIdle()
      if (at > clock.now()) await clock.sleep(at - clock.now(), signal)
      if (signal?.aborted) throw stopped()
    },
    pause(host, ms) {
      nextAt.set(host, Math.max(nextAt.get(host) ?? 0, clock.now() + ms))
    },
  }
}
