import { describe, expect, test } from 'bun:test'
import { asc, eq, inArray, sql } from 'drizzle-orm'
import { databaseProblem, isUniqueViolation } from '../../src/errors.ts'
import { type Db, param, type Queryable, q, type Statement, type Steps } from '../../src/platform/db/index.ts'
import { defineTables } from '../../src/platform/db/kit.ts'
import { onEachDatabase } from '../support/databases.ts'

const bank = defineTables((k) => ({
  accounts: k.table('test_accounts', { id: k.int().primaryKey(), balance: k.int().notNull() }),
  entries: k.table('test_entries', { id: k.int().primaryKey(), note: k.text() }),
}))

onEachDatabase('transactions', (database) => {
  const ACCOUNTS = 10
  const start = async () => {
    const db = await database.fresh()
    const { accounts, entries } = bank(db.kit)
    await db.sql(
      sql`create table if not exists test_accounts (id integer primary key, balance integer not null check (balance >= 0))`,
    )
    await db.sql(sql`create table if not exists test_entries (id integer primary key, note text)`)
    await db.q
      .insert(accounts)
      .values(Array.from({ length: ACCOUNTS }, (_, id) => ({ id, balance: 1000 })))
      .returning()
    return { db, accounts, entries }
  }
  const total = async (db: Db) =>
    Number((await db.sql<{ total: number }>(sql`select sum(balance) as total from test_accounts`))[0]!.total)
  const notes = async (db: Db) =>
    (
      await db.q
        .select()
        .from(bank(db.kit).entries)
        .orderBy(asc(bank(db.kit).entries.id))
    ).map((row) => row.note)

  test('autocommit: one statement is a transaction, a second one is refused, and what waits for the commit runs after it', async () => {
    const { db, accounts } = await start()
    const pay = (id: number, balance: number) => (tx: any) =>
      tx.update(accounts).set({ balance }).where(eq(accounts.id, id)).returning()
    const calls: number[] = []
    const paid = await db.autocommit(function* (tx) {
      tx.afterCommit(() => calls.push(1))
      return yield* q(pay(1, 1500)(tx))
    })
    expect(paid).toHaveLength(1)
    expect(calls).toEqual([1])
    expect(await total(db)).toBe(ACCOUNTS * 1000 + 500)
    const refused = db.autocommit(function* (tx) {
      tx.afterCommit(() => calls.push(2))
      yield* q(pay(2, -1)(tx))
    })
    await expect(refused).rejects.toThrow()
    const twice = db.autocommit(function* (tx) {
      tx.afterCommit(() => calls.push(3))
      yield* q(pay(2, 1000)(tx))
      yield* q(pay(3, 5000)(tx))
    })
    await expect(twice).rejects.toThrow('takes one step')
    expect(calls).toEqual([1])
    expect(await total(db)).toBe(ACCOUNTS * 1000 + 500)
  })

  test('architecture §7: 400 concurrent transfers, a tenth rolling back, with inserts from outside: the sum never moves', async () => {
    const { db, accounts, entries } = await start()
    const transfer = (n: number) =>
      db.tx(function* (tx) {
        const [from, to] = [n % ACCOUNTS, (n * 7 + 3) % ACCOUNTS]
        // Locked in key order: two transfers that cross would deadlock otherwise.
        const locked = yield* q(
          tx.forUpdate(
            tx
              .select()
              .from(accounts)
              .where(inArray(accounts.id, [from, to]))
              .orderBy(asc(accounts.id)),
          ),
        )
        const balance = locked.find((row) => row.id === from)!.balance
        yield tx
          .update(accounts)
          .set({ balance: balance - 1 })
          .where(eq(accounts.id, from))
          .returning()
        if (n % 10 === 0) throw new Error('changed its mind')
        yield tx
          .update(accounts)
          .set({ balance: sql`${accounts.balance} + 1` })
          .where(eq(accounts.id, to))
          .returning()
        return n
      })
    const numbers = Array.from({ length: 400 }, (_, n) => n)
    const sums: Promise<number>[] = []
    const inserts: Promise<unknown>[] = []
    const outcomes = await Promise.allSettled(
      numbers.map((n, index) => {
        if (index % 4 === 0)
          inserts.push(Promise.resolve(db.q.insert(entries).values({ id: index, note: 'outside' }).returning()))
        if (index % 8 === 0) sums.push(total(db))
        return transfer(n)
      }),
    )
    await Promise.all(inserts)
    expect(outcomes.filter((outcome) => outcome.status === 'rejected').length).toBe(40)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason.message).toBe('changed its mind')
    expect(new Set(await Promise.all(sums))).toEqual(new Set([ACCOUNTS * 1000]))
    expect(await total(db)).toBe(ACCOUNTS * 1000)
    expect(await notes(db)).toHaveLength(100)
    // Every committed transfer took exactly one from its account.
    const moved = new Map<number, number>()
    for (const n of numbers.filter((n) => n % 10 !== 0)) {
      moved.set(n % ACCOUNTS, (moved.get(n % ACCOUNTS) ?? 0) - 1)
      moved.set((n * 7 + 3) % ACCOUNTS, (moved.get((n * 7 + 3) % ACCOUNTS) ?? 0) + 1)
    }
    for (const row of await db.q.select().from(accounts)) expect(row.balance).toBe(1000 + (moved.get(row.id) ?? 0))
  }, 300_000)

  test('architecture §7: of transactions that commit together a failing one takes only itself back', async () => {
    const { db, entries } = await start()
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((id) =>
        db.tx(function* (tx) {
          yield tx
            .insert(entries)
            .values({ id, note: `n${id}` })
            .returning()
          if (id === 2) throw new Error('by hand')
          // A statement that the database refuses, in the middle of the group.
          if (id === 4) yield tx.insert(entries).values({ id: 40, note: 'a' }).returning()
          if (id === 4) yield tx.insert(entries).values({ id: 40, note: 'b' }).returning()
          return id
        }),
      ),
    )
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(isUniqueViolation((outcomes[3] as PromiseRejectedResult).reason)).toBe(true)
    expect(await notes(db)).toEqual(['n1', 'n3', 'n5'])
  })

  test('architecture §7: yielding anything but a query is a TypeError, and the transaction is rolled back', async () => {
    const { db, entries } = await start()
    for (const thing of [Promise.resolve(1), 7, null, undefined, { all: () => {} }, async () => {}]) {
      const outcome = db.tx(function* (tx) {
        yield tx.insert(entries).values({ id: 1, note: 'x' }).returning()
        yield thing as never
      })
      expect(await outcome.catch((error) => error)).toBeInstanceOf(TypeError)
    }
    expect(await notes(db)).toEqual([])
  })

  test('a step that only reads runs in a transaction, where it sees what is not committed, and by db.read without one', async () => {
    const { db, entries } = await start()
    const all = db.statement<{ note: string }>('t_notes', 'select note from test_entries order by id')
    const byIds = db.batch<{ note: string }>(
      't_notes_by_id',
      [{ name: 'id', type: 'bigint' }],
      (source) => `select e.note from ${source} s join test_entries e on e.id = s.id order by e.id`,
    )
    function* read(tx: Queryable): Steps<string[][]> {
      const built = yield* q(tx.select({ note: entries.note }).from(entries).orderBy(asc(entries.id)))
      const rows = [built, yield* tx.run(all), yield* tx.batch(byIds, [[1], [2]])]
      return rows.map((of) => of.map(({ note }) => note as string))
    }
    await db.q.insert(entries).values({ id: 1, note: 'stored' }).returning()
    const doomed = db.tx(function* (tx) {
      yield tx.insert(entries).values({ id: 2, note: 'not yet' }).returning()
      const both = ['stored', 'not yet']
      expect(yield* read(tx)).toEqual([both, both, both])
      throw new Error('undo')
    })
    expect(await doomed.catch((error) => error.message)).toBe('undo')
    expect(await db.read(read)).toEqual([['stored'], ['stored'], ['stored']])
    const refused = db.read(function* () {
      try {
        yield Promise.resolve(1)
      } catch (error) {
        return error
      }
    })
    expect(await refused).toBeInstanceOf(TypeError)
    const failing = db.read(function* (tx) {
      yield* tx.sql(sql`select nothing from nowhere`)
    })
    expect(await failing.catch(() => 'failed')).toBe('failed')
  })

  describe('architecture §7: a prepared statement inside a transaction runs inside it', () => {
    const written: [string, (db: Db) => Statement<unknown>][] = [
      ['statement()', (db) => db.statement('t_insert', `insert into test_entries (id, note) values (:id, :note) returning id`)],
      [
        'prepare()',
        (db) =>
          db.prepare(
            't_insert_built',
            (queries) =>
              queries
                .insert(bank(db.kit).entries)
                .values({ id: sql`${param('id')}`, note: sql`${param('note')}` })
                .returning() as never,
          ),
      ],
    ]
    for (const [name, make] of written)
      test(name, async () => {
        const { db, entries } = await start()
        const insert = make(db)
        // Prepared outside first: the copy bound to the transaction must not be the one bound to the pool.
        await insert.all({ id: 1, note: 'outside' })
        const doomed = db.tx(function* (tx) {
          yield* tx.run(insert, { id: 2, note: 'inside' })
          expect(yield* q(tx.select().from(entries))).toHaveLength(2)
          throw new Error('undo')
        })
        expect(await doomed.catch((error) => error.message)).toBe('undo')
        expect(await notes(db)).toEqual(['outside'])
        await db.tx((tx) => tx.run(insert, { id: 3, note: 'kept' }))
        expect(await notes(db)).toEqual(['outside', 'kept'])
      })
    test('tx.sql', async () => {
      const { db } = await start()
      const doomed = db.tx(function* (tx) {
        yield* tx.sql(sql`insert into test_entries (id, note) values (1, 'x')`)
        throw new Error('undo')
      })
      expect(await doomed.catch((error) => error.message)).toBe('undo')
      expect(await notes(db)).toEqual([])
    })
  })

  test('a transaction reads what it wrote, answers its value, and composes with parts', async () => {
    const { db, entries } = await start()
    function* part(tx: Parameters<Parameters<Db['tx']>[0]>[0], id: number) {
      return yield* q(tx.insert(entries).values({ id, note: 'part' }).returning({ id: entries.id }))
    }
    const answer = await db.tx(function* (tx) {
      const made = [...(yield* part(tx, 1)), ...(yield* part(tx, 2))]
      const seen = yield* q(tx.select({ id: entries.id }).from(entries).orderBy(asc(entries.id)))
      return { made, seen }
    })
    expect(answer).toEqual({ made: [{ id: 1 }, { id: 2 }], seen: [{ id: 1 }, { id: 2 }] })
  })

  describe('afterCommit', () => {
    test('runs once the transaction is durable, before its caller continues; forgotten when it rolls back', async () => {
      const { db, entries } = await start()
      const calls: string[] = []
      const commit = db.tx(function* (tx) {
        tx.afterCommit(() => calls.push('committed'))
        yield tx.insert(entries).values({ id: 1, note: 'x' }).returning()
        expect(calls).toEqual([])
      })
      await commit
      expect(calls).toEqual(['committed'])
      const rollback = db.tx(function* (tx) {
        tx.afterCommit(() => calls.push('rolled back'))
        yield tx.insert(entries).values({ id: 2, note: 'x' }).returning()
        throw new Error('no')
      })
      await rollback.catch(() => {})
      expect(calls).toEqual(['committed'])
    })

    test('an action that throws neither undoes the commit nor hides it from anyone', async () => {
      const { db, entries } = await start()
      const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
      const calls: number[] = []
      const outcomes = await Promise.allSettled(
        [1, 2].map((id) =>
          db.tx(function* (tx) {
            yield tx
              .insert(entries)
              .values({ id, note: `n${id}` })
              .returning()
            tx.afterCommit(() => {
              if (id === 1) throw new Error('a listener is broken')
            })
            tx.afterCommit(() => calls.push(id))
            return id
          }),
        ),
      )
      expect(outcomes).toEqual([
        { status: 'fulfilled', value: 1 },
        { status: 'fulfilled', value: 2 },
      ])
      expect([calls.sort(), await notes(db)]).toEqual([
        [1, 2],
        ['n1', 'n2'],
      ])
      expect((await warned).message).toBe('a listener is broken')
    })
  })

  test('what a driver error means is known on both dialects', async () => {
    const { db, accounts, entries } = await start()
    const problem = (work: PromiseLike<unknown>) => Promise.resolve(work).then(() => 'none', databaseProblem)
    await db.q.insert(entries).values({ id: 1, note: 'x' }).returning()
    expect(await problem(db.q.insert(entries).values({ id: 1, note: 'y' }).returning())).toBe('unique')
    expect(await problem(db.tx((tx) => q(tx.insert(entries).values({ id: 1, note: 'y' }).returning())))).toBe('unique')
    expect(await problem(db.statement('t_dup', `insert into test_entries (id) values (:id) returning id`).all({ id: 1 }))).toBe(
      'unique',
    )
    expect(await problem(db.q.update(accounts).set({ balance: -1 }).returning())).toBe('check')
    expect(await problem(db.sql(sql`select nonsense from nowhere`))).toBeUndefined()
    expect(isUniqueViolation(new Error('unique'))).toBe(false)
  })

  if (database.dialect === 'postgres')
    test('architecture §7: a deadlock is tried again and both transactions succeed', async () => {
      const { db, accounts } = await start()
      let attempts = 0
      let arrived = 0
      let go = () => {}
      const both = new Promise<void>((resolve) => (go = resolve))
      const cross = (first: number, second: number) =>
        db.tx(function* (tx) {
          attempts++
          yield tx
            .update(accounts)
            .set({ balance: sql`${accounts.balance} + 1` })
            .where(eq(accounts.id, first))
            .returning()
          if (++arrived === 2) go()
          // A query that waits until the other holds its row: makes the deadlock certain instead of likely.
          yield Object.assign(both, { prepare: () => {} })
          yield tx
            .update(accounts)
            .set({ balance: sql`${accounts.balance} + 1` })
            .where(eq(accounts.id, second))
            .returning()
        })
      await Promise.all([cross(1, 2), cross(2, 1)])
      expect(attempts).toBeGreaterThan(2)
      const rows = await db.q
        .select()
        .from(accounts)
        .where(inArray(accounts.id, [1, 2]))
      expect(rows.map((row) => row.balance)).toEqual([1002, 1002])
    }, 300_000)
})
