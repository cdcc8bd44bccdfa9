import { afterEach, expect, test } from 'bun:test'
import { onEachDatabase } from '../../support/databases.ts'
import { eventually } from '../../support/eventually.ts'
import { GOOD_TOKEN } from '../../support/gitlab-double.ts'
import { createReal, PAGES, PROJECT, type Real } from './real-rig.ts'
import { hashOf } from './rig.ts'

onEachDatabase('GitLab worker and the real API', (database) => {
  let real: Real
  afterEach(() => real.stop())
  const issues = () => real.gitlab.data.issues.get(101) as any[]

  test('gitlab-worker §9.1: every type for a project ends completed with its count, in the API as in the manifest', async () => {
    real = await createReal(database)
    const { data } = real.gitlab
    const expected: Record<string, [string, any[]]> = {
      FETCH_ISSUES: ['issues', issues()],
      FETCH_MERGE_REQUESTS: ['mergeRequests', data.mergeRequests],
      FETCH_COMMITS: ['commits', data.commits],
      FETCH_BRANCHES: ['branches', data.branches],
      FETCH_TAGS: ['tags', data.tags],
      FETCH_PIPELINES: ['pipelines', data.pipelines],
      FETCH_JOBS: ['jobs', [...data.jobs].reverse()],
      FETCH_DEPLOYMENTS: ['deployments', data.deployments],
      FETCH_ENVIRONMENTS: ['environments', data.environments],
      FETCH_VULNERABILITIES: ['vulnerabilities', data.vulnerabilities],
      FETCH_PROJECT_MEMBERS: ['users', data.members],
    }
    for (const type of Object.keys(expected)) await real.create(type, type, PROJECT)
    await real.start()
    for (const [type, [name, rows]] of Object.entries(expected)) {
      expect([type, await real.until(type, 'completed', 'failed')]).toEqual([type, 'completed'])
      const { progress, timelineTruncated } = await real.progress(type)
      expect(progress).toMatchObject({
        processed: rows.length,
        total: rows.length,
        percentage: 100,
        itemsByType: { [name]: rows.length },
      })
      expect(timelineTruncated).toBe(0)
      const { manifest, rows: got } = real.result(type)
      expect([type, manifest.items, hashOf(got)]).toEqual([type, rows.length, hashOf(rows)])
    }
  }, 300_000)

  test('crawler D2: a project without items ends at 0 of 0, which is 100 %', async () => {
    real = await createReal(database)
    for (const type of ['FETCH_ISSUES', 'FETCH_TAGS', 'FETCH_COMMITS', 'FETCH_JOBS'])
      await real.create(type, type, { resourceId: 'acme/lab/rig' })
    real.gitlab.data.issues.set(102, [])
    await real.start()
    for (const type of ['FETCH_ISSUES', 'FETCH_TAGS', 'FETCH_COMMITS', 'FETCH_JOBS']) {
      expect([type, await real.until(type, 'completed', 'failed')]).toEqual([type, 'completed'])
      expect([type, (await real.progress(type)).progress]).toMatchObject([type, { processed: 0, total: 0, percentage: 100 }])
      expect((await real.detail(type)).progress).toMatchObject({ processed: 0, total: 0, percentage: 100 })
    }
  })

  test('gitlab-worker §9.11: killed in the middle of each page, the next attempt continues, and nothing is there twice', async () => {
    real = await createReal(database)
    for (let page = 1; page <= PAGES; page++) {
      const id = `killed-${page}`
      await real.create(id, 'FETCH_ISSUES', PROJECT)
      let dead = false
      let fell = () => {}
      const fallen = new Promise<void>((resolve) => {
        fell = resolve
      })
      const unlessDead = async <T>(work: () => Promise<T>): Promise<T> => (dead ? new Promise<T>(() => {}) : work())
      const victim = await real.start({
        fetch: (request) => unlessDead(() => real.handle(request)),
        gitlabFetch: async (request) => {
          if (new URL(request.url).searchParams.get('page') === String(page)) {
            // Not before the pages until here are acknowledged, so that the next attempt's first request is known.
            await real.clock.during(async () => {
              await eventually(
                () => real.progress(id),
                ({ progress }) => progress.processed >= (page - 1) * 100,
              )
            })
            dead = true
            fell()
          }
          return unlessDead(() => real.network(request))
        },
      })
      await real.clock.run(fallen)
      const next = await real.start()
      await real.until(id, 'completed', 'failed')
      expect(await real.detail(id)).toMatchObject({
        status: 'completed',
        metadata: { attempts: 2 },
        progress: { processed: PAGES * 100 },
      })
      const { manifest, rows } = real.result(id)
      expect(hashOf(rows)).toBe(hashOf(issues()))
      expect(manifest.parts.map((part: any) => part.items)).toEqual([(page - 1) * 100, (PAGES - page + 1) * 100].filter(Boolean))
      await real.clock.run(Promise.all([victim.stop(), next.stop()]))
    }
  }, 300_000)

  test('gitlab-worker §9.15: discovery of 3 groups and 4 projects is 7 areas and 32 tasks, also after a kill in its middle', async () => {
    for (const kill of [false, true]) {
      real = await createReal(database)
      await real.create('areas', 'DISCOVER_AREAS')
      let asked = 0
      let dead = false
      let fell = () => {}
      const fallen = new Promise<void>((resolve) => {
        fell = resolve
      })
      const settings = { ...real.settings, types: ['DISCOVER_AREAS' as const] }
      if (kill) {
        await real.start({
          settings,
          fetch: (request) => (dead ? new Promise<Response>(() => {}) : real.handle(request)),
          gitlabFetch: (request) => {
            if (++asked === 2) {
              dead = true
              fell()
              return new Promise<Response>(() => {})
            }
            return real.network(request)
          },
        })
        await real.clock.run(fallen)
      }
      await real.start({ settings })
      await real.until('areas', 'completed', 'failed')
      const spawned = await real.send('GET', '/tasks?spawnedFrom=areas&limit=100')
      expect(spawned.meta.total).toBe(32)
      const { progress } = await real.progress('areas')
      expect(progress).toMatchObject({ processed: 7, itemsByType: { groups: 3, projects: 4 } })
      if (!kill) await real.stop()
    }
    // And the tasks it has spawned are executed as they are.
    await real.start()
    for (const { id } of (await real.send('GET', '/tasks?spawnedFrom=areas&limit=100')).data)
      expect(await real.until(id, 'completed', 'failed')).toBe('completed')
  }, 300_000)

  test('gitlab-worker §9.13, §9.14: a cancelled task stops at the next report; a stopped worker gives its task back uncounted', async () => {
    real = await createReal(database)
    const slow = { rateLimits: { requestsPerMinute: 6, burstLimit: 1 } }
    await real.create('cancelled', 'FETCH_ISSUES', PROJECT, slow)
    await real.create('stopped', 'FETCH_ISSUES', PROJECT, slow)
    const worker = await real.start()
    await real.clock.run(real.clock.sleep(15_000))
    await real.send('DELETE', '/tasks/cancelled')
    await real.clock.run(real.clock.sleep(30_000))
    expect(await real.detail('cancelled')).toMatchObject({ status: 'failed', error: 'Task canceled by user request' })
    expect(real.result('cancelled').manifest).toBeNull()
    await real.clock.run(worker.stop())
    expect(await real.detail('stopped')).toMatchObject({ status: 'queued', metadata: { attempts: 0 } })
    await real.start()
    expect(await real.until('stopped', 'completed', 'failed')).toBe('completed')
    expect(hashOf(real.result('stopped').rows)).toBe(hashOf(issues()))
  }, 300_000)

  test('gitlab-worker §9.8: a refused personal token pauses the task; PUT of credentials lets it finish where it was', async () => {
    real = await createReal(database)
    await real.create('pat', 'FETCH_ISSUES', PROJECT)
    real.gitlab.tokens.set('glpat-renewed-0123456789', 'good')
    real.gitlab.on = ({ query }) => {
      if (query.get('page') === '3') real.gitlab.tokens.set(GOOD_TOKEN, 'expired')
      return undefined
    }
    await real.start()
    await real.until('pat', 'paused')
    const { progress, jobStatus } = await real.progress('pat')
    expect(jobStatus).toBe('credential_expired')
    expect(progress.credentialStatus).toMatchObject({ type: 'credential_expiry', errorType: 'PAT_EXPIRED' })
    await real.send('PUT', '/tasks/pat', { credentials: { accessToken: 'glpat-renewed-0123456789' } })
    await real.until('pat', 'completed', 'failed')
    expect(real.gitlab.calls.map(({ query }) => query.get('page'))).toEqual(['1', '2', '3', '3', '4', '5'])
    expect(hashOf(real.result('pat').rows)).toBe(hashOf(issues()))
  }, 300_000)

  test('gitlab-worker §9.8: two tasks of one account with 401 at once: one refresh reaches GitLab', async () => {
    real = await createReal(database)
    real.gitlab.tokens.set('oauth-before-0123456789', 'expired').set('oauth-after-0123456789', 'good')
    const oauth = { accessToken: 'oauth-before-0123456789', refreshToken: 'refresh-0123456789', clientId: 'c', clientSecret: 's' }
    for (const id of ['one', 'two']) await real.create(id, 'FETCH_ISSUES', PROJECT, { credentials: oauth })
    real.gitlab.on = ({ path }) =>
      path === '/oauth/token'
        ? Response.json({ access_token: 'oauth-after-0123456789', refresh_token: 'refresh-2', expires_in: 7200 })
        : undefined
    await real.start()
    for (const id of ['one', 'two']) expect(await real.until(id, 'completed', 'failed')).toBe('completed')
    expect(real.gitlab.calls.filter(({ path }) => path === '/oauth/token')).toHaveLength(1)
    for (const id of ['one', 'two']) expect(hashOf(real.result(id).rows)).toBe(hashOf(issues()))
  }, 300_000)

  test('gitlab-worker §9.6, §9.10: a long Retry-After queues with a delay; a permanent 502 fails for good after three attempts', async () => {
    real = await createReal(database)
    await real.create('later', 'FETCH_ISSUES', PROJECT)
    let limited = false
    real.gitlab.on = ({ query, path }) => {
      if (path.endsWith('/tags')) return Response.json({}, { status: 502 })
      if (limited || query.get('page') !== '2') return undefined
      limited = true
      return Response.json({}, { status: 429, headers: { 'retry-after': '1000' } })
    }
    const from = real.clock.now()
    await real.start()
    expect(await real.until('later', 'completed', 'failed')).toBe('completed')
    expect(real.clock.now() - from).toBeGreaterThanOrEqual(1_000_000)
    expect((await real.detail('later')).metadata.attempts).toBe(1)
    await real.create('dead', 'FETCH_TAGS', PROJECT)
    expect(await real.until('dead', 'failed')).toBe('failed')
    const dead = await real.detail('dead')
    expect(dead).toMatchObject({ status: 'failed', metadata: { attempts: 3, deadLetter: true } })
    expect(dead.error).toContain('GitLab does not answer')
  }, 300_000)
})
