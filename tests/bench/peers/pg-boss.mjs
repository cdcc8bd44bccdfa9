import { PgBoss } from 'pg-boss'
import { BATCH, contest, payload } from './contestant.mjs'

const QUEUE = 'bench'
// No maintenance meanwhile: neither contestant sweeps while it is measured.
const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, max: 4, supervise: false, schedule: false })
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
  async run(count) {
    const startedAt = performance.now()
    for (let done = 0; done < count; ) {
      const jobs = await boss.fetch(QUEUE, { batchSize: BATCH })
      if (jobs.length === 0) throw new Error('the queue is empty')
      await boss.complete(QUEUE, jobs.map(({ id }) => id))
      done += jobs.length
    }
    return { ms: performance.now() - startedAt }
  },
  close: () => boss.stop({ graceful: false }),
})
