import type { Clock } from '../../platform/clock.ts'
import type { BotApi, StickerSetAnswer } from '../../platform/telegram/bot-api.ts'
import type { SharedCache } from './shared-cache.ts'

/** Upstream calls that pages of this process have open at once. */
const PAGE_CALLS = 8

interface Flight {
  name: string
  promise: Promise<StickerSetAnswer | undefined>
  resolve(answer: StickerSetAnswer | undefined): void
  /** When a queued call is no longer worth beginning. */
  deadline: number
  started: boolean
}

/**
 * One upstream call per name at a time, shared by all who wait for it (stickers §7). Pages begin at most eight at once; a single read or
 * a create does not queue behind them: it begins the queued call itself.
 */
export const createFlights = ({
  botApi,
  clock,
  shared,
  landed,
}: {
  botApi: BotApi
  clock: Clock
  /** Given when the flights of all instances are one: with Redis. */
  shared?: Pick<SharedCache, 'single'>
  /** Told of every answer before those who wait are; `at` when another instance got it. */
  landed: (name: string, answer: StickerSetAnswer, at?: number) => void
}) => {
  const flights = new Map<string, Flight>()
  const queue: Flight[] = []
  let pageCalls = 0

  const add = (name: string, deadline: number): Flight => {
    const flight: Flight = { name, deadline, started: false, ...Promise.withResolvers<StickerSetAnswer | undefined>() }
    flights.set(name, flight)
    return flight
  }
  const start = async (flight: Flight, finishAttempt: boolean): Promise<void> => {
    flight.started = true
    const { name, deadline } = flight
    const call = () => botApi.getStickerSet(name, { deadline, finishAttempt })
    const { answer, at } = shared ? await shared.single(name, deadline, call) : { answer: await call(), at: undefined }
    landed(name, answer, at)
    flights.delete(flight.name)
    flight.resolve(answer)
  }
  const pump = (): void => {
    while (pageCalls < PAGE_CALLS) {
      const flight = queue.shift()
      if (!flight) return
      if (flight.started) continue
      if (flight.deadline <= clock.now()) {
        flights.delete(flight.name)
        flight.resolve(undefined)
        continue
      }
      pageCalls++
      void start(flight, true).finally(() => {
        pageCalls--
        pump()
      })
    }
  }

  return {
    /** Begins at once, or joins a call that is under way. */
    now(name: string, deadline: number): Promise<StickerSetAnswer | undefined> {
      const flight = flights.get(name) ?? add(name, deadline)
      if (!flight.started) {
        flight.deadline = deadline
        void start(flight, false)
      }
      return flight.promise
    },
    /** Joins, or waits for one of the pages' calls. Undefined: dropped, because the deadline came first. */
    forPage(name: string, deadline: number): Promise<StickerSetAnswer | undefined> {
      const known = flights.get(name)
      if (known) {
        if (!known.started) known.deadline = Math.max(known.deadline, deadline)
        return known.promise
      }
      const flight = add(name, deadline)
      queue.push(flight)
      pump()
      return flight.promise
    },
    /** Drops queued calls whose time is over: nobody waits for them. */
    dropExpired(): void {
      const now = clock.now()
      const kept = queue.splice(0).filter((flight) => {
        if (flight.started) return false
        if (flight.deadline > now) return true
        flights.delete(flight.name)
        flight.resolve(undefined)
        return false
      })
      queue.push(...kept)
    },
    /** Calls that are queued or under way. */
    size: () => flights.size,
  }
}
