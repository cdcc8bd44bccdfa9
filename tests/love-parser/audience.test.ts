import { describe, expect, test } from 'bun:test'
import { eq } from 'drizzle-orm'
import { channelSearchTables } from '../../src/love-parser/tables.ts'
import { onEachDatabase } from '../support/databases.ts'
import { DAY } from '../support/fake-clock.ts'
import { makeRig, type Person, type Rig, statusAndCode } from './rig.ts'

onEachDatabase('love-parser audience', (database) => {
  const make = (rig: Rig, person: Person, body: Record<string, unknown>) =>
    rig.post('/api/v1/audience/segments', { name: 'A segment', ...body }, person.headers)
  const start = async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    await rig.setLimit(person, 'audience', 20)
    await rig.setLimit(person, 'parsing', 20)
    return { rig, person }
  }

  test('§11.16: totals of segments on the crypto search', async () => {
    const { rig, person } = await start()
    const source_parsing_id = await rig.found(person)
    const cases: [Record<string, unknown>, number][] = [
      [{ engagement_min: 0.4, min_subscribers: 10000 }, 59],
      [{ post_frequency: 'daily' }, 31],
      [{ language: 'EN' }, 6],
      [{}, 100],
    ]
    for (const [n, [filters, total]] of cases.entries()) {
      const answer = await make(rig, person, { name: `Segment ${n}`, source_parsing_id, filters })
      expect([answer.status, answer.body.total_recipients, answer.body.status]).toEqual([201, total, 'ready'])
      const { body } = await rig.get(`/api/v1/audience/${answer.body.id}/preview`, person.headers)
      expect([body.total, body.preview.length]).toEqual([total, Math.min(10, total)])
    }
    expect(await rig.used(person, 'audience')).toBe(4)
    const all = (await rig.get('/api/v1/audience/segments', person.headers)).body
    expect(all.map((segment: any) => segment.name)).toEqual(['Segment 3', 'Segment 2', 'Segment 1', 'Segment 0'])
  })

  test('§5: a segment as it is shown, and its preview', async () => {
    const { rig, person } = await start()
    const source_parsing_id = await rig.found(person)
    const answer = await make(rig, person, {
      name: '  Fans  ',
      description: ' about ',
      source_parsing_id,
      filters: { activity_level: 'high', language: ' En ', engagement_max: '' },
    })
    expect(answer.body).toEqual({
      id: expect.any(String),
      name: 'Fans',
      description: 'about',
      source_parsing_id,
      filters: { activity_level: 'high', language: 'en' },
      total_recipients: expect.any(Number),
      status: 'ready',
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
    })
    expect((await rig.get(`/api/v1/audience/${answer.body.id}`, person.headers)).body).toEqual(answer.body)
    const whole = (await make(rig, person, { name: 'Whole', source_parsing_id })).body
    expect([whole.filters, whole.description]).toEqual([{}, null])
    const { preview } = (await rig.get(`/api/v1/audience/${whole.id}/preview?limit=2`, person.headers)).body
    expect(preview).toEqual([
      { username: '@crypto_52', user_id: 'sim-52', engagement_score: 0.14, activity_level: 'low' },
      { username: '@crypto_81', user_id: 'sim-81', engagement_score: 0.37, activity_level: 'medium' },
    ])
  })

  test('§5: all given filters hold, bounds are inclusive', async () => {
    const { rig, person } = await start()
    const source_parsing_id = await rig.found(person)
    const rows = (await rig.get(`/api/v1/parsing/${source_parsing_id}/results?limit=100`, person.headers)).body.results
    const count = (test: (row: any) => boolean) => rows.filter(test).length
    const cases: [Record<string, unknown>, (row: any) => boolean][] = [
      [{ engagement_min: 0.71, engagement_max: 0.71 }, (row) => row.activity_score === 0.71],
      [{ engagement_min: '0.5' }, (row) => row.activity_score >= 0.5],
      [{ min_subscribers: 60666, max_subscribers: 60666 }, (row) => row.subscribers === 60666],
      [{ activity_level: 'low', post_frequency: 'monthly' }, (row) => row.activity_level === 'low'],
      [{ activity_level: 'low', post_frequency: 'daily' }, () => false],
      [
        { post_frequency: 'weekly', max_subscribers: 100_000 },
        (row) => row.activity_level === 'medium' && row.subscribers <= 100_000,
      ],
    ]
    for (const [n, [filters, test]] of cases.entries())
      expect([
        filters,
        (await make(rig, person, { name: `Case ${n}`, source_parsing_id, filters })).body.total_recipients,
      ]).toEqual([filters, count(test)])
  })

  test('§5: what is refused, and that it costs no unit', async () => {
    const { rig, person } = await start()
    const source_parsing_id = await rig.found(person)
    const refused = async (body: Record<string, unknown>, fields: string[]) => {
      const answer = await make(rig, person, { source_parsing_id, ...body })
      expect([JSON.stringify(body), ...statusAndCode(answer)]).toEqual([JSON.stringify(body), 422, 'VALIDATION_ERROR'])
      expect(Object.keys(answer.body.error.details.fieldErrors)).toEqual(fields)
    }
    await refused({ name: ' ab ' }, ['name'])
    await refused({ name: 'x'.repeat(129) }, ['name'])
    await refused({ name: null }, ['name'])
    await refused({ description: 'x'.repeat(501) }, ['description'])
    await refused({ source_parsing_id: 'x' }, ['source_parsing_id'])
    for (const filters of [
      { engagement_min: 1.1 },
      { engagement_min: -0.1 },
      { engagement_min: 0.6, engagement_max: 0.5 },
      { min_subscribers: 5, max_subscribers: 4 },
      { language: 'x' },
      { post_frequency: 'hourly' },
      { activity_level: 1 },
    ])
      await refused({ filters }, ['filters'])
    expect((await make(rig, person, { name: 'Twice', source_parsing_id })).status).toBe(201)
    await refused({ name: ' Twice ' }, ['name'])
    const other = await rig.login()
    const made = await make(rig, other, { name: 'Twice', source_parsing_id: await rig.found(other), filters: null })
    expect([made.status, made.body.filters]).toEqual([201, {}])
    const { search_id } = (await rig.search(person)).body
    await rig.post(`/api/v1/parsing/${search_id}/cancel`, undefined, person.headers)
    await refused({ source_parsing_id: search_id }, ['source_parsing_id'])
    expect(await rig.used(person, 'audience')).toBe(1)
  })

  test('§5: of parallel segments with one name one is made, and one unit is taken', async () => {
    const { rig, person } = await start()
    const source_parsing_id = await rig.found(person)
    const answers = await Promise.all(Array.from({ length: 8 }, () => make(rig, person, { source_parsing_id })))
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array(7).fill(422)])
    expect(await rig.used(person, 'audience')).toBe(1)
  })

  describe('§5 PUT', () => {
    test('absent filters compute again, {} clears, others replace; more fields are ignored', async () => {
      const { rig, person } = await start()
      const source_parsing_id = await rig.found(person)
      const { id } = (await make(rig, person, { source_parsing_id, filters: { language: 'en' } })).body
      const put = async (body: unknown) => (await rig.call('PUT', `/api/v1/audience/${id}`, body, person.headers)).body
      rig.clock.advance(1000)
      expect(await put({ name: 'ignored' })).toMatchObject({
        name: 'A segment',
        filters: { language: 'en' },
        total_recipients: 6,
        updated_at: '2026-01-01T00:00:01.000Z',
      })
      expect(await put({ filters: { post_frequency: 'daily' } })).toMatchObject({
        filters: { post_frequency: 'daily' },
        total_recipients: 31,
      })
      expect(await put({ filters: {} })).toMatchObject({ filters: {}, total_recipients: 100, status: 'ready' })
      expect(await rig.used(person, 'audience')).toBe(1)
    })

    test('with the search gone it is 422; the segment has failed, its preview is empty', async () => {
      const { rig, person } = await start()
      const source_parsing_id = await rig.found(person)
      const { id } = (await make(rig, person, { source_parsing_id })).body
      const { parsingHistory } = channelSearchTables(rig.db.kit)
      await rig.db.q.delete(parsingHistory).where(eq(parsingHistory.id, source_parsing_id)).returning({ id: parsingHistory.id })
      expect((await rig.get(`/api/v1/audience/${id}`, person.headers)).body).toMatchObject({
        status: 'failed',
        total_recipients: 0,
        source_parsing_id: null,
      })
      expect((await rig.get(`/api/v1/audience/${id}/preview`, person.headers)).body).toEqual({ total: 0, preview: [] })
      expect(statusAndCode(await rig.call('PUT', `/api/v1/audience/${id}`, {}, person.headers))).toEqual([
        422,
        'VALIDATION_ERROR',
      ])
    })
  })

  describe('§5 source still running', () => {
    test('the segment is processing and becomes ready with its total when the search finishes', async () => {
      const { rig, person } = await start()
      const { search_id } = (await rig.search(person)).body
      const { body } = await make(rig, person, { source_parsing_id: search_id, filters: { language: 'en' } })
      expect([body.status, body.total_recipients]).toEqual(['processing', 0])
      await rig.runSearches()
      const after = (await rig.get(`/api/v1/audience/${body.id}`, person.headers)).body
      expect([after.status, after.total_recipients]).toEqual(['ready', 6])
    })

    test('or failed with 0 and its unit back when it fails', async () => {
      const { rig, person } = await start()
      const { search_id } = (await rig.search(person)).body
      const { body } = await make(rig, person, { source_parsing_id: search_id })
      expect(await rig.used(person, 'audience')).toBe(1)
      await rig.post(`/api/v1/parsing/${search_id}/cancel`, undefined, person.headers)
      expect((await rig.get(`/api/v1/audience/${body.id}`, person.headers)).body).toMatchObject({
        status: 'failed',
        total_recipients: 0,
      })
      expect(await rig.used(person, 'audience')).toBe(0)
      expect((await rig.call('DELETE', `/api/v1/audience/${body.id}`, undefined, person.headers)).status).toBe(200)
      expect(await rig.used(person, 'audience')).toBe(0)
    })
  })

  test('§5 DELETE: returns its unit once, and only in the period it was taken in', async () => {
    const { rig, person } = await start()
    const source_parsing_id = await rig.found(person)
    const one = (await make(rig, person, { name: 'One', source_parsing_id })).body.id
    const two = (await make(rig, person, { name: 'Two', source_parsing_id })).body.id
    const remove = (id: string) => rig.call('DELETE', `/api/v1/audience/${id}`, undefined, person.headers)
    const answers = await Promise.all([remove(one), remove(one), remove(one)])
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 404, 404])
    expect(answers.find((answer) => answer.status === 200)!.body).toEqual({ success: true })
    expect(await rig.used(person, 'audience')).toBe(1)
    // The plan is renewed, a new period begins: a unit of the old one does not come back into it.
    rig.clock.advance(30 * DAY)
    await rig.schedules.tick()
    await rig.runner.drain(['love-parser.job'])
    const again = await rig.login('+79995550001')
    expect(again.user.limits.audience_used).toBe(0)
    const { headers } = await fresh(rig, person)
    expect((await rig.get('/api/v1/auth/me', headers)).body.limits.audience_used).toBe(0)
    expect((await rig.call('DELETE', `/api/v1/audience/${two}`, undefined, headers)).status).toBe(200)
    expect((await rig.get('/api/v1/auth/me', headers)).body.limits.audience_used).toBe(0)
  })
})

/** A new token for an account whose old one has expired. */
const fresh = async (rig: Rig, person: Person): Promise<Person> => rig.login(person.user.phone_number)
