import { beforeAll, describe, expect, test } from 'bun:test'
import { normaliseName } from '../../src/stickers/stickersets/model.ts'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, problems, type Rig } from './rig.ts'

const LONGEST = 'x'.repeat(200)
/** Value, the name it stands for, whether it is a link (stickers §3.6). */
const GOOD: [string, string, boolean][] = [
  ['My_Stickers', 'my_stickers', false],
  ['  My_Stickers\n', 'my_stickers', false],
  ['a', 'a', false],
  ['123', '123', false],
  ['___', '___', false],
  [LONGEST, LONGEST, false],
  ['https://t.me/addstickers/Foo', 'foo', true],
  ['http://t.me/addstickers/Foo', 'foo', true],
  ['t.me/addstickers/Foo', 'foo', true],
  ['www.t.me/addstickers/Foo', 'foo', true],
  ['https://www.t.me/addstickers/Foo', 'foo', true],
  ['HTTPS://T.ME/AddStickers/Foo', 'foo', true],
  [' t.me/addstickers/Foo ', 'foo', true],
  ['t.me/addstickers/Foo?a=1', 'foo', true],
  ['t.me/addstickers/Foo?u=a/b', 'foo', true],
  ['t.me/addstickers/Foo/', 'foo', true],
  ['t.me/addstickers/Foo/?a=1', 'foo', true],
]
/** Links that name nothing. */
const BAD_LINKS = ['', '?x=1', 'Foo/bar', 'Foo//', 'Foo-bar', 'Foo#x', 'Foo%5Fbar', ' Foo', '/Foo', 'ы', 'x'.repeat(201)].map(
  (rest) => `https://t.me/addstickers/${rest}`,
)
/** No links, and no names. */
const BAD_VALUES = [
  ...['https://telegram.me/addstickers/Foo', 'telegram.dog/addstickers/Foo', 'tg://addstickers?set=Foo', 't.me/addemoji/Foo'],
  ...[
    '//t.me/addstickers/Foo',
    'ftp://t.me/addstickers/Foo',
    'https://example.com/addstickers/Foo',
    '@Foo',
    'xt.me/addstickers/Foo',
  ],
  ...['Фу', 'a b', 'a-b', 'a.b', 'a,b', 'Foo!', 'ｆｏｏ', '\u212a'],
]

describe('stickers §3.6: the normaliser', () => {
  for (const [value, name, isLink] of GOOD)
    test(`stickers §3.6: ${JSON.stringify(value.slice(0, 60))} is ${name.slice(0, 20)}`, () => {
      expect(normaliseName(value)).toEqual({ name, isLink })
    })
  for (const value of [...BAD_LINKS, ...BAD_VALUES, '', '   ', 'x'.repeat(201)])
    test(`stickers §3.6: ${JSON.stringify(value.slice(0, 60))} is no set`, () => {
      expect(normaliseName(value)).toEqual({ name: undefined, isLink: BAD_LINKS.includes(value) })
    })
})

onEachDatabase('stickers: names', (database) => {
  let app: Rig
  beforeAll(async () => {
    app = await makeRig(database)
  })
  const encode = encodeURIComponent

  test('stickers §9.7: create and both parameters of check take every good row', async () => {
    for (const [value, name, isLink] of GOOD) {
      const made = await app.send('POST', '?userId=1&shortInfo=1', { name: value })
      expect([value, made.status]).toEqual([value, 201])
      expect([made.body.name, made.body.url]).toEqual([name, `https://t.me/addstickers/${name}`])
      const found = { exists: true, name, id: made.body.id, title: made.body.title }
      expect((await app.send('GET', `/check?name=${encode(value)}`)).body).toEqual(found)
      const byUrl = await app.send('GET', `/check?url=${encode(value)}&name=other`)
      if (isLink) expect(byUrl.body).toEqual(found)
      else expect(problems(byUrl)).toEqual([['url', 'invalid_url']])
      await app.must(204, 'DELETE', `/${made.body.id}`)
    }
  })

  test('stickers §9.7: create and both parameters of check refuse every bad row, but a bare name just does not exist', async () => {
    const before = await app.count('stickersets')
    for (const value of [...BAD_LINKS, ...BAD_VALUES]) {
      if (value.length > 200) continue
      expect([value, ...problems(await app.send('POST', '?userId=1', { name: value }))]).toEqual([
        value,
        ['name', 'invalid_name'],
      ])
      expect([value, ...problems(await app.send('GET', `/check?url=${encode(value)}`))]).toEqual([value, ['url', 'invalid_url']])
      const byName = await app.send('GET', `/check?name=${encode(value)}`)
      if (value.includes('/')) expect(problems(byName)).toEqual([['name', 'invalid_name']])
      else expect([byName.status, byName.body]).toEqual([200, { exists: false, name: value.trim().toLowerCase() }])
    }
    expect(await app.count('stickersets')).toBe(before)
  })

  test('stickers §5.5: too long, nothing asked, url decides, and texts no database holds', async () => {
    expect(problems(await app.send('GET', `/check?name=${'x'.repeat(201)}`))).toEqual([['name', 'too_long']])
    expect(problems(await app.send('GET', `/check?name=x${encode(' '.repeat(200))}`))).toEqual([['name', 'too_long']])
    expect(problems(await app.send('GET', `/check?url=t.me/addstickers/x%3F${'y'.repeat(2048)}`))).toEqual([['url', 'too_long']])
    expect((await app.send('GET', `/check?url=t.me/addstickers/x%3F${'y'.repeat(2000)}`)).body).toEqual({
      exists: false,
      name: 'x',
    })
    for (const query of ['', '?', '?name=&url=', '?name=%20&url=%20'])
      expect((await app.send('GET', `/check${query}`)).body).toMatchObject({
        message: 'Give name or url',
        details: [{ code: 'name_or_url_required' }],
      })
    expect((await app.send('GET', `/check?url=t.me/addstickers/x&name=${'y'.repeat(500)}`)).status).toBe(200)
    expect(problems(await app.send('GET', '/check?url=bad&name=good'))).toEqual([['url', 'invalid_url']])
    expect(problems(await app.send('GET', '/check?name=a%00b'))).toEqual([['name', 'invalid_text']])
    expect(problems(await app.send('POST', '?userId=1', { name: `${'x'.repeat(200)} ` }))).toEqual([['name', 'too_long']])
  })
})
