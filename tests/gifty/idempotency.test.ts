import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { INTERNAL } from '../support/app.ts'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, MINUTE } from '../support/fake-clock.ts'
import { adminOf } from './access-rig.ts'
import { codeOf, leasedRun, makeProcesses, makeRig, problemOf, product, type Rig } from './rig.ts'

const path = '/internal/ingest-batch'
const send = (app: Rig, body: unknown, key: string, headers: Record<string, string> = INTERNAL) =>
  app.post(path, body, { ...headers, 'idempotency-key': key })

onEachDatabase('gifty idempotency', (database) => {
  test('gifty §13.14: same key and body: same answer, stored once; other body 422', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const body = { items: [product(1), product(2, { price: -1 })], source_id: id }
    const first = await send(app, body, 'key-1')
    expect(first.status).toBe(200)
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    const again = await send(app, body, 'key-1')
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await app.runs(id)).toMatchObject([{ items_scraped: 1 }])
    const other = await send(app, { ...body, items: [product(3)] }, 'key-1')
    expect(codeOf(other)).toEqual([422, 'idempotency_conflict'])
    expect(await app.rows('products')).toBe(1)
    expect((await app.post(`/api/v1${path}`, body, { ...INTERNAL, 'idempotency-key': 'key-1' })).body).toEqual(first.body)
    expect((await send(app, body, 'key-2')).body).toMatchObject({ items_unchanged: 1 })
  })

  test('gifty §3: an idempotency key is kept for 24 h', async () => {
    const app = await makeRig(database)
    const body = { items: [product(1)], source_id: 0 }
    await send(app, body, 'k')
    app.clock.advance(DAY - 1)
    expect((await send(app, body, 'k')).headers.get('idempotency-replayed')).toBe('true')
    app.clock.advance(1)
    const anew = await send(app, { ...body, stats: 1 }, 'k')
    expect(anew.body).toMatchObject({ status: 'ok', items_unchanged: 1 })
    app.clock.advance(2 * DAY)
    await app.tick()
    expect(await app.rows('idempotency_keys')).toBe(0)
  })

  test('B6: the next attempt repeats a batch under its own fence and gets the stored answer', async () => {
    const app = await makeRig(database)
    const { id, task } = await leasedRun(app)
    const items = [product(1), product(2, { raw_data: { b: [1, { d: 2, c: null }], a: 'x' } })]
    const first = await send(app, { items, source_id: id, task_id: task.id, worker_id: 'w1', fence: task.fence }, 'k')
    expect(first).toMatchObject({ status: 200, body: { items_ingested: 2 } })
    app.clock.advance(2 * MINUTE)
    await app.tick()
    const [again] = await app.lease('w2')
    expect([again.id, again.fence]).toEqual([task.id, task.fence + 1])
    const lease = { task_id: again.id, worker_id: 'w2', fence: again.fence }
    // The same values as another library says them.
    const text = `{ "fence": ${again.fence}, "worker_id": "w2", "task_id": "${again.id}", "source_id": ${id}.0,
      "items": [${items
        .map((item) => JSON.stringify(Object.fromEntries(Object.entries(item).reverse()), null, 2))
        .join(' , ')
        .replaceAll('"price": 100', '"price": 1e2')}]}`
    for (const body of [{ ...lease, source_id: id, items }, text, { source_id: id, items }]) {
      const replay = await send(app, body, 'k')
      expect(replay).toMatchObject({ status: 200, body: first.body })
      expect(replay.headers.get('idempotency-replayed')).toBe('true')
    }
    expect(await app.runs(id)).toMatchObject([{ items_scraped: 2 }])
    for (const other of [
      { ...lease, source_id: id, items: items.toReversed() },
      { ...lease, source_id: 0, items },
      { ...lease, source_id: id, items: [items[0]] },
      { ...lease, source_id: id, items, stats: { pages: 1 } },
      // A field of that name inside an element is no lease's.
      { ...lease, source_id: id, items: [{ ...items[0], fence: 1 }, items[1]] },
    ])
      expect(codeOf(await send(app, other, 'k'))).toEqual([422, 'idempotency_conflict'])
  })

  test('gifty §3: an answer that the release before has kept is replayed to the same text', async () => {
    const app = await makeRig(database)
    const body = { items: [product(1)], source_id: 0 }
    const first = await send(app, body, 'k')
    await app.db.sql(sql`update idempotency_keys set fingerprint = null`)
    const replay = await send(app, body, 'k')
    expect(replay).toMatchObject({ status: 200, body: first.body })
    expect(replay.headers.get('idempotency-replayed')).toBe('true')
    expect(codeOf(await send(app, { ...body, items: [product(2)] }, 'k'))).toEqual([422, 'idempotency_conflict'])
  })

  test('gifty §3: under an idempotency key only answers of 200 are stored', async () => {
    const app = await makeRig(database)
    const bad = { items: [product(1)], source_id: 7 }
    expect(codeOf(await send(app, bad, 'k'))).toEqual([404, 'not_found'])
    expect((await send(app, { items: [{}], source_id: 0 }, 'k')).status).toBe(422)
    expect(await send(app, { items: [product(1)], source_id: 0 }, 'k')).toMatchObject({
      status: 200,
      body: { items_ingested: 1 },
    })
  })

  test('gifty §3: a key belongs to its credential', async () => {
    const app = await makeRig(database)
    const body = { items: [product(1)], source_id: 0 }
    await send(app, body, 'k')
    const bearer = await adminOf(app, 5)
    const theirs = await send(app, body, 'k', bearer)
    expect(theirs.headers.get('idempotency-replayed')).toBeNull()
    expect(theirs.body).toMatchObject({ items_unchanged: 1 })
    expect((await send(app, body, 'k', bearer)).headers.get('idempotency-replayed')).toBe('true')
    expect(await app.rows('idempotency_keys')).toBe(2)
  })

  test('gifty §3: of requests with one key that come at once one stores, the others wait or get 409 with Retry-After', async () => {
    const processes = await makeProcesses(database, 2)
    const body = { items: [product(1)], source_id: 0 }
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => send(processes[n % 2] as Rig, body, 'k')))
    const stored = answers.filter((answer) => answer.status === 200 && !answer.headers.get('idempotency-replayed'))
    expect(stored).toHaveLength(1)
    for (const answer of answers) {
      if (answer.status === 200) expect(answer.body).toMatchObject({ items_ingested: 1 })
      else {
        expect(codeOf(answer)).toEqual([409, 'idempotency_in_progress'])
        expect(answer.headers.get('retry-after')).toBe('1')
      }
    }
    expect(answers.filter((answer) => answer.status === 409).length).toBeGreaterThanOrEqual(6)
    expect(await processes[0]!.rows('products')).toBe(1)
  })

  test('gifty §3: a key is 1 to 255 printable ASCII characters', async () => {
    const app = await makeRig(database)
    const body = { items: [], source_id: 0 }
    for (const key of ['', 'x'.repeat(256), 'caf\u00e9', 'a\tb']) {
      const problem = problemOf(await send(app, body, key))
      expect(problem).toMatchObject({ type: 'value_error', loc: ['header', 'Idempotency-Key'] })
    }
    for (const key of ['x'.repeat(255), 'a b~!"']) expect((await send(app, body, key)).status).toBe(200)
  })
})
