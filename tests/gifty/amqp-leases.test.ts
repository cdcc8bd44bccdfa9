import { expect, test } from 'bun:test'
import type { Broker } from '../../src/platform/broker/index.ts'
import { eventually } from '../support/eventually.ts'
import { MINUTE } from '../support/fake-clock.ts'
import { dueSources, onEachDatabaseWithRabbit, TASKS } from './amqp-rig.ts'
import { makeProcesses, queueNotifications, type Rig } from './rig.ts'

onEachDatabaseWithRabbit('gifty leases over RabbitMQ', (database, { start, startBehindProxy }) => {
  const forced = async (app: Rig, count: number, more: Record<string, unknown> = {}): Promise<string[]> => {
    const ids: string[] = []
    for (let n = 0; n < count; n++) ids.push((await app.force((await app.source(more)).id)).task_id)
    return ids
  }
  const leasedIds = async (app: Rig, more: Record<string, unknown> = {}, worker = 'w1') =>
    (await app.lease(worker, more)).map((task) => task.id)

  test('gifty §2.7: a lease of a published task takes its message off the queue', async () => {
    const { app, foreign } = await start()
    const [id] = await forced(app, 1)
    const [task] = await app.lease()
    expect(task).toMatchObject({ id, fence: 1, attempt: 1 })
    expect(await foreign.drain()).toEqual([])
    expect((await app.verb(task, 'complete')).status).toBe(200)
    expect((await app.runs(task.payload.source_id))[0].status).toBe('completed')
  })

  test('gifty §13.12: what an AMQP consumer has taken is not offered over HTTP; its reports start and end the run', async () => {
    const { app, foreign } = await start()
    await forced(app, 1)
    const message = await foreign.get()
    const { source_id, run_id } = message?.body ?? {}
    expect(await app.lease()).toEqual([])
    await app.report(source_id, 'running', run_id)
    message?.ack()
    expect(await app.lease()).toEqual([])
    expect(await app.task(message?.id as string)).toMatchObject({ status: 'leased', worker_id: null })
    await app.ingest([{ title: 'Gift', product_url: 'https://shop.example/1', site_key: 'shop' }], { source_id })
    await app.report(source_id, 'waiting', run_id)
    expect((await app.runs(source_id))[0]).toMatchObject({ id: run_id, status: 'completed', items_new: 1 })
    expect(await app.task(message?.id as string)).toMatchObject({ status: 'completed' })
    expect(await app.report(source_id, 'running', run_id)).toEqual({ status: 'ok', ignored: true })
    expect(await app.rows('outbox')).toBe(0)
  })

  test('gifty §2.7: a message that comes again after its run has been reported running is dropped', async () => {
    const { app, foreign } = await start()
    await forced(app, 1)
    const message = await foreign.get()
    await app.report(message?.body.source_id, 'running', message?.body.run_id)
    // The consumer died before its ack.
    message?.requeue()
    expect(await app.lease()).toEqual([])
    expect(await foreign.drain()).toEqual([])
  })

  test('gifty §2.7: leases of published tasks follow the order of the queue; one answer is sorted by priority', async () => {
    const { app } = await start()
    const ids: string[] = []
    for (const priority of [10, 90, 10, 50]) ids.push(...(await forced(app, 1, { priority })))
    expect(await leasedIds(app)).toEqual([ids[0] as string])
    expect(await leasedIds(app, { max: 2 })).toEqual([ids[1], ids[2]] as string[])
    expect(await leasedIds(app, { max: 9 })).toEqual([ids[3] as string])
  })

  test('gifty §4: published tasks come with those of other kinds, within max', async () => {
    const { app } = await start()
    const sources = await forced(app, 2)
    const others = await queueNotifications(app, 2)
    const lease = (max: number) => leasedIds(app, { kinds: null, max })
    expect(await lease(3)).toEqual([...sources, others[0]] as string[])
    expect(await lease(3)).toEqual([others[1] as string])
  })

  test('gifty §4: the message of a cancelled task is dropped when it is read, and the lease takes the next one', async () => {
    const { app, foreign } = await start()
    const ids = await forced(app, 8)
    for (const id of ids.slice(0, 6))
      expect(await app.ok('POST', `/internal/tasks/${id}/cancel`)).toEqual({ status: 'ok', state: 'cancelled' })
    expect(await leasedIds(app)).toEqual([ids[6] as string])
    expect((await foreign.drain()).map((message) => message.id)).toEqual([ids[7] as string])
  })

  test('gifty §2.7: after a crash between lease and acknowledgement the message is dropped, the lease stays', async () => {
    const { app, broker } = await start()
    let crashed = 0
    const crashing: Broker = {
      ...broker,
      take: async (queue, max) =>
        (await broker.take(queue, max)).map((delivery) => ({
          ...delivery,
          accept() {
            crashed++
            delivery.giveBack()
          },
        })),
    }
    const [id] = await forced(app, 1)
    const { createApp } = await import('../../src/app.ts')
    const dying = createApp({ ...app.platform, broker: crashing })
    const request = { owner: 'w1', kinds: ['source.run'], max: 1, leaseMs: MINUTE }
    expect((await dying.engine.lease(request)).map((task) => task.id)).toEqual([id as string])
    expect(crashed).toBe(1)
    expect(await leasedIds(app, {}, 'w2')).toEqual([])
    expect(await broker.take(TASKS, 1)).toEqual([])
    expect(await app.task(id as string)).toMatchObject({ status: 'leased', worker_id: 'w1', fence: 1 })
  })

  test('gifty §2.7: a lease that cannot be stored gives the message back', async () => {
    const { app } = await start()
    const [id] = await forced(app, 1)
    const { createApp } = await import('../../src/app.ts')
    const failing = createApp({
      ...app.platform,
      db: { ...app.db, tx: () => Promise.reject(new Error('disk full')) },
    })
    const request = { owner: 'w1', kinds: ['source.run'], max: 1, leaseMs: MINUTE }
    expect(await failing.engine.lease(request).catch((error) => error.message)).toBe('disk full')
    expect(await leasedIds(app)).toEqual([id as string])
  })

  test('gifty §13.11: a killed HTTP worker: its task is announced again, and the old worker is stale', async () => {
    const { app, foreign } = await start()
    const [id] = await forced(app, 1)
    const [task] = await app.lease()
    app.clock.advance(MINUTE + 1)
    await app.tick()
    const message = await foreign.get()
    expect(message).toMatchObject({ id, body: task.payload })
    message?.requeue()
    const [again] = await app.lease('w2')
    expect(again).toMatchObject({ id, fence: 2, attempt: 2 })
    expect((await app.verb(task, 'complete')).status).toBe(409)
    expect((await app.verb(again, 'complete', 'w2')).status).toBe(200)
    expect(await foreign.drain()).toEqual([])
  })

  test('gifty §4: a released task is offered again at once, here and in the queue, to one of both', async () => {
    const { app, foreign } = await start()
    await forced(app, 1)
    const [task] = await app.lease()
    expect((await app.verb(task, 'release')).status).toBe(200)
    expect(await leasedIds(app, {}, 'w2')).toEqual([task.id])
    const [again] = await app.lease('w3')
    expect(again).toBeUndefined()
    await app.tick()
    expect(await foreign.drain()).toEqual([])
  })

  test('gifty §4: the fifth loss is dead; a redriven task is announced with its new run', async () => {
    const { app, foreign } = await start()
    const [id] = await forced(app, 1)
    for (let loss = 1; loss <= 5; loss++) {
      expect(await leasedIds(app, {}, `w${loss}`)).toEqual([id as string])
      app.clock.advance(MINUTE + 1)
      await app.tick()
    }
    expect(await app.task(id as string)).toMatchObject({ status: 'dead' })
    expect(await foreign.drain()).toEqual([])
    expect(await app.ok('POST', '/internal/tasks/redrive', { ids: [id] })).toMatchObject({ redriven: 1 })
    await app.tick()
    const [message] = await foreign.drain()
    const [run] = await app.runs(message?.body.source_id)
    expect(message).toMatchObject({ id, body: { run_id: run.id } })
    expect(run).toMatchObject({ status: 'queued' })
  })

  test('gifty §2.7: broker away: published tasks wait there, unpublished ones are leased and never sent, nothing hangs', async () => {
    const { app, foreign, away, back } = await startBehindProxy()
    const [published] = await forced(app, 1)
    const [source] = await dueSources(app, 1)
    const [other] = await queueNotifications(app, 1)
    await away()
    await app.tick()
    expect(await app.rows('outbox where published_at is null')).toBe(1)
    const began = performance.now()
    const tasks = await app.lease('w1', { kinds: null, max: 10 })
    expect(performance.now() - began).toBeLessThan(5000)
    expect(tasks.map((task) => task.payload.source_id ?? task.id).sort()).toEqual([source, other].sort())
    expect(
      (
        await app.verb(
          tasks.find((task) => task.payload.source_id),
          'complete',
        )
      ).status,
    ).toBe(200)
    await back()
    await app.tick()
    expect((await foreign.drain()).map((message) => message.id)).toEqual([published as string])
  })

  test('architecture §6: a paused group keeps its messages in the queue, and other tasks are leased from behind them', async () => {
    const { app } = await start()
    const slow: string[] = []
    for (const page of 'abc') slow.push(...(await forced(app, 1, { url: `https://slow.example/${page}` })))
    const [free] = await forced(app, 1)
    await app.engine.setGroup({ key: 'host:slow.example', pausedUntil: new Date(app.clock.now() + 1000) })
    expect(await leasedIds(app, { max: 10 })).toEqual([free as string])
    expect(await leasedIds(app, { max: 10 })).toEqual([])
    app.clock.advance(1000)
    expect(await leasedIds(app, { max: 10 })).toEqual(slow)
  })

  test('architecture §6: a group with a cap is leased up to it, from the queue too', async () => {
    const { app } = await start()
    await app.engine.setGroup({ key: 'host:shop.example', cap: 2 })
    const ids = await forced(app, 3)
    expect(await leasedIds(app, { max: 10 })).toEqual(ids.slice(0, 2))
    expect(await leasedIds(app, { max: 10 }, 'w2')).toEqual([])
    await app.ok('POST', `/internal/workers/tasks/${ids[0]}/complete`, { worker_id: 'w1', fence: 1 })
    expect(await leasedIds(app, { max: 10 }, 'w2')).toEqual(ids.slice(2))
  })

  test('a message that is none of ours is kept aside, and the tasks behind it are leased', async () => {
    const { app, foreign } = await start()
    await foreign.put('not JSON at all')
    await foreign.put('{"source_id":1}', { messageId: 'someone-elses' })
    const [id] = await forced(app, 1)
    expect(await leasedIds(app)).toEqual([id as string])
    expect(await foreign.drain()).toEqual([])
    expect((await foreign.drain('trawl.dead_letters')).map(({ body }) => body)).toEqual([
      { queue: TASKS, message_id: null, content: 'not JSON at all' },
      { queue: TASKS, message_id: 'someone-elses', content: '{"source_id":1}' },
    ])
  })

  test('gifty §4: a waiting worker gets a task when the scheduler publishes it, in any process', async () => {
    const { broker } = await start()
    const [scheduler, api] = (await makeProcesses(database, 2, { broker })) as [Rig, Rig]
    const [source] = await dueSources(scheduler, 1)
    const waiting = api.lease('w1', { wait_seconds: 30 })
    await eventually(() => api.dispatcher.waiting() > 0)
    await scheduler.tick()
    // What another process publishes is found by the next sweep of this process.
    await api.engine.sweep()
    expect((await waiting).map((task) => task.payload.source_id)).toEqual([source])
  })

  test('gifty §13.12: three processes, HTTP workers and AMQP consumers: each task reaches exactly one of them', async () => {
    const { broker, foreign } = await start()
    const apps = await makeProcesses(database, 3, { broker })
    const [app] = apps as [Rig, ...Rig[]]
    const ids = await dueSources(app, 60)
    const got: number[] = []
    const overHttp = async (n: number) => {
      const mine = apps[n % 3] as Rig
      for (const task of await mine.lease(`w${n}`, { max: 3 })) got.push(task.payload.source_id)
    }
    const overAmqp = async () => {
      for (let n = 0; n < 3; n++) {
        const message = await foreign.get()
        if (!message) return
        message.ack()
        got.push(message.body.source_id)
        await app.report(message.body.source_id, 'running', message.body.run_id)
      }
    }
    for (let round = 0; round < 12 && got.length < ids.length; round++) {
      app.clock.advance(10_000)
      await Promise.all([
        ...apps.map((process) => process.tick()),
        ...apps.map((process) => process.tick()),
        ...Array.from({ length: 4 }, (_, n) => overHttp(n)),
        overAmqp(),
      ])
    }
    expect(got.toSorted((a, b) => a - b)).toEqual(ids)
    for (const id of ids) expect(await app.runs(id)).toMatchObject([{ status: 'running' }])
    expect(await foreign.drain()).toEqual([])
    expect(await app.rows('outbox')).toBe(0)
  })
})
