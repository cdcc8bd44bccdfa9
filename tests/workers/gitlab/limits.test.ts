import { afterEach, describe, expect, test } from 'bun:test'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { GOOD_TOKEN } from '../../support/gitlab-double.ts'
import { createRig, hashOf, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }
const limited = (retryAfter: string | undefined, headers: Record<string, string> = {}) =>
  Response.json(
    { message: 'Retry later' },
    { status: 429, headers: { ...(retryAfter ? { 'retry-after': retryAfter } : {}), ...headers } },
  )
const once = (number: number, answer: () => Response) => (call: { number: number }) =>
  call.number === number ? answer() : undefined
const gaps = () => rig.gitlab.calls.slice(1).map(({ at }, index) => at - (rig.gitlab.calls[index]?.at as number))

describe('GitLab worker: rate limits', () => {
  test('gitlab-worker §9.6: Retry-After 2 stops every task of the account for 2 s, then all completes', async () => {
    rig = await createRig()
    rig.gitlab.tokens.set('glpat-another-account', 'good')
    const ids = [1, 2].map(() => rig.task('FETCH_ISSUES', PROJECT).id)
    const other = rig.task('FETCH_TAGS', PROJECT, { credentials: { accessToken: 'glpat-another-account' } }).id
    let limitedAt = 0
    rig.gitlab.on = ({ number, at, token }) => {
      if (number !== 4 && !(limitedAt === 0 && number > 3)) return undefined
      if (token !== GOOD_TOKEN) return undefined
      limitedAt = at
      return limited('2')
    }
    for (const id of [...ids, other]) expect((await rig.finish(id)).status).toBe('completed')
    const during = rig.gitlab.calls.filter(({ at, token }) => token === GOOD_TOKEN && at > limitedAt && at < limitedAt + 2000)
    expect(limitedAt).toBeGreaterThan(0)
    expect(during).toEqual([])
    for (const id of ids) expect(hashOf(rig.items(id))).toBe(hashOf(rig.gitlab.data.issues.get(101) as any[]))
  })

  test('crawler B6: no wait is shorter than the backoff of its attempt, whatever a header says', async () => {
    const past = new Date(Date.parse('2020-01-01T00:00:00Z')).toUTCString()
    for (const [status, headers] of [
      [429, { 'retry-after': '0' }],
      [429, { 'retry-after': '0.001' }],
      [429, { 'retry-after': past }],
      [429, { 'ratelimit-reset': '0' }],
      [429, { 'ratelimit-remaining': '0', 'ratelimit-reset': '1500000000' }],
      [503, { 'retry-after': '0' }],
    ] as const) {
      rig = await createRig({ settings: { maxRetries: 9 } })
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      let refused = 0
      rig.gitlab.on = ({ query }) =>
        query.get('page') === '2' && refused++ < 6 ? Response.json({}, { status, headers: headers as any }) : undefined
      expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1, progress: { processed: 250 } })
      const expected = status === 429 ? [1, 2, 4, 8, 16, 32] : [1, 2, 4, 8, 16, 16]
      expect([headers, gaps().slice(1, 7)]).toEqual([headers, expected.map((seconds) => seconds * 1000)])
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler B6: 429 with Retry-After 0 twelve times: ten are waited out, the next attempt ends it', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    let refused = 0
    rig.gitlab.on = ({ query }) => (query.get('page') === '2' && refused++ < 12 ? limited('0') : undefined)
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 2, progress: { processed: 250 } })
    expect(Math.min(...gaps().slice(1, 10))).toBeGreaterThanOrEqual(800)
  })

  test('gitlab-worker §9.6: Retry-After 40 is paused, then resumed, and the lease lives on', async () => {
    rig = await createRig({ settings: { leaseSeconds: 20 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = once(2, () => limited('40'))
    const task = await rig.finish(id)
    expect(task).toMatchObject({ status: 'completed', attempts: 1, progress: { processed: 250 } })
    const kinds = rig.api.kinds(id)
    expect(kinds.filter((kind) => kind !== 'progress' && kind !== 'status')).toEqual([
      'started',
      'paused',
      'resumed',
      'completed',
    ])
    expect(kinds.filter((kind) => kind === 'status').length).toBeGreaterThanOrEqual(5)
    const paused = rig.api.of(id).find(({ body }) => body.type === 'paused')
    expect(paused?.body.message).toContain(new Date((rig.gitlab.calls[1]?.at as number) + 40_000).toISOString())
    expect(paused?.body.resumeState).toMatchObject({ v: 1, page: 1 })
    expect(rig.api.of(id).at(-1)?.body.metadata).toMatchObject({ rateLimitWaitMs: 40_000, retries: 1, requests: 4 })
  })

  test('gitlab-worker §9.6: Retry-After 2000 puts the task back with a delay, and it keeps its place', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = once(3, () => limited('2000'))
    const task = await rig.finish(id)
    const released = rig.api.of(id).find(({ body }) => body.status === 'queued')
    expect(released?.body).toMatchObject({ type: 'status', retryAfterSeconds: 2000, resumeState: { page: 2 } })
    expect(task).toMatchObject({ status: 'completed', attempts: 1, fence: 2 })
    expect(rig.gitlab.calls.map(({ query }) => query.get('page'))).toEqual(['1', '2', '3', '3'])
    expect(gaps().at(-1)).toBeGreaterThanOrEqual(2_000_000)
    expect(rig.manifest(id).parts.map((part: any) => [part.file, part.items])).toEqual([
      ['part-1.jsonl', 200],
      ['part-2.jsonl', 50],
    ])
  })

  test('gitlab-worker §3.4: the delay of a release is at most an hour', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_TAGS', PROJECT)
    rig.gitlab.on = once(1, () => limited('90000'))
    const given = rig.api.until(id, 'running').then(() => rig.api.until(id, 'queued'))
    await rig.start()
    await rig.clock.run(given)
    expect(rig.api.of(id).at(-1)?.body.retryAfterSeconds).toBe(3600)
  })

  test('gitlab-worker §9.7: 60 a minute with burst 1 is never more than one request a second over several tasks', async () => {
    rig = await createRig()
    const rateLimits = { requestsPerMinute: 60, burstLimit: 1 }
    const ids = [1, 2, 3].map(() => rig.task('FETCH_ISSUES', PROJECT, { rateLimits }).id)
    for (const id of ids) expect((await rig.finish(id)).status).toBe('completed')
    expect(rig.gitlab.calls).toHaveLength(9)
    expect(gaps().every((gap) => gap >= 1000)).toBe(true)
    expect(gaps().every((gap) => gap <= 1001)).toBe(true)
  })

  test('gitlab-worker §3.4: of several tasks the smallest limits hold, an hourly one too, and bursts are used', async () => {
    rig = await createRig()
    const fast = rig.task('FETCH_ISSUES', PROJECT, { rateLimits: { requestsPerMinute: 600, burstLimit: 4 } }).id
    await rig.finish(fast)
    expect(gaps()).toEqual([0, 0])
    const calls = rig.gitlab.calls.length
    const slow = rig.task('FETCH_ISSUES', PROJECT, {
      rateLimits: { requestsPerMinute: 600, requestsPerHour: 360, burstLimit: 1 },
    }).id
    await rig.finish(slow)
    expect(
      gaps()
        .slice(calls)
        .every((gap) => gap >= 10_000),
    ).toBe(true)
  })

  test('gitlab-worker §3.4: a GitLab that counts for itself is never asked beyond RateLimit-Remaining', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 1000 }), limit: { requests: 3, windowMs: 10_000 } } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    await rig.finish(id)
    expect(hashOf(rig.items(id))).toBe(hashOf(rig.gitlab.data.issues.get(101) as any[]))
    expect(rig.gitlab.calls).toHaveLength(10)
    expect(rig.api.of(id).at(-1)?.body.metadata.retries).toBe(0)
  })

  test('gitlab-worker §3.4: without Retry-After until RateLimit-Reset, else 1, 2, 4 s; ten in a row are RATE_LIMITED', async () => {
    rig = await createRig()
    const reset = rig.task('FETCH_TAGS', PROJECT).id
    rig.gitlab.on = once(1, () => limited(undefined, { 'ratelimit-reset': String(rig.clock.now() / 1000 + 7) }))
    await rig.finish(reset)
    expect(gaps()).toEqual([7000])
    const endless = rig.task('FETCH_TAGS', PROJECT).id
    rig.gitlab.on = ({ number }) => (number <= 12 ? limited(undefined) : undefined)
    expect((await rig.finish(endless)).status).toBe('completed')
    expect(rig.api.of(endless).find(({ body }) => body.type === 'failed')?.body.error).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
    })
    expect(gaps().slice(2, 11)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  test('gitlab-worker §3.4: respectRetryAfter false looks away from Retry-After', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_TAGS', PROJECT, {
      rateLimits: { respectRetryAfter: false, requestsPerMinute: 6000, burstLimit: 9 },
    })
    rig.gitlab.on = once(1, () => limited('500'))
    await rig.finish(id)
    expect(gaps()).toEqual([1000])
  })
})

describe('GitLab worker: credentials', () => {
  const oauth = { accessToken: 'oauth-token-before-000', tokenType: 'oauth2', refreshable: true }

  test('gitlab-worker §9.8: 401 once with a refreshable token is one refresh, and the page is repeated', async () => {
    rig = await createRig()
    rig.gitlab.tokens.set(oauth.accessToken, 'good').set('oauth-token-after-0000', 'good')
    rig.api.refresh = async () => 'oauth-token-after-0000'
    const { id } = rig.task('FETCH_ISSUES', PROJECT, { credentials: oauth })
    rig.gitlab.on = ({ number }) => {
      if (number === 2) rig.gitlab.tokens.set(oauth.accessToken, 'expired')
      return undefined
    }
    expect((await rig.finish(id)).status).toBe('completed')
    expect(rig.api.refreshes).toBe(1)
    expect(rig.gitlab.calls.map(({ query }) => query.get('page'))).toEqual(['1', '2', '2', '3'])
    expect(hashOf(rig.items(id))).toBe(hashOf(rig.gitlab.data.issues.get(101) as any[]))
  })

  test('gitlab-worker §9.8: two tasks of one account with 401 at once: one refresh reaches GitLab, one bucket holds on', async () => {
    rig = await createRig()
    rig.gitlab.tokens.set(oauth.accessToken, 'expired').set('oauth-token-after-0000', 'good')
    rig.api.refresh = async () => 'oauth-token-after-0000'
    const rateLimits = { requestsPerMinute: 60, burstLimit: 1 }
    const ids = [1, 2].map(() => rig.task('FETCH_ISSUES', PROJECT, { credentials: oauth, rateLimits }).id)
    for (const id of ids) expect((await rig.finish(id)).status).toBe('completed')
    expect(rig.api.refreshes).toBe(1)
    expect(gaps().every((gap) => gap >= 1000)).toBe(true)
  })

  test('gitlab-worker §9.8: parallel detail calls with 401 share one refresh', async () => {
    rig = await createRig()
    rig.gitlab.tokens.set(oauth.accessToken, 'good').set('oauth-token-after-0000', 'good')
    rig.api.refresh = async () => 'oauth-token-after-0000'
    const { id } = rig.task('FETCH_ENVIRONMENTS', { ...PROJECT, filters: { details: true } }, { credentials: oauth })
    rig.gitlab.on = ({ number }) => {
      if (number === 2) rig.gitlab.tokens.set(oauth.accessToken, 'expired')
      return undefined
    }
    expect((await rig.finish(id)).status).toBe('completed')
    expect(rig.api.refreshes).toBe(1)
    expect(rig.items(id).every((row) => row.last_deployment)).toBe(true)
  })

  test('gitlab-worker §9.8: a personal token pauses the task with PAT_EXPIRED; new credentials finish it from its resumeState', async () => {
    rig = await createRig()
    rig.gitlab.tokens.set('glpat-renewed-token-00', 'good')
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = ({ number }) => {
      if (number === 2) rig.gitlab.tokens.set(GOOD_TOKEN, 'expired')
      return undefined
    }
    const paused = await rig.finish(id, 'paused')
    expect(paused.credentialStatus).toEqual({
      type: 'credential_expiry',
      severity: 'HIGH',
      errorType: 'PAT_EXPIRED',
      providerId: new URL(rig.gitlab.origin).host,
      instanceType: 'gitlab-self-hosted',
      message: expect.any(String),
      adminGuidance: [expect.stringContaining('personal access token'), expect.stringContaining('PUT')],
    })
    expect(rig.api.refreshes).toBe(0)
    rig.api.putCredentials(id, 'glpat-renewed-token-00')
    expect((await rig.finish(id)).status).toBe('completed')
    expect(rig.gitlab.calls.map(({ query, token }) => [query.get('page'), token === GOOD_TOKEN])).toEqual([
      ['1', true],
      ['2', true],
      ['2', false],
      ['3', false],
    ])
    expect(hashOf(rig.items(id))).toBe(hashOf(rig.gitlab.data.issues.get(101) as any[]))
  })

  test('gitlab-worker §3.5: a second 401 with the new token is OAUTH2_REVOKED when GitLab says so', async () => {
    rig = await createRig()
    rig.gitlab.tokens.set(oauth.accessToken, 'revoked').set('oauth-token-after-0000', 'revoked')
    rig.api.refresh = async () => 'oauth-token-after-0000'
    const { id } = rig.task('FETCH_TAGS', PROJECT, { credentials: oauth })
    expect((await rig.finish(id, 'paused')).credentialStatus.errorType).toBe('OAUTH2_REVOKED')
    expect(rig.gitlab.calls).toHaveLength(2)
  })

  test('gitlab-worker §3.5: refreshSuccessful false ends the work without another word', async () => {
    rig = await createRig()
    rig.gitlab.tokens.set(oauth.accessToken, 'expired')
    const { id } = rig.task('FETCH_TAGS', PROJECT, { credentials: oauth })
    let asked = () => {}
    const refused = new Promise<void>((resolve) => {
      asked = resolve
    })
    rig.api.after = (name) => {
      if (name === 'refresh') asked()
      return undefined
    }
    await rig.start()
    await rig.clock.run(refused)
    await rig.clock.run(rig.clock.sleep(15_000))
    expect(rig.api.kinds(id)).toEqual(['started'])
  })

  test('gitlab-worker §3.5: a refresh that GitLab cannot serve is tried again as a 5xx is', async () => {
    rig = await createRig()
    rig.gitlab.tokens.set(oauth.accessToken, 'expired').set('oauth-token-after-0000', 'good')
    rig.api.refresh = async () => 'oauth-token-after-0000'
    let refusals = 0
    rig.api.on = (name) => (name === 'refresh' && ++refusals <= 3 ? { status: 503, code: 'UPSTREAM_UNAVAILABLE' } : undefined)
    const { id } = rig.task('FETCH_TAGS', PROJECT, { credentials: oauth })
    expect((await rig.finish(id)).status).toBe('completed')
    expect(gaps()).toEqual([7000])
    refusals = -100
    rig.gitlab.tokens.set('oauth-token-after-0000', 'expired')
    const never = rig.task('FETCH_TAGS', PROJECT, { credentials: { ...oauth, accessToken: 'oauth-token-after-0000' } }).id
    expect((await rig.finish(never)).progress.error).toMatchObject({ code: 'GITLAB_UNAVAILABLE', retryable: true })
  })
})
