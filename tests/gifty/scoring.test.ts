import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../support/databases.ts'
import { iso, START } from '../support/fake-clock.ts'
import { codeOf, makeRig, problemOf, product, products } from './rig.ts'
import { giftId, poll, readProduct, scored, submit, unscored } from './scoring-rig.ts'

onEachDatabase('gifty scoring', (database) => {
  test('gifty §5: tasks are active products without a score, then changed ones; newest change first, then gift_id', async () => {
    const app = await makeRig(database)
    expect(await app.ok('GET', '/internal/scoring/tasks')).toEqual([])
    await app.ingest([
      product('b'),
      product('B'),
      product('a', { category: 'Toys', merchant: 'M', image_url: 'https://shop.example/i', price: null }),
    ])
    app.clock.advance(1000)
    await app.ingest([product('z'), product('gone')])
    await app.db.sql(
      sql`update products set is_active = ${database.dialect === 'postgres' ? sql`false` : sql`0`} where title = 'Gift gone'`,
    )
    // Byte order: upper case first, also where the database's collation says otherwise.
    expect(await poll(app, 'w1')).toEqual(['z', 'B', 'a', 'b'])
    await submit(app, scored(giftId('a')), scored(giftId('z')))
    app.clock.advance(900_001)
    await app.ingest([product('a', { title: 'Another text' }), product('z', { title: 'Another one' })])
    const [b, , a] = await app.ok('GET', '/internal/scoring/tasks?worker_id=w2')
    expect(b).toEqual({
      gift_id: giftId('B'),
      title: 'Gift B',
      category: null,
      merchant: null,
      price: 100,
      image_url: null,
      content_text: 'Gift B',
    })
    expect(a).toMatchObject({
      gift_id: giftId('a'),
      title: 'Another text',
      category: 'Toys',
      content_text: 'Another text Toys M',
    })
    expect(await unscored(app)).toBe(4)
    // Small claims follow the same order, over the border of the two parts.
    app.clock.advance(900_001)
    expect([await poll(app, 'w1', 1), await poll(app, 'w1', 2), await poll(app, 'w1', 2)]).toEqual([['B'], ['b', 'a'], ['z']])
  })

  test('gifty §13.18: two named workers get disjoint tasks; expiry returns them, submit removes them', async () => {
    const app = await makeRig(database)
    await app.ingest(products(6))
    expect(await poll(app, 'w1', 3)).toEqual(['0', '1', '2'])
    expect(await poll(app, 'w2', 10)).toEqual(['3', '4', '5'])
    expect(await poll(app, 'w1', 10)).toEqual([])
    app.clock.advance(899_999)
    expect(await poll(app, 'w3')).toEqual([])
    await submit(app, scored(giftId(0)))
    app.clock.advance(1)
    expect(await poll(app, 'w3')).toEqual(['1', '2', '3', '4', '5'])
    // A lease as long as it was asked for.
    await app.ingest([product(6)])
    expect(await poll(app, 'w4', 5, '&lease_seconds=5')).toEqual(['6'])
    app.clock.advance(5000)
    expect(await poll(app, 'w5')).toEqual(['6'])
  })

  test('gifty §13.18: `limit` 0 is 422, 501 gives 500 rows', async () => {
    const app = await makeRig(database)
    await app.ingest(products(502))
    expect(problemOf(await app.get('/internal/scoring/tasks?limit=0'))).toMatchObject({
      type: 'greater_than_equal',
      loc: ['query', 'limit'],
    })
    expect(await poll(app, 'w1', 501)).toHaveLength(500)
    expect(await poll(app, 'w2', 1e15)).toHaveLength(2)
    for (const query of [
      'worker_id=',
      `worker_id=${'x'.repeat(129)}`,
      'lease_seconds=4',
      'lease_seconds=3601',
      'limit=',
      'limit=x',
    ])
      expect(problemOf(await app.get(`/internal/scoring/tasks?${query}`)).loc[0]).toBe('query')
  })

  test('gifty §5: an anonymous caller gets free rows first, then those under anonymous leases, oldest first', async () => {
    const app = await makeRig(database)
    await app.ingest(products(5))
    expect(await poll(app, undefined, 2)).toEqual(['0', '1'])
    app.clock.advance(1000)
    expect(await poll(app, undefined, 2)).toEqual(['2', '3'])
    app.clock.advance(1000)
    // A lone simple client sees no work vanish; those it saw longest ago come first.
    expect(await poll(app, undefined, 3)).toEqual(['4', '0', '1'])
    app.clock.advance(1000)
    expect(await poll(app, undefined, 5)).toEqual(['2', '3', '0', '1', '4'])
    // A named worker waits for the 120 s, whatever `lease_seconds` a nameless one gave.
    expect(await poll(app, 'w1', 5)).toEqual([])
    app.clock.advance(119_999)
    expect(await poll(app, 'w1', 5)).toEqual([])
    app.clock.advance(1)
    expect(await poll(app, 'w1', 3)).toEqual(['0', '1', '2'])
    // Named leases never give way to a simple client.
    expect(await poll(app, undefined, 5)).toEqual(['3', '4'])
    await submit(app, scored(giftId(3)))
    expect(await poll(app, undefined, 5)).toEqual(['4'])
  })

  test('gifty §1: HEAD answers like GET and leases nothing', async () => {
    const app = await makeRig(database)
    await app.ingest(products(2))
    const head = await app.call('HEAD', '/internal/scoring/tasks?worker_id=w1')
    expect([head.status, head.body]).toEqual([200, ''])
    expect(await app.rows('tasks')).toBe(0)
    expect(await poll(app, 'w2')).toEqual(['0', '1'])
  })

  test('gifty §5: a submit stores the score, ends the lease and keeps the count of unscored in step', async () => {
    const app = await makeRig(database)
    await app.ingest(products(3))
    expect(await unscored(app)).toBe(3)
    await poll(app, 'w1', 1)
    app.clock.advance(5000)
    const answer = await submit(
      app,
      scored(giftId(0), {
        llm_gift_score: '9.25',
        llm_gift_vector: { 'Wow-Factor': 8, 'gender bias': 'Feminine', age_suitability: { child: 1, adult: '9' }, Romance: 10 },
      }),
      scored(giftId(2), { llm_gift_vector: null }),
    )
    expect(answer).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        updated: 2,
        rejected: [],
        results: [
          { index: 0, gift_id: giftId(0), status: 'updated', ignored: [] },
          { index: 1, gift_id: giftId(2), status: 'updated', ignored: [] },
        ],
      },
    })
    expect(await readProduct(app, 0)).toMatchObject({
      llm_gift_score: 9.25,
      llm_gift_reasoning: 'A fine gift',
      llm_scoring_model: 'judge',
      llm_scoring_version: '1',
      llm_gift_vector: { wow_factor: 8, gender_bias: 'feminine', age_suitability: { child: 1, adult: 9 }, romance: 10 },
      llm_scored_at: iso(START + 5000),
      needs_scoring: false,
      updated_at: iso(START),
    })
    expect(await readProduct(app, 2)).toMatchObject({ llm_gift_score: 7.5, llm_gift_vector: null, needs_scoring: false })
    expect(await unscored(app)).toBe(1)
    expect(await app.rows("tasks where state <> 'completed'")).toBe(0)
    // A null vector keeps the stored one; a new one replaces it.
    await submit(app, scored(giftId(0), { llm_gift_score: 0 }))
    expect(await readProduct(app, 0)).toMatchObject({ llm_gift_score: 0, llm_gift_vector: { romance: 10 } })
    await submit(app, scored(giftId(0), { llm_gift_vector: { warmth: 1 } }))
    expect((await readProduct(app, 0)).llm_gift_vector).toEqual({ warmth: 1 })
  })

  test('gifty §13.15: changed text queues re-scoring; the vector stays; the hash is the one handed out, else the current', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1), product(2)])
    await poll(app, 'w1')
    await app.ingest([product(1, { title: 'Changed while it was scored' })])
    await submit(app, scored(giftId(1), { llm_gift_vector: { warmth: 3 } }), scored(giftId(2)))
    // What was scored is not what is stored now.
    expect(await readProduct(app, 1)).toMatchObject({ llm_gift_score: 7.5, needs_scoring: true })
    expect(await unscored(app)).toBe(1)
    expect(await poll(app, 'w2')).toEqual(['1'])
    await submit(app, scored(giftId(1)))
    expect(await readProduct(app, 1)).toMatchObject({ needs_scoring: false, llm_gift_vector: { warmth: 3 } })
    // Without a lease it is the current content.
    await app.ingest([product(1, { title: 'Changed again' })])
    expect(await unscored(app)).toBe(1)
    await submit(app, scored(giftId(1)))
    expect(await unscored(app)).toBe(0)
    // Content that comes back to what was scored wants no new score.
    await app.ingest([product(1, { title: 'Other' })])
    await app.ingest([product(1, { title: 'Changed again' })])
    expect(await unscored(app)).toBe(0)
    // A late submit still counts as what was handed out.
    await app.ingest([product(2, { title: 'Newer' })])
    await poll(app, 'w3')
    await app.ingest([product(2, { title: 'Newest' })])
    app.clock.advance(2_000_000)
    await submit(app, scored(giftId(2)))
    expect(await poll(app, 'w4')).toEqual(['2'])
  })

  test('gifty §13.18: an unknown gift_id is rejected and not counted; a score of 11 is rejected; of duplicates the last counts', async () => {
    const app = await makeRig(database)
    await app.ingest(products(3))
    const answer = await submit(
      app,
      scored(giftId(0), { llm_gift_score: 1 }),
      scored('shop:nowhere'),
      scored(giftId(1), { llm_gift_score: 11 }),
      scored(giftId(0), { llm_gift_score: 2, llm_gift_vector: { sparkle: 1, Warmth: 2 } }),
      null,
      { ...scored(giftId(2)), llm_gift_reasoning: undefined },
    )
    expect(answer.status).toBe(200)
    expect(answer.body.updated).toBe(1)
    expect(answer.body.rejected).toEqual([
      { index: 1, gift_id: 'shop:nowhere', errors: [{ field: 'gift_id', message: 'Product not found' }] },
      {
        index: 2,
        gift_id: giftId(1),
        errors: [{ field: 'llm_gift_score', message: 'Input should be less than or equal to 10' }],
      },
      { index: 4, gift_id: null, errors: [{ field: '', message: 'Input should be an object' }] },
      { index: 5, gift_id: giftId(2), errors: [{ field: 'llm_gift_reasoning', message: 'Field required' }] },
    ])
    expect(answer.body.results.map((result: any) => [result.gift_id, result.status])).toEqual([
      [giftId(0), 'updated'],
      ['shop:nowhere', 'rejected'],
      [giftId(1), 'rejected'],
      [giftId(0), 'updated'],
      [null, 'rejected'],
      [giftId(2), 'rejected'],
    ])
    expect(answer.body.results[3].ignored).toEqual(['sparkle'])
    expect(await readProduct(app, 0)).toMatchObject({ llm_gift_score: 2, llm_gift_vector: { warmth: 2 } })
    expect(await readProduct(app, 1)).toMatchObject({ llm_gift_score: null, needs_scoring: true })
  })

  test('gifty §5: no `results`, a bare list or only malformed elements are 422; more than 1,000 are 413', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1)])
    expect(problemOf(await app.post('/internal/scoring/submit', {}))).toMatchObject({ type: 'missing', loc: ['body', 'results'] })
    expect(problemOf(await app.post('/internal/scoring/submit', [scored(giftId(1))])).type).toBe('dict_type')
    expect(problemOf(await app.post('/internal/scoring/submit', { results: 'x' })).type).toBe('list_type')
    expect(problemOf(await submit(app, scored(giftId(1), { llm_gift_score: -0.1 })))).toMatchObject({
      type: 'greater_than_equal',
      loc: ['body', 'results', 0, 'llm_gift_score'],
      input: -0.1,
    })
    expect((await submit(app)).body).toEqual({ status: 'ok', updated: 0, rejected: [], results: [] })
    const many = Array.from({ length: 1001 }, () => scored(giftId(1)))
    expect(codeOf(await submit(app, ...many))).toEqual([413, 'payload_too_large'])
    expect(await readProduct(app, 1)).toMatchObject({ llm_gift_score: null })
    expect((await submit(app, ...many.slice(1))).body).toMatchObject({ updated: 1, rejected: [] })
  })

  test('gifty §13.16: concurrent submits and batches of the same products in opposite orders all succeed', async () => {
    const app = await makeRig(database)
    const items = products(60)
    await app.ingest(items)
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => {
        const order = n % 2 ? items.map((_, i) => i) : items.map((_, i) => 59 - i)
        if (n % 4 === 3)
          return app.post('/internal/ingest-batch', { source_id: 0, items: order.map((i) => product(i, { title: `T${n}` })) })
        return submit(app, ...order.map((i) => scored(giftId(i), { llm_gift_score: n % 10 })))
      }),
    )
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200))
  })
})
