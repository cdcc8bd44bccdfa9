import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, product } from './rig.ts'

const MIB = 1024 * 1024
const big = 'x'.repeat(400_000)

onEachDatabase('pages are bounded by their bytes', (database) => {
  /** All pages of a list with a cursor, and the largest of them in bytes. */
  const pages = async (app: Awaited<ReturnType<typeof makeRig>>, path: string) => {
    const items: any[] = []
    let [count, largest] = [0, 0]
    for (let cursor: string | null = ''; cursor !== null; count++) {
      const page: any = await app.ok('GET', `${path}&cursor=${cursor}`.replace(/&cursor=$/, ''))
      largest = Math.max(largest, JSON.stringify(page).length)
      items.push(...page.items)
      cursor = page.next_cursor
    }
    return { items, count, largest }
  }

  test('A12: products with long descriptions come in pages that end early, by change and by relevance', async () => {
    const app = await makeRig(database)
    const items = Array.from({ length: 30 }, (_, n) => product(n, { description: `mug ${big}`, raw_data: { big } }))
    for (let n = 0; n < items.length; n += 10) {
      await app.ingest(items.slice(n, n + 10))
      app.clock.advance(1000)
    }
    for (const query of ['limit=200', 'limit=200&q=mug']) {
      const { items: found, count, largest } = await pages(app, `/internal/products?${query}`)
      expect(new Set(found.map((item) => item.gift_id)).size).toBe(30)
      expect(found).toHaveLength(30)
      expect(count).toBeGreaterThan(2)
      expect(largest).toBeLessThan(4.5 * MIB)
    }
    // One that is larger than a page is a page.
    await app.ingest([product('huge', { description: 'y'.repeat(5 * MIB) })])
    expect((await app.ok('GET', '/internal/products?limit=5')).items).toHaveLength(1)
  })

  test('A12: runs with long errors come in pages that end early', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    for (let n = 0; n < 60; n++) {
      await app.error(id, `${n} ${'e'.repeat(99_000)}`)
      app.clock.advance(3_600_000)
    }
    const { items, count, largest } = await pages(app, `/internal/sources/${id}/runs?limit=200`)
    expect(items.map((run) => run.error.split(' ')[0])).toEqual(Array.from({ length: 60 }, (_, n) => String(59 - n)))
    expect(count).toBe(2)
    expect(largest).toBeLessThan(4.5 * MIB)
  })

  test('A12: a list of sources is read in parts, whole or with a limit, and so is the backlog', async () => {
    const app = await makeRig(database)
    for (let n = 0; n < 24; n++) await app.source({ config: { big, n } })
    await app.source({ config: { last: true } })
    const statements: number[] = []
    for (const [query, expected] of [
      ['', 25],
      ['?limit=1000', 25],
      ['?limit=7&after_id=3', 7],
    ] as const) {
      const response = await app.app.handle(
        new Request(`http://localhost/internal/sources${query}`, { headers: { 'x-internal-token': 'dev-internal-token' } }),
      )
      let largest = 0
      const decoder = new TextDecoder()
      let text = ''
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        largest = Math.max(largest, chunk.byteLength)
        text += decoder.decode(chunk, { stream: true })
      }
      expect(JSON.parse(text)).toHaveLength(expected)
      expect(largest).toBeLessThan(1.5 * MIB)
      statements.push(largest)
    }
    expect(await app.ok('GET', '/internal/sources?limit=3&site_key=nobody')).toEqual([])
  })
})
