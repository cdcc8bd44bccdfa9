import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, HOUR, iso } from '../../support/fake-clock.ts'
import { makeRig, type Rig, START } from '../subscriptions/rig.ts'

const run = (rig: Pick<Rig, 'work'>) => rig.work.jobs['subscription-expiration']()
const templatesOf = async (rig: Rig, id: string) => (await rig.notificationsOf(id)).map((row) => row.template)

onEachDatabase('subscription-expiration', (database) => {
  test('§8: ended paid rows become expired, once', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.buy(id, 'week')
    rig.clock.advance(7 * DAY - 1)
    await run(rig)
    expect((await rig.rowsOf(id))[0]!.status).toBe('active')
    const before = await rig.revisionOf(id)
    rig.clock.advance(1)
    await run(rig)
    expect((await rig.rowsOf(id))[0]!).toMatchObject({
      status: 'expired',
      planCode: 'week',
      expiresAt: new Date(START + 7 * DAY),
    })
    expect(await rig.revisionOf(id)).toBe(before + 1)
    await run(rig)
    expect(await rig.revisionOf(id)).toBe(before + 1)
  })

  test('§6, §11.22: a free plan is prolonged by whole periods past now, with full quotas', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.reserve(id)
    rig.clock.advance(95 * DAY)
    const before = await rig.revisionOf(id)
    await run(rig)
    const end = new Date(START + 120 * DAY)
    expect((await rig.rowsOf(id))[0]!).toMatchObject({ status: 'active', expiresAt: end, startedAt: new Date(START) })
    expect(await rig.usageOf(id)).toMatchObject({ consumedValue: 0, limitValue: 1, resetsAt: end, period: 2 })
    expect(await rig.revisionOf(id)).toBe(before + 1)
    await rig.reserve(id)
    await run(rig)
    expect((await rig.usageOf(id))!.consumedValue).toBe(1)
  })

  test('§6: a free plan at exactly its end is prolonged by one period', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    rig.clock.advance(30 * DAY)
    await run(rig)
    expect((await rig.rowsOf(id))[0]!.expiresAt).toEqual(new Date(START + 60 * DAY))
  })

  test('§6: a blocked person is not renewed, and is once active again', async () => {
    const rig = await makeRig(database)
    const [id, other] = [await rig.free(), await rig.free()]
    await rig.block(id)
    rig.clock.advance(31 * DAY)
    await run(rig)
    expect((await rig.view(id)).active).toBe(false)
    expect((await rig.view(other)).active).toBe(true)
    await rig.block(id, 'active')
    await run(rig)
    expect((await rig.view(id)).current!.expiresAt).toEqual(new Date(START + 60 * DAY))
  })

  test('§8: only the current row renews: an ended free row beside a paid one becomes expired', async () => {
    const rig = await makeRig(database)
    const id = await rig.user()
    await rig.row(id, { planCode: 'free', expiresAt: new Date(START - DAY) })
    await rig.row(id, { planCode: 'year', expiresAt: new Date(START + 100 * DAY) })
    await run(rig)
    expect((await rig.rowsOf(id)).map((row) => [row.planCode, row.status])).toEqual([
      ['free', 'expired'],
      ['year', 'active'],
    ])
  })

  test('§8: refills are written for active subscriptions, several periods at once, capped at the end', async () => {
    const rig = await makeRig(database)
    const [id, ended] = [await rig.free(), await rig.free()]
    for (let n = 0; n < 3; n++) await rig.buy(id, 'week')
    await rig.buy(ended, 'week')
    for (const one of [id, ended]) await rig.reserve(one)
    rig.clock.advance(15 * DAY)
    await run(rig)
    for (const category of ['parsing', 'audience', 'broadcast'] as const)
      expect(await rig.usageOf(id, category)).toMatchObject({ consumedValue: 0, resetsAt: new Date(START + 21 * DAY), period: 5 })
    expect(await rig.usageOf(ended)).toMatchObject({ consumedValue: 1, resetsAt: new Date(START + 7 * DAY) })
  })

  test('§6: a refill that nothing has written for weeks is shown, and taken from, all the same', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    for (let n = 0; n < 9; n++) await rig.buy(id, 'week')
    for (let n = 0; n < 10; n++) await rig.reserve(id)
    rig.clock.advance(50 * DAY)
    await run(rig)
    expect((await rig.usageOf(id))!.consumedValue).toBe(10)
    expect((await rig.view(id)).limits.parsing).toEqual({ limit: 10, used: 0, resetsAt: new Date(START + 56 * DAY) })
    await rig.reserve(id)
    expect(await rig.usageOf(id)).toMatchObject({ consumedValue: 1, resetsAt: new Date(START + 56 * DAY) })
  })

  test('§8: SUBSCRIPTION_EXPIRING once per subscription and end, when a paid one has less than 24 h left', async () => {
    const rig = await makeRig(database)
    const [id, free] = [await rig.free({ notification_channel: 'email' }), await rig.free()]
    await rig.buy(id, 'week')
    rig.clock.advance(6 * DAY)
    await run(rig)
    expect(await templatesOf(rig, id)).toEqual([])
    rig.clock.advance(1)
    await run(rig)
    await run(rig)
    const [row] = await rig.rowsOf(id)
    expect(await rig.notificationsOf(id)).toMatchObject([
      {
        template: 'SUBSCRIPTION_EXPIRING',
        channel: 'email',
        message:
          'Подписка «Неделя» закончится 08.01.2026 00:00 UTC. Продлите её, чтобы не потерять доступ к поиску и аудиториям.',
        metadata: { subscription_id: row!.id, plan_type: 'week', expires_at: iso(START + 7 * DAY) },
      },
    ])
    // Prolonged, it has a new end, for which there is another notification.
    await rig.buy(id, 'week')
    await run(rig)
    expect(await templatesOf(rig, id)).toHaveLength(1)
    rig.clock.set(START + 14 * DAY - HOUR)
    await run(rig)
    expect(await templatesOf(rig, id)).toHaveLength(2)
    rig.clock.set(START + 30 * DAY - HOUR)
    await run(rig)
    expect(await templatesOf(rig, free)).toEqual([])
  })

  test('§8: more people than a chunk, in two processes at once: everything once', async () => {
    const rig = await makeRig(database)
    const ids: string[] = []
    for (let n = 0; n < 621; n++) ids.push(await rig.user())
    await rig.db.tx(function* (tx) {
      for (const id of ids) yield* rig.subscriptions.ensureFree(tx, id, rig.now())
    })
    await rig.db.sql(
      sql`update subscriptions set plan_code = 'week' where user_id in (select id from users order by telegram_id limit 60 offset 1)`,
    )
    rig.clock.advance(30 * DAY)
    const other = await rig.another()
    await Promise.all([run(rig), run(other)])
    const byStatus = await rig.db.sql<{ status: string; n: number; r: number }>(
      sql`select s.status as status, count(*) as n, max(u.revision) as r from subscriptions s join users u on u.id = s.user_id group by s.status order by s.status`,
    )
    expect(byStatus.map((row) => [row.status, Number(row.n), Number(row.r)])).toEqual([
      ['active', 561, 1],
      ['expired', 60, 1],
    ])
    const byPeriod = await rig.db.sql<{ p: number; n: number }>(
      sql`select period as p, count(*) as n from usage group by period order by period`,
    )
    expect(byPeriod.map((row) => [Number(row.p), Number(row.n)])).toEqual([
      [1, 180],
      [2, 1683],
    ])
  }, 300_000)
})
