import { join } from 'node:path'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createEngine, defineKind } from '../../src/tasks/index.ts'
import { floorTasks, openFloor, type Synchronous } from './floor-work.ts'
import { HEADERS, median, ownDirectory, type Row, type Running, ratesInTurns, type Scale, spread, startTrawl } from './rig.ts'

const SET = 100

/** Fills a database with notifications before a server opens it. */
const enqueue = async (path: string, count: number) => {
  const db = await openDatabase({ url: `sqlite:${path}`, synchronous: 'OFF' })
  const engine = createEngine({ db, clock: systemClock, bus: createLocalBus(() => {}), kinds: [defineKind('notification')] })
  for (let made = 0; made < count; made += 1000)
    await db.tx((tx) =>
      engine.enqueue(
        tx,
        Array.from({ length: 1000 }, (_, n) => ({
          kind: 'notification',
          payload: { topic: 'bench', text: `Message ${made + n}`, data: { source_id: n, site_key: 'shop', is_broken: false } },
        })),
      ),
    )
  await db.close()
}

const pair = async (server: Running) => {
  const call = async (path: string, body: unknown) => {
    const response = await fetch(`${server.origin}/internal/workers/${path}`, {
      method: 'POST',
      headers: HEADERS,
      body: JSON.stringify(body),
    })
    return (await response.json()) as any
  }
  const { tasks } = await call('lease', { worker_id: 'bench', kinds: ['notification'], max: SET })
  const done = await call('tasks/complete', { worker_id: 'bench', tasks: tasks.map(({ id, fence }: any) => ({ id, fence })) })
  if (done.completed !== SET) throw new Error(`completed ${JSON.stringify(done).slice(0, 300)}`)
}

const measure = async (synchronous: Synchronous, scale: Scale): Promise<Row> => {
  const paths = [join(ownDirectory(), 'tasks.db'), join(ownDirectory(), 'floor.db')] as const
  for (const path of paths) await enqueue(path, (scale.rounds + 1) * scale.pairs * SET + 1000)
  const server = await startTrawl(paths[0], { SQLITE_SYNCHRONOUS: synchronous })
  const db = await openFloor(paths[1], synchronous)
  const floorPair = floorTasks(db)
  const sides = {
    ours: () => pair(server),
    floor: async () => {
      if (floorPair() !== SET) throw new Error('the floor has run out of tasks')
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  const { ratios, ...rates } = await ratesInTurns(sides, scale, SET)
  await server.stop()
  db.close()
  return {
    name: `lease and complete 100, ${synchronous}`,
    measured: `${Math.round(median(rates.ours))} tasks/s`,
    floor: `${Math.round(median(rates.floor))} tasks/s`,
    value: median(ratios),
    unit: 'ratio',
    target: 0.3,
    better: 'more',
    note: spread(ratios),
  }
}

/** Leasing and completing over HTTP in sets of 100, against the two statements in process. */
export const benchTasks = async (scale: Scale): Promise<Row[]> => [await measure('NORMAL', scale), await measure('FULL', scale)]
