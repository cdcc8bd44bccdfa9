import { sql } from 'drizzle-orm'
import type { Db } from '../../src/platform/db/index.ts'
import {
  createEngine,
  defineKind,
  type KindPolicy,
  type NewTask,
  TASK_CANCEL,
  TASK_PROGRESS,
  TASKS_READY,
  type Task,
} from '../../src/tasks/index.ts'
import { testBus } from '../support/beside-postgres.ts'
import type { TestDatabase } from '../support/databases.ts'
import { fakeClock, MINUTE } from '../support/fake-clock.ts'

export const LEASE_MS = MINUTE

/** Kinds of the conformance tests. `foreign` stands for another family's: no verb here may touch it. */
export const PLAIN_KINDS = [defineKind('a'), defineKind('b'), defineKind('c'), defineKind('foreign')]
export const OURS = ['a', 'b', 'c'] as const

export interface Published {
  topic: string
  message: any
}

/** An engine on an empty database with a standing clock; `published` holds what went over the bus. */
export const makeRig = async (database: TestDatabase, kinds: KindPolicy[] = PLAIN_KINDS, random: () => number = () => 0.5) => {
  const db = await database.fresh()
  const clock = fakeClock()
  const errors: unknown[] = []
  const bus = await testBus(db, (error) => errors.push(error))
  const published: Published[] = []
  for (const topic of [TASKS_READY, TASK_CANCEL, TASK_PROGRESS])
    bus.subscribe(topic, (message) => published.push({ topic, message }))
  const on = (other: Db) => createEngine({ db: other, clock, bus, kinds, random })
  const engine = on(db)
  return {
    db,
    clock,
    bus,
    published,
    engine,
    /** The same engine over another connection. */
    on,
    enqueue: (...news: NewTask[]) => db.tx((tx) => engine.enqueue(tx, news)),
    /** One task of kind `a`, queued. */
    async one(more: Partial<NewTask> = {}): Promise<string> {
      const [id] = await db.tx((tx) => engine.enqueue(tx, [{ kind: 'a', payload: {}, ...more }]))
      return id!
    },
    lease: (owner = 'w1', max = 1, wanted: readonly string[] = OURS, leaseMs = LEASE_MS) =>
      engine.lease({ owner, kinds: [...wanted], max, leaseMs }),
    /** One task of kind `a`, leased by `owner`. */
    async leased(owner = 'w1', more: Partial<NewTask> = {}): Promise<Task> {
      await db.tx((tx) => engine.enqueue(tx, [{ kind: 'a', payload: {}, ...more }]))
      const [task] = await engine.lease({ owner, kinds: [more.kind ?? 'a'], max: 1, leaseMs: LEASE_MS })
      return task!
    },
    async task(id: string): Promise<Task> {
      const task = await engine.get(id)
      if (!task) throw new Error(`no task ${id}`)
      return task
    },
    rows: async (): Promise<number> => Number((await db.sql<{ n: number }>(sql`select count(*) as n from tasks`))[0]!.n),
  }
}
export type Rig = Awaited<ReturnType<typeof makeRig>>

export const holderOf = (task: Task, owner = 'w1') => ({ id: task.id, owner, fence: task.fence })

/** Runs `work` for 0..count-1 at once. */
export const together = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))
