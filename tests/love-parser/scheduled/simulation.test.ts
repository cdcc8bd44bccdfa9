import { expect, test } from 'bun:test'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, HOUR, makeRig, paid, type Rig, START } from '../subscriptions/rig.ts'

const STEP = 12 * HOUR
const MONTHS_14 = 426

const line = (day: number, who: string, what: string) => `${String(day).padStart(5)}  ${who.padEnd(8)} ${what}`

interface Seen {
  row: string
  period: number
  told: number
  orders: string
  searches: number
}

/** What the scheduled work did to a person in one step, in words. */
const changes = (before: Seen, after: Seen, told: string[]): string[] => [
  ...(after.row === before.row ? [] : [after.row]),
  ...(after.period > before.period ? [`refill ${after.period}`] : []),
  ...(after.orders === before.orders ? [] : [`orders ${after.orders}`]),
  ...(after.searches < before.searches ? ['data deleted'] : []),
  ...told.slice(before.told),
]

const look = async (rig: Rig, id: string): Promise<[Seen, string[]]> => {
  const row = (await rig.rowsOf(id)).at(-1)
  const told = (await rig.notificationsOf(id)).map(({ template }) => template)
  return [
    {
      row: row ? `${row.planCode} ${row.status} to ${(row.expiresAt.getTime() - START) / DAY}` : 'nothing',
      period: (await rig.usageOf(id))?.period ?? 0,
      told: told.length,
      orders: (await rig.paymentsOf(id)).map(({ status }) => status).join(','),
      searches: await rig.searchesOf(id),
    },
    told,
  ]
}

onEachDatabase('fourteen months', (database) => {
  test('§8, issue 3: free renewal, expiry, reminders, cleanup and refill happen on their days, and only then', async () => {
    const rig = await makeRig(database)
    await rig.schedules.register()
    const people = {
      free: await rig.free(),
      monthly: await rig.free(),
      yearly: await rig.free(),
      forgets: await rig.free(),
      blocked: await rig.free(),
    }
    /** What people do, by day; the rest is the scheduled work's. */
    const deeds: Record<number, () => Promise<unknown>> = {
      5: () => rig.buy(people.yearly, 'year'),
      10: () => rig.buy(people.monthly, 'month'),
      11: () => rig.data(people.monthly),
      20: () => rig.order(people.forgets, 'week'),
      25: async () => rig.subscriptions.receivePayment(paid('3', '450.00'), '1.2.3.4'),
      38: () => rig.buy(people.monthly, 'month'),
      45: () => rig.block(people.blocked),
      100: () => rig.ensureFree(people.monthly),
      200: () => rig.block(people.blocked, 'active'),
      300: () => rig.data(people.yearly),
    }
    const table: string[] = []
    const names = Object.keys(people) as (keyof typeof people)[]
    for (let at = 0; at <= MONTHS_14 * DAY; at += STEP) {
      rig.clock.set(START + at)
      await deeds[at / DAY]?.()
      const before = await Promise.all(names.map((name) => look(rig, people[name])))
      await rig.schedules.tick()
      await rig.drain()
      for (const [n, name] of names.entries()) {
        const [after, told] = await look(rig, people[name])
        const happened = changes(before[n]![0], after, told)
        if (happened.length > 0) table.push(line(at / DAY, name, happened.join('; ')))
      }
    }
    const renewals = (name: string, from: number, period: number) =>
      Array.from({ length: Math.floor((MONTHS_14 - from) / 30) + 1 }, (_, n) =>
        line(from + 30 * n, name, `free active to ${from + 30 * (n + 1)}; refill ${period + n}`),
      )
    const expected = [
      line(20.5, 'forgets', 'PAYMENT_PENDING_REMINDER'),
      line(21, 'forgets', 'orders failed'),
      // Paid on day 25 all the same.
      line(31.5, 'forgets', 'SUBSCRIPTION_EXPIRING'),
      line(32, 'forgets', 'week expired to 32'),
      ...renewals('free', 30, 2),
      // Bought on day 10 and again on day 38: the second one's period ends before the subscription does.
      line(68, 'monthly', 'refill 4'),
      line(69.5, 'monthly', 'SUBSCRIPTION_EXPIRING'),
      line(70, 'monthly', 'month expired to 70'),
      line(72.5, 'monthly', 'data deleted; DATA_REMOVAL'),
      // A login on day 100 has granted a free period.
      ...renewals('monthly', 130, 6),
      line(369.5, 'yearly', 'SUBSCRIPTION_EXPIRING'),
      line(370, 'yearly', 'year expired to 370'),
      line(372.5, 'yearly', 'data deleted; DATA_REMOVAL'),
      // Blocked from day 45 to 200, and then goes on by whole periods.
      line(30, 'blocked', 'free active to 60; refill 2'),
      line(200, 'blocked', 'free active to 210; refill 3'),
      ...renewals('blocked', 210, 4),
    ]
    if (database.dialect === 'sqlite') console.log(`  day  who      what the scheduled work did\n${table.join('\n')}`)
    expect(table.toSorted()).toEqual(expected.toSorted())
  }, 120_000)
})
