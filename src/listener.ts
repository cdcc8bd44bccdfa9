import { chmodSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import { websocket } from 'elysia/ws'
import type { Trawl } from './app.ts'
import { isLoopback } from './config.ts'
import { markLocal } from './crawler/surface.ts'
import { StartError } from './errors.ts'
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
  /** The answer to a request whose Host is refused. */
  const hostRefusal = (request: Request): Response | Promise<Response> | undefined => {
    const host = request.headers.get('host')
    if (host !== null && host === accepted) return undefined
    // The app refuses it in the family's envelope.
    if (isBadHost(request.url, host)) return (handle ?? first)(request)
    if (config.loopbackOnly && !namesThisMachine(host)) return refused()
    accepted = host
    return undefined
  }
  const answer = (request: Request) => hostRefusal(request) ?? (handle ?? first)(request)
  /** Bun itself finds these routes, which takes a fifth less than a look at the URL. */
  const routes = Object.fromEntries(
    Object.keys(ALIVE).map((path) => {
      const probed = (request: Request) => hostRefusal(request) ?? probe(request, path) ?? (handle ?? first)(request)
      return [path, { GET: probed, HEAD: answer }]
    }),
  )
  return Bun.serve({
    port,
    hostname,
    reusePort: config.reusePort,
    maxRequestBodySize: HARD_BODY_BYTES,
    idleTimeout: IDLE_SECONDS,
    routes,
    fetch: answer,
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

/** Of the Unix socket: longer than the longest long poll too. */
const LOCAL_IDLE_SECONDS = 120

const removeStale = (path: string) => {
  try {
    // A file that is not a socket may hold data: refuse to start instead of removing it.
    if (!lstatSync(path).isSocket()) throw new StartError(`${path} is there and no socket`)
    unlinkSync(path)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
  }
}

/** Whether the file of this name is still the same one: a server that was started later has put its own in its place. */
const isSame = (path: string, { dev, ino }: { dev: number; ino: number }): boolean => {
  const now = lstatSync(path, { throwIfNoEntry: false })
  return now?.dev === dev && now.ino === ino
}

/**
 * Serves the app on a Unix socket besides its port (gitlab-crawler §2): a request that comes here needs no token in the crawler
 * family. The file is the owner's alone (0600), a stale one is replaced, and it is gone after `stop`.
 */
export const listenLocally = (path: string, handle: (request: Request) => Response | Promise<Response>) => {
  removeStale(path)
  // Bun removes the name that it listened on when it stops, also if a newer server has it: so the file is renamed afterwards.
  const first = `${path}.${Math.random().toString(36).slice(2, 6)}`
  // Created under a mask, so that there is no moment in which others may connect.
  const before = process.umask(0o177)
  let server: ReturnType<typeof Bun.serve>
  try {
    server = Bun.serve({
      unix: first,
      idleTimeout: LOCAL_IDLE_SECONDS,
      fetch: (request: Request) => handle(markLocal(request)),
    } as never)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    throw new StartError(`CRAWLER_SOCKET ${path} cannot be made: its directory is missing or not writable (${code})`)
  } finally {
    process.umask(before)
  }
  chmodSync(first, 0o600)
  renameSync(first, path)
  const own = lstatSync(path)
  return {
    async stop(force = false) {
      await server.stop(force)
      if (isSame(path, own)) removeStale(path)
    },
  }
}
