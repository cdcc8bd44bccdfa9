import { afterAll, beforeAll, describe } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Services that a test starts for itself: on a free port, in a directory of their own, ended by their process id. The shared ones are never touched. */
export interface Service {
  url: string
  /** Ends it as its operator would, and waits for its end. */
  stop(): Promise<void>
  /** Ends it at once, without a word to anybody. */
  kill(): Promise<void>
  /** Starts it again on the same port and data; resolves when it answers. */
  start(): Promise<void>
  /** Stops its process in the middle of everything, so that connections stay open and nobody answers; `resume` lets it go on. */
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

/** What every service has in common: `command` runs it in the foreground, `answers` says whether it is there. */
const runService = async (
  name: string,
  made: (port: number, directory: string) => { url: string; command: string[]; answers(): Promise<boolean> },
): Promise<Service> => {
  const directory = mkdtempSync(join(tmpdir(), `trawl-${name}-`))
  const { url, command, answers } = made(await freePort(), directory)
  let child: ReturnType<typeof Bun.spawn> | undefined
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
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
    for (const deadline = Date.now() + START_MS; !(await answers().catch(() => false)); await Bun.sleep(20))
      if (started.exitCode !== null || Date.now() > deadline) throw new Error(`${name} did not start: ${command.join(' ')}`)
  }
  await start()
  return {
    url,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    freeze: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    async remove() {
      await end('SIGKILL')
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
