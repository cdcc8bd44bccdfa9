import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { iso } from '../support/fake-clock.ts'
import { codeOf, leasedRun, makeRig, problemOf, product, type Rig, UNKNOWN_ID } from './rig.ts'

const GIFT = encodeURIComponent('shop:https://shop.example/p/1')
const prices = (app: Rig, query = ''): Promise<any> => app.ok('GET', `/internal/products/${GIFT}/prices${query}`)

onEachDatabase('operations §10: prices and runs of a product', (database) => {
  test('the whole history by pages, with the run that brought each price', async () => {
    const app = await makeRig(database)
    const expected: any[] = []
    const runs: any[] = []
    for (let n = 0; n < 13; n++) {
      const run = await leasedRun(app)
      const fence = { source_id: run.id, task_id: run.task.id, worker_id: 'w1', fence: run.task.fence }
      await app.ingest([product(1, { price: 100 + n })], fence)
      const seen = { seen_at: iso(app.clock.now()), run_id: run.run_id }
      expected.unshift({ price: 100 + n, currency: 'RUB', ...seen })
      runs.unshift(seen)
      // Two prices of one run, in one instant.
      if (n === 12) {
        await app.ingest([product(1, { price: 7 })], fence)
        expected.unshift({ price: 7, currency: 'RUB', ...seen })
      }
      await app.verb(run.task, 'complete')
      if (n % 2) app.clock.advance(1000)
    }
    expect(await prices(app)).toEqual({ items: expected, next_cursor: null })
    const seen: any[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await prices(app, `?limit=3${cursor && `&cursor=${cursor}`}`)
      expect(page.items.length).toBeLessThanOrEqual(3)
      seen.push(...page.items)
      cursor = page.next_cursor
    }
    expect(seen).toEqual(expected)
    expect((await app.ok('GET', `/internal/products/${GIFT}`)).runs).toEqual(runs.slice(0, 10))
  })

  test('a batch of no run has none', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1)])
    expect((await prices(app)).items).toEqual([{ price: 100, currency: 'RUB', seen_at: iso(app.clock.now()), run_id: null }])
    expect((await app.ok('GET', `/internal/products/${GIFT}`)).runs).toEqual([])
  })

  test('refusals', async () => {
    const app = await makeRig(database)
    expect(codeOf(await app.get(`/internal/products/${UNKNOWN_ID}/prices`))).toEqual([404, 'not_found'])
    await app.ingest([product(1)])
    const path = `/internal/products/${GIFT}/prices`
    expect(codeOf(await app.get(`${path}?from=1`))).toEqual([422, 'unknown_parameter'])
    for (const cursor of [
      'x',
      'WzE3XQ',
      Buffer.from('[1e300,1]').toString('base64url'),
      Buffer.from('["a",1]').toString('base64url'),
    ])
      expect(problemOf(await app.get(`${path}?cursor=${cursor}`)).loc).toEqual(['query', 'cursor'])
    expect(problemOf(await app.get(`${path}?limit=501`)).loc).toEqual(['query', 'limit'])
  })

  test('lists by price and by id: pages without overlap, each cursor with its order', async () => {
    const app = await makeRig(database)
    await app.ingest([...[5, 1, 3, 3, 3, 2.5, null].map((price, n) => product(n, { price })), product('x', { price: 0 })])
    const walk = async (query: string): Promise<any[]> => {
      const items: any[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: any = await app.ok('GET', `/internal/products?limit=2&${query}${cursor && `&cursor=${cursor}`}`)
        items.push(...page.items)
        cursor = page.next_cursor
      }
      return items
    }
    expect((await walk('sort=price')).map(({ title, price }) => [title, price])).toEqual([
      ...[
        ['Gift x', 0],
        ['Gift 1', 1],
        ['Gift 5', 2.5],
        ['Gift 2', 3],
        ['Gift 3', 3],
        ['Gift 4', 3],
        ['Gift 0', 5],
      ],
    ])
    const byId = await walk('sort=id')
    expect(new Set(byId.map(({ gift_id }) => gift_id)).size).toBe(8)
    expect(await walk('sort=updated')).toEqual(await walk(''))
    const cursorOf = async (sort: string) => (await app.ok('GET', `/internal/products?limit=2&sort=${sort}`)).next_cursor
    for (const [of, used] of [
      ['price', 'id'],
      ['id', 'updated'],
      ['updated', 'price'],
      ['price', 'updated'],
      ['id', 'price'],
    ])
      expect(problemOf(await app.get(`/internal/products?sort=${used}&cursor=${await cursorOf(of as string)}`)).loc).toEqual([
        ...['query', 'cursor'],
      ])
    expect(problemOf(await app.get('/internal/products?q=gift&sort=price')).loc).toEqual(['query', 'sort'])
    expect(problemOf(await app.get('/internal/products?sort=title')).loc).toEqual(['query', 'sort'])
  })

  test('lists and searches narrow by source and by the time of change', async () => {
    const app = await makeRig(database)
    const first = await app.source()
    const second = await app.source()
    await app.ingest([product(1), product(2)], { source_id: first.id })
    const since = iso(app.clock.now())
    app.clock.advance(1000)
    await app.ingest([product(3), product(1)], { source_id: second.id })
    await app.services.search.embedding.embedPending()
    const titles = (items: any[]) => items.map(({ title }) => title).sort()
    for (const [filter, expected] of [
      [{ source_id: first.id }, ['Gift 2']],
      [{ source_id: second.id }, ['Gift 1', 'Gift 3']],
      [{ updated_after: since }, ['Gift 3']],
      [{ updated_after: since, source_id: first.id }, []],
    ] as const) {
      const query = new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)]))
      expect(titles((await app.ok('GET', `/internal/products?${query}`)).items)).toEqual([...expected])
      expect(titles((await app.ok('GET', `/internal/products?q=gift&${query}`)).items)).toEqual([...expected])
      const { results } = await app.ok('POST', '/internal/products/search', { query: 'gift', ...filter })
      expect(titles(results.map(({ product: found }: any) => found))).toEqual([...expected])
    }
  })
})
