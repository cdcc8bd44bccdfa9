import { describe, expect, test } from 'bun:test'
import { countStatements } from '../support/count-statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { fakeClock, HOUR } from '../support/fake-clock.ts'
import { makeProcesses, makeRig, path, type Rig, refusal, restarted } from './rig.ts'

/** Takes a fresh task into a state of §8's tables. */
const STATES: Record<string, (app: Rig, id: string) => Promise<unknown>> = {
  queued: async () => {},
  running: (app, id) => app.report(id, { type: 'started' }),
  paused: (app, id) => app.report(id, { type: 'paused' }),
  reopenable: (app, id) => app.report(id, { type: 'error', error: 'oops' }),
  final: (app, id) => app.report(id, { type: 'failed', error: 'dead' }),
  completed: (app, id) => app.report(id, { type: 'completed' }),
}
const UPDATES: Record<string, Record<string, unknown>> = {
  started: { type: 'started' },
  resumed: { type: 'resumed' },
  progress: { type: 'progress', processed: 3 },
  timeline: { type: 'progress', timeline: [{ timestamp: '2026-01-15T11:00:00Z', event: 'note' }] },
  completed: { type: 'completed' },
  stage: { type: 'progress', stage: 'completed' },
  completion: { type: 'progress', timeline: [{ timestamp: '2026-01-15T11:00:00Z', event: 'completion' }] },
  paused: { type: 'paused' },
  failed: { type: 'failed', error: 'no' },
  error: { type: 'error', error: 'hm' },
  'status running': { type: 'status', status: 'running' },
  'status queued': { type: 'status', status: 'queued' },
  'status none': { type: 'status', message: 'm' },
}
/** §8: status afterwards, per state the update meets; `!` marks an ignored one. */
const TABLE: Record<string, [string, string, string, string]> = {
  started: ['running', 'running', 'running', 'running'],
  resumed: ['running', 'running', 'running', 'running'],
  progress: ['running', 'running', 'paused', 'running'],
  timeline: ['queued', 'running', 'paused', 'failed'],
  completed: ['completed', 'completed', 'completed', 'completed'],
  stage: ['completed', 'completed', 'completed', 'completed'],
  completion: ['completed', 'completed', 'completed', 'completed'],
  paused: ['paused', 'paused', 'paused', 'failed!'],
  failed: ['failed', 'failed', 'failed', 'failed'],
  error: ['failed', 'failed', 'failed', 'failed'],
  'status running': ['running', 'running', 'running', 'running'],
  'status queued': ['queued', 'queued', 'queued', 'failed'],
  'status none': ['queued', 'running', 'paused', 'failed'],
}
const PUTS: Record<string, string[]> = {
  queued: ['queued', 'running', 'paused', 'failed', 'completed'],
  running: ['running', 'queued', 'paused', 'failed', 'completed'],
  paused: ['paused', 'running', 'queued', 'failed'],
  reopenable: ['failed', 'queued', 'running', 'completed'],
  final: ['failed', 'queued'],
  completed: ['completed', 'queued'],
}

onEachDatabase('crawler progress (gitlab-crawler §7.10, §8, §9)', (database) => {
  test('updates that come at once are each answered as if alone, in a bounded number of statements', async () => {
    const counting = countStatements(await database.fresh())
    const app = await restarted({ db: counting.db, clock: fakeClock() } as Rig)
    const ids = Array.from({ length: 24 }, (_, n) => `at-once-${n}`)
    for (const id of ids) await app.create(id)
    const leased: any[] = await app.lease({ workerId: 'w1', max: 24 })
    const fences = new Map(leased.map((task) => [task.id, task.lease.fence]))
    const done = (id: string, more: Record<string, unknown> = {}) =>
      app.send('POST', path(id, '/progress'), { type: 'completed', workerId: 'w1', fence: fences.get(id), ...more })
    const [again, late, early, ...rest] = ids as [string, string, string, ...string[]]
    let answers: Awaited<ReturnType<typeof done>>[] = []
    const updates = () =>
      Promise.all([
        done(again, { updateId: 'u1' }),
        done(again, { updateId: 'u1' }),
        done(late, { fence: 99 }),
        app.send('POST', path('nobody', '/progress'), { type: 'completed' }),
        app.send('POST', path(early, '/progress'), { type: 'started' }),
        ...rest.map((id) => done(id, { processed: 7, total: 9 })),
        done(late, { type: 'progress', processed: 3 }),
        done(late, { type: 'progress', processed: 5 }),
      ])
    const statements = await counting.during(async () => {
      answers = await updates()
    })
    // One update alone, those that came meanwhile, and those of tasks that were in a batch already.
    expect(statements).toBeLessThan(3 * 12)
    const [first, second, lost, missing, foreign, ...others] = answers
    expect([first?.body.data.duplicate, second?.body.data.duplicate]).toEqual([undefined, true])
    expect(lost?.body.code).toBe('LEASE_LOST')
    expect(missing?.body.code).toBe('TASK_NOT_FOUND')
    expect(foreign?.body.code).toBe('TASK_LEASED')
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200))
    for (const id of rest) expect((await app.progress(id)).progress).toMatchObject({ processed: 7, total: 9 })
    // Two updates of one task are taken in the order they came.
    expect((await app.progress(late)).progress.processed).toBe(5)
    expect((await app.progress(again)).timeline.filter((entry: any) => entry.event === 'completion')).toHaveLength(1)
    expect((await app.progress(early)).status).toBe('running')
  })

  test('§17.9: each update in each state has the effect that the table of updates names', async () => {
    const app = await makeRig(database)
    let n = 0
    for (const [name, expected] of Object.entries(TABLE))
      for (const [column, state] of ['queued', 'running', 'paused', 'reopenable'].entries()) {
        const id = `c${n++}`
        await app.create(id)
        await STATES[state]?.(app, id)
        const answer = await app.report(id, UPDATES[name] as never)
        const wanted = expected[column] as string
        expect([name, state, `${answer.currentStatus}${answer.ignored ? '!' : ''}`]).toEqual([name, state, wanted])
        expect((await app.detail(id)).status).toBe(wanted.replace('!', ''))
      }
    for (const state of ['final', 'completed'])
      for (const [name, update] of Object.entries(UPDATES)) {
        const id = `x${n++}`
        await app.create(id)
        await STATES[state]?.(app, id)
        const answer = await app.report(id, update)
        expect([name, answer.currentStatus, answer.ignored]).toEqual([name, state === 'final' ? 'failed' : 'completed', true])
      }
  }, 300_000)

  test('§17.9: each status that PUT asks for in each state has the effect that the table of PUT names', async () => {
    const app = await makeRig(database)
    let n = 0
    for (const [state, allowed] of Object.entries(PUTS))
      for (const status of ['queued', 'running', 'paused', 'failed', 'completed']) {
        const id = `p${n++}`
        await app.create(id)
        await STATES[state]?.(app, id)
        const answer = await app.put(id, { status })
        expect([state, status, answer.status]).toEqual([state, status, allowed.includes(status) ? 200 : 409])
        if (answer.status === 200) expect(answer.body.data.status).toBe(status)
      }
  }, 300_000)

  test('§17.9: an error is final only when reported as failed; started clears completedAt, startedAt stays', async () => {
    const app = await makeRig(database)
    await app.create('a')
    await app.report('a', { type: 'started' })
    const startedAt = (await app.detail('a')).startedAt
    app.clock.advance(1000)
    await app.report('a', { type: 'error', error: { message: 'oops', code: 7 } })
    expect(await app.detail('a')).toMatchObject({
      status: 'failed',
      error: 'oops',
      completedAt: '2026-01-15T12:00:01.000Z',
      startedAt,
    })
    await app.report('a', { type: 'resumed' })
    const running = await app.detail('a')
    expect([running.status, running.completedAt, running.startedAt, running.error]).toEqual([
      'running',
      undefined,
      startedAt,
      undefined,
    ])
    expect((await app.progress('a')).progress.error).toEqual({ message: 'oops', code: 7 })
    await app.report('a', { type: 'completed' })
    expect((await app.progress('a')).progress.error).toBeNull()
    expect(refusal(await app.send('POST', path('a', '/progress'), { type: 'status', status: 'sleeping' }))[0]).toBe(400)
  })

  test('§17.10: an error fails a task, a timeline alone changes nothing, counters set it running, stage completed ends it', async () => {
    const app = await makeRig(database)
    await app.create('t')
    await app.report('t', { type: 'error', error: 'x' })
    const note = { timestamp: '2026-01-15T12:00:00Z', event: 'retry' }
    expect((await app.report('t', { type: 'progress', timeline: [note] })).currentStatus).toBe('failed')
    expect((await app.report('t', { type: 'progress', processedItems: 1 })).currentStatus).toBe('running')
    expect((await app.report('t', { type: 'progress', stage: 'completed' })).currentStatus).toBe('completed')
    const detail = await app.detail('t')
    expect(detail.status).toBe('completed')
    expect(Object.keys(detail)).not.toContain('error')
  })

  test('§17.11: progress after a cancel is 200 and ignored, its timeline is kept', async () => {
    const app = await makeRig(database)
    await app.create('t')
    await app.report('t', { type: 'started' })
    await app.ok('DELETE', path('t'))
    const timeline = [{ timestamp: '2026-01-15T12:00:00Z', event: 'late' }]
    const answer = await app.report('t', { type: 'progress', processed: 9, timeline })
    expect(answer).toMatchObject({ ignored: true, currentStatus: 'failed', progress: { processed: 0 } })
    expect((await app.progress('t')).timeline.map((event: any) => event.event)).toContain('late')
  })

  test('§17.12: an update replaces, adds or keeps each field as the merge rules say', async () => {
    const app = await makeRig(database)
    await app.create('m')
    await app.report('m', { type: 'progress', itemsByType: { issues: 25 } })
    await app.report('m', { type: 'progress', itemsByType: { issues: 15 } })
    await app.report('m', { type: 'progress', processedItems: 50 })
    await app.report('m', { type: 'progress', processed: 25 })
    const read = async () => (await app.progress('m')).progress
    expect(await read()).toMatchObject({
      itemsByType: { issues: 40 },
      processed: 50,
      processedItems: 50,
      total: null,
      percentage: null,
    })
    const answer = await app.report('m', {
      type: 'progress',
      processed: 150,
      total: 500,
      stage: 'fetching',
      currentDataType: 'issues',
    })
    expect(answer.progress).toEqual({ processed: 150, total: 500, percentage: 30, currentStep: 'fetching', message: null })
    expect(await read()).toMatchObject({ currentStep: 'fetching', stage: 'fetching', currentDataType: 'issues' })
    await app.report('m', { type: 'progress', currentDataType: 'notes', currentStep: '' })
    expect((await read()).currentStep).toBe('notes')
    await app.report('m', { type: 'progress', percentage: 99.5 })
    expect((await read()).percentage).toBe(99.5)
    await app.report('m', { type: 'progress', message: 'half' })
    expect(await read()).toMatchObject({ percentage: 30, message: 'half' })
    await app.report('m', { type: 'progress', total: 0 })
    expect(await read()).toMatchObject({ total: null, percentage: null })
    await app.report('m', { type: 'progress', groupTotal: 3, projectTotal: 4, groupCount: 2, projectCount: 1, processed: 1000 })
    expect(await read()).toMatchObject({ total: 7, percentage: 100, itemsByType: { issues: 40, groups: 2, projects: 1 } })
    await app.report('m', { type: 'progress', groupCount: 1, projectCount: 9, itemsByType: { projects: 1 } })
    expect((await read()).itemsByType).toEqual({ issues: 40, groups: 2, projects: 2 })
    await app.report('m', { type: 'progress', itemsByType: { issues: 7 }, itemsByTypeMode: 'total' })
    expect((await read()).itemsByType.issues).toBe(7)
    await app.report('m', { type: 'progress', metadata: { a: 1, b: { c: 1 } } })
    await app.report('m', { type: 'progress', metadata: { b: 2, ['__proto__x']: 1 } })
    expect((await read()).metadata).toEqual({ a: 1, b: 2, ['__proto__x']: 1 })
    await app.report('m', { type: 'progress', progress: { page: 3 } })
    expect((await read()).resumeState).toEqual({ page: 3 })
  })

  test('§17.13: one update sent twice counts once; without time and id it counts twice', async () => {
    const app = await makeRig(database)
    await app.create('d')
    const sum = async () => (await app.progress('d')).progress.itemsByType.n ?? 0
    const one = { type: 'progress', itemsByType: { n: 1 } }
    await app.report('d', { ...one, updateId: 'u1' })
    expect(await app.report('d', { ...one, updateId: 'u1' })).toMatchObject({ duplicate: true, currentStatus: 'running' })
    expect(await sum()).toBe(1)
    await app.report('d', one, { 'idempotency-key': 'k1' })
    expect((await app.report('d', one, { 'idempotency-key': 'k1' })).duplicate).toBe(true)
    expect(await sum()).toBe(2)
    const timed = { ...one, timestamp: '2026-01-15T12:00:00.123456Z' }
    const both = await Promise.all([app.report('d', timed), app.report('d', timed)])
    expect(both.filter((answer) => answer.duplicate)).toHaveLength(1)
    expect(await sum()).toBe(3)
    await app.report('d', { ...timed, message: 'another' })
    expect(await sum()).toBe(4)
    await app.report('d', one)
    await app.report('d', one)
    expect(await sum()).toBe(6)
    app.clock.advance(11 * 60_000)
    expect((await app.report('d', timed)).duplicate).toBeUndefined()
    app.clock.advance(14 * HOUR)
    expect((await app.report('d', { ...one, updateId: 'u1' })).duplicate).toBe(true)
    app.clock.advance(14 * HOUR)
    expect((await app.report('d', { ...one, updateId: 'u1' })).duplicate).toBeUndefined()
  })

  test('§17.14: 200 concurrent updates lose nothing, with two processes as well', async () => {
    const [one, two] = await makeProcesses(database, 2)
    await one.create('c')
    await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        (n % 2 === 0 ? one : two).report('c', { type: 'progress', metadata: { [`k${n}`]: n }, itemsByType: { all: 1 } }),
      ),
    )
    const { progress } = await two.progress('c')
    expect(Object.keys(progress.metadata)).toHaveLength(200)
    expect(progress.itemsByType.all).toBe(200)
  })

  test('§17.15: after 1500 timeline events fewer than 1000 are left, chronological, the rest counted', async () => {
    const app = await makeRig(database)
    await app.create('l')
    const at = (n: number) => new Date(Date.parse('2026-01-15T10:00:00Z') + n * 1000).toISOString()
    for (let batch = 0; batch < 15; batch++)
      await app.report('l', {
        type: 'progress',
        timeline: Array.from({ length: 100 }, (_, n) => ({
          timestamp: at(batch * 100 + 99 - n),
          event: `e${batch * 100 + 99 - n}`,
          details: { n },
        })),
      })
    const { timeline, timelineTruncated } = await app.progress('l')
    expect(timeline.length).toBeLessThan(1000)
    expect(timeline.length + timelineTruncated).toBe(1500)
    expect(timelineTruncated).toBeGreaterThan(0)
    const times = timeline.map((event: any) => event.timestamp)
    expect(times).toEqual([...times].sort())
    expect(timeline.at(-1)).toMatchObject({ event: 'e1499', timestamp: at(1499) })
    await app.create('whole')
    await app.report('whole', {
      type: 'progress',
      timeline: Array.from({ length: 1000 }, (_, n) => ({ timestamp: at(n), event: 'e' })),
    })
    expect(await app.progress('whole')).toMatchObject({ timelineTruncated: 1 })
  })

  test('§1: null in an optional field counts as absent, and progress that was read can be sent back', async () => {
    const app = await makeRig(database)
    const nulls = { rateLimits: null, priority: null, options: { branch: null, pagination: null, outputFormat: null } }
    await app.create('n', nulls)
    expect((await app.detail('n')).metadata.priority).toBe('normal')
    const counts = { processed: 5, stage: 'fetching', message: 'half', itemsByType: { issues: 5 }, metadata: { page: 1 } }
    await app.report('n', { type: 'progress', ...counts })
    const { progress } = await app.progress('n')
    await app.report('n', {
      type: 'progress',
      currentStep: null,
      stage: null,
      message: null,
      metadata: null,
      fence: null,
      timeline: null,
    })
    expect((await app.progress('n')).progress).toEqual(progress)
    const state = { ...progress, itemsByTypeMode: 'total' }
    await app.report('n', { type: 'progress', ...state })
    expect((await app.put('n', { status: null, error: null, progress: state })).status).toBe(200)
    expect((await app.progress('n')).progress).toMatchObject(counts)
    expect(await app.lease({ types: null, max: null, waitSeconds: null })).toHaveLength(0)
  })

  test('§17.16: a microsecond timestamp and null lastProcessedId are accepted; a string processed is 400', async () => {
    const app = await makeRig(database)
    await app.create('v')
    await app.report('v', { type: 'progress', timestamp: '2026-01-15T11:59:59.123456', lastProcessedId: null, totalItems: null })
    expect(await app.progress('v')).toMatchObject({ lastUpdate: '2026-01-15T11:59:59.123Z', progress: { lastProcessedId: null } })
    const bad: [string, Record<string, unknown>][] = [
      ['processed', { processed: '5' }],
      ['processedItems', { processedItems: -1 }],
      ['percentage', { percentage: 101 }],
      ['currentStep', { currentStep: 'x'.repeat(256) }],
      ['stage', { stage: 'x'.repeat(101) }],
      ['lastProcessedId', { lastProcessedId: {} }],
      ['message', { message: 'x'.repeat(1001) }],
      ['error', { error: { code: 1 } }],
      ['error', { error: 'x'.repeat(10_001) }],
      ['errorTimestamp', { errorTimestamp: 'now' }],
      ['itemsByType', { itemsByType: { a: -1 } }],
      ['itemsByType', { itemsByType: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`k${n}`, 1])) }],
      ['metadata', { metadata: [] }],
      ['metadata', { metadata: { a: 'x'.repeat(17_000) } }],
      ['timeline[0].timestamp', { timeline: [{ timestamp: 'x', event: 'e' }] }],
      ['timeline', { timeline: Array(1001).fill({ timestamp: '2026-01-15', event: 'e' }) }],
      ['resumeState', { resumeState: 'x'.repeat(66_000) }],
      ['areas[0].fullPath', { areas: [{ type: 'group', gitlabId: 1 }] }],
      ['credentialStatus', { credentialStatus: { type: 'other' } }],
      ['timestamp', { timestamp: '15.01.2026' }],
      ['updateId', { updateId: 'x'.repeat(129) }],
    ]
    for (const [field, more] of bad) {
      const answer = await app.send('POST', path('v', '/progress'), { type: 'progress', ...more })
      expect([field, answer.status, answer.body.code, answer.body.details.fields?.[0]?.field]).toEqual([
        field,
        400,
        'VALIDATION_FAILED',
        field,
      ])
    }
    for (const body of [{}, { type: '' }, { processed: 1 }])
      expect(refusal(await app.send('POST', path('v', '/progress'), body))).toEqual([
        400,
        'MISSING_FIELDS',
        'Missing required field: type',
      ])
    expect((await app.send('POST', path('v', '/progress'), { type: 'jump' })).status).toBe(400)
    expect((await app.send('POST', path('nobody', '/progress'), { type: 'progress' })).status).toBe(404)
    expect((await app.progress('v')).progress.processed).toBe(0)
  })

  test('§9: the server adds what happened to the timeline, unless the update brings its own', async () => {
    const app = await makeRig(database)
    await app.create('s')
    await app.report('s', { type: 'progress', stage: 'fetching' })
    await app.report('s', {
      type: 'error',
      error: 'x',
      timeline: [{ timestamp: '2026-01-15T12:00:00Z', event: 'error', details: 'own' }],
    })
    await app.report('s', { type: 'completed' })
    const { timeline } = await app.progress('s')
    const named = (name: string) => timeline.filter((event: any) => event.event === name)
    expect(named('status_change').map((event: any) => event.details)).toMatchObject([
      { from: 'queued', to: 'running' },
      { from: 'running', to: 'failed' },
      { from: 'failed', to: 'completed' },
    ])
    expect([named('stage_change').length, named('completion').length]).toEqual([1, 1])
    expect(named('error')).toMatchObject([{ details: 'own' }])
  })

  test('crawler F8: a client that tells of a change in a second request has it once in the timeline', async () => {
    const app = await makeRig(database)
    await app.create('t')
    const names = async () =>
      (await app.progress('t')).timeline.map(({ event, details = {} }: any) => [event, details.toStage ?? details.to ?? null])
    const tell = (event: string, details: object) =>
      app.report('t', {
        type: 'progress',
        timeline: [{ timestamp: new Date(app.clock.now()).toISOString(), event, details }],
      })
    await app.report('t', { type: 'progress', stage: 'discovery' })
    expect(await names()).toContainEqual(['stage_change', 'discovery'])
    app.clock.advance(2000)
    // Another change than the one that was noted: both stay.
    await tell('stage_change', { toStage: 'elsewhere' })
    await tell('stage_change', { toStage: 'discovery', by: 'me' })
    const stages = (await app.progress('t')).timeline.filter(({ event }: any) => event === 'stage_change')
    expect(stages.map(({ details }: any) => details)).toEqual([{ toStage: 'elsewhere' }, { toStage: 'discovery', by: 'me' }])
    // Long after it is another event.
    await app.report('t', { type: 'progress', stage: 'fetching' })
    app.clock.advance(11_000)
    await tell('stage_change', { toStage: 'fetching' })
    expect((await names()).filter(([, to]: any) => to === 'fetching')).toHaveLength(2)
    await app.report('t', { type: 'progress', stage: 'completed' })
    app.clock.advance(1000)
    await tell('completion', { items: 3 })
    const { timeline, timelineTruncated } = await app.progress('t')
    expect(timeline.filter(({ event }: any) => event === 'completion')).toMatchObject([{ details: { items: 3 } }])
    expect(timelineTruncated).toBe(0)
    const [row] = await app.query('select timeline_size as size from crawler_tasks')
    expect(Number(row.size)).toBe(timeline.length)
  })

  test('§9: a credentialStatus decides before the table of updates, and has job statuses of its own', async () => {
    const app = await makeRig(database)
    for (const [word, jobStatus] of [
      ['credential_expiry', 'credential_expired'],
      ['credential_renewal', 'waiting_credential_renewal'],
      ['credential_resumed', 'credential_renewed'],
    ] as const) {
      await app.create(word)
      await app.report(word, { type: 'started', credentialStatus: { type: word, severity: 'HIGH' } })
      expect(await app.detail(word)).toMatchObject({ status: 'paused', jobStatus })
      expect((await app.progress(word)).progress.credentialStatus).toEqual({ type: word, severity: 'HIGH' })
      await app.create(`${word}-2`)
      await app.report(`${word}-2`, { type: 'status', status: word })
      expect((await app.detail(`${word}-2`)).jobStatus).toBe(jobStatus)
    }
    expect((await app.report('credential_expiry', { type: 'progress', processed: 1 })).currentStatus).toBe('paused')
    expect((await app.report('credential_resumed', { type: 'progress', processed: 1 })).currentStatus).toBe('running')
    expect((await app.ok('GET', '/tasks?status=paused')).meta.total).toBe(5)
  })

  test('crawler D2: 0 is unknown while a task runs, and a number at its end', async () => {
    const app = await makeRig(database)
    const seen = async (id: string) => (await app.progress(id)).progress
    const unknown = { processed: 0, total: null, percentage: null }
    const none = { processed: 0, total: 0, totalItems: 0, percentage: 100 }
    for (const [id, end] of [
      ['completed', { type: 'completed', total: 0 }],
      ['items', { type: 'completed', totalItems: 0 }],
      ['sum', { type: 'completed', groupTotal: 0, projectTotal: 0 }],
      ['stage', { type: 'progress', stage: 'completed', total: 0 }],
      ['status', { type: 'status', status: 'completed', total: 0 }],
    ] as const) {
      await app.create(id)
      await app.report(id, { ...end, type: 'progress', stage: 'fetching', status: undefined })
      expect([id, await seen(id)]).toMatchObject([id, unknown])
      expect((await app.report(id, end)).progress).toMatchObject({ processed: 0, total: 0, percentage: 100 })
      expect([id, await seen(id)]).toMatchObject([id, none])
      // What was answered can be sent back.
      const { body } = await app.put(id, { progress: await seen(id) })
      expect(body.data.progress).toMatchObject({ processed: 0, total: 0, percentage: 100 })
      // A new run begins with nothing known.
      await app.put(id, { status: 'queued' })
      expect([id, await seen(id)]).toMatchObject([id, unknown])
    }
    await app.create('put')
    await app.put('put', { progress: { total: 0 } })
    expect(await seen('put')).toMatchObject(unknown)
    await app.put('put', { status: 'completed', progress: { total: 0 } })
    expect(await seen('put')).toMatchObject(none)
    // Nobody has said that it is none.
    await app.create('silent')
    await app.report('silent', { type: 'completed' })
    expect(await seen('silent')).toMatchObject(unknown)
    await app.create('failed')
    await app.report('failed', { type: 'failed', error: 'no', total: 0 })
    expect(await seen('failed')).toMatchObject(unknown)
  })
})

describe('crawler times', () => {
  test('§1: a timestamp is any ISO-8601 time with 0 to 9 fraction digits; without a zone it is UTC', async () => {
    const { parseTime } = await import('../../src/crawler/fields.ts')
    const at = (text: string) => {
      const ms = parseTime(text)
      return ms === undefined ? undefined : new Date(ms).toISOString()
    }
    expect(at('2026-01-15')).toBe('2026-01-15T00:00:00.000Z')
    expect(at('2026-01-15T10:20')).toBe('2026-01-15T10:20:00.000Z')
    expect(at('2026-01-15T10:20:30.123456789Z')).toBe('2026-01-15T10:20:30.123Z')
    expect(at('2026-01-15 10:20:30+0230')).toBe('2026-01-15T07:50:30.000Z')
    expect(at('20260115T102030Z')).toBe('2026-01-15T10:20:30.000Z')
    expect(at('2026-01-15T10:20:30-01')).toBe('2026-01-15T11:20:30.000Z')
    for (const bad of [
      '',
      'x',
      '2026-02-30',
      '2026-13-01',
      '2026-01-15T25:00',
      '2026-01-15T10:60',
      '1768471200',
      '2026-01-15T10:20:30.1234567890Z',
    ])
      expect([bad, at(bad)]).toEqual([bad, undefined])
  })
})
