import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listenLocally } from '../../src/listener.ts'
import { addressOf, callerOf } from '../../src/platform/http/request.ts'
import { makeRig as makeCrawler } from '../crawler/rig.ts'
import { rawHttp } from '../gifty/raw-http.ts'
import { makeRig as makeGifty } from '../gifty/rig.ts'
import { makeRig as makeLoveParser } from '../love-parser/rig.ts'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { EVERY_FAMILY } from '../support/harness.ts'

test.each([
  ['10.0.0.3', '10.0.0.3', '10.0.0.3'],
  ['10.0.0.3:4711', '10.0.0.3', '10.0.0.3'],
  ['::ffff:10.0.0.3', '10.0.0.3', '10.0.0.3'],
  ['::FFFF:a00:3', '10.0.0.3', '10.0.0.3'],
  ['[::ffff:10.0.0.3]:80', '10.0.0.3', '10.0.0.3'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', '2001:db8:0:0::/64'],
  ['[2001:db8::1]:4711', '2001:db8::1', '2001:db8:0:0::/64'],
  ['"[2001:db8::1]"', '2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8::1%eth0', '2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0db8:1:2:3::', '2001:db8:1:2:3::', '2001:db8:1:2::/64'],
  ['::1', '::1', '0:0:0:0::/64'],
  ['local', 'local', 'local'],
  ['no:address', 'no:address', undefined],
])('M4: %s is the address %s and the caller %s', (written, address, caller) => {
  expect(addressOf(written)).toBe(address)
  if (caller !== undefined) expect(callerOf(addressOf(written))).toBe(caller)
})

onEachDatabase('security: who is asking', (database) => {
  test('M4: addresses of one /64, other ports and other spellings are one caller of every limit by address', async () => {
    const rig = await makeLoveParser(database, {
      env: { FAMILIES: 'love-parser,crawler', TRUST_PROXY: '1', RATE_LIMIT_MAX: '10' },
    })
    const from = (address: string) => ({ 'x-forwarded-for': address })
    const statuses = async (addresses: string[]) => {
      const seen: number[] = []
      for (const address of addresses) seen.push((await rig.get('/api/v1/auth/me', from(address))).status)
      return seen
    }
    const once = [...Array(10).fill(401), 429, 429]
    expect(await statuses(Array.from({ length: 12 }, (_, n) => `2001:db8::${n + 1}`))).toEqual(once)
    expect(await statuses(Array.from({ length: 12 }, (_, n) => `10.0.0.3:${n + 1}`))).toEqual(once)
    expect(await statuses(['::ffff:10.0.0.3', '[2001:db8:0:0:ffff::1]:80', '2001:db8:0:1::1'])).toEqual([429, 429, 401])
    const crawler: number[] = []
    for (let n = 0; n < 601; n++)
      crawler.push((await rig.get('/api/internal2/tasks', from(`2001:db8:7::${n.toString(16)}`))).status)
    expect([crawler.at(599), crawler.at(600)]).toEqual([401, 429])
  })

  test('M4: codes sent to one /64 are limited together', async () => {
    const rig = await makeLoveParser(database, { env: { TRUST_PROXY: '1' } })
    const seen: number[] = []
    for (let n = 0; n < 40; n++) {
      const phone = `+7999000${String(n).padStart(4, '0')}`
      seen.push((await rig.sendCode(phone, { 'x-forwarded-for': `2001:db8::${n.toString(16)}` })).status)
    }
    expect(seen.filter((status) => status === 200)).toHaveLength(20)
  })

  test('M5: HEAD is the same caller as GET', async () => {
    const rig = await makeLoveParser(database, { env: { RATE_LIMIT_MAX: '3' } })
    const origin = rig.listen()
    try {
      const ask = async (method: string) => (await fetch(`${origin}/api/v1/nothing`, { method })).status
      expect([await ask('GET'), await ask('HEAD'), await ask('GET'), await ask('HEAD'), await ask('GET')]).toEqual([
        404, 404, 404, 429, 429,
      ])
      // The bucket of requests without a socket is another one.
      expect((await rig.get('/api/v1/nothing', {})).status).toBe(404)
    } finally {
      await rig.stop()
    }
  })

  test('M5: HEAD over the Unix socket needs no token, as GET', async () => {
    const rig = await makeCrawler(database)
    const directory = mkdtempSync(join(tmpdir(), 'trawl-head-'))
    const unix = join(directory, 'api.sock')
    const local = listenLocally(unix, rig.app.fetch)
    try {
      for (const method of ['GET', 'HEAD'])
        expect((await fetch('http://localhost/api/internal2/tasks', { method, unix })).status).toBe(200)
    } finally {
      await local.stop(true)
      rmSync(directory, { recursive: true })
    }
  })

  test('M6: a request target is the path, whatever Host says or does not say', async () => {
    const rig = await makeGifty(database, { env: EVERY_FAMILY })
    const origin = rig.listen()
    try {
      const status = async (target: string, version: string, host?: string) => {
        const head = { ...(host === undefined ? {} : { Host: host }), ...INTERNAL, Connection: 'close' }
        const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
        return (await rawHttp(origin, `GET ${target} HTTP/${version}\r\n${lines.join('')}\r\n`)).status
      }
      expect(await status('/aaaaaaa/internal/stats', '1.0')).toBe(404)
      expect(await status('/livez', '1.0')).toBe(200)
      expect(await status('/internal/stats', '1.0')).toBe(200)
      for (const host of ['a/b', 'a/internal', 'a?b', 'a#b', 'user@a', 'a b', '']) {
        expect([host, await status('/aaaaaaa/internal/stats', '1.1', host)]).not.toEqual([host, 200])
        expect([host, [200, 400]]).toEqual([host, expect.arrayContaining([await status('/internal/stats', '1.1', host)])])
      }
      expect(await status('//x/internal/stats', '1.0')).toBe(404)
      expect(await status('http://x/aa/internal/stats', '1.1', 'a')).toBe(404)
    } finally {
      await rig.stop()
    }
  })
})
