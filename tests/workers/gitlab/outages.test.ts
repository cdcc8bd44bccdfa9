import { afterEach, describe, expect, test } from 'bun:test'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { createRig, hashOf, holdAt, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }
const issues = () => rig.gitlab.data.issues.get(101) as any[]
const SLOW = { requestsPerMinute: 300, burstLimit: 1 }

describe('GitLab worker: stops and outages', () => {
  test('gitlab-worker §9.14: a stop gives every task back with its resumeState, uncounted, and others finish them', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 1000 }) } })
    const ids = [1, 2, 3, 4].map(() => rig.task('FETCH_ISSUES', PROJECT, { rateLimits: SLOW }).id)
    const worker = await rig.start()
    await rig.clock.run(rig.clock.sleep(1500))
    const from = rig.clock.now()
    await rig.clock.run(worker.stop())
    expect(rig.clock.now() - from).toBeLessThan(30_000)
    expect(await worker.ended).toMatchObject({ reason: 'stopped' })
    for (const id of ids.slice(0, 3)) {
      expect(rig.api.task(id)).toMatchObject({ status: 'queued', attempts: 0, resumeState: { v: 1 } })
      expect(rig.api.of(id).at(-1)?.body).toMatchObject({ type: 'status', status: 'queued', resumeState: { v: 1 } })
    }
    expect(rig.api.task(ids[3] as string)).toMatchObject({ status: 'queued', fence: 0 })
    await rig.start()
    for (const id of ids) {
      expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1 })
      expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
    }
  })

  test('gitlab-worker §9.14: a GitLab that hangs does not hold up a stop beyond 30 s, nor does an API that is gone', async () => {
    for (const outage of [false, true]) {
      rig = await createRig({ settings: { requestTimeoutMs: 600_000, leaseSeconds: 600 } })
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      const slow = holdAt(rig, '2')
      const worker = await rig.start({ gitlabFetch: slow.network })
      await rig.clock.run(slow.held)
      if (outage) rig.api.on = () => ({ status: 500, code: 'INTERNAL' })
      const from = rig.clock.now()
      await rig.clock.run(worker.stop())
      expect(rig.clock.now() - from).toBeLessThanOrEqual(30_000)
      expect(rig.api.task(id).status).toBe(outage ? 'running' : 'queued')
      if (!outage) expect(rig.api.task(id).resumeState).toMatchObject({ page: 1 })
      await rig.stop()
    }
    rig = await createRig()
  })

  test('gitlab-worker §9.22: an API outage of 20 s during a task loses nothing', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 2000 }) } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT, { rateLimits: { requestsPerMinute: 30, burstLimit: 1 } })
    let down = false
    await rig.start({
      fetch: (request) => {
        if (down) throw new TypeError('connection refused')
        return rig.api.handle(request)
      },
    })
    await rig.clock.run(rig.clock.sleep(5000))
    down = true
    await rig.clock.run(rig.clock.sleep(20_000))
    down = false
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1, progress: { processed: 2000 } })
    expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
  })

  test('gitlab-worker §9.22: an outage longer than the lease stops the task without a wrong report', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 2000 }) } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT, { rateLimits: { requestsPerMinute: 6, burstLimit: 1 } })
    let down = false
    await rig.start({
      fetch: (request) => {
        if (down) throw new TypeError('connection refused')
        return rig.api.handle(request)
      },
    })
    await rig.clock.run(rig.clock.sleep(25_000))
    down = true
    const reports = rig.api.of(id).length
    await rig.clock.run(rig.clock.sleep(90_000))
    const calls = rig.gitlab.calls.length
    await rig.clock.run(rig.clock.sleep(30_000))
    expect(rig.gitlab.calls.length).toBe(calls)
    expect(rig.api.of(id).length).toBe(reports)
    down = false
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 2, progress: { processed: 2000 } })
    expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
  })
})
