import { type AnyElysia, Elysia } from 'elysia'
import { AppError, toAppError } from '../../errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { type Call, type HttpFamily, JSON_TYPE, type RouteInfo } from './family.ts'
import { CLIENT_CLOSED, isBadHost, queryOf, standIn } from './request.ts'

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/
/** What every URL begins with that Elysia finds the path of. */
const SCHEME = 'http://'
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'WS']

/** Start of the path in a URL, whatever the length of its host; 0 in one that is a bare path. */
const pathStart = (url: string): number => {
  if (url.charCodeAt(0) === 47) return 0
  const at = url.indexOf('/', url.startsWith(SCHEME) ? 7 : 8)
  return at < 0 ? url.length : at
}
/** The path that starts at `from`, without its query and one trailing slash. */
const pathAt = (url: string, from: number): string => {
  const query = url.indexOf('?', from)
  let end = query < 0 ? url.length : query
  if (end > from + 1 && url.charCodeAt(end - 1) === 47) end--
  return url.slice(from, end) || '/'
}
const withoutTrailingSlash = (path: string) => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)
/** Not a copy with another URL: only the server's own request can be upgraded. */
const readdress = (request: Request, rest: string): void => {
  Object.defineProperty(request, 'url', { value: `${SCHEME}localhost${rest}`, configurable: true })
}

/** What is known of every route besides its handler, by method and template. */
const routesOf = (app: AnyElysia, familyOf: (path: string) => HttpFamily, seriesOf: Metrics['series']) => {
  const routes = new Map<string, RouteInfo>()
  for (const { method, path, hooks } of app.routes as { method: string; path: string; hooks: any }[]) {
    const verb = method === 'WS' ? 'GET' : method
    const template = withoutTrailingSlash(path)
    routes.set(`${verb} ${path}`, {
      method: verb,
      path: template,
      family: familyOf(template),
      schemas: { body: hooks?.body, query: hooks?.query, params: hooks?.params },
      series: seriesOf(verb, template),
    })
  }
  return routes
}

/** Methods that a path answers to, for `Allow`. */
const allowedOn = (app: AnyElysia, path: string): string[] => {
  // Elysia knows every template with a slash at its end too; a second one is another path.
  if (path.length > 1 && path.endsWith('/')) return []
  const { http, static: fixed } = app.router
  const methods = new Set(Object.keys({ ...fixed[path], ...fixed[`${path}/`] }))
  for (const method of METHODS) if (http.find(method, path)) methods.add(method)
  if (methods.delete('WS') || methods.has('GET')) methods.add('GET').add('HEAD')
  return [...methods].sort()
}

/** 404 or 405, for a family's `unmatched` at the place its contract gives it. */
export const requireRoute = (call: Call): RouteInfo => {
  if (call.route) return call.route
  if (call.allowed.length === 0) throw new AppError('not_found', 404, 'Not Found')
  throw new AppError('method_not_allowed', 405, 'Method not allowed', { headers: { allow: call.allowed.join(', ') } })
}

/** Headers of every answer for browsers: they guess no types, cache no answer of a write (it may hold a secret), and run no script in a page of ours. */
const protect = (headers: Headers, method: string): void => {
  headers.set('x-content-type-options', 'nosniff')
  if (method !== 'GET' && method !== 'OPTIONS' && !headers.has('cache-control')) headers.set('cache-control', 'no-store')
  if (headers.get('content-type')?.startsWith('text/html') && !headers.has('content-security-policy'))
    headers.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
}

const requestIdOf = (request: Request, { requestId = REQUEST_ID, requestIdPrefix = '' }: HttpFamily): string => {
  const given = request.headers.get('x-request-id')
  return given !== null && requestId.test(given) ? given : requestIdPrefix + crypto.randomUUID()
}

/**
 * Answers GETs of `answers`, JSON texts by path that are always the same, with all their headers at once: a probe asks for them all day.
 * Undefined for other requests.
 */
export const createProbes = (
  answers: Record<string, string>,
  familyOf: (path: string) => HttpFamily,
  { series: seriesOf }: Pick<Metrics, 'series'>,
) => {
  const probes = new Map(
    Object.entries(answers).map(([path, body]) => {
      const family = familyOf(path)
      // As a request without an origin gets them, which is nearly every one.
      const plain = new Response(null, { headers: { 'content-type': JSON_TYPE, ...family.headers } })
      protect(plain.headers, 'GET')
      family.decorate?.(plain, undefined, new Request(`${SCHEME}localhost${path}`))
      // Bytes: beside headers of its own, a text takes Bun twice as long.
      return [path, { body: new TextEncoder().encode(body), family, headers: plain.headers, series: seriesOf('GET', path) }]
    }),
  )
  return (request: Request, path = pathAt(request.url, pathStart(request.url))): Response | undefined => {
    const probe = request.method === 'GET' ? probes.get(path) : undefined
    if (!probe) return undefined
    const { body, family, headers, series } = probe
    // One Headers for all, copied by Response: several times cheaper than an object of headers.
    headers.set('x-request-id', requestIdOf(request, family))
    // Shorter than the clock's resolution.
    series.observe(200, 0)
    const response = new Response(body, { headers })
    if (request.headers.get('origin') !== null) family.decorate?.(response, undefined, request)
    return response
  }
}

export interface PipelineDeps {
  log: Log
  metrics: Metrics
  families: HttpFamily[]
  /** Paths whose GET always answers the same JSON text to anyone: sent without checks and framework, for probes. */
  probes?: Record<string, string>
  /** How many proxies in front write `X-Forwarded-For` (`TRUST_PROXY`). */
  trustProxy: number
}

/**
 * What every request passes: path and family, request id, one door for errors, metrics and log.
 * Wraps the root app; to be done before any route is mounted, because Elysia gives hooks to later routes only.
 */
export const createPipeline = ({ log, metrics, families, probes = {}, trustProxy }: PipelineDeps) => {
  const byPrefix = families
    .flatMap((family) => family.prefixes.map((prefix) => ({ prefix, family })))
    .sort((a, b) => b.prefix.length - a.prefix.length)
  const familyOf = (path: string): HttpFamily => {
    for (const { prefix, family } of byPrefix)
      if (path.startsWith(prefix) && (path.length === prefix.length || prefix === '' || path.charCodeAt(prefix.length) === 47))
        return family
    throw new Error('one family has to claim every path')
  }
  const aliases = families.flatMap((family) => (family.aliases ?? []).map(([alias, prefix]) => ({ alias, prefix, family })))
  /** What all aliases begin with: for most paths a look at it shows that they are none. */
  const aliasStart = aliases.reduce((start, { alias }) => {
    let same = 0
    while (same < start.length && start[same] === alias[same]) same++
    return start.slice(0, same)
  }, aliases[0]?.alias ?? '')
  let routes: ReturnType<typeof routesOf> | undefined
  const probe = createProbes(probes, familyOf, metrics)
  /** Whether a forwarded request would still be news to the operator. */
  let mayBeForwarded = trustProxy === 0
  /** Everybody behind a proxy that is not trusted is one caller: they use up each other's limits, and no address is that of a client. */
  const noticeProxy = (request: Request): void => {
    if (!request.headers.has('x-forwarded-for')) return
    mayBeForwarded = false
    log.warn(
      'requests arrive with X-Forwarded-For while TRUST_PROXY is 0: behind a proxy all clients share one address and one rate limit; set TRUST_PROXY to the number of proxies in front',
    )
  }
  /** The request that Elysia is about to be given; its first hook takes it over before anything is awaited. */
  let arriving: Call | undefined

  const finish = (error: AppError, call: Call, request: Request): Response => {
    const facts = {
      requestId: call.requestId,
      route: call.route?.path ?? 'unmatched',
      method: call.method,
      code: error.code,
      error: error.cause,
    }
    if (error.code === CLIENT_CLOSED) {
      log.debug('the client has gone', facts)
      return new Response(null, { status: error.status })
    }
    if (error.code === 'internal_error') log.error('request failed', facts)
    else if (error.status === 502 || error.status === 503) log.warn('request refused', facts)
    const response = call.family.errorResponse(error, call, request)
    for (const name in error.headers) response.headers.set(name, error.headers[name] as string)
    return response
  }
  const complete = (call: Call, request: Request, response: Response): Response => {
    const series = call.route ? call.route.series : metrics.series(call.method, 'unmatched')
    series.observe(response.status, (performance.now() - call.startedAt) / 1000)
    response.headers.set('x-request-id', call.requestId)
    protect(response.headers, call.method)
    for (const name in call.family.headers) response.headers.set(name, call.family.headers[name] as string)
    for (const name in call.headers) response.headers.set(name, call.headers[name] as string)
    call.family.decorate?.(response, call, request)
    return response
  }
  const callOf = (request: Request, method: string, path: string, bodiless: boolean, family = familyOf(path)): Call => ({
    requestId: requestIdOf(request, family),
    path,
    method,
    family,
    route: undefined,
    allowed: [],
    startedAt: performance.now(),
    principal: undefined,
    bodiless,
    bodyText: undefined,
  })
  const receive = (
    app: AnyElysia,
    request: Request,
    next: Next,
    /** A HEAD request, sent on as GET. */
    bodiless = false,
    /** The family whose alias the path began with; the URL then names the prefix. */
    aliased?: HttpFamily,
  ): Response | undefined | Promise<Response | undefined> => {
    const url = request.url
    const method = request.method
    const from = pathStart(url)
    if (isBadHost(request.url, request.headers.get('host'))) {
      const call = callOf(request, method, pathAt(url, from), bodiless, aliased)
      return complete(call, request, finish(new AppError('bad_host', 400, 'The Host header names no single host'), call, request))
    }
    if (!url.startsWith(SCHEME)) {
      readdress(request, url.slice(from))
      return receive(app, request, next, bodiless)
    }
    const path = pathAt(url, from)
    if (method === 'GET') {
      const answer = probe(request, path)
      if (answer) return answer
    } else if (method === 'HEAD') {
      const asked = standIn(new Request(url, { method: 'GET', headers: request.headers, signal: request.signal }), request)
      return withoutBody(receive(app, asked, next, true))
    }
    let family = aliased
    if (!family && url.startsWith(aliasStart, from))
      for (const { alias, prefix, family: own } of aliases)
        if (path.startsWith(alias) && (path.length === alias.length || path.charCodeAt(alias.length) === 47)) {
          family = own
          const rest = url.slice(from + alias.length)
          // An alias reaches its own family only: another one may have routes below the same prefix.
          if (familyOf(pathAt(prefix + rest, 0)) !== own) break
          readdress(request, prefix + rest)
          return receive(app, request, next, bodiless, own)
        }
    if (mayBeForwarded) noticeProxy(request)
    const call = callOf(request, method, path, bodiless, family)
    arriving = call
    const answer = next(request)
    // An upgraded socket has no response.
    if (answer instanceof Promise)
      return answer.then((response) => (response instanceof Response ? complete(call, request, response) : response))
    return answer instanceof Response ? complete(call, request, answer) : answer
  }

  /** The family's answer to a path without a route: a preflight, or the refusal that comes first in its contract. */
  const refuseUnknown = async (app: AnyElysia, request: Request, call: Call): Promise<Response> => {
    try {
      if (familyOf(call.path) === call.family) call.allowed = allowedOn(app, call.path)
      const answer = await call.family.unmatched(request, call)
      if (answer) return answer
      requireRoute(call)
    } catch (error) {
      return finish(toAppError(error), call, request)
    }
    throw new Error('a path without a route has passed')
  }

  return <A extends AnyElysia>(app: A): A =>
    app
      .use(callContext)
      .wrap(((next: Next) => (request: Request) => receive(app, request, next)) as any)
      .onRequest((context: any) => {
        context.call = arriving
      })
      // Elysia reads no body: `bodyLimit` does, after the credential has been checked.
      .onParse({ as: 'global' }, () => null)
      .onTransform({ as: 'global' }, ({ call, route }: any) => {
        routes ??= routesOf(app, familyOf, metrics.series)
        call.route = routes.get(`${call.method} ${route}`)
      })
      .onError({ as: 'global' }, async ({ code, error, request, call }: any) => {
        if (code === 'NOT_FOUND' && !call.route) return await refuseUnknown(app, request, call)
        return finish(explain(code, error, request, call), call, request)
      }) as unknown as A
}

type Next = (request: Request) => Response | undefined | Promise<Response | undefined>

/** Gives handlers their `call`; the pipeline puts it there before any other hook runs. */
export const callContext = new Elysia({ name: 'call' }).decorate('call', undefined as unknown as Call)

/** HEAD is GET without the body: same checks, same headers. Routes that hand out work look at `bodiless`, or are no GET. */
const withoutBody = async (answer: ReturnType<Next>): Promise<Response> => {
  const { status, headers, body } = (await answer) as Response
  if (body === null || headers.has('content-length')) {
    await body?.cancel()
    return new Response(null, { status, headers })
  }
  if (/^text\/event-stream\b/i.test(headers.get('content-type') ?? '')) {
    await body.cancel()
    // Without a length, as GET has none: a body that is not known to be empty yet.
    return new Response(new ReadableStream({ pull: async (controller) => controller.close() }), { status, headers })
  }
  // RFC 9110 8.6: the length that GET would have, or none.
  let length = 0
  for await (const part of body as unknown as AsyncIterable<Uint8Array>) length += part.byteLength
  headers.set('content-length', String(length))
  return new Response(null, { status, headers })
}

/** One door for what Elysia and the routes throw. */
const explain = (code: unknown, error: any, request: Request, call: Call): AppError => {
  if (error instanceof AppError) return error
  if (code === 'NOT_FOUND') return new AppError('not_found', 404, 'Not Found')
  if (code === 'VALIDATION' && (error.type === 'body' || error.type === 'query' || error.type === 'params'))
    // Elysia looks at params, query and body in this order: params in front of another refused group are fine.
    return call.family.validationError(error.type, call, {
      params: undefined,
      query: queryOf(request.url),
      body: call.body,
      [error.type]: error.value,
    })
  if (code === 'PARSE')
    return error.cause === undefined ? new AppError('bad_request', 400, 'The body could not be read') : toAppError(error.cause)
  return toAppError(error)
}
