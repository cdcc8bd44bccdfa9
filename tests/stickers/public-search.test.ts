import { beforeEach, expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, problems, type Rig } from './rig.ts'

const PUBLIC = '/api/stickersets'

onEachDatabase('stickers: the search of inline mode (stickers §5.9)', (database) => {
  let app: Rig
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    app.call(method, `${PUBLIC}${path}`, undefined, headers)
  beforeEach(async () => {
    app = await makeRig(database)
    await app.create('cats_public', { visibility: 'PUBLIC', title: 'Cats', categoryKeys: ['animals'] })
    await app.create('cats_private', { title: 'Cats' })
    const blocked = await app.create('cats_blocked', { visibility: 'PUBLIC', title: 'Cats' })
    await app.block(blocked.id)
    const deleted = await app.create('cats_deleted', { visibility: 'PUBLIC', title: 'Cats' })
    await app.must(204, 'DELETE', `/${deleted.id}`)
  })

  test('crawler M1: it answers as the search with a token does, whatever token is sent, with public sets alone', async () => {
    for (const query of ['?query=cat', '', '?query=cat&limit=1&shortInfo=true', '/?query=CAT'])
      for (const language of ['en', 'ru']) {
        const own = await app.send('GET', `/search${query}`, undefined, { 'x-language': language })
        for (const sent of [undefined, 'wrong', ' ', 'dev-service-token']) {
          const token: Record<string, string> = sent === undefined ? {} : { 'x-service-token': sent }
          const answer = await ask(`/search${query}`, { 'x-language': language, ...token })
          expect([query, answer.status, answer.body]).toEqual([query, 200, own.body])
          expect(answer.headers.get('x-telegram-info')).toBe(own.headers.get('x-telegram-info') as string)
          expect(answer.body.content.map((set: any) => set.name)).toEqual(['cats_public'])
        }
      }
    expect((await ask('/search', { 'x-language': 'ru' })).body.content[0].categories[0].name).toBe('Животные')
    expect((await ask('/search', {}, 'HEAD')).status).toBe(200)
  })

  test('crawler M1: the same with SERVICE_TOKENS set but empty', async () => {
    const closed = await makeRig(database, { env: { SERVICE_TOKENS: '' } })
    expect((await closed.call('GET', '/internal/stickersets/search', undefined, {})).status).toBe(401)
    expect((await closed.call('GET', `${PUBLIC}/search?query=cat`, undefined, {})).status).toBe(200)
  })

  test("crawler M1: refusals are the gallery's own, in the language asked for", async () => {
    const refused = await ask('/search?limit=0&offset=-1', { 'x-language': 'ru' })
    expect(problems(refused)).toEqual([
      ['limit', 'invalid_number'],
      ['offset', 'invalid_number'],
    ])
    expect(refused.body.message).toBe('limit: нужно целое число от 1 до 100')
    const other = await ask('/search', { 'x-language': 'ru' }, 'POST')
    expect([other.status, other.body.message, other.headers.get('allow')]).toEqual([
      405,
      'Метод POST здесь не поддерживается',
      'GET, HEAD',
    ])
  })

  test('crawler M1: there is no other path below /api/stickersets, with a token or without', async () => {
    for (const path of ['', '/1', '/check?name=cats_public', '/categories', '/author/1', '/search/1', '/1/publish'])
      for (const token of [{}, { 'x-service-token': 'dev-service-token' }] as Record<string, string>[])
        for (const method of ['GET', 'POST', 'DELETE']) {
          const { status, body } = await ask(path, token, method)
          expect([method, path, status, body]).toEqual([
            method,
            path,
            404,
            { error: 'Not found', message: 'There is no such endpoint', requestId: expect.any(String) },
          ])
        }
  })
})
