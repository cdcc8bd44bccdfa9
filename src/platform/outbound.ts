import { lookup as systemLookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { bodyOf, fetchUnpacked } from './unpacked.ts'

/** Whether configuration lists a host and port, so that it is visited although it is private. The host without brackets. */
export type Allowed = (host: string, port: number) => boolean

/** The host of a URL without brackets and without the dot of a rooted name. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80))

/** Allows what is listed as `host:port`, IPv6 hosts with brackets or without. */
export const allowListed = (list: readonly string[]): Allowed => {
  const listed = new Set(list.map((entry) => entry.toLowerCase().replace(/^\[(.*)\]:/, '$1:')))
  return (host, port) => listed.has(`${host.toLowerCase()}:${port}`)
}

/** Whether the host and port of a URL are allowed. */
export const isListed = (url: URL, allowed: Allowed): boolean => allowed(hostOf(url), portOf(url))

/** All addresses of a name, as texts. Rejects when the name does not resolve. */
export type Lookup = (host: string) => Promise<string[]>

export const lookupAll: Lookup = async (host) => (await systemLookup(host, { all: true })).map((entry) => entry.address)

const GLOBAL_V6 = ipaddr.parseCIDR('2000::/3')
/** Public by their range, and yet a cloud's own service that answers its guests alone: Azure's host and its metadata. */
const CLOUD_HOSTS = new Set(['168.63.129.16'])

/**
 * Whether an IP address (v4 or v6 text, no brackets) belongs to the public internet. Everything else is refused: loopback, private,
 * link-local with the cloud metadata services, CGNAT, multicast, reserved, and the v6 forms that carry a v4 address inside.
 */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address) // turns ::ffff:a.b.c.d into the v4 address that would be reached
  if (parsed.range() !== 'unicast' || CLOUD_HOSTS.has(parsed.toString())) return false
  // Only 2000::/3 is routed; the library calls the rest of the v6 space unicast too, old v4-compatible ::127.0.0.1 included.
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_V6)
}

/** Why an address is not visited. `refused`: it must not be, now or later. `unresolved`: its name has no address at the moment. */
export class AddressError extends Error {
  override name = 'AddressError'
  readonly code: 'ADDRESS_REFUSED' | 'ENOTFOUND'
  constructor(
    readonly problem: 'refused' | 'unresolved',
    message: string,
  ) {
    super(message)
    this.code = problem === 'refused' ? 'ADDRESS_REFUSED' : 'ENOTFOUND'
  }
}

export interface Target {
  /** Checked addresses to connect to, v4 first; undefined: connect by name (an allowed private origin). */
  addresses?: string[]
}

export interface AddressPolicy {
  lookup: Lookup
  allowPrivate: Allowed
}

/**
 * The one policy for addresses that somebody else has named: decides whether a URL may be visited, and where to connect. To be asked for
 * every hop.
 * @throws AddressError for other schemes than http(s), and for any non-public address among those of the name: a name with one private
 *   address is an attack or a mistake
 */
export const resolveTarget = async (url: URL, { lookup, allowPrivate }: AddressPolicy): Promise<Target> => {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new AddressError('refused', `Scheme ${url.protocol} is not visited`)
  const host = hostOf(url)
  if (!host) throw new AddressError('refused', 'URL has no host')
  if (isListed(url, allowPrivate)) return {}
  let addresses: string[]
  if (ipaddr.isValid(host)) {
    addresses = [host]
  } else {
    try {
      addresses = await lookup(host)
    } catch (error) {
      throw new AddressError('unresolved', `Host ${host} does not resolve (${codeOf(error)})`)
    }
    if (addresses.length === 0) throw new AddressError('unresolved', `Host ${host} has no address`)
  }
  if (!addresses.every(isPublicAddress)) throw new AddressError('refused', `Host ${host} has an address that is not public`)
  return { addresses: [...addresses].sort((a, b) => Number(a.includes(':')) - Number(b.includes(':'))) }
}

const codeOf = (error: unknown) => (error as { code?: string })?.code ?? 'unknown reason'

const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address)

/**
 * The URL with a checked address in place of the name, so that a second DNS answer cannot lead elsewhere (rebinding), and what the
 * connection then needs. The certificate is checked against the name; Bun keeps pooled connections apart by it, so one host's certificate
 * never vouches for another's.
 */
export const pinned = (url: URL, address: string | undefined): { href: string; tls?: { serverName: string } } => {
  if (!address) return { href: url.href }
  const copy = new URL(url)
  copy.hostname = bracketed(address)
  const isNamed = url.protocol === 'https:' && url.hostname !== bracketed(address)
  return { href: copy.href, ...(isNamed ? { tls: { serverName: url.hostname } } : {}) }
}

/** Most addresses of a name that are tried. */
const MAX_TRIES = 3

/**
 * `fetch` under the policy, for clients whose addresses come from others: the GitLab worker, the renewal of tokens. Follows no redirect,
 * unpacks gzip and br under the reader's limit. The next address is tried when a connection is refused.
 * @throws AddressError without any connection; what `fetchUnpacked` throws
 */
export const createOutbound = ({
  lookup = lookupAll,
  allowPrivate,
}: Partial<AddressPolicy> & Pick<AddressPolicy, 'allowPrivate'>) => {
  const policy = { lookup, allowPrivate }
  return async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    const { addresses = [undefined] } = await resolveTarget(url, policy)
    const body = await bodyOf(request)
    const { method, signal } = request
    const headers = new Headers(request.headers)
    headers.set('host', url.host)
    const tries = addresses.slice(0, MAX_TRIES)
    for (const [at, address] of tries.entries()) {
      try {
        const { href, ...connection } = pinned(url, address)
        return await fetchUnpacked(href, { method, headers, body, signal, ...connection })
      } catch (error) {
        if (at === tries.length - 1 || codeOf(error) !== 'ConnectionRefused') throw error
      }
    }
    throw new AddressError('unresolved', 'no address to connect to')
  }
}
