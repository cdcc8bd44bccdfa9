import { type GitlabData, PROJECT, type Row, seedGitlab } from './gitlab-data.ts'
import { all, ordered, type Select, stateful, windowed, within } from './gitlab-select.ts'

export const GOOD_TOKEN = 'glpat-good-token-0123456789'

/** One request that the double has taken. */
export interface Call {
  number: number
  path: string
  query: URLSearchParams
  /** Path and query below the API base. */
  asked: string
  token: string
  at: number
  /** Aborts when the caller goes away. */
  signal: AbortSignal
}

export interface GitlabOptions {
  data?: GitlabData
  now?: () => number
  /** Offsets beyond it are 405. */
  mostOffset?: number
  /** Lists that take keyset pagination. */
  keyset?: string[]
  /** Rows above which no totals are answered, as GitLab does. */
  mostCounted?: number
  /** Requests a window; beyond them 429 with Retry-After. */
  limit?: { requests: number; windowMs: number }
  /** Path below which it is installed. */
  prefix?: string
}

const json = (body: unknown, init: ResponseInit = {}) => Response.json(body, init)
const reject = (status: number, message: string) => json({ message }, { status })

/**
 * A GitLab REST v4 that lives on a port of its own: Link and x-* headers, totals only up to a size, keyset lists, an offset limit,
 * credentials that end, rate limits; and whatever answer a test puts before it with `on`.
 */
export const startGitlabDouble = (options: GitlabOptions = {}) => {
  const { data = seedGitlab(), now = Date.now, prefix = '' } = options
  const { mostOffset = 50_000, mostCounted = 10_000, keyset = ['/projects', 'jobs'] } = options
  const base = `${prefix}/api/v4`
  const calls: Call[] = []
  const tokens = new Map<string, 'good' | 'expired' | 'revoked' | 'narrow'>([[GOOD_TOKEN, 'good']])
  let windowAt = 0
  let used = 0

  const double = {
    data,
    calls,
    /** What each known token is worth. */
    tokens,
    /** Stands before every answer; undefined lets the double answer itself. */
    on: undefined as ((call: Call) => Response | Promise<Response> | undefined) | undefined,
    origin: '',
    get endpoint() {
      return `${double.origin}${base}`
    },
    /** Path and query of every call, below the API base. */
    asked: () => calls.map((call) => decodeURIComponent(call.asked)),
    async stop() {
      await server.stop(true)
    },
  }

  const page = (rows: Row[], url: URL, name: string): Response => {
    const { searchParams: query } = url
    const size = Math.min(100, Number(query.get('per_page') ?? 20))
    const link = (rel: string, change: Record<string, string>) => {
      const to = new URL(url)
      for (const [key, value] of Object.entries(change)) to.searchParams.set(key, value)
      return `<${to}>; rel="${rel}"`
    }
    if (query.get('pagination') === 'keyset') {
      if (!keyset.includes(name)) return reject(405, 'Keyset pagination is not yet available for this type of request')
      const slice = rows.slice(0, size)
      const edge = query.get('sort') === 'desc' ? 'id_before' : 'id_after'
      const links = rows.length > size ? { link: link('next', { [edge]: String(slice.at(-1)?.id) }) } : {}
      return json(slice, { headers: { 'x-per-page': String(size), ...(links as Record<string, string>) } })
    }
    const number = Number(query.get('page') ?? 1)
    if ((number - 1) * size > mostOffset)
      return json({ error: `Offset pagination has a maximum allowed offset of ${mostOffset}` }, { status: 405 })
    const slice = rows.slice((number - 1) * size, number * size)
    const more = rows.length > number * size
    const headers: Record<string, string> = {
      'x-page': String(number),
      'x-per-page': String(size),
      'x-next-page': more ? String(number + 1) : '',
      link: [link('first', { page: '1' }), ...(more ? [link('next', { page: String(number + 1) })] : [])].join(', '),
    }
    if (rows.length <= mostCounted && name !== 'commits') headers['x-total'] = String(rows.length)
    return json(slice, { headers })
  }

  const dates = within('updated_at', 'updated_after', 'updated_before')
  const created = within('created_at', 'created_after', 'created_before')
  const works = all(stateful, dates, created, ordered)
  const groupOf = (id: string) => data.groups.find((group) => String(group.id) === id || group.full_path === id)
  const projectOf = (id: string) =>
    data.projects.find((project) => String(project.id) === id || project.path_with_namespace === id)
  const below = (path: string) => (row: Row) =>
    row.full_path?.startsWith(`${path}/`) || row.namespace?.full_path.startsWith(`${path}/`)

  const ofProject = (id: string, rest: string[], url: URL): Response => {
    const project = projectOf(id)
    if (!project) return reject(404, '404 Project Not Found')
    const { searchParams: query } = url
    const mine = <T>(rows: T[]): T[] => (project.id === PROJECT.id ? rows : [])
    const list = (rows: Row[], select: Select = ordered) => page(select(rows, query), url, rest.at(-1) as string)
    const [what, which, sub] = rest
    if (what === undefined) return json(project)
    if (what === 'languages') return json({ Ruby: 60.5, Go: 39.5 })
    if (what === 'members') return list(which === 'all' ? mine(data.members) : mine(data.members).slice(0, 5), (rows) => rows)
    if (what === 'issues') return list(data.issues.get(project.id) ?? [], works)
    if (what === 'merge_requests') {
      const branch = query.get('target_branch')
      return list(
        mine(data.mergeRequests).filter((row) => !branch || row.target_branch === branch),
        works,
      )
    }
    if (what === 'repository' && which === 'branches') return list(mine(data.branches), (rows) => rows)
    if (what === 'repository' && which === 'tags') return list(mine(data.tags))
    if (what === 'repository' && which === 'commits') {
      const branch = query.get('ref_name')
      if (!branch && query.get('all') !== 'true') return reject(400, 'ref_name or all is needed')
      const rows = mine(data.commits).filter((row) => !branch || row.refs.includes(branch))
      return list(rows, within('created_at', 'since', 'until'))
    }
    if (what === 'pipelines' && sub === 'jobs') return list(mine(data.jobs).filter((row) => String(row.pipeline.id) === which))
    if (what === 'pipelines' && which) return json({ ...data.pipelines.find((row) => String(row.id) === which), duration: 12 })
    if (what === 'pipelines') {
      const ref = query.get('ref')
      return list(
        mine(data.pipelines).filter((row) => !ref || row.ref === ref),
        all(dates, ordered),
      )
    }
    if (what === 'jobs') return list(mine(data.jobs), all(windowed, ordered))
    if (what === 'deployments') {
      if ((query.has('updated_after') || query.has('updated_before')) && query.get('order_by') !== 'updated_at')
        return reject(400, '`updated_at` filter and `updated_at` sorting must be paired')
      return list(mine(data.deployments), all(dates, ordered))
    }
    if (what === 'environments' && which)
      return json({ ...data.environments.find((row) => String(row.id) === which), last_deployment: { id: Number(which) } })
    if (what === 'environments') return list(mine(data.environments), (rows) => rows)
    if (what === 'vulnerabilities') return list(mine(data.vulnerabilities), (rows) => rows)
    return reject(404, '404 Not Found')
  }

  const route = (segments: string[], url: URL): Response => {
    const { searchParams: query } = url
    const [kind, id, ...rest] = segments
    const select = all(windowed, ordered)
    if (kind === 'projects' && id === undefined) return page(select(data.projects, query), url, '/projects')
    if (kind === 'projects') return ofProject(id as string, rest, url)
    if (kind === 'issues') return page(works([...data.issues.values()].flat(), query), url, 'issues')
    if (kind === 'merge_requests') return page(works(data.mergeRequests, query), url, 'merge_requests')
    if (kind === 'users' && rest[0] === 'projects') return page(ordered(data.projects.slice(0, 2), query), url, 'user projects')
    if (kind === 'groups' && id === undefined) return page(ordered(data.groups, query), url, '/groups')
    const group = kind === 'groups' ? groupOf(id as string) : undefined
    if (!group) return reject(404, '404 Not Found')
    if (rest.length === 0) return json(group)
    const inside = data.projects.filter(
      (row) =>
        row.namespace.full_path === group.full_path || (query.get('include_subgroups') === 'true' && below(group.full_path)(row)),
    )
    const lists: Record<string, Row[]> = {
      subgroups: data.groups.filter((row) => row.parent_id === group.id),
      descendant_groups: data.groups.filter(below(group.full_path)),
      projects: inside,
      members: rest[1] === 'all' ? data.members : data.members.slice(0, 5),
      issues: works(
        inside.flatMap((row) => data.issues.get(row.id) ?? []),
        query,
      ),
      merge_requests: works(data.mergeRequests, query),
    }
    const rows = lists[rest[0] as string]
    return rows
      ? page(rest[0]?.endsWith('s') && rest[0] !== 'members' ? ordered(rows, query) : rows, url, rest[0] as string)
      : reject(404, '404 Not Found')
  }

  const refuse = (token: string): Response | undefined => {
    const worth = tokens.get(token)
    if (worth === 'good') return undefined
    if (worth === 'narrow')
      return json(
        { error: 'insufficient_scope', error_description: 'The request requires higher privileges', scope: 'api read_api' },
        { status: 403 },
      )
    if (worth === 'expired' || worth === 'revoked')
      return json(
        { error: 'invalid_token', error_description: `Token was ${worth}. You have to re-authorize from the user.` },
        { status: 401 },
      )
    return reject(401, '401 Unauthorized')
  }

  const limited = (): { headers: Record<string, string>; over: boolean } => {
    const { limit } = options
    if (!limit) return { headers: {}, over: false }
    const at = now()
    if (at - windowAt >= limit.windowMs) {
      windowAt = at - (at % limit.windowMs)
      used = 0
    }
    used++
    const reset = windowAt + limit.windowMs
    const headers = {
      'ratelimit-limit': String(limit.requests),
      'ratelimit-remaining': String(Math.max(0, limit.requests - used)),
      'ratelimit-reset': String(Math.ceil(reset / 1000)),
    }
    return used > limit.requests
      ? { headers: { ...headers, 'retry-after': String(Math.ceil((reset - at) / 1000)) }, over: true }
      : { headers, over: false }
  }

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 60,
    development: false,
    // A body that is meant to break needs no page about it.
    error: () => new Response(null, { status: 500 }),
    async fetch(request) {
      const url = new URL(request.url)
      const token = (request.headers.get('authorization') ?? '').replace(/^Bearer /, '')
      const asked = `${url.pathname.replace(base, '')}${url.search}`
      const call: Call = {
        number: calls.length + 1,
        path: url.pathname,
        query: url.searchParams,
        asked,
        token,
        at: now(),
        signal: request.signal,
      }
      calls.push(call)
      const put = await double.on?.(call)
      if (put) return put
      const { headers, over } = limited()
      if (over) return json({ message: 'Retry later' }, { status: 429, headers })
      const refused = refuse(token)
      if (refused) return refused
      if (!url.pathname.startsWith(`${base}/`)) return new Response('<html>Not here</html>', { status: 404 })
      const segments = url.pathname
        .slice(base.length + 1)
        .split('/')
        .map(decodeURIComponent)
      const answer = route(segments, url)
      for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value)
      return answer
    },
  })
  double.origin = `http://127.0.0.1:${server.port}`
  return double
}
export type GitlabDouble = ReturnType<typeof startGitlabDouble>

/** A body that breaks off in its middle. */
export const truncatedBody = (text: string): Response => {
  let sent = false
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (sent) return controller.error(new Error('cut'))
        sent = true
        controller.enqueue(new TextEncoder().encode(text.slice(0, Math.max(1, text.length / 2))))
      },
    }),
    { headers: { 'content-type': 'application/json' } },
  )
}
