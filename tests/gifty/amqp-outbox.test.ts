import { expect, test } from 'bun:test'
import { DAY, HOUR, iso, START } from '../support/fake-clock.ts'
import { EVERY_FAMILY } from '../support/harness.ts'
import { dueSources, onEachDatabaseWithRabbit } from './amqp-rig.ts'
import { makeProcesses, makeRig } from './rig.ts'

onEachDatabaseWithRabbit('gifty outbox over RabbitMQ', (database, { start, startBehindProxy }) => {
  test('gifty §2.5: a tick’s runs reach the queue in order, and each is stored as queued before its message can be seen', async () => {
    const { app, foreign } = await start()
    const ids: number[] = []
    for (const priority of [10, 90, 50]) ids.push((await app.source({ priority })).id)
    await app.tick()
    const seen: [number, string][] = []
    for (let message = await foreign.get(); message; message = await foreign.get()) {
      message.ack()
      const { status, history } = await app.detail(message.body.source_id)
      expect(history[0]).toMatchObject({ id: message.body.run_id, status: 'queued' })
      seen.push([message.body.source_id, status])
    }
    expect(seen).toEqual([1, 2, 0].map((n) => [ids[n], 'queued']) as [number, string][])
  })

  test('gifty §13.12: an outage during ticks blocks nothing and loses no task: all arrive once it has ended, once each', async () => {
    const { app, proxy, foreign, away, back } = await startBehindProxy()
    const ids = await dueSources(app, 20)
    await app.tick()
    await away()
    ids.push(...(await dueSources(app, 15)))
    app.clock.advance(10_000)
    const began = performance.now()
    await app.tick()
    ids.push(...(await dueSources(app, 15)))
    app.clock.advance(10_000)
    await app.tick()
    expect((await app.get('/internal/stats')).status).toBe(200)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(await app.rows('outbox where published_at is null')).toBe(30)
    expect(await app.ok('GET', '/internal/sources?status=queued')).toHaveLength(50)
    await back()
    await app.tick()
    expect((await foreign.drain()).map(({ body }) => body.source_id).sort((a, b) => a - b)).toEqual(ids)
    expect(await app.rows('outbox where published_at is null')).toBe(0)
    expect(proxy.connections()).toBe(1)
  })

  test('gifty §2.7: confirms that are lost with the connection are sent again with the same id', async () => {
    const { app, proxy, foreign, back } = await startBehindProxy()
    await dueSources(app, 5)
    await app.force((await app.source()).id)
    await foreign.drain()
    await proxy.set('mute')
    const ticking = app.tick()
    let first: { id: string; body: any }[] = []
    while (first.length < 5) first = [...first, ...(await foreign.drain())]
    await proxy.set('refuse')
    await ticking
    await back()
    await app.tick()
    const again = await foreign.drain()
    expect(again.map(({ id }) => id).sort()).toEqual(first.map(({ id }) => id).sort())
    expect(await app.rows('outbox where published_at is null')).toBe(0)
  })

  test('gifty §2.7: several processes relay the same outbox, and no message leaves twice', async () => {
    const { broker, foreign } = await start()
    const [app, ...others] = await makeProcesses(database, 3, { broker })
    if (!app) throw new Error('no process')
    const ids = await dueSources(app, 20)
    // Dispatched by one; the row waits for the relays of all.
    await app.services.sources.tick()
    await Promise.all([app, ...others].map((process) => process.relay?.wake()))
    expect((await foreign.drain()).map(({ body }) => body.source_id).sort((a, b) => a - b)).toEqual(ids)
  })

  test('gifty §2.3: published and not started for RUN_START_TIMEOUT_SECONDS: lost, not counted, waiting, due now', async () => {
    const { app, foreign } = await start()
    const [interval] = await dueSources(app, 1)
    const cron = await app.source({ schedule: { cron: '0 0 1 1 *' } })
    await app.tick()
    await app.force(cron.id)
    const [message] = await foreign.drain()
    app.clock.advance(6 * HOUR - 1)
    await app.tick()
    expect(await app.runs(interval as number)).toMatchObject([{ status: 'queued' }])
    app.clock.advance(10_000)
    const lost = app.clock.now()
    await app.services.sources.endUnstartedRuns()
    for (const id of [interval as number, cron.id]) {
      const detail = await app.detail(id)
      expect(detail).toMatchObject({ status: 'waiting', next_sync_at: iso(lost), history: [{ status: 'lost' }] })
      expect(detail.config.retry_count).toBeUndefined()
    }
    expect(await app.notifications('scraping')).toEqual([])
    expect(await app.task(message?.id as string)).toMatchObject({ status: 'dead' })
    // Due now: the next tick dispatches it anew, and the late consumer of the old message is ignored.
    await app.tick()
    expect(await app.runs(interval as number)).toMatchObject([{ status: 'queued' }, { status: 'lost' }])
    expect(await app.report(interval as number, 'running', message?.body.run_id)).toEqual({ status: 'ok', ignored: true })
    expect((await app.runs(interval as number))[0].status).toBe('queued')
  })

  test('gifty §2.3: what waits in the outbox, is started or was never published is not lost for its start', async () => {
    const { app, away, back } = await startBehindProxy()
    const { id: started } = await app.source()
    await app.force(started)
    await app.report(started, 'running')
    await away()
    const [waiting] = await dueSources(app, 1, { schedule: { cron: '0 0 1 1 *' } })
    const { id: web } = await app.source({ config: { worker: 'web' }, schedule: { cron: '0 0 1 1 *' } })
    await app.force(web)
    app.clock.set(Date.parse('2027-01-01T00:00:00Z'))
    await app.report(started, 'running')
    await app.tick()
    app.clock.advance(7 * HOUR)
    await app.report(started, 'running')
    await app.services.sources.endUnstartedRuns()
    for (const [id, status] of [
      [started, 'running'],
      [waiting, 'queued'],
      [web, 'queued'],
    ] as const)
      expect((await app.runs(id as number)).find((run) => run.status !== 'skipped')).toMatchObject({ status })
    // The six hours begin with the confirm.
    await back()
    await app.tick()
    app.clock.advance(6 * HOUR - 1)
    await app.services.sources.endUnstartedRuns()
    expect((await app.runs(waiting as number))[0]).toMatchObject({ status: 'queued' })
    app.clock.advance(1)
    await app.services.sources.endUnstartedRuns()
    expect((await app.runs(waiting as number))[0]).toMatchObject({ status: 'lost' })
  })

  test('gifty §2.3: a forced run of an inactive source that no worker starts restores the status', async () => {
    const { app } = await start()
    const { id } = await app.source()
    await app.ok('POST', `/internal/sources/${id}/toggle?is_active=0`)
    await app.force(id)
    app.clock.advance(6 * HOUR)
    await app.tick()
    expect(await app.detail(id)).toMatchObject({ status: 'disabled', is_active: false, history: [{ status: 'lost' }] })
  })

  test('a published task keeps its row for as long as it waits, whatever is purged', async () => {
    const { app } = await start({ env: { RUN_START_TIMEOUT_SECONDS: '864000' } })
    await app.force((await app.source()).id)
    await app.error((await app.source()).id, 'x')
    await app.tick()
    app.clock.advance(DAY + HOUR)
    await app.tick()
    expect(await app.rows("outbox where queue = 'parsing_tasks'")).toBeGreaterThan(0)
    expect(await app.rows("outbox where queue = 'notifications'")).toBe(0)
    expect(await app.lease('w1', { max: 1 })).toHaveLength(1)
  })

  test('tasks that a process without the broker has made are announced by the first one with it; ended ones are not', async () => {
    const { app: old, broker, foreign } = await start()
    const same = { ...database, fresh: async () => old.db }
    const alone = await makeRig(same, { clock: old.clock, broker: 'none' })
    const { task_id } = await alone.force((await alone.source()).id)
    // Written with a broker, ended without.
    const ended = await old.source({ url: 'https://shop.example/ended' })
    await old.services.sources.tick()
    const leased = await alone.lease('w1', { max: 5 })
    for (const task of leased) await alone.verb(task, task.id === task_id ? 'release' : 'complete')
    const next = await makeRig(same, { clock: old.clock, broker })
    await next.tick()
    expect((await foreign.drain()).map(({ id }) => id)).toEqual([task_id])
    expect((await next.runs(ended.id))[0].status).toBe('completed')
  })

  test('gifty §2.7: with AMQP a notification is a message, not a task; it is written with its cause and leaves later', async () => {
    const { app, foreign, away, back } = await startBehindProxy()
    const { id } = await app.source()
    await away()
    await app.error(id, 'a <b> & c')
    expect((await app.get('/internal/tasks?kind=notification')).body.tasks).toEqual([])
    await back()
    await app.tick()
    const [message, ...more] = await foreign.drain('notifications')
    expect(more).toEqual([])
    expect(message).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      body: {
        topic: 'scraping',
        text: expect.stringContaining('a &lt;b&gt; &amp; c'),
        data: { source_id: id, site_key: 'shop', is_broken: false },
        timestamp: iso(START),
      },
    })
  })

  test('architecture §12: the probes show the broker, and an outage does not make the process unready; metrics count', async () => {
    const { app, away, back } = await startBehindProxy({ env: EVERY_FAMILY })
    const ready = () => app.get('/readyz')
    expect((await ready()).body.checks).toMatchObject({ broker: 'ok' })
    await away()
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'ready', checks: { broker: 'down', database: 'ok' } } })
    const health = async () => {
      const { status, body } = await app.get('/api/internal2/health', { authorization: 'Bearer dev-crawler-token' })
      return [status, body.status, body.services.dispatcher]
    }
    expect(await health()).toEqual([200, 'degraded', { status: 'degraded' }])
    await dueSources(app, 3)
    await app.tick()
    const metric = async (name: string) => {
      app.clock.advance(10_000)
      const text: string = (await app.get('/metrics')).body
      return text.split('\n').filter((line) => line.startsWith(name))
    }
    expect(await metric('trawl_outbox_messages')).toEqual(['trawl_outbox_messages{queue="parsing_tasks"} 3'])
    expect(await metric('trawl_broker_up')).toEqual(['trawl_broker_up 0'])
    await back()
    await app.tick()
    expect(await metric('trawl_published_messages_total')).toEqual(['trawl_published_messages_total{queue="parsing_tasks"} 3'])
    expect(await metric('trawl_broker_up')).toEqual(['trawl_broker_up 1'])
    expect(await metric('trawl_outbox_messages')).toEqual([])
    expect(await health()).toEqual([200, 'healthy', { status: 'up' }])
  })
})
