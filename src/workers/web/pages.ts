import { addressKey, MAX_ADDRESS, withoutTracking } from './addresses.ts'
import { FetchError } from './errors.ts'
import type { LoadedPage, Needs, Session } from './run.ts'

/** Hops of `<meta http-equiv=refresh>` that are followed, as many as redirects. */
const MAX_REFRESHES = 5

/** The run's first page, where its redirects of either kind end. Throws `JobFailed`. */
export const openFirst = async (session: Session, needs?: Needs): Promise<LoadedPage> =>
  followRefreshes(session, await session.first(session.task.url, needs), (url) => session.first(url, needs))

/**
 * Any other page, asked for as its site wrote it but for tracking; undefined when it cannot be had, which is counted and logged.
 */
export const openPage = async (
  session: Session,
  address: string,
  { links, following: afterwards }: Needs = {},
): Promise<LoadedPage | undefined> => {
  const url = withoutTracking(address)
  if (isTooLong(session, url)) return undefined
  const following = afterwards === undefined || afterwards.length > MAX_ADDRESS ? undefined : withoutTracking(afterwards)
  const loaded = await session.next(url, { links, following })
  return loaded && followRefreshes(session, loaded, (next) => session.next(next, { links }))
}

/** An address that is not visited costs none of the run's budget. */
const isTooLong = (session: Session, url: string) => {
  if (url.length <= MAX_ADDRESS) return false
  session.failed(url.slice(0, 200), new FetchError('refused', `Address longer than ${MAX_ADDRESS} characters`, false))
  return true
}

/** A page that sends browsers on at once stands for the page it sends them to, unless it shows products itself. Loops end. */
const followRefreshes = async <P extends LoadedPage | undefined>(
  session: Session,
  start: LoadedPage,
  open: (url: string) => Promise<P>,
): Promise<LoadedPage | P> => {
  let loaded: LoadedPage | P = start
  const seen = new Set([addressKey(start.page.url)])
  for (let hops = 0; loaded && hops < MAX_REFRESHES; hops++) {
    const { refresh } = loaded.data.outline
    if (!refresh || loaded.data.products.length > 0 || session.left() <= 0 || isTooLong(session, refresh)) return loaded
    const key = addressKey(refresh)
    // A slash more or less is another address to a server, but a page that sends to itself is a loop.
    if (seen.has(key) && refresh === loaded.page.url) return loaded
    if (seen.has(key) && hops > 0) return loaded
    seen.add(key)
    session.log.add(`${loaded.page.url}: sends on to ${refresh}`)
    loaded = await open(refresh)
  }
  return loaded
}
