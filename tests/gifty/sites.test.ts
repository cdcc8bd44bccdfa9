import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { iso } from '../support/fake-clock.ts'
import { codeOf, leasedRun, makeRig, problemOf, product, products, type Rig } from './rig.ts'

const site = (app: Rig, key: string, rest = ''): Promise<any> => app.ok('GET', `/internal/sites/${key}${rest}`)

onEachDatabase('operations §10: sites', (database) => {
  test('sources, last success, items, yields and the share of errors', async () => {
    const app = await makeRig(database)
    const run = await leasedRun(app, { site_key: 'tea' })
    const fence = { source_id: run.id, task_id: run.task.id, worker_id: 'w1', fence: run.task.fence }
    await app.ingest([...products(4, { site_key: 'tea' }), { site_key: 'tea' }], fence)
    await app.verb(run.task, 'complete')
    const endedAt = iso(app.clock.now())
    app.clock.advance(60_000)
    const failed = await leasedRun(app, { site_key: 'tea' })
    await app.error(failed.id, 'HTTP 503')
    const seen = await site(app, 'tea')
    expect(seen).toMatchObject({
      ...{ site_key: 'tea', sources: { waiting: 1, error: 1 }, sources_active: 2, items: 4, error_share: 0.5 },
      ...{ last_success_at: endedAt, freshness_seconds: 60, sampled: 4 },
    })
    expect(seen.yields).toEqual([
      {
        ...{ run_id: failed.run_id, source_id: failed.id, at: iso(app.clock.now()), status: 'failed', items: 0, items_new: 0 },
        ...{ items_updated: 0, items_rejected: 0, pages_failed: 0 },
      },
      {
        ...{ run_id: run.run_id, source_id: run.id, at: endedAt, status: 'partial', items: 4, items_new: 4, items_updated: 0 },
        ...{ items_rejected: 1, pages_failed: 0 },
      },
    ])
    const { items } = await app.ok('GET', '/internal/sites')
    expect(items).toHaveLength(1)
    expect(seen).toMatchObject(items[0])
  })

  test('open and skipped runs are no yields, and the newest thirty are shown', async () => {
    const app = await makeRig(database)
    const source = await app.source({ site_key: 'tea' })
    const ids: number[] = []
    for (let n = 0; n < 33; n++) {
      const { run_id } = await app.force(source.id)
      const [task] = await app.lease()
      await app.verb(task, 'complete')
      ids.unshift(run_id)
    }
    await app.force(source.id)
    const seen = await site(app, 'tea')
    expect(seen.yields.map(({ run_id }: any) => run_id)).toEqual(ids.slice(0, 30))
    expect(seen.error_share).toBe(0)
  })

  test('sites of sources and of products alike, by pages', async () => {
    const app = await makeRig(database)
    for (const key of ['b', 'd']) await app.source({ site_key: key })
    await app.ingest(['a', 'b', 'c', 'e'].map((key) => product(key, { site_key: key })))
    const keys: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: any = await app.ok('GET', `/internal/sites?limit=2${cursor && `&cursor=${cursor}`}`)
      keys.push(...page.items.map(({ site_key }: any) => site_key))
      cursor = page.next_cursor
    }
    expect(keys).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await site(app, 'a')).toMatchObject({
      ...{
        sources: {},
        sources_active: 0,
        items: 1,
        last_success_at: null,
        freshness_seconds: null,
        yields: [],
        error_share: null,
      },
    })
    expect(await site(app, 'd')).toMatchObject({ items: 0, sampled: 0, fill: { title: 0 } })
    expect(await site(app, 'd', '/fields')).toHaveLength(9)
  })

  test('fields say how full they are, and show where they ceased to be', async () => {
    const app = await makeRig(database)
    await app.ingest(products(1500, { image_url: 'https://shop.example/i.jpg', raw_data: { weight: '100 g' } }))
    app.clock.advance(1000)
    // A selector breaks: the price of the last ones is gone.
    await app.ingest([
      ...products(499).map((one) => ({ ...one, price: null, description: '' })),
      { ...product(1499), price: 5, description: 'z'.repeat(500), merchant: 'Shop' },
    ])
    const fields = new Map<string, any>((await site(app, 'shop', '/fields')).map((one: any) => [one.field, one]))
    expect(fields.get('title')).toMatchObject({ filled: 1, filled_newest: 1 })
    expect(fields.get('title').sample).toHaveLength(3)
    expect(fields.get('price')).toMatchObject({ filled: 0.6673, filled_newest: 0.002 })
    expect(fields.get('raw_data')).toMatchObject({ filled: 1 })
    expect(JSON.parse(fields.get('raw_data').sample[0])).toEqual({ weight: '100 g' })
    expect(fields.get('category')).toEqual({ field: 'category', filled: 0, filled_newest: 0, sample: [] })
    const { fill, sampled } = await site(app, 'shop')
    expect(sampled).toBe(1500)
    expect(fill).toEqual(Object.fromEntries([...fields].map(([name, { filled }]) => [name, filled])))
    // Another site's products are not in it.
    await app.ingest([product('o', { site_key: 'other', category: 'Toys' })])
    expect((await site(app, 'other')).fill).toMatchObject({ category: 1, merchant: 0 })
    expect((await site(app, 'shop')).fill.category).toBe(0)
  })

  test('refusals', async () => {
    const app = await makeRig(database)
    expect(codeOf(await app.get('/internal/sites/nobody'))).toEqual([404, 'not_found'])
    expect(codeOf(await app.get('/internal/sites/nobody/fields'))).toEqual([404, 'not_found'])
    expect(codeOf(await app.get('/internal/sites?q=tea'))).toEqual([422, 'unknown_parameter'])
    expect(codeOf(await app.get('/internal/sites/nobody?x=1'))).toEqual([422, 'unknown_parameter'])
    expect(problemOf(await app.get('/internal/sites?cursor=x')).loc).toEqual(['query', 'cursor'])
  })
})
