import { afterEach, describe, expect, test } from 'bun:test'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { createRig, hashOf, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }
const moved = (to: string) => new Response(null, { status: 301, headers: { location: to } })
/** The link to the next page, written by `spell`. */
const relinked = async (path: string, spell: (link: string) => string) => {
  const answer = await fetch(`${rig.gitlab.origin}${path}`, {
    headers: { authorization: `Bearer ${[...rig.gitlab.tokens.keys()][0]}` },
  })
  const headers = new Headers(answer.headers)
  headers.set('link', spell(headers.get('link') ?? ''))
  return new Response(await answer.arrayBuffer(), { headers })
}
const expectWhole = async (id: string, rows: any[]) => {
  expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1 })
  expect(hashOf(rig.items(id))).toBe(hashOf(rows))
  expect(rig.manifest(id)).toMatchObject({ items: rows.length, truncated: false, warnings: [] })
}

describe('GitLab worker: where a crawl stands is kept by list and page (crawler B1)', () => {
  test('crawler B1: every request of a moved project is redirected to its numeric id', async () => {
    rig = await createRig()
    const toId = (asked: string) => moved(`${rig.gitlab.endpoint}${asked.replace('/projects/top%2Fold-name/', '/projects/101/')}`)
    rig.gitlab.on = ({ asked }) => (asked.includes('top%2Fold-name') ? toId(asked) : undefined)
    await expectWhole(rig.task('FETCH_ISSUES', { resourceId: 'top/old-name' }).id, rig.gitlab.data.issues.get(101) as any[])
  })

  test('crawler B1: the same with commits', async () => {
    rig = await createRig()
    const toId = (asked: string) => moved(`/api/v4${asked.replace('/projects/top%2Fold-name/', '/projects/101/')}`)
    rig.gitlab.on = ({ asked }) => (asked.includes('top%2Fold-name') ? toId(asked) : undefined)
    const { id } = rig.task('FETCH_COMMITS', { resourceId: 'top/old-name', pagination: { pageSize: 20 } })
    expect(rig.gitlab.data.commits.length).toBeGreaterThan(40)
    await expectWhole(id, rig.gitlab.data.commits)
  })

  test('crawler B1: a project is moved between two pages', async () => {
    rig = await createRig()
    rig.gitlab.on = ({ asked, query }) =>
      asked.includes('acme%2Ftools') && query.get('page') !== '1'
        ? moved(`${rig.gitlab.endpoint}${asked.replace('acme%2Ftools', '101')}`)
        : undefined
    await expectWhole(rig.task('FETCH_ISSUES', PROJECT).id, rig.gitlab.data.issues.get(101) as any[])
  })

  test('crawler B1: the next link spells %2f for %2F, names the numeric id, or is relative', async () => {
    for (const spell of [
      (link: string) => link.replaceAll('acme%2Ftools', 'acme%2ftools'),
      (link: string) => link.replaceAll('acme%2Ftools', '101'),
      (link: string) => link.replaceAll(rig.gitlab.origin, ''),
      (link: string) => link.replaceAll('/api/v4/', '/api/../api/v4/'),
    ]) {
      rig = await createRig()
      rig.gitlab.on = ({ path, query, number }) => (number % 2 === 1 ? relinked(`${path}?${query}`, spell) : undefined)
      await expectWhole(rig.task('FETCH_ISSUES', PROJECT).id, rig.gitlab.data.issues.get(101) as any[])
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler B1: a discovery whose second list is moved goes on with its third one', async () => {
    rig = await createRig()
    rig.gitlab.on = ({ asked, query }) =>
      asked.startsWith('/groups/acme/') && !(query.get('page') === '1' && asked.includes('descendant'))
        ? moved(`${rig.gitlab.endpoint}${asked.replace('/groups/acme/', '/groups/11/')}`)
        : undefined
    const { id } = rig.task('DISCOVER_AREAS', { resourceId: 'acme', pagination: { pageSize: 1 } })
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1 })
    expect([...rig.api.areas.keys()]).toEqual(['group 11', 'group 12', 'project 101', 'project 102', 'project 104'])
  })

  test('crawler B1: a moved crawl that is given back goes on where it was', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 450 }) } })
    let limited = false
    rig.gitlab.on = ({ asked, query }) => {
      if (asked.includes('top%2Fold-name'))
        return moved(`${rig.gitlab.endpoint}${asked.replace('/projects/top%2Fold-name/', '/projects/101/')}`)
      if (limited || query.get('page') !== '3') return undefined
      limited = true
      return Response.json({}, { status: 429, headers: { 'retry-after': '2000' } })
    }
    const { id } = rig.task('FETCH_ISSUES', { resourceId: 'top/old-name' })
    await rig.finish(id)
    expect(limited).toBe(true)
    expect(hashOf(rig.items(id))).toBe(hashOf(rig.gitlab.data.issues.get(101) as any[]))
    expect(rig.gitlab.calls.filter(({ query, asked }) => query.get('page') === '1' && !asked.includes('%2F'))).toHaveLength(1)
  })

  test('crawler B1: a next page that is no number is BAD_RESPONSE; a state that leads out of the API is not followed', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = () => Response.json([{ id: 1 }], { headers: { 'x-next-page': '2&private_token=x' } })
    expect((await rig.finish(id)).progress.error).toMatchObject({ code: 'BAD_RESPONSE' })
    rig.gitlab.on = undefined
    const resumed = (resumeState: object) => Object.assign(rig.task('FETCH_ISSUES', PROJECT), { resumeState })
    const state = {
      v: 1,
      stage: 'fetching',
      mode: 'offset',
      page: 1,
      lastId: null,
      boundaryIds: [],
      parts: [],
      itemsByType: { issues: 100 },
      startedAt: '2026-01-15T12:00:00.000Z',
      warnings: [],
    }
    for (const next of ['@stranger.test/api/v4/projects/101/issues', '/other/issues?page=2', '']) {
      const again = resumed({ ...state, list: 0, next })
      await expectWhole(again.id, rig.gitlab.data.issues.get(101) as any[])
    }
    // A list that the plan does not have.
    const beyond = resumed({ ...state, list: 1, next: '/api/v4/issues?page=2' })
    await expectWhole(beyond.id, rig.gitlab.data.issues.get(101) as any[])
    // Of the release before: the only list.
    const next = '/api/v4/projects/101/issues?scope=all&page=3&per_page=100'
    const older = resumed({ ...state, next })
    expect((await rig.finish(older.id)).progress.processed).toBe(150)
  })
})
