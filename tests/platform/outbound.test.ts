import { afterAll, describe, expect, test } from 'bun:test'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { systemClock } from '../../src/platform/clock.ts'
import { allowListed, createOutbound, isPublicAddress, resolveTarget } from '../../src/platform/outbound.ts'
import { sendUnpacked } from '../../src/platform/unpacked.ts'
import { exchange } from '../../src/platform/upstream.ts'

const deny = () => false
const names: Record<string, string[]> = {
  'public.example': ['2606:2800:21f:cb07:6820:80da:af6b:8b2c', '93.184.216.34'],
  'inner.example': ['10.0.0.5'],
  'mixed.example': ['93.184.216.34', '127.0.0.1'],
  'empty.example': [],
}
const lookup = async (host: string) => {
  if (!(host in names)) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  return names[host]!
}

describe('addresses', () => {
  test.each([
    '8.8.8.8',
    '93.184.216.34',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '2606:4700::1111',
    '2a00:1450:4010:c0e::71',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  test.each([
    ['unspecified', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['loopback, another', '127.255.255.254'],
    ['private', '10.1.2.3'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.0.1'],
    ['CGNAT', '100.64.0.1'],
    ['link-local and cloud metadata', '169.254.169.254'],
    ['IETF assignments', '192.0.0.8'],
    ['documentation', '192.0.2.1'],
    ['6to4 relay', '192.88.99.1'],
    ['benchmarking', '198.18.0.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ["security L9: a cloud's host in a public range", '168.63.129.16'],
    ["security L9: a cloud's host in a public range, mapped", '::ffff:168.63.129.16'],
    ['broadcast', '255.255.255.255'],
    ['v6 unspecified', '::'],
    ['v6 loopback', '::1'],
    ['v4-mapped loopback', '::ffff:127.0.0.1'],
    ['v4-mapped private, in hex', '::ffff:a00:1'],
    ['v4-compatible', '::7f00:1'],
    ['unique local', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['v6 multicast', 'ff02::1'],
    ['NAT64', '64:ff9b::a00:1'],
    ['6to4 of a private address', '2002:a00:1::'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['v6 documentation', '2001:db8::1'],
    ['outside 2000::/3', '4000::1'],
    ['no address at all', 'localhost'],
  ])('%s (%s) is not public', (_, address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test('a name leads to its checked addresses, v4 first', async () => {
    expect(await resolveTarget(new URL('https://public.example/'), { lookup, allowPrivate: deny })).toEqual({
      addresses: ['93.184.216.34', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
    })
  })

  test.each([
    'http://127.0.0.1/',
    'http://[::1]:8080/',
    'http://[::ffff:169.254.169.254]/latest/meta-data/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://inner.example/',
    'http://mixed.example/',
    'http://169.254.169.254./',
    'ftp://public.example/',
    'file:///etc/passwd',
    'data:text/html,x',
  ])('%s is refused for good', async (address) => {
    await expect(resolveTarget(new URL(address), { lookup, allowPrivate: deny })).rejects.toMatchObject({
      problem: 'refused',
    })
  })

  test.each(['http://unknown.example/', 'http://empty.example/'])('%s does not resolve, which may pass', async (address) => {
    await expect(resolveTarget(new URL(address), { lookup, allowPrivate: deny })).rejects.toMatchObject({
      problem: 'unresolved',
    })
  })

  test('an allowed private origin is one host and one port', async () => {
    const allowPrivate = (host: string, port: number) => host === '127.0.0.1' && port === 3000
    expect(await resolveTarget(new URL('http://127.0.0.1:3000/demo/shop'), { lookup, allowPrivate })).toEqual({})
    await expect(resolveTarget(new URL('http://127.0.0.1:3001/'), { lookup, allowPrivate })).rejects.toMatchObject({
      problem: 'refused',
    })
  })
})

describe('the outbound client', () => {
  const MIB = 1024 * 1024
  const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }
  let asked = 0
  const bodies: Record<string, [string, Uint8Array<ArrayBuffer>]> = {
    '/gzip': ['gzip', gzipSync('packed')],
    '/br': ['br', brotliCompressSync('packed')],
    '/deflate': ['deflate', deflateSync('packed')],
    '/bomb': ['br', brotliCompressSync(Buffer.alloc(256 * MIB, ' '), fast)],
    '/broken': ['gzip', Buffer.from('no gzip at all')],
  }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      asked++
      const { pathname } = new URL(request.url)
      if (pathname === '/away') return Response.redirect('http://127.0.0.1:1/', 302)
      const [coding, body] = bodies[pathname] ?? ['identity', Buffer.from(request.headers.get('host') ?? '')]
      return new Response(body, { headers: { 'content-encoding': coding } })
    },
  })
  afterAll(() => server.stop(true))
  const listed = createOutbound({ allowPrivate: allowListed([`127.0.0.1:${server.port}`]) })
  const ask = (path: string, fetch = listed) =>
    exchange(`http://127.0.0.1:${server.port}${path}`, {}, { clock: systemClock, timeoutMs: 10_000, maxBytes: MIB, fetch })
  const textOf = async (path: string) => Buffer.from((await ask(path)).bytes).toString()

  test('security M1: an address that is not listed gets no connection; a redirect is not followed', async () => {
    const before = asked
    await expect(ask('/', createOutbound({ allowPrivate: () => false }))).rejects.toMatchObject({ problem: 'refused' })
    expect(asked).toBe(before)
    expect((await ask('/away')).status).toBe(302)
    expect(await textOf('/')).toBe(`127.0.0.1:${server.port}`)
  })

  test('security H3: packed answers are unpacked as a stream under the limit, other codings refused', async () => {
    expect([await textOf('/gzip'), await textOf('/br')]).toEqual(['packed', 'packed'])
    await expect(ask('/deflate')).rejects.toMatchObject({ problem: 'refused', code: 'CODING_REFUSED' })
    await expect(ask('/broken')).rejects.toMatchObject({ problem: 'unavailable' })
    const before = process.memoryUsage().rss
    for (let n = 0; n < 4; n++) await expect(ask('/bomb')).rejects.toMatchObject({ problem: 'too_large' })
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * MIB)
  })

  test('security decision 3: so are those of hosts that the operator has configured', async () => {
    expect(Buffer.from((await ask('/br', sendUnpacked)).bytes).toString()).toBe('packed')
    const plain = (path: string) =>
      exchange(`http://127.0.0.1:${server.port}${path}`, {}, { clock: systemClock, timeoutMs: 10_000, maxBytes: MIB })
    await expect(plain('/deflate')).rejects.toMatchObject({ problem: 'refused' })
    await expect(plain('/bomb')).rejects.toMatchObject({ problem: 'too_large' })
  })
})
