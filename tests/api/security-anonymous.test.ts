import { expect, test } from 'bun:test'
import { makeRig } from '../gifty/rig.ts'
import { onEachDatabase } from '../support/databases.ts'

const PRODUCTION = { NODE_ENV: 'production', INTERNAL_API_TOKEN: 'a-token-of-this-production', TRUST_PROXY: '1' }

onEachDatabase('security: what is anonymous', (database) => {
  test('M7: in production without METRICS_TOKEN strangers get no metrics', async () => {
    const rig = await makeRig(database, { env: PRODUCTION })
    const statusFrom = async (address: string) => (await rig.get('/metrics', { 'x-forwarded-for': address })).status
    for (const address of ['93.184.216.34', '2606:4700::1111', '::ffff:93.184.216.34', '168.63.129.16', 'nonsense', 'unknown:1'])
      expect([address, await statusFrom(address)]).toEqual([address, 401])
    for (const address of ['127.0.0.1', '10.1.2.3:4711', '192.168.0.9', '[::1]:80', 'fd00::7', '::ffff:10.0.0.1'])
      expect([address, await statusFrom(address)]).toEqual([address, 200])
    expect((await rig.get('/livez', { 'x-forwarded-for': '93.184.216.34' })).status).toBe(200)
  })

  test('M7: one rendering is shared for a second', async () => {
    const rig = await makeRig(database)
    const { text } = rig.platform.metrics
    let rendered = 0
    rig.platform.metrics.text = (now) => {
      rendered++
      return text(now)
    }
    const bodies = await Promise.all(Array.from({ length: 16 }, async () => (await rig.get('/metrics', {})).body))
    expect([rendered, new Set(bodies).size]).toEqual([1, 1])
    rig.clock.advance(999)
    await rig.get('/metrics', {})
    expect(rendered).toBe(1)
    rig.clock.advance(1)
    await rig.get('/metrics', {})
    expect(rendered).toBe(2)
  })
})
