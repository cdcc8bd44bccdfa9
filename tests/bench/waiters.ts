import { join } from 'node:path'
import { systemClock } from '../../src/platform/clock.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { silentLog } from '../../src/platform/log.ts'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createDispatcher, createEngine, defineKind } from '../../src/tasks/index.ts'
import { ownPostgres, postgresUrl } from './postgres-database.ts'
import { median, ownDirectory, type Row, type Scale, spread } from './rig.ts'

const WAITERS = 64

/** 64 polls that wait for a task each, from the insert of 64 tasks to the last answer, against the insert and one lease of all of them. */
const measure = async (name: string, db: Db, { rounds, smoke }: Scale): Promise<Row> => {
  const bus = createLocalBus(() => {})
  const engine = createEngine({ db, clock: systemClock, bus, kinds: [defineKind('bench')] })
  const dispatcher = createDispatcher(engine, bus, systemClock, silentLog)
  const request = { kinds: ['bench'], leaseMs: 60_000 }
  const enqueue = () =>
    db.tx((tx) =>
      engine.enqueue(
        tx,
        Array.from({ length: WAITERS }, (_, n) => ({ kind: 'bench', payload: { n } })),
      ),
    )
  const works = {
    async waiting() {
      const polls = Array.from({ length: WAITERS }, (_, n) => dispatcher.lease({ ...request, owner: `w${n}`, max: 1 }, 30_000))
      while (dispatcher.waiting() < WAITERS) await Bun.sleep(1)
      // Past the look that each of them has caused.
      await engine.lease({ ...request, owner: 'none', max: 1 })
      const startedAt = performance.now()
      await enqueue()
      const tasks = (await Promise.all(polls)).flat()
      if (tasks.length !== WAITERS) throw new Error(`${tasks.length} tasks came`)
      return performance.now() - startedAt
    },
    async alone() {
      const startedAt = performance.now()
      await enqueue()
      const tasks = await engine.lease({ ...request, owner: 'w', max: WAITERS })
      if (tasks.length !== WAITERS) throw new Error(`${tasks.length} tasks were leased`)
      return performance.now() - startedAt
    },
  }
  const times = { waiting: [] as number[], alone: [] as number[] }
  for (let round = 0; round <= (smoke ? 1 : rounds * 5); round++)
    for (const side of ['waiting', 'alone'] as const) {
      const took = await works[side]()
      if (round > 0) times[side].push(took)
    }
  dispatcher.close()
  await db.close()
  const ratios = times.waiting.map((ms, round) => ms / (times.alone[round] as number))
  return {
    name: `no hooks: ${WAITERS} waiting polls served on ${name}, against one lease of as many, in process`,
    measured: `${median(times.waiting).toFixed(1)} ms`,
    floor: `${median(times.alone).toFixed(1)} ms`,
    value: median(ratios),
    unit: 'ratio',
    target: undefined,
    better: 'less',
    note: spread(ratios),
  }
}

/** How fast tasks come to workers that wait for them. */
export const benchWaiters = async (scale: Scale): Promise<Row[]> => {
  const rows = [await measure('SQLite', await openDatabase({ url: `sqlite:${join(ownDirectory(), 'waiters.db')}` }), scale)]
  if (!postgresUrl) return rows
  const database = await ownPostgres()
  rows.push(await measure('Postgres', await openDatabase({ url: database.url, poolMax: 4 }), scale))
  await database.drop()
  return rows
}
