import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { type SearchStep, type SignedIn, TelegramError, type TelegramGateway } from './port.ts'
import { type SandboxRows, sandboxChannels } from './sandbox-channels.ts'

export interface SandboxDeps {
  clock: Clock
  log: Log
  /** Milliseconds of pause before each tenth of a search, so that its progress can be watched; 0 by default. */
  stepDelayMs?: number
}

const CODE = '12345'
const PASSWORD = 'sandbox'
const FIRST_ID = 7_000_000_000
const STEPS = 10

const hashOf = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest()

const codeHashOf = (phone: string) => hashOf(`hash:${phone}`).toString('hex').slice(0, 18)

/** The account behind a sandbox phone (love-parser §7): the same phone is always the same account. */
const sandboxAccount = (phone: string): SignedIn => {
  const digits = phone.slice(-4)
  return {
    telegramId: FIRST_ID + hashOf(phone).readUInt32BE(0),
    username: `sandbox_${digits}`,
    firstName: 'Sandbox',
    lastName: digits,
    phone,
    photoId: null,
    session: JSON.stringify({ sandbox: phone }),
  }
}

/** What a sandbox login carries from call to call; `accepted` once the code was right and the password is due. */
interface LoginState {
  sandbox: string
  accepted?: true
}

const parseState = (state: string): Partial<LoginState> | null => {
  try {
    return JSON.parse(state)
  } catch {
    return null
  }
}

const readState = (state: string): LoginState => {
  const parsed = parseState(state)
  // One of another mode is no state here.
  if (typeof parsed?.sandbox !== 'string') throw new TelegramError('session_revoked')
  return parsed as LoginState
}

/**
 * The gateway without Telegram (love-parser §7): code `12345` for every phone, password `sandbox` for those that end in 2, and made-up
 * channels that repeat exactly. It alone ever logs a code.
 */
export const createSandboxGateway = ({ clock, log, stepDelayMs = 0 }: SandboxDeps): TelegramGateway => ({
  source: 'sandbox',
  async sendCode(phone) {
    // In the text and with four digits of the phone: the log would mask a field called phone, and a whole number too.
    log.info(`sandbox login of phone ...${phone.slice(-4)}: the code is ${CODE}`)
    return { phoneCodeHash: codeHashOf(phone), state: JSON.stringify({ sandbox: phone }) }
  },
  async signIn(state, { phoneCodeHash, code }) {
    const { sandbox: phone, accepted } = readState(state)
    if (accepted || phoneCodeHash !== codeHashOf(phone)) throw new TelegramError('code_expired')
    if (code !== CODE) throw new TelegramError('code_invalid')
    if (phone.endsWith('2')) return { passwordNeeded: true, state: JSON.stringify({ sandbox: phone, accepted: true }) }
    return { passwordNeeded: false, account: sandboxAccount(phone) }
  },
  async checkPassword(state, password) {
    const { sandbox: phone, accepted } = readState(state)
    // As in Telegram: the password is checked only after the code was accepted.
    if (!accepted) throw new TelegramError('session_revoked')
    if (password !== PASSWORD) throw new TelegramError('password_invalid')
    return sandboxAccount(phone)
  },
  async *search({ query, filters, limit, now, resume, signal }): AsyncGenerator<SearchStep, void, void> {
    signal?.throwIfAborted()
    const { rows, tried }: SandboxRows = sandboxChannels(query, filters, limit, now)
    const stride = Math.max(1, Math.ceil(tried / STEPS))
    const from = resume?.source === 'sandbox' ? Math.min(tried, Math.max(0, Math.trunc(Number(resume.read)) || 0)) : 0
    for (let read = from; ; read = Math.min(tried, read + stride)) {
      yield { kind: 'reading', read, of: tried, state: { source: 'sandbox', read } }
      if (read === tried) break
      if (stepDelayMs > 0) await clock.sleep(stepDelayMs, signal)
      signal?.throwIfAborted()
    }
    yield { kind: 'done', of: tried, rows }
  },
  async ping() {},
  async close() {},
})
