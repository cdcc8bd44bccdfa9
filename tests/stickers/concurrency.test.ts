import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { makeProcesses, problems, type Rig, statuses } from './rig.ts'

/** Sends `count` requests at once, spread over the processes. */
const storm = (apps: Rig[], count: number, send: (app: Rig, n: number) => ReturnType<Rig['send']>) =>
  Promise.all(Array.from({ length: count }, (_, n) => send(apps[n % apps.length] as Rig, n)))

onEachDatabase('stickers: concurrency', (database) => {
  test('stickers issue 5: 200 concurrent creates of one name are one 201 and 199 clear 400s, one row, one award', async () => {
    const apps = await makeProcesses(database, 3)
    const [app] = apps
    const spelled = ['rush', 'RUSH', 'Rush', 't.me/addstickers/rUsH']
    const answers = await storm(apps, 200, (one, n) =>
      one.send('POST', `?userId=${1 + (n % 5)}`, { name: spelled[n % 4], visibility: 'PUBLIC', categoryKeys: ['cute', 'memes'] }),
    )
    expect(statuses(answers)).toEqual({ 201: 1, 400: 199 })
    for (const answer of answers) if (answer.status === 400) expect(problems(answer)).toEqual([['name', 'already_exists']])
    expect([await app.count('stickersets'), await app.count('sticker_art_transactions')]).toEqual([1, 1])
    expect([await app.count('stickerset_audit'), await app.count('sticker_profiles')]).toEqual([1, 1])
    const owner = answers.find((answer) => answer.status === 201)!.body.userId
    expect(await app.balance(owner)).toBe(10)
  }, 300_000)

  test('stickers issue 5: of 200 concurrent publishes one is 200, with one award', async () => {
    const apps = await makeProcesses(database, 3)
    const [app] = apps
    const { id } = await app.create('one')
    const answers = await storm(apps, 200, (one) => one.send('POST', `/${id}/publish`))
    expect(statuses(answers)).toEqual({ 200: 1, 400: 199 })
    for (const answer of answers) if (answer.status === 400) expect(problems(answer)).toEqual([['visibility', 'already_public']])
    expect([await app.balance(1), await app.count('sticker_art_transactions')]).toEqual([10, 1])
  }, 300_000)

  test('stickers §6: revivals and inserts of one name by several owners at once leave one active set and one award', async () => {
    const apps = await makeProcesses(database, 3)
    const [app] = apps
    for (const userId of [1, 2, 3]) {
      const { id } = await app.create('fought', {}, `userId=${userId}`)
      await app.must(204, 'DELETE', `/${id}`)
    }
    for (let round = 0; round < 5; round++) {
      const answers = await storm(apps, 24, (one, n) =>
        one.send('POST', `?userId=${1 + (n % 6)}`, { name: n % 2 ? 'fought' : 'FOUGHT', visibility: 'PUBLIC' }),
      )
      expect(statuses(answers)).toEqual({ 201: 1, 400: 23 })
      expect(await app.count('stickersets', `state = 'ACTIVE'`)).toBe(1)
      const { id } = answers.find((answer) => answer.status === 201)!.body
      await app.must(204, 'DELETE', `/${id}`)
    }
    expect(await app.count('sticker_art_transactions')).toBeLessThanOrEqual(1)
  }, 300_000)

  test('stickers §6: a mix of everything on a few sets ends with balances that equal the ledger, and no 500', async () => {
    const apps = await makeProcesses(database, 3)
    const [app] = apps
    const sets: any[] = []
    for (let n = 0; n < 4; n++) sets.push(await app.create(`mix_${n}`, {}, 'userId=1'))
    const answers = await storm(apps, 240, (one, n) => {
      const { id } = sets[n % 4]
      const kind = (n >> 2) % 5
      if (kind === 0) return one.send('POST', `?userId=${1 + (n % 2)}`, { name: `mix_${n % 4}`, visibility: 'PUBLIC' })
      if (kind === 1) return one.send('DELETE', `/${id}`)
      if (kind === 2) return one.send('POST', `/${id}/unpublish`)
      if (kind === 3) return one.send('POST', '?userId=1', { name: `solo_${n}`, visibility: 'PUBLIC' })
      return one.send('POST', `/${id}/publish`)
    })
    expect(Object.keys(statuses(answers)).filter((status) => !['200', '201', '204', '400', '404'].includes(status))).toEqual([])
    const ledger = await app.rows(
      'select user_id as "user", count(*) as n, sum(delta) as total, max(balance_after) as top from sticker_art_transactions group by user_id',
    )
    for (const { user, n, total, top } of ledger) {
      expect([Number(total), Number(top)]).toEqual([Number(n) * 10, Number(n) * 10])
      expect(await app.balance(Number(user))).toBe(Number(total))
    }
    expect(await app.count('sticker_art_transactions', `external_id like 'sticker-publish:solo%'`)).toBe(48)
    const active = await app.rows(
      `select lower(name) as name, count(*) as n from stickersets where state <> 'DELETED' group by lower(name)`,
    )
    for (const { n } of active) expect(Number(n)).toBe(1)
  }, 300_000)
})
