import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { DECOY, hashPassword, verifyPassword } from '../../src/gifty/subscribers/service.ts'
import { onEachDatabase } from '../support/databases.ts'
import { MINUTE } from '../support/fake-clock.ts'
import { codeOf, makeProcesses, makeRig, problemOf, type Rig } from './rig.ts'

const INVITES = '/internal/telegram/invites'
const invite = (app: Rig, more: Record<string, unknown> = {}) =>
  app.ok('POST', INVITES, { username: 'guest', password: 'right', ...more })
const claim = (app: Rig, more: Record<string, unknown> = {}) =>
  app.post(`${INVITES}/claim`, { username: 'guest', password: 'right', chat_id: 5, ...more })
const wrong = { status: 404, body: { error: { code: 'not_found', message: 'Invite not found or password invalid' } } }
const limited = [429, 'rate_limited']

test('gifty §7: passwords are argon2id, and hashing leaves the event loop alone', async () => {
  let turns = 0
  const turning = setInterval(() => turns++, 1)
  const hashes = await Promise.all(Array.from({ length: 8 }, () => hashPassword('secret')))
  clearInterval(turning)
  // Were it done on this thread, no timer would have had a turn before all were done.
  expect(turns).toBeGreaterThan(0)
  for (const hash of hashes) expect(hash).toStartWith('$argon2id$')
  expect(new Set(hashes).size).toBe(8)
  expect(await verifyPassword('secret', hashes[0] as string)).toBe(true)
  expect(await verifyPassword('Secret', hashes[0] as string)).toBe(false)
  expect(await verifyPassword('secret', null)).toBe(false)
})

test('gifty §7: an unknown name is checked at the cost of a known one', async () => {
  const costOf = (hash: string) => hash.split('$').slice(1, 4)
  const hash = await hashPassword('secret')
  expect(costOf(DECOY)).toEqual(costOf(hash))
  expect(DECOY.length).toBe(hash.length)
  for (const password of ['', 'secret', 'x'.repeat(256)]) expect(await Bun.password.verify(password, DECOY)).toBe(false)
})

onEachDatabase('gifty invites', (database) => {
  test('gifty §7: an invite is a subscriber without a chat, claimed once with its password', async () => {
    const app = await makeRig(database)
    const mentor = await app.ok('POST', '/internal/telegram/subscribers', { chat_id: 1 })
    const made = await invite(app, { username: ' @Guest ', mentor_id: mentor.id, permissions: ['a', 'a'] })
    expect(made).toMatchObject({
      chat_id: null,
      slug: 'guest',
      name: null,
      mentor_id: mentor.id,
      permissions: ['a'],
      role: 'user',
    })
    expect(await claim(app, { password: 'Right' })).toMatchObject(wrong)
    app.clock.advance(1000)
    const claimed = await claim(app, { username: '@GUEST', name: 'Gus' })
    expect(claimed.status).toBe(200)
    expect(claimed.body).toEqual({
      ...made,
      chat_id: 5,
      name: 'Gus',
      updated_at: new Date(app.clock.now()).toISOString(),
    })
    expect(await claim(app, { chat_id: 6 })).toMatchObject(wrong)
    expect(await app.db.sql(sql`select invite_password_hash as hash from telegram_subscribers`)).toEqual([
      { hash: null },
      { hash: null },
    ])
    await invite(app, { username: 'named', name: 'Nan' })
    expect((await claim(app, { username: 'named', name: 'Other', chat_id: 8 })).body.name).toBe('Nan')
  })

  test('gifty §13.19: no answer shows the hash of an invite', async () => {
    const app = await makeRig(database)
    const answers = [await app.post(INVITES, { username: 'guest', password: 'right' })]
    expect(await app.db.sql(sql`select invite_password_hash like '$argon2id$%' as stored from telegram_subscribers`)).toEqual([
      { stored: database.dialect === 'sqlite' ? 1 : true },
    ])
    for (const path of ['/subscribers', '/subscribers/by-username/guest', '/topics/all/subscribers'])
      answers.push(await app.get(`/internal/telegram${path}`))
    answers.push(await claim(app))
    answers.push(await app.patch('/internal/telegram/subscribers/5', { name: 'x' }))
    for (const { status, body } of answers) {
      expect(status).toBe(200)
      expect(JSON.stringify(body)).not.toMatch(/argon2|hash|password/i)
    }
  })

  test('gifty §7: a bad name is 400, an unknown mentor 400, a name in use 409', async () => {
    const app = await makeRig(database)
    await invite(app)
    for (const username of ['', ' ', '@', 'two words', 'semi;colon', 'x'.repeat(65)])
      expect(await app.post(INVITES, { username, password: 'p' })).toMatchObject({
        status: 400,
        body: { error: { code: 'bad_request', message: 'Invalid username' } },
      })
    expect(await app.post(INVITES, { username: 'other', password: 'p', mentor_id: 99 })).toMatchObject({
      status: 400,
      body: { error: { message: 'Mentor not found' } },
    })
    expect(await app.post(INVITES, { username: 'Guest', password: 'p' })).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict', message: 'Username already exists' } },
    })
    const twins = await Promise.all([1, 2].map(() => app.post(INVITES, { username: 'twin', password: 'p' })))
    expect(twins.map((answer) => answer.status).sort()).toEqual([200, 409])
    expect(problemOf(await app.post(INVITES, { username: 'a', password: '' }))).toMatchObject({
      type: 'string_too_short',
      input: null,
    })
    expect(problemOf(await app.post(INVITES, { username: 'a', password: 'x'.repeat(257) }))).toMatchObject({
      type: 'string_too_long',
      input: null,
    })
    expect((await app.post(INVITES, { username: 'a', password: 'ü'.repeat(256) })).status).toBe(200)
  })

  test('gifty §7: a chat id in use is 409, and the invite stays', async () => {
    const app = await makeRig(database)
    await app.ok('POST', '/internal/telegram/subscribers', { chat_id: 5 })
    await invite(app)
    expect(await claim(app)).toMatchObject({ status: 409, body: { error: { message: 'Chat id already in use' } } })
    expect((await claim(app, { chat_id: 6 })).status).toBe(200)
  })

  test('gifty §7: of several claims of one invite at the same time one succeeds', async () => {
    const app = await makeRig(database)
    await invite(app)
    const answers = await Promise.all([6, 7, 8].map((chat_id) => claim(app, { chat_id })))
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 404, 404])
  })

  test('gifty §13.19: the sixth claim in 15 minutes is 429, in whichever process, whether the name exists or not', async () => {
    const [app, other] = (await makeProcesses(database, 2)) as [Rig, Rig]
    await invite(app)
    for (const username of ['guest', 'nobody']) {
      for (let n = 0; n < 5; n++)
        expect(
          await claim(n % 2 ? app : other, { username: n % 2 ? username : `@${username.toUpperCase()}`, password: 'x' }),
        ).toMatchObject(wrong)
      for (const process of [app, other]) {
        const sixth = await claim(process, { username })
        expect(codeOf(sixth)).toEqual(limited)
        expect(sixth.headers.get('retry-after')).toBe('900')
      }
    }
    app.clock.advance(15 * MINUTE - 1)
    expect((await claim(app)).headers.get('retry-after')).toBe('1')
    app.clock.advance(10)
    expect((await claim(app)).status).toBe(200)
  })

  test('gifty §7: attempts at once are counted before any password is looked at', async () => {
    const app = await makeRig(database)
    await invite(app)
    const answers = await Promise.all(Array.from({ length: 9 }, () => claim(app, { password: 'x' })))
    expect(answers.map((answer) => answer.status).sort()).toEqual([404, 404, 404, 404, 404, 429, 429, 429, 429])
    expect(await app.rows('claim_attempts')).toBe(5)
  })

  test('gifty §7: success resets the count, and old attempts are cleared away', async () => {
    const app = await makeRig(database)
    await invite(app)
    for (let n = 0; n < 4; n++) await claim(app, { password: 'x' })
    expect((await claim(app)).status).toBe(200)
    expect(await app.rows('claim_attempts')).toBe(0)
    for (let n = 0; n < 5; n++) expect((await claim(app)).status).toBe(404)
    app.clock.advance(70 * MINUTE)
    await app.tick()
    expect(await app.rows('claim_attempts')).toBe(0)
  })

  test('gifty §7: names of any kind are counted, and never an error', async () => {
    const app = await makeRig(database)
    for (const username of ['', '@', 'x'.repeat(100_000), '\u0000', '😀', "'; drop table tasks; --"])
      expect(await claim(app, { username })).toMatchObject(wrong)
  })
})
