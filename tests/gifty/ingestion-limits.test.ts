import { expect, test } from 'bun:test'
import { INTERNAL } from '../support/app.ts'
import { openClientSocket } from '../support/client-socket.ts'
import { onEachDatabase } from '../support/databases.ts'
import { leasedRun, makeRig, product } from './rig.ts'

const path = '/internal/ingest-batch'

onEachDatabase('gifty ingestion: what is never stored', (database) => {
  test('security L8: an image without http(s) is left out with a remark, an address without a scheme is refused', async () => {
    const app = await makeRig(database)
    const good = 'https://cdn.shop.example/1.jpg'
    await app.ingest([product(1, { image_url: good })])
    const images = ['javascript:alert(1)', 'data:image/png;base64,AA', '/img/2.jpg', 'https://', 'http:///x', 'ftp://a/b', '//']
    const answer = await app.ingest([
      ...images.map((image_url, n) => product(n + 1, { image_url })),
      product('cdn', { image_url: ' //cdn.shop.example/x.jpg ' }),
      product('none', { image_url: null }),
    ])
    expect(answer.remarks).toEqual(
      images.map((_, index) => ({
        index,
        field: 'image_url',
        message: 'Stored without a new image: it is no http or https address',
      })),
    )
    const { items } = await app.ok('GET', '/internal/products?limit=50')
    const imageOf = (n: number | string) =>
      items.find((item: any) => item.product_url === `https://shop.example/p/${n}`).image_url
    expect(imageOf(1)).toBe(good)
    for (let n = 2; n <= images.length; n++) expect(imageOf(n)).toBeNull()
    expect(imageOf('cdn')).toBe('https://cdn.shop.example/x.jpg')
    for (const product_url of ['//x', '//shop.example/p/1', 'javascript:alert(1)', 'data:text/html,x', '/p/1'])
      expect((await app.post(path, { source_id: 0, items: [{ ...product(1), product_url }] })).status).toBe(422)
  })

  test('cases: an element of a named source or of a lease needs no site of its own', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    const bare = (n: number) => ({ ...product(n), site_key: undefined })
    const categories = [{ name: 'Tea', url: 'https://shop.example/c/tea', site_key: null }]
    expect(await app.ingest([bare(1)], { source_id: id, categories })).toMatchObject({
      items_ingested: 1,
      categories_ingested: 1,
    })
    const lease = { task_id: task.id, worker_id: 'w1', fence: task.fence }
    expect(await app.ingest([bare(2)], lease)).toMatchObject({ items_ingested: 1 })
    const { items } = await app.ok('GET', '/internal/products?site_key=shop')
    expect(items).toHaveLength(2)
    const { status, body } = await app.post(path, { source_id: 0, items: [bare(3)] })
    expect(status).toBe(422)
    expect(JSON.stringify(body)).toContain('site_key')
  })

  test('security L4: what is small in bytes and large in work is refused by its count', async () => {
    const app = await makeRig(database)
    const keys = Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`k${n}`, 1]))
    const answer = await app.ingest([product(1), product(2, { raw_data: keys })])
    expect(answer).toMatchObject({ items_ingested: 1 })
    expect(answer.rejected).toEqual([
      { kind: 'item', index: 1, errors: [{ field: 'raw_data', message: 'Input should have at most 1000 keys' }] },
    ])
    const many = `{"source_id":0,"items":[${'{},'.repeat(500_001)}{}]}`
    expect((await app.call('POST', path, many, { ...INTERNAL, 'content-type': 'application/json' })).status).toBe(413)
    const available_spiders = Array.from({ length: 5001 }, (_, n) => `s${n}`)
    expect((await app.post('/internal/sources/sync-spiders', { available_spiders })).status).toBe(422)
    expect(await app.rows('parsing_sources')).toBe(0)
  })

  test('security L4: a socket has at most 16 leases under way, and may end what it holds meanwhile', async () => {
    const app = await makeRig(database)
    const { task } = await leasedRun(app)
    const origin = app.listen()
    const { socket, next } = await openClientSocket<any>(`${origin.replace('http', 'ws')}/internal/workers/connect`, {
      headers: INTERNAL,
    })
    try {
      const say = (type: string, id: string, data: unknown) => socket.send(JSON.stringify({ type, id, data }))
      say('hello', 'h', { worker_id: 'w1', kinds: ['scoring'] })
      await next((frame) => frame.id === 'h')
      for (let n = 0; n < 200; n++) say('lease', `l${n}`, { wait_seconds: 30 })
      const refused = await next((frame) => frame.id === 'l16')
      expect(refused).toMatchObject({ type: 'error', data: { code: 'rate_limited' } })
      expect(await next((frame) => frame.id === 'l199')).toMatchObject({ type: 'error' })
      say('complete', 'c', { task_id: task.id, fence: task.fence })
      expect(await next((frame) => frame.id === 'c')).toMatchObject({ type: 'reply', data: { state: 'completed' } })
    } finally {
      socket.close()
      await app.stop()
    }
  })
})
