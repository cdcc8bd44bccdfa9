import '../bun-version.ts'
import { ConfigError, clientFromProcess, gitlabWorkerFromProcess, VERSION } from '../config.ts'
import { StartError } from '../errors.ts'
import { systemClock } from '../platform/clock.ts'
import { CommandError, EXIT, type Io, UsageError } from './io.ts'

interface Command {
  about: string
  /** Loaded when asked for: `trawl ingest` should not pay for a database driver. */
  load(): Promise<{ help: string; run: Run }>
}
/** Answers the exit code. */
type Run = (args: string[], io: Io) => Promise<number>

const SERVE_HELP = `Usage: trawl serve

Runs the server, configured by the environment (docs/configuration.md), until SIGTERM or SIGINT.
`

/** Never resolves while the server runs: its stop ends the process. */
const runServer: Run = async (args) => {
  if (args.length > 0) throw new UsageError('it takes no arguments: variables configure it')
  const { fail, serve } = await import('../serve.ts')
  await serve().catch(fail)
  return new Promise(() => {})
}

const COMMANDS: Record<string, Command> = {
  serve: {
    about: 'run the server (what the binary does without a command)',
    load: async () => ({ help: SERVE_HELP, run: runServer }),
  },
  ingest: { about: 'send an NDJSON file of products to a server', load: () => import('./ingest.ts') },
  worker: { about: 'run a built-in worker as a process of its own', load: () => import('./worker.ts') },
  'love-parser': { about: 'payments, plans and people of Love Parser', load: () => import('./love-parser.ts') },
  robokassa: { about: 'sign a payment notification for local tests', load: () => import('./robokassa.ts') },
  migrate: {
    about: 'bring the schema of DATABASE_URL up to date',
    load: () => import('./database.ts').then(({ migrateHelp, runMigrate }) => ({ help: migrateHelp, run: runMigrate })),
  },
  backup: { about: 'copy the SQLite database to a file while the server runs', load: () => import('./database.ts') },
  restore: {
    about: 'put such a file in the place of the database',
    load: () => import('./database.ts').then(({ help, runRestore }) => ({ help, run: runRestore })),
  },
}

const HELP = `Usage: trawl <command> [options]

Commands:
${Object.entries(COMMANDS)
  .map(([name, { about }]) => `  ${name.padEnd(13)}${about}`)
  .join('\n')}

trawl <command> --help says more, trawl --version which release this is.
`

/** Runs one command line; answers the exit code (see `EXIT`). */
export const runCli = async (argv: string[], io: Io): Promise<number> => {
  const [name, ...args] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.out(HELP)
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (name === '--version' || name === '-v' || name === 'version') {
    io.out(`trawl ${VERSION}\n`)
    return EXIT.ok
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    io.err(`trawl: unknown command "${name}"\n\n${HELP}`)
    return EXIT.usage
  }
  const { help, run } = await command.load()
  if (args.includes('--help') || args.includes('-h')) {
    io.out(help)
    return EXIT.ok
  }
  try {
    return await run(args, io)
  } catch (error) {
    // parseArgs names its errors by code only.
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS')) {
      io.err(`trawl ${name}: ${(error as Error).message}\n\n${help}`)
      return EXIT.usage
    }
    if (!(error instanceof CommandError || error instanceof ConfigError || error instanceof StartError)) throw error
    io.err(`trawl ${name}: ${error.message}\n`)
    if (error instanceof ConfigError) return EXIT.usage
    return error instanceof CommandError ? error.exit : EXIT.givenUp
  }
}

const main = async () => {
  const { token, logLevel, outboundAllow } = clientFromProcess()
  return runCli(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    stdin: () => Bun.stdin.stream() as unknown as AsyncIterable<Uint8Array>,
    isTty: process.stderr.isTTY === true,
    cwd: process.cwd(),
    clock: systemClock,
    token,
    logLevel,
    outboundAllow,
    gitlabWorker: gitlabWorkerFromProcess,
  })
}

/** Runs the command line of the process. */
export const runProcess = (): Promise<void> =>
  main().then(
    (code) => {
      process.exitCode = code
    },
    (error) => {
      process.stderr.write(`trawl: ${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = EXIT.givenUp
    },
  )

if (import.meta.main) await runProcess()
