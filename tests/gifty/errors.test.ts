import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY, iso, MINUTE } from '../support/fake-clock.ts'
import { makeRig, problemOf, queueNotifications, type Rig } from './rig.ts'

const errors = async (app: Rig, query = ''): Promise<any[]> => (await app.ok('GET', `/internal/errors${query}`)).items

onEachDatabase('operations §7: errors', (database) => {
  test('behaviour 13: failures of three causes are three groups, most first, each with a run to look at', async () => {
    const app = await makeRig(database)
    expect(await errors(app)).toEqual([])
    const causes = [
      (n: number) => `HTTP 503 for https://shop.example/p/${n}?session=${n}`,
      (n: number) => `No complete answer within ${n}.5 s for "Item ${n}"`,
      () => `task ${crypto.randomUUID()} was refused`,
    ]
    const counts = [30, 20, 10]
    const from = app.clock.now()
    let last = 0
    for (const [index, cause] of causes.entries())
      for (let n = 0; n < (counts[index] as number); n++) {
        const { id } = await app.source({ site_key: `s${n % 3}`, ...(index === 1 ? { config: { worker: 'web' } } : {}) })
        last = (await app.force(id)).run_id
        await app.error(id, cause(n))
      }
    app.clock.advance(MINUTE)
    const groups = await errors(app)
    expect(groups.map(({ message, kinds, sites, count }) => [message, kinds, sites, count])).toEqual([
      ['HTTP 503 for <url>', ['source.run'], ['s0', 's1', 's2'], 30],
      ['No complete answer within <n> s for <text>', ['source.run.web'], ['s0', 's1', 's2'], 20],
      ['task <id> was refused', ['source.run'], ['s0', 's1', 's2'], 10],
    ])
    expect(groups[2]).toMatchObject({ sample_run_id: last, first_at: iso(from), last_at: iso(from) })
    expect(groups.map(({ fingerprint }) => fingerprint).every((one) => /^[0-9a-f]{16}$/.test(one))).toBe(true)

    expect((await errors(app, '?site_key=s0')).map(({ count }) => count)).toEqual([10, 7, 4])
    expect((await errors(app, '?kind=source.run.web')).map(({ count }) => count)).toEqual([20])
    expect((await errors(app, '?limit=1')).map(({ count }) => count)).toEqual([30])
    expect(await errors(app, `?from=${iso(app.clock.now())}`)).toEqual([])
    expect(await errors(app, `?to=${iso(from)}`)).toEqual([])
    app.clock.advance(DAY)
    expect(await errors(app)).toEqual([])
  })

  test('tasks of other kinds that have failed for good are among them, also beside runs of the same cause', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const { run_id } = await app.force(id)
    await app.error(id, 'HTTP 502')
    await queueNotifications(app, 2)
    const [task] = await app.lease('w1', { kinds: ['notification'] })
    await app.verb(task, 'fail', 'w1', { error: 'HTTP 502', retryable: false })
    const [other] = await app.lease('w1', { kinds: ['notification'] })
    await app.verb(other, 'fail', 'w1', { error: 'chat 17 not found', retryable: false })
    expect((await errors(app)).map(({ message, kinds, count, sample_run_id }) => [message, kinds, count, sample_run_id])).toEqual(
      [
        ['HTTP 502', ['notification', 'source.run'], 2, run_id],
        ['chat <n> not found', ['notification'], 1, null],
      ],
    )
    expect((await errors(app, '?kind=notification'))[1]).toMatchObject({ sample_task_id: other.id })
  })

  test('a run that ends well, is cancelled or brought nothing wrong has no group', async () => {
    const app = await makeRig(database)
    const { id } = await app.source()
    const { task_id } = await app.force(id)
    await app.ok('POST', `/internal/tasks/${task_id}/cancel`)
    expect(await errors(app)).toEqual([])
  })

  test('behaviour 18: an unknown parameter and bad values are refused', async () => {
    const app = await makeRig(database)
    const { status, body } = await app.get('/internal/errors?fingerprint=1')
    expect([status, body.error.code]).toEqual([422, 'unknown_parameter'])
    for (const [query, name] of [
      ['from=yesterday', 'from'],
      ['to=2026-01-15', 'to'],
      ['limit=0', 'limit'],
      ['limit=501', 'limit'],
      ['site_key=a%20b', 'site_key'],
      [`from=${iso(app.clock.now() - 181 * DAY)}`, 'from'],
    ])
      expect(problemOf(await app.get(`/internal/errors?${query}`))).toMatchObject({ loc: ['query', name] })
  })
})
