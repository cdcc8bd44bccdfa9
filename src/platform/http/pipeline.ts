import type { AnyElysia } from 'elysia'
import { Memoirist } from 'memoirist'
import { AppError, toAppError } from '../../errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics/index.ts'
import type { Call, HttpFamily, RouteDetail, RouteInfo } from './family.ts'

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/
/** Elysia looks for the path from this character of the URL on, so a shorter host would hide it. */
const ELYSIA_PATH_FROM = 11

/** Start of the path in an absolute URL, whatever the length of its host. */
export const pathStart = (url: string): number => {
  // The colon of `http:` is the fifth character; every other scheme a server meets is `https:`.
  const at = url.indexOf('/', url.charCodeAt(4) === 58 ? 7 : 8)
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

/** All routes of the app by method and path, for what must be known before Elysia has routed. */
const createRouteIndex = (app: AnyElysia, familyOf: (path: string) => HttpFamily, seriesOf: Metrics['series']) => {
  const trees = new Map<string, { whole: Map<string, RouteInfo>; tree: Memoirist<RouteInfo> }>()
  for (const { method, path, hooks } of app.routes as { method: string; path: string; hooks: any }[]) {
    const verb = method === 'WS' ? 'GET' : method
    let known = trees.get(verb)
    if (!known) {
      known = { whole: new Map(), tree: new Memoirist<RouteInfo>() }
      trees.set(verb, known)
    }
    const detail: RouteDetail = hooks?.detail ?? {}
    const template = withoutTrailingSlash(path)
    const info: RouteInfo = {
      method: verb,
      path: template,
      family: familyOf(template),
      detail,
      schemas: { body: hooks?.body, query: hooks?.query, params: hooks?.params },
      series: seriesOf(verb, template),
    }
    known.tree.add(verb, template, info)
    if (!/[:*]/.test(template)) known.whole.set(template, info)
  }
  return {
    find(method: string, path: string): RouteInfo | undefined {
      const known = trees.get(method)
      return known?.whole.get(path) ?? known?.tree.find(method, path)?.store
    },
    allowed: (path: string, family: HttpFamily) => {
      const methods = [...trees]
        .filter(([method, { tree }]) => tree.find(method, path)?.store.family === family)
        .map(([method]) => method)
      return methods.includes('GET') ? ['HEAD', ...methods].sort() : methods.sort()
    },
  }
}

/** 404 or 405 as `guard`s throw it, at the place their contract gives it. */
export const requireRoute = (call: Call): RouteInfo => {
  if (call.route) return call.route
  if (call.allowed.length === 0) throw new AppError('not_found', 404, 'Not Found')
  throw new AppError('method_not_allowed', 405, 'Method not allowed', { headers: { allow: call.allowed.join(', ') } })
}

const requestIdOf = (request: Request, { requestId = REQUEST_ID, requestIdPrefix = '' }: HttpFamily): string => {
  const given = request.headers.get('x-request-id')
  return given !== null && requestId.test(given) ? given : requestIdPrefix + crypto.randomUUID()
}

export interface PipelineDeps {
  log: Log
  metrics: Metrics
  families: HttpFamily[]
}

/**
 * What every request passes: path and family, request id, the family's guard before the body, one door for errors, metrics and log.
 * Wraps the root app; to be done before any route is mounted, because Elysia gives hooks to later routes only.
 */
export const createPipeline = ({ log, metrics, families }: PipelineDeps) => {
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
  /** What all aliases begin with: most paths are told apart by it alone. */
  const aliasStart = aliases.reduce((start, { alias }) => {
    let same = 0
    while (same < start.length && start[same] === alias[same]) same++
    return start.slice(0, same)
  }, aliases[0]?.alias ?? '')
  let index: ReturnType<typeof createRouteIndex> | undefined
  const staticHeaders = new Map<HttpFamily, Headers>()

  const finish = (error: AppError, call: Call): Response => {
    const facts = {
      requestId: call.requestId,
      route: call.route?.path ?? 'unmatched',
      method: call.method,
      code: error.code,
      error: error.cause,
    }
    if (error.code === 'internal_error') log.error('request failed', facts)
    else if (error.status === 502 || error.status === 503) log.warn('request refused', facts)
    const response = call.family.errorResponse(error, call)
    for (const name in error.headers) response.headers.set(name, error.headers[name] as string)
    return response
  }
  const complete = (call: Call, request: Request, response: Response): Response => {
    const series = call.route ? call.route.series : metrics.series(call.method, 'unmatched')
    series.observe(response.status, (performance.now() - call.startedAt) / 1000)
    response.headers.set('x-request-id', call.requestId)
    for (const name in call.family.headers) response.headers.set(name, call.family.headers[name] as string)
    for (const name in call.headers) response.headers.set(name, call.headers[name] as string)
    call.family.decorate?.(response, call, request)
    return response
  }
  /** The answer of a route that always says the same, built with all its headers at once: a probe asks for it all day. */
  const answerStatic = (body: string, { family, series }: RouteInfo, request: Request): Response => {
    // One Headers per family, copied by Response: several times cheaper than an object of headers. As a request without an origin gets
    // them, which is nearly every one.
    let headers = staticHeaders.get(family)
    if (!headers) {
      const plain = new Response(null, { headers: { 'content-type': 'application/json;charset=utf-8', ...family.headers } })
      family.decorate?.(plain, undefined, new Request(request.url))
      headers = plain.headers
      staticHeaders.set(family, headers)
    }
    headers.set('x-request-id', requestIdOf(request, family))
    // Below what the clock can tell apart.
    series.observe(200, 0)
    const response = new Response(body, { headers })
    if (request.headers.get('origin') !== null) family.decorate?.(response, undefined, request)
    return response
  }
  /** Runs the rest of the app; an upgraded socket has no response. */
  const proceed = (call: Call, request: Request, next: Next): Response | undefined | Promise<Response | undefined> => {
    calls.set(request, call)
    const answer = next(request)
    if (answer instanceof Promise)
      return answer.then((response) => (response instanceof Response ? complete(call, request, response) : response))
    return answer instanceof Response ? complete(call, request, answer) : answer
  }

  const receive = (
    app: AnyElysia,
    request: Request,
    next: Next,
    /** The family whose alias the path began with; the URL then names the prefix. */
    aliased?: HttpFamily,
  ): Response | undefined | Promise<Response | undefined> => {
    const url = request.url
    const method = request.method
    const from = pathStart(url)
    if (from < ELYSIA_PATH_FROM) {
      // Elysia would look for the path inside the path. Not a copy with another URL: only the server's own request can be upgraded.
      Object.defineProperty(request, 'url', { value: `http://localhost${url.slice(from)}`, configurable: true })
      return receive(app, request, next, aliased)
    }
    if (method === 'HEAD') return headOf(app, request)
    if (!aliased && url.startsWith(aliasStart, from))
      for (const { alias, prefix, family } of aliases)
        if (url.startsWith(alias, from) && (from + alias.length === url.length || /[/?]/.test(url.charAt(from + alias.length)))) {
          Object.defineProperty(request, 'url', {
            value: `http://localhost${prefix}${url.slice(from + alias.length)}`,
            configurable: true,
          })
          return receive(app, request, next, family)
        }
    index ??= createRouteIndex(app, familyOf, metrics.series)
    const path = pathAt(url, from)
    const found = index.find(method, path)
    // An alias reaches its own family only: another one may have routes below the same prefix.
    const route = aliased && found?.family !== aliased ? undefined : found
    const same = route?.detail['x-static']
    if (route && same !== undefined) return answerStatic(same, route, request)
    const family = aliased ?? (route ? route.family : familyOf(path))
    const call: Call = {
      requestId: requestIdOf(request, family),
      path,
      method,
      family,
      route,
      allowed: found ? [] : index.allowed(path, family),
      startedAt: performance.now(),
      principal: undefined,
      bodiless: heads.has(request),
      bodyText: undefined,
    }
    try {
      const guarded = call.family.guard(request, call)
      if (guarded instanceof Promise)
        return guarded.then(
          (answer) => (answer ? complete(call, request, answer) : proceed(call, request, next)),
          (error) => complete(call, request, finish(toAppError(error), call)),
        )
      return guarded ? complete(call, request, guarded) : proceed(call, request, next)
    } catch (error) {
      return complete(call, request, finish(toAppError(error), call))
    }
  }

  return <A extends AnyElysia>(app: A): A =>
    app
      .wrap(((next: Next) => (request: Request) => receive(app, request, next)) as any)
      .onError({ as: 'global' }, (context: any) => {
        const call = callOf(context.request)
        return finish(explain(context, call), call)
      }) as unknown as A
}

type Next = (request: Request) => Response | undefined | Promise<Response | undefined>
const calls = new WeakMap<Request, Call>()
/** Requests that stand for a HEAD. */
const heads = new WeakSet<Request>()

/** The call of a request that has passed the pipeline. */
export const callOf = (request: Request): Call => {
  const call = calls.get(request)
  if (!call) throw new Error('this request has not come through the pipeline')
  return call
}

/** HEAD is GET without the body: same checks, same headers. Routes that hand out work look at `bodiless`, or are no GET. */
const headOf = async (app: AnyElysia, request: Request): Promise<Response> => {
  const asked = new Request(request.url, { method: 'GET', headers: request.headers, signal: request.signal })
  heads.add(asked)
  const { status, headers, body } = await app.handle(asked)
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
const explain = ({ code, error, params, query, body }: any, call: Call): AppError => {
  if (error instanceof AppError) return error
  if (code === 'NOT_FOUND') return new AppError('not_found', 404, 'Not Found')
  if (code === 'VALIDATION' && (error.type === 'body' || error.type === 'query' || error.type === 'params'))
    return call.family.validationError(error.type, call, { params, query, body, [error.type]: error.value })
  if (code === 'PARSE')
    return error.cause === undefined ? new AppError('bad_request', 400, 'The body could not be read') : toAppError(error.cause)
  return toAppError(error)
}
