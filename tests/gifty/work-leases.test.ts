import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { makeProcesses, makeRig, products, type Rig } from './rig.ts'
import { giftId, poll, scored, submit, unscored } from './scoring-rig.ts'

/** Polls and submits until `turns` are over or nothing is left; answers what it was handed, submitted or not. */
const work = async (app: Rig, worker: string, limit: number, turns: number, dies: boolean) => {
  const handed: string[] = []
  for (let turn = 0; turn < turns; turn++) {
    const got = await poll(app, worker, limit)
    handed.push(...got)
    if (got.length === 0 || (dies && turn === turns - 1)) break
    const answer = await submit(app, ...got.map((n) => scored(giftId(n))))
    expect(answer.body).toMatchObject({ status: 'ok', updated: got.length, rejected: [] })
  }
  return handed
}

onEachDatabase('gifty leases on rows', (database) => {
  test('10 concurrent pollers over 2,000 products: every product handed out once, 2,000 scored, none lost when 3 pollers die', async () => {
    const apps = await makeProcesses(database, 3)
    const [app] = apps as [Rig, ...Rig[]]
    for (let n = 0; n < 4; n++)
      await app.ingest(products(500).map((item, i) => ({ ...item, product_url: `https://shop.example/p/${n * 500 + i}` })))
    // Three of them take rows and never say a word again.
    const first = await Promise.all(
      Array.from({ length: 10 }, (_, n) => work(apps[n % 3] as Rig, `w${n}`, 23 + n, n < 3 ? 2 : Infinity, n < 3)),
    )
    const handed = first.flat()
    expect(handed).toHaveLength(2000)
    expect(new Set(handed).size).toBe(2000)
    const lost = await unscored(app)
    // The last turn of each of the three.
    expect(lost).toBe(23 + 24 + 25)
    expect(await poll(app, 'w9')).toEqual([])
    app.clock.advance(900_000)
    const second = (
      await Promise.all(Array.from({ length: 7 }, (_, n) => work(apps[n % 3] as Rig, `w${n + 3}`, 7, Infinity, false)))
    ).flat()
    expect(second).toHaveLength(lost)
    expect(new Set(second).size).toBe(lost)
    expect(await unscored(app)).toBe(0)
    expect(await app.rows('products where llm_gift_score is not null')).toBe(2000)
    expect(await app.rows("tasks where state <> 'completed'")).toBe(0)
  }, 300_000)

  test('gifty §5: anonymous callers at once share free rows out before they share leased ones', async () => {
    const apps = await makeProcesses(database, 2)
    const [app] = apps as [Rig, ...Rig[]]
    await app.ingest(products(40))
    const seen = await Promise.all(Array.from({ length: 4 }, (_, n) => poll(apps[n % 2] as Rig, undefined, 10)))
    expect(new Set(seen.flat()).size).toBe(40)
    // All are leased now: every one of them gets as many as it asks for.
    const again = await Promise.all(Array.from({ length: 4 }, (_, n) => poll(apps[n % 2] as Rig, undefined, 40)))
    expect(again.map((rows) => new Set(rows).size)).toEqual([40, 40, 40, 40])
  })

  test('a task that no worker takes for a day after its lease is cancelled; what is leased stays', async () => {
    const app = await makeRig(database)
    const live = "tasks where kind = 'scoring' and state in ('queued', 'leased')"
    await app.ingest(products(3))
    await poll(app, 'w1', 1, '&lease_seconds=5')
    app.clock.advance(3 * 3_600_000)
    await poll(app, 'w2', 2, '&lease_seconds=3600')
    await app.tick()
    expect(await app.rows(live)).toBe(2)
    await poll(app, 'w3', 3, '&lease_seconds=5')
    expect(await app.rows(live)).toBe(3)
    app.clock.advance(25 * 3_600_000)
    await app.tick()
    expect(await app.rows(live)).toBe(0)
    expect(await poll(app, 'w3', 3)).toHaveLength(3)
  })
})
