import { lookup as systemLookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { FetchError } from './errors.ts'

/** All addresses of a name, as texts. Rejects when the name does not resolve. */
export type Lookup = (host: string) => Promise<string[]>

export const lookupAll: Lookup = async (host) => (await systemLookup(host, { all: true })).map((entry) => entry.address)

const GLOBAL_V6 = ipaddr.parseCIDR('2000::/3')

/**
 * Whether an IP address (v4 or v6 text, no brackets) belongs to the public internet. Everything else is refused: loopback, private,
 * link-local with the cloud metadata services, CGNAT, multicast, reserved, and the v6 forms that carry a v4 address inside.
 */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address) // turns ::ffff:a.b.c.d into the v4 address that would be reached
  if (parsed.range() !== 'unicast') return false
  // Only 2000::/3 is routed; the library calls the rest of the v6 space unicast too, old v4-compatible ::127.0.0.1 included.
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_V6)
}

export interface Target {
  /** Checked addresses to connect to, v4 first; undefined: connect by name (an allowed private origin). */
  addresses?: string[]
}

export interface AddressPolicy {
  lookup: Lookup
  /** Origins that configuration trusts although they are private: the demo shop on this very server. */
  allowPrivate: (host: string, port: number) => boolean
}

/**
 * Decides whether a URL may be visited and where to connect. Throws `FetchError` `refused` (not retryable) for other schemes than http(s)
 * and for any non-public address among those of the name: a name with one private address is an attack or a mistake.
 */
export const resolveTarget = async (url: URL, { lookup, allowPrivate }: AddressPolicy): Promise<Target> => {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new FetchError('refused', `Scheme ${url.protocol} is not visited`, false)
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (!host) throw new FetchError('refused', 'URL has no host', false)
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  if (allowPrivate(host, port)) return {}
  let addresses: string[]
  if (ipaddr.isValid(host)) {
    addresses = [host]
  } else {
    try {
      addresses = await lookup(host)
    } catch (error) {
      throw new FetchError('network', `Host ${host} does not resolve (${codeOf(error)})`, true)
    }
    if (addresses.length === 0) throw new FetchError('network', `Host ${host} has no address`, true)
  }
  if (!addresses.every(isPublicAddress)) throw new FetchError('refused', `Host ${host} has an address that is not public`, false)
  return { addresses: [...addresses].sort((a, b) => Number(a.includes(':')) - Number(b.includes(':'))) }
}

const codeOf = (error: unknown) => (error as { code?: string })?.code ?? 'unknown reason'
