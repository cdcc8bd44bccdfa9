import type { AppError } from '../../errors.ts'

/** What the app knows of a route before the body is read. `detail` is the route's documentation, where its needs stand too. */
export interface RouteInfo {
  method: string
  /** Template, e.g. `/internal/sources/:id`. */
  path: string
  family: HttpFamily
  detail: RouteDetail
  /** The route's zod schemas, to explain a refused value. */
  schemas: { body?: unknown; query?: unknown; params?: unknown }
  /** Where its requests are counted. */
  series: { observe(status: number, seconds: number): void }
}
export interface RouteDetail {
  /** Largest body in bytes; the family's default otherwise. */
  'x-max-body-bytes'?: number
  /** JSON text that is always the answer, to anyone: sent without guard and framework, for probes. */
  'x-static'?: string
  /** Errors carry their message as a top-level `detail` too. */
  'x-error-detail'?: boolean
  [key: string]: unknown
}

/** One request on its way through the app. */
export interface Call {
  requestId: string
  /** Language of its texts, for a family whose guard reads one. */
  language?: string
  /** Path of the URL, decoded nowhere. */
  path: string
  method: string
  family: HttpFamily
  route: RouteInfo | undefined
  /** Methods the path answers to when the request's own is not among them. */
  allowed: string[]
  startedAt: number
  /** Who the credential names; set by the family's guard. */
  principal: Principal | undefined
  /** Asks again whether the credential still holds, for what lives longer than a request; unset for one that cannot change. Throws AppError. */
  recheck?: () => Promise<unknown>
  /** A HEAD request answered as GET: nothing may be handed out to it. */
  bodiless: boolean
  /** The body as text, for what hashes it. */
  bodyText: string | undefined
  /** What the family's guard has found out, for the family's own routes. */
  context?: unknown
  /** Headers the guard wants on the answer, whatever it will be. */
  headers?: Record<string, string>
}
export interface Principal {
  kind: 'service' | 'dashboard' | 'user'
  /** Stable name of the credential: idempotency keys live per credential. */
  id: string
  role?: string
}

/** The values of a request that a schema has refused, as they were given. Groups that Elysia had checked before hold the schema's output. */
export interface RequestValues {
  params: unknown
  query: unknown
  body: unknown
}

/** What the domains of one API family share on the wire (architecture §1). */
export interface HttpFamily {
  name: string
  /** Path prefixes without a trailing slash; `''` claims what no other family does. */
  prefixes: string[]
  /** Prefixes that answer like another one of the family: `[alias, prefix]`. Only the prefix has routes. */
  aliases?: [string, string][]
  /** Before any body byte is read: route, credential, rate limit in the contract's order. Throws AppError to refuse. */
  guard(request: Request, call: Call): Response | undefined | Promise<Response | undefined>
  /** Dresses an error in the family's envelope. */
  errorResponse(error: AppError, call: Call): Response
  /** Turns refused values of a route's schema into the family's error. */
  validationError(where: keyof RequestValues, call: Call, values: RequestValues): AppError
  /** What a client's X-Request-Id has to look like to be used; by default also `:` is allowed. */
  requestId?: RegExp
  /** Put before a request id that the server makes. */
  requestIdPrefix?: string
  /** Headers of every response of the family. */
  headers?: Record<string, string>
  /** Last touch on every response of the family: CORS. Without a call for a route that always answers the same. */
  decorate?: ((response: Response, call: Call | undefined, request: Request) => void) | undefined
}
