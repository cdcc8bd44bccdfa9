import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { onEachDatabase } from '../support/databases.ts'
import { DAY } from '../support/fake-clock.ts'
import { makeRig, START, told } from './rig.ts'

const ORDERED = {
  crypto: '083eb5cb67d01f89a3d397433af0d291f4aebaab5467a6f302352f6b32859a35',
  games: '9f6b39e8ca87285c1ce55fae18f395665c5c1ce297efed2365e3fa59ebdce78c',
}

onEachDatabase('love-parser searches', (database) => {
  test('§11.8: query and filters are kept as the contract normalises them', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    await rig.setLimit(person, 'parsing', 9)
    const answer = await rig.search(person, {
      query: ' Crypto ',
      filters: { language: ' EN ', min_subscribers: '1000' },
      more: 1,
    })
    expect([answer.status, answer.body]).toEqual([
      202,
      { search_id: expect.any(String), status: 'processing', progress: 0, source: 'sandbox' },
    ])
    expect(await rig.entry(person, answer.body.search_id)).toEqual({
      id: answer.body.search_id,
      query: 'Crypto',
      filters: { language: 'en', min_subscribers: 1000 },
      status: 'pending',
      created_at: '2026-01-01T00:00:00.000Z',
      results_count: 0,
      source: 'sandbox',
      error: null,
      completed_at: null,
    })
    rig.clock.advance(1000)
    const empty = { language: '', min_subscribers: null, max_subscribers: ' ', activity_level: '' }
    const { search_id } = (await rig.search(person, { query: 'ab', filters: empty })).body
    expect((await rig.entry(person, search_id)).filters).toEqual({})
    const history = (await rig.get('/api/v1/parsing/history', person.headers)).body
    expect(history.map((entry: any) => entry.query)).toEqual(['ab', 'Crypto'])
  })

  test('§4: what a search refuses', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const cases: [unknown, string[]][] = [
      [{}, ['query']],
      [{ query: ' a ' }, ['query']],
      [{ query: 'x'.repeat(513) }, ['query']],
      [{ query: 12 }, ['query']],
      [{ query: 'ok', filters: [] }, ['filters']],
      [{ query: 'ok', filters: { language: 'x' } }, ['filters']],
      [{ query: 'ok', filters: { language: 'toolongxx' } }, ['filters']],
      [{ query: 'ok', filters: { min_subscribers: -1 } }, ['filters']],
      [{ query: 'ok', filters: { min_subscribers: 1.5 } }, ['filters']],
      [{ query: 'ok', filters: { min_subscribers: '1.5' } }, ['filters']],
      [{ query: 'ok', filters: { max_subscribers: 0 } }, ['filters']],
      [{ query: 'ok', filters: { min_subscribers: 10, max_subscribers: 9 } }, ['filters']],
      [{ query: 'ok', filters: { activity_level: 'HIGH' } }, ['filters']],
      [{ query: 'o', filters: { activity_level: 'x' } }, ['query', 'filters']],
    ]
    for (const [body, fields] of cases) {
      const answer = await rig.search(person, body)
      expect([JSON.stringify(body), answer.status]).toEqual([JSON.stringify(body), 422])
      expect(Object.keys(answer.body.error.details.fieldErrors)).toEqual(fields)
    }
    expect(await rig.used(person, 'parsing')).toBe(0)
    expect(
      (await rig.search(person, { query: 'x'.repeat(512), filters: { min_subscribers: 0, max_subscribers: 1 } })).status,
    ).toBe(202)
  })

  describe('§11.9 sandbox rows', () => {
    test('golden values of crypto: rows, both orders, the hash of the order, days and provider', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const id = await rig.found(person)
      const page = (query: string) => rig.get(`/api/v1/parsing/${id}/results?${query}`, person.headers)
      const { body } = await page('limit=100')
      expect([body.total, body.page, body.limit, body.source, body.results.length]).toEqual([100, 1, 100, 'sandbox', 100])
      expect(body.results.slice(0, 3).map((row: any) => row.channel_id)).toEqual(['sim-52', 'sim-81', 'sim-58'])
      const lines = body.results.map((row: any) => `${row.channel_id}:${row.subscribers}:${row.activity_score.toFixed(2)}`)
      expect(createHash('sha256').update(lines.join('\n')).digest('hex')).toBe(ORDERED.crypto)
      expect(body.results.find((row: any) => row.channel_id === 'sim-1')).toEqual({
        channel_id: 'sim-1',
        title: 'Crypto Hub 1',
        username: '@crypto_1',
        subscribers: 60666,
        description: 'Sandbox channel 1 for crypto',
        activity_score: 0.71,
        activity_level: 'high',
        last_post: '2025-12-20T00:00:00.000Z',
      })
      for (const row of body.results) {
        const days = (START - Date.parse(row.last_post)) / DAY
        expect(days).toBe(Math.trunc(days))
        expect(days >= 0 && days <= 13).toBe(true)
      }
      const active = (await page('limit=3&sort_by=activity')).body.results.map((row: any) => row.channel_id)
      expect(active).toEqual(['sim-36', 'sim-7', 'sim-65'])
      const pages = [...(await page('limit=30')).body.results, ...(await page('limit=30&page=2')).body.results]
      expect(pages).toEqual(body.results.slice(0, 60))
      expect((await page('page=3')).body).toMatchObject({ total: 100, page: 3, limit: 50, results: [] })
      expect(await rig.entry(person, id)).toMatchObject({ status: 'completed', results_count: 100, source: 'sandbox' })
    })

    test('golden values of games with filters, and crypto with activity_level high gives 99', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      await rig.setLimit(person, 'parsing', 9)
      const games = await rig.found(person, { query: 'games', filters: { language: 'de', min_subscribers: 1000 } })
      const rows = (await rig.get(`/api/v1/parsing/${games}/results?limit=100`, person.headers)).body.results
      expect(rows.slice(0, 3).map((row: any) => row.channel_id)).toEqual(['sim-53', 'sim-50', 'sim-64'])
      const lines = rows.map((row: any) => `${row.channel_id}:${row.subscribers}:${row.activity_score.toFixed(2)}`)
      expect(createHash('sha256').update(lines.join('\n')).digest('hex')).toBe(ORDERED.games)
      const high = await rig.found(person, { query: 'crypto', filters: { activity_level: 'high' } })
      expect((await rig.entry(person, high)).results_count).toBe(99)
    })
  })

  test('§11.10: 10 parallel searches with 2 units left are 2 × 202 and 8 × 429', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    await rig.setLimit(person, 'parsing', 2)
    const answers = await Promise.all(Array.from({ length: 10 }, () => rig.search(person)))
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(2)
    const refused = answers.filter((answer) => answer.status === 429)
    expect(refused).toHaveLength(8)
    expect(refused[0]!.body.error.details).toEqual({
      limit: 2,
      used: 2,
      category: 'parsing',
      resets_at: '2026-01-31T00:00:00.000Z',
    })
    expect(refused[0]!.headers.get('retry-after')).toBe(String(30 * 86_400))
  })

  test('issue 3: 50 parallel searches against a quota of 10: exactly 10 are accepted', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    await rig.setLimit(person, 'parsing', 10)
    const answers = await Promise.all(Array.from({ length: 50 }, () => rig.search(person)))
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(10)
    expect(answers.filter((answer) => answer.status === 429)).toHaveLength(40)
    expect(await rig.runSearches()).toBe(10)
    expect((await rig.get('/api/v1/parsing/history?limit=100', person.headers)).body).toHaveLength(10)
    expect(await rig.used(person, 'parsing')).toBe(10)
  })

  test('§11.10: without a subscription exactly the three routes give 402', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const search = await rig.found(person)
    const made = await rig.post('/api/v1/audience/segments', { name: 'one', source_parsing_id: search }, person.headers)
    const segment = made.body.id
    await rig.dropSubscriptions(person)
    const status = async (method: string, path: string, body?: unknown) =>
      (await rig.call(method, path, body, person.headers)).status
    expect(await status('POST', '/api/v1/parsing/search', { query: 'crypto' })).toBe(402)
    expect(await status('POST', '/api/v1/audience/segments', { name: 'two', source_parsing_id: search })).toBe(402)
    expect(await status('PUT', `/api/v1/audience/${segment}`, {})).toBe(402)
    for (const path of [
      '/api/v1/auth/me',
      '/api/v1/dashboard',
      '/api/v1/parsing/history',
      `/api/v1/parsing/${search}`,
      `/api/v1/parsing/${search}/results`,
      `/api/v1/parsing/${search}/export`,
      `/api/v1/parsing/${search}/progress`,
      '/api/v1/audience/segments',
      `/api/v1/audience/${segment}`,
      `/api/v1/audience/${segment}/preview`,
      '/api/v1/subscriptions/current',
    ])
      expect([path, await status('GET', path)]).toEqual([path, 200])
    expect(await status('DELETE', `/api/v1/audience/${segment}`)).toBe(200)
  })

  test('§6: messages of 402 differ for a person who never had a plan and one whose plan has ended', async () => {
    const rig = await makeRig(database)
    const [ended, never] = [await rig.login(), await rig.login()]
    rig.clock.advance(29 * DAY)
    await rig.setSubscription(ended, { expiresAt: new Date(START) })
    await rig.dropSubscriptions(never)
    const [one, two] = [await rig.search(ended), await rig.search(never)]
    expect([one.status, two.status]).toEqual([402, 402])
    expect(one.body.error.message).not.toBe(two.body.error.message)
  })

  describe('§4 cancel', () => {
    test('§11.10: a cancelled search is failed, its unit is back once, no rows are kept', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const { search_id } = (await rig.search(person)).body
      expect(await rig.used(person, 'parsing')).toBe(1)
      const cancel = () => rig.post(`/api/v1/parsing/${search_id}/cancel`, undefined, person.headers)
      const answer = await cancel()
      expect([answer.status, answer.body.status, answer.body.error]).toEqual([200, 'failed', 'Cancelled by user'])
      expect(await rig.used(person, 'parsing')).toBe(0)
      const again = await Promise.all([cancel(), cancel()])
      for (const { status, body } of again) expect([status, body]).toEqual([200, answer.body])
      expect(await rig.used(person, 'parsing')).toBe(0)
      expect(await rig.runSearches()).toBe(0)
      expect((await rig.get(`/api/v1/parsing/${search_id}/results`, person.headers)).body).toMatchObject({
        total: 0,
        results: [],
      })
    })

    test('a finished search is 422, an unknown one 404', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const id = await rig.found(person)
      expect(told(await rig.post(`/api/v1/parsing/${id}/cancel`, undefined, person.headers))).toEqual([422, 'VALIDATION_ERROR'])
      expect((await rig.entry(person, id)).status).toBe('completed')
      const unknown = id.replace(/.$/, id.endsWith('0') ? '1' : '0')
      expect(told(await rig.post(`/api/v1/parsing/${unknown}/cancel`, undefined, person.headers))).toEqual([404, 'NOT_FOUND'])
    })
  })
})
