import { describe, expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { DAY } from '../support/fake-clock.ts'
import { makeRig, type Person, type Rig, START } from './rig.ts'

onEachDatabase('love-parser profile and dashboard', (database) => {
  const dashboard = async (rig: Rig, person: Person) => (await rig.get('/api/v1/dashboard', person.headers)).body

  test('§3 me: photo and names from the profile, in the order of the contract', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const cases: [any, string | null, any, string | null, string | null][] = [
      ['A B C', null, {}, 'A', 'B C'],
      ['A', '1', { photoId: '1', profilePhotoId: '2' }, 'A', null],
      [null, '2', { profilePhotoId: 2, photo: { id: '3' } }, null, null],
      ['', '3', { photo: { id: '3' }, profile_photo_id: '4', firstName: 'F' }, 'F', null],
      ['A B', '4', { profile_photo_id: '4', firstName: 'F', lastName: 'L' }, 'F', 'L'],
      ['A B', null, null, 'A', 'B'],
    ]
    for (const [fullName, photo, telegram, first, last] of cases) {
      await rig.setUser(person, { fullName, profile: telegram === null ? {} : { telegram } })
      const { body } = await rig.me(person)
      expect([body.telegram_profile_photo_id, body.first_name, body.last_name]).toEqual([photo, first, last])
    }
  })

  test('§3 me: without an active subscription its three fields are null', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const none = { plan_type: null, status: null, expires_at: null }
    expect((await rig.me(person)).body.subscription.plan_type).toBe('free')
    await rig.setSubscription(person, { status: 'expired' })
    expect((await rig.me(person)).body.subscription).toEqual(none)
    await rig.setSubscription(person, { status: 'trialing', planCode: 'month' })
    expect((await rig.me(person)).body.subscription).toMatchObject({ plan_type: 'month' })
    await rig.dropSubscriptions(person)
    expect((await rig.me(person)).body.subscription).toEqual(none)
  })

  test('§3 dashboard: a new account, on both spellings of the route', async () => {
    const rig = await makeRig(database)
    const person = await rig.login('+79991112233')
    const expected = {
      user_profile: { name: 'Sandbox 2233', username: '@sandbox_2233', photo_url: null, phone: '+79991112233' },
      subscription: { plan: 'free', status: 'expired', expires_at: '2026-01-31T00:00:00.000Z', renewal_status: 'manual' },
      limits: {
        parsing_limit: 1,
        parsing_used: 0,
        audience_limit: 1,
        audience_used: 0,
        broadcast_limit: 0,
        broadcast_used: 0,
      },
      stats: { total_channels_found: 0, total_audience_analyzed: 0, total_broadcasts_sent: 0, recent_activity: [] },
    }
    expect(await dashboard(rig, person)).toEqual(expected)
    expect((await rig.get('/api/v1/dashboard/', person.headers)).body).toEqual(expected)
  })

  test('§3 dashboard: name, username and photo fall back as the contract says', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    const cases: [string | null, any, string | null, string | null][] = [
      ['Full Name', { displayName: 'Shown', avatarUrl: 'a', photoUrl: 'b', telegram: { avatarUrl: 'c' } }, 'Full Name', 'a'],
      [null, { displayName: 'Shown', photoUrl: 'b', photo_url: 'd' }, 'Shown', 'b'],
      [null, { photo_url: 'd', telegram: { firstName: 'F', lastName: 'L', photoUrl: 'e' } }, 'F L', 'd'],
      [null, { telegram: { firstName: 'F', photo_url: 'g' } }, 'F', 'g'],
      [null, {}, null, null],
    ]
    for (const [fullName, profile, name, photo] of cases) {
      await rig.setUser(person, { fullName, profile })
      expect((await dashboard(rig, person)).user_profile).toMatchObject({ name, photo_url: photo })
    }
  })

  describe('§11.17', () => {
    test('plan, status and renewal of the current row', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      const cases: [Record<string, unknown>, string, string, string][] = [
        [
          { planCode: 'trial-weekly', expiresAt: new Date(START - 1), metadata: { autoRenew: true } },
          'week',
          'expired',
          'expired',
        ],
        [{ planCode: 'pro-monthly', expiresAt: new Date(START + DAY), metadata: { autoRenew: true } }, 'month', 'active', 'auto'],
        [{ planCode: 'pro-monthly', metadata: { auto_renew: 'yes' } }, 'month', 'active', 'auto'],
        [{ planCode: 'pro-monthly', metadata: { autoRenew: 'no' } }, 'month', 'active', 'manual'],
        [{ planCode: 'pro-monthly', metadata: { autoRenew: 0, renewal: 'auto' } }, 'month', 'active', 'auto'],
        [{ planCode: null, planName: 'Yearly of a month', metadata: {} }, 'year', 'active', 'manual'],
        [{ planCode: 'gold', planName: 'week', metadata: {} }, 'free', 'expired', 'manual'],
      ]
      for (const [change, plan, status, renewal_status] of cases) {
        await rig.setSubscription(person, { status: 'active', ...change })
        expect([change, (await dashboard(rig, person)).subscription]).toEqual([
          change,
          expect.objectContaining({ plan, status, renewal_status }),
        ])
      }
      await rig.dropSubscriptions(person)
      rig.clock.advance(300_000)
      expect((await dashboard(rig, person)).subscription).toEqual({
        plan: 'free',
        status: 'expired',
        expires_at: null,
        renewal_status: 'manual',
      })
    })

    test('U1: a free plan is expired on the dashboard alone, so that plans are offered, and active once one is paid', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      expect((await dashboard(rig, person)).subscription).toMatchObject({ plan: 'free', status: 'expired' })
      expect((await rig.me(person)).body.subscription).toMatchObject({ plan_type: 'free', status: 'active' })
      expect((await rig.get('/api/v1/subscriptions/current', person.headers)).body).toMatchObject({
        plan_type: 'free',
        status: 'active',
        renewal_status: 'manual',
      })
      expect((await rig.search(person)).status).toBe(202)
      for (const planCode of ['week', 'month', 'year']) {
        await rig.setSubscription(person, { planCode })
        expect((await dashboard(rig, person)).subscription).toMatchObject({ plan: planCode, status: 'active' })
      }
    })

    test('totals change as soon as a search finishes, usage as soon as one is accepted, segments as they are made', async () => {
      const rig = await makeRig(database)
      const person = await rig.login()
      await dashboard(rig, person)
      const { search_id } = (await rig.search(person, { query: 'My Query' })).body
      expect(await dashboard(rig, person)).toMatchObject({
        limits: { parsing_used: 1 },
        stats: { total_channels_found: 0, recent_activity: [{ type: 'parsing', name: 'My Query', status: 'in_progress' }] },
      })
      await rig.runSearches()
      expect((await dashboard(rig, person)).stats).toMatchObject({
        total_channels_found: 100,
        recent_activity: [{ status: 'completed' }],
      })
      rig.clock.advance(1000)
      const body = { name: 'Fans', source_parsing_id: search_id, filters: { language: 'en' } }
      const segment = await rig.post('/api/v1/audience/segments', body, person.headers)
      const { stats, limits } = await dashboard(rig, person)
      expect(limits.audience_used).toBe(1)
      expect(stats.total_audience_analyzed).toBe(segment.body.total_recipients)
      expect(stats.recent_activity).toEqual([
        { type: 'audience', name: 'Fans', created_at: '2026-01-01T00:00:01.000Z', status: 'completed' },
        { type: 'parsing', name: 'My Query', created_at: '2026-01-01T00:00:00.000Z', status: 'completed' },
      ])
      await rig.call('DELETE', `/api/v1/audience/${segment.body.id}`, undefined, person.headers)
      expect((await dashboard(rig, person)).stats.total_audience_analyzed).toBe(0)
    })
  })

  test('§3 dashboard: kept at most 300 s; what time alone changes is shown in time', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    await rig.search(person)
    expect((await dashboard(rig, person)).limits.parsing_used).toBe(1)
    await rig.setSubscription(person, { expiresAt: new Date(START + 60 * DAY) })
    rig.clock.advance(30 * DAY - 5000)
    const late = await rig.login(person.user.phone_number)
    expect((await dashboard(rig, late)).limits.parsing_used).toBe(1)
    rig.clock.advance(5000)
    expect((await dashboard(rig, late)).limits.parsing_used).toBe(0)
  })

  test('§3 dashboard: at most five searches and five segments; unlimited is a word, 0 stays 0', async () => {
    const rig = await makeRig(database)
    const person = await rig.login()
    await rig.setLimit(person, 'parsing', -1)
    for (let n = 0; n < 7; n++) {
      await rig.search(person, { query: `query ${n}` })
      rig.clock.advance(1000)
    }
    const { limits, stats } = await dashboard(rig, person)
    expect(limits).toMatchObject({ parsing_limit: 'unlimited', parsing_used: 7, broadcast_limit: 0 })
    expect(stats.recent_activity.map((entry: any) => entry.name)).toEqual(['query 6', 'query 5', 'query 4', 'query 3', 'query 2'])
  })
})
