import { PgBoss } from 'pg-boss'
import { CONNECTIONS, contest, drain, payload } from './contestant.mjs'

const QUEUE = 'bench'
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
      await boss.insert(QUEUE, Array.from({ length: Math.min(1000, count - made) }, (_, n) => ({ data: payload(made + n) })))
    return {}
  },
  run: (count) =>
    drain(
      count,
      (batchSize) => boss.fetch(QUEUE, { batchSize }),
      (jobs) => boss.complete(QUEUE, jobs.map(({ id }) => id)),
    ),
  close: () => boss.stop({ graceful: false }),
})
