import { describe, expect, test } from 'bun:test'
import { PLANS_ANSWER } from '../../../src/love-parser/subscriptions/index.ts'
import {
  expiryOfActivation,
  isPlanCode,
  nextAfter,
  PLANS,
  planOf,
  renewalStatusOf,
} from '../../../src/love-parser/subscriptions/periods.ts'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, iso } from '../../support/fake-clock.ts'
import { makeRig, START } from './rig.ts'

const now = new Date(START)
const current = (planCode: string | null, leftMs: number, planName: string | null = null) => ({
  planCode,
  planName,
  expiresAt: new Date(START + leftMs),
})
const gain = (plan: keyof typeof PLANS, before?: ReturnType<typeof current>) =>
  expiryOfActivation(PLANS[plan], before, now).getTime() - START

describe('activation', () => {
  test('§11.21: month with 30 d left then week: now + 7 d + 1 276 800 000 ms', () => {
    expect(gain('week', current('month', 30 * DAY))).toBe(7 * DAY + 1_276_800_000)
  })

  test('§6: the same plan is prolonged from its end, or from now when it has ended', () => {
    expect(gain('month', current('month', 10 * DAY))).toBe(40 * DAY)
    expect(gain('month', current('month', -10 * DAY))).toBe(30 * DAY)
    expect(gain('year', current('pro-yearly', DAY))).toBe(366 * DAY)
  })

  test('§6: free gives 0, and so does a plan that has ended, or none', () => {
    expect(gain('month', current('free', 29 * DAY))).toBe(30 * DAY)
    expect(gain('week', current('year', -1))).toBe(7 * DAY)
    expect(gain('year')).toBe(365 * DAY)
    expect(gain('free', current('year', 100 * DAY))).toBe(30 * DAY)
  })

  test('§6: milliseconds are exact and rounded down, also where a float would not be', () => {
    // 1 ms of a year is 5750*7 / (450*365) ms of a week: 0.245...
    expect(gain('week', current('year', 1))).toBe(7 * DAY)
    expect(gain('week', current('year', 5))).toBe(7 * DAY + 1)
    const left = 7300 * DAY + 1
    expect(gain('year', current('week', left))).toBe(365 * DAY + Number((BigInt(left) * 450n * 365n) / (5750n * 7n)))
  })
})

describe('plans', () => {
  test('§6: the price list, in its order', () => {
    expect(
      PLANS_ANSWER.plans.map(({ type, name, price, currency, limits }) => [
        type,
        name,
        price,
        currency,
        ...Object.values(limits),
      ]),
    ).toEqual([
      ['free', 'Бесплатный', 0, 'RUB', 1, 1, 0],
      ['week', 'Неделя', 450, 'RUB', 10, 10, 10],
      ['month', 'Месяц', 950, 'RUB', 50, 50, 50],
      ['year', 'Год', 5750, 'RUB', -1, -1, -1],
    ])
    expect([isPlanCode('week'), isPlanCode('pro-weekly'), isPlanCode(null)]).toEqual([true, false, false])
  })

  test('§3: a code, else a name, that contains year, month, week in that precedence, else free', () => {
    const codeOf = (planCode: string | null, planName: string | null = null) => planOf({ planCode, planName }).code
    expect([codeOf('trial-weekly'), codeOf('PRO-Monthly'), codeOf('week-of-the-year'), codeOf('basic')]).toEqual([
      'week',
      'month',
      'year',
      'free',
    ])
    expect([codeOf(null, 'Monthly plan'), codeOf('basic', 'Monthly plan'), codeOf(null)]).toEqual(['month', 'free', 'free'])
  })

  test('§6: a period that was missed several times advances by whole ones', () => {
    expect(nextAfter(now, 30, new Date(START))).toEqual(new Date(START + 30 * DAY))
    expect(nextAfter(now, 30, new Date(START + 30 * DAY - 1))).toEqual(new Date(START + 30 * DAY))
    expect(nextAfter(now, 30, new Date(START + 95 * DAY))).toEqual(new Date(START + 120 * DAY))
    expect(nextAfter(now, 30, new Date(START - 1))).toEqual(now)
  })

  test('§11.17: renewal_status: expired unless active, auto for the words that mean it, else manual', () => {
    const of = (metadata: Record<string, unknown>, more = {}) =>
      renewalStatusOf(
        { planCode: 'pro-monthly', planName: null, status: 'active', expiresAt: new Date(START + 1), metadata, ...more } as never,
        now,
      )
    for (const yes of [true, 1, -1, 'true', '1', 'yes', 'auto']) {
      expect(of({ autoRenew: yes })).toBe('auto')
      expect(of({ auto_renew: yes })).toBe('auto')
      expect(of({ autoRenew: yes }, { expiresAt: now })).toBe('expired')
    }
    for (const no of [false, 0, '', 'no', '2', null, {}]) expect(of({ autoRenew: no, auto_renew: no })).toBe('manual')
    expect(of({ renewal: 'auto' })).toBe('auto')
    expect(of({ renewal: 'manual' })).toBe('manual')
    expect(of({ autoRenew: true }, { status: 'cancelled' })).toBe('expired')
    expect(of({ autoRenew: true }, { status: 'trialing' })).toBe('auto')
    expect(of({ autoRenew: true }, { planCode: 'free' })).toBe('manual')
  })
})

onEachDatabase('subscription views', (database) => {
  test('§11.2, §3: a first login has an active free plan with limits 1/1/0', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    const resetsAt = new Date(START + 30 * DAY)
    expect(await rig.view(id)).toEqual({
      current: expect.objectContaining({ planCode: 'free', planName: 'Бесплатный', expiresAt: resetsAt }),
      active: true,
      status: 'active',
      plan: 'free',
      renewalStatus: 'manual',
      autoRenewal: false,
      limits: {
        parsing: { limit: 1, used: 0, resetsAt },
        audience: { limit: 1, used: 0, resetsAt },
        broadcast: { limit: 0, used: 0, resetsAt },
      },
    })
    expect(await rig.ensureFree(id)).toBe(false)
    expect(await rig.rowsOf(id)).toHaveLength(1)
  })

  test('§6: without a row: free, expired, null, manual, false', async () => {
    const rig = await makeRig(database)
    expect(await rig.view(await rig.user())).toEqual({
      current: undefined,
      active: false,
      status: 'expired',
      plan: 'free',
      renewalStatus: 'manual',
      autoRenewal: false,
      limits: {
        parsing: { limit: 0, used: 0, resetsAt: null },
        audience: { limit: 0, used: 0, resetsAt: null },
        broadcast: { limit: 0, used: 0, resetsAt: null },
      },
    })
  })

  test('§11.17: trial-weekly, past date, autoRenew -> week, expired, expired; pro-monthly active autoRenew -> month, active, auto', async () => {
    const rig = await makeRig(database)
    const [past, live] = [await rig.user(), await rig.user()]
    await rig.row(past, {
      planCode: 'trial-weekly',
      status: 'trialing',
      expiresAt: new Date(START - DAY),
      metadata: { autoRenew: true },
    })
    await rig.row(live, { planCode: 'pro-monthly', expiresAt: new Date(START + DAY), metadata: { autoRenew: true } })
    const shown = async (id: string) => {
      const { plan, status, renewalStatus, autoRenewal } = await rig.view(id)
      return [plan, status, renewalStatus, autoRenewal]
    }
    expect(await shown(past)).toEqual(['week', 'expired', 'expired', false])
    expect(await shown(live)).toEqual(['month', 'active', 'auto', true])
  })

  test('§6: the current row is the one with the greatest end; a row without usage shows its plan', async () => {
    const rig = await makeRig(database)
    const id = await rig.user()
    await rig.row(id, { planCode: 'week', expiresAt: new Date(START + DAY) })
    await rig.row(id, { planCode: 'month', expiresAt: new Date(START + 3 * DAY), startedAt: new Date(START - 40 * DAY) })
    await rig.row(id, { planCode: 'year', status: 'expired', expiresAt: new Date(START - DAY) })
    const { plan, limits } = await rig.view(id)
    expect(plan).toBe('month')
    expect(limits.parsing).toEqual({ limit: 50, used: 0, resetsAt: new Date(START + 3 * DAY) })
    expect(await rig.reserve(id)).toBe(1)
    expect((await rig.view(id)).limits.parsing).toEqual({ limit: 50, used: 1, resetsAt: new Date(START + 3 * DAY) })
  })

  test('§6: after a paid plan has ended a login grants a free period, and the paid row stays', async () => {
    const rig = await makeRig(database)
    const id = await rig.free()
    await rig.buy(id, 'week')
    rig.clock.advance(8 * DAY)
    await rig.work.jobs['subscription-expiration']()
    expect((await rig.view(id)).active).toBe(false)
    expect(await rig.ensureFree(id)).toBe(true)
    expect(await rig.rowsOf(id)).toMatchObject([
      { planCode: 'week', status: 'expired' },
      { planCode: 'free', status: 'active', expiresAt: new Date(START + 38 * DAY) },
    ])
    expect(await rig.view(id)).toMatchObject({ plan: 'free', active: true, limits: { parsing: { limit: 1, used: 0 } } })
  })

  test('§6: a login in an ended free period grants a new one in place; one after a cancelled plan is not hidden by it', async () => {
    const rig = await makeRig(database)
    const [id, other] = [await rig.free(), await rig.user()]
    await rig.row(other, { planCode: 'year', status: 'cancelled', expiresAt: new Date(START + 300 * DAY) })
    rig.clock.advance(31 * DAY)
    expect(await rig.ensureFree(id)).toBe(true)
    expect((await rig.rowsOf(id)).map((row) => iso(row.expiresAt))).toEqual([iso(START + 61 * DAY)])
    expect(await rig.ensureFree(other)).toBe(true)
    expect(await rig.view(other)).toMatchObject({ plan: 'free', active: true })
  })

  test('§3: parallel logins grant one free period', async () => {
    const rig = await makeRig(database)
    const id = await rig.user()
    const second = await rig.another()
    const dbs = [rig.db, await database.second()]
    const granted = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        dbs[n % 2]!.tx((tx) => [rig, second][n % 2]!.subscriptions.ensureFree(tx, id, rig.now())),
      ),
    )
    expect(granted.filter(Boolean)).toHaveLength(1)
    expect(await rig.rowsOf(id)).toHaveLength(1)
  })
})
