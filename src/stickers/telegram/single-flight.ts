import type { Clock } from '../../platform/clock.ts'
import type { BotApi, StickerSetAnswer } from '../../platform/telegram/bot-api.ts'
import type { SharedCache } from './cache.ts'

/** Upstream calls that pages of this process have open at once. */
const PAGE_CALLS = 8

interface Call {
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
export const createSingleFlight = ({
  botApi,
  clock,
  shared,
  onAnswer,
}: {
  botApi: BotApi
  clock: Clock
  /** Given when all instances share one call per name: with Redis. */
  shared?: Pick<SharedCache, 'single'>
  /** Called with every answer before it goes to the callers; `at` when another instance got it. */
  onAnswer: (name: string, answer: StickerSetAnswer, at?: number) => void
}) => {
  const calls = new Map<string, Call>()
  const queue: Call[] = []
  let pageCalls = 0

  const add = (name: string, deadline: number): Call => {
    const call: Call = { name, deadline, started: false, ...Promise.withResolvers<StickerSetAnswer | undefined>() }
    calls.set(name, call)
    return call
  }
  const start = async (call: Call, finishAttempt: boolean): Promise<void> => {
    call.started = true
    const { name, deadline } = call
    const ask = () => botApi.getStickerSet(name, { deadline, finishAttempt })
    const { answer, at } = shared ? await shared.single(name, deadline, ask) : { answer: await ask(), at: undefined }
    onAnswer(name, answer, at)
    calls.delete(call.name)
    call.resolve(answer)
  }
  const startQueued = (): void => {
    while (pageCalls < PAGE_CALLS) {
      const call = queue.shift()
      if (!call) return
      if (call.started) continue
      if (call.deadline <= clock.now()) {
        calls.delete(call.name)
        call.resolve(undefined)
        continue
      }
      pageCalls++
      void start(call, true).finally(() => {
        pageCalls--
        startQueued()
      })
    }
  }

  return {
    /** Begins at once, or joins a call that is under way. */
    now(name: string, deadline: number): Promise<StickerSetAnswer | undefined> {
      const call = calls.get(name) ?? add(name, deadline)
      if (!call.started) {
        call.deadline = deadline
        void start(call, false)
      }
      return call.promise
    },
    /** Joins, or waits for one of the pages' calls. Undefined: dropped, because the deadline came first. */
    forPage(name: string, deadline: number): Promise<StickerSetAnswer | undefined> {
      const known = calls.get(name)
      if (known) {
        if (!known.started) known.deadline = Math.max(known.deadline, deadline)
        return known.promise
      }
      const call = add(name, deadline)
      queue.push(call)
      startQueued()
      return call.promise
    },
    /** Drops queued calls whose deadline has passed: no request waits for them. */
    dropExpired(): void {
      const now = clock.now()
      const kept = queue.splice(0).filter((call) => {
        if (call.started) return false
        if (call.deadline > now) return true
        calls.delete(call.name)
        call.resolve(undefined)
        return false
      })
      queue.push(...kept)
    },
    /** Calls that are queued or under way. */
    size: () => calls.size,
  }
}
