/** Whether configuration lists a host and port, so that it is visited although it is private. The host without brackets. */
export type Allowed = (host: string, port: number) => boolean

/** The host of a URL without brackets and without the dot of a rooted name. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80))

/** Allows what is listed as `host:port`, IPv6 hosts with brackets or without. */
export const allowListed = (list: readonly string[]): Allowed => {
  const listed = new Set(list.map((entry) => entry.toLowerCase().replace(/^\[(.*)\]:/, '$1:')))
  return (host, port) => listed.has(`${host.toLowerCase()}:${port}`)
}

/** Whether the host and port of a URL are allowed. */
export const isListed = (url: URL, allowed: Allowed): boolean => allowed(hostOf(url), portOf(url))
