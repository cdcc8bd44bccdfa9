import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

export const ROOT = join(import.meta.dir, '../..')
export const TOKEN = 'dev-internal-token'
const START_MS = 60_000

/** A directory of the test's own, gone with `remove`. */
export const ownDirectory = () => {
  const path = mkdtempSync(join(tmpdir(), 'trawl-fault-'))
  return { path, database: join(path, 'trawl.db'), remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface Started {
  child: ReturnType<typeof Bun.spawn>
  /** JSON lines of its log so far. */
  log: any[]
  /** The other lines it printed, once it has ended. */
  printed: Promise<string[]>
  /** What it wrote to stderr, once it has ended. */
  errors: Promise<string>
  /** Waits for a line of the log. @throws when the process ends or the time is over before it comes */
  said(message: string): Promise<any>
}

const alive = new Set<ReturnType<typeof Bun.spawn>>()
/** Ends what a failed test has left: only processes started here. */
export const killLeftovers = async () => {
  for (const child of alive) child.kill('SIGKILL')
  await Promise.all([...alive].map((child) => child.exited))
}

const start = (command: string[], env: Record<string, string>, cwd = ROOT): Started => {
  const child = Bun.spawn(command, {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TZ: 'UTC', NODE_ENV: 'test', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  alive.add(child)
  void child.exited.then(() => alive.delete(child))
  const log: any[] = []
  const plain: string[] = []
  let ended = false
  const errors = new Response(child.stderr).text()
  const printed = (async () => {
    let rest = ''
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream() as any) as unknown as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() as string
      for (const line of lines)
        if (line.startsWith('{')) log.push(JSON.parse(line))
        else plain.push(line)
    }
    ended = true
    return plain
  })()
  return {
    child,
    log,
    printed,
    errors,
    async said(message) {
      const line = () => log.find((one) => one.message === message)
      await eventually(() => line() !== undefined || ended, Boolean, START_MS)
      if (line() === undefined) throw new Error(`the process ended without saying "${message}": ${await errors}`)
      return line()
    },
  }
}

/**
 * A server process of its own on a free port (or `PORT`), without demo and embedded workers unless `env` says otherwise; of another
 * source tree when `from` names one.
 */
export const startServer = async (
  database: string,
  env: Record<string, string> = {},
  from?: string,
  command = [process.execPath, 'src/main.ts'],
) => {
  const given = {
    DATABASE_URL: `sqlite:${database}`,
    PORT: '0',
    DEMO: '0',
    EMBEDDED_WORKERS: 'none',
    SCHEDULER_TICK_SECONDS: '1',
    ...env,
  }
  const started = start(command, given, from)
  const origin: string = (await started.said('listening')).url
  return {
    ...started,
    origin,
    port: new URL(origin).port,
    /** One request with the service token; the answer's status and JSON. */
    async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const response = await fetch(`${origin}${path}`, {
        method,
        headers: { 'x-internal-token': TOKEN, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: (await response.json()) as any }
    },
  }
}
export type Server = Awaited<ReturnType<typeof startServer>>

/** A server process that may never listen. */
export const startServerUnready = (env: Record<string, string>) =>
  start([process.execPath, 'src/main.ts'], { PORT: '0', DEMO: '0', EMBEDDED_WORKERS: 'none', ...env })

/** A `trawl worker` process. */
export const startWorkerProcess = (server: string, ...more: string[]) =>
  start([process.execPath, 'src/cli/index.ts', 'worker', '--server', server, '--kinds', 'web', ...more], { LOG_LEVEL: 'debug' })

/** A script of the tests as a process of its own. */
export const startScript = (file: string, ...args: string[]) => start([process.execPath, file, ...args], {})

/** A `trawl ingest` process. */
export const startIngest = (file: string, ...more: string[]) =>
  start([process.execPath, 'src/cli/index.ts', 'ingest', file, ...more], {})

/** A `trawl migrate` process. */
export const startMigration = (database: string) =>
  start([process.execPath, 'src/cli/index.ts', 'migrate'], { DATABASE_URL: `sqlite:${database}` })
