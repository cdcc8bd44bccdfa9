import { afterEach, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { guillotine, type Step } from './guillotine.ts'
import { createRig, hashOf, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }
const issues = () => rig.gitlab.data.issues.get(101) as any[]
/** Every page is reported, so that a crash loses at most the page it is in. */
const AT_ONCE = { progressIntervalMs: 0 }
const pageOf = (url: string) => new URL(url).searchParams.get('page')

describe('GitLab worker: crashes', () => {
  test('gitlab-worker §9.11: killed after page 2 of 5, the next attempt continues with page 3; two parts, nothing twice', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 500 }) }, settings: AT_ONCE })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const victim = guillotine(rig, (step, _, url) => step === 'request sent' && pageOf(url) === '3')
    await rig.start(victim.options)
    await rig.clock.run(victim.fallen)
    await rig.start()
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 2, progress: { processed: 500, total: 500 } })
    expect(rig.gitlab.calls.map(({ query }) => query.get('page'))).toEqual(['1', '2', '3', '4', '5'])
    expect(rig.manifest(id).parts.map((part: any) => [part.file, part.items])).toEqual([
      ['part-1.jsonl', 200],
      ['part-2.jsonl', 300],
    ])
    expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
  })

  test('gitlab-worker §9.11: with the output directory removed it starts over, and the counts are right', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 500 }) }, settings: AT_ONCE })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const victim = guillotine(rig, (step, _, url) => step === 'request sent' && pageOf(url) === '3')
    await rig.start(victim.options)
    await rig.clock.run(victim.fallen)
    rmSync(rig.output, { recursive: true })
    await rig.start()
    expect(await rig.finish(id)).toMatchObject({ progress: { processed: 500, total: 500, itemsByType: { issues: 500 } } })
    expect(rig.manifest(id).parts.map((part: any) => part.items)).toEqual([500])
    expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
  })

  test('gitlab-worker §7: a part that lost its end starts the task over', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 300 }) }, settings: AT_ONCE })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const victim = guillotine(rig, (step, _, url) => step === 'request sent' && pageOf(url) === '3')
    await rig.start(victim.options)
    await rig.clock.run(victim.fallen)
    const [path, content] = Object.entries(rig.files())[0] as [string, string]
    await Bun.write(path, content.slice(0, -10))
    await rig.start()
    await rig.finish(id)
    expect(rig.manifest(id).parts.map((part: any) => [part.file, part.items])).toEqual([['part-2.jsonl', 300]])
  })

  for (const format of ['json', 'csv'] as const)
    test(`gitlab-worker §9.11: a crash at every single step of a task of three pages loses and repeats nothing (${format})`, async () => {
      rig = await createRig({ gitlab: { data: seedGitlab({ issues: 250 }) }, settings: AT_ONCE })
      const options = { ...PROJECT, outputFormat: format }
      const whole = rig.task('FETCH_ISSUES', options).id
      const counter = guillotine(rig, () => false)
      await rig.start(counter.options)
      await rig.finish(whole)
      const want = hashOf(format === 'json' ? rig.items(whole) : rig.lines(whole))
      expect(counter.steps()).toBeGreaterThan(25)
      await rig.stop()

      const seen = new Set<Step>()
      for (let at = 1; at <= counter.steps(); at++) {
        rig = await createRig({ gitlab: { data: seedGitlab({ issues: 250 }) }, settings: AT_ONCE })
        const { id } = rig.task('FETCH_ISSUES', options)
        const victim = guillotine(rig, (step, count) => {
          if (count === at) seen.add(step)
          return count === at
        })
        await rig.start(victim.options)
        await rig.clock.run(victim.fallen)
        await rig.start()
        const task = await rig.finish(id)
        expect([at, task.status, task.progress.processed]).toEqual([at, 'completed', 250])
        const rows =
          format === 'json' ? rig.items(id) : rig.lines(id).filter((line, index) => index === 0 || !line.startsWith('id,iid,'))
        expect([at, hashOf(rows)]).toEqual([at, want])
        await rig.stop()
      }
      expect(seen.size).toBe(9)
      rig = await createRig()
    }, 300_000)

  const STEPS: Step[] = [
    'request sent',
    'answer there',
    'nothing written',
    'half written',
    'all written',
    'report sent',
    'report answered',
  ]
  test('issue 4: 10,000 issues with a crash in the middle of every page: counts and hash equal to the data of GitLab', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 10_000 }) }, settings: AT_ONCE, maxAttempts: 1000 })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    let crashes = 0
    for (let page = 1; page <= 100; page++) {
      if (rig.api.task(id).status === 'completed') break
      const step = STEPS[page % STEPS.length] as Step
      let asked = 0
      const victim = guillotine(rig, (now, _, detail) => {
        if (now === 'request sent') asked = Number(pageOf(detail))
        const progress = now.startsWith('report') ? detail.includes('"type":"progress"') : true
        return now === step && progress && asked >= page
      })
      await rig.start(victim.options)
      await rig.clock.run(Promise.race([victim.fallen, rig.api.until(id, 'completed')]))
      crashes++
    }
    await rig.start()
    const task = await rig.finish(id)
    expect(crashes).toBe(100)
    expect(task).toMatchObject({
      status: 'completed',
      progress: { processed: 10_000, total: 10_000, itemsByType: { issues: 10_000 } },
    })
    expect(task.attempts).toBeGreaterThan(90)
    expect(rig.manifest(id).items).toBe(10_000)
    expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
  }, 300_000)

  test('issue 4: 10,000 issues and all other types at once, undisturbed: counts and hashes equal to the data of GitLab', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 10_000 }) } })
    const { data } = rig.gitlab
    const expected: Record<string, any[]> = {
      FETCH_ISSUES: issues(),
      FETCH_MERGE_REQUESTS: data.mergeRequests,
      FETCH_COMMITS: data.commits,
      FETCH_BRANCHES: data.branches,
      FETCH_TAGS: data.tags,
      FETCH_PIPELINES: data.pipelines,
      FETCH_JOBS: [...data.jobs].reverse(),
      FETCH_DEPLOYMENTS: data.deployments,
      FETCH_ENVIRONMENTS: data.environments,
      FETCH_VULNERABILITIES: data.vulnerabilities,
      FETCH_PROJECT_MEMBERS: data.members,
    }
    const ids = Object.keys(expected).map((type) => [type, rig.task(type, PROJECT).id] as const)
    for (const [type, id] of ids) {
      expect((await rig.finish(id)).status).toBe('completed')
      expect([type, hashOf(rig.items(id))]).toEqual([type, hashOf(expected[type] as any[])])
    }
    expect(rig.api.task(ids[0]?.[1] as string).progress).toMatchObject({ processed: 10_000, total: 10_000 })
  }, 300_000)

  test('gitlab-worker §9.12: a worker frozen beyond its lease and woken again gets LEASE_LOST and leaves the result alone', async () => {
    for (const step of ['request sent', 'half written', 'report sent', 'manifest not in place'] as Step[]) {
      rig = await createRig({ settings: AT_ONCE })
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      let reports = 0
      const sleeper = guillotine(rig, (now) => now === step && (now !== 'report sent' || ++reports === 3))
      const first = await rig.start(sleeper.options)
      await rig.clock.run(sleeper.fallen)
      await rig.start()
      expect((await rig.finish(id)).status).toBe('completed')
      const files = rig.files()
      const sent = rig.api.of(id).length
      sleeper.thaw()
      await rig.clock.run(first.stop())
      const late = rig.api.of(id).slice(sent)
      expect(late.every(({ status, answer }) => status === 409 || answer.ignored)).toBe(true)
      expect(late.length).toBeLessThanOrEqual(2)
      // What the second worker has written is byte for byte as it left it, its manifest too.
      for (const [path, content] of Object.entries(files))
        if (!path.endsWith('part-1.jsonl')) expect(rig.files()[path]).toBe(content)
      expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
      await rig.stop()
    }
    rig = await createRig()
  }, 300_000)
})
