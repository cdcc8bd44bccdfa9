import type { Call } from './family.ts'

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
