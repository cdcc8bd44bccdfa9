import type { Clock } from '../../platform/clock.ts'
import { Interrupted, type Job, LeaseGone } from '../runtime.ts'

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
