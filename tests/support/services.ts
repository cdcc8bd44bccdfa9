import { afterAll, beforeAll, describe } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'

/** Services that a test starts for itself: on a free port, in a directory of their own, ended by their process id. The shared ones are never touched. */
export interface Service {
  url: string
  /** Ends it as its operator would, and waits for its end. */
  stop(): Promise<void>
  /** Ends it at once, whatever is under way. */
  kill(): Promise<void>
  /** Starts it again on the same port and data; resolves when it answers. */
  start(): Promise<void>
  /** Stops its process in the middle of everything, so that connections stay open without answers; `resume` continues it. */
  freeze(): void
  resume(): void
  /** Ends it and removes its data. To be called at the end of the test. */
  remove(): Promise<void>
}

const START_MS = 60_000

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

interface Made {
  url: string
  command: string[]
  answers(): Promise<boolean>
  /** What its operator would send for a stop and for an end at once, where that is not the usual. */
  signals?: { stop: NodeJS.Signals; kill: NodeJS.Signals }
}

/** What every service has in common: `command` runs it in the foreground, `answers` says whether it is there. */
const runService = async (name: string, made: (port: number, directory: string) => Made): Promise<Service> => {
  const directory = mkdtempSync(join(tmpdir(), `trawl-${name}-`))
  const { url, command, answers, signals = { stop: 'SIGTERM', kill: 'SIGKILL' } } = made(await freePort(), directory)
  let child: ReturnType<typeof Bun.spawn> | undefined
  const end = async (signal: NodeJS.Signals) => {
    if (!child) return
    child.kill('SIGCONT')
    child.kill(signal)
    await child.exited
    child = undefined
  }
  const start = async () => {
    if (child) return
    const started = Bun.spawn(command, { cwd: directory, stdout: 'ignore', stderr: 'ignore' })
    child = started
    const isUp = () => answers().catch(() => false)
    await eventually(async () => started.exitCode !== null || (await isUp()), Boolean, START_MS)
    if (started.exitCode !== null) throw new Error(`${name} did not start: ${command.join(' ')}`)
  }
  await start()
  return {
    url,
    start,
    stop: () => end(signals.stop),
    kill: () => end(signals.kill),
    freeze: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    async remove() {
      await end(signals.kill)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Says PING over a connection of its own. */
const redisAnswers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const give = (answer: boolean) => {
      clearTimeout(timer)
      resolve(answer)
    }
    const timer = setTimeout(give, 500, false)
    Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: (socket) => void socket.write('PING\r\n'),
        data(socket, data) {
          give(data.toString().startsWith('+PONG'))
          socket.end()
        },
        error: () => give(false),
        close: () => give(false),
      },
    }).catch(() => give(false))
  })

/** A Redis without persistence: what a start finds is empty, as after a lost machine. */
export const startRedis = (): Promise<Service> =>
  runService('redis', (port, directory) => ({
    url: `redis://127.0.0.1:${port}`,
    command: [
      'redis-server',
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--dir',
      directory,
      '--save',
      '',
      '--appendonly',
      'no',
    ],
    answers: () => redisAnswers(port),
  }))

/** A suite over a Redis of its own. Where none is installed it is skipped, and says so. */
export const onPrivateRedis = (name: string, suite: (redis: Service) => void): void => {
  if (!Bun.which('redis-server')) {
    console.warn(`skipped: ${name} (redis-server is not installed)`)
    return
  }
  describe(name, () => {
    const lazy: { service?: Service } = {}
    afterAll(() => lazy.service?.remove())
    const service = (): Service => {
      if (!lazy.service) throw new Error('the suite has not begun')
      return lazy.service
    }
    beforeAll(async () => {
      lazy.service = await startRedis()
    })
    suite({
      get url() {
        return service().url
      },
      start: () => service().start(),
      stop: () => service().stop(),
      kill: () => service().kill(),
      freeze: () => service().freeze(),
      resume: () => service().resume(),
      remove: () => service().remove(),
    })
  })
}

const POSTGRES = [...new Bun.Glob('/usr/lib/postgresql/*/bin').scanSync({ cwd: '/', onlyFiles: false, absolute: true })]
  .sort()
  .at(-1)
export const hasPostgres = POSTGRES !== undefined
/** The server refuses to be root. */
const asPostgres = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : []

/** A Postgres with a cluster of its own. Its commits are durable, as those of production. */
export const startPostgres = (): Promise<Service> =>
  runService('postgres', (port, directory) => {
    const data = join(directory, 'data')
    if (asPostgres.length > 0) Bun.spawnSync(['chown', 'postgres', directory])
    const made = Bun.spawnSync([
      ...asPostgres,
      `${POSTGRES}/initdb`,
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '--locale=C',
      '-E',
      'UTF8',
    ])
    if (made.exitCode !== 0) throw new Error(`initdb: ${made.stderr}`)
    return {
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      command: [...asPostgres, `${POSTGRES}/postgres`, '-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', directory],
      // `pg_ctl stop -m fast` and `-m immediate`. SIGTERM waits for every client to leave, and a server with a pool never does.
      signals: { stop: 'SIGINT', kill: 'SIGQUIT' },
      answers: async () => Bun.spawnSync([`${POSTGRES}/pg_isready`, '-q', '-h', '127.0.0.1', '-p', String(port)]).exitCode === 0,
    }
  })
