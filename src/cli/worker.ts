import { parseArgs } from 'node:util'
import { DEVELOPMENT_TOKENS } from '../config.ts'
import { createLog } from '../platform/log.ts'
import { DEFAULT_SERVER, EXIT, type Io, serverOrigin, tokenFor, UsageError, wholeNumber } from './io.ts'

export const help = `Usage: trawl worker --kinds KIND[,KIND] [options]

Runs a built-in worker as a process of its own: it leases tasks from a server. SIGTERM or SIGINT gives its leases back and ends it; a
second one ends it at once.

  --kinds web,gitlab   what to work on, comma list
  --server ORIGIN      default ${DEFAULT_SERVER}; for gitlab WORKER_API_URL takes its place
  --concurrency N      tasks at once, default 2 (gitlab: WORKER_CONCURRENCY)
  --allow HOST:PORT    a private address the web worker may crawl nevertheless; may be repeated
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
    const allowed = new Set(values.allow)
    const { startWebWorker } = await import('../workers/web/index.ts')
    workers.push(
      startWebWorker({
        log,
        clock: io.clock,
        origin,
        token: tokenFor(origin, io.token, DEVELOPMENT_TOKENS.INTERNAL_API_TOKEN),
        concurrency: concurrency ?? 2,
        leaseSeconds: leaseSeconds ?? 60,
        allowPrivate: (host, port) => allowed.has(`${host}:${port}`),
      }),
    )
  }
  if (kinds.includes('gitlab')) {
    const { startGitlab } = await import('./gitlab-worker.ts')
    const started = await startGitlab(io, log, { server, concurrency, leaseSeconds })
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
