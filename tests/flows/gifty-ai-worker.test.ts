import { expect, test } from 'bun:test'
import { type Frame, openSocket } from '../gifty/socket-rig.ts'
import { clientOf, INT, onEachServer, TEXT, TIME, TOKEN, UUID } from './rig.ts'

const MODEL = { model_name: 'flow-model', model_version: '3' }
const ID = (n: number) => `toys:https://toys.example/${n}`
/** A vector of the model's four numbers that is near the axis `n`. */
const vector = (n: number) => Array.from({ length: 4 }, (_, at) => (at === n % 4 ? 1 : 0.1))

/** The embedding service of the model: whatever is asked is near the axis of the first number in it. */
const model = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const { input } = (await request.json()) as { input: string[] }
    return Response.json({ data: input.map((text) => ({ embedding: vector(Number(/\d+/.exec(text)?.[0])) })) })
  },
})
const env = () => ({
  FAMILIES: 'gifty',
  EMBEDDING_MODEL: MODEL.model_name,
  EMBEDDING_VERSION: MODEL.model_version,
  EMBEDDING_DIM: '4',
  EMBEDDING_API_URL: `http://127.0.0.1:${model.port}/v1/embeddings`,
})
const toys = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    ...{ title: `Toy ${from + n}`, product_url: `https://toys.example/${from + n}`, site_key: 'toys', price: 10 * (from + n) },
    category: (from + n) % 2 ? 'Bricks' : 'Dolls',
  }))
/** gifty §5: a verdict as a scoring worker sends it. */
const verdict = (n: number, more: Record<string, unknown> = {}) => ({
  ...{
    gift_id: ID(n),
    llm_gift_score: 8.5,
    llm_gift_reasoning: `Toy ${n} is fun`,
    llm_scoring_model: 'judge',
    llm_scoring_version: '1',
  },
  ...more,
})
const withoutId = ({ gift_id: _, ...result }: ReturnType<typeof verdict>) => result

onEachServer("Gifty's AI workers", env, (server) => {
  const start = () => clientOf(`${server.origin()}/internal`, TOKEN)

  test('over HTTP: the queues of scores, categories and vectors, each from its poll to what the catalogue shows', async () => {
    const worker = start()
    await worker.ok('POST', '/ingest-batch', { source_id: 0, items: toys(1, 4) })

    // §5: two workers poll the scoring queue and never get the same gift.
    const mine = await worker.ok('GET', '/scoring/tasks?limit=3&worker_id=judge-1&lease_seconds=600')
    const theirs = await worker.ok('GET', '/scoring/tasks?limit=3&worker_id=judge-2')
    expect([...mine, ...theirs].map(({ gift_id }: any) => gift_id).sort()).toEqual([1, 2, 3, 4].map(ID))
    for (const task of [...mine, ...theirs]) {
      const n = Number(task.gift_id.slice(ID(0).length - 1))
      expect(task).toEqual({
        ...{ gift_id: ID(n), title: `Toy ${n}`, category: n % 2 ? 'Bricks' : 'Dolls', merchant: null, price: 10 * n },
        ...{ image_url: null, content_text: `Toy ${n} ${n % 2 ? 'Bricks' : 'Dolls'}` },
      })
    }
    // §5: verdicts; one of a gift that nobody knows, one out of range, one with names of axes as the model wrote them.
    const vectorOf = { 'Wow-Factor': 9, warmth: '7.5', age_suitability: { adult: 8 }, gender_bias: 'feminine', sparkle: 3 }
    const results = [verdict(1, { llm_gift_vector: vectorOf }), verdict(2), verdict(99), verdict(3, { llm_gift_score: 11 })]
    expect(await worker.ok('POST', '/scoring/submit', { results, worker_id: 'judge-1' })).toEqual({
      ...{ status: 'ok', updated: 2 },
      rejected: [
        { index: 2, gift_id: ID(99), errors: [{ field: 'gift_id', message: TEXT }] },
        { index: 3, gift_id: ID(3), errors: [{ field: 'llm_gift_score', message: TEXT }] },
      ],
      results: [
        { index: 0, gift_id: ID(1), status: 'updated', ignored: ['sparkle'] },
        { index: 1, gift_id: ID(2), status: 'updated', ignored: [] },
        { index: 2, gift_id: ID(99), status: 'rejected', ignored: [] },
        { index: 3, gift_id: ID(3), status: 'rejected', ignored: [] },
      ],
    })
    const list = await worker.send('POST', '/scoring/submit', [verdict(1)])
    expect([list.status, list.body.error.code]).toEqual([422, 'validation_error'])
    // §5: what was refused stays leased, so nobody is given anything now.
    expect(await worker.ok('GET', '/scoring/tasks?worker_id=judge-3')).toEqual([])

    // §5: the tree, then the categories that the products brought; an id outside the tree is refused.
    const tree = [
      { id: 1, name: 'Toys' },
      { id: 2, name: 'Construction', parent_id: 1 },
    ]
    expect(await worker.ok('PUT', '/categories/tree', tree)).toEqual({ status: 'ok', count: 2, unmapped: 0 })
    expect(await worker.ok('GET', '/categories/tree')).toEqual([{ id: 1, name: 'Toys', parent_id: null }, tree[1]])
    expect(await worker.ok('GET', '/categories/tasks?limit=100&worker_id=mapper-1')).toEqual([
      { external_name: 'Bricks', products_count: 2, sample_titles: expect.arrayContaining(['Toy 1', 'Toy 3']) },
      { external_name: 'Dolls', products_count: 2, sample_titles: expect.arrayContaining(['Toy 2', 'Toy 4']) },
    ])
    const mapping = [
      { external_name: 'Bricks', internal_category_id: '2' },
      { external_name: 'Dolls', internal_category_id: 7 },
    ]
    expect(await worker.ok('POST', '/categories/submit', { results: mapping })).toEqual({
      ...{ status: 'ok', updated: 1 },
      rejected: [{ index: 1, external_name: 'Dolls', errors: [{ field: 'internal_category_id', message: TEXT }] }],
      results: [
        { index: 0, external_name: 'Bricks', status: 'updated' },
        { index: 1, external_name: 'Dolls', status: 'rejected' },
      ],
    })

    // §5: vectors of a model of the worker's own; one too short, one of a text that has changed since.
    const { tasks } = await worker.ok('POST', '/embeddings/tasks', { ...MODEL, limit: 10, worker_id: 'embedder-1' })
    expect(tasks).toHaveLength(4)
    for (const task of tasks)
      expect(task).toEqual({
        gift_id: TEXT,
        content_text: expect.stringMatching(/^Toy \d/),
        content_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
    const embeddings = tasks
      .toSorted((a: any, b: any) => (a.gift_id < b.gift_id ? -1 : 1))
      .map((task: any, n: number) => ({
        ...{
          gift_id: task.gift_id,
          content_hash: n === 3 ? 'of-before' : task.content_hash,
          embedding: n === 2 ? [1] : vector(n + 1),
        },
      }))
    expect(await worker.ok('POST', '/embeddings/submit', { ...MODEL, results: embeddings })).toEqual({
      ...{ status: 'ok', updated: 2 },
      rejected: [
        { index: 2, gift_id: ID(3), errors: [{ field: 'embedding', message: TEXT }] },
        { index: 3, gift_id: ID(4), errors: [{ field: 'content_hash', message: 'stale_content' }] },
      ],
      results: [1, 2, 3, 4].map((n) => ({ index: n - 1, gift_id: ID(n), status: n < 3 ? 'updated' : 'rejected' })),
    })

    // §5: the one with another text is there again, with the hash of its text.
    const rest = await worker.ok('POST', '/embeddings/tasks', { ...MODEL, worker_id: 'embedder-1' })
    expect(rest.tasks.map(({ gift_id }: any) => gift_id)).toEqual([ID(4)])
    const [{ content_text: _, ...last }] = rest.tasks
    expect(
      await worker.ok('POST', '/embeddings/submit', { ...MODEL, results: [{ ...last, embedding: vector(4) }] }),
    ).toMatchObject({
      updated: 1,
    })

    // §6: what the catalogue shows of it.
    expect(await worker.ok('GET', `/products/${encodeURIComponent(ID(1))}`)).toMatchObject({
      ...{ llm_gift_score: 8.5, llm_gift_reasoning: 'Toy 1 is fun', llm_scoring_model: 'judge', llm_scoring_version: '1' },
      ...{ llm_scored_at: TIME, needs_scoring: false, llm_gift_vector: { wow_factor: 9, warmth: 7.5 } },
      embeddings: [{ ...MODEL, dim: 4, embedded_at: TIME, stale: false }],
    })
    const near = await worker.ok('POST', '/products/search', { query: 'something like toy 2' })
    expect(near).toEqual({ model: TEXT, results: [2, 1, 4].map(() => expect.objectContaining({ similarity: INT })) })
    expect(near.results[0].product.gift_id).toBe(ID(2))
    expect(near.results[0].similarity).toBeCloseTo(1, 5)
    expect(await worker.ok('GET', '/stats')).toMatchObject({ products_total: 4, unscored_total: 2 })
  }, 300_000)

  test('over the socket: hello, pushed tasks, a cable pulled half-way, the same worker goes on', async () => {
    const api = start()
    await api.ok('POST', '/ingest-batch', { source_id: 0, items: toys(51, 3).map((toy) => ({ ...toy, category: 'Trains' })) })
    const kinds = ['scoring', 'category_mapping', 'embedding']
    const hello = { worker_id: 'ai-1', hostname: 'gpu', pid: 9, kinds, max: 3, lease_seconds: 120 }

    // §4: the first frame is hello; the server pushes until the worker holds `max`.
    const first = await openSocket(server.origin(), TOKEN)
    expect(await first.ask('lease', { max: 1 })).toMatchObject({ type: 'error', data: { code: TEXT, message: TEXT } })
    expect(await first.ask('hello', hello)).toEqual({
      ...{ type: 'reply', id: 'm2' },
      data: { status: 'ok', worker_id: 'ai-1', max: 3, lease_seconds: 120, held: [] },
    } as Frame)
    const held = new Map<string, any>()
    for (let n = 0; n < 3; n++) {
      const task = await first.task()
      expect(task).toEqual({
        ...{ id: UUID, kind: expect.stringMatching(/^(?:scoring|category_mapping|embedding)$/), payload: expect.any(Object) },
        ...{ fence: INT, attempt: 1, lease_expires_at: TIME, priority: 10 },
      })
      held.set(task.id, task)
    }
    expect(held.size).toBe(3)
    // §8: it is listed while it is connected.
    expect(await api.ok('GET', '/workers')).toMatchObject([
      { worker_id: 'ai-1', hostname: 'gpu', pid: 9, via: 'ws', status: 'online' },
    ])

    // §4: the connection is lost; the leases are not, and the next hello of the worker has them pushed again.
    await first.close()
    const second = await openSocket(server.origin(), TOKEN)
    const again = await second.ask('hello', hello)
    expect([again.type, again.data.held.toSorted()]).toEqual(['reply', [...held.keys()].sort()])
    for (let n = 0; n < 3; n++) {
      const task = await second.task()
      expect([task.id, task.fence, task.attempt]).toEqual([task.id, held.get(task.id).fence, 1])
    }

    // §4, §5: results of each kind, until nothing is left; one with a wrong result stays with the worker.
    const resultOf = ({ kind, payload }: any): unknown => {
      if (kind === 'scoring') return withoutId(verdict(Number(/\d+$/.exec(payload.gift_id)?.[0])))
      if (kind === 'category_mapping') return { internal_category_id: 1 }
      return { embedding: vector(Number(/\d+$/.exec(payload.gift_id)?.[0])) }
    }
    const shapes: Record<string, unknown> = {
      scoring: {
        ...{
          gift_id: TEXT,
          title: TEXT,
          category: TEXT,
          merchant: null,
          price: INT,
          image_url: null,
          content_text: TEXT,
          content_hash: TEXT,
        },
      },
      category_mapping: { external_name: TEXT, products_count: INT, sample_titles: expect.any(Array) },
      embedding: { gift_id: TEXT, content_text: TEXT, content_hash: TEXT, ...MODEL },
    }
    const done: Record<string, number> = { scoring: 0, category_mapping: 0, embedding: 0 }
    const queue = [...held.values()]
    const [refused] = queue
    const wrong = await second.ask('complete', { task_id: refused.id, fence: refused.fence, result: { nothing: true } })
    expect([wrong.type, wrong.data.code]).toEqual(['error', 'validation_error'])
    expect(await second.ask('heartbeat', { task_id: refused.id, fence: refused.fence })).toMatchObject({
      ...{ type: 'reply', data: { status: 'ok', lease_expires_at: TIME, cancel_requested: false } },
    })
    // Each of the three gifts needs a score and a vector, their one category a mapping. Whatever is next is pushed.
    for (let n = 0; n < 7; n++) {
      const task = queue.shift() ?? (await second.task())
      expect([task.kind, task.payload]).toEqual([task.kind, shapes[task.kind]])
      const answer = await second.ask('complete', { task_id: task.id, fence: task.fence, result: resultOf(task) })
      expect([answer.type, answer.data]).toEqual(['reply', { status: 'ok', state: 'completed' }])
      done[task.kind] = (done[task.kind] ?? 0) + 1
    }
    expect(done).toEqual({ scoring: 3, category_mapping: 1, embedding: 3 })

    // §4: over HTTP too a task that is finished takes nothing from another worker.
    const late = await api.send('POST', `/workers/tasks/${refused.id}/fail`, { worker_id: 'ai-2', fence: 1, error: 'late' })
    expect([late.status, late.body.error.code]).toEqual([409, 'stale_lease'])

    // §6: the verdicts are the catalogue's.
    for (const n of [51, 52, 53])
      expect(await api.ok('GET', `/products/${encodeURIComponent(ID(n))}`)).toMatchObject({
        ...{ llm_gift_score: 8.5, llm_gift_reasoning: `Toy ${n} is fun`, needs_scoring: false },
        embeddings: [{ ...MODEL, dim: 4, stale: false }],
      })
    expect(await api.ok('GET', '/categories/tasks?worker_id=mapper-9')).toEqual([])
    const advice = await api.ok('POST', '/recommendations', {
      interests: ['toy 51'],
      top_n: 3,
      budget: 600,
      occasion: 'birthday',
    })
    expect(advice.gifts.map(({ reasons }: any) => reasons.some(({ code }: any) => code === 'highly_rated'))).toContain(true)
    await second.close()
  }, 300_000)

  test('over HTTP leases: given back, failed, and many completed at once', async () => {
    const api = start()
    await api.ok('POST', '/ingest-batch', { source_id: 0, items: toys(71, 3).map((toy) => ({ ...toy, category: null })) })
    const worker = { worker_id: 'batch-1' }
    const lease = async (max: number): Promise<any[]> => {
      const { tasks } = await api.ok('POST', '/workers/lease', {
        ...worker,
        kinds: ['scoring'],
        max,
        lease_seconds: 300,
        wait_seconds: 30,
      })
      return tasks
    }

    // §4: what it leases and cannot do now it gives back; that is no attempt, and the fence rises.
    const [given] = await lease(1)
    const release = await api.ok('POST', `/workers/tasks/${given.id}/release`, { ...worker, fence: given.fence })
    expect(release).toEqual({ status: 'ok' })
    const held = await lease(3)
    while (held.length < 3) held.push(...(await lease(3 - held.length)))
    const again = held.find(({ id }) => id === given.id)
    expect([again.attempt, again.fence]).toEqual([1, given.fence + 1])
    // §4: the model did not answer: the task is offered again later.
    const [failed, ...rest] = held
    const failure = { ...worker, fence: failed.fence, error: 'the model timed out', retryable: true }
    const answer = { status: 'ok', state: 'pending', next_attempt_at: TIME }
    expect(await api.ok('POST', `/workers/tasks/${failed.id}/fail`, failure)).toEqual(answer)
    expect(await api.ok('GET', `/tasks/${failed.id}`)).toMatchObject({
      status: 'pending',
      error: 'the model timed out',
      max_attempts: 5,
    })
    // §4: the others in one request, one of them with a verdict out of range, and one that is not its own.
    const nOf = (task: any) => Number(/\d+$/.exec(task.payload.gift_id)?.[0])
    const results = rest.map((task, at) => ({
      ...{ id: task.id, fence: task.fence },
      result: withoutId(verdict(nOf(task), at === 0 ? { llm_gift_score: -1 } : {})),
    }))
    const foreign = { id: failed.id, fence: failed.fence, result: withoutId(verdict(nOf(failed))) }
    const batch = await api.ok('POST', '/workers/tasks/complete', { ...worker, tasks: [...results, foreign] })
    const rejected = [
      { id: rest[0].id, code: 'validation_error', message: TEXT },
      { id: failed.id, code: 'stale_lease', message: TEXT },
    ]
    expect(batch).toEqual({ status: 'ok', completed: 1, rejected: expect.arrayContaining(rejected) })
    expect(batch.rejected).toHaveLength(2)
    const scored = async (task: any) =>
      (await api.ok('GET', `/products/${encodeURIComponent(task.payload.gift_id)}`)).llm_gift_score
    expect([await scored(failed), await scored(rest[0]), await scored(rest[1])]).toEqual([null, null, 8.5])
  }, 300_000)
})
