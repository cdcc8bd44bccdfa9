import type { Broker } from '../platform/broker/index.ts'
import type { Bus } from '../platform/bus/index.ts'
import { type Clock, within } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import { OUTBOX_WAITING, type Outbox } from './outbox.ts'

/** Messages on their way at once. */
const BATCH = 250
/** How long `stop` waits for confirms. */
const STOP_MS = 2000

export interface RelayDeps {
  outbox: Outbox
  broker: Broker
  bus: Bus
  clock: Clock
  log: Log
}

/**
 * Publishes the outbox to the broker. No request waits for it: it is woken by commits, by the tick of the scheduled jobs and when the
 * broker comes back. Any number of processes may run one.
 */
export const createRelay = ({ outbox, broker, bus, clock, log }: RelayDeps) => {
  let running: Promise<void> | undefined
  let again = false
  let stopped = false
  /** Set while messages fail, so that an outage is logged once. */
  let failing = false

  const drain = async () => {
    try {
      do {
        again = false
        const { claimed, error } = await outbox.relay(broker, BATCH)
        if (error !== undefined) {
          if (!failing) log.warn('messages could not be published and stay in the outbox', { error })
          failing = true
          return
        }
        if (claimed > 0) failing = false
        if (claimed === BATCH) again = true
      } while (again && !stopped && broker.isUp())
    } catch (error) {
      // The database failed: the next tick tries again.
      log.warn('the outbox could not be relayed', { error })
    } finally {
      // In the same turn as the last check of `again`: otherwise a wake in between would be lost.
      running = undefined
    }
  }
  /** Publishes what waits; does nothing while the broker is away. */
  const wake = (): Promise<void> => {
    if (stopped || !broker.isUp()) return Promise.resolve()
    again = true
    running ??= drain()
    return running
  }
  const unsubscribes: (() => void)[] = []
  return {
    /** Subscribes to commits and to the broker's return; the tick wakes it as well. */
    start() {
      unsubscribes.push(
        bus.subscribe(OUTBOX_WAITING, () => void wake()),
        broker.onUp(() => void wake()),
      )
    },
    wake,
    /** Resolves when the messages being sent are confirmed or have failed, or after two seconds. */
    async stop() {
      stopped = true
      for (const unsubscribe of unsubscribes) unsubscribe()
      await within(Promise.resolve(running), STOP_MS, clock)
    },
  }
}
