import type { Clock } from '../../platform/clock.ts'
import { Interrupted, type Job, LeaseGone } from '../runtime.ts'
import { Deferred } from './errors.ts'

/** How a running task hears that it has to end. */
export interface Control {
  /** Aborts GitLab requests and waits: the lease is gone, or a stop cannot wait for the page. */
  signal: AbortSignal
  /** Waits. @throws LeaseGone, Interrupted as soon as the task has to end */
  rest(ms: number): Promise<void>
  /** Between two steps. @throws LeaseGone, Interrupted when the task has to end */
  check(): void
  lost(): boolean
}

/** A task finishes its page when the worker is asked to stop, and then goes back into the queue. */
export const createControl = (clock: Clock, { signal, stopping, lost }: Pick<Job, 'signal' | 'stopping' | 'lost'>): Control => {
  const either = AbortSignal.any([signal, stopping])
  const control: Control = {
    signal,
    lost: () => lost.aborted,
    async rest(ms) {
      control.check()
      await clock.sleep(ms, either)
      control.check()
    },
    check() {
      if (lost.aborted) throw new LeaseGone()
      if (either.aborted) throw new Interrupted()
    },
  }
  return control
}

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
