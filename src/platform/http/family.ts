import type { z } from 'zod'
import type { AppError } from '../../errors.ts'

/** Type of JSON answers that we write ourselves: as Bun and the framework spell it in all others. */
export const JSON_TYPE = 'application/json;charset=utf-8'

/** What is known of a route besides its handler. */
export interface RouteInfo {
  method: string
  /** Template, e.g. `/internal/sources/:id`. */
  path: string
  family: HttpFamily
  /** The route's zod schemas, to explain a refused value. */
  schemas: { body?: unknown; query?: unknown; params?: unknown }
  /** Where its requests are counted. */
  series: { observe(status: number, seconds: number): void }
}

/** One request on its way through the app. */
export interface Call {
  requestId: string
  /** Language of its texts, for a family that has several. */
  language?: string
  /** Path of the URL, decoded nowhere. */
  path: string
  method: string
  family: HttpFamily
  route: RouteInfo | undefined
  /** Methods the path answers to when the request's own is not among them. */
  allowed: string[]
  startedAt: number
  /** Who the credential names: what the family's `auth` has found out, which handlers have typed as their `principal`. */
  principal: unknown
  /** Asks again whether the credential still holds, for what lives longer than a request; unset for one that cannot change. Throws AppError. */
  recheck?: () => Promise<unknown>
  /** Errors carry their message as a top-level `detail` too. */
  hasErrorDetail?: boolean
  /** A HEAD request answered as GET: nothing may be handed out to it. */
  bodiless: boolean
  /** The body as it was read. */
  body?: unknown
  /** The body as text, for what hashes it. */
  bodyText: string | undefined
  /** What a check hands on to the next one, within a family. */
  context?: unknown
  /** Headers that a check wants on the answer, whatever it will be. */
  headers?: Record<string, string>
}
export interface Principal {
  kind: 'service' | 'dashboard' | 'user'
  /** Stable name of the credential: idempotency keys live per credential. */
  id: string
  role?: string
  /** Of a person, for those who read who did something. */
  name?: string
}

/** The values of a request of which a schema has refused a group, as they were given; of `params` only when those are refused. */
export interface RequestValues {
  params: unknown
  query: unknown
  body: unknown
}

/** What zod says of the groups of a request, in the order given: the first error stands for the first refused group. */
export const refusalsOf = ({ route }: Call, values: RequestValues, order: readonly (keyof RequestValues)[]): z.core.$ZodError[] =>
  order.flatMap((group) => {
    // Elysia's own error does not hold the refused input, so the value is validated once more.
    const result = (route?.schemas[group] as z.ZodType | undefined)?.safeParse(values[group], { reportInput: true })
    return result && !result.success ? [result.error] : []
  })

/** What the domains of one API family share on the wire (architecture §1). */
export interface HttpFamily {
  name: string
  /** Path prefixes without a trailing slash; `''` claims what no other family does. */
  prefixes: string[]
  /** Prefixes that answer like another one of the family: `[alias, prefix]`. Only the prefix has routes. */
  aliases?: [string, string][]
  /** A path or method without a route: a preflight's answer, or the refusal that comes first in the contract. Throws AppError. */
  unmatched(request: Request, call: Call): Response | undefined | Promise<Response | undefined>
  /** Dresses an error in the family's envelope. */
  errorResponse(error: AppError, call: Call, request: Request): Response
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

export interface CorsSettings {
  /** Allowed origins; `*` reflects any. */
  origins: readonly string[]
  /** Must match a whole origin. */
  pattern?: RegExp
  /** Request headers a browser may send, or `echo` for those it asks for. */
  headers: string
  methods?: string
  /** Response headers a browser's script may read. */
  exposed?: string
}

/** CORS of one family, credentials allowed. Without any configured origin it costs nothing and says nothing. */
export const corsPolicy = ({
  origins,
  pattern,
  headers,
  methods = 'GET,HEAD,POST,PUT,PATCH,DELETE',
  exposed = 'X-Request-Id, Retry-After, Idempotency-Replayed',
}: CorsSettings) => {
  const off = origins.length === 0 && !pattern
  const any = origins.includes('*')
  const allowed = (origin: string) => any || origins.includes(origin) || (pattern?.test(origin) ?? false)
  return {
    /** The answer to a preflight, needing no credential; undefined for what is none. */
    preflight(request: Request): Response | undefined {
      const origin = request.headers.get('origin')
      if (off || origin === null || request.headers.get('access-control-request-method') === null) return undefined
      const vary = { vary: 'Origin' }
      if (!allowed(origin)) return new Response(null, { status: 204, headers: vary })
      const asked = headers === 'echo' ? (request.headers.get('access-control-request-headers') ?? '') : headers
      return new Response(null, {
        status: 204,
        headers: {
          ...vary,
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': methods,
          ...(asked === '' ? {} : { 'access-control-allow-headers': asked }),
          'access-control-max-age': '600',
        },
      })
    },
    decorate: off
      ? undefined
      : (response: Response, _call: Call | undefined, request: Request) => {
          const origin = request.headers.get('origin')
          if (!response.headers.get('vary')?.includes('Origin')) response.headers.append('vary', 'Origin')
          if (origin === null || !allowed(origin)) return
          response.headers.set('access-control-allow-origin', origin)
          response.headers.set('access-control-allow-credentials', 'true')
          response.headers.set('access-control-expose-headers', exposed)
        },
  }
}
