import { afterEach, describe, expect, test } from 'bun:test'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { type Call, truncatedBody } from '../../support/gitlab-double.ts'
import { createRig, hashOf, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }
const issues = () => rig.gitlab.data.issues.get(101) as any[]
const broken = () => Response.json({ message: '500' }, { status: 500 })
const sizeOf = ({ query }: Call) => Number(query.get('per_page'))
const firstOf = (call: Call) => (Number(call.query.get('page')) - 1) * sizeOf(call)
/** Whether a request asks for the row at this place, from 0. */
const holds = (call: Call, row: number) => row >= firstOf(call) && row < firstOf(call) + sizeOf(call)
const without = (...rows: number[]) => issues().filter((_, index) => !rows.includes(index))
const took = () => (rig.gitlab.calls.at(-1)?.at as number) - (rig.gitlab.calls[0]?.at as number)

describe('GitLab worker: a page that keeps failing is asked again in smaller ones (crawler F5)', () => {
  test('crawler F5: page 2 is 500 for every per_page above 20: all 250 are stored', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = (call) => {
      const inPageTwo = firstOf(call) < 200 && firstOf(call) + sizeOf(call) > 100
      return inPageTwo && sizeOf(call) > 20 ? broken() : undefined
    }
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1, progress: { processed: 250, total: 250 } })
    expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
    expect(rig.manifest(id)).toMatchObject({ truncated: false, warnings: [] })
    expect(rig.gitlab.calls.length).toBeLessThan(30)
    expect(took()).toBeLessThan(60_000)
    // The size grows again.
    expect(rig.gitlab.calls.at(-1)?.query.get('per_page')).toBe('100')
  })

  test('crawler F5: every page fails above some size: the full retries are spent once', async () => {
    for (const [pageSize, most] of [
      [100, 20],
      [97, 10],
      [64, 1],
      [7, 3],
    ] as const) {
      rig = await createRig()
      const { id } = rig.task('FETCH_ISSUES', { ...PROJECT, pagination: { pageSize } })
      rig.gitlab.on = (call) => (sizeOf(call) > most ? broken() : undefined)
      expect([pageSize, await rig.finish(id)]).toMatchObject([pageSize, { status: 'completed', attempts: 1 }])
      expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
      expect(rig.manifest(id)).toMatchObject({ items: 250, truncated: false })
      expect(took()).toBeLessThan(31_000 + 2000 * Math.ceil(250 / pageSize))
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler F5: the bad rows are left out and named, wherever they are', async () => {
    for (const rows of [[137], [0], [249], [99], [100], [3, 240], [50, 51], [199, 200]]) {
      rig = await createRig()
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      rig.gitlab.on = (call) => (rows.some((row) => holds(call, row)) ? broken() : undefined)
      const stored = 250 - rows.length
      expect([rows, await rig.finish(id)]).toMatchObject([
        rows,
        { status: 'completed', attempts: 1, progress: { processed: stored, total: 250 } },
      ])
      expect([rows, hashOf(rig.items(id))]).toEqual([rows, hashOf(without(...rows))])
      const reasons = rows.map((row) =>
        expect.stringMatching(new RegExp(`^issues: item ${row + 1} is left out: .*500.*page=${row + 1}`)),
      )
      expect(rig.manifest(id)).toMatchObject({
        items: stored,
        leftOut: rows.length,
        truncated: true,
        truncatedReasons: reasons,
        warnings: reasons,
      })
      expect(rig.api.of(id).at(-1)?.body.metadata).toMatchObject({ truncated: true, leftOut: rows.length })
      expect(rig.gitlab.calls.length).toBeLessThan(70)
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler F5: a body that breaks off, one that is too large, and one that never comes', async () => {
    const makes: [string, () => Response | Promise<Response>][] = [
      ['breaks off', () => truncatedBody('[{"id":1}]')],
      ['too large', () => new Response('[]', { headers: { 'content-length': String(60 * 1024 * 1024) } })],
      ['never', () => Promise.reject(new Error('never'))],
    ]
    for (const [name, make] of makes) {
      rig = await createRig()
      const { id } = rig.task('FETCH_ISSUES', { ...PROJECT, pagination: { pageSize: 50 } })
      await rig.start({
        gitlabFetch: async (request) => {
          const { searchParams: query } = new URL(request.url)
          const bad = holds({ query } as Call, 123)
          if (!bad) return rig.network(request)
          if (name === 'never') return new Promise(() => {})
          const made = await make()
          return name === 'too large' ? new Response(new Uint8Array(51 * 1024 * 1024), made) : made
        },
      })
      expect([name, await rig.finish(id)]).toMatchObject([name, { status: 'completed', attempts: 1 }])
      expect(hashOf(rig.items(id))).toBe(hashOf(without(123)))
      expect(rig.manifest(id)).toMatchObject({ leftOut: 1, truncatedReasons: [expect.stringContaining('item 124 ')] })
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler F5: rows that failed while GitLab was away for a moment are stored', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    // Longer than the retries of the page: until two rows have failed alone.
    let alone = 0
    rig.gitlab.on = (call) => {
      if (call.number === 1 || alone >= 4) return undefined
      if (sizeOf(call) === 1) alone++
      return broken()
    }
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1 })
    expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
    expect(rig.manifest(id)).toMatchObject({ truncated: false, warnings: [] })
  })

  test('crawler F5: a connection that breaks in the middle of such a page is retried like any other', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    let calls = 0
    await rig.start({
      gitlabFetch: (request) => {
        const { searchParams: query } = new URL(request.url)
        if (Number(query.get('per_page')) < 100 && ++calls % 4 < 3) throw new TypeError('connection refused')
        return rig.network(request)
      },
    })
    rig.gitlab.on = (call) => (holds(call, 110) && sizeOf(call) > 20 ? broken() : undefined)
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1 })
    expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
    expect(rig.manifest(id)).toMatchObject({ truncated: false, warnings: [] })
  })

  test('crawler F5: a GitLab that is down is GITLAB_UNAVAILABLE in about the time of its retries', async () => {
    for (const type of ['FETCH_ISSUES', 'FETCH_JOBS', 'FETCH_PROJECT_DETAILS'])
      for (const from of [1, 2]) {
        rig = await createRig({ maxAttempts: 1 })
        const { id } = rig.task(type, { ...PROJECT, pagination: { pageSize: 50 } })
        rig.gitlab.on = ({ number }) => (number >= from ? broken() : undefined)
        const task = await rig.finish(id)
        expect([type, from, task]).toMatchObject([
          type,
          from,
          { status: 'failed', progress: { error: { code: 'GITLAB_UNAVAILABLE' } } },
        ])
        expect(task.progress.processed).toBe(from === 1 || type === 'FETCH_PROJECT_DETAILS' ? 0 : 50)
        expect(took()).toBeLessThan(40_000)
        expect(rig.gitlab.calls.length).toBeLessThan(22)
        await rig.stop()
      }
    rig = await createRig()
  })

  test('crawler F5: down for half a minute right behind a page in parts, it has all its retries again', async () => {
    for (const type of ['FETCH_ISSUES', 'FETCH_JOBS']) {
      rig = await createRig()
      const { id } = rig.task(type, { ...PROJECT, pagination: { pageSize: 50 } })
      let downFrom: number | undefined
      let pages = 0
      rig.gitlab.on = (call) => {
        if (sizeOf(call) === 50) pages++
        if (pages > 1 && pages < 8) return sizeOf(call) > 20 ? broken() : undefined
        if (pages === 8) downFrom ??= call.at
        return downFrom !== undefined && call.at < downFrom + 25_000 ? broken() : undefined
      }
      expect([type, await rig.finish(id)]).toMatchObject([type, { status: 'completed', attempts: 1 }])
      const rows = type === 'FETCH_ISSUES' ? issues() : [...rig.gitlab.data.jobs].reverse()
      expect(hashOf(rig.items(id))).toBe(hashOf(rows))
      expect(rig.manifest(id)).toMatchObject({ truncated: false, warnings: [] })
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler F5: a restart in the middle of such a page stores nothing twice and loses nothing', async () => {
    for (const at of [9, 12, 14, 16]) {
      rig = await createRig()
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      let limited = false
      rig.gitlab.on = (call) => {
        if (call.number === at && !limited) {
          limited = true
          return Response.json({}, { status: 429, headers: { 'retry-after': '2000' } })
        }
        return firstOf(call) >= 100 && firstOf(call) < 200 && sizeOf(call) > 20 ? broken() : undefined
      }
      expect(await rig.finish(id)).toMatchObject({ status: 'completed', fence: 2 })
      expect(hashOf(rig.items(id))).toBe(hashOf(issues()))
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler F5: of a page that is too large in parts as well no more is held than one answer may have', async () => {
    for (const type of ['FETCH_ISSUES', 'FETCH_JOBS'] as const) {
      rig = await createRig({ gitlab: { data: seedGitlab({ issues: 11 }) } })
      rig.gitlab.data.jobs.length = 11
      const { id } = rig.task(type, { ...PROJECT, pagination: { pageSize: 4 } })
      const padding = new Uint8Array(20 * 1024 * 1024).fill(32)
      const asked: string[] = []
      await rig.start({
        gitlabFetch: async (request) => {
          const { searchParams: query } = new URL(request.url)
          asked.push(`${query.get('page') ?? 'key'}/${query.get('per_page')}`)
          // In the middle of what is left of the first page.
          if (asked.length === 6) return Response.json({}, { status: 429, headers: { 'retry-after': '2000' } })
          const answer = await rig.network(request)
          const parts = [...Array.from({ length: Number(query.get('per_page')) }, () => padding), await answer.arrayBuffer()]
          return new Response(new Blob(parts), answer)
        },
      })
      expect([type, await rig.finish(id)]).toMatchObject([type, { status: 'completed', fence: 2 }])
      const rows = type === 'FETCH_ISSUES' ? issues() : [...rig.gitlab.data.jobs].reverse()
      expect(hashOf(rig.items(id))).toBe(hashOf(rows))
      expect(rig.manifest(id)).toMatchObject({ items: 11, truncated: false })
      const parts = rig.manifest(id).parts.map((part: any) => part.items)
      expect([type, parts]).toEqual([type, [3, 8]])
      await rig.stop()
    }
    rig = await createRig()
  }, 300_000)

  test('crawler F5: a list that shrinks while a page is read in parts', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const before = issues()
    let parts = 0
    rig.gitlab.on = (call) => {
      if (firstOf(call) < 100 || firstOf(call) >= 200) return undefined
      if (sizeOf(call) > 20) return broken()
      if (++parts === 5) rig.gitlab.data.issues.set(101, issues().slice(7))
      return undefined
    }
    expect((await rig.finish(id)).status).toBe('completed')
    expect(
      rig
        .items(id)
        .map((row) => row.id)
        .sort(),
    ).toEqual(before.map((row) => row.id).sort())
    expect(rig.manifest(id)).toMatchObject({ items: 250, truncated: false })
  })

  test('crawler F5: a keyset list with pages that are too much for GitLab, and one with a bad row', async () => {
    rig = await createRig()
    const whole = rig.task('FETCH_JOBS', PROJECT).id
    const jobs: any[] = [...rig.gitlab.data.jobs].reverse()
    rig.gitlab.on = (call) => (call.number > 1 && sizeOf(call) > 20 ? broken() : undefined)
    expect(await rig.finish(whole)).toMatchObject({ status: 'completed', attempts: 1 })
    expect(hashOf(rig.items(whole))).toBe(hashOf(jobs))
    expect(rig.manifest(whole)).toMatchObject({ truncated: false })

    const cut = rig.task('FETCH_JOBS', PROJECT).id
    const bad = jobs[137].id
    rig.gitlab.on = (call) => {
      const before = Number(call.query.get('id_before') ?? Infinity)
      return bad < before && bad >= Math.min(before, jobs[0].id + 1) - sizeOf(call) ? broken() : undefined
    }
    expect(await rig.finish(cut)).toMatchObject({ status: 'completed', attempts: 1 })
    expect(hashOf(rig.items(cut))).toBe(hashOf(jobs.slice(0, 137)))
    const reason = expect.stringMatching(/^jobs: the rest of the list is left out: .*500/)
    expect(rig.manifest(cut)).toMatchObject({ truncated: true, truncatedReasons: [reason], warnings: [reason] })
  })

  test('crawler F5: behind a keyset list that ends at a bad row the next list is read', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab() } })
    const { id } = rig.task('DISCOVER_AREAS', { pagination: { pageSize: 2 } })
    // The list of groups is by offsets: its second row is bad; of the projects by keyset the third.
    rig.gitlab.on = (call) => {
      if (call.path.endsWith('/groups')) return holds(call, 1) ? broken() : undefined
      const after = Number(call.query.get('id_after') ?? 100)
      return after < 103 && after + sizeOf(call) >= 103 ? broken() : undefined
    }
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1 })
    expect([...rig.api.areas.keys()]).toEqual(['group 11', 'group 13', 'project 101', 'project 102'])
    expect(rig.manifest(id)).toMatchObject({ leftOut: 1, truncated: true, itemsByType: { groups: 2, projects: 2 } })
  })
})
