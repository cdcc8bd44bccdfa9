import { TelegramError, type TelegramGateway } from '../port.ts'
import { type Link, openLink } from './link.ts'
import { checkPassword, type LoginDeps, type OpenLink, sendCode, signIn } from './login.ts'
import { type SearchDeps, searchChannels } from './search.ts'

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
