import { hostname as systemHostname } from 'node:os'
import { type Clock, systemClock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import type { Lookup } from '../../platform/outbound.ts'
import { httpPort, type WorkerPort } from '../port.ts'
import { type RunTask, startWorker, type Worker } from '../worker.ts'
import type { Fetcher, FetcherOptions } from './fetcher.ts'
import type { createReader } from './reader.ts'

const WEB_KIND = 'source.run.web'

export interface WebRunnerOptions {
  clock?: Clock
  /** Private origins that may be crawled nevertheless, such as this server's own demo shop. Default: none. */
  allowPrivate?: (host: string, port: number) => boolean
  /** One request of the network; default `fetchUnpacked`. */
  connect?: FetcherOptions['connect']
  /** Stands in for DNS in tests. */
  lookup?: Lookup
  /** Stands in for the network in tests. */
  fetcher?: Fetcher
}

export interface WebRunner {
  run: RunTask
  /** Ends the threads that read pages; they start again with the next task. */
  close(): void
}

/**
 * The `run` function of a worker for kind `source.run.web` (gifty §2.8). The crawler's code (HTML and XML parsers) is loaded with the
 * first task: a server that embeds the worker should not pay for it at start.
 */
export const createWebRunner = ({
  clock = systemClock,
  allowPrivate,
  connect,
  lookup,
  fetcher,
}: WebRunnerOptions = {}): WebRunner => {
  let shared: Promise<Fetcher> | undefined
  let reader: ReturnType<typeof createReader> | undefined
  const run: RunTask = async (context) => {
    shared ??= fetcher
      ? Promise.resolve(fetcher)
      : import('./fetcher.ts').then(({ createFetcher }) => createFetcher({ clock, allowPrivate, connect, lookup }))
    const [ready, { runWebTask }, { createReader }] = await Promise.all([shared, import('./run.ts'), import('./reader.ts')])
    reader ??= createReader()
    return runWebTask(context, { fetcher: ready, reader })
  }
  return { run, close: () => reader?.close() }
}

export interface WebWorkerOptions extends WebRunnerOptions {
  log: Log
  /** Either a port, or `origin` and `token` for the HTTP one; `fetch` is the app's own `handle` when embedded. */
  port?: WorkerPort
  origin?: string
  token?: string
  fetch?: (request: Request) => Promise<Response> | Response
  /** Default `web-<hostname>-<pid>-<random>`. */
  workerId?: string
  /** Tasks at once, default 2. */
  concurrency?: number
  /** Default 60. */
  leaseSeconds?: number
}

/** Starts a web worker, embedded or as a process of its own; `stop()` gives its leases back. Throws when it has no way to a server. */
export const startWebWorker = (options: WebWorkerOptions): Worker => {
  const { clock = systemClock, log, origin, token, concurrency = 2, leaseSeconds = 60 } = options
  const port =
    options.port ??
    (origin && token ? httpPort({ origin, token, clock, ...(options.fetch ? { fetch: options.fetch } : {}) }) : undefined)
  if (!port) throw new Error('A web worker needs a port, or an origin and a token')
  const host = systemHostname().slice(0, 80)
  const runner = createWebRunner(options)
  const worker = startWorker({
    port,
    clock,
    log: log.child({ worker: 'web' }),
    workerId: options.workerId ?? `web-${host}-${process.pid}-${Bun.randomUUIDv7().slice(-6)}`,
    hostname: host,
    pid: process.pid,
    kinds: [WEB_KIND],
    concurrency,
    leaseSeconds,
    run: runner.run,
  })
  return {
    async stop() {
      const stopped = worker.stop() // aborts the tasks, and with them the pages that are read
      runner.close()
      await stopped
    },
  }
}

/** `allowPrivate` for one server's own address, by the names a machine has for itself; for `http://127.0.0.1:3000` and the like. */
export const allowOwnOrigin =
  (port: number) =>
  (host: string, asked: number): boolean =>
    asked === port && (host === '127.0.0.1' || host === 'localhost' || host === '::1')
