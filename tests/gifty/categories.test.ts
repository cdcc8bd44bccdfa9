import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { inTreeOrder } from '../../src/gifty/categories/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { codeOf, makeRig, problemOf, product, type Rig } from './rig.ts'

const tasks = (app: Rig, query = 'worker_id=w1') => app.ok('GET', `/internal/categories/tasks?${query}`)
const names = async (app: Rig, query?: string): Promise<string[]> =>
  (await tasks(app, query)).map((task: any) => task.external_name)
const submit = (app: Rig, ...results: unknown[]) => app.post('/internal/categories/submit', { results })
const mapped = (external_name: unknown, internal_category_id: unknown) => ({ external_name, internal_category_id })
const putTree = (app: Rig, nodes: unknown) => app.call('PUT', '/internal/categories/tree', nodes)
const node = (id: number, parent_id?: number | null, name = `Node ${id}`) => ({ id, name, parent_id })
const LONG = 'Ё'.repeat(300)

/** Products: 3 toys, 2 of a long name, 1 of books; a name without products. */
const shop = async (app: Rig) => {
  await app.ingest(
    [
      ...[1, 2, 3, 4].map((n) => product(n, { category: 'Toys' })),
      ...[5, 6].map((n) => product(n, { category: LONG })),
      product(7, { category: 'books' }),
      product(8, { category: 'Art' }),
    ],
    { categories: [{ name: 'Empty', url: 'https://shop.example/c/1', site_key: 'shop' }] },
  )
}

onEachDatabase('gifty categories', (database) => {
  test('gifty §5: tasks are unmapped names by active products, then name, with up to 3 titles', async () => {
    const app = await makeRig(database)
    expect(await tasks(app)).toEqual([])
    await shop(app)
    const rows = await tasks(app)
    expect(rows.map((row: any) => [row.external_name, row.products_count, row.sample_titles.length])).toEqual([
      ['Toys', 4, 3],
      [LONG, 2, 2],
      // Byte order: upper case first.
      ['Art', 1, 1],
      ['books', 1, 1],
      ['Empty', 0, 0],
    ])
    expect(rows[3].sample_titles).toEqual(['Gift 7'])
    expect(await names(app, 'worker_id=w2')).toEqual([])
    app.clock.advance(900_000)
    expect(await names(app, 'limit=2&worker_id=w1')).toEqual(['Toys', LONG])
    expect(await names(app, 'limit=1000&worker_id=w1')).toEqual(['Art', 'books', 'Empty'])
    expect(problemOf(await app.get('/internal/categories/tasks?limit=0')).type).toBe('greater_than_equal')
    const head = await app.call('HEAD', '/internal/categories/tasks')
    expect(head.status).toBe(200)
  })

  test('gifty §5: a simple client without a name sees no work vanish', async () => {
    const app = await makeRig(database)
    await shop(app)
    expect(await names(app, 'limit=3')).toEqual(['Toys', LONG, 'Art'])
    expect(await names(app, 'limit=3')).toEqual(['books', 'Empty', 'Toys'])
    expect(await names(app, 'worker_id=w1')).toEqual([])
    app.clock.advance(120_000)
    expect(await names(app, 'worker_id=w1')).toHaveLength(5)
  })

  test('gifty §5: any integer while the tree is empty, else only its ids (§13.18); unknown names are rejected; the last counts', async () => {
    const app = await makeRig(database)
    await shop(app)
    await names(app)
    const free = await submit(app, mapped('Toys', 5), mapped('Toys', '12'), mapped('nothing', 1), mapped(LONG, -3))
    expect(free.body).toEqual({
      status: 'ok',
      updated: 2,
      rejected: [{ index: 2, external_name: 'nothing', errors: [{ field: 'external_name', message: 'Category not found' }] }],
      results: [
        { index: 0, external_name: 'Toys', status: 'updated' },
        { index: 1, external_name: 'Toys', status: 'updated' },
        { index: 2, external_name: 'nothing', status: 'rejected' },
        { index: 3, external_name: LONG, status: 'updated' },
      ],
    })
    app.clock.advance(900_000)
    expect(await names(app, 'worker_id=w3')).toEqual(['Art', 'books', 'Empty'])
    expect((await putTree(app, [node(12), node(13, 12)])).body).toEqual({ status: 'ok', count: 2, unmapped: 1 })
    const loaded = await submit(app, mapped('Art', 14), mapped('books', 13), mapped('Empty', 'x'), mapped(5, 12))
    expect(loaded.body).toMatchObject({
      updated: 1,
      rejected: [
        {
          index: 0,
          external_name: 'Art',
          errors: [{ field: 'internal_category_id', message: 'There is no such category in the tree' }],
        },
        { index: 2, external_name: 'Empty' },
        { index: 3, external_name: null },
      ],
    })
    // A refused id leaves the lease to its holder.
    expect(await names(app, 'worker_id=w4')).toEqual([LONG])
  })

  test('gifty §5: the tree is replaced as a whole; mappings to removed ids become tasks again, not for an empty tree', async () => {
    const app = await makeRig(database)
    await shop(app)
    const first = [node(3, 2), node(2, 1), node(1), node(10, null, 'Корень')]
    expect((await putTree(app, first)).body).toEqual({ status: 'ok', count: 4, unmapped: 0 })
    expect(await app.ok('GET', '/internal/categories/tree')).toEqual([
      { id: 1, name: 'Node 1', parent_id: null },
      { id: 2, name: 'Node 2', parent_id: 1 },
      { id: 3, name: 'Node 3', parent_id: 2 },
      { id: 10, name: 'Корень', parent_id: null },
    ])
    await submit(app, mapped('Toys', 3), mapped('books', 10), mapped('Art', 1))
    // Upside down: what was a child is the root, and a parent is gone.
    expect((await putTree(app, [node(3), node(1, 3, 'New name')])).body).toEqual({ status: 'ok', count: 2, unmapped: 1 })
    expect(await app.ok('GET', '/internal/categories/tree')).toEqual([
      { id: 1, name: 'New name', parent_id: 3 },
      { id: 3, name: 'Node 3', parent_id: null },
    ])
    expect(await names(app)).toEqual([LONG, 'books', 'Empty'])
    expect((await putTree(app, [])).body).toEqual({ status: 'ok', count: 0, unmapped: 0 })
    expect(await app.ok('GET', '/internal/categories/tree')).toEqual([])
    app.clock.advance(900_000)
    expect(await names(app)).toEqual([LONG, 'books', 'Empty'])
  })

  test('gifty §13.18: a duplicate id, an unknown parent or a cycle is 422 and changes nothing', async () => {
    const app = await makeRig(database)
    const good = [node(1), node(2, 1)]
    await putTree(app, good)
    for (const [nodes, loc] of [
      [
        [node(1), node(1)],
        [1, 'id'],
      ],
      [
        [node(1), node(2, 9)],
        [1, 'parent_id'],
      ],
      [[node(1, 1)], [0, 'parent_id']],
    ] as const)
      expect(problemOf(await putTree(app, nodes))).toMatchObject({ type: 'value_error', loc: ['body', ...loc] })
    const cycle = await putTree(app, [node(5), node(1, 3), node(2, 1), node(3, 2)])
    expect(cycle.body.error.fields.details.map((problem: any) => problem.loc)).toEqual([
      ['body', 1, 'parent_id'],
      ['body', 2, 'parent_id'],
      ['body', 3, 'parent_id'],
    ])
    expect(problemOf(await putTree(app, [{ id: 1 }]))).toMatchObject({ type: 'missing', loc: ['body', 0, 'name'] })
    expect(problemOf(await putTree(app, { id: 1 })).type).toBe('list_type')
    expect(codeOf(await putTree(app, [{ id: 1.5, name: 'x' }]))).toEqual([422, 'validation_error'])
    expect(await app.ok('GET', '/internal/categories/tree')).toEqual([
      { id: 1, name: 'Node 1', parent_id: null },
      { id: 2, name: 'Node 2', parent_id: 1 },
    ])
  })

  test('gifty §5: a tree of 20,000 in one chain is taken, one more node is not', async () => {
    const app = await makeRig(database)
    const chain = Array.from({ length: 20_000 }, (_, n) => node(20_000 - n, n === 19_999 ? null : 19_999 - n))
    expect((await putTree(app, chain)).body).toEqual({ status: 'ok', count: 20_000, unmapped: 0 })
    expect((await putTree(app, [...chain, node(20_001)])).status).toBe(422)
    expect(await app.ok('GET', '/internal/categories/tree')).toHaveLength(20_000)
    expect((await putTree(app, [node(7)])).body).toEqual({ status: 'ok', count: 1, unmapped: 0 })
  })

  test('gifty §5: mappings and a new tree at once leave no mapping outside the tree', async () => {
    const app = await makeRig(database)
    await shop(app)
    await putTree(app, [node(1), node(2)])
    for (let round = 0; round < 5; round++) {
      const keep = 1 + (round % 2)
      await Promise.all([
        ...['Toys', 'books', 'Art', 'Empty'].map((name, n) => submit(app, mapped(name, 1 + (n % 2)))),
        putTree(app, [node(keep)]),
      ])
      expect(await app.rows(`category_maps where internal_category_id is not null and internal_category_id <> ${keep}`)).toBe(0)
      await putTree(app, [node(1), node(2)])
    }
  })
})

test('gifty §5: every tree without a cycle is ordered parents first, every other is refused', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat({ max: 11 }), { nil: null }), { minLength: 1, maxLength: 12 }), (parents) => {
      const nodes = parents.map((parent, id) => ({ id, name: 'n', parent_id: parent }))
      const rooted = (id: number, steps = 0): boolean => {
        const parent = parents[id]
        if (parent === null) return true
        return parent !== undefined && parent < parents.length && steps <= parents.length && rooted(parent, steps + 1)
      }
      if (!nodes.every(({ id }) => rooted(id))) return expect(() => inTreeOrder(nodes)).toThrow('Invalid request')
      const seen = new Set<number | null>([null])
      for (const { id, parent_id } of inTreeOrder(nodes)) {
        expect(seen.has(parent_id ?? null)).toBe(true)
        seen.add(id)
      }
      expect(seen.size).toBe(nodes.length + 1)
    }),
  )
})
