import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startBotApi, TOKEN } from '../support/bot-api-double.ts'
import { eventually } from '../support/eventually.ts'
import { killLeftovers, ownDirectory, type Server, startServer } from '../support/processes.ts'

/** The outage over real HTTP, with real time: a server process of its own against the double. */
const directory = ownDirectory()
const double = startBotApi()
let server: Server
const SERVICE = { 'x-service-token': 'dev-service-token' }
const BASE = '/internal/stickersets'

beforeAll(async () => {
  server = await startServer(directory.database, {
    TELEGRAM_BOT_TOKEN: TOKEN,
    TELEGRAM_BOT_API_URL: double.url,
    LOG_LEVEL: 'debug',
  })
}, 300_000)
afterAll(async () => {
  await killLeftovers()
  await double.down()
  directory.remove()
})
const ask = async (method: string, path: string, body?: unknown) => {
  const startedAt = performance.now()
  const response = await fetch(`${server.origin}${BASE}${path}`, {
    method,
    headers: { ...SERVICE, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? undefined : JSON.parse(text)) as any,
    seconds: (performance.now() - startedAt) / 1000,
  }
}

for (const how of ['down', 'silent'] as const)
  test(`stickers issue 5: with Telegram ${how}, create is 503 within 12 s and stores nothing, reads are 200 within 6 s`, async () => {
    const known = await ask('POST', '?userId=1&authorId=1', { name: `known_${how}` })
    expect(known.status).toBe(201)
    if (how === 'down') await double.down()
    else double.always({ kind: 'silent' })
    const [create, cached, short, page] = await Promise.all([
      ask('POST', '?userId=1', { name: `later_${how}` }),
      ask('GET', `/${known.body.id}`),
      ask('GET', `/${known.body.id}?shortInfo=1`),
      ask('GET', '/author/1'),
    ])
    expect([create.status, create.headers.get('retry-after')]).toEqual([503, '5'])
    expect(create.seconds).toBeLessThan(12)
    for (const read of [cached, short, page]) {
      expect(read.status).toBe(200)
      expect(read.seconds).toBeLessThan(6)
    }
    expect((await ask('GET', `/check?name=later_${how}`)).body.exists).toBe(false)
    if (how === 'down') double.up()
    double.always({ kind: 'set' })
    expect(
      (
        await eventually(
          () => ask('POST', '?userId=1', { name: `later_${how}` }),
          ({ status }) => status === 201,
        )
      ).body.name,
    ).toBe(`later_${how}`)
    expect(JSON.stringify(server.log)).not.toContain(TOKEN)
  }, 300_000)

test('stickers issue 5: a set that is not cached is read as null within 6 s while Telegram is silent', async () => {
  const made = await ask('POST', '?userId=1', { name: 'unknown_soon' })
  server.child.kill('SIGTERM')
  await server.child.exited
  const { Database } = await import('bun:sqlite')
  const db = new Database(directory.database)
  db.run('delete from stickerset_telegram_cache')
  db.close()
  server = await startServer(directory.database, { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_BOT_API_URL: double.url })
  double.always({ kind: 'silent' })
  const read = await ask('GET', `/${made.body.id}`)
  expect([read.status, read.headers.get('x-telegram-info'), read.body.telegramStickerSetInfo]).toEqual([200, 'unavailable', null])
  expect(read.seconds).toBeLessThan(6)
  double.always({ kind: 'set' })
}, 300_000)

test('stickers §6: kill -9 in the middle of creates and publishes loses no answered one and awards none twice', async () => {
  const answered = { created: new Map<number, string>(), published: new Set<number>() }
  for (let round = 0; round < 4; round++) {
    const work = Array.from({ length: 4 }, async (_, worker) => {
      try {
        for (let n = 0; ; n++) {
          const name = `k_${round}_${worker}_${n}`
          const made = await ask('POST', '?userId=3', { name })
          if (made.status !== 201) throw new Error(`create answered ${made.status}`)
          answered.created.set(made.body.id, name)
          const published = await ask('POST', `/${made.body.id}/publish`)
          if (published.status === 200) answered.published.add(made.body.id)
        }
      } catch {
        // The server is gone in the middle of it, as it should be.
      }
    })
    await eventually(
      async () => answered.created.size,
      (size) => size > (round + 1) * 15,
    )
    server.child.kill('SIGKILL')
    await Promise.all(work)
    server = await startServer(directory.database, { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_BOT_API_URL: double.url })
    for (const [id, name] of answered.created) {
      const read = await ask('GET', `/${id}?shortInfo=1`)
      expect([read.status, read.body.name]).toEqual([200, name])
      if (answered.published.has(id)) expect(read.body.isPublic).toBe(true)
    }
  }
  server.child.kill('SIGTERM')
  await server.child.exited
  const { Database } = await import('bun:sqlite')
  const db = new Database(directory.database, { readonly: true })
  const one = (query: string) => (db.query(query).get() as { n: number }).n
  const open = one(`select count(*) as n from stickersets where user_id = 3 and visibility = 'PUBLIC'`)
  expect(open).toBeGreaterThanOrEqual(answered.published.size)
  expect(one('select count(*) as n from sticker_art_transactions where user_id = 3')).toBe(open)
  expect(one('select art_balance as n from sticker_profiles where user_id = 3')).toBe(open * 10)
  db.close()
}, 300_000)
