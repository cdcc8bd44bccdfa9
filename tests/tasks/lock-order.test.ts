import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { databaseProblem } from '../../src/errors.ts'
import type { Db, Step, Steps, Tx } from '../../src/platform/db/index.ts'
import { createEngine, defineKind } from '../../src/tasks/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { holderOf, LEASE_MS, makeRig, OURS, PLAIN_KINDS } from './rig.ts'

/** Holds the rows that `query` locks, over a connection of its own, until `release`. */
const holding = async (db: Db, query: string) => {
  const gate = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const ended = db.tx(function* (tx) {
    yield* tx.sql(sql.raw(query))
    locked.resolve()
    yield Object.assign(gate.promise, { prepare: () => {} }) as unknown as Step
  })
  await locked.promise
  return {
    release: async () => {
      gate.resolve()
      await ended
    },
  }
}

onEachDatabase('engine: locks of leases', (database) => {
  const onPostgres = test.skipIf(database.dialect === 'sqlite')

  test('architecture §6: lost leases are ended in a transaction before that of the lease, whose locks come after them', async () => {
    const seen: { hook: string; transaction: number }[] = []
    let transaction = 0
    const kinds = ['hooked', 'bare'].map((kind) =>
      defineKind(kind, {
        *expired() {
          seen.push({ hook: 'expired', transaction })
        },
        ...(kind === 'hooked' && {
          *leased() {
            seen.push({ hook: 'leased', transaction })
          },
        }),
      }),
    )
    for (const { kind } of kinds) {
      const rig = await makeRig(database, kinds)
      const lost = await rig.leased('lost', { kind })
      await rig.enqueue({ kind, payload: {} })
      rig.clock.advance(LEASE_MS)
      seen.length = 0
      const counting: Db = Object.assign(Object.create(rig.db), {
        tx: (body: (tx: Tx) => Steps<unknown>) =>
          rig.db.tx(function* (tx) {
            transaction++
            return yield* body(tx)
          }),
      })
      const tasks = await rig.on(counting).lease({ owner: 'w', kinds: [kind], max: 5, leaseMs: LEASE_MS })
      expect(tasks.map(({ attempts }) => attempts).sort()).toEqual([1, 2])
      expect(tasks.map(({ id }) => id)).toContain(lost.id)
      expect(seen.map(({ hook }) => hook)).toEqual(kind === 'hooked' ? ['expired', 'leased'] : ['expired'])
      expect(new Set(seen.map((one) => one.transaction)).size).toBe(seen.length)
    }
  })

  onPostgres('architecture §6: a lease that looks for more waits for no group that another one has locked', async () => {
    const rig = await makeRig(database)
    await rig.engine.setGroup({ key: 'x', cap: 1 })
    await rig.engine.setGroup({ key: 'a', cap: 5 })
    const task = (groupKey: string | undefined, priority: number) => ({ kind: 'a', payload: { groupKey }, groupKey, priority })
    await rig.enqueue(...['x', 'x', 'x'].map((key) => task(key, 9)), task('a', 5), task(undefined, 1), task(undefined, 1))
    const { release } = await holding(await database.second(), `select 1 from task_groups where key = 'a' for update`)
    const first = await rig.lease('w1', 2)
    await release()
    expect(first.map(({ groupKey }) => groupKey)).toEqual(['x', null])
    expect((await rig.lease('w1', 2)).map(({ groupKey }) => groupKey)).toEqual(['a', null])
  })

  onPostgres('architecture §6: a lease that finds all ready tasks locked by another looks again', async () => {
    const rig = await makeRig(database)
    await rig.lease()
    const id = await rig.one()
    const { release } = await holding(await database.second(), 'select 1 from tasks for update')
    let looks = 0
    const watched: Db = Object.assign(Object.create(rig.db), {
      autocommit: async (body: Parameters<Db['autocommit']>[0]) => {
        const answer = await rig.db.autocommit(body)
        if (++looks === 1) await release()
        return answer
      },
    })
    const engine = createEngine({ db: watched, clock: rig.clock, bus: rig.bus, kinds: PLAIN_KINDS, random: () => 0 })
    const tasks = await engine.lease({ owner: 'w2', kinds: ['a', 'b'], max: 1, leaseMs: LEASE_MS })
    expect(tasks.map((task) => task.id)).toEqual([id])
    expect(looks).toBe(2)
    // With nothing ready there is no second look, and what stays locked is left after some.
    expect(await engine.lease({ owner: 'w2', kinds: ['a', 'b'], max: 1, leaseMs: LEASE_MS })).toEqual([])
    expect(looks).toBe(3)
    await rig.one()
    const again = await holding(await database.second(), 'select 1 from tasks for update')
    expect(await engine.lease({ owner: 'w2', kinds: ['a', 'b'], max: 1, leaseMs: LEASE_MS })).toEqual([])
    await again.release()
    expect(looks).toBe(7)
  })

  onPostgres('architecture §6: completions lock in the order of the ids, as all others do', async () => {
    const rig = await makeRig(database)
    const other = await database.second()
    let conflicts = 0
    /** Counts transactions that Postgres ended because of another one, as after a deadlock. */
    const counting = (db: Db): Db => {
      const counted = <T>(body: (tx: Tx) => Steps<T>) =>
        function* (tx: Tx): Steps<T> {
          try {
            return yield* body(tx)
          } catch (error) {
            if (databaseProblem(error) === 'serialization') conflicts++
            throw error
          }
        }
      return Object.assign(Object.create(db), {
        tx: (body: (tx: Tx) => Steps<unknown>) => db.tx(counted(body)),
        autocommit: (body: (tx: Tx) => Steps<unknown>) => db.autocommit(counted(body)),
      })
    }
    const waiting = (count: number) =>
      eventually(
        () =>
          other.sql<{ n: string }>(sql`select count(*) as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`),
        ([row]) => Number(row!.n) === count,
      )
    // Stored in another order than that of their ids; and they are few, of which a statement reads the whole table.
    const [low, high] = ['00000000-0000-7000-8000-000000000000', 'ffffffff-ffff-7fff-bfff-ffffffffffff'] as const
    await rig.enqueue({ kind: 'a', payload: {}, id: high, priority: 20 }, { kind: 'a', payload: {}, id: low })
    const holders = (await rig.lease('w', 2)).map((task) => holderOf(task, 'w'))
    expect(holders.map(({ id }) => id)).toEqual([high, low])
    await rig.db.sql(sql`vacuum analyze tasks`)
    const { release } = await holding(other, `select 1 from tasks where id = '${low}' for update`)
    const engine = rig.on(counting(rig.db))
    const released = engine.release(holders, OURS)
    await waiting(1)
    const completed = engine.complete('w', holders, OURS)
    await waiting(2)
    await release()
    expect([...(await released).values()]).toEqual([])
    expect([...(await completed).values()].map(({ code }) => code)).toEqual(['stale', 'stale'])
    expect(conflicts).toBe(0)
  })
})
