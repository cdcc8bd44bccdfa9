import { describe, expect, test } from 'bun:test'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTestApp } from '../support/app.ts'

describe('/docs', () => {
  const app = createTestApp(openSqlite({ path: ':memory:' }))

  test('the page and everything it loads come from this server', async () => {
    const { get } = await app
    const page = await get('/docs', {})
    expect(page.headers.get('content-type')).toContain('text/html')
    const loaded = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string)
    expect(loaded).toHaveLength(2)
    expect(String(page.body)).not.toMatch(/https?:\/\//)
    for (const path of loaded) {
      const asset = await get(path, {})
      expect(asset.status).toBe(200)
      expect(String(asset.body).length).toBeGreaterThan(50_000)
    }
  })

  test('security L5: the page runs its own scripts alone, is in no frame and keeps no token', async () => {
    const { get } = await app
    const page = await get('/docs', {})
    const policy = page.headers.get('content-security-policy') ?? ''
    const inline = [...String(page.body).matchAll(/<script>([^<]*)<\/script>/g)].map((match) => match[1] as string)
    expect(inline).toHaveLength(1)
    for (const text of inline)
      expect(policy).toContain(`'sha256-${new Bun.CryptoHasher('sha256').update(text).digest('base64')}'`)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(String(page.body)).not.toContain('persistAuthorization')
  })

  test('security L1: an unknown asset is 404, also one that looks like a path or names what every object has', async () => {
    const { get } = await app
    for (const name of ['nothing.js', '..%2Findex.ts', '%2e%2e%2fpackage.json', 'constructor', 'toString', '__proto__'])
      expect((await get(`/docs/assets/${name}`, {})).status).toBe(404)
  })

  test('the document is made once and needs no credential', async () => {
    const { get } = await app
    const first = await get('/docs/json', {})
    expect(first.status).toBe(200)
    expect(Object.keys(first.body.paths)).toContain('/internal/ingest-batch')
    expect((await get('/docs/json', {})).body).toEqual(first.body)
  })

  test.each(['/docs/json', '/docs/asyncapi.json'])(
    'security M7: to answer %s costs less than to write it as a text',
    async (path) => {
      const { app: http, get } = await app
      const document = (await get(path, {})).body
      const timed = async (work: () => unknown) => {
        const since = performance.now()
        for (let n = 0; n < 20; n++) await work()
        return performance.now() - since
      }
      const ask = async () => (await http.handle(new Request(`http://localhost${path}`))).arrayBuffer()
      const write = () => JSON.stringify(document)
      // The best of five, because others use the machine too: a tenth of it, and more than twice of it where each answer is written anew.
      const ratios: number[] = []
      for (let n = 0; n < 5; n++) ratios.push((await timed(ask)) / (await timed(write)))
      expect(Math.min(...ratios)).toBeLessThan(0.8)
    },
  )
})
