import { createLocalBus } from '../../src/platform/bus/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { createEngine, defineKind, type Task } from '../../src/tasks/index.ts'
import { CONNECTIONS, contest, drain, payload } from './peers/contestant.mjs'

/** Our engine as a contestant of the line `peers`: in process and with a pool of four connections, as the others. */
const KIND = 'bench'
const db = await openDatabase({ url: process.env.DATABASE_URL as string, poolMax: CONNECTIONS })
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
  run: (count: number) =>
    drain<Task>(
      count,
      (max) => engine.lease({ owner: 'bench', kinds: [KIND], max, leaseMs: 60_000 }),
      async (tasks) => {
        const refused = await engine.complete(
          'bench',
          tasks.map(({ id, fence }) => ({ id, fence })),
          [KIND],
        )
        if (refused.size > 0) throw new Error(`${refused.size} completions were refused`)
      },
    ),
  close: () => db.close(),
})
