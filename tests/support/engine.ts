import { sql } from 'drizzle-orm'
import type { Db } from '../../src/platform/db/index.ts'
import { createEngine, type KindPolicy, type NewTask, type Task } from '../../src/tasks/index.ts'
import { testBus } from './beside-postgres.ts'
import { type FakeClock, fakeClock, MINUTE } from './fake-clock.ts'

export const LEASE_MS = MINUTE

export interface EngineOptions {
  kinds: KindPolicy[]
  clock?: FakeClock
  random?: () => number
}

/** The task engine alone over a database, with a clock that stands still: what suites below the app begin with. */
export const engineOver = async (db: Db, { kinds, clock = fakeClock(), random = () => 0.5 }: EngineOptions) => {
  /** What subscribers of the bus have thrown. */
  const errors: unknown[] = []
  const bus = await testBus(db, (error) => errors.push(error))
  /** The same engine over another connection. */
  const on = (other: Db) => createEngine({ db: other, clock, bus, kinds, random })
  const engine = on(db)
  const enqueue = (...news: NewTask[]) => db.tx((tx) => engine.enqueue(tx, news))
  const lease = (owner: string, max: number, wanted: readonly string[], leaseMs = LEASE_MS) =>
    engine.lease({ owner, kinds: [...wanted], max, leaseMs })
  return {
    db,
    clock,
    bus,
    errors,
    engine,
    on,
    enqueue,
    lease,
    async task(id: string): Promise<Task> {
      const task = await engine.get(id)
      if (!task) throw new Error(`no task ${id}`)
      return task
    },
    rows: async (): Promise<number> => Number((await db.sql<{ n: number }>(sql`select count(*) as n from tasks`))[0]!.n),
  }
}

export const holderOf = (task: Task, owner = 'w1') => ({ id: task.id, owner, fence: task.fence })
