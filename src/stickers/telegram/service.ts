import { type Clock, within } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Log } from '../../platform/log.ts'
import type { BotApi, StickerSetAnswer } from '../../platform/telegram/bot-api.ts'
import { refused, telegramUnavailable } from '../envelope.ts'
import { createMemory, entryOf, type SharedCache, STALE_MS, type TelegramRepository } from './cache.ts'
import { createSingleFlight } from './single-flight.ts'

/** All upstream work for one request (stickers §7). */
const BUDGET_MS = 8000
/** How long a single read waits for it: the call goes on and fills the cache for the next one. */
const READ_WAIT_MS = 5300
const RETRY_AFTER_SECONDS = 5

/** What a response says of Telegram in `X-Telegram-Info`. */
export const INFO_STATUSES = ['skipped', 'fresh', 'stale', 'missing', 'unavailable'] as const
export type InfoStatus = (typeof INFO_STATUSES)[number]
/** A set's Telegram data: JSON text or null, and how good it is. */
export interface Info {
  payload: string | null
  status: InfoStatus
}
const UNAVAILABLE: Info = { payload: null, status: 'unavailable' }
const MISSING: Info = { payload: null, status: 'missing' }

export interface TelegramDeps {
  db: Db
  clock: Clock
  log: Log
  botApi: BotApi
  repository: TelegramRepository
  /** Whether answers are kept over restarts: what a sandbox makes up must not be taken for Telegram's answer later. */
  keep: boolean
  /** Given when instances share what they know: with Redis, and only what is kept at all. */
  shared?: (missing: (name: string, at: number) => void) => SharedCache
}

/** Telegram's data of sticker sets, through a cache that serves stale entries while it asks again (stickers §7). */
export const createTelegram = ({ db, clock, log, botApi, repository, keep, shared: openShared }: TelegramDeps) => {
  const memory = createMemory(clock)
  const writes = new Set<Promise<void>>()

  const write = (body: (tx: Tx) => Steps<void>): void => {
    // Not awaited: only the next start needs it.
    const done: Promise<void> = db
      .tx(body)
      .catch((error) => log.warn('an answer of telegram could not be kept', { error }))
      .finally(() => writes.delete(done))
    writes.add(done)
  }
  const shared = openShared?.((name, at) => memory.learn(name, { payload: null, fetchedAt: at }))
  const onAnswer = (name: string, answer: StickerSetAnswer, at?: number): void => {
    if (answer.kind === 'unreachable') return
    if (at !== undefined) {
      // The instance that got the answer has written it to the table.
      memory.learn(name, entryOf(answer, at))
      return
    }
    const { payload, fetchedAt } = entryOf(answer, clock.now())
    memory.put(name, { payload, fetchedAt })
    if (payload === null) write((tx) => repository.drop(tx, name, fetchedAt))
    else if (keep) write((tx) => repository.put(tx, { name, payload, fetchedAt }))
  }
  const singleFlight = createSingleFlight({ botApi, clock, shared, onAnswer })

  const remembered = (name: string): Info | undefined => {
    const entry = memory.get(name)
    return entry && { payload: entry.payload, status: entry.quality }
  }
  const worthAsking = (name: string) => (memory.get(name)?.quality ?? 'stale') === 'stale'
  /** What memory, or else Redis, or else the table knows now. Only names without a good entry are looked up, in one query. */
  const known = async (names: string[]): Promise<Map<string, Info>> => {
    let asked = names.filter(worthAsking)
    if (shared && asked.length > 0) {
      for (const [name, entry] of await shared.find(asked)) memory.learn(name, entry)
      asked = asked.filter(worthAsking)
    }
    // Another process, or this one before a restart, may know better than memory does.
    for (const { name, payload, fetchedAt } of await repository.find(asked)) memory.learn(name, { payload, fetchedAt })
    // Only now: an answer may have come while the table was read, and asking for it again would be a second call.
    const found = new Map<string, Info>()
    for (const name of names) {
      const info = remembered(name)
      if (info) found.set(name, info)
    }
    return found
  }
  const toInfo = (answer: StickerSetAnswer | undefined): Info => {
    if (answer?.kind === 'found') return { payload: answer.payload, status: 'fresh' }
    return answer?.kind === 'missing' ? MISSING : UNAVAILABLE
  }
  const cached = async (name: string): Promise<Info | undefined> => {
    const info = remembered(name)
    return info && info.status !== 'stale' ? info : (await known([name])).get(name)
  }

  return {
    /** For one read: a stale entry at once while a refresh begins, else Telegram's answer. Never fails because of Telegram. */
    async read(name: string): Promise<Info> {
      const info = await cached(name)
      if (info?.status === 'stale') void singleFlight.now(name, clock.now() + BUDGET_MS)
      return info ?? toInfo(await within(singleFlight.now(name, clock.now() + BUDGET_MS), READ_WAIT_MS, clock))
    },

    /** The same for the rows of a page: at most eight calls at once in the process, 8 s in all; what is not there by then is null. */
    async readAll(names: string[]): Promise<Map<string, Info>> {
      const deadline = clock.now() + BUDGET_MS
      const infos = await known(names)
      const open = names.filter((name) => !infos.has(name))
      const calls = open.map(async (name) => {
        infos.set(name, toInfo(await singleFlight.forPage(name, deadline)))
      })
      for (const [name, { status }] of infos) if (status === 'stale') void singleFlight.forPage(name, deadline)
      if (calls.length > 0) {
        await within(Promise.all(calls), deadline - clock.now(), clock)
        singleFlight.dropExpired()
      }
      for (const name of names) if (!infos.has(name)) infos.set(name, UNAVAILABLE)
      return infos
    },

    /** What the cache knows, without a call. */
    peek: async (name: string): Promise<Info> => (await cached(name)) ?? UNAVAILABLE,

    /**
     * The set's data for a create: from a fresh entry or a live answer; a stale one is not enough.
     * @throws AppError 400 `not_in_telegram`, 503 with Retry-After
     */
    async confirm(name: string): Promise<string> {
      const info = await cached(name)
      const gone = () => refused({ field: 'name', code: 'not_in_telegram', values: { name } })
      if (info?.status === 'fresh' && info.payload !== null) return info.payload
      if (info?.status === 'missing') throw gone()
      const answer = await within(singleFlight.now(name, clock.now() + BUDGET_MS), BUDGET_MS, clock)
      if (answer?.kind === 'found') return answer.payload
      if (answer?.kind === 'missing') throw gone()
      throw telegramUnavailable(answer?.retryAfterSeconds ?? RETRY_AFTER_SECONDS)
    },

    *purge(tx: Tx, now: Date): Steps<void> {
      yield* repository.purge(tx, new Date(now.getTime() - STALE_MS))
    },
    /** Resolves when every answer so far is stored. */
    async flush(): Promise<void> {
      while (writes.size > 0) await Promise.all(writes)
    },
  }
}
export type Telegram = ReturnType<typeof createTelegram>
