import type { AnyElysia } from 'elysia'
import { Elysia } from 'elysia'
import { VERSION } from '../config.ts'
import type { Channel } from '../platform/http/asyncapi.ts'
import { JSON_TYPE } from '../platform/http/family.ts'
import { describeRoutes } from '../platform/http/openapi.ts'

const INFO = {
  title: 'Trawl',
  version: VERSION,
  description:
    'The API core for fleets of parsers. Every `/internal` route of the gifty family is served identically under `/api/v1/internal`.',
}
/** The document is served by the server that it describes. */
const SERVERS = [{ url: '/', description: 'The server that answers this document' }]
const SECURITY = {
  internalToken: { type: 'apiKey', in: 'header', name: 'X-Internal-Token', description: 'Service token of the gifty family' },
  analyticsToken: { type: 'apiKey', in: 'header', name: 'X-Analytics-Token', description: 'Token of the analytics routes' },
  dashboard: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Dashboard token of an admin' },
  loveParser: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Token of a Love Parser login' },
  serviceToken: { type: 'apiKey', in: 'header', name: 'X-Service-Token', description: 'Service token of the stickers family' },
  crawlerToken: { type: 'http', scheme: 'bearer', description: '`CRAWLER_API_TOKEN`, of the crawler family' },
  metrics: { type: 'http', scheme: 'bearer', description: '`METRICS_TOKEN`, where one is set' },
} as const

const ASYNC_DESCRIPTION =
  'What of the API is no request with one answer: sockets, event streams and queues. Requests stand in `/docs/json`.'

const START = `SwaggerUIBundle({ url: '/docs/json', dom_id: '#ui', deepLinking: true })`
const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Trawl API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head><body><div id="ui"></div><script src="/docs/assets/swagger-ui-bundle.js"></script>
<script>${START}</script></body></html>`

/** Of the page: its own files and the one script that stands in it, by its hash; the UI shows its pictures as data. */
const pageHeaders = () => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `script-src 'self' 'sha256-${new Bun.CryptoHasher('sha256').update(START).digest('base64')}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
})

/** The UI's files from the package, so that no page needs the internet; loaded with the first visit. */
const ASSETS: Record<string, { type: string; load: () => Promise<{ default: string }> }> = {
  'swagger-ui.css': {
    type: 'text/css; charset=utf-8',
    load: () => import('swagger-ui-dist/swagger-ui.css', { with: { type: 'file' } }) as never,
  },
  'swagger-ui-bundle.js': {
    type: 'text/javascript; charset=utf-8',
    load: () => import('swagger-ui-dist/swagger-ui-bundle.js', { with: { type: 'file' } }) as never,
  },
}

/** The bytes of a document, made with the first request for it: anybody may ask, and to write one takes milliseconds. */
const once = (make: () => Promise<Uint8Array<ArrayBuffer>>) => {
  let made: Promise<Uint8Array<ArrayBuffer>> | undefined
  return () => {
    made ??= make().catch((error) => {
      made = undefined
      throw error
    })
    return made
  }
}
const json = (bytes: Uint8Array<ArrayBuffer>) => new Response(bytes, { headers: { 'content-type': JSON_TYPE } })

/**
 * `/docs` (Swagger UI), `/docs/json`, the OpenAPI document of the routes, and `/docs/asyncapi.json`, the AsyncAPI document of sockets,
 * event streams and queues. Each document is made once, at the first request.
 */
export const docsRoutes = (app: () => AnyElysia, channels: () => Promise<readonly Channel[]>) => {
  let made: ReturnType<typeof describeRoutes> | undefined
  const described = () => {
    made ??= describeRoutes(app().routes as never, (path) => !/^\/docs(\/|$)/.test(path))
    return made
  }
  // An app of its own, made with the first visit: the plugin is a tenth of a start's time.
  const openapi = once(async () => {
    const { swagger } = await import('@elysiajs/swagger')
    const documents = new Elysia().use(
      swagger({
        path: '/docs',
        specPath: '/docs/json',
        exclude: [/.*/],
        documentation: {
          openapi: '3.1.0',
          servers: SERVERS,
          info: INFO,
          get paths() {
            return described().paths
          },
          get components() {
            return { ...described().components, securitySchemes: SECURITY } as never
          },
        } as object,
      }),
    ) as unknown as AnyElysia
    return (await documents.handle(new Request('http://localhost/docs/json'))).bytes()
  })
  const asyncapi = once(async () => {
    const [{ describeChannels }, all] = await Promise.all([import('../platform/http/asyncapi.ts'), channels()])
    const text = JSON.stringify(describeChannels({ ...INFO, description: ASYNC_DESCRIPTION }, all, SECURITY))
    return new TextEncoder().encode(text)
  })
  return new Elysia()
    .get('/docs/json', async () => json(await openapi()), { detail: { hide: true } })
    .get('/docs/asyncapi.json', async () => json(await asyncapi()), { detail: { hide: true } })
    .get('/docs', () => new Response(PAGE, { headers: pageHeaders() }), {
      detail: { hide: true },
    })
    .get(
      '/docs/assets/:file',
      async ({ params, status }) => {
        const asset = Object.hasOwn(ASSETS, params.file) ? ASSETS[params.file] : undefined
        if (!asset) return status(404)
        const { default: path } = await asset.load()
        return new Response(Bun.file(path), { headers: { 'content-type': asset.type, 'cache-control': 'public, max-age=86400' } })
      },
      { detail: { hide: true } },
    )
}
