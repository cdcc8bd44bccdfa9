import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel'
import type { Clock } from '../clock.ts'
import { CircuitOpen } from './errors.ts'

export interface BreakerOptions {
  clock: Clock
  /** Failures in a row that open the circuit. */
  failures: number
  /** How long it stays open; then one call probes. */
  openMs: number
  /** Which errors mean that the upstream is ill; others count as a success. */
  counts(error: unknown): boolean
  /**
   * Lets no call start that would, if all in flight fail, be one too many: the call after the last allowed failure never reaches the
   * upstream, not even beside it. Calls over that wait for those in flight.
   */
  strict: boolean
}

/** A circuit breaker on the injected clock: cockatiel takes the time left from its backoff, which reads our clock. */
export const createBreaker = ({ clock, failures, openMs, counts, strict }: BreakerOptions) => {
  const openFrom = () => {
    const until = clock.now() + openMs
    return {
      get duration() {
        return clock.now() < until ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
      },
      next: openFrom,
    }
  }
  const policy = circuitBreaker(handleAll, { breaker: new ConsecutiveBreaker(failures), halfOpenAfter: { next: openFrom } })
  let inFlight = 0
  let failed = 0
  let settled = Promise.withResolvers<void>()

  /** Takes a place. While the circuit is half open one call probes, and the others are refused at once. */
  const enter = async () => {
    for (;;) {
      if (policy.state === CircuitState.HalfOpen) throw new CircuitOpen('a probe is under way')
      if (!strict || policy.state !== CircuitState.Closed || failed + inFlight < failures) {
        inFlight++
        return
      }
      await settled.promise
    }
  }
  return {
    /** @throws CircuitOpen without calling, or what `call` throws */
    async run<T>(call: () => Promise<T>): Promise<T> {
      await enter()
      let called = false
      try {
        const outcome = await policy.execute(async (): Promise<{ value: T } | { error: unknown }> => {
          called = true
          try {
            const value = await call()
            failed = 0
            return { value }
          } catch (error) {
            if (counts(error)) {
              failed++
              throw error
            }
            failed = 0
            return { error }
          }
        })
        if ('error' in outcome) throw outcome.error
        return outcome.value
      } catch (error) {
        if (!called) throw new CircuitOpen('the circuit is open', { cause: error })
        throw error
      } finally {
        inFlight--
        settled.resolve()
        settled = Promise.withResolvers()
      }
    },
  }
}
export type Breaker = ReturnType<typeof createBreaker>
