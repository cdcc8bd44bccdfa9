import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createEngine, defineKind } from '../../src/tasks/index.ts'
import { CONNECTIONS, contest, payload } from './peers/contestant.mjs'
import { drainEngine } from './peers/drain-engine.ts'

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
  run: (count: number) => drainEngine(engine, KIND, count),
  close: () => db.close(),
})
