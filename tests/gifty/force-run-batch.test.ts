import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { AppError } from '../../src/errors.ts'
import { BrokerError } from '../../src/platform/broker/index.ts'
import type { Db, Step } from '../../src/platform/db/index.ts'
import { countStatements } from '../support/count-statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually } from '../support/eventually.ts'
import { iso, MINUTE, START } from '../support/fake-clock.ts'
import { scriptedBroker } from './amqp-rig.ts'
import { makeRig, type Rig } from './rig.ts'

type Strategy = 'deep' | 'discovery'
/** What a call is answered, or the status, code and fields of its refusal. */
const force = (app: Rig, id: number, strategy?: Strategy): Promise<any> =>
  app.services.sources.forceRun(id, strategy).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error
    return { refused: [error.status, error.code], ...error.details }
  })
const sourcesOf = async (app: Rig, count: number, more: Record<string, unknown> = {}): Promise<any[]> => {
  const made: any[] = []
  for (let n = 0; n < count; n++) made.push(await app.source(more))
  return made
}
const idsOf = (sources: { id: number }[]) => sources.map(({ id }) => id)

/** The answers, while the clock advances for a caller that polls the outcome of another's message. */
const answersOf = async (app: Rig, calls: Promise<any>[]): Promise<any[]> => {
  let isDone = false
  const all = Promise.all(calls).finally(() => {
    isDone = true
  })
  await eventually(() => {
    // Only for one that waits for the next look, so that no wait ends before its time.
    if (!isDone && app.clock.sleeping() > 0) app.clock.advance(100)
    return isDone
  })
  return all
}
/** Locks a source as another process does; answers what ends that. */
const holdSource = async (db: Db, id: number): Promise<() => Promise<void>> => {
  const [isHeld, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const lock = db.statement(
    'hold_source',
    `select s.id from parsing_sources s where s.id = ${db.fragments.param('id', 'bigint')}${db.fragments.forUpdate('s')}`,
  )
  const holding = db.tx(function* (tx) {
    yield* tx.run(lock, { id })
    isHeld.resolve()
    yield { runIn: () => ended.promise } as unknown as Step
  })
  await isHeld.promise
  return async () => {
    ended.resolve()
    await holding
  }
}

onEachDatabase('gifty force-run by many callers at once', (database) => {
  test('gifty §2.6: each caller gets its own answer, each source one run, and statements do not grow with the callers', async () => {
    const counting = countStatements(await database.fresh())
    const app = await makeRig({ ...database, fresh: async () => counting.db }, { broker: 'none' })
    const counts: number[] = []
    for (const count of [5, 20, 80]) {
      const [running, changed, queued] = idsOf(await sourcesOf(app, 3)) as [number, number, number]
      await app.report(running, 'running')
      const [open] = await app.runs(running)
      const before = [await app.force(queued), await app.force(changed)]
      const free = await sourcesOf(app, count)
      const doubled = await app.source()
      const ids = idsOf(free)
      const missing = 1_000_000
      let answers: any[] = []
      counts.push(
        await counting.during(async () => {
          // All calls are made in one turn: the first goes alone, the others together once it has its run.
          answers = await Promise.all([
            ...ids.map((id, n) => force(app, id, n % 2 === 0 ? undefined : 'discovery')),
            force(app, missing),
            force(app, running),
            force(app, queued),
            force(app, changed, 'discovery'),
            force(app, doubled.id),
            force(app, doubled.id),
          ])
        }),
      )
      const [ofMissing, ofRunning, ofQueued, ofChanged, first, second] = answers.slice(count)
      expect(ofMissing).toEqual({ refused: [404, 'not_found'] })
      expect(ofRunning).toEqual({ refused: [409, 'already_running'], run_id: open.id, task_id: null })
      const message = 'Run is already queued'
      expect(ofQueued).toEqual({ status: 'ok', message, run_id: before[0].run_id, task_id: before[0].task_id })
      expect(ofChanged).toEqual({ status: 'ok', message, run_id: before[1].run_id, task_id: before[1].task_id })
      expect([first.message, second.message].toSorted()).toEqual([message, 'Run queued'])
      expect([second.run_id, second.task_id]).toEqual([first.run_id, first.task_id])

      expect(await app.runs(running)).toMatchObject([{ status: 'skipped', trigger: 'force' }, { status: 'running' }])
      expect(await app.runs(changed)).toMatchObject([{ id: before[1].run_id, status: 'queued', strategy: 'discovery' }])
      for (const id of [queued, doubled.id]) expect(await app.runs(id)).toHaveLength(1)
      const tasks = new Map((await app.lease('w1', { max: 100 })).map((task) => [task.id, task]))
      for (const [n, source] of free.entries()) {
        const strategy = n % 2 === 0 ? 'deep' : 'discovery'
        const { run_id, task_id } = answers[n]
        expect(answers[n]).toMatchObject({ status: 'ok', message: 'Run queued' })
        const { url, site_key, type } = source
        expect(tasks.get(task_id)?.payload).toEqual({
          ...{ source_id: source.id, url, site_key, type, strategy, config: {}, run_id },
        })
        expect(await app.runs(source.id)).toMatchObject([{ id: run_id, status: 'running', strategy, trigger: 'force', task_id }])
      }
      // Those of a batch in the order in which they were asked for.
      const runIds = answers.slice(1, count).map(({ run_id }) => run_id)
      expect(runIds).toEqual(runIds.toSorted((a, b) => a - b))
      expect(await app.detail(ids[0] as number)).toMatchObject({ status: 'running', next_sync_at: iso(START + 30 * MINUTE) })
      await Promise.all([...ids, running, queued, changed, doubled.id].map((id) => app.report(id, 'waiting')))
    }
    // The batch of the first caller, that of the others, and what the doubled, the changed and the refused sources take for themselves.
    expect(Math.max(...counts)).toBeLessThanOrEqual(40)
  })

  test('gifty §2.6: hundreds of callers are served in batches, sources that are switched off or broken too', async () => {
    const app = await makeRig(database, { broker: 'none' })
    const [off, broken, scheduled] = idsOf([
      await app.source({ is_active: false }),
      await app.source(),
      await app.source({ schedule: { cron: '0 5 * * *' } }),
    ]) as [number, number, number]
    await app.error(broken, 'x', true)
    const { next_sync_at } = await app.detail(scheduled)
    const ids = [...idsOf(await sourcesOf(app, 230)), off, broken, scheduled]
    const answers = await Promise.all(ids.map((id) => force(app, id)))
    expect(answers.filter(({ message }) => message !== 'Run queued')).toEqual([])
    expect(new Set(answers.map(({ run_id }) => run_id)).size).toBe(ids.length)
    // The broken one has a failed run as well, and the task of its notification.
    expect([await app.rows('parsing_runs'), await app.rows('tasks')]).toEqual([ids.length + 1, ids.length + 1])
    expect(await app.detail(off)).toMatchObject({ status: 'queued', is_active: false })
    expect(await app.detail(scheduled)).toMatchObject({ status: 'queued', next_sync_at })
    expect(await app.detail(broken)).toMatchObject({ status: 'queued', is_active: false })
  })

  test('gifty §2.6: with a broker each caller has its own confirm: a refused message takes back its own run alone', async () => {
    const refused = new Set<number>()
    const app = await makeRig(database, {
      broker: scriptedBroker(async ({ body }) => {
        if (refused.has((body as { source_id: number }).source_id)) throw new BrokerError('away', false)
      }),
    })
    const ids = idsOf(await sourcesOf(app, 6))
    const [one, two] = [ids[0] as number, ids[3] as number]
    refused.add(one).add(two)
    await app.error(two, 'x')
    const before = [await app.detail(one), await app.detail(two)]
    app.clock.advance(5000)
    // A second call of a refused source has met its run, or a place without one: either way nothing is queued.
    const calls = [...ids, two].map((id) => force(app, id))
    const answers = await answersOf(app, calls)
    const unavailable = { refused: [503, 'broker_unavailable'] }
    expect(answers.map((answer, n) => ('refused' in answer ? answer : n))).toEqual([
      ...[unavailable, 1, 2, unavailable, 4, 5, unavailable],
    ])
    expect([await app.detail(one), await app.detail(two)]).toEqual(before)
    for (const id of ids)
      expect((await app.runs(id)).filter(({ status }) => status === 'queued')).toHaveLength(refused.has(id) ? 0 : 1)
    expect([await app.rows('tasks'), await app.rows('outbox')]).toEqual([4, 5])
  })

  test('gifty §2.6: a caller whose confirm is awaited keeps no other waiting', async () => {
    const confirms = new Map<number, PromiseWithResolvers<void>>()
    const app = await makeRig(database, {
      broker: scriptedBroker(({ body }) => confirms.get((body as { source_id: number }).source_id)?.promise ?? Promise.resolve()),
    })
    const [slow, ...others] = idsOf(await sourcesOf(app, 5)) as [number, ...number[]]
    const confirm = Promise.withResolvers<void>()
    confirms.set(slow, confirm)
    let isAnswered = false
    const note = (answer: any) => {
      isAnswered = true
      return answer
    }
    const [first, second] = [force(app, slow).then(note), force(app, slow).then(note)]
    expect((await Promise.all(others.map((id) => force(app, id)))).map(({ message }) => message)).toEqual(
      others.map(() => 'Run queued'),
    )
    expect(isAnswered).toBe(false)
    confirm.resolve()
    const [{ run_id, task_id }, again] = await answersOf(app, [first, second])
    expect(again).toEqual({ status: 'ok', message: 'Run is already queued', run_id, task_id })
    expect(await app.runs(slow)).toHaveLength(1)
  })

  if (database.dialect === 'postgres')
    test('gifty §2.6: a source that another transaction holds keeps its own caller waiting, and no other', async () => {
      const app = await makeRig(database, { broker: 'none' })
      const ids = idsOf(await sourcesOf(app, 5))
      const held = ids[0] as number
      const release = await holdSource(await database.second(), held)
      let isAnswered = false
      const waiting = force(app, held).then((answer) => {
        isAnswered = true
        return answer
      })
      const again = force(app, held)
      expect((await Promise.all(ids.slice(1).map((id) => force(app, id)))).map(({ message }) => message)).toEqual(
        ids.slice(1).map(() => 'Run queued'),
      )
      expect(isAnswered).toBe(false)
      await release()
      const answers = [await waiting, await again]
      expect(answers.map(({ message }) => message).toSorted()).toEqual(['Run is already queued', 'Run queued'])
      expect(answers[0].run_id).toBe(answers[1].run_id)
      expect(await app.runs(held)).toHaveLength(1)
    })

  if (database.dialect === 'postgres')
    test('gifty §2.6: who has waited for a source that another caller forces meanwhile waits for the confirm of that run', async () => {
      const [isSending, confirm] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const publish = () => {
        isSending.resolve()
        return confirm.promise
      }
      const app = await makeRig(database, { broker: scriptedBroker(publish) })
      const { id } = await app.source()
      const release = await holdSource(await database.second(), id)
      const calls = [force(app, id), force(app, id)]
      // Both have found no open run, and wait for the source.
      const waiting = sql`select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      await eventually(
        () => app.db.sql<{ n: number | string }>(waiting),
        ([found]) => Number(found?.n) === calls.length,
      )
      await release()
      await isSending.promise
      confirm.reject(new BrokerError('away', false))
      const unavailable = { refused: [503, 'broker_unavailable'] }
      expect(await answersOf(app, calls)).toEqual([unavailable, unavailable])
      expect([await app.runs(id), await app.rows('tasks'), await app.rows('outbox')]).toEqual([[], 0, 0])
    })
})
