/**
 * The Telegram user API as Trawl sees it (love-parser §7). Two adapters: `sandbox` needs no network and repeats itself exactly,
 * `mtproto` speaks to Telegram. Both answer in the same shapes and fail with the same `TelegramError`.
 */
export type TelegramSource = 'sandbox' | 'mtproto'

/**
 * The outcomes of a call that failed at Telegram or on the way to it (love-parser §3, §4).
 *
 * - `invalid_phone` no such number, banned, or no account under it
 * - `password_needed` the code was right and a 2FA password is due; `signIn` answers this as a value and does not throw it
 * - `password_invalid` wrong 2FA password, or its SRP exchange went stale
 * - `code_invalid`, `code_expired`, `phone_occupied`, `invalid_code` (the literal INVALID_CODE)
 * - `phone_migrate` another data centre is due and could not be reached through the library; `dc` says which
 * - `flood` too many calls; `seconds` until the next may be made, 60 when Telegram names none
 * - `unavailable` network, timeout, RPC 5xx, or credentials unset. Worth a retry
 * - `session_revoked` the session in use is missing, revoked or unknown to Telegram. Permanent
 * - `rejected` any other refusal (too short a query, ...). Permanent
 */
export type TelegramProblem =
  | 'invalid_phone'
  | 'password_needed'
  | 'password_invalid'
  | 'code_invalid'
  | 'code_expired'
  | 'phone_occupied'
  | 'invalid_code'
  | 'phone_migrate'
  | 'flood'
  | 'unavailable'
  | 'session_revoked'
  | 'rejected'

/** The one error of the gateway. Its message names the problem only: no library text, phone, code or session. */
export class TelegramError extends Error {
  override readonly name = 'TelegramError'
  readonly problem: TelegramProblem
  /** Set for `flood`: whole seconds, at least 1. */
  readonly seconds?: number
  /** Set for `phone_migrate`: the number of the data centre. */
  readonly dc?: number
  /** Set for a `password_invalid` that says nothing of the password: the exchange that it was proven in is over (SRP_ID_INVALID). */
  readonly isStale?: true

  constructor(problem: TelegramProblem, { seconds, dc, isStale }: { seconds?: number; dc?: number; isStale?: true } = {}) {
    super(`telegram: ${problem}${seconds === undefined ? '' : ` ${seconds} s`}${dc === undefined ? '' : ` dc ${dc}`}`)
    this.problem = problem
    if (seconds !== undefined) this.seconds = seconds
    if (dc !== undefined) this.dc = dc
    if (isStale) this.isStale = isStale
  }
}

/** A code is under way. `state` is a secret text for `signIn`: store it encrypted. */
export interface SentCode {
  phoneCodeHash: string
  state: string
}

/** The account that signed in. `session` is a secret text that signs in again: store it encrypted. */
export interface SignedIn {
  telegramId: number
  /** Without `@`. */
  username: string | null
  firstName: string | null
  lastName: string | null
  /** `+` and digits; the number of `sendCode` when Telegram does not repeat it. */
  phone: string
  photoId: string | null
  session: string
}

/** Either the account, or the state to give to `checkPassword` from now on (the code is used up and must not be sent again). */
export type SignInOutcome = { passwordNeeded: false; account: SignedIn } | { passwordNeeded: true; state: string }

export type ActivityLevel = 'low' | 'medium' | 'high'

/** All given ones must hold (love-parser §4). An absent key is no filter. */
export interface ChannelFilters {
  /** Lower-case; a channel of unknown language does not pass. */
  language?: string
  minSubscribers?: number
  maxSubscribers?: number
  activityLevel?: ActivityLevel
}

/** One row of a search (love-parser §4, §7). */
export interface Channel {
  channelId: string
  title: string | null
  /** With `@`. */
  username: string | null
  subscribers: number
  description: string | null
  /** 0..1 with two decimals. */
  activityScore: number
  activityLevel: ActivityLevel
  /** ISO 639-1. */
  language: string | null
  lastPost: Date | null
}

/**
 * The state of a search: plain JSON of at most about 200 kB, to be stored as it is and passed as `resume`, to this or another
 * process. It holds access hashes, which are worth nothing without the service's own session; still no text for a log.
 */
export interface SearchState {
  source: TelegramSource
  [key: string]: unknown
}

export interface SearchRequest {
  /** Trimmed, case kept. */
  query: string
  filters: ChannelFilters
  /** `PARSING_CHANNEL_LIMIT`; the gateway clamps it to 5..200. */
  limit: number
  /** The search's created_at in milliseconds: the sandbox dates its channels by it. */
  now: number
  /** The `state` of the last step seen. Channels read until then are not requested again. One of the other source is ignored. */
  resume?: SearchState
  /** An abort ends the search between two steps or within a call, with the signal's reason as the error. */
  signal?: AbortSignal
}

/**
 * One step of a search. `reading`: `read` of `of` channels are read (0 of n comes first, so that n is known and the found channels
 * are stored before their details are asked for). `done` is the last step: the rows after filters, unique by channelId, in the order
 * found; `of` as before. A search that found nothing says `reading` 0 of 0, then `done`.
 */
export type SearchStep =
  | { kind: 'reading'; read: number; of: number; state: SearchState }
  | { kind: 'done'; of: number; rows: Channel[] }

/**
 * The gateway. Every call throws `TelegramError` and nothing else, except an abort's reason.
 *
 * @example
 * let state = task.progress.state
 * for await (const step of gateway.search({ query, filters, limit, now, resume: state, signal })) {
 *   if (step.kind === 'done') return save(step.rows)
 *   await store((state = step.state), step.read, step.of) // then a flood or a kill -9 costs at most the channel being read
 * }
 */
export interface TelegramGateway {
  readonly source: TelegramSource
  /** Sends a login code to `phone` (`+` and digits). */
  sendCode(phone: string): Promise<SentCode>
  /** Signs in with the code. A wrong code leaves `state` usable. */
  signIn(state: string, input: { phoneCodeHash: string; code: string }): Promise<SignInOutcome>
  /** Finishes a sign-in whose outcome was `passwordNeeded`. A wrong password (`password_invalid`) leaves `state` usable. */
  checkPassword(state: string, password: string): Promise<SignedIn>
  /**
   * Searches channels. Never waits out a flood: it throws `flood`, the caller puts the task back and resumes with the last state.
   * One channel whose details fail keeps its basic data; only what would hit every channel (flood, session, network) is thrown.
   */
  search(request: SearchRequest): AsyncGenerator<SearchStep, void, void>
  /** Resolves when Telegram answers within 5 s, else throws `unavailable` (also without credentials). For /health/telegram, §2. */
  ping(): Promise<void>
  /** Closes connections. Calls under way fail with `unavailable`. */
  close(): Promise<void>
}
