import { expect, test } from 'bun:test'
import { onEachDatabase } from '../../support/databases.ts'
import { seedOfRun } from './random.ts'
import { runFuzz } from './run.ts'

/** Requests of one run. With a Postgres at hand the many are another run's: CI tests without one first. */
const REQUESTS = { sqlite: process.env.TEST_DATABASE_URL ? 4000 : 20_500, postgres: 5000 } as const

onEachDatabase('fuzz of every documented operation', (database) => {
  test('architecture §11: no 5xx, documented statuses only, bodies of their schemas', async () => {
    const seed = seedOfRun()
    const requests = Number(process.env.TEST_FUZZ_REQUESTS ?? REQUESTS[database.dialect])
    const { problems, sent, seconds, statuses, asked, operations, shut } = await runFuzz(database, seed, requests)
    const classes = [...Map.groupBy(statuses, ([status]) => `${Math.floor(status / 100)}xx`)]
    console.log(
      `fuzz [${database.dialect}]: ${asked.size} of ${operations} operations, ${sent} requests, ` +
        `${classes.map(([name, list]) => `${name} ${list.reduce((sum, [, count]) => sum + count, 0)}`).join(', ')}; ` +
        `${statuses.map(([status, count]) => `${status}:${count}`).join(' ')}; seed ${seed}, ${seconds.toFixed(1)} s`,
    )
    if (process.env.TEST_FUZZ_DETAILS) for (const [key, list] of asked) console.log(key, JSON.stringify(Object.fromEntries(list)))
    if (problems.length > 0) throw new Error(`TEST_SEED=${seed} repeats this\n  ${problems.join('\n  ')}`)
    expect(asked.size).toBe(operations)
    // A run of a quarter of the requests does not always come through every door; the whole one, on SQLite, has to.
    if (sent >= 20_000) expect(shut).toEqual([])
    else if (shut.length > 0) console.log(`fuzz [${database.dialect}]: no success this time: ${shut.join(', ')}`)
  }, 400_000)
})
