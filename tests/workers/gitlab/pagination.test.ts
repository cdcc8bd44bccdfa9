import { afterEach, describe, expect, test } from 'bun:test'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { GOOD_TOKEN } from '../../support/gitlab-double.ts'
import { createRig, hashOf, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())
const PROJECT = { resourceId: 'acme/tools' }
const manyProjects = (count: number, issues = 250) => {
  const data = seedGitlab({ issues })
  const [first] = data.projects as [any]
  const more = Array.from({ length: count - 1 }, (_, index) => ({
    ...first,
    id: 1001 + index,
    path_with_namespace: `acme/p${index}`,
  }))
  data.projects = [first, ...more]
  return data
}
const idsOf = (rows: any[]) => rows.map((row) => row.id)

describe('GitLab worker: pagination', () => {
  test('gitlab-worker §9.2: 250 issues with page size 100 are 3 requests, and each is stored once, as received', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const task = await rig.finish(id)
    expect(rig.gitlab.calls.map(({ query }) => query.get('page'))).toEqual(['1', '2', '3'])
    expect(rig.items(id)).toEqual(rig.gitlab.data.issues.get(101) as any[])
    expect(task.progress).toEqual({ processed: 250, total: 250, itemsByType: { issues: 250 } })
    expect(rig.manifest(id).parts).toEqual([{ file: 'part-1.jsonl', bytes: expect.any(Number), items: 250 }])
  })

  test('gitlab-worker §9.3: keyset projects are read by rel="next" only', async () => {
    rig = await createRig({ gitlab: { data: manyProjects(250) } })
    const { id } = rig.task('FETCH_PROJECTS')
    await rig.finish(id)
    expect(rig.gitlab.calls.map(({ query }) => [query.get('pagination'), query.get('page'), query.get('id_after')])).toEqual([
      ['keyset', null, null],
      ['keyset', null, '1099'],
      ['keyset', null, '1199'],
    ])
    expect(idsOf(rig.items(id))).toEqual(idsOf(rig.gitlab.data.projects))
  })

  test('gitlab-worker §9.3: 405 on keyset falls back to offsets in the same order, nothing twice', async () => {
    rig = await createRig({ gitlab: { data: manyProjects(250), keyset: [] } })
    const { id } = rig.task('FETCH_PROJECTS')
    await rig.finish(id)
    expect(rig.gitlab.calls.map(({ query }) => query.get('page') ?? query.get('pagination'))).toEqual(['keyset', '1', '2', '3'])
    expect(rig.gitlab.calls.every(({ query }) => query.get('order_by') === 'id')).toBe(true)
    expect(idsOf(rig.items(id))).toEqual(idsOf(rig.gitlab.data.projects))
  })

  test('gitlab-worker §9.3: keyset that ends in the middle of a list continues by offsets without what is stored', async () => {
    rig = await createRig({ gitlab: { data: manyProjects(250) } })
    const { id } = rig.task('FETCH_PROJECTS')
    rig.gitlab.on = ({ query, number }) =>
      number > 2 && query.has('pagination')
        ? Response.json({ error: 'Keyset pagination is not yet available for this type of request' }, { status: 405 })
        : undefined
    await rig.finish(id)
    expect(idsOf(rig.items(id))).toEqual(idsOf(rig.gitlab.data.projects))
    expect(rig.api.task(id).progress.processed).toBe(250)
  })

  test('gitlab-worker §9.4: of a Link to another host only path and query are used', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const stranger = startStranger()
    rig.gitlab.on = ({ query, path }) =>
      query.get('page') === '1'
        ? Response.json(rig.gitlab.data.issues.get(101)?.slice(0, 100), {
            headers: { link: `<${stranger.origin}${path}?page=2&per_page=100>; rel="next"` },
          })
        : undefined
    await rig.finish(id)
    expect(rig.manifest(id).items).toBe(250)
    expect(stranger.seen).toEqual([])
    await stranger.stop()
  })

  test('gitlab-worker §9.4: a redirect to another host is REDIRECT_REFUSED, and that host never sees the token', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const stranger = startStranger()
    rig.gitlab.on = () => new Response(null, { status: 302, headers: { location: `${stranger.origin}/api/v4/issues` } })
    const task = await rig.finish(id)
    expect(task).toMatchObject({ status: 'failed', attempts: 1 })
    expect(task.progress.error).toMatchObject({ code: 'REDIRECT_REFUSED', retryable: false })
    expect(stranger.seen).toEqual([])
    await stranger.stop()
  })

  test('gitlab-worker §3.1: redirects on the same origin are followed, up to three', async () => {
    rig = await createRig()
    const moved = rig.task('FETCH_GROUP_DETAILS', { resourceId: 'old' }).id
    const endless = rig.task('FETCH_GROUP_DETAILS', { resourceId: 'loop' }).id
    rig.gitlab.on = ({ path }) =>
      path.endsWith('/old')
        ? new Response(null, { status: 301, headers: { location: '/api/v4/groups/acme?with_projects=false' } })
        : path.endsWith('/loop')
          ? new Response(null, { status: 302, headers: { location: path } })
          : undefined
    await rig.finish(moved)
    expect(rig.items(moved)[0].full_path).toBe('acme')
    expect((await rig.finish(endless)).progress.error).toMatchObject({ code: 'REDIRECT_REFUSED' })
    expect(rig.gitlab.calls.filter(({ path }) => path.endsWith('/loop'))).toHaveLength(4)
  })

  test('gitlab-worker §3.2: a Link outside of the API is refused', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = () => Response.json([], { headers: { link: '</api/v4/../../admin?page=2>; rel="next"' } })
    expect((await rig.finish(id)).progress.error).toMatchObject({ code: 'REDIRECT_REFUSED' })
    expect(rig.gitlab.calls).toHaveLength(1)
  })

  test('crawler F10: behind a proxy that hides a path the Link leads out of the API, and x-next-page leads on', async () => {
    for (const link of ['/gitlab/api/v4/projects/101/issues?page=9', 'http://[broken', '/api/v4/../../admin?page=2']) {
      rig = await createRig()
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      const issues = rig.gitlab.data.issues.get(101) as any[]
      rig.gitlab.on = ({ query }) => {
        const [page, size] = [Number(query.get('page')), Number(query.get('per_page'))]
        // The second page has to be read in parts: their links lead out as well.
        if (page === 2 && size === 100) return Response.json({}, { status: 500 })
        const rows = issues.slice((page - 1) * size, page * size)
        const more = issues.length > page * size
        const headers: Record<string, string> = { 'x-next-page': more ? String(page + 1) : '' }
        if (more) headers.link = `<${link.startsWith('/g') ? rig.gitlab.origin : ''}${link}>; rel="next"`
        return Response.json(rows, { headers })
      }
      expect(await rig.finish(id)).toMatchObject({ status: 'completed', attempts: 1 })
      expect(hashOf(rig.items(id))).toBe(hashOf(issues))
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler F10: without x-next-page, with an empty one, and by keyset such a Link is refused', async () => {
    for (const [type, headers] of [
      ['FETCH_ISSUES', {}],
      ['FETCH_ISSUES', { 'x-next-page': '' }],
      ['FETCH_JOBS', { 'x-next-page': '2' }],
    ] as const) {
      rig = await createRig()
      const { id } = rig.task(type, PROJECT)
      rig.gitlab.on = ({ path }) =>
        Response.json([{ id: 1 }], { headers: { ...headers, link: `<${rig.gitlab.origin}/gitlab${path}?page=2>; rel="next"` } })
      expect((await rig.finish(id)).progress.error).toMatchObject({ code: 'REDIRECT_REFUSED', retryable: false })
      expect(rig.gitlab.calls).toHaveLength(1)
      await rig.stop()
    }
    rig = await createRig()
  })

  test('security H5: a Link of 100,000 `<` costs nothing', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    // Not through a server: those have limits of their own.
    let ms = 0
    const hostile = ['<'.repeat(100_000), '<a>;'.repeat(25_000), '<>; rel="'.repeat(11_000), ',<'.repeat(50_000)]
    await rig.start({
      gitlabFetch: async (request) => {
        const answer = await rig.network(request)
        const page = Number(new URL(request.url).searchParams.get('page'))
        const headers = new Headers(answer.headers)
        headers.set('link', hostile[page] as string)
        ms = performance.now()
        return new Response(await answer.arrayBuffer(), { headers })
      },
    })
    const from = performance.now()
    await rig.finish(id)
    expect(ms).toBeGreaterThan(from)
    expect(performance.now() - from).toBeLessThan(2000)
    expect(hashOf(rig.items(id))).toBe(hashOf(rig.gitlab.data.issues.get(101) as any[]))
  })

  test('gitlab-worker §9.5: without x-total the total is null while running and equals processed at the end', async () => {
    rig = await createRig({ gitlab: { mostCounted: 100 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    rig.gitlab.on = () => {
      rig.clock.advance(1500) // each page is old enough to be reported
      return undefined
    }
    await rig.finish(id)
    const reports = rig.api.of(id).filter(({ body }) => body.type === 'progress')
    expect(reports.map(({ body }) => [body.processed, body.total])).toEqual([
      [100, null],
      [200, null],
      [250, 250],
    ])
    expect(rig.api.of(id).at(-1)?.body).toMatchObject({ type: 'completed', processed: 250, total: 250 })
  })

  test('gitlab-worker §9.21: maxPages 2 of 5 completes with 200 items, truncated, and a warning', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 500 }) } })
    const { id } = rig.task('FETCH_ISSUES', { ...PROJECT, pagination: { maxPages: 2 } })
    expect(await rig.finish(id)).toMatchObject({ status: 'completed', progress: { processed: 200, total: 200 } })
    expect(rig.manifest(id)).toMatchObject({ items: 200, truncated: true, warnings: ['truncated after 2 pages'] })
    expect(rig.gitlab.calls).toHaveLength(2)
  })

  test('gitlab-worker §3.2: exactly maxPages pages are not truncated', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', { ...PROJECT, pagination: { maxPages: 3 } })
    await rig.finish(id)
    expect(rig.manifest(id)).toMatchObject({ items: 250, truncated: false, warnings: [] })
  })

  test('gitlab-worker §3.2: a cursor is a page number or an earlier next; other text fails the task', async () => {
    rig = await createRig()
    const third = rig.task('FETCH_ISSUES', { ...PROJECT, pagination: { cursor: '3' } }).id
    const next = '/api/v4/projects/acme%2Ftools/issues?scope=all&page=2&per_page=100'
    const second = rig.task('FETCH_ISSUES', { ...PROJECT, pagination: { cursor: next } }).id
    const elsewhere = rig.task('FETCH_ISSUES', { ...PROJECT, pagination: { cursor: '/api/v4/projects/1/issues?page=2' } }).id
    const nonsense = rig.task('FETCH_ISSUES', { ...PROJECT, pagination: { cursor: 'abc' } }).id
    expect((await rig.finish(third)).progress.processed).toBe(50)
    expect((await rig.finish(second)).progress.processed).toBe(150)
    for (const id of [elsewhere, nonsense]) expect((await rig.finish(id)).progress.error).toMatchObject({ code: 'BAD_TASK' })
  })

  test('gitlab-worker §3.2: an item that slides onto the next page is stored once', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const issues = rig.gitlab.data.issues.get(101) as any[]
    rig.gitlab.on = ({ query }) => {
      // A row was inserted before the second page: everything moves down by one.
      if (query.get('page') === '2')
        rig.gitlab.data.issues.set(101, [{ ...issues[0], id: 1, created_at: issues[0].created_at }, ...issues])
      return undefined
    }
    await rig.finish(id)
    expect(idsOf(rig.items(id))).toEqual(idsOf(issues))
  })

  test('gitlab-worker §3.2: x-next-page leads on where there is no Link', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const issues = rig.gitlab.data.issues.get(101) as any[]
    rig.gitlab.on = ({ query }) => {
      const page = Number(query.get('page'))
      const headers = { 'x-next-page': page < 3 ? String(page + 1) : '' }
      return Response.json(issues.slice((page - 1) * 100, page * 100), { headers })
    }
    await rig.finish(id)
    expect(hashOf(rig.items(id))).toBe(hashOf(issues))
  })

  test('gitlab-worker §3.2: beyond the offset limit issues go on by created_after and projects by id_after', async () => {
    rig = await createRig({
      gitlab: { data: manyProjects(250, 640), mostOffset: 100, keyset: [] },
    })
    const issues = rig.task('FETCH_ISSUES', PROJECT).id
    const projects = rig.task('FETCH_PROJECTS').id
    await rig.finish(issues)
    await rig.finish(projects)
    expect(hashOf(rig.items(issues))).toBe(hashOf(rig.gitlab.data.issues.get(101) as any[]))
    expect(rig.api.task(issues).progress).toMatchObject({ processed: 640, total: 640 })
    expect(idsOf(rig.items(projects))).toEqual(idsOf(rig.gitlab.data.projects))
    const after = (name: string) => new Set(rig.gitlab.calls.map(({ query }) => query.get(name)).filter(Boolean))
    expect(after('created_after').size).toBeGreaterThan(2)
    expect([...after('id_after')]).toEqual(['1199'])
  })

  test('gitlab-worker §3.2: a window continues after a crash at its edge', async () => {
    rig = await createRig({ gitlab: { data: seedGitlab({ issues: 640 }), mostOffset: 100 } })
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    let failed = false
    rig.gitlab.on = ({ query }) => {
      if (failed || query.get('page') !== '3') return undefined
      failed = true
      // Long enough to be given back exactly before the window has to begin.
      return Response.json({}, { status: 429, headers: { 'retry-after': '2000' } })
    }
    await rig.finish(id)
    expect(failed).toBe(true)
    expect(hashOf(rig.items(id))).toBe(hashOf(rig.gitlab.data.issues.get(101) as any[]))
  })

  test('gitlab-worker §3.2: any other list beyond the offset limit is OFFSET_LIMIT', async () => {
    rig = await createRig({ gitlab: { mostOffset: 50 } })
    const { id } = rig.task('FETCH_BRANCHES', PROJECT)
    const task = await rig.finish(id)
    expect(task.progress).toMatchObject({ processed: 100, error: { code: 'OFFSET_LIMIT', retryable: false, httpStatus: 405 } })
  })

  test('crawler B5: a server that ignores the page and always links on is BAD_RESPONSE within ten requests', async () => {
    const rows = (from: number) =>
      Array.from({ length: 100 }, (_, n) => ({ id: from + n, name: `b${from + n}`, created_at: 'x' }))
    const linkTo = (call: { path: string }, query: string) => ({
      link: `<${rig.gitlab.origin}${call.path}?${query}>; rel="next"`,
    })
    const page = (query: URLSearchParams) => Number(query.get('page') ?? query.get('id_after') ?? 0)
    type Served = { rows: object[]; next: string }
    // What a server does, how many requests that takes, and how many items are stored.
    const servers: [string, (at: number) => Served, number, number][] = [
      ['the same page', (at) => ({ rows: rows(1), next: `page=${at + 1}` }), 6, 100],
      ['two pages in turn', (at) => ({ rows: rows(at % 2 ? 1 : 101), next: `page=${at + 1}` }), 7, 200],
      ['empty pages', (at) => ({ rows: [], next: `page=${at + 1}` }), 5, 0],
      ['a next that goes back', (at) => ({ rows: rows(at * 100), next: `page=${at === 3 ? 2 : at + 1}` }), 3, 200],
      ['itself', (at) => ({ rows: rows(at * 100), next: `page=${at}` }), 2, 100],
    ]
    for (const [name, serve, requests, stored] of servers) {
      rig = await createRig()
      const { id } = rig.task('FETCH_ISSUES', PROJECT)
      rig.gitlab.on = (call) => {
        const served = serve(page(call.query))
        return Response.json(served.rows, { headers: linkTo(call, served.next) })
      }
      const task = await rig.finish(id)
      expect([name, task]).toMatchObject([
        name,
        { status: 'failed', attempts: 1, progress: { error: { code: 'BAD_RESPONSE', retryable: false } } },
      ])
      expect([name, rig.gitlab.calls.length, task.progress.processed]).toEqual([name, requests, stored])
      await rig.stop()
    }
    // By x-next-page, by name, and by keyset.
    for (const [type, headers] of [
      ['FETCH_ISSUES', (call: any) => ({ 'x-next-page': String(page(call.query) + 1) })],
      ['FETCH_BRANCHES', (call: any) => linkTo(call, `page=${page(call.query) + 1}`)],
      ['FETCH_JOBS', (call: any) => linkTo(call, `pagination=keyset&id_after=${page(call.query) + 1}`)],
      ['DISCOVER_AREAS', (call: any) => linkTo(call, `page=${page(call.query) + 1}`)],
    ] as const) {
      rig = await createRig()
      const { id } = rig.task(type, type === 'DISCOVER_AREAS' ? {} : PROJECT)
      rig.gitlab.on = (call) => Response.json(rows(1), { headers: headers(call) as Record<string, string> })
      expect((await rig.finish(id)).progress.error).toMatchObject({ code: 'BAD_RESPONSE' })
      expect(rig.gitlab.calls).toHaveLength(6)
      await rig.stop()
    }
    rig = await createRig()
  })

  test('crawler B5: some empty pages in a list are no end of it', async () => {
    rig = await createRig()
    const { id } = rig.task('FETCH_ISSUES', PROJECT)
    const issues = rig.gitlab.data.issues.get(101) as any[]
    rig.gitlab.on = ({ query }) => {
      const at = Number(query.get('page'))
      const found = at % 5 === 1 ? issues.slice((at - 1) * 10, (at + 4) * 10) : []
      return Response.json(found, { headers: { 'x-next-page': at < 25 ? String(at + 1) : '' } })
    }
    await rig.finish(id)
    expect(hashOf(rig.items(id))).toBe(hashOf(issues))
  })

  test('gitlab-worker §3.1: apiEndpoint becomes the API base, below a path and from graphql too', async () => {
    rig = await createRig({ gitlab: { prefix: '/git' } })
    const endpoints = ['/git', '/git/', '/git/api/v4/', '/git/api/graphql']
    const ids = endpoints.map((path) => rig.task('FETCH_TAGS', PROJECT, { apiEndpoint: `${rig.gitlab.origin}${path}` }).id)
    for (const id of ids) expect((await rig.finish(id)).progress.processed).toBe(45)
    expect(new Set(rig.gitlab.calls.map(({ path }) => path))).toEqual(
      new Set(['/git/api/v4/projects/acme%2Ftools/repository/tags']),
    )
    expect(rig.gitlab.calls[0]?.token).toBe(GOOD_TOKEN)
  })
})

const startStranger = () => {
  const seen: string[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      seen.push(String(request.headers.get('authorization')))
      return Response.json([])
    },
  })
  return { seen, origin: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) }
}
