import { expect, test } from 'bun:test'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, HOUR, iso } from '../../support/fake-clock.ts'
import { makeRig, refusal, START } from './rig.ts'

onEachDatabase('quotas', (database) => {
  test('§1, §6: 402 without a subscription and after its end, with different messages', async () => {
    const rig = await makeRig(database)
    const [none, ended] = [await rig.user(), await rig.free()]
    const messageOf = (id: string) => rig.reserve(id).catch((error) => [error.status, error.code, error.message])
    expect(await messageOf(none)).toEqual([402, 'subscription_required', 'An active subscription is required'])
    rig.clock.advance(30 * DAY)
    expect(await messageOf(ended)).toEqual([402, 'subscription_required', 'Your subscription has expired'])
    rig.clock.set(START + 30 * DAY - 1)
    expect(await rig.reserve(ended)).toBe(1)
  })

  test('§1: a used up quota is 429 with limit, used, category, resets_at and Retry-After', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    expect(await rig.reserve(id)).toBe(1)
    rig.clock.advance(30 * DAY - 1500)
    const error = await rig.reserve(id).catch((error) => error)
    expect([error.status, error.code]).toEqual([429, 'rate_limited'])
    expect(error.details).toEqual({ limit: 1, used: 1, category: 'parsing', resets_at: iso(START + 30 * DAY) })
    expect(error.headers).toEqual({ 'retry-after': '2' })
    expect((await refusal(rig.reserve(id, 'broadcast')))[2]).toMatchObject({ limit: 0, used: 0, category: 'broadcast' })
    expect(await rig.reserve(id, 'audience')).toBe(1)
  })

  test('issue 3: 50 parallel reservations against a quota of 10: exactly 10', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.buy(id, 'week')
    const second = await rig.another()
    const other = await database.second()
    const answers = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => (n % 2 ? rig.reserve(id) : rig.reserve(id, 'parsing', second as never, other))),
    )
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(10)
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason.status).toBe(429)
    expect(await rig.usageOf(id)).toMatchObject({ consumedValue: 10, limitValue: 10 })
  })

  test('§6: parallel reservations at the refill take exactly the new period', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.buy(id, 'week')
    await rig.buy(id, 'week')
    for (let n = 0; n < 10; n++) await rig.reserve(id)
    rig.clock.advance(7 * DAY)
    const other = await database.second()
    const answers = await Promise.allSettled(
      Array.from({ length: 24 }, (_, n) => rig.reserve(id, 'parsing', rig, n % 2 ? rig.db : other)),
    )
    const periods = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    expect(periods).toEqual(Array.from({ length: 10 }, () => 4))
    expect(await rig.usageOf(id)).toMatchObject({ consumedValue: 10, period: 4, resetsAt: new Date(START + 14 * DAY) })
  })

  test('§6: unlimited plans count use', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.buy(id, 'year')
    for (let n = 0; n < 60; n++) await rig.reserve(id)
    expect((await rig.view(id)).limits.parsing).toMatchObject({ limit: -1, used: 60 })
  })

  test('§11.10, §4: a unit is given back within its period only', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    const period = await rig.reserve(id)
    await rig.release(id, period)
    expect((await rig.view(id)).limits.parsing.used).toBe(0)
    expect(await rig.reserve(id)).toBe(period)
    await rig.buy(id, 'week')
    await rig.buy(id, 'week')
    const old = await rig.reserve(id)
    await rig.release(id, period)
    expect((await rig.usageOf(id))!.consumedValue).toBe(1)
    rig.clock.advance(7 * DAY)
    // The period is over, whether or not anyone has refilled it.
    await rig.release(id, old)
    expect((await rig.usageOf(id))!.consumedValue).toBe(1)
    const fresh = await rig.reserve(id)
    await rig.release(id, old)
    expect((await rig.usageOf(id))!).toMatchObject({ consumedValue: 1, period: fresh })
    await rig.release(id, [old, fresh, fresh, fresh])
    expect((await rig.usageOf(id))!.consumedValue).toBe(0)
    await rig.release(id, [])
  })

  test('§11.22: at resets_at the quota refills; reads show it, and write nothing', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.buy(id, 'month')
    await rig.buy(id, 'month')
    await rig.reserve(id)
    rig.clock.advance(30 * DAY - 1)
    expect((await rig.view(id)).limits.parsing).toEqual({ limit: 50, used: 1, resetsAt: new Date(START + 30 * DAY) })
    rig.clock.advance(1)
    const before = await rig.usageOf(id)
    expect((await rig.view(id)).limits.parsing).toEqual({ limit: 50, used: 0, resetsAt: new Date(START + 60 * DAY) })
    expect(await rig.usageOf(id)).toEqual(before)
    await rig.reserve(id)
    expect(await rig.usageOf(id)).toMatchObject({ consumedValue: 1, resetsAt: new Date(START + 60 * DAY) })
    // After the end nothing refills.
    rig.clock.advance(40 * DAY)
    expect(await rig.view(id)).toMatchObject({
      active: false,
      limits: { parsing: { used: 1, resetsAt: new Date(START + 60 * DAY) } },
    })
  })

  test('§6: several missed periods refill at once, capped at the end', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.buy(id, 'week')
    for (let n = 0; n < 4; n++) await rig.buy(id, 'week')
    rig.clock.advance(30 * DAY + HOUR)
    expect((await rig.view(id)).limits.parsing.resetsAt).toEqual(new Date(START + 35 * DAY))
    const later = await rig.free()
    await rig.row(later, { planCode: 'month', expiresAt: new Date(rig.clock.now() + 40 * DAY), startedAt: rig.now() })
    rig.clock.advance(31 * DAY)
    // 30 days of the free row's usage are over; the next end would be beyond the subscription's.
    expect((await rig.view(later)).limits.parsing.resetsAt).toEqual(new Date(START + 70 * DAY + HOUR))
  })

  test('§11.22: a free user after 30 days gets 402 before the job, a unit after it', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.reserve(id)
    rig.clock.advance(30 * DAY)
    expect((await refusal(rig.reserve(id)))[0]).toBe(402)
    await rig.work.jobs['subscription-expiration']()
    expect(await rig.reserve(id)).toBe(2)
    expect(await rig.view(id)).toMatchObject({ active: true, current: { expiresAt: new Date(START + 60 * DAY) } })
  })
})
