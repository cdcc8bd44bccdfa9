import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { createLocalBus } from '../../src/platform/bus/index.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { createEngine, type Task } from '../../src/tasks/index.ts'
import { engineStatements } from '../../src/tasks/statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { LEASE_MS, PLAIN_KINDS } from './rig.ts'

const KIND = PLAIN_KINDS[0]!.kind

/** An engine whose transactions are counted. */
const counted = (db: Db) => {
  let transactions = 0
  const counting = Object.create(db, {
    tx: {
      value: (body: never) => {
        transactions++
        return db.tx(body)
      },
    },
  }) as Db
  const clock = fakeClock()
  const engine = createEngine({ db: counting, clock, bus: createLocalBus(() => {}), kinds: PLAIN_KINDS })
  return {
    engine,
    clock,
    /** Transactions that `action` took. */
    async during<T>(action: () => Promise<T>): Promise<[T, number]> {
      const before = transactions
      return [await action(), transactions - before]
    },
    enqueue: (count: number, more: Record<string, unknown> = {}) =>
      db.tx((tx) =>
        engine.enqueue(
          tx,
          Array.from({ length: count }, (_, n) => ({ kind: KIND, payload: { n }, ...more })),
        ),
      ),
    lease: (max: number) => engine.lease({ owner: 'w', kinds: [KIND], max, leaseMs: LEASE_MS }),
  }
}

/** A database that counts its quick statements. */
const recorded = (db: Db) => {
  const sent = { leases: 0, completions: 0 }
  const counting = (method: 'statement' | 'prepare', prefix: string, counter: keyof typeof sent) => ({
    value: (name: string, of: never) => {
      const statement = db[method](name, of)
      if (!name.startsWith(prefix)) return statement
      const all = (params: never) => {
        sent[counter]++
        return statement.all(params)
      }
      return { ...statement, all }
    },
  })
  return {
    db: Object.create(db, {
      statement: counting('statement', 'engine_complete_held', 'completions'),
      prepare: counting('prepare', 'engine_lease_unhindered', 'leases'),
    }) as Db,
    sent: () => sent,
  }
}

onEachDatabase('engine: verbs of one statement', (database) => {
  // On SQLite the group commit is the quick way, and it takes transactions.
  const quick = database.dialect === 'postgres' ? 0 : 1

  test('gifty §4: a lease and a completion without hooks take no transaction on Postgres, and do the same', async () => {
    const rig = counted(await database.fresh())
    await rig.enqueue(5)
    const [tasks, forLease] = await rig.during(() => rig.lease(3))
    expect([tasks.length, forLease]).toEqual([3, quick])
    expect(tasks.map(({ id }) => id)).toEqual(tasks.map(({ id }) => id).sort())
    expect(tasks[0]).toMatchObject({ state: 'leased', attempts: 1, fence: 1, leaseOwner: 'w', payload: { n: 0 } })
    // Answered without being read back: what is stored is the same.
    expect(tasks[0]).toEqual((await rig.engine.get(tasks[0]?.id as string)) as Task)
    const items = tasks.map(({ id, fence }, n) => ({ id, fence, result: { n } }))
    const [refused, forCompletion] = await rig.during(() => rig.engine.complete('w', items, [KIND]))
    expect([refused.size, forCompletion]).toEqual([0, quick])
    // Nothing ready: the whole way looks once more, since more may be in the way than an empty queue.
    await rig.lease(5)
    expect((await rig.during(() => rig.lease(5)))[0]).toEqual([])
  })

  test('gifty §4: what a completion may not end is told as ever: another fence, owner, kind, no id, an id twice', async () => {
    const rig = counted(await database.fresh())
    await rig.enqueue(4)
    const [good, stale, twice, foreign] = (await rig.lease(4)) as [any, any, any, any]
    const nobody = Bun.randomUUIDv7()
    const refused = await rig.engine.complete(
      'w',
      [
        { id: good.id, fence: good.fence },
        { id: stale.id, fence: stale.fence + 1 },
        { id: twice.id, fence: twice.fence + 1 },
        { id: twice.id, fence: twice.fence },
        { id: nobody, fence: 1 },
        { id: 'no id', fence: 1 },
      ],
      [KIND],
    )
    expect([...refused].map(([id, { code }]) => [id, code]).sort()).toEqual(
      [
        [stale.id, 'stale'],
        [twice.id, 'stale'],
        [nobody, 'not_found'],
        ['no id', 'not_found'],
      ].sort(),
    )
    expect((await rig.engine.complete('other', [{ id: foreign.id, fence: foreign.fence }], [KIND])).get(foreign.id)?.code).toBe(
      'stale',
    )
    expect((await rig.engine.complete('w', [{ id: foreign.id, fence: foreign.fence }], ['else'])).get(foreign.id)?.code).toBe(
      'not_found',
    )
    rig.clock.advance(LEASE_MS + 1)
    expect((await rig.engine.complete('w', [{ id: foreign.id, fence: foreign.fence }], [KIND])).get(foreign.id)?.code).toBe(
      'stale',
    )
  })

  test('gifty §4: an expired lease and a limited group send a lease the whole way', async () => {
    const db = await database.fresh()
    const rig = counted(db)
    await rig.enqueue(2)
    await rig.lease(1)
    rig.clock.advance(LEASE_MS + 1)
    const [tasks, took] = await rig.during(() => rig.lease(2))
    expect([tasks.length, took]).toEqual([2, 1])
    await rig.enqueue(3, { groupKey: 'g' })
    await rig.engine.setGroup({ key: 'g', cap: 1 })
    const [one, limited] = await rig.during(() => rig.lease(3))
    expect([one.length, limited]).toEqual([1, 1])
  })

  test('gifty §4: workers that lease and complete at once each get and end their own', async () => {
    const { db, sent } = recorded(await database.fresh())
    const rig = counted(db)
    await rig.enqueue(30)
    const owners = ['a', 'b', 'quo"te, {\\}', 'a', 'half \ud800']
    const leases = await Promise.all(
      owners.map((owner, n) => rig.engine.lease({ owner, kinds: [KIND], max: n + 3, leaseMs: LEASE_MS })),
    )
    // The last owner is stored as another text: who asked has the tasks all the same.
    const half = leases.pop() as Task[]
    expect([...leases, half].map((tasks) => tasks.length)).toEqual([3, 4, 5, 6, 7])
    expect(new Set(leases.flat().map(({ id }) => id)).size).toBe(18)
    for (const [n, tasks] of leases.entries())
      for (const task of tasks) {
        expect(task.leaseOwner).toBe(owners[n] as string)
        expect(task).toEqual((await rig.engine.get(task.id)) as Task)
      }
    // Each names its own, one another's as well, and one a fence that is not its.
    const [first, second, third, fourth] = leases as [Task[], Task[], Task[], Task[]]
    const named = (tasks: Task[], result: string) => tasks.map(({ id, fence }) => ({ id, fence, result }))
    const asked: [string, { id: string; fence: number; result?: unknown }[]][] = [
      ['a', named(first, 'first')],
      ['b', [...named([first[0]!, fourth[0]!], 'thief'), ...named(second, 'second')]],
      [owners[2] as string, named(third, 'third').map((item, n) => ({ ...item, fence: item.fence + (n === 0 ? 1 : 0) }))],
      ['a', fourth.map(({ id, fence }) => ({ id, fence }))],
    ]
    const refused = await Promise.all(asked.map(([owner, items]) => rig.engine.complete(owner, items, [KIND])))
    expect(refused.map((some) => [...some].map(([id, { code }]) => [id, code]))).toEqual([
      [],
      [first[0], fourth[0]].map((task) => [task?.id as string, 'stale']),
      [[third[0]?.id as string, 'stale']],
      [],
    ])
    for (const [tasks, result] of [
      [first, 'first'],
      [second, 'second'],
      [third.slice(1), 'third'],
      [fourth, null],
    ] as const)
      for (const { id } of tasks) expect(await rig.engine.get(id)).toMatchObject({ state: 'completed', result })
    expect(await rig.engine.get(third[0]?.id as string)).toMatchObject({ state: 'leased' })
    // The first went at once, the others together.
    if (database.dialect === 'postgres') expect(sent()).toEqual({ leases: 2, completions: 2 })
  })

  if (database.dialect === 'postgres') {
    test('gifty §4: a completion that another one was in the way of is done the whole way', async () => {
      const db = await database.fresh()
      let met = 0
      const deadlocked = Object.create(db, {
        statement: {
          value: (name: string, text: never) => ({
            ...db.statement(name, text),
            ...(name === 'engine_complete_held' && {
              all: async () => {
                met++
                throw Object.assign(new Error('deadlock detected'), { code: '40P01' })
              },
            }),
          }),
        },
      }) as Db
      const rig = counted(deadlocked)
      await rig.enqueue(2)
      const items = (await rig.lease(2)).map(({ id, fence }) => ({ id, fence }))
      const [refused, took] = await rig.during(() => rig.engine.complete('w', items, [KIND]))
      expect([refused.size, took, met]).toEqual([0, 1, 1])
      for (const { id } of items) expect(await rig.engine.get(id)).toMatchObject({ state: 'completed' })
    })

    test('the plans that are kept for them read by index, however many leases there are', async () => {
      const db = await database.fresh()
      await db.sql(sql`insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, lease_owner, lease_expires_at, fence, created_at, updated_at)
        select gen_random_uuid(), ${sql.raw(`'${KIND}'`)}, '{}', 10, case when n % 2 = 0 then 'queued' else 'leased' end, now(), 5, 'w', now() + interval '1 hour', 1, now(), now()
        from generate_series(1, 20000) n`)
      await db.sql(sql`analyze tasks`)
      const statements = engineStatements(db)
      const planOf = (name: string, text: string) =>
        db.tx(function* (tx) {
          yield* tx.sql(sql`set local plan_cache_mode = force_generic_plan`)
          yield* tx.sql(sql.raw(`prepare ${name} as ${text}`))
          const nulls = Array.from(text.matchAll(/\$(\d+)/g), ([, n]) => Number(n))
          const rows = yield* tx.sql<Record<string, string>>(
            sql.raw(`explain execute ${name}(${Array.from({ length: Math.max(...nulls) }, () => 'null').join(', ')})`),
          )
          yield* tx.sql(sql.raw(`deallocate ${name}`))
          return rows.map((row) => row['QUERY PLAN']).join('\n')
        })
      const lease = await planOf('quick_lease', statements.leaseUnhindered(1, 25).text())
      expect(lease).toContain('Index Scan using tasks_ready_ix')
      expect(lease).toContain('Index Scan using tasks_lease_ix')
      const complete = await planOf('quick_complete', statements.completeHeld.text())
      expect(complete).toContain('tasks_pkey')
      expect(complete).not.toContain('tasks_lease_ix')
      for (const plan of [lease, complete]) expect(plan).not.toMatch(/Seq Scan on tasks/)
    })
  }
})
