import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import { type Clock, DAY_MS } from '../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../platform/db/index.ts'
import { nextCronTime } from './cron.ts'
import type { Engine } from './engine.ts'
import type { Outbox } from './outbox.ts'
import { engineTables } from './tables.ts'

/** Recurring work of the system itself. `fire` runs in the claim's transaction; a text it returns is recorded as a skip's reason. */
export interface Schedule {
  name: string
  /** Five fields. */
  cron: string
  timezone?: string
  fire(tx: Tx, due: { dueAt: Date; now: Date }): Steps<string | undefined>
}

/**
 * Schedules that live in the database: any number of processes tick, each due time is claimed by exactly one, and the time missed
 * while all were down fires once.
 */
export const createSchedules = (db: Db, clock: Clock, defined: Schedule[]) => {
  const { schedules, scheduleSkips } = engineTables(db.kit)
  const byName = new Map(defined.map((schedule) => [schedule.name, schedule]))

  /** Stores the schedules; a changed pattern gets its next time from now, an unchanged one keeps its next time. */
  const register = () =>
    db.tx(function* (tx) {
      const now = new Date(clock.now())
      const names = [...byName.keys()].sort()
      const stored = yield* q(
        tx.forUpdate(tx.select().from(schedules).where(inArray(schedules.name, names)).orderBy(asc(schedules.name))),
      )
      const known = new Map(stored.map((row) => [row.name, row]))
      const changed = names.flatMap((name) => {
        const { cron, timezone = 'UTC' } = byName.get(name) as Schedule
        const row = known.get(name)
        if (row && row.cron === cron && row.timezone === timezone) return []
        return [{ name, cron, timezone, nextRunAt: new Date(nextCronTime(cron, timezone, now.getTime())), updatedAt: now }]
      })
      if (changed.length === 0) return
      yield tx
        .insert(schedules)
        .values(changed)
        .onConflictDoUpdate({
          target: schedules.name,
          set: {
            cron: sql`excluded.cron`,
            timezone: sql`excluded.timezone`,
            nextRunAt: sql`excluded.next_run_at`,
            updatedAt: sql`excluded.updated_at`,
          },
        })
        .returning({ name: schedules.name })
    })

  /** Claims one schedule if it is still due and no other process has it. Answers whether it fired. */
  const claim = (schedule: Schedule) =>
    db.tx(function* (tx) {
      const now = new Date(clock.now())
      const [row] = yield* q(
        tx.skipLocked(
          tx
            .select()
            .from(schedules)
            .where(and(eq(schedules.name, schedule.name), lte(schedules.nextRunAt, now))),
        ),
      )
      if (!row) return false
      const reason = yield* schedule.fire(tx, { dueAt: row.nextRunAt, now })
      if (reason !== undefined)
        yield tx.insert(scheduleSkips).values({ name: row.name, dueAt: row.nextRunAt, reason, createdAt: now }).returning()
      yield tx
        .update(schedules)
        .set({ nextRunAt: new Date(nextCronTime(row.cron, row.timezone, now.getTime())), lastRunAt: now, updatedAt: now })
        .where(eq(schedules.name, row.name))
        .returning()
      return reason === undefined
    })

  /**
   * Claims and fires what is due, each schedule in a transaction of its own. Answers the names that fired.
   * @throws the first error, after all other schedules were tried: a schedule that always fails must not stop them
   */
  const tick = async (): Promise<string[]> => {
    const due = await db.q
      .select({ name: schedules.name })
      .from(schedules)
      .where(lte(schedules.nextRunAt, new Date(clock.now())))
      .orderBy(asc(schedules.name))
    const fired: string[] = []
    const failures: unknown[] = []
    for (const { name } of due) {
      const schedule = byName.get(name)
      if (!schedule) continue
      try {
        if (await claim(schedule)) fired.push(name)
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
    return fired
  }

  return { register, tick }
}

/** What keeps the engine's own tables from growing without end. */
export const enginePurges = (engine: Pick<Engine, 'purge' | 'queues'>, outbox: Pick<Outbox, 'purge'>): Schedule[] => [
  {
    name: 'purge-tasks',
    // Every minute, because a round deletes a limited number and a fleet may finish tasks as quickly.
    cron: '* * * * *',
    *fire(tx) {
      yield* engine.purge(tx)
      return undefined
    },
  },
  {
    name: 'purge-outbox',
    cron: '0 * * * *',
    *fire(tx, { now }) {
      yield* outbox.purge(tx, new Date(now.getTime() - DAY_MS), engine.queues())
      return undefined
    },
  },
]
