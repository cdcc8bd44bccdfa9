import { parseArgs } from 'node:util'
import { ConfigError, DEVELOPMENT_TOKENS } from '../config.ts'
import { createLog, type Log } from '../platform/log.ts'
import { allowListed } from '../platform/outbound.ts'
import { DEFAULT_SERVER, EXIT, type Io, serverOrigin, tokenFor, UsageError, wholeNumber } from './io.ts'

export const help = `Usage: trawl worker --kinds KIND[,KIND] [options]

Runs a built-in worker as a process of its own: it leases tasks from a server. SIGTERM or SIGINT gives its leases back and ends it; a
second one ends it at once.

  --kinds web,gitlab   what to work on, comma list
  --server ORIGIN      default ${DEFAULT_SERVER}; for gitlab WORKER_API_URL takes its place
  --concurrency N      tasks at once, default 2 (gitlab: WORKER_CONCURRENCY)
  --allow HOST:PORT    a private address that may be reached nevertheless, besides those of OUTBOUND_ALLOW; may be repeated
  --lease-seconds N    length of a lease, 5..3600, default 60: how long a task waits after this process was killed
                       (gitlab: WORKER_LEASE_SECONDS)

The token comes from INTERNAL_API_TOKEN, for gitlab from CRAWLER_API_TOKEN; a server on this machine gets the development one. The
gitlab worker reads its other settings from the environment, see docs/configuration.md. Exit: 0 after a stop, 1 when the gitlab worker cannot
work (its settings, its directory, a refused token), 2 for wrong usage.
`

const KINDS = ['web', 'source.run.web', 'gitlab']

/** What a kind's worker has in common with the others. `over` resolves when it ends without being asked, with the exit code. */
interface Running {
  stop(): Promise<unknown>
  over?: Promise<number>
}

/** `trawl worker`: runs until a signal, or until a worker cannot continue. */
export const run = async (args: string[], io: Io): Promise<number> => {
  const { values } = parseArgs({
    args,
    options: {
      server: { type: 'string' },
      kinds: { type: 'string' },
      concurrency: { type: 'string' },
      allow: { type: 'string', multiple: true, default: [] },
      'lease-seconds': { type: 'string' },
    },
  })
  const kinds = (values.kinds ?? '').split(',').filter((kind) => kind !== '')
  if (kinds.length === 0) throw new UsageError('--kinds is required')
  for (const kind of kinds) if (!KINDS.includes(kind)) throw new UsageError(`"${kind}" is not a kind of built-in worker`)
  for (const address of values.allow)
    if (!/^.+:\d{1,5}$/.test(address)) throw new UsageError(`--allow must be host:port, not "${address}"`)
  const server = values.server === undefined ? undefined : serverOrigin(values.server)
  const log = createLog({ level: io.logLevel, now: io.clock.now, write: io.out })
  const concurrency = values.concurrency === undefined ? undefined : wholeNumber('concurrency', values.concurrency, 1, 64)
  const leaseSeconds =
    values['lease-seconds'] === undefined ? undefined : wholeNumber('lease-seconds', values['lease-seconds'], 5, 3600)

  const workers: Running[] = []
  if (kinds.some((kind) => kind !== 'gitlab')) {
    const origin = server ?? DEFAULT_SERVER
    const { startWebWorker } = await import('../workers/web/index.ts')
    workers.push(
      startWebWorker({
        log,
        clock: io.clock,
        origin,
        token: tokenFor(origin, io.token, DEVELOPMENT_TOKENS.INTERNAL_API_TOKEN),
        concurrency: concurrency ?? 2,
        leaseSeconds: leaseSeconds ?? 60,
        allowPrivate: allowListed([...io.outboundAllow, ...values.allow]),
      }),
    )
  }
  if (kinds.includes('gitlab')) {
    const started = await startGitlab(io, log, { server, concurrency, leaseSeconds, allow: values.allow })
    if (!started) {
      await Promise.all(workers.map((worker) => worker.stop()))
      return EXIT.rejected
    }
    workers.push(started)
  }
  log.info('worker started', { kinds, pid: process.pid })
  const signalled = new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name))
  })
  const ended = workers.flatMap(({ over }) => (over ? [over.then((code) => ({ code }))] : []))
  const first = await Promise.race([signalled.then((signal) => ({ signal })), ...ended])
  log.info('worker stopping', 'signal' in first ? first : {})
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(EXIT.rejected))
  await Promise.all(workers.map((worker) => worker.stop()))
  log.info('worker stopped', {})
  return 'code' in first ? first.code : EXIT.ok
}

/** Options of the command line, which override the environment. */
interface CommandOptions {
  server: string | undefined
  concurrency: number | undefined
  leaseSeconds: number | undefined
  /** Private addresses besides those of the environment. */
  allow: readonly string[]
}

/**
 * Starts the GitLab worker of `trawl worker --kinds gitlab` (gitlab-worker §1). Undefined when it cannot work: the reason is on stderr,
 * and the exit code is 1.
 */
const startGitlab = async (io: Io, log: Log, options: CommandOptions) => {
  // Loaded when asked for: a web worker should not pay for it.
  const { startGitlabWorker, WorkerUnusable } = await import('../workers/gitlab/index.ts')
  try {
    const { apiUrl, apiSocket, transport, token, outboundAllow, ...settings } = io.gitlabWorker()
    const url = options.server === undefined ? apiUrl : `${options.server}/api/internal2`
    if (url === undefined) throw new ConfigError(['WORKER_API_URL is required'])
    const worker = await startGitlabWorker({
      settings: {
        ...settings,
        concurrency: Math.min(options.concurrency ?? settings.concurrency, 50),
        leaseSeconds: Math.max(options.leaseSeconds ?? settings.leaseSeconds, 10),
      },
      url,
      transport,
      outboundAllow: [...outboundAllow, ...options.allow],
      ...(apiSocket === undefined ? { token: tokenOf(url, token) } : { socket: apiSocket, token }),
      log,
      clock: io.clock,
    })
    return {
      stop: worker.stop,
      over: worker.ended.then(({ reason, message }) => {
        if (reason !== 'unauthorized') return EXIT.ok
        io.err(`trawl worker: ${message}\n`)
        return EXIT.rejected
      }),
    }
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof WorkerUnusable)) throw error
    io.err(`trawl worker: ${error.message}\n`)
    return undefined
  }
}

const tokenOf = (url: string, token: string | undefined): string => {
  try {
    return tokenFor(new URL(url).origin, token, DEVELOPMENT_TOKENS.CRAWLER_API_TOKEN)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new ConfigError(['CRAWLER_API_TOKEN or WORKER_API_SOCKET is required'])
  }
}
