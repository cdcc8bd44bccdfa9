import { afterAll, expect, test } from 'bun:test'
import { fuseRanks } from '../../../src/gifty/search/service.ts'
import { createHttpEmbedder, createNgramEmbedder } from '../../../src/platform/search/embedders.ts'

const { embed } = createNgramEmbedder(384)
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, part, n) => sum + part * (b[n] as number), 0)

test('gifty §6: the built-in embedder is deterministic, 384 numbers of length 1', () => {
  const vector = embed('Женская сумка через плечо из натуральной кожи, 2025')
  expect(vector).toHaveLength(384)
  expect(dot(vector, vector)).toBeCloseTo(1, 5)
  expect(createNgramEmbedder(384).embed('Женская сумка через плечо из натуральной кожи, 2025')).toEqual(vector)
  // Stored vectors outlive a release: another vector for the same text needs another version.
  const bytes = new Uint8Array(vector.map((part) => Math.round(part * 1e4)).buffer)
  expect(new Bun.CryptoHasher('sha256').update(bytes).digest('hex').slice(0, 16)).toBe('a864ee0ce49e8fd7')
})

test('gifty §6: forms and misspellings are near, other things are not', () => {
  const near = (a: string, b: string) => dot(embed(a), embed(b))
  expect(near('сумки женские', 'женская сумка')).toBeGreaterThan(0.95)
  expect(near('кросовки', 'кроссовки')).toBeGreaterThan(0.5)
  expect(near('рюкзаг', 'рюкзак')).toBeGreaterThan(0.5)
  expect(near('женская сумка', 'гаечный ключ')).toBeLessThan(0.2)
  expect(embed('!!! и для').every((part) => part === 0)).toBe(true)
})

test('reciprocal ranks: what both lists name comes before what one names first', () => {
  const list = (...keys: string[]) => keys.map((key) => ({ key, weight: 1 }))
  expect(fuseRanks([list('a', 'b', 'c'), list('d', 'b', 'e')])).toEqual(['b', 'a', 'd', 'c', 'e'])
  expect(fuseRanks([[{ key: 'x', weight: 0.5 }], [{ key: 'y', weight: 1 }]])).toEqual(['y', 'x'])
  expect(fuseRanks([])).toEqual([])
})

/** An embedding service that answers as the path says. */
const asked: { body: any; headers: Headers }[] = []
const double = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const path = new URL(request.url).pathname
    asked.push({ body: await request.json(), headers: request.headers })
    if (path === '/good') return Response.json({ data: [{ embedding: [3, 0, 4] }] })
    if (path === '/down') return new Response('secret text of the other side', { status: 500 })
    if (path === '/html') return new Response('<html>')
    if (path === '/short') return Response.json({ data: [{ embedding: [1] }] })
    if (path === '/words') return Response.json({ data: [{ embedding: ['1', '2', '3'] }] })
    if (path === '/null') return Response.json(null)
    if (path === '/moved') return Response.redirect('/good')
    if (path === '/endless') return new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1_048_576)) }))
    return new Promise<Response>(() => {})
  },
})
afterAll(() => double.stop(true))
const embedder = (path: string, timeoutMs = 5000) =>
  createHttpEmbedder({ url: `http://127.0.0.1:${double.port}${path}`, model: 'm3', dim: 3, apiKey: 'key', timeoutMs })

test('gifty §6: an external model is asked as OpenAI-compatible services are', async () => {
  expect(await embedder('/good').embed('красная ёлка')).toEqual(Float32Array.of(3, 0, 4))
  const { body, headers } = asked.at(-1)!
  expect(body).toEqual({ model: 'm3', input: ['красная ёлка'] })
  expect(headers.get('authorization')).toBe('Bearer key')
})

test('gifty §6: a wrong answer of an external embedder is a failure that does not quote it', async () => {
  for (const path of ['/down', '/html', '/short', '/words', '/null', '/moved', '/endless']) {
    const error = await embedder(path)
      .embed('x')
      .then(
        () => undefined,
        (thrown) => thrown,
      )
    expect([path, error?.name]).toEqual([path, 'EmbedderFailure'])
    expect(error.message).not.toContain('secret')
  }
  const late = embedder('/silent', 30).embed('x')
  expect(late).rejects.toThrow('did not answer in time')
  await late.catch(() => {})
  const gone = createHttpEmbedder({ url: 'http://127.0.0.1:1/', model: 'm', dim: 3, timeoutMs: 1000 })
  expect(gone.embed('x')).rejects.toThrow('could not be asked')
})
