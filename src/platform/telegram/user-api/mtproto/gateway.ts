import type { tl } from '@mtcute/core'
import { type SentCode, type SignedIn, type SignInOutcome, TelegramError, type TelegramGateway } from '../port.ts'
import { type Link, type LinkDeps, openLink } from './link.ts'
import { type SearchDeps, searchChannels } from './search.ts'

/** Opens a link, with the session of an earlier one or a new one. */
export type OpenLink = (session?: string) => Promise<Link>

export interface LoginDeps extends Pick<LinkDeps, 'credentials' | 'log'> {
  open: OpenLink
}

/**
 * The state of a login between two calls: the link's session, the phone, which Telegram requires again, and whether the code went to
 * the account's login email, since the code is then sent in another field.
 */
interface LoginState {
  session: string
  phone: string
  byEmail?: boolean
}

const writeState = (state: LoginState): string => JSON.stringify(state)

const readState = (state: string): LoginState => {
  try {
    const { session, phone, byEmail } = JSON.parse(state) ?? {}
    if (typeof session === 'string' && typeof phone === 'string') return { session, phone, byEmail: byEmail === true }
  } catch {
    // Not JSON: refused below like any other state that another mode wrote.
  }
  throw new TelegramError('session_revoked')
}

/** Every call is a link of its own, since the next one may come minutes later and to another process. */
const withLink = async <T>(deps: LoginDeps, session: string | undefined, use: (link: Link) => Promise<T>): Promise<T> => {
  const link = await deps.open(session)
  try {
    return await use(link)
  } finally {
    // Not waited for: a peer that does not answer would hold the user's answer back.
    link.close().catch((error) => deps.log.warn('telegram link did not close', { error: (error as Error).name }))
  }
}

/** @see TelegramGateway.sendCode. The library follows the phone to its data centre; the state remembers which it was. */
const sendCode = (deps: LoginDeps, phone: string): Promise<SentCode> =>
  withLink(deps, undefined, async (link) => {
    const { apiId, apiHash } = deps.credentials as NonNullable<LinkDeps['credentials']>
    const sent = await link.ask({
      _: 'auth.sendCode',
      phoneNumber: phone.replace(/^\+/, ''),
      apiId,
      apiHash,
      settings: { _: 'codeSettings' },
    })
    // The other types sign in without a code, or require a payment or an email address first; this service does not offer them.
    if (sent._ !== 'auth.sentCode' || sent.type._ === 'auth.sentCodeTypeSetUpEmailRequired') throw new TelegramError('rejected')
    const byEmail = sent.type._ === 'auth.sentCodeTypeEmailCode'
    return { phoneCodeHash: sent.phoneCodeHash, state: writeState({ session: await link.exportSession(), phone, byEmail }) }
  })

const finish = async (link: Link, authorization: tl.auth.TypeAuthorization, phone: string): Promise<SignedIn> => {
  if (authorization._ === 'auth.authorizationSignUpRequired') throw new TelegramError('invalid_phone')
  if (authorization.user._ !== 'user') throw new TelegramError('rejected')
  const user = await link.signedIn(authorization)
  return {
    telegramId: user.id,
    username: user.username ?? user.usernames?.find((name) => name.active)?.username ?? null,
    firstName: user.firstName ?? null,
    lastName: user.lastName ?? null,
    phone: user.phone ? `+${user.phone}` : phone,
    photoId: user.photo?._ === 'userProfilePhoto' ? user.photo.photoId.toString() : null,
    session: await link.exportSession(),
  }
}

/** @see TelegramGateway.signIn */
const signIn = async (deps: LoginDeps, state: string, input: { phoneCodeHash: string; code: string }): Promise<SignInOutcome> => {
  const { session, phone, byEmail } = readState(state)
  return withLink(deps, session, async (link) => {
    try {
      const authorization = await link.ask({
        _: 'auth.signIn',
        phoneNumber: phone.replace(/^\+/, ''),
        phoneCodeHash: input.phoneCodeHash,
        ...(byEmail ? { emailVerification: { _: 'emailVerificationCode', code: input.code } } : { phoneCode: input.code }),
      })
      return { passwordNeeded: false, account: await finish(link, authorization, phone) }
    } catch (error) {
      if (!(error instanceof TelegramError) || error.problem !== 'password_needed') throw error
      return { passwordNeeded: true, state: writeState({ session: await link.exportSession(), phone }) }
    }
  })
}

/** @see TelegramGateway.checkPassword. The password is proven by SRP and never leaves the process. */
const checkPassword = async (deps: LoginDeps, state: string, password: string): Promise<SignedIn> => {
  const { session, phone } = readState(state)
  return withLink(deps, session, async (link) => {
    const prove = async () => {
      const exchange = await link.ask({ _: 'account.getPassword' })
      const proof = await link.prove(exchange, password)
      return link.ask({ _: 'auth.checkPassword', password: proof })
    }
    const authorization = await prove().catch((error) => {
      // Telegram forgot the exchange while the proof was made: it has not looked at the password, so it is asked anew, once.
      if (error instanceof TelegramError && error.isStale) return prove()
      throw error
    })
    return finish(link, authorization, phone)
  })
}

export interface MtprotoDeps extends SearchDeps {
  /** Exported session of the service account that searches (`TELEGRAM_SESSION`), null when unset. */
  session: string | null
}

const PING_TIMEOUT_MS = 5000

/** The gateway over MTProto (love-parser §7, live). Searches share one link under the service's session; logins open their own. */
export const createMtprotoGateway = (deps: MtprotoDeps): TelegramGateway => {
  const links = new Set<Link>()
  let service: Promise<Link> | undefined
  let closed = false

  const open: OpenLink = async (session) => {
    const link = await openLink(deps, session)
    if (closed) {
      await link.close()
      throw new TelegramError('unavailable')
    }
    links.add(link)
    return {
      ...link,
      close() {
        links.delete(link)
        return link.close()
      },
    }
  }
  const openService = async (): Promise<Link> => {
    if (closed) throw new TelegramError('unavailable')
    if (deps.session === null) throw new TelegramError('session_revoked')
    service ??= open(deps.session).catch((error) => {
      service = undefined
      throw error
    })
    return service
  }
  const logins: LoginDeps = { credentials: deps.credentials, log: deps.log, open }

  return {
    source: 'mtproto',
    sendCode: (phone) => sendCode(logins, phone),
    signIn: (state, input) => signIn(logins, state, input),
    checkPassword: (state, password) => checkPassword(logins, state, password),
    search: (request) => searchChannels(deps, openService, request),
    async ping() {
      try {
        const link = await openService()
        await link.ask({ _: 'help.getNearestDc' }, { timeoutMs: PING_TIMEOUT_MS })
      } catch (error) {
        // A flood wait is an answer of Telegram: it can be reached.
        if (error instanceof TelegramError && error.problem === 'flood') return
        throw new TelegramError('unavailable')
      }
    },
    async close() {
      closed = true
      await Promise.all([...links].map((link) => link.close()))
    },
  }
}
