import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { onEachDatabase } from '../support/databases.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { RunsModel } from './model-runs.ts'
import { openModelApp, perform, readRows } from './model-runs-app.ts'
import { advanceOne, type Course, explain } from './model-runs-check.ts'
import { advance, anyChoice, type Choice, sourceFields, urlOf } from './model-runs-choices.ts'
import type { Op } from './model-runs-ops.ts'

/** architecture §11: at least so many generated commands run on each dialect. */
const COMMANDS_WANTED = 10_000
/** Generated courses of one seed, each of about 70 commands. The next seed follows until there are enough commands. */
const RUNS = 30
/** A busy machine takes four times as long as the 25 s of SQLite and the 70 s of Postgres. */
const LIMIT_MS = 420_000
const SEED = Number(process.env.MODEL_SEED ?? 20_260_116)

onEachDatabase('sources and runs: model', (database) => {
  test(
    `architecture §11: sources, runs and tasks are as the model says, over at least ${COMMANDS_WANTED} generated commands`,
    async () => {
      const clock = fakeClock()
      const db = await database.fresh()
      // Processes that share a database take turns in a set of commands at the same time.
      const apps = [await openModelApp(db, clock), await openModelApp(await database.second(), clock)]
      const counts = new Map<string, number>()
      let executed = 0
      let together = 0
      let epoch = 0
      const started = performance.now()

      type Real = { course: Course }
      type Command = fc.AsyncCommand<{ course: Course }, Real>
      const doneTogether = async (course: Course, ops: Op[]) => {
        const answers = await Promise.all(ops.map((op, n) => perform(apps[(executed + n) % apps.length]!, op, course.epoch)))
        return ops.map((op, n) => ({ op, answer: answers[n]! }))
      }
      const command = (choices: Choice[]): Command => ({
        check: () => true,
        async run(_, { course }) {
          course.model.now = clock.now()
          const ops = choices.flatMap((choice) => choice.resolve(course.model, course.epoch) ?? [])
          if (ops.length === 0) return
          for (const { op } of ops) counts.set(op, (counts.get(op) ?? 0) + 1)
          executed += ops.length
          if (ops.length > 1) together += ops.length
          const done = await doneTogether(course, ops)
          const rows = await readRows(db)
          if (done.length === 1) advanceOne(course, done[0]!, rows)
          else explain(course, done, rows)
        },
        toString: () =>
          `${choices.length > 1 ? 'together ' : ''}${choices.map(({ name, given }) => `${name} ${JSON.stringify(given)}`).join(' | ')}`,
      })
      const tick = (ms: number): Command => ({
        check: () => true,
        async run() {
          clock.advance(ms)
          executed++
          counts.set('advance', (counts.get('advance') ?? 0) + 1)
        },
        toString: () => `advance ${ms}`,
      })
      const one = anyChoice.map((choice) => command([choice]))
      const several = fc.array(anyChoice, { minLength: 2, maxLength: 3 }).map(command)
      // SQLite does one after the other anyway.
      const [singles, advances] = database.dialect === 'sqlite' ? [8, 2] : [4, 1]
      const commands = fc.commands([...Array(singles).fill(one), several, ...Array(advances).fill(advance.map(tick))], {
        maxCommands: 120,
        size: 'max',
      })
      const beginnings = fc
        .constantFrom(1, 2, 4, 26)
        .chain((count) => fc.array(sourceFields, { minLength: count, maxLength: count }))

      const property = fc.asyncProperty(beginnings, commands, async (sources, given) => {
        for (const table of ['parsing_sources', 'tasks']) await db.sql(sql.raw(`delete from ${table}`))
        const course: Course = {
          model: new RunsModel(),
          epoch: String(++epoch),
          base: { products: 0, prices: 0, loose: 0 },
          last: await readRows(db),
        }
        course.base = course.last.totals
        course.model.now = clock.now()
        for (const [n, fields] of sources.entries()) {
          const op: Op = { op: 'save', url: urlOf(course.epoch, n), site: n % 2 === 0 ? 'alpha' : 'beta', fields }
          advanceOne(course, { op, answer: await perform(apps[0]!, op, course.epoch) }, await readRows(db))
        }
        await fc.asyncModelRun(async () => ({ model: { course }, real: { course } }), given)
      })
      let seed = SEED
      // The search for a shorter failure ends before the test's limit, so that the failure is printed.
      const timeLimit = () => Math.max(1, LIMIT_MS - (performance.now() - started))
      for (; executed < COMMANDS_WANTED; seed++)
        await fc.assert(property, { numRuns: RUNS, seed, interruptAfterTimeLimit: timeLimit(), markInterruptAsFailure: true })

      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      console.info(
        `model of runs [${database.dialect}]: ${executed} commands, ${together} of them at the same time as others, seeds ${SEED} to ${seed - 1}, ${seconds} s: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')}`,
      )
      // Every command has had its share: a generator that never reaches one would prove nothing about it.
      for (const [name, count] of counts) expect(count, name).toBeGreaterThan(50)
      expect(counts.size).toBe(20)
    },
    LIMIT_MS + 60_000,
  )
})
