import { expect, test } from 'bun:test'
import { AUTH, makeRig as makeCrawler, path } from '../crawler/rig.ts'
import { openEvents } from '../crawler/stream-rig.ts'
import { adminOf, bearerOf } from '../gifty/access-rig.ts'
import { makeRig as makeLoveParser } from '../love-parser/rig.ts'
import { onEachDatabase } from '../support/databases.ts'
import { eventually, turns } from '../support/eventually.ts'
import { SECOND } from '../support/fake-clock.ts'

onEachDatabase('security: what lives longer than a request', (database) => {
  test('M3: a crawler event stream ends within 10 s of the change of its credential, and of its end', async () => {
    const rig = await makeCrawler(database, { env: { FAMILIES: 'crawler,gifty' } })
    const origin = rig.listen()
    try {
      await rig.create('a/b')
      const superadmin = await adminOf(rig as never, 7)
      const expiring = await bearerOf(rig as never, 7, 5)
      const lasting = await openEvents(origin, path('a/b', '/events'), AUTH)
      const byTime = await openEvents(origin, path('a/b', '/events'), expiring)
      await byTime.next('connection_ready')
      const seconds = async (count: number) => {
        for (let n = 0; n < count; n++) {
          rig.clock.advance(SECOND)
          await rig.crawler.streams.sweep()
        }
      }
      await seconds(10)
      await eventually(() => rig.crawler.streams.events.count() === 1)
      const byChange = await openEvents(origin, path('a/b', '/events'), superadmin)
      await byChange.next('connection_ready')
      await rig.query('update telegram_subscribers set is_active = false where chat_id = 7')
      await seconds(10)
      await eventually(() => rig.crawler.streams.events.count() === 1)
      await byTime.ended()
      await byChange.ended()
      lasting.close()
    } finally {
      await rig.stop()
    }
  })

  test('M3: a progress stream of Love Parser ends within 10 s of a block of its user', async () => {
    const rig = await makeLoveParser(database)
    const person = await rig.login()
    const { search_id } = (await rig.search(person)).body
    const response = await rig.app.handle(
      new Request(`http://localhost/api/v1/parsing/${search_id}/progress`, { headers: person.headers }),
    )
    expect(response.status).toBe(200)
    const reading = response.text()
    await rig.setUser(person, { status: 'blocked' })
    const isOver = () => rig.loveParser!.progress.count() === 0
    // Seconds of this clock pass faster than the store answers, so more than ten may; none that is due is left out.
    for (let second = 0; second < 600 && !isOver(); second++) {
      await eventually(() => isOver() || rig.clock.sleeping() > 0)
      rig.clock.advance(SECOND)
      await turns(5)
    }
    expect(isOver()).toBe(true)
    expect(await reading).toContain('"status":"pending"')
    await rig.stop()
  })
})
