import { createEngine, defineKind } from '../../src/engine/index.ts'
import { createLocalBus } from '../../src/platform/bus/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { BATCH, contest, payload } from './peers/contestant.mjs'

/** Our engine as a contestant of the line `peers`: in process and with a pool of four connections, as the others. */
const KIND = 'bench'
const db = await openDatabase({ url: process.env.DATABASE_URL as string, poolMax: 4 })
const engine = createEngine({ db, clock: systemClock, bus: createLocalBus(() => {}), kinds: [defineKind(KIND)] })

await contest({
  async fill(count: number) {
    for (let made = 0; made < count; made += 1000)
      await db.tx((tx) =>
        engine.enqueue(
          tx,
          Array.from({ length: Math.min(1000, count - made) }, (_, n) => ({ kind: KIND, payload: payload(made + n) })),
        ),
      )
    return {}
  },
  async run(count: number) {
    const startedAt = performance.now()
    for (let done = 0; done < count; ) {
      const tasks = await engine.lease({ owner: 'bench', kinds: [KIND], max: BATCH, leaseMs: 60_000 })
      if (tasks.length === 0) throw new Error('the queue is empty')
      const refused = await engine.complete(
        'bench',
        tasks.map(({ id, fence }) => ({ id, fence })),
        [KIND],
      )
      if (refused.size > 0) throw new Error(`${refused.size} completions were refused`)
      done += tasks.length
    }
    return { ms: performance.now() - startedAt }
  },
  close: () => db.close(),
})
