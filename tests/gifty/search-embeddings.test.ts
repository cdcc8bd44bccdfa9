import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { makeProcesses, makeRig, problemOf, product, type Rig } from './rig.ts'

const MODEL = { model_name: 'm', model_version: '1' }
const env = { EMBEDDING_MODEL: 'm', EMBEDDING_VERSION: '1', EMBEDDING_DIM: '4' }
const VECTOR = [1, 0, 0, 0]
const idOf = (n: number | string) => `shop:https://shop.example/p/${n}`
const tasks = async (app: Rig, more: Record<string, unknown> = {}): Promise<any[]> =>
  (await app.ok('POST', '/internal/embeddings/tasks', { ...MODEL, ...more })).tasks
const submit = (app: Rig, results: unknown, more: Record<string, unknown> = {}) =>
  app.ok('POST', '/internal/embeddings/submit', { ...MODEL, results, ...more })

onEachDatabase('gifty embeddings', (database) => {
  test('gifty §5: tasks are active products without a vector of this model and version, or with one of an older content', async () => {
    const app = await makeRig(database, { env })
    expect(await tasks(app)).toEqual([])
    await app.ingest([product(1, { title: 'Лампа', category: 'Дом' }), product(2)])
    const [first, second] = await tasks(app, { worker_id: 'w1' })
    expect([first.gift_id, second.gift_id].sort()).toEqual([idOf(1), idOf(2)])
    const lamp = first.gift_id === idOf(1) ? first : second
    expect(Object.keys(lamp).sort()).toEqual(['content_hash', 'content_text', 'gift_id'])
    expect(lamp.content_text).toBe('Лампа Дом')
    // Leased: no worker gets them again, until submit or expiry; another model is another queue.
    expect(await tasks(app, { worker_id: 'w2' })).toEqual([])
    expect(await tasks(app, { worker_id: 'w2', model_version: '2' })).toHaveLength(2)
    const answer = await submit(app, [{ gift_id: lamp.gift_id, content_hash: lamp.content_hash, embedding: VECTOR }])
    expect(answer).toEqual({
      status: 'ok',
      updated: 1,
      rejected: [],
      results: [{ index: 0, gift_id: idOf(1), status: 'updated' }],
    })
    app.clock.advance(900_001)
    expect((await tasks(app, { worker_id: 'w2' })).map((task) => task.gift_id)).toEqual([idOf(2)])
    // Changed content is wanted again, an unchanged product is not.
    await app.ingest([product(1, { title: 'Новая лампа', category: 'Дом' })])
    expect((await tasks(app, { worker_id: 'w3' })).map((task) => task.gift_id)).toEqual([idOf(1)])
    await app.stop()
  })

  test('gifty §13.18: two named workers get disjoint tasks; without a name rows come back while nothing else is free', async () => {
    const app = await makeRig(database, { env })
    await app.ingest(Array.from({ length: 30 }, (_, n) => product(n)))
    const [a, b] = await Promise.all([tasks(app, { worker_id: 'a', limit: 20 }), tasks(app, { worker_id: 'b', limit: 20 })])
    expect(new Set([...a!, ...b!].map((task) => task.gift_id)).size).toBe(30)
    expect(a!.length + b!.length).toBe(30)
    app.clock.advance(900_001)
    expect(await tasks(app, { limit: 25 })).toHaveLength(25)
    expect(await tasks(app, { limit: 25 })).toHaveLength(25)
    for (const [body, loc] of [
      [{ limit: 0 }, 'limit'],
      [{ limit: 501 }, 'limit'],
      [{ model_name: '' }, 'model_name'],
      [{ lease_seconds: 4 }, 'lease_seconds'],
    ] as const)
      expect(problemOf(await app.post('/internal/embeddings/tasks', { ...MODEL, ...body })).loc).toEqual(['body', loc])
    expect(problemOf(await app.post('/internal/embeddings/tasks', { model_name: 'm' }))).toMatchObject({ type: 'missing' })
    await app.stop()
  })

  test('gifty §5: any model is a queue of its own; those that are not configured are no kind of the worker protocol', async () => {
    const app = await makeRig(database, { env })
    await app.ingest([product(1), product(2)])
    const other = { model_name: 'foreign', model_version: '7' }
    // Anonymous: free rows first, then those under leases like its own, of this model only.
    expect(await tasks(app, { limit: 1 })).toHaveLength(1)
    const [first] = await tasks(app, { ...other, limit: 1 })
    app.clock.advance(1000)
    const [second, shared] = await tasks(app, { ...other, limit: 2 })
    expect(shared).toEqual(first)
    expect(second.gift_id).not.toBe(first.gift_id)
    expect(await tasks(app, { ...other, worker_id: 'w1' })).toEqual([])
    expect(await tasks(app, { ...other, model_version: '8', worker_id: 'w1' })).toHaveLength(2)
    expect((await app.call('POST', '/internal/workers/lease', { worker_id: 'w1', kinds: ['embedding.other'] })).status).toBe(422)
    // They are listed, and are nobody's to cancel.
    const { tasks: listed } = await app.ok('GET', '/internal/tasks?kind=embedding.other')
    expect(listed.length).toBeGreaterThan(0)
    expect((await app.post(`/internal/tasks/${listed[0].id}/cancel`, {})).status).toBe(404)
    await submit(app, [{ ...second, embedding: VECTOR }], other)
    expect(await app.rows("tasks where kind = 'embedding.other' and state = 'completed'")).toBe(1)
    app.clock.advance(120_000)
    expect((await tasks(app, { ...other, worker_id: 'w1' })).map((task) => task.gift_id)).toEqual([first.gift_id])
    // The configured model's row was held all the time by what was taken of it, and by nothing else.
    expect(await app.lease('w1', { kinds: ['embedding'], max: 10 })).toHaveLength(2)
    await app.stop()

    const builtIn = await makeRig(database)
    await builtIn.ingest([product(1)])
    const own = { model_name: builtIn.platform.config.embedding.model.name, model_version: 'next' }
    expect(await tasks(builtIn, own)).toHaveLength(1)
    builtIn.clock.advance(120_000)
    await builtIn.tick()
    expect(await builtIn.lease('w1', { kinds: ['embedding'], max: 10 })).toEqual([])
    await builtIn.stop()
  })

  test('gifty §5: a submit refuses what is malformed, unknown or stale singly; of repeats the last counts', async () => {
    const app = await makeRig(database, { env })
    await app.ingest([product(1), product(2)])
    const all = await tasks(app)
    const hashOf = (id: string) => all.find((task) => task.gift_id === id).content_hash
    const good = { gift_id: idOf(1), content_hash: hashOf(idOf(1)), embedding: VECTOR }
    const answer = await submit(app, [
      { ...good, embedding: [0, 1, 0, 0] },
      { gift_id: idOf(2), content_hash: 'old', embedding: VECTOR },
      { gift_id: 'nobody', content_hash: 'x', embedding: VECTOR },
      { ...good, gift_id: idOf(2), content_hash: hashOf(idOf(2)), embedding: [1, 2, 3] },
      { ...good, gift_id: 'zero', embedding: [0, 0, 0, 0] },
      { ...good, gift_id: 'words', embedding: ['a', 0, 0, 1] },
      { gift_id: idOf(1), embedding: VECTOR },
      17,
      good,
    ])
    expect(answer.updated).toBe(1)
    expect(answer.results.map((result: any) => result.status)).toEqual(['updated', ...Array(7).fill('rejected'), 'updated'])
    const refused = new Map(answer.rejected.map((item: any) => [item.index, item]))
    expect([...refused.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect((refused.get(2) as any).errors).toEqual([{ field: 'gift_id', message: 'Product not found' }])
    for (const [index, field] of [
      [3, 'embedding'],
      [4, 'embedding'],
      [5, 'embedding'],
      [6, 'content_hash'],
    ] as const)
      expect((refused.get(index) as any).errors[0].field).toBe(field)
    // Of the repeats the last was stored.
    const { results } = await app.ok('POST', '/internal/products/search', { vector: VECTOR })
    expect(results.map((result: any) => [result.product.gift_id, result.similarity])).toEqual([[idOf(1), 1]])

    const stale = await submit(app, [{ gift_id: idOf(2), content_hash: 'old', embedding: VECTOR }])
    expect(stale).toMatchObject({ updated: 0, results: [{ index: 0, gift_id: idOf(2), status: 'rejected' }] })
    expect(stale.rejected[0].errors).toEqual([{ field: 'content_hash', message: 'stale_content' }])
    expect(await submit(app, [])).toEqual({ status: 'ok', updated: 0, rejected: [], results: [] })
    for (const body of [{ ...MODEL }, { ...MODEL, results: 'x' }, { ...MODEL, results: [1, 2] }, [good]])
      expect((await app.post('/internal/embeddings/submit', body)).status).toBe(422)
    expect((await app.post('/internal/embeddings/submit', { ...MODEL, results: Array(1001).fill(good) })).status).toBe(413)
    await app.stop()
  })

  test('gifty §13.15: re-ingest keeps the vector; only a current content takes one', async () => {
    const app = await makeRig(database, { env })
    await app.ingest([product(1)])
    const [task] = await tasks(app)
    await submit(app, [{ gift_id: task.gift_id, content_hash: task.content_hash, embedding: VECTOR }])
    await app.ingest([product(1, { title: 'Changed' })])
    const late = await submit(app, [{ gift_id: task.gift_id, content_hash: task.content_hash, embedding: [0, 1, 0, 0] }])
    expect(late.updated).toBe(0)
    // The old vector stays until it is replaced, and says that it is old.
    const detail = await app.ok('GET', `/internal/products/${encodeURIComponent(idOf(1))}`)
    expect(detail.embeddings).toMatchObject([{ ...MODEL, dim: 4, stale: true }])
    const { results } = await app.ok('POST', '/internal/products/search', { vector: VECTOR })
    expect(results[0].similarity).toBe(1)
    await app.stop()
  })

  test('gifty §4: embedding tasks of the worker protocol are those rows: handed out once, stored as a submit stores them', async () => {
    const app = await makeRig(database, { env })
    await app.ingest([product(1), product(2), product(3)])
    const lease = async (worker: string, max = 10): Promise<any[]> => app.lease(worker, { kinds: ['embedding'], max })
    const [task, other] = (await lease('w1', 2)) as [any, any]
    expect(task).toMatchObject({ kind: 'embedding', attempt: 1, payload: MODEL })
    expect(Object.keys(task.payload).sort()).toEqual(['content_hash', 'content_text', 'gift_id', 'model_name', 'model_version'])
    // Neither way hands out again what the other has.
    const [third, ...none] = await tasks(app, { worker_id: 'w2' })
    expect(none).toEqual([])
    expect(new Set([task.payload.gift_id, other.payload.gift_id, third.gift_id]).size).toBe(3)
    expect(await lease('w3')).toEqual([])

    const wrong = await app.verb(task, 'complete', 'w1', { result: { embedding: [1, 2] } })
    expect(wrong.status).toBe(422)
    expect((await app.verb(task, 'complete', 'w1', { result: { embedding: VECTOR } })).body).toEqual({
      status: 'ok',
      state: 'completed',
    })
    const { results } = await app.ok('POST', '/internal/products/search', { vector: VECTOR })
    expect(results.map((result: any) => result.product.gift_id)).toEqual([task.payload.gift_id])
    // A content that changed meanwhile is offered again as it is now.
    await app.ingest([product(other.payload.gift_id.at(-1), { title: 'Changed' })])
    expect((await app.verb(other, 'complete', 'w1', { result: { embedding: VECTOR } })).status).toBe(200)
    const [again] = await lease('w4')
    expect(again.payload).toMatchObject({ gift_id: other.payload.gift_id, content_text: 'Changed' })
    expect((await app.ok('POST', '/internal/products/search', { vector: VECTOR })).results).toHaveLength(1)
    await app.stop()

    const builtIn = await makeRig(database)
    await builtIn.ingest([product(1)])
    expect(await builtIn.lease('w1', { kinds: ['embedding'] })).toEqual([])
    await builtIn.stop()
  })

  test('gifty §6: vectors that another process stores are searched here within a second', async () => {
    const [one, other] = (await makeProcesses(database, 2, { env })) as [Rig, Rig]
    await one.ingest([product(1), product(2)])
    const found = async (app: Rig) =>
      (await app.ok('POST', '/internal/products/search', { vector: VECTOR })).results.map((result: any) => result.product.gift_id)
    const [first, second] = await tasks(one)
    await submit(one, [{ ...first, embedding: VECTOR }])
    expect(await found(other)).toEqual([first.gift_id])
    await submit(one, [{ ...second, embedding: [1, 0.5, 0, 0] }])
    expect(await found(one)).toEqual([first.gift_id, second.gift_id])
    one.clock.advance(1000)
    // SQLite has one process: there the rigs share a connection, but not what they hold in memory.
    if (database.dialect === 'postgres') expect(await found(other)).toEqual([first.gift_id, second.gift_id])
    await one.stop()
    await other.stop()
  })
})
