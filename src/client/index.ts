import type { components, paths } from './schema.d.ts'

/** Schemas of the API document by name, for code that keeps what it has read: `Schemas['ParsingSource']`. */
export type Schemas = components['schemas']
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
/** Paths that have the method, as the document writes them: `/internal/sources/{id}`. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never
}[keyof paths]

type OperationOf<P extends keyof paths, M extends Method> = Extract<paths[P][M & keyof paths[P]], { responses: unknown }>
type Parameters<O> = O extends { parameters: infer P } ? P : never
type Parameter<O, K extends string> = Parameters<O> extends { [key in K]?: infer T } ? NonNullable<T> : never
/** A part of a request under a name: optional when all of it is, missing when the operation has no such part. */
type Part<Name extends string, T> = [T] extends [never]
  ? unknown
  : Record<string, never> extends T
    ? { [name in Name]?: T }
    : { [name in Name]: T }
type Json = { content: { 'application/json': unknown } }
type Body<O> = O extends { requestBody: infer B extends Json }
  ? { body: B['content']['application/json'] }
  : O extends { requestBody?: infer B }
    ? NonNullable<B> extends Json
      ? { body?: NonNullable<B>['content']['application/json'] }
      : unknown
    : unknown

/** What a call is given: its path and query parameters, headers that the document names, the body. */
export type RequestOf<P extends keyof paths, M extends Method> = Part<'path', Parameter<OperationOf<P, M>, 'path'>> &
  Part<'query', Parameter<OperationOf<P, M>, 'query'>> &
  Part<'headers', Parameter<OperationOf<P, M>, 'header'>> &
  Body<OperationOf<P, M>> & { signal?: AbortSignal }

type Success = 200 | 201 | 202 | 204
type Answers<O> = O extends { responses: infer R } ? R : never
type ContentOf<R> = R extends { content: infer C }
  ? C extends { 'application/json': infer J }
    ? J
    : C extends { 'text/event-stream': unknown }
      ? undefined
      : ValueOf<C>
  : undefined
type ValueOf<T> = T[keyof T]
// Of one operation's answers at a time: over all operations at once the compiler finds the union too complex.
type SuccessIn<R> = R extends unknown ? { [S in keyof R & Success]: ContentOf<R[S]> }[keyof R & Success] : never
type RefusalIn<R> = R extends unknown
  ? { [S in Exclude<keyof R, Success | 101>]: ContentOf<R[S]> }[Exclude<keyof R, Success | 101>]
  : never
/** What an operation answers when it succeeds. */
export type AnswerOf<P extends keyof paths, M extends Method> = SuccessIn<Answers<OperationOf<P, M>>>
/** The bodies of an operation's refusals. */
export type RefusalOf<P extends keyof paths, M extends Method> = RefusalIn<Answers<OperationOf<P, M>>>

/** `data` of a success, `error` of a refusal; one of the two. `response` has status and headers. */
export type Result<P extends keyof paths, M extends Method> =
  | { data: AnswerOf<P, M>; error?: undefined; response: Response }
  | { data?: undefined; error: RefusalOf<P, M>; response: Response }

type Call<M extends Method> = <P extends PathOf<M>>(
  path: P,
  ...request: Record<string, never> extends RequestOf<P, M> ? [request?: RequestOf<P, M>] : [request: RequestOf<P, M>]
) => Promise<Result<P, M>>

/** Credentials by family; a request carries that of the family its path belongs to. */
export interface Credentials {
  /** `INTERNAL_API_TOKEN`, for `/internal`. */
  internal?: string
  /** A dashboard login, for `/internal` and `/api/internal2` where their own token is not given. */
  dashboard?: string
  /** `ANALYTICS_API_TOKEN`, for `/analytics`. */
  analytics?: string
  /** Of a service in the stickers' list, for `/internal/stickersets`. */
  stickers?: string
  /** `CRAWLER_API_TOKEN`, for `/api/internal2`. */
  crawler?: string
  /** Of a Love Parser login, for `/api/v1`. */
  loveParser?: string
  /** `METRICS_TOKEN`, for `/metrics`. */
  metrics?: string
}

export interface ClientOptions {
  /** @example 'http://localhost:3000' */
  baseUrl: string
  credentials?: Credentials
  /** Instead of the global one. */
  fetch?: (request: Request) => Promise<Response>
}

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }
const key = (name: string, token: string | undefined): Record<string, string> => (token === undefined ? {} : { [name]: token })
/** The header of a path's credential; the longest prefix stands first. */
const CREDENTIAL: [prefix: string, header: (credentials: Credentials) => Record<string, string>][] = [
  ['/internal/stickersets', ({ stickers }) => key('x-service-token', stickers)],
  ['/internal', ({ internal, dashboard }) => (internal === undefined ? bearer(dashboard) : key('x-internal-token', internal))],
  ['/analytics', ({ analytics }) => key('x-analytics-token', analytics)],
  ['/api/internal2', ({ crawler, dashboard }) => bearer(crawler ?? dashboard)],
  ['/api/v1', ({ loveParser }) => bearer(loveParser)],
  ['/metrics', ({ metrics }) => bearer(metrics)],
]

interface AnyRequest {
  path?: Record<string, unknown>
  query?: Record<string, unknown>
  headers?: Record<string, unknown>
  body?: unknown
  signal?: AbortSignal
}
const textsOf = (values: Record<string, unknown> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, String(value)]),
  )

/** The body of an answer: JSON, a text, or undefined where there is none, or where it never ends. */
const read = async (response: Response): Promise<unknown> => {
  const type = response.headers.get('content-type') ?? ''
  if (response.status === 204 || response.body === null || type.startsWith('text/event-stream')) return undefined
  return /^application\/json\b/.test(type) ? response.json() : response.text()
}

/**
 * A client of the whole API whose paths, parameters, bodies and answers have the types of the API document. An answer that says no is a
 * value (`error`), not an exception; a call throws when no answer comes. Event streams are left unread in `response.body`.
 *
 * @example
 * const trawl = createClient({ baseUrl: 'http://localhost:3000', credentials: { internal: 'dev-internal-token' } })
 * const { data, error } = await trawl.post('/internal/sources/{id}/force-run', { path: { id: 1 }, body: { strategy: 'deep' } })
 */
export const createClient = ({ baseUrl, credentials = {}, fetch: send = (request) => fetch(request) }: ClientOptions) => {
  const base = baseUrl.replace(/(?<!\/)\/+$/, '')
  const call = async (method: Method, template: string, request: AnyRequest = {}) => {
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(request.path?.[name])))
    const query = new URLSearchParams(textsOf(request.query)).toString()
    const [, credential] = CREDENTIAL.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`)) ?? []
    const response = await send(
      new Request(`${base}${path}${query === '' ? '' : `?${query}`}`, {
        method: method.toUpperCase(),
        headers: {
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...credential?.(credentials),
          ...textsOf(request.headers),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        ...(request.signal ? { signal: request.signal } : {}),
      }),
    )
    const body = await read(response)
    return response.ok ? { data: body, response } : { error: body, response }
  }
  const caller = <M extends Method>(method: M) =>
    ((path: string, request?: AnyRequest) => call(method, path, request)) as unknown as Call<M>
  return { get: caller('get'), post: caller('post'), put: caller('put'), patch: caller('patch'), delete: caller('delete') }
}
export type Client = ReturnType<typeof createClient>
