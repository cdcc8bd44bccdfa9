import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig } from './rig.ts'

/** Values that have broken servers: edges of numbers, texts no database stores, wrong types. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, '', ' ', '0', '-1', '1.5', 'NaN', '\u0000', '\ud800', '😀', [], {}, [[]], {
    a: null,
  }),
  fc.constantFrom<unknown>(0, -1, 1, 0.5, 2 ** 31, 2 ** 53 - 1, -(2 ** 53), 1e21, 1e308),
  fc.constantFrom<unknown>(
    '9'.repeat(30),
    'x'.repeat(300),
    'ё'.repeat(200),
    "'; drop table stickersets; --",
    '%',
    '_',
    '\\',
    '{}',
    't.me/addstickers/',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.jsonValue({ maxDepth: 3 }),
)
const text = odd.map((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')))
const given = (valid: string) => fc.oneof({ weight: 3, arbitrary: fc.constant(valid) }, text)
const query = (valid: Record<string, string>) =>
  fc
    .record(Object.fromEntries(Object.entries(valid).map(([name, value]) => [name, given(value)])), { requiredKeys: [] })
    .map((fields) =>
      // A lone surrogate has no place in a URL: what clients make of it instead.
      new URLSearchParams(
        Object.entries(fields as Record<string, string>).map(([name, value]) => [name, value.toWellFormed()]),
      ).toString(),
    )
const path = (valid: string) =>
  given(valid).map((value) => encodeURIComponent(value.toWellFormed()).replaceAll('.', '%2E') || '0')
const body = fc
  .record(
    {
      name: fc.oneof({ weight: 3, arbitrary: fc.stringMatching(/^[a-z]{1,3}$/) }, odd),
      title: fc.oneof(fc.constant('T'), odd),
      description: fc.oneof(fc.constant('d'), odd),
      categoryKeys: fc.oneof(fc.constant(['cute']), fc.array(odd, { maxLength: 3 }), odd),
      visibility: fc.oneof(fc.constant('PUBLIC'), odd),
      isPublic: fc.oneof(fc.constant(true), odd),
    },
    { requiredKeys: [] },
  )
  .map((value) => value as unknown)
const pages = {
  page: '0',
  size: '2',
  sort: 'title',
  direction: 'ASC',
  categoryKeys: 'cute,memes',
  shortInfo: 'true',
  preview: '1',
}

/** Every operation of the contract with what a client can send. */
const request = fc.oneof(
  fc.tuple(
    fc.constant('GET'),
    path('1').chain((id) => query({ shortInfo: '1' }).map((q) => `/${id}?${q}`)),
  ),
  fc.tuple(
    fc.constant('GET'),
    path('1').chain((id) => query(pages).map((q) => `/author/${id}?${q}`)),
  ),
  fc.tuple(
    fc.constant('GET'),
    query({ query: 'cute T', limit: '5', offset: '0', preview: 'yes' }).map((q) => `/search?${q}`),
  ),
  fc.tuple(
    fc.constant('GET'),
    query({ name: 'a', url: 't.me/addstickers/a' }).map((q) => `/check?${q}`),
  ),
  fc.tuple(fc.constant('GET'), fc.constant('/categories')),
  fc.tuple(
    fc.constant('DELETE'),
    path('1').map((id) => `/${id}`),
  ),
  fc.tuple(
    fc.constant('POST'),
    fc.tuple(path('1'), fc.constantFrom('publish', 'unpublish')).map((parts) => `/${parts.join('/')}`),
  ),
  fc.tuple(
    fc.constant('POST'),
    query({ userId: '1', authorId: '1', shortInfo: '0' }).map((q) => `?${q}`),
    fc.oneof({ weight: 9, arbitrary: body }, odd),
  ),
)

onEachDatabase('stickers fuzz', (database) => {
  test('stickers §3.4: whatever is sent, an answer is one of the contract’s and has its shape', async () => {
    const app = await makeRig(database)
    await app.create('first', { visibility: 'PUBLIC' }, 'userId=1&authorId=1')
    const seen = new Set<number>()
    await fc.assert(
      fc.asyncProperty(request, async ([method, where, sent]: any) => {
        const answer = await app.send(method, where, sent === undefined ? undefined : JSON.stringify(sent))
        seen.add(answer.status)
        if (![200, 201, 204, 400, 404, 405].includes(answer.status))
          throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
        if (answer.status < 400) return
        expect(Object.keys(answer.body)).toEqual(
          answer.status === 400 ? ['error', 'message', 'details', 'requestId'] : ['error', 'message', 'requestId'],
        )
        if (answer.status === 400) {
          const fields = answer.body.details.map((detail: any) => detail.field)
          expect(new Set(fields).size).toBe(fields.length)
          for (const detail of answer.body.details) expect(detail.message).not.toMatch(/\{\w+\}|undefined|\[object/)
        }
      }),
      { numRuns: 600, seed: 5 },
    )
    for (const status of [200, 201, 204, 400, 404]) expect([status, seen.has(status)]).toEqual([status, true])
  }, 300_000)
})
