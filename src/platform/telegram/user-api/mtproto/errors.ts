import { TelegramError, type TelegramProblem } from '../port.ts'

/** Telegram's error names for mistakes of a user or an account (love-parser §3, §4). */
const PROBLEMS: Record<string, TelegramProblem> = {
  PHONE_NUMBER_INVALID: 'invalid_phone',
  PHONE_NUMBER_BANNED: 'invalid_phone',
  // The code was accepted, but no account has the number: this service does not sign people up.
  PHONE_NUMBER_UNOCCUPIED: 'invalid_phone',
  SESSION_PASSWORD_NEEDED: 'password_needed',
  PASSWORD_HASH_INVALID: 'password_invalid',
  SRP_PASSWORD_CHANGED: 'password_invalid',
  SRP_ID_INVALID: 'password_invalid',
  PHONE_CODE_INVALID: 'code_invalid',
  PHONE_CODE_EMPTY: 'code_invalid',
  PHONE_CODE_HASH_EMPTY: 'code_invalid',
  CODE_INVALID: 'code_invalid',
  PHONE_CODE_EXPIRED: 'code_expired',
  CODE_EXPIRED: 'code_expired',
  PHONE_NUMBER_OCCUPIED: 'phone_occupied',
  INVALID_CODE: 'invalid_code',
  PHONE_NUMBER_FLOOD: 'flood',
  PHONE_PASSWORD_FLOOD: 'flood',
  AUTH_KEY_UNREGISTERED: 'session_revoked',
  AUTH_KEY_INVALID: 'session_revoked',
  AUTH_KEY_DUPLICATED: 'session_revoked',
  SESSION_REVOKED: 'session_revoked',
  SESSION_EXPIRED: 'session_revoked',
  USER_DEACTIVATED: 'session_revoked',
  USER_DEACTIVATED_BAN: 'session_revoked',
  // The library's names for a call that got no answer.
  TIMEOUT: 'unavailable',
  MSG_WAIT_TIMEOUT: 'unavailable',
  MSG_WAIT_FAILED: 'unavailable',
}

const FLOOD_CODE = 420
const FLOOD_DEFAULT_SECONDS = 60

/** An RPC error as Telegram sent it, number included: `FLOOD_WAIT_30`. */
export interface RpcRefusal {
  code: number
  text: string
}

/** Translates an RPC error into the gateway's errors (love-parser §3 table, §4 "Permanent", "Transient"). */
export const problemOf = ({ code, text }: RpcRefusal): TelegramError => {
  const number = Number(/_(\d+)$/.exec(text)?.[1] ?? Number.NaN)
  if (text.startsWith('PHONE_MIGRATE_')) return new TelegramError('phone_migrate', Number.isNaN(number) ? {} : { dc: number })
  const problem = PROBLEMS[text]
  if (problem === 'flood' || (!problem && (code === FLOOD_CODE || /^FLOOD(_\w+)?_WAIT_\d+$/.test(text))))
    return new TelegramError('flood', { seconds: Number.isNaN(number) ? FLOOD_DEFAULT_SECONDS : Math.max(1, number) })
  if (problem) return new TelegramError(problem)
  if (code === 401) return new TelegramError('session_revoked')
  // 5xx and the negative codes of Telegram's inner servers, and other data centres that could not be reached.
  if (code >= 500 || code < 0 || code === 303) return new TelegramError('unavailable')
  return new TelegramError('rejected')
}
