import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { CONNECTIONS, contest, drain, payload } from './contestant.mjs'
import { workOn } from './runs.mjs'

const QUEUE = 'bench'
/** `runs`: jobs are about the runs 1 to N, and a handler changes them and their sources. */
const hasRuns = process.argv[2] === 'runs'
const pool = hasRuns ? new pg.Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS }) : undefined
// No maintenance meanwhile: neither contestant sweeps while it is measured.
const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS, supervise: false, schedule: false })
boss.on('error', (error) => {
  console.error(error)
  process.exit(1)
})
await boss.start()
await boss.createQueue(QUEUE)

await contest({
  async fill(count) {
    for (let made = 0; made < count; made += 1000)
      await boss.insert(QUEUE, Array.from({ length: Math.min(1000, count - made) }, (_, n) => ({ data: hasRuns ? { run_id: made + n + 1 } : payload(made + n) })))
    return {}
  },
  run: (count) =>
    drain(
      count,
      (batchSize) => boss.fetch(QUEUE, { batchSize }),
      async (jobs) => {
        if (pool)
          await workOn(
            pool,
            jobs.map(({ data }) => data.run_id),
          )
        await boss.complete(
          QUEUE,
          jobs.map(({ id }) => id),
        )
      },
    ),
  close: async () => {
    await boss.stop({ graceful: false })
    await pool?.end()
  },
})
