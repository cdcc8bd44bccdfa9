import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { NOTIFICATION_TOPIC } from '../../../src/love-parser/notifications.ts'
import { onEachDatabase } from '../../support/databases.ts'
import { DAY, fakeClock, HOUR } from '../../support/fake-clock.ts'
import { makeRig, type Rig, START, statusAndCode } from '../rig.ts'

/** Ticks one by one, each with all the work that follows from it. */
const turn = async (rig: Rig, at: number) => {
  rig.clock.set(at)
  await rig.tick()
  await rig.runner.drain(['love-parser.job'])
  await rig.runner.drain(['love-parser.notifications'])
}

onEachDatabase('scheduled work of the whole app', (database) => {
  test('§11.22: a free user after 30 days gets 402 before the job, 202 after it', async () => {
    const rig = await makeRig(database, { clock: fakeClock(START) })
    await rig.login('+79990000011')
    rig.clock.set(START + 29 * DAY)
    // Of the same person, so that the token outlives the plan.
    const later = await rig.login('+79990000011')
    rig.clock.set(START + 30 * DAY)
    expect(statusAndCode(await rig.search(later))).toEqual([402, 'SUBSCRIPTION_REQUIRED'])
    await turn(rig, START + 30 * DAY)
    expect((await rig.search(later)).status).toBe(202)
  })

  test('§8, §11.23: cleanup at 02:00 deletes searches, channels and segments of a lapsed plan, notifies the person, and is counted', async () => {
    const rig = await makeRig(database, { clock: fakeClock(START) })
    const person = await rig.login()
    const id = await rig.found(person)
    const segment = await rig.post('/api/v1/audience/segments', { name: 'all', source_parsing_id: id }, person.headers)
    expect(segment.status).toBe(201)
    await rig.setSubscription(person, { planCode: 'month', status: 'expired', expiresAt: new Date(START + 2 * HOUR) })
    const received: any[] = []
    rig.platform.bus.subscribe(NOTIFICATION_TOPIC, (message) => received.push(message))

    await turn(rig, START + 2 * DAY)
    expect(received).toEqual([])
    await turn(rig, START + 2 * DAY + 2 * HOUR)
    expect(statusAndCode(await rig.get(`/api/v1/parsing/${id}`, person.headers))).toEqual([404, 'NOT_FOUND'])
    expect((await rig.get('/api/v1/audience/segments', person.headers)).body).toEqual([])
    expect(received).toMatchObject([
      { userId: person.id, channel: 'telegram', template: 'DATA_REMOVAL', metadata: { searches: 1, segments: 1, channels: 100 } },
    ])
    const [left] = await rig.db.sql<{ n: number }>(sql`select count(*) as n from parsed_channels`)
    expect(Number(left!.n)).toBe(0)
    const lines = ((await rig.get('/metrics', {})).body as string).split('\n')
    const shown = (name: string) => lines.filter((line) => line.startsWith(name))
    // The slot of the day before was missed, and ran with the first turn.
    expect(shown('cron_job_runs_total{job_name="subscription-cleanup"')).toEqual([
      'cron_job_runs_total{job_name="subscription-cleanup",status="success"} 2',
    ])
    expect(shown('cron_job_duration_seconds_count{job_name="subscription-cleanup"')).toHaveLength(1)
    expect(shown('subscription_active_count')).toEqual(['subscription_active_count 0'])
  })
})
