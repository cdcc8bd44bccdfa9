import { websocket } from 'elysia/ws'
import type { Trawl } from './app.ts'
import { isLoopback } from './config.ts'
import { ALIVE } from './love-parser/health.ts'
import { loveParserEnvelope } from './love-parser/surface.ts'
import { createProbes } from './platform/http/pipeline.ts'
import { isBadHost, MIB } from './platform/http/request.ts'
import type { Platform } from './platform/index.ts'

/** Above every contract's own limit: the server itself cuts off larger bodies, without an envelope. */
const HARD_BODY_BYTES = 64 * MIB
/** Largest frame of the worker protocol (gifty §4). */
const MAX_FRAME_BYTES = 2 * MIB
/** Longer than the longest long poll (60 s, crawler). */
const IDLE_SECONDS = 90

/** Whether a request's Host is a name of this machine; one without a Host comes from no browser. */
const namesThisMachine = (host: string | null): boolean => host === null || host === '' || isLoopback(host.replace(/:\d+$/, ''))
const refused = () =>
  Response.json(
    {
      error: {
        message: 'A development server answers to names of its own machine; see DEVELOPMENT_ANYWHERE',
        code: 'FORBIDDEN_HOST',
        statusCode: 403,
      },
    },
    { status: 403 },
  )

/**
 * Opens the port. That the process answers is said at once; every other request waits for the app, which is made when one first needs it.
 */
export const openPort = (
  { config, metrics }: Pick<Platform, 'config' | 'metrics'>,
  app: () => Trawl['app'] | Promise<Trawl['app']>,
  { port, hostname }: { port: number; hostname: string },
) => {
  const probe = createProbes(ALIVE, () => loveParserEnvelope({ config }), metrics)
  /** The Host that was accepted last: the next request mostly has the same. */
  let accepted: string | null = null
  /** The app once it is made. */
  let handle: ((request: Request) => Response | Promise<Response>) | undefined
  const first = async (request: Request): Promise<Response> => {
    handle = (await app()).fetch
    return handle(request)
  }
  return Bun.serve({
    port,
    hostname,
    reusePort: config.reusePort,
    maxRequestBodySize: HARD_BODY_BYTES,
    idleTimeout: IDLE_SECONDS,
    fetch: (request) => {
      const host = request.headers.get('host')
      if (host !== accepted || request.url.charCodeAt(0) === 47) {
        // The app refuses it in the family's envelope.
        if (isBadHost(request.url, host)) return (handle ?? first)(request)
        if (config.loopbackOnly && !namesThisMachine(host)) return refused()
        accepted = host
      }
      return probe(request) ?? (handle ?? first)(request)
    },
    websocket: {
      maxPayloadLength: MAX_FRAME_BYTES,
      idleTimeout: IDLE_SECONDS * 2,
      backpressureLimit: MIB,
      closeOnBackpressureLimit: true,
      ...websocket,
    } as never,
  })
}

/** Makes an app the one behind an open port. Compiled first: Elysia would make a server that it has serve anew, without sockets. */
export const attach = (app: Trawl['app'], server: Bun.Server<unknown>): void => {
  app.compile()
  app.server = server
}
