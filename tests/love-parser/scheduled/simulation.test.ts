import { expect, test } from 'bun:test'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, HOUR } from '../../support/fake-clock.ts'
import { makeRig, paid, type Rig, START } from '../subscriptions/rig.ts'

/** People act at midnight, the scheduled work at the hour of its nightly job. */
const AT = 2 * HOUR
const MONTHS_14 = 426

const line = (day: number, who: string, what: string) => `${String(day).padStart(5)}  ${who.padEnd(8)} ${what}`

interface Seen {
  row: string
  period: number
  templates: string[]
  orders: string
  searches: number
}

/** What the scheduled work did to a person in one step, in words. */
const changes = (before: Seen, after: Seen): string[] => [
  ...(after.row === before.row ? [] : [after.row]),
  ...(after.period > before.period ? [`refill ${after.period}`] : []),
  ...(after.orders === before.orders ? [] : [`orders ${after.orders}`]),
  ...(after.searches < before.searches ? ['data deleted'] : []),
  ...after.templates.slice(before.templates.length),
]

/** Everyone's state, with five queries: a step has hundreds of brothers. */
const look = async (rig: Rig): Promise<Map<string, Seen>> => {
  const rows = await rig.everything()
  const of = <T extends { userId: string }>(all: T[], id: string) => all.filter((one) => one.userId === id)
  return new Map(
    rows.users.map((id) => {
      const row = of(rows.subscriptions, id).at(-1)
      return [
        id,
        {
          row: row ? `${row.planCode} ${row.status} to ${(row.expiresAt.getTime() - START) / DAY}` : 'nothing',
          period: of(rows.usage, id).find((one) => one.category === 'parsing')?.period ?? 0,
          templates: of(rows.notifications, id).map(({ template }) => template),
          orders: of(rows.payments, id)
            .map(({ status }) => status)
            .join(','),
          searches: of(rows.searches, id).length,
        },
      ]
    }),
  )
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
    let before = await look(rig)
    const names = Object.keys(people) as (keyof typeof people)[]
    for (let at = 0; at <= MONTHS_14 * DAY; at += DAY) {
      rig.clock.set(START + at)
      const deed = deeds[at / DAY]
      if (deed) {
        await deed()
        before = await look(rig)
      }
      rig.clock.set(START + at + AT)
      await rig.schedules.tick()
      await rig.drain()
      const after = await look(rig)
      for (const name of names) {
        const happened = changes(before.get(people[name])!, after.get(people[name])!)
        if (happened.length > 0) table.push(line(at / DAY, name, happened.join('; ')))
      }
      before = after
    }
    const renewals = (name: string, from: number, period: number) =>
      Array.from({ length: Math.floor((MONTHS_14 - from) / 30) + 1 }, (_, n) =>
        line(from + 30 * n, name, `free active to ${from + 30 * (n + 1)}; refill ${period + n}`),
      )
    const expected = [
      line(20, 'forgets', 'PAYMENT_PENDING_REMINDER'),
      line(21, 'forgets', 'orders failed'),
      // Paid on day 25 all the same.
      line(31, 'forgets', 'SUBSCRIPTION_EXPIRING'),
      line(32, 'forgets', 'week expired to 32'),
      ...renewals('free', 30, 2),
      // Bought on day 10 and again on day 38: the second one's period ends before the subscription does.
      line(68, 'monthly', 'refill 4'),
      line(69, 'monthly', 'SUBSCRIPTION_EXPIRING'),
      line(70, 'monthly', 'month expired to 70'),
      line(72, 'monthly', 'data deleted; DATA_REMOVAL'),
      // A login on day 100 has granted a free period.
      ...renewals('monthly', 130, 6),
      line(369, 'yearly', 'SUBSCRIPTION_EXPIRING'),
      line(370, 'yearly', 'year expired to 370'),
      line(372, 'yearly', 'data deleted; DATA_REMOVAL'),
      // Blocked from day 45 to 200, and then prolonged by whole periods.
      line(30, 'blocked', 'free active to 60; refill 2'),
      line(200, 'blocked', 'free active to 210; refill 3'),
      ...renewals('blocked', 210, 4),
    ]
    if (database.dialect === 'sqlite') console.log(`  day  who      what the scheduled work did\n${table.join('\n')}`)
    expect(table.toSorted()).toEqual(expected.toSorted())
  }, 300_000)
})
