import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import type { Db } from '../../src/platform/db/index.ts'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createEngine, defineKind, type Task } from '../../src/tasks/index.ts'
import { engineTables } from '../../src/tasks/tables.ts'
import { onEachDatabase } from '../support/databases.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { MODEL_KINDS, Model } from './model.ts'
import { allCommands, compare, GROUPS, type Real } from './model-commands.ts'

/** architecture §11: at least so many generated commands run on each dialect. */
const COMMANDS_WANTED = 10_000
/** A run has about 45 commands. SQLite takes 0.15 ms for one and its comparison, Postgres 1.2 ms. */
const RUNS = { sqlite: 500, postgres: 240 }
/**
 * Courses of runs that go on side by side, each on a database and with a seed of its own: with Postgres most of the time is waiting for
 * its answers.
 */
const COURSES = { sqlite: 1, postgres: 3 }
const SEED = Number(process.env.MODEL_SEED ?? 20_260_115)

onEachDatabase('engine: model', (database) => {
  test(`architecture §11: the engine does what the model says, over at least ${COMMANDS_WANTED} generated commands`, async () => {
    const counts = new Map<string, number>()
    const started = performance.now()
    const courses = COURSES[database.dialect]
    const executed = await Promise.all(
      Array.from({ length: courses }, async (_, n) =>
        runCourse(await database.separate(), RUNS[database.dialect] / courses, SEED + n, counts),
      ),
    )
    const total = executed.reduce((sum, count) => sum + count, 0)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.info(
      `model [${database.dialect}]: ${total} commands in ${RUNS[database.dialect]} runs, seed ${SEED}, ${seconds} s: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')}`,
    )
    expect(total).toBeGreaterThanOrEqual(COMMANDS_WANTED)
    // Every command has had its share: a generator that never reaches one would prove nothing about it.
    for (const name of [
      'enqueue',
      'lease',
      'heartbeat',
      'complete',
      'fail',
      'release',
      'cancel',
      'report',
      'redrive',
      'advance',
      'sweep',
      'pause',
    ])
      expect(counts.get(name) ?? 0, name).toBeGreaterThan(100)
  }, 300_000)
})

/** Runs a course of generated commands; answers how many, and counts them by name. */
const runCourse = async (db: Db, numRuns: number, seed: number, counts: Map<string, number>): Promise<number> => {
  const clock = fakeClock()
  const effects = new Map<string, number>()
  const kinds = Object.entries(MODEL_KINDS).map(([kind, { max, finalFailure, finalLoss }]) =>
    defineKind(kind, {
      maxAttempts: max,
      onFailure: finalFailure ? 'fail' : 'retry',
      onExpiry: finalLoss ? 'dead' : 'requeue',
      *completed(tx, done) {
        for (const { task } of done) tx.afterCommit(() => effects.set(task.id, (effects.get(task.id) ?? 0) + 1))
        return new Map()
      },
    }),
  )
  // A jitter of exactly nothing, so that the model can name every time.
  const engine = createEngine({ db, clock, bus: createLocalBus(() => {}), kinds, random: () => 0.5 })
  const everyTask = db.statement<Task>('model_rows', 'select * from tasks order by id', engineTables(db.kit).tasks)
  let executed = 0

  const property = fc.asyncProperty(
    fc.commands(allCommands, { maxCommands: 100, size: 'max' }),
    fc.constantFrom([], [1, 2], [2, 0, 1]),
    async (commands, caps) => {
      // One database for all runs, emptied in between; time advances, so that ids keep growing.
      await db.sql(sql`delete from tasks`)
      await db.sql(sql`delete from task_groups`)
      effects.clear()
      const model = new Model()
      for (const [n, cap] of caps.entries()) {
        await engine.setGroup({ key: GROUPS[n]!, cap })
        model.caps.set(GROUPS[n]!, cap)
      }
      const real: Real = {
        db,
        engine,
        rows: () => everyTask.all(),
        clock,
        handedOut: new Set(),
        effects,
        before: new Map(),
        redriven: new Set(),
        executed: 0,
        compareEvery: db.dialect === 'sqlite' ? 1 : 4,
        count: (name) => counts.set(name, (counts.get(name) ?? 0) + 1),
      }
      await fc.asyncModelRun(async () => ({ model, real }), commands)
      await compare(model, real)
      // What the engine lists is what is stored.
      expect((await engine.list({ kinds: Object.keys(MODEL_KINDS), limit: 10_000 })).tasks.reverse()).toEqual(await real.rows())
      executed += real.executed
    },
  )
  await fc.assert(property, { numRuns, seed, endOnFailure: false })
  return executed
}
