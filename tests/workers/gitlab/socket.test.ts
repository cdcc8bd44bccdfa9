import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../../../src/platform/log.ts'
import { type GitlabWorker, type GitlabWorkerOptions, startGitlabWorker, TASK_TYPES } from '../../../src/workers/gitlab/index.ts'
import { API_TOKEN, type CrawlerApiDouble, crawlerApiDouble } from '../../support/crawler-api-double.ts'
import { eventually } from '../../support/eventually.ts'
import { type FakeClock, fakeClock } from '../../support/fake-clock.ts'
import { type GitlabDouble, GOOD_TOKEN, startGitlabDouble } from '../../support/gitlab-double.ts'
import { filesBelow, hashOf, UNLIMITED } from './rig.ts'

let clock: FakeClock
let api: CrawlerApiDouble
let gitlab: GitlabDouble
let served: ReturnType<CrawlerApiDouble['serve']>
let root: string
let worker: GitlabWorker | undefined
let aborted: number

beforeEach(() => {
  clock = fakeClock()
  api = crawlerApiDouble({ clock })
  gitlab = startGitlabDouble({ now: clock.now })
  served = api.serve()
  root = mkdtempSync(join(tmpdir(), 'trawl-gitlab-ws-'))
  worker = undefined
  aborted = 0
})
afterEach(async () => {
  await halt()
  await served.stop()
  await gitlab.stop()
  rmSync(root, { recursive: true, force: true })
})

/** Stops the worker; when nothing else is active, it waits for the clock. */
const halt = async () => {
  const stopping = worker?.stop().then(() => true)
  while (stopping && !(await Promise.race([stopping, ticks(500).then(() => false)]))) clock.advance(1000)
}
const tick = () => new Promise<void>((resolve) => setImmediate(resolve))
const ticks = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await tick()
}
/** Time passes slowly enough for everything to follow. */
const pass = async (seconds: number) => {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000)
    await ticks(100)
  }
}
const start = async (more: Partial<GitlabWorkerOptions> = {}, transport: 'ws' | 'http' = 'ws') => {
  worker = await startGitlabWorker({
    settings: {
      workerId: 'worker/1',
      types: TASK_TYPES,
      concurrency: 2,
      leaseSeconds: 60,
      waitSeconds: 20,
      outputDir: root,
      requestTimeoutMs: 600_000,
      ratePerMinute: 300,
      burst: 10,
      maxRetries: 5,
      maxWaitSeconds: 900,
      progressIntervalMs: 0,
    },
    url: served.url,
    token: API_TOKEN,
    transport,
    clock,
    random: () => 0.5,
    log: silentLog,
    gitlabFetch: (request) => {
      request.signal.addEventListener('abort', () => aborted++)
      return fetch(request)
    },
    ...more,
  })
  return worker
}
let tasks = 0
const create = (more: object = {}) =>
  api.create({
    id: `ws-${++tasks}`,
    type: 'FETCH_ISSUES',
    apiEndpoint: gitlab.endpoint,
    credentials: { accessToken: GOOD_TOKEN },
    options: { resourceId: 'acme/tools' },
    rateLimits: UNLIMITED,
    ...more,
  }).id
const stored = (id: string) =>
  Object.entries(filesBelow(root))
    .filter(([path]) => path.includes(`/${id}/`) && path.endsWith('.jsonl'))
    .flatMap(([, text]) => text.trimEnd().split('\n'))
    .map((line) => JSON.parse(line))
/** GitLab answers page 2 only after `go`. */
const hold = () => {
  let go = () => {}
  const open = new Promise<void>((resolve) => {
    go = resolve
  })
  gitlab.on = ({ query }) => (query.get('page') === '2' ? open.then(() => undefined as never) : undefined)
  return { go, asked: () => gitlab.calls.some(({ query }) => query.get('page') === '2') }
}

describe('GitLab worker over WebSocket', () => {
  test('gitlab-worker §1: tasks come by task_request, reports are acknowledged, the result is the same as over HTTP', async () => {
    const overSocket = create()
    await start()
    await api.until(overSocket, 'completed')
    expect(api.kinds(overSocket)).toEqual(['started', 'progress', 'progress', 'progress', 'completed'])
    expect(api.leases[0]).toMatchObject({
      workerId: 'worker/1',
      types: [...TASK_TYPES],
      max: 2,
      leaseSeconds: 60,
      waitSeconds: 20,
    })
    await halt()
    const overHttp = create()
    await start({}, 'http')
    await api.until(overHttp, 'completed')
    expect(api.kinds(overHttp)).toEqual(api.kinds(overSocket))
    expect(hashOf(stored(overSocket))).toBe(hashOf(stored(overHttp)))
    expect(hashOf(stored(overSocket))).toBe(hashOf(gitlab.data.issues.get(101) as any[]))
  })

  test('gitlab-worker §2: one heartbeat for all tasks at a third of the lease, no status updates', async () => {
    const ids = [create(), create()]
    const { go, asked } = hold()
    await start()
    await eventually(asked)
    await pass(85)
    expect(api.heartbeats).toHaveLength(4)
    expect(api.heartbeats.every((list) => list.toSorted().join() === ids.join())).toBe(true)
    go()
    for (const id of ids) await api.until(id, 'completed')
    for (const id of ids) expect(api.kinds(id)).not.toContain('status')
    expect(ids.map((id) => api.task(id).attempts)).toEqual([1, 1])
  })

  test('gitlab-worker §9.13: task_cancellation stops the task at once, and nothing more is sent', async () => {
    const id = create()
    const { asked } = hold()
    await start()
    await eventually(asked)
    const reports = api.of(id).length
    api.cancel(id)
    // The clock stands still: less than a second.
    await eventually(() => aborted === 1)
    const next = create({ type: 'FETCH_TAGS' })
    await api.until(next, 'completed')
    expect(api.of(id)).toHaveLength(reports)
  })

  test('gitlab-worker §2: a task in lostTasks stops', async () => {
    const id = create()
    const { asked } = hold()
    await start()
    await eventually(asked)
    Object.assign(api.task(id), { status: 'paused', lease: undefined })
    await pass(21)
    expect(aborted).toBe(1)
    expect(api.kinds(id)).toEqual(['started', 'progress'])
  })

  test('gitlab-worker §1: after a lost connection it comes back with the same connectionId, and no report is lost', async () => {
    const id = create()
    const { go, asked } = hold()
    await start()
    await eventually(asked)
    api.dropSockets()
    go()
    await eventually(() => gitlab.calls.some(({ query }) => query.get('page') === '3'))
    await pass(10)
    await api.until(id, 'completed')
    expect(api.task(id)).toMatchObject({ attempts: 1, progress: { processed: 250, total: 250 } })
    expect(hashOf(stored(id))).toBe(hashOf(gitlab.data.issues.get(101) as any[]))
  })

  test('gitlab-worker §3.5: tokens are renewed by token_refresh_request', async () => {
    gitlab.tokens.set('oauth-before-refresh', 'expired').set('oauth-after-refresh', 'good')
    api.refresh = async () => 'oauth-after-refresh'
    const id = create({ credentials: { accessToken: 'oauth-before-refresh', tokenType: 'oauth2', refreshable: true } })
    await start()
    await api.until(id, 'completed')
    expect(api.refreshes).toBe(1)
  })

  test('gitlab-worker §2: a shutdown of the server makes the worker give its tasks back and end', async () => {
    const id = create()
    const { go, asked } = hold()
    const running = await start()
    await eventually(asked)
    api.shutdown()
    // The page in flight is finished first.
    await ticks(200)
    go()
    // Given back to the very request for tasks that was still under way, and once more: no attempt is counted.
    await eventually(() => api.task(id).fence === 2 && api.task(id).status === 'queued')
    await halt()
    expect(await running.ended).toMatchObject({ reason: 'server_shutdown' })
    expect(api.task(id)).toMatchObject({ status: 'queued', attempts: 0, resumeState: { page: 2 } })
  })

  test('gitlab-worker §1: a refused token ends the worker', async () => {
    const running = await start({ token: 'wrong' })
    expect(await running.ended).toMatchObject({ reason: 'unauthorized' })
  })

  test('gitlab-worker §2: without a heartbeat until 5 s before its end the lease counts as lost', async () => {
    const id = create()
    const { asked } = hold()
    await start()
    await eventually(asked)
    api.on = (name) => (name === 'heartbeat' ? { status: 503, code: 'SHUTTING_DOWN' } : undefined)
    await pass(53)
    expect(aborted).toBe(0)
    await pass(3)
    expect(aborted).toBe(1)
    expect(api.kinds(id)).toEqual(['started', 'progress'])
  })
})
