import { afterEach, describe, expect, test } from 'bun:test'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { createRig, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }
const issues = () => rig.gitlab.data.issues.get(101) as any[]
const idsOf = (rows: any[]) => rows.map((row) => row.id)
/** Before the nth request of the list: removes the rows that are chosen by their place in it. */
const goneBefore = (steps: Record<number, (index: number) => boolean>) => {
  rig.gitlab.on = ({ number }) => {
    const chosen = steps[number]
    if (chosen)
      rig.gitlab.data.issues.set(
        101,
        issues().filter((_, index) => !chosen(index)),
      )
    return undefined
  }
}
const below = (end: number) => (index: number) => index < end
/** Every row that still exists is stored, none twice. */
const expectWhole = (id: string) => {
  const stored = idsOf(rig.items(id))
  expect(new Set(stored).size).toBe(stored.length)
  expect(stored).toEqual(expect.arrayContaining(idsOf(issues())))
}
const pages = () => rig.gitlab.calls.map(({ query }) => query.get('page'))

describe('GitLab worker: a list that shrinks while it is read (crawler F3)', () => {
  test('crawler F3: three rows of the first page go away: one page back is read again', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const before = issues()
    goneBefore({ 2: (index) => [0, 50, 99].includes(index) })
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1, progress: { processed: 250, total: 250 } })
    expect(pages()).toEqual(['1', '2', '1', '3'])
    expect(idsOf(rig.items(id))).toEqual(idsOf(before))
    expect(rig.manifest(id)).toMatchObject({ items: 250, truncated: false, warnings: [] })
  })

  test('crawler F3: wherever, whenever and however often rows go away, up to a page at a time', async () => {
    for (const steps of [
      { 2: below(1) },
      { 2: below(100) },
      { 3: below(100) },
      { 3: (index: number) => index % 3 === 0 && index < 240 },
      { 2: below(7), 3: below(9), 4: below(30) },
      { 3: (index: number) => index >= 100 && index < 160 },
      { 3: (index: number) => index >= 400 },
    ] as Record<number, (index: number) => boolean>[]) {
      rig = await createRig({ gitlab: { data: seedGitlab({ issues: 450 }) } })
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      goneBefore(steps)
      expect((await rig.finish(id)).status).toBe('completed')
      expectWhole(id)
      expect(rig.manifest(id)).toMatchObject({ items: rig.items(id).length, truncated: false, warnings: [] })
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler F3: the last page has become empty, and its rows are on the page before', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 203 }) } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    goneBefore({ 3: below(10) })
    await rig.finish(id)
    expectWhole(id)
    expect(rig.manifest(id)).toMatchObject({ items: 203, truncated: false })
  })

  test('crawler F3: more than a page at once is marked; what can be found on the pages before is stored', async () => {
    for (const [gone, stored] of [
      [below(120), 450],
      [below(290), 450],
      [(index: number) => index % 2 === 0 && index < 260, 450],
      [(index: number) => index >= 150 && index < 300, 450],
      [below(420), 330],
    ] as const) {
      rig = await createRig({ gitlab: { data: seedGitlab({ issues: 450 }) } })
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      goneBefore({ 4: gone })
      expect((await rig.finish(id)).status).toBe('completed')
      const reason = expect.stringMatching(/^issues: \d+ items went away/)
      expect(rig.manifest(id)).toMatchObject({ items: stored, truncated: true, truncatedReasons: [reason], warnings: [reason] })
      expect(rig.api.of(id).at(-1)?.body.metadata).toMatchObject({ truncated: true })
      expectWhole(id)
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler F3: more than a page goes away between two attempts', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 450 }) } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = ({ number }) => {
      if (number !== 4) return undefined
      rig.gitlab.data.issues.set(101, issues().slice(120))
      return Response.json({}, { status: 429, headers: { 'retry-after': '2000' } })
    }
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', fence: 2 })
    expectWhole(id)
    expect(rig.manifest(id)).toMatchObject({ items: 450, truncated: true })
  })

  test('crawler F3: rows that go away between two attempts are noticed by the second', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = ({ number }) => {
      if (number !== 2) return undefined
      rig.gitlab.data.issues.set(101, issues().slice(3))
      return Response.json({}, { status: 429, headers: { 'retry-after': '2000' } })
    }
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', fence: 2, progress: { processed: 250 } })
    expect(rig.api.of(id).find(({ body }) => body.status === 'queued')?.body.resumeState).toMatchObject({ listTotal: 250 })
    expectWhole(id)
  })

  test('crawler F3: lists by name, filtered after fetching, in parts of a discovery, and keyset lists that end as offsets', async () => {
    const trim = (name: 'branches' | 'vulnerabilities' | 'jobs', from: number) => {
      const rows = rig.gitlab.data[name]
      rig.gitlab.data[name] = rows.filter((_, index) => index >= from)
      return rows
    }
    for (const [type, name, options, gitlab] of [
      ['FETCH_BRANCHES', 'branches', {}, {}],
      ['FETCH_VULNERABILITIES', 'vulnerabilities', { filters: { severity: 'high' } }, {}],
      ['FETCH_JOBS', 'jobs', {}, { keyset: [] }],
    ] as const) {
      rig = await createRig({ gitlab: gitlab as object })
      const { id } = rig.task(type, { ...PROJECT, ...options, pagination: { pageSize: 10 } })
      let rows: any[] = []
      let offsets = 0
      rig.gitlab.on = ({ query }) => {
        // Descending jobs lose their newest, which were read first.
        if (query.has('page') && ++offsets === 3) rows = name === 'jobs' ? rig.gitlab.data.jobs.splice(-4) : trim(name, 4)
        return undefined
      }
      expect((await rig.finish(id)).status).toBe('completed')
      expect(rows.length).toBeGreaterThan(0)
      const stored = rig.items(id).map((row) => row.id ?? row.name)
      const left = rig.gitlab.data[name].filter((row) => type !== 'FETCH_VULNERABILITIES' || row.severity === 'high')
      expect(new Set(stored).size).toBe(stored.length)
      expect(stored).toEqual(expect.arrayContaining(left.map((row) => row.id ?? row.name)))
      expect(rig.manifest(id)).toMatchObject({ truncated: false })
      await rig.stop()
    }
    rig = await createRig()
    // The total of one list says nothing about the next.
    const { id } = rig.task('DISCOVER_AREAS', { resourceId: 'acme', pagination: { pageSize: 1 } })
    await rig.finish(id)
    expect(rig.manifest(id)).toMatchObject({ items: 5, truncated: false })
    expect(new Set(rig.gitlab.calls.map(({ asked }) => asked)).size).toBe(rig.gitlab.calls.length)
  })

  test('crawler F3: a window beyond the offset limit has a smaller total, and nothing has gone', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 640 }), mostOffset: 200 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    await rig.finish(id)
    expectWhole(id)
    expect(rig.manifest(id)).toMatchObject({ items: 640, truncated: false })
    expect(new Set(rig.gitlab.calls.map(({ asked }) => asked)).size).toBe(rig.gitlab.calls.length)
  })
})
