import { afterEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog } from '../../../src/platform/log.ts'
import { startGitlabWorker } from '../../../src/workers/gitlab/index.ts'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { createRig, holdAt, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }
const issues = () => rig.gitlab.data.issues.get(101) as any[]
const SLOW = { requestsPerMinute: 300, burstLimit: 1 }
describe('GitLab worker: life of a task', () => {
  test('gitlab-worker §2, §6: started, progress, completed carry worker, fence, updateId and what the contract lists', async () => {
    rig = await createRig({ settings: { workerId: 'w-1', progressIntervalMs: 0 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    await rig.finish(id)
    const bodies = rig.api.of(id).map(({ body }) => body)
    expect(bodies.map(({ type }) => type)).toEqual(['started', 'progress', 'progress', 'progress', 'completed'])
    expect(bodies.map(({ updateId }) => updateId)).toEqual([1, 2, 3, 4, 5].map((n) => `${id}:1:${n}`))
    expect(bodies.every(({ workerId, fence, timestamp }) => workerId === 'w-1' && fence === 1 && /Z$/.test(timestamp))).toBe(true)
    expect(bodies[0]).toMatchObject({
      stage: 'fetching',
      operationType: 'data_collection',
      currentDataType: 'issues',
      message: 'started',
    })
    expect(bodies[2]).toMatchObject({
      processed: 200,
      total: 250,
      currentStep: 'Fetching issues, page 2',
      stage: 'fetching',
      operationType: 'data_collection',
      currentDataType: 'issues',
      itemsByType: { issues: 200 },
      itemsByTypeMode: 'total',
      lastProcessedId: issues()[199].id,
      resumeState: {
        v: 1,
        stage: 'fetching',
        mode: 'offset',
        page: 2,
        lastId: issues()[199].id,
        parts: [{ file: 'part-1.jsonl', items: 200 }],
        itemsByType: { issues: 200 },
        startedAt: '2026-01-15T12:00:00.000Z',
        warnings: [],
      },
      metadata: { worker: 'w-1', pages: 2, requests: 2, retries: 0, rateLimitWaitMs: 0, warnings: [], warningCount: 0 },
    })
    expect(bodies[2].resumeState.next).toStartWith('/api/v4/projects/acme%2Ftools/issues?')
    expect(bodies[4]).toMatchObject({
      processed: 250,
      total: 250,
      stage: 'finalizing',
      operationType: 'finalization',
      message: '250 items stored',
      metadata: { pages: 3, output: expect.stringMatching(/run-1\/manifest\.json$/) },
    })
  })

  test('gitlab-worker §6: an id of 255 characters still makes an updateId that the API takes', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_TAGS', PROJECT, { id: 'x'.repeat(255) })
    expect((await rig.finish(id)).status).toBe('completed')
    expect(rig.api.of(id).every(({ body }) => body.updateId.length <= 128)).toBe(true)
  })

  test('gitlab-worker §9.20: at most one progress a second and task; the last before completed has the final counters', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 3000 }) } })
    const ids = [1, 2].map(() => rig.task('FETCH_ISSUES', PROJECT, { rateLimits: SLOW }).id)
    for (const id of ids) {
      await rig.finish(id)
      const reports = rig.api.of(id).filter(({ body }) => body.type === 'progress')
      expect(reports.length).toBeGreaterThan(3)
      for (const [index, report] of reports.slice(1).entries())
        expect(report.at - (reports[index]?.at as number)).toBeGreaterThanOrEqual(1000)
      expect(reports.at(-1)?.body).toMatchObject({
        processed: 3000,
        total: 3000,
        resumeState: { stage: 'finalizing', next: null },
      })
      expect(rig.api.of(id).at(-1)?.body.type).toBe('completed')
    }
  })

  test('gitlab-worker §2: no report for a third of the lease is a status update that keeps it', async () => {
    rig = await createRig({ settings: { requestTimeoutMs: 600_000 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const slow = holdAt(rig, '2')
    await rig.start({ gitlabFetch: slow.network })
    await rig.clock.run(slow.held)
    await rig.clock.run(rig.clock.sleep(200_000))
    slow.go()
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1 })
    const kept = rig.api.of(id).filter(({ body }) => body.type === 'status')
    expect(kept.length).toBeGreaterThanOrEqual(9)
    expect(kept.every(({ body }) => body.status === undefined)).toBe(true)
  })

  test('gitlab-worker §2: a clock that is set back delays neither reports nor what keeps the lease', async () => {
    rig = await createRig({ settings: { requestTimeoutMs: 600_000 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const slow = holdAt(rig, '2')
    await rig.start({ gitlabFetch: slow.network })
    await rig.clock.run(slow.held)
    rig.clock.shift(-3_600_000)
    const from = rig.clock.now()
    await rig.clock.run(rig.clock.sleep(200_000))
    const kept = rig.api.of(id).filter(({ body }) => body.type === 'status')
    slow.go()
    expect((await rig.finish(id)).status).toBe('completed')
    expect(kept.length).toBeGreaterThanOrEqual(9)
    expect(rig.clock.now() - from).toBeLessThan(300_000)
  })

  test('gitlab-worker §9.13: over HTTP a deleted task stops at the next report, within a third of the lease', async () => {
    rig = await createRig({ settings: { requestTimeoutMs: 600_000 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const slow = holdAt(rig, '2')
    let aborted = 0
    await rig.start({
      gitlabFetch: (request) => {
        request.signal.addEventListener('abort', () => {
          aborted = rig.clock.now()
        })
        return slow.network(request)
      },
    })
    await rig.clock.run(slow.held)
    rig.api.cancel(id)
    const from = rig.clock.now()
    await rig.clock.run(rig.clock.sleep(60_000))
    expect(aborted - from).toBeGreaterThan(0)
    expect(aborted - from).toBeLessThanOrEqual(20_000)
    expect(rig.api.of(id).filter(({ answer }) => answer.ignored)).toHaveLength(1)
    expect(rig.manifest(id)).toBeUndefined()
  })

  test('gitlab-worker §2: 429 of the API is waited for, and the newest progress replaces the one that was refused', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 1000 }) } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT, { rateLimits: SLOW })
    let refused = 0
    rig.api.on = (name, _, body) =>
      name === 'report' && body.type === 'progress' && refused++ === 0
        ? { status: 429, code: 'RATE_LIMITED', headers: { 'retry-after': '5' } }
        : undefined
    expect((await rig.finish(id)).status).toBe('completed')
    const reports = rig.api.of(id).filter(({ body }) => body.type === 'progress')
    expect(reports.map(({ status, body }) => [status, body.processed])).toEqual([
      [429, 100],
      [200, 1000],
    ])
    expect((reports[1]?.at as number) - (reports[0]?.at as number)).toBe(5000)
  })

  test('gitlab-worker §2: a report that is refused with 400 or 413 fails the task with INTERNAL, and is logged without credentials', async () => {
    for (const status of [400, 413]) {
      rig = await createRig()
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      rig.api.on = (name, _, body) => (name === 'report' && body.type === 'progress' ? { status, code: 'NO' } : undefined)
      expect((await rig.finish(id)).status).toBe('failed')
      expect(rig.api.of(id).at(-1)?.body).toMatchObject({ type: 'failed', retryable: false, error: { code: 'INTERNAL' } })
      expect(rig.log.filter((line) => line.includes('a report was refused'))).toHaveLength(1)
      await rig.stop()
    }
    rig = await createRig()
  })

  test('gitlab-worker §2: an answer that never came is asked for again under the same updateId, and counts once', async () => {
    rig = await createRig({ settings: { progressIntervalMs: 0 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const lost = new Set<string>()
    await rig.start({
      fetch: async (request) => {
        const body: any = await request.clone().json()
        const answer = await rig.api.handle(request)
        if (!body.updateId || lost.has(body.updateId)) return answer
        lost.add(body.updateId)
        throw new TypeError('connection reset')
      },
    })
    expect((await rig.finish(id)).progress).toMatchObject({ processed: 250, total: 250 })
    await rig.clock.run(rig.clock.sleep(5000))
    const ids = rig.api.of(id).map(({ body }) => body.updateId)
    expect(ids.length).toBeGreaterThan(5)
    for (const [index, name] of ids.entries()) if (index % 2 === 0) expect(ids[index + 1]).toBe(name)
    expect(new Set(ids).size).toBe(ids.length / 2)
  })

  test('gitlab-worker §1: a 401 of the API ends the worker with a clear message; 503 and no API are waited for', async () => {
    rig = await createRig()
    let answers = [503, 0, 500]
    rig.api.on = (name) => {
      const status = name === 'lease' ? answers.shift() : undefined
      return status === undefined ? undefined : { status: status || 502, code: 'X' }
    }
    const { id } = rig.task('FETCH_TAGS', PROJECT)
    expect((await rig.finish(id)).status).toBe('completed')
    expect(rig.gitlab.calls[0]?.at).toBe(Date.parse('2026-01-15T12:00:07.000Z'))
    answers = []
    const worker = await rig.start({ token: 'wrong' })
    expect(await rig.clock.run(worker.ended)).toEqual({
      reason: 'unauthorized',
      message: expect.stringContaining('CRAWLER_API_TOKEN'),
    })
  })

  test('gitlab-worker §1: an output directory that cannot be written stops the start', async () => {
    rig = await createRig()
    const file = join(rig.root, 'a-file')
    writeFileSync(file, '')
    const start = (outputDir: string) =>
      startGitlabWorker({
        settings: { ...rig.settings, outputDir },
        url: 'http://api.test/api/internal2',
        token: 'x',
        log: silentLog,
      })
    await expect(start(join(file, 'below'))).rejects.toThrow('WORKER_OUTPUT_DIR cannot be written')
    const closed = join(rig.root, 'closed')
    mkdirSync(closed)
    chmodSync(closed, 0o500)
    // Root may write anywhere, so only others can see this one refused.
    if (process.getuid?.() !== 0) await expect(start(join(closed, 'out'))).rejects.toThrow('WORKER_OUTPUT_DIR')
  })
})
