import { expect, test } from 'bun:test'
import { makeRig } from '../love-parser/rig.ts'
import { onEachDatabase } from '../support/databases.ts'
import { runHere } from './rig.ts'

const SHOP = { ROBOKASSA_MERCHANT_LOGIN: 'demo', ROBOKASSA_PASSWORD1: 'pw1', ROBOKASSA_PASSWORD2: 'pw2' }

onEachDatabase('trawl love-parser', (database) => {
  test('M1: finds a payment, applies it, ends the plan, blocks and unblocks, with the reason kept', async () => {
    const rig = await makeRig(database, { env: SHOP })
    const origin = rig.listen()
    try {
      const person = await rig.login()
      const order = (await rig.post('/api/v1/subscriptions/purchase', { plan_type: 'month' }, person.headers)).body.order_id
      await rig.post('/api/v1/subscriptions/purchase', { plan_type: 'week' }, person.headers)
      const trawl = (...argv: string[]) => runHere('.', ['love-parser', ...argv, '--server', origin])
      const json = async (...argv: string[]) => {
        const { code, out, err } = await trawl(...argv)
        expect([code, err]).toEqual([0, ''])
        return JSON.parse(out)
      }

      const list = await trawl('payments', 'list', '--user', person.id, '--limit', '1')
      expect([list.code, JSON.parse(list.out).plan_type]).toEqual([0, 'week'])
      const cursor = /--cursor (\S+)/.exec(list.err)![1]!
      expect((await json('payments', 'list', '--cursor', cursor)).order).toBe(order)
      expect(await json('payments', 'show', order)).toMatchObject({ status: 'pending', user_id: person.id })

      const resend = ['notification', 'resend', order, '--reason', 'seen in the shop']
      expect(await trawl(...resend)).toMatchObject({
        code: 3,
        err: `trawl love-parser: ${origin} answered 422: The amount that was received is required to apply a payment\n`,
      })
      expect(await json(...resend, '--amount', '950.00')).toMatchObject({ status: 'completed' })
      const end = ['plan', 'end', person.id, '--reason', 'refunded', '--refund', '950', '--note', 'by hand']
      expect(await json(...end)).toMatchObject({ plan_type: 'month', status: 'expired' })
      expect(await json('user', 'block', person.id, '--reason', 'spam')).toEqual({ id: person.id, status: 'blocked' })
      expect((await rig.me(person)).status).toBe(403)
      await json('user', 'unblock', person.id, '--reason', 'a mistake')
      expect((await rig.me(person)).status).toBe(200)
      const kept = (await rig.get(`/internal/love-parser/audit?target=user:${person.id}`)).body.items
      expect(kept.map((entry: any) => entry.reason).sort()).toEqual(['a mistake', 'refunded', 'spam'])

      expect((await trawl('payments', 'show', '999')).err).toBe(`trawl love-parser: ${origin} answered 404: Order not found\n`)
      expect((await trawl('payments', 'list', '--token', 'wrong')).code).toBe(3)
    } finally {
      await rig.stop()
    }
  })
})

for (const argv of [
  [],
  ['payments'],
  ['payments', 'delete', '1'],
  ['payments', 'list', '1'],
  ['payments', 'show'],
  ['payments', 'show', '1', '2'],
  ['plan', 'end', 'x'],
  ['user', 'block', 'x', '--reason', ' '],
  ['notification', 'resend', '1'],
  ['payments', 'list', '--server', 'example.com'],
  ['payments', 'list', '--server', 'https://example.com'],
])
  test(`trawl love-parser ${argv.join(' ')} is wrong usage, and nothing is sent`, async () => {
    expect((await runHere('.', ['love-parser', ...argv])).code).toBe(2)
  })

test('a server that is away is said so', async () => {
  const { code, err } = await runHere('.', ['love-parser', 'payments', 'list', '--server', 'http://127.0.0.1:1'])
  expect([code, err]).toEqual([3, expect.stringContaining('http://127.0.0.1:1 cannot be reached')])
})
