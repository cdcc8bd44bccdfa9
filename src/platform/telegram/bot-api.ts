import { type Clock, retryAfterMs } from '../clock.ts'
import type { Log } from '../log.ts'
import { type Exchange, ExchangeError, exchange } from '../upstream.ts'

/** The Bot API's answer about a sticker set (stickers §7). */
export type StickerSetAnswer =
  /** `payload` is the answer's `result` as JSON text. */
  | { kind: 'found'; payload: string }
  /** Telegram says that no such set exists. */
  | { kind: 'missing' }
  /** Nothing is known about the set; worth asking again after so many whole seconds. */
  | { kind: 'unreachable'; retryAfterSeconds: number }

export interface AskOptions {
  /** Clock time in milliseconds at which all work for the question ends: attempt, wait and retry. */
  deadline: number
  /** Lets an attempt that was begun before the deadline end by its own limit; a retry is not begun after it. */
  finishAttempt?: boolean
}

/** The part of the Bot API that Trawl uses, live or made up. Never rejects: every trouble is `unreachable`. */
export interface BotApi {
  getStickerSet(name: string, options: AskOptions): Promise<StickerSetAnswer>
}

/** One attempt. */
const ATTEMPT_MS = 5000
const RETRY_AFTER_MS = 200
/** A pause of up to so long is waited out within a request's budget. */
const SHORT_PAUSE_MS = 2000
const TIMER_SLACK_MS = 20
/** Seconds of the Retry-After answered to clients, and of the pause after a 429 that names no time. */
const DEFAULT_RETRY_AFTER_SECONDS = 5
/** A set of 200 stickers takes about 150 kB; a larger body is not an answer of Telegram. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

export interface BotApiDeps {
  /** Without a trailing slash. */
  baseUrl: string
  /** Undefined: no request is ever sent. */
  token: string | undefined
  clock: Clock
  log: Log
}

type Attempt =
  | { kind: 'found'; payload: string }
  | { kind: 'missing' }
  | { kind: 'paused'; ms: number }
  /** `again`: worth one retry. */
  | { kind: 'failed'; reason: string; again: boolean }

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const bodyOf = ({ bytes }: Exchange): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}

const pauseOf = (body: unknown, headers: Headers, now: number): number => {
  const seconds = isObject(body) && isObject(body.parameters) ? body.parameters.retry_after : undefined
  if (typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0) return seconds * 1000
  return retryAfterMs(headers.get('retry-after'), now) ?? DEFAULT_RETRY_AFTER_SECONDS * 1000
}

const judge = (answer: Exchange, now: number): Attempt => {
  const { status, headers } = answer
  if (status >= 500) return { kind: 'failed', reason: `status ${status}`, again: true }
  const body = bodyOf(answer)
  if (status === 429) return { kind: 'paused', ms: pauseOf(body, headers, now) }
  if (status === 200 && isObject(body) && body.ok === true && isObject(body.result))
    return { kind: 'found', payload: JSON.stringify(body.result) }
  if (status === 400 && isObject(body) && typeof body.description === 'string' && body.description.includes('STICKERSET_INVALID'))
    return { kind: 'missing' }
  return { kind: 'failed', reason: status === 200 ? 'an answer of an unknown shape' : `status ${status}`, again: false }
}

/**
 * `getStickerSet` over HTTP with the contract's limits (stickers §7): attempts of 5 s, one retry, pauses that Telegram asks for. The URL
 * holds the token: it is neither logged nor in an error.
 */
export const createBotApi = ({ baseUrl, token, clock, log }: BotApiDeps): BotApi => {
  let pausedUntil = Number.NEGATIVE_INFINITY
  const unreachable = (retryAfterSeconds = DEFAULT_RETRY_AFTER_SECONDS): StickerSetAnswer => ({
    kind: 'unreachable',
    retryAfterSeconds,
  })
  const inPause = () => (pausedUntil > clock.now() ? unreachable(Math.ceil((pausedUntil - clock.now()) / 1000)) : undefined)

  const attempt = async (name: string, ms: number): Promise<Attempt> => {
    try {
      const url = `${baseUrl}/bot${token}/getStickerSet?name=${encodeURIComponent(name)}`
      const limits = { clock, timeoutMs: ms, maxBytes: MAX_ANSWER_BYTES, reads: (status: number) => status < 500 }
      return judge(await exchange(url, {}, limits), clock.now())
    } catch (error) {
      const problem = error instanceof ExchangeError ? error.problem : 'unavailable'
      if (problem === 'too_large') return { kind: 'failed', reason: 'an answer of an unknown shape', again: false }
      return { kind: 'failed', reason: problem === 'timeout' ? 'no answer in time' : 'no connection', again: true }
    }
  }

  const ask = async (name: string, { deadline, finishAttempt = false }: AskOptions): Promise<StickerSetAnswer> => {
    for (let tries = 1; ; tries++) {
      const paused = inPause()
      if (paused) return paused
      const left = deadline - clock.now()
      if (left <= 0) return unreachable()
      const outcome = await attempt(name, finishAttempt ? ATTEMPT_MS : Math.min(ATTEMPT_MS, left))
      if (outcome.kind === 'found' || outcome.kind === 'missing') return outcome
      if (outcome.kind === 'paused') pausedUntil = Math.max(pausedUntil, clock.now() + outcome.ms)
      const wait = outcome.kind === 'paused' ? outcome.ms : RETRY_AFTER_MS
      const again = outcome.kind === 'paused' ? outcome.ms <= SHORT_PAUSE_MS : outcome.again
      if (!again || tries > 1 || clock.now() + wait >= deadline) {
        log.warn('telegram does not answer', {
          method: 'getStickerSet',
          reason: outcome.kind === 'paused' ? `asked for a pause of ${outcome.ms} ms` : outcome.reason,
        })
        return inPause() ?? unreachable()
      }
      await clock.sleep(wait)
      // A timer may fire a little early, while the pause still holds.
      const early = pausedUntil - clock.now()
      if (early > 0 && early <= TIMER_SLACK_MS) await clock.sleep(early)
    }
  }

  return {
    getStickerSet: async (name, options) => (token === undefined ? unreachable() : ask(name, options)),
  }
}

const EMOJI = ['😀', '🐱', '❤️', '🎉', '👍']
const TITLE_UNITS = 64

/** A Bot API without a network: every name is that of a set, and equal names are equal sets (stickers §7). */
export const createSandboxBotApi = (): BotApi => ({
  async getStickerSet(name) {
    const stickers = EMOJI.map((emoji, n) => ({
      file_id: `sandbox-${name}-${n + 1}`,
      file_unique_id: `sandbox-u-${name}-${n + 1}`,
      type: 'regular',
      width: 512,
      height: 512,
      is_animated: false,
      is_video: false,
      emoji,
      set_name: name,
      file_size: 1024 * (n + 1),
    }))
    const title = `Sandbox ${name}`.slice(0, TITLE_UNITS)
    return { kind: 'found', payload: JSON.stringify({ name, title, sticker_type: 'regular', stickers }) }
  },
})
