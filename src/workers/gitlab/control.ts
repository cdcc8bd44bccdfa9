import type { Clock } from '../../platform/clock.ts'
import { Interrupted, LeaseGone } from './errors.ts'

/** How a running task hears that it has to end. */
export interface Control {
  /** Aborts GitLab requests and waits: the lease is gone, or a stop cannot wait for the page. */
  signal: AbortSignal
  /** Aborts reports: the lease is gone. */
  talk: AbortSignal
  /** The lease is gone: nothing may be sent any more. */
  lose(): void
  lost(): boolean
  /** Ends what is in flight, so that the task can be given back at once. */
  hurry(): void
  /** Waits. @throws LeaseGone, Interrupted as soon as the task has to end */
  rest(ms: number): Promise<void>
  /** Between two steps. @throws LeaseGone, Interrupted when the task has to end */
  check(): void
}

/** `stopping` is the worker's: the task finishes its page and goes back into the queue. */
export const createControl = (clock: Clock, stopping: AbortSignal): Control => {
  const hard = new AbortController()
  const mute = new AbortController()
  const either = AbortSignal.any([hard.signal, stopping])
  const control: Control = {
    signal: hard.signal,
    talk: mute.signal,
    lose() {
      mute.abort(new LeaseGone())
      hard.abort(new LeaseGone())
    },
    lost: () => mute.signal.aborted,
    hurry: () => hard.abort(new Interrupted()),
    async rest(ms) {
      control.check()
      await clock.sleep(ms, either)
      control.check()
    },
    check() {
      if (mute.signal.aborted) throw new LeaseGone()
      if (either.aborted) throw new Interrupted()
    },
  }
  return control
}
