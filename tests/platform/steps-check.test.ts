import { describe, expect, test } from 'bun:test'
import { stepProblems } from '../../scripts/steps.ts'

const inTransaction = (body: string) => `function* change(tx: Tx, rows: Row[]): Steps<void> {\n${body}\n}`
const found = (code: string, file = 'src/tasks/x.ts') => stepProblems(file, code)

describe('a step that is not yielded', () => {
  for (const body of [
    'repository.update(tx, id, { name })',
    'engine().enqueue(tx, [task])',
    'tx.run(statement, { id })',
    'tx.batch(batch, rows)',
    `tx.exclusive('name')`,
    'tx.insert(table).values(rows).returning()',
    'if (wanted) repository.update(tx, id, {})',
    'wanted && repository.update(tx, id, {})',
    'const row = repository.find(tx, id)',
    'return repository.update(tx, id, {})',
    'void repository.update(tx, id, {})',
    'for (const row of repository.all(tx)) use(row)',
    'use({ ...repository.find(tx, id) })',
    'use([...repository.all(tx)])',
  ])
    test(body, () => {
      expect(found(inTransaction(body))[0]).toContain('src/tasks/x.ts:2: ')
    })
  test('under another name: by its type, in the body of a transaction, and by the usual names', () => {
    expect(found('function* f(given: Tx) { repository.update(given, id) }')).toHaveLength(1)
    expect(found('db.tx(function* (given) { repository.update(given, id) })')).toHaveLength(1)
    expect(found('function* f(inner) { repository.update(inner, id) }')).toHaveLength(1)
    expect(found('const clean = (inner: string) => withoutUser(inner)')).toEqual([])
  })
  for (const body of [
    'yield* repository.update(tx, id, {})',
    'const [row] = yield* repository.find(tx, id)',
    'const row = yield* (wanted ? repository.find(tx, id) : repository.other(tx, id))',
    'const row = known ?? (yield* repository.find(tx, id))',
    'return yield* repository.find(tx, id)',
    'yield tx.insert(table).values(rows).returning()',
    'const ids = tx.select({ id: t.id }).from(t)\nyield* q(tx.delete(t).where(inArray(t.id, ids)).returning())',
    'yield* q(tx.forUpdate(tx.select().from(t)))',
    'yield* counted(repository.update(tx, id, {}))',
    'announceReady(tx, rows)\ntx.afterCommit(() => bus.publish(topic, {}))',
  ])
    test(`not: ${body}`, () => expect(found(inTransaction(body))).toEqual([]))
  test('not: handed to who drives it', () => {
    expect(found('db.tx((tx) => repository.update(tx, id))')).toEqual([])
    expect(found('const remove = (tx: Tx, id: string): Steps<void> => repository.update(tx, [id])')).toEqual([])
    expect(found('function remove(tx: Tx) { return repository.update(tx, []) }')).toEqual([])
  })
  test('a generator must not be named like those that only wait for the commit', () => {
    expect(found('function* announceReady(tx: Tx) { yield tx.select().from(t) }')).toHaveLength(1)
    expect(found('const store = { *announce(tx: Tx) { yield tx.select().from(t) } }')).toHaveLength(1)
  })

  /** Files of several shapes: object methods, inner generators, steps passed through. */
  for (const file of ['src/love-parser/channel-search/life.ts', 'src/tasks/worker-api.ts', 'src/crawler/tasks/store.ts'])
    test(`${file}: each of its steps, left without its yield*, is found`, async () => {
      const text = await Bun.file(file).text()
      expect(stepProblems(file, text)).toEqual([])
      const calls = [...text.matchAll(/yield\* (?=[\w.]+(?:\(\))?\.?\w*\(\s*tx,|tx\.run|tx\.batch)/g)]
      expect(calls.length).toBeGreaterThan(5)
      for (const { index, 0: word } of calls) {
        const line = text.slice(0, index).split('\n').length
        const problems = stepProblems(file, text.slice(0, index) + text.slice(index + word.length))
        expect(problems.map((problem) => problem.split(': ')[0])).toContain(`${file}:${line}`)
      }
    })
})

describe('a statement in a loop over rows', () => {
  for (const body of [
    'for (const row of rows) yield* repository.update(tx, row.id, {})',
    'for (const row of rows) { if (row.open) { yield tx.update(t).set(row).returning() } }',
    'for (const row of rows) { const [twin] = yield* tx.run(twins, row) }',
    'for (const row of yield* repository.all(tx)) yield* q(tx.select().from(t))',
    'for (let n = 0; n < rows.length; n++) yield* tx.run(s, { id: rows[n].id })',
  ])
    test(body, () => expect(found(inTransaction(body))[0]).toContain('runs once for each turn of the loop at line 2'))
  test('outside a transaction', () => {
    for (const statement of ['statement.all({ id })', 'db.tx((tx) => f(tx, id))', 'db.q.select().from(t).where(x)', 'db.sql(s)'])
      expect(found(`async () => { for (const id of ids) await ${statement} }`)).toHaveLength(1)
    expect(found('async () => { for (const part of parts) await Promise.all(part) }')).toEqual([])
  })
  for (const body of [
    'for (const row of yield* repository.all(tx)) use(row)',
    'for (let from = 0; from < rows.length; from += 500) yield* tx.batch(b, rows.slice(from, from + 500))',
    'for (const part of chunks(rows)) yield* tx.batch(b, part)',
    'for (;;) { const page = yield* repository.page(tx); if (page.length === 0) break }',
    '// bounded: by the kinds\nfor (const kind of kinds) yield* repository.purge(tx, kind)',
    '// bounded: by the kinds and states\nfor (const kind of kinds) for (const state of states) yield* repository.purge(tx, kind)',
    'for (const kind of kinds) yield* repository.purge(tx, kind) // bounded: by the kinds',
    'for (const row of rows) later(function* (tx) { yield* repository.update(tx, row) })',
  ])
    test(`not: ${body}`, () => expect(found(inTransaction(body))).toEqual([]))
  test('the reason has to be given', () =>
    expect(found(inTransaction('// bounded:\nfor (const row of rows) yield* f(tx, row)'))).toHaveLength(1))
})

test('a look at the dialect is a fault outside platform/db, whatever holds it', () => {
  for (const code of [`db.dialect === 'sqlite'`, 'deps.db.dialect', 'k?.dialect', 'const { dialect } = db']) {
    expect(found(code)).toHaveLength(1)
    expect(found(code, 'src/platform/db/x.ts')).toEqual([])
  }
})
