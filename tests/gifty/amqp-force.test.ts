import { expect, test } from 'bun:test'
import { BrokerError } from '../../src/platform/broker/index.ts'
import { eventually } from '../support/eventually.ts'
import { expectEmpty, onEachDatabaseWithRabbit, scriptedBroker, TASKS } from './amqp-rig.ts'
import { codeOf, makeProcesses, makeRig, type Rig } from './rig.ts'

onEachDatabaseWithRabbit('gifty force-run over RabbitMQ', (database, { start, startBehindProxy }) => {
  const force = (app: Rig, id: number, more: unknown = {}) => app.post(`/internal/sources/${id}/force-run`, more)
  const UNAVAILABLE = [503, 'broker_unavailable']

  test('gifty §2.6, §2.7: the answer comes with the message confirmed: body and id as the contract says', async () => {
    const { app, foreign } = await start()
    const source = await app.source({ config: { note: 'ü', strip_params: ['x'] } })
    const { run_id, task_id } = await app.force(source.id)
    const message = await foreign.get()
    expect(message?.id).toBe(task_id)
    expect(message?.body).toEqual({
      source_id: source.id,
      url: source.url,
      site_key: 'shop',
      type: 'list',
      strategy: 'deep',
      config: { note: 'ü', strip_params: ['x'] },
      run_id,
    })
    message?.ack()
    expect(await app.detail(source.id)).toMatchObject({ status: 'queued' })
    expect(await foreign.drain()).toEqual([])
  })

  test('gifty §2.6: while queued it answers the same run and sends nothing; a published run keeps its strategy', async () => {
    const { app, foreign } = await start()
    const { id } = await app.source()
    const first = await app.force(id)
    expect(await app.force(id)).toMatchObject({ run_id: first.run_id, task_id: first.task_id })
    expect(await app.ok('POST', `/internal/sources/${id}/force-run`, { strategy: 'deep' })).toMatchObject({
      run_id: first.run_id,
    })
    const other = await force(app, id, { strategy: 'discovery' })
    expect(codeOf(other)).toEqual([409, 'already_queued'])
    expect(other.body.error.fields).toEqual({ run_id: first.run_id })
    expect((await foreign.drain()).map(({ body }) => body.strategy)).toEqual(['deep'])
    expect((await app.runs(id))[0]).toMatchObject({ status: 'queued', strategy: 'deep' })
  })

  test('gifty §2.6: the strategy of a run whose message has not left yet is replaced, and the message has the new one', async () => {
    const { app, foreign, away, back } = await startBehindProxy()
    const { id } = await app.source()
    await away()
    await app.tick()
    expect(await app.ok('POST', `/internal/sources/${id}/force-run`, { strategy: 'discovery' })).toMatchObject({ status: 'ok' })
    await back()
    await app.tick()
    expect((await foreign.drain()).map(({ body }) => body.strategy)).toEqual(['discovery'])
    expect((await app.runs(id))[0]).toMatchObject({ strategy: 'discovery' })
  })

  test('gifty §13.6: with the broker down it is 503 within a second, and everything is as before', async () => {
    const { app, foreign, away, back } = await startBehindProxy()
    const plain = await app.source()
    const off = await app.source({ is_active: false })
    const broken = await app.source()
    await app.error(broken.id, 'x', true)
    await app.ingest([], { source_id: plain.id })
    const look = async () => [
      ...(await Promise.all([plain, off, broken].map(({ id }) => app.detail(id)))),
      ...(await Promise.all(['tasks', 'parsing_runs', 'outbox'].map(app.rows))),
    ]
    const before = await look()
    await away()
    app.clock.advance(5000)
    const began = performance.now()
    for (const { id } of [plain, off, broken]) expect(codeOf(await force(app, id))).toEqual(UNAVAILABLE)
    expect(performance.now() - began).toBeLessThan(5000)
    expect(await look()).toEqual(before)
    // Other work does not feel it.
    expect((await app.get('/internal/sources')).status).toBe(200)
    await app.report(plain.id, 'running')
    await back()
    await app.tick()
    expect(await foreign.drain()).toEqual([])
    await app.force(off.id)
    expect(await foreign.drain()).toHaveLength(1)
  })

  test('gifty §2.6: a message that may have left leaves a cancelled run, whose late report changes nothing', async () => {
    const app = await makeRig(database, {
      broker: scriptedBroker(async () => {
        throw new BrokerError('silence', true)
      }),
    })
    const { id } = await app.source()
    const before = await app.detail(id)
    expect(codeOf(await force(app, id))).toEqual(UNAVAILABLE)
    const { history, ...after } = await app.detail(id)
    expect({ ...after, history: [] }).toEqual({ ...before, history: [] })
    expect(history).toMatchObject([{ status: 'cancelled', trigger: 'force' }])
    expect(await app.rows('outbox')).toBe(0)
    expect(await app.report(id, 'running', history[0].id)).toEqual({ status: 'ok', ignored: true })
    expect(await app.runs(id)).toHaveLength(1)
    expect((await app.get('/internal/tasks')).body.tasks).toMatchObject([{ status: 'cancelled' }])
  })

  test('gifty §2.6: who asks again while the confirm is awaited gets the same answer', async () => {
    const { promise: silence, reject } = Promise.withResolvers<void>()
    const app = await makeRig(database, { broker: scriptedBroker(() => silence) })
    const { id } = await app.source()
    const first = force(app, id)
    await eventually(() => app.rows('outbox'))
    const second = force(app, id)
    // The second has met the first's run.
    await app.detail(id)
    reject(new BrokerError('away', false))
    expect([codeOf(await first), codeOf(await second)]).toEqual([UNAVAILABLE, UNAVAILABLE])
    expect(await app.runs(id)).toEqual([])
  })

  test('gifty §2.6: so does who asks another process, whether the message leaves or not', async () => {
    for (const leaves of [false, true]) {
      const confirm = Promise.withResolvers<void>()
      const [one, two] = (await makeProcesses(database, 2, { broker: scriptedBroker(() => confirm.promise) })) as [Rig, Rig]
      const { id } = await one.source()
      const first = force(one, id)
      await eventually(() => one.rows('outbox'))
      let answered = false
      const second = force(two, id).finally(() => {
        answered = true
      })
      // It has met the first's run and looks again later.
      await eventually(() => one.clock.sleeping() > 0 || answered)
      expect(answered).toBe(false)
      if (leaves) confirm.resolve()
      else confirm.reject(new BrokerError('away', false))
      const answers = [await first]
      one.clock.advance(1000)
      answers.push(await second)
      if (leaves) {
        expect(answers.map(({ status }) => status)).toEqual([200, 200])
        expect(answers[1]?.body.run_id).toBe(answers[0]?.body.run_id)
      } else expect(answers.map(codeOf)).toEqual([UNAVAILABLE, UNAVAILABLE])
      expect(await one.runs(id)).toHaveLength(leaves ? 1 : 0)
    }
  })

  test('gifty §2.6: a run that a worker has started meanwhile is not withdrawn', async () => {
    const started = async (app: Rig, id: number) => {
      await app.report(id, 'running')
      throw new BrokerError('silence', true)
    }
    let publish = async () => {}
    const app: Rig = await makeRig(database, { broker: scriptedBroker(() => publish()) })
    const { id } = await app.source()
    publish = () => started(app, id)
    expect(await app.force(id)).toMatchObject({ status: 'ok', run_id: expect.any(Number) })
    expect(await app.detail(id)).toMatchObject({ status: 'running', history: [{ status: 'running' }] })
  })

  test('gifty §2.6: what others change while it waits stays changed', async () => {
    let publish = async () => {}
    const app: Rig = await makeRig(database, { broker: scriptedBroker(() => publish()) })
    const { id } = await app.source()
    publish = async () => {
      await app.ok('POST', `/internal/sources/${id}/toggle?is_active=0`)
      await app.ok('PATCH', `/internal/sources/${id}`, { priority: 77, schedule: { cron: '0 5 * * *' } })
      throw new BrokerError('away', false)
    }
    expect(codeOf(await force(app, id))).toEqual(UNAVAILABLE)
    expect(await app.detail(id)).toMatchObject({
      status: 'disabled',
      is_active: false,
      priority: 77,
      next_sync_at: '2026-01-16T05:00:00.000Z',
      // Switching off has cancelled it.
      history: [{ status: 'cancelled' }],
    })
  })

  test('gifty §2.6: a process that dies before the confirm has queued the run: it is published half a minute later', async () => {
    const { app, foreign, broker } = await start()
    const dying = await makeRig(
      { ...database, fresh: async () => app.db },
      { clock: app.clock, broker: scriptedBroker(() => new Promise(() => {})) },
    )
    const { id } = await app.source()
    void force(dying, id)
    await eventually(() => app.rows('outbox'))
    await app.tick()
    expect(await app.lease()).toEqual([])
    expect(await foreign.drain()).toEqual([])
    app.clock.advance(30_000)
    await app.tick()
    expect(await foreign.drain()).toHaveLength(1)
    expect(await broker.take(TASKS, 1)).toEqual([])
  })

  test('gifty §2.8: sources of the built-in worker need no broker and never go there', async () => {
    const { app, foreign, away, back } = await startBehindProxy()
    const { id } = await app.source({ config: { worker: 'web' } })
    const due = await app.source({ config: { worker: 'web' } })
    await away()
    const { task_id } = await app.force(id)
    await app.tick()
    expect(await app.rows('outbox')).toBe(0)
    expect((await app.lease('w1', { kinds: ['source.run.web'], max: 5 })).map((task) => task.id)).toContain(task_id)
    expect((await app.detail(due.id)).status).toBe('running')
    await back()
    await app.tick()
    expect(await foreign.drain()).toEqual([])
  })

  if (database.dialect === 'sqlite')
    test('gifty §2.6: a broker that answers nothing is waited for five seconds, not longer, and the next is refused at once', async () => {
      const { app, proxy, foreign, back } = await startBehindProxy()
      const [one, two] = [await app.source(), await app.source()]
      await app.force((await app.source()).id)
      await proxy.set('mute')
      const began = performance.now()
      expect(codeOf(await force(app, one.id))).toEqual(UNAVAILABLE)
      expect(performance.now() - began).toBeGreaterThan(4900)
      expect(performance.now() - began).toBeLessThan(15_000)
      const again = performance.now()
      expect(codeOf(await force(app, two.id))).toEqual(UNAVAILABLE)
      expect(performance.now() - again).toBeLessThan(3000)
      expect((await app.runs(one.id))[0].status).toBe('cancelled')
      expect(await app.runs(two.id)).toEqual([])
      await back()
      // The message was sent: a lease over HTTP that reads it drops it.
      expect(await app.lease('w1', { max: 5 })).toHaveLength(1)
      expect(await foreign.drain()).toEqual([])
    })

  test('a refused force-run of an empty database leaves it empty', async () => {
    const { app, away } = await startBehindProxy()
    const { id } = await app.source()
    await away()
    expect(codeOf(await force(app, id))).toEqual(UNAVAILABLE)
    await expectEmpty(app)
  })
})
