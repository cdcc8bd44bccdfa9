/**
 * Whether an address is in a list of addresses and networks (`a.b.c.d`, `a.b.c.d/len`, the same for IPv6). An empty list allows all;
 * an IPv4 address in IPv6 clothes counts as itself.
 */
export const allowList = (entries: readonly string[]): ((address: string) => boolean) => {
  if (entries.length === 0) return () => true
  // Not imported: it brings node's streams along, which a start without a list need not pay for.
  const { BlockList, isIP } = process.getBuiltinModule('node:net')
  const list = new BlockList()
  const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    if (bits === undefined) list.addAddress(address, family(address))
    else list.addSubnet(address, Number(bits), family(address))
  }
  return (address) => isIP(address) !== 0 && list.check(address, family(address))
}
