import { createNotifications, notificationKind } from '../../src/gifty/notifications.ts'
import { sourcesRepository } from '../../src/gifty/sources/repository.ts'
import { createRunKinds } from '../../src/gifty/sources/run-kinds.ts'
import { createRunStore } from '../../src/gifty/sources/runs.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createEngine } from '../../src/tasks/index.ts'
import { CONNECTIONS, contest } from './peers/contestant.mjs'
import { drainEngine } from './peers/drain-engine.ts'

/** Our engine with the real kind `source.run` as a contestant of the line `peers`, in process as the others. Its runs are filled from outside. */
const db = await openDatabase({ url: process.env.DATABASE_URL as string, poolMax: CONNECTIONS })
const engine = createEngine({ db, clock: systemClock, bus: createLocalBus(() => {}) })
const repository = sourcesRepository(db)
const store = createRunStore({
  db,
  clock: systemClock,
  repository,
  engine,
  notifications: createNotifications(engine, systemClock, undefined),
})
const { kinds } = createRunKinds({ db, repository, store, random: Math.random })
engine.register([...kinds, notificationKind])
const KIND = 'source.run'

await contest({
  fill: async () => ({}),
  run: (count: number) => drainEngine(engine, KIND, count),
  close: () => db.close(),
})
