import { expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { adminOf } from '../gifty/access-rig.ts'
import { makeRig as makeGifty } from '../gifty/rig.ts'
import { makeRig as makeLoveParser } from '../love-parser/rig.ts'
import { onEachDatabase } from '../support/databases.ts'
import { EVERY_FAMILY } from '../support/harness.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Other spellings of a JWT, which decode to the same bytes: unused bits of the last character, padding, the other alphabet. */
const spellingsOf = (token: string): string[] => {
  const last = ALPHABET.indexOf(token.at(-1) as string)
  const others = [1, 2, 3].map((bits) => token.slice(0, -1) + ALPHABET[(last & ~3) | ((last + bits) & 3)])
  const [header = '', payload = '', signature = ''] = token.split('.')
  const other = [token.replaceAll('-', '+'), token.replaceAll('_', '/')].filter((text) => text !== token)
  return [...others, `${token}=`, `${header}=.${payload}.${signature}`, `${header}.${payload}=.${signature}`, ...other]
}

onEachDatabase('security: tokens and signed texts', (database) => {
  test('H1: a JWT of Love Parser in another spelling is 401, before and after its logout', async () => {
    const rig = await makeLoveParser(database)
    const { token, headers } = await rig.login()
    const statusOf = async (text: string) => (await rig.get('/api/v1/auth/me', { authorization: `Bearer ${text}` })).status
    for (const spelling of spellingsOf(token)) expect([spelling, await statusOf(spelling)]).toEqual([spelling, 401])
    expect(await statusOf(token)).toBe(200)
    await rig.get('/api/v1/auth/logout', headers)
    for (const spelling of [token, ...spellingsOf(token)]) expect([spelling, await statusOf(spelling)]).toEqual([spelling, 401])
  })

  test('H1: a dashboard JWT in another spelling is 401 in every family that takes it', async () => {
    const rig = await makeGifty(database, { env: EVERY_FAMILY })
    const headers = await adminOf(rig, 7)
    const token = (headers.authorization as string).slice('Bearer '.length)
    for (const route of ['/internal/sources', '/api/internal2/tasks', '/internal/love-parser/payments']) {
      expect((await rig.get(route, headers)).status).toBe(200)
      for (const spelling of spellingsOf(token))
        expect([spelling, (await rig.get(route, { authorization: `Bearer ${spelling}` })).status]).toEqual([spelling, 401])
    }
  })

  test('L6: initData with a control character, or an equals sign in a name, is 401, however it is signed', async () => {
    const bot = '123456:a-bot-token-of-this-test'
    const rig = await makeGifty(database, { env: { TELEGRAM_BOT_TOKEN: bot } })
    const date = String(Math.floor(rig.clock.now() / 1000))
    const login = (pairs: [string, string][]) => {
      const lines = pairs.map((pair) => pair.join('=')).sort()
      const secret = createHmac('sha256', 'WebAppData').update(bot).digest()
      const hash = createHmac('sha256', secret).update(lines.join('\n')).digest('hex')
      return rig.post('/internal/webapp/auth', { init_data: String(new URLSearchParams([...pairs, ['hash', hash]])) }, {})
    }
    for (const [name, value] of [
      ['query_id', 'q\nuser={"id":9002}'],
      ['query_id', 'a\u0000b'],
      ['query_id', 'a\u0085b'],
      ['a\nb', 'c'],
      ['start_param=a', 'b'],
      ['=', ''],
    ] as const) {
      const answer = await login([
        ['auth_date', date],
        [name, value],
      ])
      expect([name, value, answer.status]).toEqual([name, value, 401])
    }
  })
})
