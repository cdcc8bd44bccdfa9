import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { INTERNAL } from '../support/app.ts'
import { countStatements } from '../support/count-statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { codeOf, makeProcesses, makeRig, product, products, type Rig, rigOver } from './rig.ts'
import { giftId, poll, readProduct, scored, submit, unscored } from './scoring-rig.ts'
import { openSocket } from './socket-rig.ts'

const lease = (app: Rig, worker = 'w1', more: Record<string, unknown> = {}): Promise<any[]> =>
  app.lease(worker, { kinds: ['scoring'], ...more })
const { gift_id: _, ...RESULT } = scored('')
const numberOf = (task: any) => task.payload.gift_id.slice(giftId('').length)
const numbers = (tasks: any[]) => tasks.map(numberOf)

onEachDatabase('gifty scoring and mapping as tasks', (database) => {
  test('gifty §4: kind scoring: the scoring task with its hash in, a ScoringResult without gift_id out', async () => {
    const app = await makeRig(database)
    expect(await lease(app)).toEqual([])
    await app.ingest([product(1, { category: 'Toys' }), product(2)])
    const [task, ...others] = await lease(app)
    expect(others).toEqual([])
    const { content_hash } = await readProduct(app, 1)
    expect(task).toMatchObject({ kind: 'scoring', fence: 1, attempt: 1, priority: 10 })
    expect(task.payload).toEqual({
      ...{ gift_id: giftId(1), title: 'Gift 1', category: 'Toys', merchant: null, price: 100, image_url: null },
      ...{ content_text: 'Gift 1 Toys', content_hash },
    })
    for (const result of [undefined, { ...RESULT, llm_gift_score: 11 }, { ...RESULT, llm_gift_vector: { warmth: 99 } }])
      expect(codeOf(await app.verb(task, 'complete', 'w1', { result }))).toEqual([422, 'validation_error'])
    expect(await unscored(app)).toBe(2)
    const done = await app.verb(task, 'complete', 'w1', { result: { ...RESULT, llm_gift_vector: { 'Wow-Factor': 4 } } })
    expect(done.body).toEqual({ status: 'ok', state: 'completed' })
    expect(await readProduct(app, 1)).toMatchObject({
      llm_gift_score: 7.5,
      llm_gift_vector: { wow_factor: 4 },
      needs_scoring: false,
    })
    expect(await unscored(app)).toBe(1)
    expect(await app.rows("tasks where state <> 'completed'")).toBe(0)
    // What was handed out is what was scored.
    const [second] = await lease(app)
    await app.ingest([product(2, { title: 'Changed' })])
    await app.verb(second, 'complete', 'w1', { result: RESULT })
    expect(await readProduct(app, 2)).toMatchObject({ llm_gift_score: 7.5, needs_scoring: true })
    expect(numbers(await lease(app, 'w2', { max: 5 }))).toEqual(['2'])
  })

  test('gifty §5: rows handed out are not leased to others, also not by the generic lease, until expiry or submit', async () => {
    const app = await makeRig(database)
    await app.ingest(products(6))
    expect(await poll(app, 'p1', 2)).toEqual(['0', '1'])
    const tasks = await lease(app, 'w1', { max: 2, lease_seconds: 60 })
    expect(numbers(tasks)).toEqual(['2', '3'])
    expect(await poll(app, undefined, 10)).toEqual(['4', '5'])
    expect(await lease(app, 'w2', { max: 10 })).toEqual([])
    // A heartbeat keeps the row as long as the task.
    app.clock.advance(59_000)
    await app.verb(tasks[0], 'heartbeat', 'w1', { lease_seconds: 3600 })
    app.clock.advance(121_000)
    // All three leases have ended; the first to ask gets what was lost.
    expect(await poll(app, 'p2', 1)).toEqual(['3'])
    expect(numbers(await lease(app, 'w2', { max: 10 }))).toEqual(['4', '5'])
    // A submit by another client ends the task; a later verdict of its holder is answered as done.
    await submit(app, scored(giftId(2)))
    expect((await app.verb(tasks[0], 'complete', 'w1', { result: { ...RESULT, llm_gift_score: 1 } })).status).toBe(200)
    expect((await readProduct(app, 2)).llm_gift_score).toBe(7.5)
    expect(await app.task(tasks[0].id)).toMatchObject({ status: 'completed' })
    app.clock.advance(4_000_000)
    await app.tick()
    expect((await poll(app, 'p3', 10)).sort()).toEqual(['0', '1', '3', '4', '5'])
  })

  test('gifty §5: a task between two attempts does not keep its row from other workers', async () => {
    const app = await makeRig(database)
    await app.ingest(products(3))
    const [a, b, c] = await lease(app, 'w1', { max: 3 })
    await app.verb(a, 'release')
    const failed = await app.verb(b, 'fail', 'w1', { error: 'model overloaded' })
    expect(failed.body).toMatchObject({ status: 'ok', state: 'pending' })
    // Released: free at once. Failed: free after the delay.
    expect(await poll(app, 'p1', 10)).toEqual(['0'])
    // One row, one task: the client holds the one that waited.
    expect(await app.task(a.id)).toMatchObject({ status: 'leased', worker_id: 'simple-client:p1', fence: 2 })
    app.clock.advance(12_000)
    const [again] = await lease(app, 'w2', { max: 10 })
    expect([again.id, again.attempt, again.fence]).toEqual([b.id, 2, 2])
    // Lost: offered again at once with a higher fence, here to the first poll.
    app.clock.advance(60_000)
    await app.tick()
    expect((await poll(app, 'p2', 10)).sort()).toEqual(['1', '2'])
    expect(await lease(app, 'w3', { max: 10 })).toEqual([])
    expect(codeOf(await app.verb(c, 'complete', 'w1', { result: RESULT }))).toEqual([409, 'stale_lease'])
    expect(await app.task(c.id)).toMatchObject({ status: 'leased', worker_id: 'simple-client:p2', attempt: 2 })
    await submit(app, scored(giftId(1)), scored(giftId(2)))
    expect(await unscored(app)).toBe(1)
    expect(await app.task(c.id)).toMatchObject({ status: 'completed' })
  })

  test('gifty §4: the name of a worker does not matter: its lost leases count, and a client of a like name keeps its rows', async () => {
    const app = await makeRig(database)
    await app.ingest(products(3))
    expect(await poll(app, '9', 2)).toEqual(['0', '1'])
    const [task] = await lease(app, 'worker:9', { lease_seconds: 60 })
    expect(numberOf(task)).toBe('2')
    const worker = await openSocket(app.listen(), INTERNAL)
    const hello = await worker.ask('hello', { worker_id: 'worker:9', kinds: ['scoring'], max: 1 })
    expect(hello.data).toMatchObject({ held: [task.id] })
    await app.stop()
    app.clock.advance(60_000)
    await app.tick()
    expect(await app.task(task.id)).toMatchObject({ status: 'pending', attempt: 1 })
    // What would be taken for a client is refused.
    const taken = await app.post('/internal/workers/lease', { worker_id: 'simple-client:9' })
    expect(taken).toMatchObject({ status: 422 })
  })

  test('gifty §4: after five attempts or a final failure a task is dead until it is redriven or its content changes', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1)])
    let id = ''
    for (let attempt = 1; attempt <= 5; attempt++) {
      const [task] = await lease(app)
      expect([numberOf(task), task.attempt]).toEqual(['1', attempt])
      id = task.id
      app.clock.advance(60_000)
    }
    await app.ingest([product(2)])
    const [other] = await lease(app, 'w1', { max: 10 })
    expect(numberOf(other)).toBe('2')
    expect(await app.task(id)).toMatchObject({ status: 'dead' })
    expect((await app.verb(other, 'fail', 'w1', { error: 'refused', retryable: false })).body.state).toBe('dead')
    expect(await lease(app, 'w1', { max: 10 })).toEqual([])
    // Redriven: the same task, from the first attempt.
    expect(await app.ok('POST', '/internal/tasks/redrive', { ids: [id] })).toMatchObject({ redriven: 1 })
    const [redriven] = await lease(app, 'w1', { max: 10 })
    expect([redriven.id, redriven.attempt]).toEqual([id, 1])
    // New content: a new task; the dead one has a living twin then.
    await app.ingest([product(2, { title: 'Changed' })])
    const [fresh] = await lease(app, 'w1', { max: 10 })
    expect([numberOf(fresh), fresh.attempt]).toEqual(['2', 1])
    expect(await app.ok('POST', '/internal/tasks/redrive', { ids: [other.id] })).toMatchObject({
      redriven: 0,
      skipped: [{ id: other.id, reason: 'already_live' }],
    })
    // A poller sees what no task could do.
    app.clock.advance(60_000)
    await app.tick()
    expect((await poll(app, 'p1', 10)).sort()).toEqual(['1', '2'])
  })

  test('gifty §4: kind category_mapping: the category task in, an id of the tree out', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1, { category: 'Toys' }), product(2, { category: 'Toys' }), product(3, { category: 'Books' })])
    await app.call('PUT', '/internal/categories/tree', [{ id: 5, name: 'Five' }])
    const [toys, books] = await lease(app, 'w1', { kinds: ['category_mapping'], max: 5 })
    expect(toys.payload).toMatchObject({ external_name: 'Toys', products_count: 2 })
    expect(toys.payload.sample_titles.toSorted()).toEqual(['Gift 1', 'Gift 2'])
    for (const result of [{ internal_category_id: 6 }, { internal_category_id: 'x' }, null])
      expect(codeOf(await app.verb(toys, 'complete', 'w1', { result }))).toEqual([422, 'validation_error'])
    expect((await app.verb(toys, 'complete', 'w1', { result: { internal_category_id: '5' } })).status).toBe(200)
    expect(await app.ok('GET', '/internal/categories/tasks?worker_id=p1')).toEqual([])
    await app.verb(books, 'release')
    expect(await app.ok('GET', '/internal/categories/tasks?worker_id=p1')).toMatchObject([{ external_name: 'Books' }])
    expect(await lease(app, 'w1', { kinds: ['category_mapping'] })).toEqual([])
  })

  test('gifty §4: kind embedding, for an external model: content with its hash in, `{embedding}` out', async () => {
    const app = await makeRig(database, { env: { EMBEDDING_MODEL: 'm', EMBEDDING_VERSION: '2', EMBEDDING_DIM: '4' } })
    await app.ingest([product(1), product(2)])
    // The first lease finds out where contents without a vector begin.
    const got: any[] = []
    const all = async () => {
      got.push(...(await lease(app, 'w1', { kinds: ['embedding'], max: 5 })))
      return got.length === 2
    }
    await eventually(all)
    const { content_hash } = await readProduct(app, 1)
    const [one, two] = got.toSorted((a, b) => (numberOf(a) < numberOf(b) ? -1 : 1))
    expect(one.payload).toEqual({
      ...{ gift_id: giftId(1), content_text: 'Gift 1', content_hash, model_name: 'm', model_version: '2' },
    })
    const queue = { model_name: 'm', model_version: '2', worker_id: 'p1' }
    expect(await app.ok('POST', '/internal/embeddings/tasks', queue)).toEqual({ tasks: [] })
    for (const result of [null, { embedding: [1, 2] }, { embedding: [0, 0, 0, 0] }, { embedding: 'x' }])
      expect(codeOf(await app.verb(one, 'complete', 'w1', { result }))).toEqual([422, 'validation_error'])
    expect((await app.verb(one, 'complete', 'w1', { result: { embedding: [0, 3, 0, 4] } })).status).toBe(200)
    expect((await readProduct(app, 1)).embeddings).toMatchObject([{ model_name: 'm', model_version: '2', dim: 4, stale: false }])
    const { results } = await app.ok('POST', '/internal/products/search', { vector: [0, 3, 0, 4] })
    expect(results).toMatchObject([{ product: { gift_id: giftId(1) }, similarity: 1 }])
    await app.verb(two, 'release')
    expect((await app.ok('POST', '/internal/embeddings/tasks', queue)).tasks).toMatchObject([{ gift_id: giftId(2) }])
    await app.stop()
  })

  test('gifty §4: by priority, then age: what is supplied for a lease and not taken is forgotten', async () => {
    // Published tasks come before others, in the order of their queue (§2.7).
    const app = await makeRig(database, { broker: 'none' })
    await app.ingest(products(3))
    await app.force((await app.source({ priority: 50 })).id)
    await app.force((await app.source({ priority: 5 })).id)
    const kinds = async (max: number) =>
      (await app.lease('w1', { kinds: null, max })).map((task: any) => `${task.kind} ${task.priority}`)
    expect(await kinds(2)).toEqual(['source.run 50', 'scoring 10'])
    expect(await app.rows("tasks where kind = 'scoring'")).toBe(1)
    expect(await kinds(10)).toEqual(['scoring 10', 'scoring 10', 'source.run 5'])
    expect(await kinds(10)).toEqual([])
  })

  test('gifty §4: a waiting lease gets rows that come later', async () => {
    const app = await makeRig(database)
    const waiting = lease(app, 'w1', { wait_seconds: 20 })
    await eventually(() => app.dispatcher.waiting() === 1)
    await app.ingest([product(1)])
    await app.tick()
    expect(numbers(await waiting)).toEqual(['1'])
  })

  test('T1: a lease, a completion, a claim and a submit take as many statements for 100 rows as for one, and at most 12', async () => {
    const { db, during } = countStatements(await database.fresh())
    const app = await rigOver(db, {})
    await app.ingest(products(500))
    const most = { lease: 0, complete: 0, again: 0, claim: 0, submit: 0 }
    const note = async (verb: keyof typeof most, what: () => Promise<unknown>) => {
      most[verb] = Math.max(most[verb], await during(what))
    }
    const rounds: (typeof most)[] = []
    for (const max of [1, 100]) {
      let tasks: any[] = []
      await note('lease', async () => {
        tasks = await lease(app, 'w1', { max, lease_seconds: 60 })
      })
      expect(tasks).toHaveLength(max)
      // Lost, found again by the same lease, looked at again.
      app.clock.advance(60_000)
      await app.tick()
      // A minute later it goes before rows that were never tried.
      app.clock.advance(60_000)
      await note('again', async () => {
        tasks = await lease(app, 'w1', { max })
      })
      expect(tasks.map((task) => task.attempt)).toEqual(tasks.map(() => 2))
      const done = tasks.map(({ id, fence }) => ({ id, fence, result: RESULT }))
      await note('complete', async () => {
        const answer = await app.ok('POST', '/internal/workers/tasks/complete', { worker_id: 'w1', tasks: done })
        expect(answer).toMatchObject({ completed: max, rejected: [] })
      })
      let taken: string[] = []
      await note('claim', async () => {
        taken = await poll(app, 'p1', max)
      })
      expect(taken).toHaveLength(max)
      await note('submit', () => submit(app, ...taken.map((n) => scored(giftId(n)))))
      rounds.push({ ...most })
    }
    expect(rounds[1]).toEqual(rounds[0] as typeof most)
    for (const count of Object.values(most)) expect(count).toBeLessThanOrEqual(12)
    expect(await unscored(app)).toBe(500 - 2 * 101)
  })

  test('gifty §5: a row that waits with the task of a lost lease is handed out as it is now, or not at all', async () => {
    const app = await makeRig(database)
    await app.ingest(products(4))
    expect(await poll(app, 'p1', 4, '&lease_seconds=60')).toHaveLength(4)
    const lost = await app.ok('GET', '/internal/tasks?kind=scoring&status=leased')
    await app.ingest([product(1, { title: 'Changed' })])
    app.clock.advance(60_000)
    await app.tick()
    // Not an attempt: a simple client cannot say that it failed.
    expect((await app.task(lost.tasks[0].id)).attempt).toBe(0)
    await app.db.sql(
      sql`update products set is_active = ${database.dialect === 'postgres' ? sql`false` : sql`0`} where title = 'Gift 2'`,
    )
    const tasks = await lease(app, 'w1', { max: 10, lease_seconds: 60 })
    expect(numbers(tasks).toSorted()).toEqual(['0', '1', '3'])
    const changed = tasks.find((task) => numberOf(task) === '1')
    expect(changed.payload).toMatchObject({ title: 'Changed', content_text: 'Changed' })
    await app.verb(changed, 'complete', 'w1', { result: RESULT })
    expect(await readProduct(app, 1)).toMatchObject({ needs_scoring: false })
    // A simple client is shown what is now as well, and what it then submits is about that.
    await app.ingest([product(3, { title: 'Newer' })])
    app.clock.advance(60_000)
    expect((await app.ok('GET', '/internal/scoring/tasks')).map((task: any) => task.title)).toEqual(['Newer', 'Gift 0'])
    await app.ingest([product(3, { title: 'Newest' })])
    expect((await app.ok('GET', '/internal/scoring/tasks')).map((task: any) => task.title)).toEqual(['Newest', 'Gift 0'])
    await submit(app, scored(giftId(3)))
    expect(await readProduct(app, 3)).toMatchObject({ needs_scoring: false })
  })

  test('gifty §4: a content that is dead stays dead for workers, also after a simple client has had it', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1)])
    const [task] = await lease(app)
    await app.verb(task, 'fail', 'w1', { error: 'refused', retryable: false })
    expect(await lease(app)).toEqual([])
    // A simple client sees what no worker could do; when its lease ends the row is free.
    expect(await poll(app, 'p1', 1, '&lease_seconds=60')).toEqual(['1'])
    app.clock.advance(60_000)
    await app.tick()
    expect(await lease(app)).toEqual([])
    expect(await poll(app, 'p1', 1, '&lease_seconds=60')).toEqual(['1'])
    await submit(app, scored(giftId(1)))
    expect(await unscored(app)).toBe(0)
    expect(await app.task(task.id)).toMatchObject({ status: 'dead' })
  })

  test('gifty §5: pollers and leasing workers at once get every row once', async () => {
    const apps = await makeProcesses(database, 3)
    const [app] = apps as [Rig, ...Rig[]]
    await app.ingest(products(300))
    const work = async (n: number): Promise<string[]> => {
      const mine = apps[n % 3] as Rig
      const got: string[] = []
      for (;;) {
        const fresh = n % 2 ? numbers(await lease(mine, `w${n}`, { max: 7 })) : await poll(mine, `w${n}`, 7)
        if (fresh.length === 0) return got
        got.push(...fresh)
      }
    }
    const all = (await Promise.all(Array.from({ length: 8 }, (_, n) => work(n)))).flat()
    expect(all).toHaveLength(300)
    expect(new Set(all).size).toBe(300)
  }, 300_000)
})
