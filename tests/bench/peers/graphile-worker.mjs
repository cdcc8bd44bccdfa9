import { Logger, makeWorkerUtils, runOnce } from 'graphile-worker'
import pg from 'pg'
import { BATCH, CONNECTIONS, contest, payload } from './contestant.mjs'
import { gathering } from './runs.mjs'

/** `runs`: jobs are about the runs 1 to N, and a handler changes them and their sources. */
const hasRuns = process.argv[2] === 'runs'

const pgPool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS })
pgPool.on('error', (error) => console.error(error))
const workOnRun = hasRuns ? gathering(pgPool) : undefined
const logger = new Logger(() => () => {})
const utils = await makeWorkerUtils({ pgPool, logger })
await utils.migrate()

// Its way to work in batches: a local queue that is filled 25 at a time, completions gathered while 25 run at once.
// Two such workers: that was the fastest of one, two and four.
const WORKERS = Number(process.env.GRAPHILE_WORKERS ?? 2)
const preset = {
  worker: { concurrentJobs: BATCH, localQueue: { size: BATCH }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
}

await contest({
  async fill(count) {
    for (let made = 0; made < count; made += 1000)
      await utils.addJobs(
        Array.from({ length: Math.min(1000, count - made) }, (_, n) => ({ identifier: 'bench', payload: hasRuns ? { run_id: made + n + 1 } : payload(made + n) })),
      )
    return {}
  },
  async run(count) {
    let startedAt
    let done = 0
    const bench = async ({ run_id }) => {
      // Its own start is not what is measured: the clock runs from the first job, so the first fetch is given to it.
      startedAt ??= performance.now()
      await workOnRun?.(run_id)
      done++
    }
    await Promise.all(
      Array.from({ length: WORKERS }, () => runOnce({ pgPool, logger, noHandleSignals: true, preset, taskList: { bench } })),
    )
    const ms = performance.now() - startedAt
    if (done !== count) throw new Error(`${done} of ${count} jobs were run`)
    return { ms }
  },
  close: async () => {
    await utils.release()
    await pgPool.end()
  },
})
