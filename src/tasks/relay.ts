import type { Broker } from '../platform/broker/index.ts'
import type { Bus } from '../platform/bus/index.ts'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import { within } from '../platform/waiting.ts'
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
 * Carries the outbox to the broker. Nobody waits for it: it is woken at a commit, by the clockwork and when the broker comes back.
 * Any number of processes may run one.
 */
export const createRelay = ({ outbox, broker, bus, clock, log }: RelayDeps) => {
  let running: Promise<void> | undefined
  let again = false
  let stopped = false
  /** So that an outage is told once. */
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
      // The database: the next turn of the clockwork tries again.
      log.warn('the outbox could not be relayed', { error })
    } finally {
      // In the turn of the last look at `again`: a wake in between would be lost.
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
  const endings: (() => void)[] = []
  return {
    /** Listens for commits and for the broker, besides being woken by the clockwork. */
    start() {
      endings.push(
        bus.subscribe(OUTBOX_WAITING, () => void wake()),
        broker.onUp(() => void wake()),
      )
    },
    wake,
    /** Resolves when what is on its way has been confirmed or has failed, or after two seconds. */
    async stop() {
      stopped = true
      for (const end of endings) end()
      await within(Promise.resolve(running), STOP_MS, clock)
    },
  }
}
export type Relay = ReturnType<typeof createRelay>
