import type { Clock } from '../../../platform/clock.ts'
import type { Control } from '../control.ts'
import { Deferred } from '../errors.ts'

/** Waits for GitLab while holding the task (gitlab-worker §3.4). */
export interface Waits {
  /** @throws Deferred when the wait is longer than a task may be held; LeaseGone, Interrupted */
  hold(ms: number): Promise<void>
}

export interface WaitsOptions {
  clock: Clock
  control: Control
  mostMs: number
  /** Told once at the first of several long waits, and once after the last. */
  paused(until: number): Promise<void>
  resumed(): Promise<void>
}

const LONG_MS = 30_000

export const createWaits = ({ clock, control, mostMs, paused, resumed }: WaitsOptions): Waits => {
  let long = 0
  return {
    async hold(ms) {
      if (ms > mostMs) throw new Deferred(ms)
      if (ms <= LONG_MS) return control.rest(ms)
      const until = clock.now() + ms
      if (long++ === 0) await paused(until)
      try {
        await control.rest(Math.max(0, until - clock.now()))
      } finally {
        long--
      }
      if (long === 0) await resumed()
    },
  }
}
