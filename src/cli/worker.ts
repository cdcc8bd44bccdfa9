import { parseArgs } from 'node:util'
import { startWebWorker } from '../builtin-workers/web/index.ts'
import { DEVELOPMENT_TOKENS } from '../config.ts'
import { createLog } from '../platform/log.ts'
import { DEFAULT_SERVER, EXIT, type Io, serverOrigin, tokenFor, UsageError, wholeNumber } from './io.ts'

export const help = `Usage: trawl worker --kinds web [options]

Runs a built-in worker as a process of its own: it leases tasks from a server over HTTP. SIGTERM or SIGINT gives its leases back and
ends it; a second one ends it at once.

  --server ORIGIN      default ${DEFAULT_SERVER}
  --kinds web          what to work on, comma list; "web" is the only kind so far
  --concurrency N      tasks at once, default 2
  --allow HOST:PORT    a private address the worker may crawl nevertheless; may be repeated
  --lease-seconds N    length of a lease, 5..3600, default 60: how long a task waits after this process was killed

The token comes from INTERNAL_API_TOKEN; a server on this machine gets the development one. Exit: 0 after a stop, 2 for wrong usage.
`

const KINDS = ['web', 'source.run.web']

/** `trawl worker`: lives until a signal. */
export const run = async (args: string[], io: Io): Promise<number> => {
  const { values } = parseArgs({
    args,
    options: {
      server: { type: 'string', default: DEFAULT_SERVER },
      kinds: { type: 'string' },
      concurrency: { type: 'string', default: '2' },
      allow: { type: 'string', multiple: true, default: [] },
      'lease-seconds': { type: 'string', default: '60' },
    },
  })
  const kinds = (values.kinds ?? '').split(',').filter((kind) => kind !== '')
  if (kinds.length === 0) throw new UsageError('--kinds is required')
  for (const kind of kinds) if (!KINDS.includes(kind)) throw new UsageError(`"${kind}" is not a kind of built-in worker`)
  for (const address of values.allow)
    if (!/^.+:\d{1,5}$/.test(address)) throw new UsageError(`--allow must be host:port, not "${address}"`)
  const origin = serverOrigin(values.server)
  const allowed = new Set(values.allow)
  const log = createLog({ level: io.logLevel, now: io.clock.now, write: io.out })

  const worker = startWebWorker({
    log,
    clock: io.clock,
    origin,
    token: tokenFor(origin, io.token, DEVELOPMENT_TOKENS.INTERNAL_API_TOKEN),
    concurrency: wholeNumber('concurrency', values.concurrency, 1, 64),
    leaseSeconds: wholeNumber('lease-seconds', values['lease-seconds'], 5, 3600),
    allowPrivate: (host, port) => allowed.has(`${host}:${port}`),
  })
  log.info('worker started', { server: origin, kinds, pid: process.pid })
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name))
  })
  log.info('worker stopping', { signal })
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(EXIT.rejected))
  await worker.stop()
  log.info('worker stopped', {})
  return EXIT.ok
}
