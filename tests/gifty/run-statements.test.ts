import { expect, test } from 'bun:test'
import { eq, inArray, sql } from 'drizzle-orm'
import { createNotifications, notificationKind } from '../../src/gifty/notifications.ts'
import { sourcesRepository } from '../../src/gifty/sources/repository.ts'
import { createRunKinds } from '../../src/gifty/sources/run-kinds.ts'
import { createRunStore } from '../../src/gifty/sources/runs.ts'
import { createScheduler } from '../../src/gifty/sources/scheduler.ts'
import { sourcesTables } from '../../src/gifty/tables.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { createLocalBus } from '../../src/platform/shared.ts'
import { createEngine, type KindPolicy } from '../../src/tasks/index.ts'
import { engineTables } from '../../src/tasks/tables.ts'
import { countStatements } from '../support/count-statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'

const KINDS = ['source.run', 'source.run.web']
const at = (ms: number) => new Date(Date.parse('2026-01-14T00:00:00.000Z') + ms)
const product = <T extends object>(lists: { [K in keyof T]: readonly T[K][] }): T[] =>
  (Object.entries(lists) as [keyof T, readonly T[keyof T][]][]).reduce<T[]>(
    (made, [name, values]) => made.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    [{} as T],
  )
/** Everything that decides how a run starts and ends. */
const SOURCES = product<{
  strategy: 'deep' | 'discovery'
  schedule: { cron: string; timezone: string } | null
  isActive: boolean
  resumeStatus: string | null
  queuedAfter: 'force' | 'schedule' | null
  counts: { itemsScraped: number; itemsNew: number; itemsRejected: number; categoriesFound: number }
  before: number | null
  result: unknown
}>({
  strategy: ['deep', 'discovery'],
  schedule: [null, { cron: '*/30 * * * *', timezone: 'UTC' }],
  isActive: [true, false],
  resumeStatus: ['waiting', 'disabled'],
  queuedAfter: [null, 'force', 'schedule'],
  counts: [
    { itemsScraped: 0, itemsNew: 0, itemsRejected: 0, categoriesFound: 0 },
    { itemsScraped: 7, itemsNew: 3, itemsRejected: 2, categoriesFound: 0 },
    { itemsScraped: 0, itemsNew: 0, itemsRejected: 4, categoriesFound: 0 },
    { itemsScraped: 0, itemsNew: 0, itemsRejected: 1, categoriesFound: 5 },
  ],
  before: [null, 12],
  result: [
    undefined,
    { pages: 3, pages_failed: 0, failed_pages: [], rejected: 0, ended_early: null },
    { logs: 'second\n' },
    { logs: 'x'.repeat(100_010) },
    { logs: 3 },
    'text',
    { pages: 9, failed_pages: [{ url: 'https://shop.example/1', status: 500, reason: 'HTTP 500' }] },
    { pages: 2, pages_failed: 2 },
    { rejected: 1, ended_early: 'the budget of 200 pages' },
    { pages_failed: '1' },
    { pages: 1.5 },
    { failed_pages: 0 },
  ],
})

/** The domain of source tasks over a database; `policies` may change its kinds. */
const makeDomain = (db: Db, clock: FakeClock, policies = (kinds: KindPolicy[]) => kinds) => {
  const engine = createEngine({ db, clock, bus: createLocalBus(() => {}) })
  const repository = sourcesRepository(db)
  const notifications = createNotifications(engine, clock, undefined)
  const store = createRunStore({ db, clock, repository, engine, notifications })
  const { kinds } = createRunKinds({ db, repository, store, random: () => 0.5 })
  engine.register([...policies(kinds), notificationKind])
  return { engine, repository, store }
}

/** A source for each of `SOURCES` with a queued run and its task, and where wanted a completed run before. */
const fill = async (db: Db, { engine }: ReturnType<typeof makeDomain>) => {
  const { parsingSources, parsingRuns } = sourcesTables(db.kit)
  const taskIdOf = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`
  await db.tx(function* (tx) {
    for (let from = 0; from < SOURCES.length; from += 100) {
      const some = SOURCES.slice(from, from + 100)
      yield tx.insert(parsingSources).values(
        some.map((one, n) => ({
          url: `https://shop.example/${from + n}`,
          urlHash: `hash ${from + n}`,
          type: 'list',
          siteKey: 'shop',
          strategy: one.strategy,
          priority: 50,
          refreshIntervalHours: 6 + (n % 3),
          schedule: one.schedule,
          overlap: 'skip' as const,
          isActive: one.isActive,
          status: 'queued',
          resumeStatus: one.resumeStatus,
          queuedAfter: one.queuedAfter,
          isForced: n % 2 === 0,
          retryCount: n % 4,
          lastError: n % 2 === 0 ? 'before' : null,
          lastLogs: n % 5 === 0 ? 'shown before' : null,
          nextSyncAt: at(0),
          config: {},
          createdAt: at(0),
          updatedAt: at(0),
        })),
      )
      const run = (one: (typeof SOURCES)[0], n: number) => ({
        sourceId: from + n + 1,
        siteKey: 'shop',
        strategy: one.strategy,
        trigger: 'schedule' as const,
        lastActivityAt: at(0),
        createdAt: at(0),
        updatedAt: at(0),
      })
      const earlier = some.flatMap((one, n) =>
        one.before === null ? [] : [{ ...run(one, n), status: 'completed' as const, itemsScraped: one.before }],
      )
      yield tx.insert(parsingRuns).values(earlier)
      yield tx.insert(parsingRuns).values(
        some.map((one, n) => ({
          ...run(one, n),
          ...one.counts,
          status: 'queued' as const,
          taskId: taskIdOf(from + n),
          logs: [null, 'first', 'first\n'][n % 3] ?? null,
          startedAt: n % 7 === 0 ? at(1000) : null,
        })),
      )
      yield* engine.enqueue(
        tx,
        some.map((_, n) => ({
          id: taskIdOf(from + n),
          kind: KINDS[n % 2] as string,
          payload: { source_id: from + n + 1 },
        })),
      )
    }
  })
  return new Map(SOURCES.map(({ result }, n) => [taskIdOf(n), result]))
}
const stored = async (db: Db) => {
  const rows = (text: string) => db.sql(sql.raw(`select ${text}`))
  return {
    sources: await rows('* from parsing_sources order by id'),
    runs: await rows('* from parsing_runs order by source_id, id'),
    tasks: await rows("* from tasks where kind in ('source.run', 'source.run.web') and id::text like '01890000-%' order by id"),
    notes: await rows("payload from tasks where kind = 'notification' order by payload::text"),
  }
}
/** Ids made at random of runs that were opened after the end of another. */
const withoutMadeIds = (rows: Awaited<ReturnType<typeof stored>>) => ({
  ...rows,
  runs: rows.runs.map((run: any) => ({ ...run, task_id: run.task_id?.startsWith('01890000') ? run.task_id : 'made', id: 0 })),
})

/** Leases all tasks and completes them with their results, 25 at a time; what is stored after each. */
const course = async (db: Db, policies?: (kinds: KindPolicy[]) => KindPolicy[]) => {
  const clock = fakeClock()
  const domain = makeDomain(db, clock, policies)
  const results = await fill(db, domain)
  clock.advance(5000)
  const leased = []
  for (let got = 1; got > 0; ) {
    const tasks = await domain.engine.lease({ owner: 'w', kinds: KINDS, max: 25, leaseMs: 60_000 })
    leased.push(...tasks)
    got = tasks.length
  }
  const running = await stored(db)
  clock.advance(5000)
  const refused: Record<string, string> = {}
  for (let from = 0; from < leased.length; from += 25) {
    const done = leased.slice(from, from + 25).map(({ id, fence }) => ({ id, fence, result: results.get(id) }))
    for (const [id, { message }] of await domain.engine.complete('w', done, KINDS)) refused[id] = message
  }
  return { leased: leased.length, running: withoutMadeIds(running), refused, ended: withoutMadeIds(await stored(db)) }
}

onEachDatabase('runs inside statements of the engine', (database) => {
  test.skipIf(database.dialect === 'sqlite')(
    'architecture §6: what a statement does to runs and sources is what the hooks do',
    async () => {
      const byHooks = await course(await database.fresh(), (kinds) => kinds.map((kind) => ({ ...kind, inStatement: undefined })))
      const byStatement = await course(await database.fresh())
      expect(byHooks.leased).toBe(SOURCES.length)
      expect(Object.keys(byHooks.refused).length).toBe((SOURCES.length * 5) / 12)
      expect(new Set(byHooks.ended.runs.map((run: any) => run.status))).toEqual(
        new Set(['completed', 'failed', 'running', 'queued']),
      )
      expect(byStatement).toEqual(byHooks)
    },
    60_000,
  )

  test.skipIf(database.dialect === 'sqlite')(
    'architecture §6: an ordinary lease and completion is one statement each',
    async () => {
      const { db, during } = countStatements(await database.fresh())
      const domain = makeDomain(db, fakeClock())
      await fill(db, domain)
      let tasks: { id: string; fence: number }[] = []
      const lease = async () => {
        tasks = await domain.engine.lease({ owner: 'w', kinds: KINDS, max: 100, leaseMs: 60_000 })
      }
      // The first verb looks at the database's clock too.
      await lease()
      expect(await during(lease)).toBe(1)
      expect(tasks).toHaveLength(100)
      const { parsingSources } = sourcesTables(db.kit)
      await db.tx(function* (tx) {
        yield tx.update(parsingSources).set({ schedule: null, queuedAfter: null, strategy: 'discovery' })
        yield* tx.sql(sql`update parsing_runs set strategy = 'discovery', items_scraped = 1 where task_id is not null`)
      })
      expect(await during(() => domain.engine.complete('w', tasks, KINDS))).toBe(1)
      const { tasks: rows } = engineTables(db.kit)
      const ids = tasks.map(({ id }) => id)
      expect(await db.q.select({ id: rows.id }).from(rows).where(inArray(rows.id, ids))).toHaveLength(100)
      expect(new Set((await db.q.select().from(rows).where(inArray(rows.id, ids))).map(({ state }) => state))).toEqual(
        new Set(['completed']),
      )
    },
  )

  test('gifty §2.5: a run that was opened between the look for due sources and their lock keeps the time of its source', async () => {
    const db = await database.fresh()
    const clock = fakeClock()
    const domain = makeDomain(db, clock)
    await fill(db, domain)
    const { parsingSources, parsingRuns } = sourcesTables(db.kit)
    await db.tx(function* (tx) {
      yield tx.delete(parsingSources).where(sql`${parsingSources.id} > 2`)
      yield tx
        .update(parsingSources)
        .set({ schedule: { cron: '*/30 * * * *', timezone: 'UTC' }, nextSyncAt: at(0), isActive: true })
      yield tx.update(parsingSources).set({ overlap: 'queue_one', queuedAfter: null, status: 'queued' })
    })
    // The look is that of a moment ago: sources 1 and 2 without an open run.
    const stale = {
      ...domain.repository,
      *due(tx: any, now: Date, limit: number, { open }: { open: boolean }): any {
        return open ? [] : yield* domain.repository.due(tx, now, limit, { open: true })
      },
    }
    const scheduler = createScheduler({
      db,
      clock,
      repository: stale,
      store: domain.store,
      dispatchPerTick: 20,
    })
    const before = await db.q.select().from(parsingSources)
    expect(await scheduler.dispatch()).toEqual({ dispatched: 0, skipped: 0 })
    expect(await db.q.select().from(parsingSources)).toEqual(before)
    // The other way round: their runs have ended meanwhile, so there is nothing to wait for.
    await db.tx(function* (tx) {
      yield tx.update(parsingRuns).set({ status: 'completed' }).where(eq(parsingRuns.status, 'queued'))
    })
    const late = {
      ...domain.repository,
      *due(tx: any, now: Date, limit: number, { open }: { open: boolean }): any {
        return open ? yield* domain.repository.due(tx, now, limit, { open: false }) : []
      },
    }
    const overlapping = createScheduler({
      db,
      clock,
      repository: late,
      store: domain.store,
      dispatchPerTick: 20,
    })
    expect(await overlapping.dispatch()).toEqual({ dispatched: 0, skipped: 0 })
    expect((await db.q.select().from(parsingSources)).map(({ queuedAfter }) => queuedAfter)).toEqual([null, null])
  })

  test.skipIf(database.dialect === 'sqlite')(
    'gifty §2.3: a report that meets a run opened between its look and its lock begins anew, and locks the task first',
    async () => {
      const db = await database.fresh()
      const clock = fakeClock()
      const { engine, repository, ...domain } = makeDomain(db, clock)
      await fill(db, { engine, repository, ...domain })
      const [open] = await db.tx((tx) => repository.openRunsOf(tx, [1]))
      let looks = 0
      /** The first look is that of a moment ago, without an open run. */
      const stale = {
        ...repository,
        *openRun(tx: any, id: number): any {
          return looks++ === 0 ? undefined : yield* repository.openRun(tx, id)
        },
      }
      const notifications = createNotifications(engine, clock, undefined)
      const store = createRunStore({ db, clock, repository: stale, engine, notifications })
      const locked = await db.tx((tx) => store.lockForReport(tx, 1))
      expect(locked).toMatchObject({ source: { id: 1 }, open: { id: open?.id }, task: { id: open?.taskId, state: 'queued' } })
      expect(looks).toBe(4)
      const order: string[] = []
      const watching = {
        ...engine,
        lockTasks: (tx: any, ids: string[]) => {
          order.push(...ids)
          return engine.lockTasks(tx, ids)
        },
      }
      const batches = createRunStore({
        db,
        clock,
        repository,
        engine: watching as typeof engine,
        notifications,
      })
      for (const taskId of [null, '01890000-0000-7000-8000-999999999999']) {
        order.length = 0
        const place = { id: 1, taskId }
        expect((await db.tx((tx) => batches.lockForBatch(tx, place))).open?.id).toBe(open?.id)
        expect(order).toEqual([...(taskId ? [taskId] : []), open?.taskId as string])
      }
    },
  )
})
