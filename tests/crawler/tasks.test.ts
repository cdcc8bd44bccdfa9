import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { TASK_TYPES } from '../../src/crawler/fields.ts'
import { onEachDatabase } from '../support/databases.ts'
import { START } from '../support/fake-clock.ts'
import { AUTH, expectEnvelope, makeRig, path, refusal, taskData } from './rig.ts'

onEachDatabase('crawler tasks (gitlab-crawler §6, §7.3 to §7.9)', (database) => {
  test('§17.1: id, type and accessToken are enough; all 17 types read back as asked, an unknown one is 400', async () => {
    const app = await makeRig(database)
    const bare = await app.send('POST', '/tasks', { data: { id: 't', type: 'FETCH_TAGS', credentials: { accessToken: 'x' } } })
    expect(bare).toMatchObject({
      status: 201,
      body: {
        message: 'Task created successfully',
        data: {
          id: 't',
          type: 'FETCH_TAGS',
          status: 'queued',
          createdAt: '2026-01-15T12:00:00.000Z',
          progress: { processed: 0, total: null, percentage: null, currentStep: 'Task created' },
        },
      },
    })
    expect(Object.keys(bare.body.data)).not.toContain('error')
    for (const type of TASK_TYPES) {
      await app.create(`t-${type}`, { type })
      expect((await app.detail(`t-${type}`)).type).toBe(type)
    }
    expect(TASK_TYPES).toHaveLength(17)
    const unknown = await app.send('POST', '/tasks', { data: taskData('u', { type: 'FETCH_ALL' }) })
    expect(refusal(unknown)).toEqual([400, 'VALIDATION_FAILED', expect.stringMatching(/^Validation failed: type/)])
    expect(unknown.body.details.fields).toMatchObject([{ field: 'type' }])
  })

  test('§17.2: of 20 parallel creates of one id one is 201, nineteen are 409, one row', async () => {
    const app = await makeRig(database)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => app.send('POST', '/tasks', { type: 'task', data: taskData('same') })),
    )
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1)
    const refused = answers.filter((answer) => answer.status === 409)
    expect(refused).toHaveLength(19)
    expect(refusal(refused[0]!)).toEqual([409, 'TASK_EXISTS', 'Task with this ID already exists'])
    expect(await app.rows('crawler_tasks')).toBe(1)
    expect(await app.rows('crawler_accounts')).toBe(1)
  })

  test('§1: every id accepted at creation is addressable', async () => {
    const app = await makeRig(database)
    for (const id of [
      'a/b',
      'group/project 1',
      '100%',
      '%2F',
      'a%2Fb',
      'ключ',
      '...',
      'a?b#c',
      '+',
      'lease',
      'bulk',
      '😀',
      'x'.repeat(255),
    ]) {
      expect((await app.create(id)).id).toBe(id)
      expect((await app.detail(id)).id).toBe(id)
      expect((await app.report(id, { type: 'progress', processed: 1 })).taskId).toBe(id)
      expect((await app.progress(id)).taskId).toBe(id)
    }
    expect((await app.create(42)).id).toBe('42')
    for (const id of ['.', '..', 'a\u0000b', 'a\nb', 'x'.repeat(256), 1.5, true, '\ud800'])
      expect([id, (await app.send('POST', '/tasks', { data: taskData(id as never) })).status]).toEqual([id, 400])
    expect(refusal(await app.send('GET', '/tasks/%zz'))).toEqual([404, 'TASK_NOT_FOUND', 'Task not found'])
  })

  test('§7.7 to §7.9: an id that no task can have is 404, also where the database could not store it', async () => {
    const app = await makeRig(database)
    for (const [method, body] of [['GET'], ['PUT', {}], ['DELETE']] as const)
      expect(refusal(await app.send(method, '/tasks/a%00b', body))).toEqual([404, 'TASK_NOT_FOUND', 'Task not found'])
  })

  test('§6: refused values of a new task', async () => {
    const app = await makeRig(database)
    const bad: [string, Record<string, any>][] = [
      ['credentials.refreshToken', { credentials: { accessToken: 'x', refreshToken: 'x'.repeat(4097) } }],
      ['credentials.tokenType', { credentials: { accessToken: 'x', tokenType: 'basic' } }],
      ['credentials.expiresAt', { credentials: { accessToken: 'x', expiresAt: 'tomorrow' } }],
      ['credentials.accessToken', { credentials: { accessToken: 'x'.repeat(4097) } }],
      ['apiEndpoint', { apiEndpoint: 'ftp://gitlab.example' }],
      ['apiEndpoint', { apiEndpoint: 'https://user:pass@gitlab.example/api/v4' }],
      ['apiEndpoint', { apiEndpoint: 'https://gitlab.example/#x' }],
      ['apiEndpoint', { apiEndpoint: `https://gitlab.example/${'x'.repeat(2048)}` }],
      ['apiEndpoint', { apiEndpoint: 'http://' }],
      ['rateLimits.burstLimit', { rateLimits: { burstLimit: 0 } }],
      ['priority', { priority: 'now' }],
      ['options.resourceId', { options: { resourceId: 'x'.repeat(1025) } }],
      // crawler F6: an empty value never widens a task.
      ['options.resourceId', { options: { resourceId: '' } }],
      ['options.branch', { options: { resourceId: 'a/b', branch: '' } }],
      ['options.resourceType', { options: { resourceType: 'team' } }],
      ['options.branch', { options: { branch: 'x'.repeat(256) } }],
      ['options.fromDate', { options: { fromDate: '2026-02-30' } }],
      ['options.fromDate', { options: { fromDate: '2026-02-02', toDate: '2026-02-01' } }],
      ['options.pagination.pageSize', { options: { pagination: { pageSize: 101 } } }],
      ['options.pagination.maxPages', { options: { pagination: { maxPages: 0 } } }],
      ['options.filters', { options: { filters: { a: 'x'.repeat(17_000) } } }],
      ['options.filters', { options: { filters: [] } }],
      ['options.outputFormat', { options: { outputFormat: 'yaml' } }],
      ['options.fanout', { options: { fanout: 'some' } }],
    ]
    for (const [field, more] of bad) {
      const answer = await app.send('POST', '/tasks', { data: taskData('bad', more) })
      expect([field, answer.status, answer.body.code, answer.body.details.fields?.[0]?.field]).toEqual([
        field,
        400,
        'VALIDATION_FAILED',
        field,
      ])
    }
    for (const data of [
      undefined,
      null,
      [],
      'x',
      {},
      { id: 'a', type: 'FETCH_TAGS' },
      { id: '', type: 'FETCH_TAGS', credentials: { accessToken: 'x' } },
    ])
      expect(refusal(await app.send('POST', '/tasks', { type: 'task', data }))).toEqual([
        400,
        'MISSING_FIELDS',
        'Missing required fields: id, type, credentials.accessToken',
      ])
    expect(await app.rows('crawler_tasks')).toBe(0)
  })

  test('§6 TaskDetail: 0 is a resource, dates and sub-millisecond times are kept, no credential is shown', async () => {
    const app = await makeRig(database)
    await app.create('d', {
      credentials: { accessToken: 'glpat-a', refreshToken: 'ref', clientId: 'cid', clientSecret: 'cs' },
      priority: 'urgent',
      rateLimits: { requestsPerMinute: 5 },
      options: {
        resourceId: 0,
        resourceType: 'project',
        branch: 'main',
        fromDate: '2026-01-01T00:00:00.123456789+02:00',
        toDate: '2026-01-02',
        unknown: 1,
      },
    })
    const detail = await app.detail('d')
    expect(detail).toMatchObject({
      jobStatus: 'queued',
      metadata: {
        resourceId: '0',
        resourceType: 'project',
        apiEndpoint: 'https://gitlab.example/api/v4',
        branch: 'main',
        fromDate: '2025-12-31T22:00:00.123Z',
        toDate: '2026-01-02T00:00:00.000Z',
        command: 'issues',
        priority: 'urgent',
        attempts: 0,
        maxAttempts: 3,
        run: 1,
      },
    })
    expect(JSON.stringify(detail)).not.toMatch(/glpat-a|"ref"|cid|credentials/)
  })

  test('§7.4: an active task of the same resource and branch is 409, without a branch there is no such rule', async () => {
    const app = await makeRig(database)
    const options = { resourceId: 'g/p', branch: 'main' }
    await app.create('one', { options })
    expect(refusal(await app.send('POST', '/tasks', { data: taskData('two', { options }) }))).toEqual([
      409,
      'DUPLICATE_RESOURCE',
      'An active task for this resource and branch already exists',
    ])
    await app.create('other-type', { options, type: 'FETCH_COMMITS' })
    await app.create('no-branch-1', { options: { resourceId: 'g/p' } })
    await app.create('no-branch-2', { options: { resourceId: 'g/p' } })
    await app.report('one', { type: 'failed', error: 'x' })
    await app.create('three', { options })
    expect(refusal(await app.put('one', { status: 'queued' })).slice(0, 2)).toEqual([409, 'DUPLICATE_RESOURCE'])
    expect((await app.detail('one')).status).toBe('failed')
  })

  test('§17.7: the list of tasks is filtered and paged, and refuses wrong filters and pages', async () => {
    const app = await makeRig(database)
    for (let n = 0; n < 25; n++) {
      app.clock.advance(1000)
      await app.create(`t${String(n).padStart(2, '0')}`, { type: n % 5 === 0 ? 'FETCH_TAGS' : 'FETCH_ISSUES' })
    }
    const list = (query: string) => app.ok('GET', `/tasks?${query}`)
    const page = await list('limit=10&offset=20')
    expect(page.data).toHaveLength(5)
    expect(page.meta).toEqual({ total: 25, limit: 10, offset: 20, hasMore: false })
    expect((await list('limit=0')).data).toHaveLength(1)
    expect((await list('limit=1000')).meta.limit).toBe(100)
    expect((await list('offset=-5')).meta).toMatchObject({ offset: 0, hasMore: true })
    for (const query of ['status=foo', 'type=foo', 'limit=x', 'offset=1.5', 'fromDate=x', 'order=up'])
      expect([query, (await app.send('GET', `/tasks?${query}`)).status]).toEqual([query, 400])
    await app.put('t03', { status: 'running' })
    await app.put('t05', { status: 'paused' })
    expect((await list('status=running')).data.map((task: any) => task.id)).toEqual(['t03'])
    expect((await list('type=FETCH_TAGS')).meta).toMatchObject({ total: 5, filters: { type: 'FETCH_TAGS' } })
    expect((await list('status=queued&type=FETCH_TAGS&limit=2')).meta).toMatchObject({ total: 4, hasMore: true })
    expect((await list('status=paused&type=FETCH_TAGS&fromDate=')).meta.total).toBe(1)
    const from = new Date(START + 5000).toISOString()
    const to = new Date(START + 8000).toISOString()
    expect((await list(`fromDate=${from}&toDate=${to}&order=desc`)).data.map((task: any) => task.id)).toEqual([
      't07',
      't06',
      't05',
      't04',
    ])
    expect((await list('spawnedFrom=nobody')).meta.total).toBe(0)
    expect((await list('status=&type=&limit=&offset=')).meta).toEqual({ total: 25, limit: 10, offset: 0, hasMore: true })
  })

  test('§17.8: PUT completed with a currentStep reads back both; completed to running is 409; completed to queued starts anew', async () => {
    const app = await makeRig(database)
    await app.create('p')
    await app.report('p', { type: 'progress', processed: 5, total: 10, itemsByType: { issues: 5 }, resumeState: { page: 2 } })
    const done = await app.put('p', { status: 'completed', progress: { currentStep: 'All done' } })
    expect(done).toMatchObject({ status: 200, body: { message: 'Task updated successfully' } })
    expect(await app.detail('p')).toMatchObject({
      status: 'completed',
      completedAt: '2026-01-15T12:00:00.000Z',
      progress: { currentStep: 'All done' },
    })
    expect(refusal(await app.put('p', { status: 'running' }))).toEqual([
      409,
      'INVALID_TRANSITION',
      'Cannot change status from completed to running',
    ])
    await app.put('p', { status: 'queued' })
    const again = await app.detail('p')
    expect(again).toMatchObject({ status: 'queued', metadata: { run: 2, attempts: 0 }, progress: { processed: 0, total: null } })
    expect(again.completedAt).toBeUndefined()
    expect(again.startedAt).toBeUndefined()
    expect((await app.progress('p')).progress).toMatchObject({ itemsByType: {}, resumeState: null })
  })

  test('§7.8: nothing asked changes nothing; processed may be lowered; all or nothing', async () => {
    const app = await makeRig(database)
    await app.create('p')
    await app.report('p', { type: 'progress', processed: 50 })
    const before = await app.detail('p')
    app.clock.advance(5000)
    expect((await app.put('p', {})).body.data).toEqual(before)
    expect((await app.put('p', { progress: { processed: 10 } })).body.data.progress.processed).toBe(10)
    expect((await app.put('p', { status: 'foo' })).status).toBe(400)
    expect((await app.put('p', { error: 'x'.repeat(10_001) })).status).toBe(400)
    await app.put('p', { status: 'completed' })
    expect((await app.put('p', { status: 'paused', progress: { currentStep: 'no' } })).status).toBe(409)
    expect((await app.detail('p')).progress.currentStep).not.toBe('no')
    expect((await app.put('nobody', {})).status).toBe(404)
    expect((await app.put('p', { status: 'queued' })).body.data.status).toBe('queued')
    expect((await app.put('p', { status: 'failed', error: 'by hand' })).body.data).toMatchObject({
      status: 'failed',
      error: 'by hand',
    })
  })

  test('§7.9: a running task is canceled and kept, any other removed; each leaves an audit row', async () => {
    const app = await makeRig(database)
    await app.create('d')
    await app.report('d', { type: 'started' })
    expect(await app.ok('DELETE', path('d'))).toEqual({
      message: 'Task canceled successfully',
      data: { taskId: 'd', status: 'failed' },
    })
    expect(await app.detail('d')).toMatchObject({
      status: 'failed',
      error: 'Task canceled by user request',
      completedAt: expect.any(String),
    })
    expect(await app.ok('DELETE', path('d'))).toEqual({
      message: 'Task deleted successfully',
      data: { taskId: 'd', status: 'deleted' },
    })
    expect((await app.send('DELETE', path('d'))).status).toBe(404)
    expect([await app.rows('crawler_tasks'), await app.rows('crawler_timeline'), await app.rows('crawler_audit')]).toEqual([
      0, 0, 2,
    ])
    await app.create('d')
    expect((await app.progress('d')).timeline).toEqual([])
  })

  test('§17.28: bulk of 1000 with 3 invalid and 2 repeated ids creates 995; 1001 items create none', async () => {
    const app = await makeRig(database)
    const tasks: any[] = Array.from({ length: 1000 }, (_, n) =>
      n % 2 === 0 ? taskData(`b${n}`) : { type: 'task', data: taskData(`b${n}`) },
    )
    tasks[10] = taskData('b10', { type: 'NOPE' })
    tasks[11] = null
    tasks[12] = { id: 'b12' }
    tasks[500] = taskData('b0')
    tasks[501] = taskData('b2')
    const answer = await app.ok('POST', '/tasks/bulk', { tasks })
    expect(answer.meta).toEqual({ total: 1000, created: 995, failed: 5 })
    expect(answer.data).toHaveLength(1000)
    expect(answer.data[10]).toMatchObject({
      index: 10,
      id: 'b10',
      status: 400,
      code: 'VALIDATION_FAILED',
      fields: [{ field: 'type' }],
    })
    expect(answer.data[11]).toMatchObject({ id: null, status: 400, code: 'MISSING_FIELDS' })
    expect(answer.data[500]).toMatchObject({ id: 'b0', status: 409, code: 'TASK_EXISTS' })
    expect(answer.data[999]).toMatchObject({ index: 999, id: 'b999', status: 201, data: { status: 'queued' } })
    expect(await app.rows('crawler_tasks')).toBe(995)
    for (const list of [[], undefined, 'x', [...tasks, taskData('more')]])
      expect((await app.send('POST', '/tasks/bulk', { tasks: list })).status).toBe(400)
    expect(await app.rows('crawler_tasks')).toBe(995)
  })

  test('§17.29: a replayed Idempotency-Key answers what the first one did and creates nothing', async () => {
    const app = await makeRig(database)
    const body = { type: 'task', data: taskData('k') }
    const headers = { ...AUTH, 'idempotency-key': 'once' }
    const first = await app.send('POST', '/tasks', body, headers)
    app.clock.advance(1000)
    const second = await app.send('POST', '/tasks', body, headers)
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
    expect([first.headers.get('idempotency-replayed'), second.headers.get('idempotency-replayed')]).toEqual([null, 'true'])
    expect(refusal(await app.send('POST', '/tasks', { data: taskData('other') }, headers))).toEqual([
      409,
      'IDEMPOTENCY_CONFLICT',
      'Idempotency key was used with a different request',
    ])
    const many = { tasks: [taskData('m1'), taskData('m2')] }
    const bulk = await Promise.all([1, 2, 3].map(() => app.send('POST', '/tasks/bulk', many, headers)))
    expect(bulk.map((answer) => answer.body.meta.created)).toEqual([2, 2, 2])
    expect(bulk.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(2)
    // The value counts, not its text.
    const data = Object.fromEntries(Object.entries(taskData('k')).reverse())
    const otherwise = await app.send('POST', '/tasks', JSON.stringify({ data, type: 'task' }, null, 2), headers)
    expect([otherwise.status, otherwise.body, otherwise.headers.get('idempotency-replayed')]).toEqual([201, first.body, 'true'])
    const sameBulk = await app.send('POST', '/tasks/bulk', JSON.stringify(many, null, 1), headers)
    expect([sameBulk.body.meta.created, sameBulk.headers.get('idempotency-replayed')]).toEqual([2, 'true'])
    // What the release before has kept is compared by its text.
    await app.db.sql(sql`update crawler_receipts set fingerprint = null`)
    expect((await app.send('POST', '/tasks', body, headers)).headers.get('idempotency-replayed')).toBe('true')
    app.clock.advance(25 * 3_600_000)
    expect((await app.send('POST', '/tasks', body, headers)).status).toBe(409)
    expect(
      (await app.send('POST', '/tasks', { data: taskData('x') }, { ...AUTH, 'idempotency-key': 'k'.repeat(256) })).status,
    ).toBe(400)
  })
})

describe('crawler hosts', () => {
  onEachDatabase('CRAWLER_GITLAB_HOSTS', (database) => {
    test('§6: an apiEndpoint on another host is refused; the default endpoint stands in', async () => {
      const app = await makeRig(database, {
        env: {
          CRAWLER_GITLAB_HOSTS: 'gitlab.example,git.local:8443',
          CRAWLER_DEFAULT_API_ENDPOINT: 'https://gitlab.example/api/v4',
        },
      })
      for (const apiEndpoint of [
        'https://gitlab.com',
        'http://127.0.0.1',
        'http://[::1]/',
        'http://169.254.169.254/',
        'https://gitlab.example.evil.test',
        // Without a port an entry means 443 and 80 (security decision 4).
        'https://gitlab.example:22',
        'https://git.local',
      ])
        expect((await app.send('POST', '/tasks', { data: taskData('x', { apiEndpoint }) })).status).toBe(400)
      await app.create('a', { apiEndpoint: 'https://git.local:8443/api/v4' })
      await app.create('b', { apiEndpoint: undefined })
      expect((await app.detail('b')).metadata.apiEndpoint).toBe('https://gitlab.example/api/v4')
      const refused = await app.send('POST', '/tasks', { data: taskData('x', { apiEndpoint: 'https://gitlab.com' }) })
      expectEnvelope(refused)
    })
  })
})
