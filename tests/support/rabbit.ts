import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const START_MS = 90_000
/** Debian's own command changes to a user who may not read the test's directory; behind it is the plain one. */
const PLAIN_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server'
const serverCommand = () => (existsSync(PLAIN_SERVER) ? PLAIN_SERVER : 'rabbitmq-server')

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
const answers = (port: number): Promise<boolean> =>
  Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {}, error() {} } }).then(
    (socket) => {
      socket.end()
      return true
    },
    () => false,
  )

/** Whether a RabbitMQ node of one's own can be started here. */
export const hasRabbit = () => Bun.which('rabbitmq-server') !== null

/**
 * A RabbitMQ node of the test's own: own ports, name, directories and epmd. It takes several seconds to start and is stopped
 * only through its own process ids.
 */
export const startRabbit = async () => {
  const home = mkdtempSync(join(tmpdir(), 'trawl-rabbit-'))
  const [port, distPort, epmdPort] = [await freePort(), await freePort(), await freePort()]
  const pidFile = join(home, 'pid')
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    RABBITMQ_NODENAME: `trawl${port}@localhost`,
    // Instead of the machine's: those name the ports of its own node.
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(home, 'env.conf'),
    RABBITMQ_DIST_PORT: String(distPort),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_MNESIA_BASE: join(home, 'data'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_PID_FILE: pidFile,
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-setcookie trawl${port} +S 1:1`,
  }
  for (const name of ['data', 'log']) mkdirSync(join(home, name))
  await Bun.write(join(home, 'plugins'), '[].\n')
  await Bun.write(join(home, 'env.conf'), '')
  await Bun.write(join(home, 'rabbitmq.conf'), `listeners.tcp.1 = 127.0.0.1:${port}\n`)
  // Its own: the node would otherwise start one that outlives it.
  const epmd = Bun.spawn(['epmd', '-port', String(epmdPort), '-address', '127.0.0.1'], { stdout: 'ignore', stderr: 'ignore' })
  let server: ReturnType<typeof Bun.spawn> | undefined
  /** The Erlang machine; the script that starts it may have another. */
  const nodePid = (): number | undefined => {
    try {
      return Number(readFileSync(pidFile, 'utf8').trim()) || undefined
    } catch {
      return undefined
    }
  }
  const start = async () => {
    rmSync(pidFile, { force: true })
    server = Bun.spawn([serverCommand()], { env, stdout: 'ignore', stderr: 'ignore' })
    for (const deadline = Date.now() + START_MS; !(await answers(port)); await Bun.sleep(100)) {
      if (server.exitCode !== null) throw new Error(`rabbitmq-server ended with ${server.exitCode}`)
      if (Date.now() > deadline) throw new Error('rabbitmq-server did not start in time')
    }
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const pid = nodePid()
    if (pid !== undefined)
      try {
        process.kill(pid, signal)
      } catch {
        // Ended by itself.
      }
    else server?.kill(signal)
    await server?.exited
  }
  const remove = async () => {
    await end('SIGKILL')
    epmd.kill('SIGKILL')
    await epmd.exited
    rmSync(home, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await remove()
    throw error
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    port,
    start,
    /** Ends the node as an operator would, or at once: what it has confirmed is on its disk either way. */
    stop: ({ hard = false } = {}) => end(hard ? 'SIGKILL' : 'SIGTERM'),
    /** A command of `rabbitmqctl` for this node. */
    async ctl(...args: string[]) {
      const done = Bun.spawn(['rabbitmqctl', '-n', env.RABBITMQ_NODENAME, '--erlang-cookie', `trawl${port}`, ...args], {
        env,
        stdout: 'pipe',
        stderr: 'pipe',
      })
      if ((await done.exited) !== 0) throw new Error(await new Response(done.stderr).text())
      return new Response(done.stdout).text()
    },
    remove,
  }
}
export type Rabbit = Awaited<ReturnType<typeof startRabbit>>
