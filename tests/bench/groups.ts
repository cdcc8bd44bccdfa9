import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { systemClock } from '../../src/platform/clock.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { openDatabase } from '../../src/platform/db/open.ts'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createEngine, defineKind } from '../../src/tasks/index.ts'
import { engineTables } from '../../src/tasks/tables.ts'
import { ownPostgres, postgresUrl } from './postgres-database.ts'
import { median, ownDirectory, type Row, type Scale, spread } from './rig.ts'

const GROUPS = 3000
const MAX = 25
const HOUR = 3_600_000

/** Milliseconds of a lease of 25 tasks, each with a group of its own, without other groups and with 3,000 paused ones whose tasks wait too. */
const measure = async (name: string, db: Db, { rounds, pairs, smoke }: Scale): Promise<Row> => {
  const engine = createEngine({
    db,
    clock: systemClock,
    bus: createLocalBus(() => {}),
    kinds: [defineKind('ours'), defineKind('foreign')],
  })
  const { taskGroups } = engineTables(db.kit)
  const groups = smoke ? 100 : GROUPS
  const enqueue = (kind: string, count: number) =>
    db.tx((tx) =>
      engine.enqueue(
        tx,
        Array.from({ length: count }, (_, n) => ({
          kind,
          payload: { n },
          groupKey: `${kind}:${n}`,
          siteKey: `${kind}-${n % 50}`,
        })),
      ),
    )
  const pause = async (pausedUntil: Date | null) => {
    await db.q.update(taskGroups).set({ pausedUntil }).returning({ key: taskGroups.key })
    if (db.isShared) await db.sql(sql`vacuum analyze task_groups`)
  }
  const lease = async () => {
    const startedAt = performance.now()
    const tasks = await engine.lease({ owner: 'bench', kinds: ['ours'], max: MAX, leaseMs: 60_000 })
    const took = performance.now() - startedAt
    if (tasks.length !== MAX) throw new Error(`${tasks.length} tasks were leased, not ${MAX}`)
    await engine.complete('bench', tasks, ['ours'])
    return took
  }
  await enqueue('foreign', groups)
  await db.q
    .insert(taskGroups)
    .values(Array.from({ length: groups }, (_, n) => ({ key: `foreign:${n}`, updatedAt: new Date() })))
    .returning()
  const times = { without: [] as number[], with: [] as number[] }
  for (let round = 0; round <= rounds; round++)
    for (const side of round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const)) {
      await pause(side === 'with' ? new Date(systemClock.now() + HOUR) : null)
      const leases = Math.min(pairs, 40)
      await enqueue('ours', leases * MAX)
      const took: number[] = []
      for (let n = 0; n < leases; n++) took.push(await lease())
      if (round > 0) times[side].push(median(took))
    }
  await db.close()
  const ratios = times.with.map((ms, round) => ms / (times.without[round] as number))
  return {
    name: `no hooks: lease ${MAX} on ${name} with ${groups} paused foreign groups, against none, in process`,
    measured: `${median(times.with).toFixed(2)} ms`,
    floor: `${median(times.without).toFixed(2)} ms`,
    value: median(ratios),
    unit: 'ratio',
    target: 1.5,
    better: 'less',
    note: spread(ratios),
  }
}

/** What limits of other groups cost a lease that meets none of them. */
export const benchGroups = async (scale: Scale): Promise<Row[]> => {
  const rows = [await measure('SQLite', await openDatabase({ url: `sqlite:${join(ownDirectory(), 'groups.db')}` }), scale)]
  if (!postgresUrl) return rows
  const database = await ownPostgres()
  rows.push(await measure('Postgres', await openDatabase({ url: database.url, poolMax: 4 }), scale))
  await database.drop()
  return rows
}
