import { afterEach, describe, expect, test } from 'bun:test'
import { GOOD_TOKEN, truncatedBody } from '../../support/gitlab-double.ts'
import { createRig, hashOf, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }
const answer = (status: number, body: unknown = { message: `${status}` }, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers })
const gaps = () => rig.gitlab.calls.slice(1).map(({ at }, index) => at - (rig.gitlab.calls[index]?.at as number))
const failureOf = (id: string) => rig.api.of(id).findLast(({ body }) => body.type === 'failed')?.body

describe('GitLab worker: what GitLab refuses', () => {
  test('gitlab-worker §9.9: 404 for the project completes with 0 items and one warning', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', { resourceId: 'acme/gone' })
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', progress: { processed: 0, total: 0 } })
    expect(rig.manifest(id)).toMatchObject({ items: 0, itemsByType: { issues: 0 }, parts: [], truncated: true })
    expect(rig.manifest(id).warnings).toEqual([expect.stringMatching(/^404 for \/api\/v4\/projects\/acme%2Fgone\/issues/)])
  })

  test('gitlab-worker §3.3: 403 in the middle completes with what is stored', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = ({ number }) => (number === 2 ? answer(403, { message: '403 Forbidden' }) : undefined)
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', progress: { processed: 100, total: 250 } })
  })

  test('crawler F2: a list that ends early for a refusal is truncated, and keeps the total that was announced', async () => {
    for (const status of [403, 404]) {
      rig = await createRig()
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      rig.gitlab.on = ({ query }) => (query.get('page') === '3' ? answer(status) : undefined)
      expect(await rig.finish(id)).toMatchObject({ status: 'completed', progress: { processed: 200, total: 250 } })
      const reason = expect.stringMatching(new RegExp(`^${status} for /api/v4/projects/acme%2Ftools/issues.*page=3`))
      expect(rig.manifest(id)).toMatchObject({
        items: 200,
        truncated: true,
        truncatedReasons: [reason],
        warnings: [reason],
      })
      expect(rig.api.of(id).at(-1)?.body.metadata).toMatchObject({ truncated: true })
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler F2: instance lists and keyset lists as well; without a total it is what is stored', async () => {
    rig = await createRig()
    const issues = rig.task('FETCH_ISSUES').id
    const jobs = rig.task('FETCH_JOBS', { ...PROJECT, pagination: { pageSize: 20 } }).id
    let pages = 0
    rig.gitlab.on = ({ path, query }) => {
      if (path.endsWith('/issues')) return query.get('page') === '2' ? answer(404) : undefined
      return ++pages === 2 ? answer(403) : undefined
    }
    const all = [...rig.gitlab.data.issues.values()].flat().length
    expect((await rig.finish(issues)).progress).toMatchObject({ processed: 100, total: all })
    expect((await rig.finish(jobs)).progress).toMatchObject({ processed: 20, total: 20 })
    for (const id of [issues, jobs]) expect(rig.manifest(id)).toMatchObject({ truncated: true })
  })

  test('crawler F2: the mark outlives a release into the queue', async () => {
    rig = await createRig()
    const { id } = rig.task('DISCOVER_AREAS', { resourceId: 'acme' })
    let limited = false
    rig.gitlab.on = ({ path }) => {
      if (path.endsWith('/descendant_groups')) return answer(403)
      if (limited || !path.endsWith('/projects')) return undefined
      limited = true
      return answer(429, {}, { 'retry-after': '2000' })
    }
    expect((await rig.finish(id)).status).toBe('completed')
    expect(limited).toBe(true)
    expect(rig.manifest(id)).toMatchObject({
      truncated: true,
      truncatedReasons: [expect.stringMatching(/^403 for .*descendant_groups/)],
    })
  })

  test('crawler B3: a refused list of a discovery is left out with its warning, and the next one is asked', async () => {
    for (const [options, refused, itemsByType] of [
      [{ resourceId: 'acme' }, '/groups/acme/descendant_groups', { groups: 1, projects: 3 }],
      [{ resourceId: 'acme' }, '/groups/acme', { groups: 1, projects: 3 }],
      [{ resourceId: 'acme' }, '/groups/acme/projects', { groups: 2, projects: 0 }],
      [{}, '/groups', { groups: 0, projects: 4 }],
      [{}, '/projects', { groups: 3, projects: 0 }],
    ] as const) {
      rig = await createRig()
      const { id } = rig.task('DISCOVER_AREAS', options)
      rig.gitlab.on = ({ asked }) => (asked.split('?')[0] === refused ? answer(403) : undefined)
      expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1 })
      const reason = expect.stringMatching(new RegExp(`^403 for /api/v4${refused}`))
      expect([refused, rig.manifest(id)]).toMatchObject([
        refused,
        { itemsByType, truncated: true, truncatedReasons: [reason], warnings: [reason] },
      ])
      expect(rig.api.areas.size).toBe(itemsByType.groups + itemsByType.projects)
      await rig.stop()
    }
    rig = await createRig()
  })

  test('gitlab-worker §3.3: a tier without vulnerabilities completes with a warning', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_VULNERABILITIES', PROJECT)
    rig.gitlab.on = () => answer(403)
    expect((await rig.finish(id)).status).toBe('completed')
    expect(rig.manifest(id).warnings).toHaveLength(1)
  })

  test('gitlab-worker §9.9: 403 insufficient_scope fails for good and names read_api', async () => {
    rig = await createRig()
    rig.gitlab.tokens.set(GOOD_TOKEN, 'narrow')
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    expect(await rig.finish(id)).toMatchObject({ status: 'failed', attempts: 1 })
    expect(failureOf(id)).toMatchObject({ retryable: false, error: { code: 'INSUFFICIENT_SCOPE', httpStatus: 403 } })
    expect(failureOf(id)?.error.message).toContain('read_api')
  })

  test('gitlab-worker §9.9: 404 on an instance list is NOT_GITLAB', async () => {
    rig = await createRig()
    rig.gitlab.on = () => new Response('<html>nothing here</html>', { status: 404 })
    for (const type of ['FETCH_PROJECTS', 'FETCH_GROUPS', 'FETCH_ISSUES', 'FETCH_MERGE_REQUESTS', 'DISCOVER_AREAS']) {
      const { id } = rig.task(type)
      await rig.finish(id)
      expect(failureOf(id)).toMatchObject({ retryable: false, error: { code: 'NOT_GITLAB', httpStatus: 404 } })
    }
  })

  test("gitlab-worker §9.9: 400 fails with GitLab's text, cut at 200 characters and without the token", async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = () => answer(400, { message: { labels: [`is wrong for ${GOOD_TOKEN} ${'x'.repeat(900)}`] } })
    await rig.finish(id)
    const { error } = failureOf(id)
    expect(error).toMatchObject({ code: 'GITLAB_REJECTED', retryable: false, httpStatus: 400 })
    expect(error.message).toStartWith('GitLab answers 400: {"labels":["is wrong for [redacted] xxx')
    expect(error.message).toHaveLength(200)
  })

  test('security M1: of a host that no configuration names nothing but status and path is shown', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = () => answer(400, { message: 'an inner secret' })
    await rig.start({ outboundAllow: [] })
    await rig.finish(id)
    expect(failureOf(id).error.message).toStartWith('GitLab answers 400 for /api/v4/projects/')
    expect(JSON.stringify(rig.api.of(id))).not.toContain('inner secret')
  })

  test('security M1: a private address that is not listed is refused without a connection', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    await rig.start({ outboundAllow: [], gitlabFetch: undefined })
    await rig.finish(id)
    expect(failureOf(id)).toMatchObject({ retryable: false, error: { code: 'BAD_TASK' } })
    expect(rig.gitlab.calls).toEqual([])
  })

  test('gitlab-worker §9.10: three 502, then 200: waits of 1, 2, 4 s, and completed', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = ({ number }) => (number <= 3 ? answer(502) : undefined)
    expect((await rig.finish(id)).status).toBe('completed')
    expect(gaps().slice(0, 4)).toEqual([1000, 2000, 4000, 0])
    expect(rig.api.of(id).at(-1)?.body.metadata).toMatchObject({ retries: 3, requests: 6 })
  })

  test('gitlab-worker §9.10: a permanent 502 is failed retryable, queued again, and dead after the last attempt', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = ({ number }) => (number > 1 ? answer(502) : undefined)
    expect(await rig.finish(id)).toMatchObject({ status: 'failed', attempts: 3, deadLetter: true })
    const failures = rig.api.of(id).filter(({ body }) => body.type === 'failed')
    expect(failures.map(({ answer: said }) => said.willRetry ?? false)).toEqual([true, true, false])
    expect(failures[0]?.body).toMatchObject({
      retryable: true,
      error: { code: 'GITLAB_UNAVAILABLE', httpStatus: 502 },
      resumeState: { page: 1 },
    })
    const whole = rig.gitlab.calls.filter(({ query }) => query.get('per_page') === '100').map(({ query }) => query.get('page'))
    expect(whole).toEqual(['1', ...Array.from({ length: 18 }, () => '2')])
  })

  test('gitlab-worker §3.3: Retry-After of a 503 wins over the backoff', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_TAGS', PROJECT)
    rig.gitlab.on = ({ number }) => (number === 1 ? answer(503, {}, { 'retry-after': '9' }) : undefined)
    await rig.finish(id)
    expect(gaps()).toEqual([9000])
  })

  test('gitlab-worker §3.3: a truncated body is repeated like any broken connection', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const page = JSON.stringify(rig.gitlab.data.issues.get(101)?.slice(0, 100))
    rig.gitlab.on = ({ number }) => (number <= 2 ? truncatedBody(page) : undefined)
    expect((await rig.finish(id)).status).toBe('completed')
    expect(hashOf(rig.items(id))).toBe(hashOf(rig.gitlab.data.issues.get(101) as any[]))
    expect(gaps().slice(0, 2)).toEqual([1000, 2000])
  })

  test('gitlab-worker §3.3: a server that is not there is GITLAB_UNAVAILABLE', async () => {
    rig = await createRig({ settings: { maxRetries: 2 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT, { apiEndpoint: 'http://127.0.0.1:9' })
    expect((await rig.finish(id)).attempts).toBe(3)
    expect(failureOf(id)).toMatchObject({ retryable: true, error: { code: 'GITLAB_UNAVAILABLE' } })
  })

  test('gitlab-worker §3.3: invalid JSON or a wrong shape is asked for once more, then BAD_RESPONSE', async () => {
    rig = await createRig()
    const odd = [
      () => new Response('<html>'),
      () => answer(200, { not: 'a list' }),
      () => answer(200, [1, 2]),
      () => answer(200, null),
    ]
    for (const make of odd) {
      rig.gitlab.calls.length = 0
      const { id } = rig.task('FETCH_TAGS', PROJECT)
      rig.gitlab.on = ({ number }) => (number === 1 ? make() : undefined)
      expect((await rig.finish(id)).status).toBe('completed')
    }
    rig.gitlab.on = () => new Response('<html>')
    const { id } = rig.task('FETCH_TAGS', PROJECT)
    await rig.finish(id)
    expect(failureOf(id)).toMatchObject({ retryable: true, error: { code: 'BAD_RESPONSE' } })
  })

  test('gitlab-worker §3.1: a body above 50 MiB is refused, declared or not', async () => {
    rig = await createRig()
    const chunk = new Uint8Array(1024 * 1024).fill(32)
    rig.gitlab.on = ({ number }) => {
      if (number % 2 === 0) return new Response(new Uint8Array(51 * 1024 * 1024).fill(32))
      let sent = 0
      return new Response(
        new ReadableStream({
          pull(controller) {
            if (sent++ < 60) controller.enqueue(chunk)
            else controller.close()
          },
        }),
      )
    }
    // Without the counting network: the worker itself has to stop reading.
    const worker = await rig.start({ gitlabFetch: (request) => fetch(request) })
    const { id } = rig.task('FETCH_TAGS', PROJECT)
    await rig.api.until(id, 'running')
    await rig.api.until(id, 'failed', 'queued')
    expect(failureOf(id)).toMatchObject({ retryable: true, error: { code: 'BAD_RESPONSE' } })
    expect(failureOf(id)?.error.message).toContain('too large')
    await rig.clock.run(worker.stop())
  }, 300_000)

  test('gitlab-worker §1: a request that takes longer than WORKER_REQUEST_TIMEOUT_MS is given up and repeated', async () => {
    rig = await createRig({ settings: { requestTimeoutMs: 5000 } })
    const { id } = rig.task('FETCH_TAGS', PROJECT)
    let number = 0
    const network = (request: Request) => (++number === 1 ? new Promise<Response>(() => {}) : rig.network(request))
    await rig.start({ gitlabFetch: network })
    expect((await rig.finish(id)).status).toBe('completed')
    expect(rig.api.of(id).at(-1)?.body.metadata).toMatchObject({ requests: 2, retries: 1 })
  })

  test('gitlab-worker §9.16: an impossible task is BAD_TASK with the reason, and GitLab is not called', async () => {
    rig = await createRig()
    const cases: [string, object, object, string][] = [
      ['FETCH_ISSUES', PROJECT, { apiEndpoint: undefined }, 'apiEndpoint is missing'],
      ['FETCH_ISSUES', { resourceId: '5', resourceType: 'user' }, {}, 'FETCH_ISSUES does not take the resource type user'],
      ['FETCH_PROJECT_DETAILS', {}, {}, 'resourceId is required for FETCH_PROJECT_DETAILS'],
      ['FETCH_GROUP_MEMBERS', {}, {}, 'resourceId is required for FETCH_GROUP_MEMBERS'],
      // crawler F6: what the release before has stored.
      ['FETCH_ISSUES', { resourceId: '' }, {}, 'resourceId is empty'],
      ['FETCH_PROJECTS', { resourceId: '' }, {}, 'resourceId is empty'],
      ['DISCOVER_AREAS', { resourceId: '', resourceType: 'instance' }, {}, 'resourceId is empty'],
      ['FETCH_COMMITS', { ...PROJECT, branch: '' }, {}, 'branch is empty'],
      ['FETCH_JOBS', { ...PROJECT, filters: { pipelineId: '' } }, {}, 'filters.pipelineId is empty'],
      ['FETCH_TAGS', { resourceId: '..' }, {}, '".." is not the id or path of a GitLab resource'],
      [
        'FETCH_TAGS',
        PROJECT,
        { credentials: { accessToken: 'line\nbreak-0123' } },
        'the access token cannot be sent in a header',
      ],
      ['WALK_THE_DOG', PROJECT, {}, 'unknown task type WALK_THE_DOG'],
    ]
    for (const [type, options, more, message] of cases) {
      const { id } = rig.task(type, options, more)
      expect((await rig.finish(id)).status).toBe('failed')
      expect(rig.api.kinds(id)).toEqual(['failed'])
      expect(failureOf(id)).toMatchObject({ retryable: false, error: { code: 'BAD_TASK', message, retryable: false } })
    }
    expect(rig.gitlab.calls).toEqual([])
  })

  test('gitlab-worker §4: unknown filters are ignored with a warning', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_TAGS', { ...PROJECT, filters: { colour: 'red', search: '', per_page: 5 } })
    await rig.finish(id)
    expect(rig.manifest(id).warnings).toEqual([
      'filter "colour" is unknown and ignored',
      'filter "per_page" is unknown and ignored',
    ])
    expect(rig.gitlab.asked()).toEqual(['/projects/acme/tools/repository/tags?order_by=name&sort=asc&page=1&per_page=100'])
  })
})
