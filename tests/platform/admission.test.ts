import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import type { Db } from '../../src/platform/db/index.ts'
import { openPostgres } from '../../src/platform/db/postgres.ts'
import { createAdmission } from '../../src/platform/db/postgres-watch.ts'
import { ownPostgres } from '../support/databases.ts'

/** A queue in front of a database that serves `perSecond` transactions, `places` at once. */
const queueOf = (places: number, limitMs: number) => {
  let time = 0
  const admission = createAdmission({ places, limitMs, now: () => time })
  return {
    admission,
    enter: (count: number) => {
      for (let n = 0; n < count; n++) admission.begin()
    },
    serve: (count: number, perSecond: number) => {
      for (let n = 0; n < count; n++) {
        time += 1000 / perSecond
        admission.end()
      }
    },
    pass: (ms: number) => {
      time += ms
    },
  }
}

describe('architecture §8: admission', () => {
  test('a slow database is slow: a queue that is served within the limit is never refused', () => {
    const { enter, serve } = queueOf(10, 60_000)
    enter(32)
    // Two a second, as on a machine with ten busy loops: 32 callers that come again and again wait 16 s each.
    for (let n = 0; n < 500; n++) {
      serve(1, 2)
      enter(1)
    }
  })

  test('more than can be served in time is refused with the time after which to come again, and is taken again later', () => {
    const { admission, enter, serve } = queueOf(10, 60_000)
    enter(200)
    serve(16, 1)
    const refused = (() => {
      try {
        admission.begin()
      } catch (error) {
        return error as { status: number; code: string; headers: Record<string, string> }
      }
    })()
    expect(refused).toMatchObject({ status: 503, code: 'unavailable', headers: { 'retry-after': '60' } })
    expect(admission.open()).toBe(184)
    serve(125, 1)
    expect(() => admission.begin()).not.toThrow()
    serve(60, 100)
    expect(admission.open()).toBe(0)
    enter(1000)
  })

  test('a burst is not judged before there is a rate, and a queue that stands still is judged by the time that passes', () => {
    const { admission, enter, serve, pass } = queueOf(2, 10_000)
    enter(500)
    serve(16, 100)
    enter(1)
    pass(10_000)
    expect(() => admission.begin()).toThrow('More requests wait')
  })
})

const postgresUrl = process.env.TEST_DATABASE_URL
if (!postgresUrl) console.warn('skipped: admission on Postgres (TEST_DATABASE_URL is not set)')
describe.skipIf(!postgresUrl)('admission on Postgres', () => {
  let own: Awaited<ReturnType<typeof ownPostgres>>
  let db: Db
  beforeAll(async () => {
    own = await ownPostgres({ isMigrated: true })
    db = await openPostgres({ url: own.url, poolMax: 2, queueMs: 500 })
  })
  afterAll(async () => {
    await db.close()
    await own.drop()
  })

  test('transactions that wait are served, the one that would wait in vain is refused without a statement', async () => {
    const slow = () =>
      db.tx(function* (tx) {
        yield* tx.sql(sql`select pg_sleep(0.05)`)
        return 'done'
      })
    let served = 0
    const waiting = Array.from({ length: 80 }, () =>
      slow().then((answer) => {
        served++
        return answer
      }),
    )
    await Promise.all(waiting.slice(0, 20))
    await expect(slow()).rejects.toMatchObject({ status: 503, headers: { 'retry-after': expect.any(String) } })
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['done']))
    expect(served).toBe(80)
    expect(await slow()).toBe('done')
  })
})
