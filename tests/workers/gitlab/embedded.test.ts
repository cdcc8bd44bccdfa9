import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/platform/clock.ts'
import { createLog, silentLog } from '../../../src/platform/log.ts'
import { type EmbeddedOptions, startEmbeddedGitlabWorker } from '../../../src/workers/gitlab/embedded.ts'
import type { Settings } from '../../../src/workers/gitlab/index.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'trawl-gitlab-embedded-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const settings = (more: Partial<Settings> = {}): Settings => ({
  workerId: 'w1',
  types: ['FETCH_ISSUES'],
  concurrency: 1,
  leaseSeconds: 90,
  waitSeconds: 30,
  outputDir: root,
  requestTimeoutMs: 5000,
  ratePerMinute: 600,
  burst: 10,
  maxRetries: 1,
  maxWaitSeconds: 5,
  progressIntervalMs: 0,
  ...more,
})
const start = (fetch: EmbeddedOptions['fetch'], more: Partial<EmbeddedOptions> = {}) =>
  startEmbeddedGitlabWorker({
    settings: settings(),
    token: 'secret-token-of-the-api',
    outboundAllow: [],
    fetch,
    log: silentLog,
    clock: systemClock,
    stopSeconds: 5,
    ...more,
  })
const leased = {
  id: 'task-1',
  type: 'FETCH_ISSUES',
  metadata: { apiEndpoint: 'https://gitlab.example/api/v4' },
  credentials: { accessToken: 'glpat-1' },
  resumeState: null,
  lease: { workerId: 'w1', fence: 7, leaseSeconds: 90 },
}

describe('the embedded GitLab worker', () => {
  test('gitlab-worker §2: a task whose lease arrives while the worker stops is given back', async () => {
    const polled = Promise.withResolvers<void>()
    const returned: unknown[] = []
    const worker = await start(async (request) => {
      if (!request.url.endsWith('/lease')) {
        returned.push({ path: new URL(request.url).pathname, ...((await request.json()) as object) })
        return Response.json({ data: {} })
      }
      polled.resolve()
      // The answer was on its way when the poll was given up.
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      return Response.json({ data: [leased] })
    })
    await polled.promise
    await worker.stop()
    expect(returned).toMatchObject([{ path: '/api/internal2/tasks/task-1/progress', type: 'status', status: 'queued', fence: 7 }])
  })

  test('a call that is never answered does not keep it from stopping', async () => {
    const polled = Promise.withResolvers<void>()
    const lines: string[] = []
    const worker = await start(
      () => {
        polled.resolve()
        return new Promise<Response>(() => {})
      },
      { log: createLog({ level: 'warn', write: (line) => void lines.push(line) }) },
    )
    await polled.promise
    const since = performance.now()
    await worker.stop()
    expect(performance.now() - since).toBeLessThan(3000)
    expect(await worker.ended).toEqual({ reason: 'stopped', message: 'stopped' })
    expect(lines).toEqual([])
  })

  test('gitlab-worker §1: an output directory that cannot be written refuses the start', async () => {
    writeFileSync(join(root, 'file'), '')
    const fetch = () => Response.json({ data: [] })
    await expect(start(fetch, { settings: settings({ outputDir: join(root, 'file', 'below') }) })).rejects.toThrow(
      'WORKER_OUTPUT_DIR cannot be written',
    )
  })

  test('gitlab-worker §2: a refused token ends it; log lines keep their level and hold no secret', async () => {
    const lines: string[] = []
    const worker = await start(() => Response.json({ code: 'UNAUTHORIZED' }, { status: 401 }), {
      log: createLog({ level: 'debug', write: (line) => void lines.push(line) }),
    })
    expect(await worker.ended).toMatchObject({ reason: 'unauthorized' })
    await worker.stop()
    expect(lines.join('')).not.toContain('secret-token-of-the-api')
    expect(lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('a thread that dies is started again, and none after a stop', async () => {
    const entry = join(root, 'dying.ts')
    writeFileSync(
      entry,
      `self.onmessage = ({ data }) => {
        if (data.type === 'start') { postMessage({ type: 'started' }); postMessage({ type: 'call', id: 1, url: 'http://localhost/started', headers: [], body: '{}' }) }
        if (data.type === 'answer') throw new Error('it dies')
      }`,
    )
    const second = Promise.withResolvers<void>()
    let starts = 0
    const worker = await start(
      () => {
        if (++starts === 2) second.resolve()
        // The second thread waits for its answer.
        return starts === 1 ? Response.json({}) : new Promise<Response>(() => {})
      },
      { entry, stopSeconds: 0.1 },
    )
    await second.promise
    await worker.stop()
    expect([starts, (await worker.ended).reason]).toEqual([2, 'stopped'])
  })
})
