import { ConfigError, configFromProcess, nearMissesOfProcess, VERSION } from './config.ts'
import { StartError } from './errors.ts'
import { openPort } from './listener.ts'
import { lockDatabase } from './platform/db/open.ts'
import { createPlatform, type Platform } from './platform/index.ts'
import { createTerminal } from './platform/log.ts'
import type { Running } from './run.ts'

/** Milliseconds from the open port to the app and its work, unless a request needs the app before. */
const WORK_AFTER_MS = 25
/** Milliseconds after the deadline of a stop (8 s) for what still runs: together below the ten seconds before a SIGKILL. */
const STOP_MARGIN_MS = 1000

/** Runs the server until a signal stops it; ends the process. */
export const serve = async (): Promise<void> => {
  // From here on: without a handler process 1 of a container, as which it runs in the image, does not get a signal at all. Until there is
  // something to stop, it just ends.
  let stop = async (_signal: string): Promise<void> => process.exit(0)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal).catch(fail))

  const config = configFromProcess()
  // Before anything is migrated or taken over.
  const lock = lockDatabase(config.database.url)
  const terminal = createTerminal()
  const platform = await createPlatform(config, { version: VERSION, terminal })
  const { log } = platform
  for (const text of nearMissesOfProcess()) log.warn(text)

  let made: Promise<Running> | undefined
  /** The app and what runs in it, loaded after the port is open: a process that was just started can say that it is there. */
  const running = (): Promise<Running> => {
    made ??= import('./run.ts').then(({ run }) => run(platform, server, origin, terminal))
    return made
  }
  const server = open(platform, async () => (await running().catch(fail)).app)
  const origin = `http://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${server.port}`
  const later = setTimeout(() => {
    running()
      .then((process) => process.start())
      .catch(fail)
  }, WORK_AFTER_MS)

  /** SIGTERM: stop accepting, finish, release leases, close streams, exit 0 within ten seconds. */
  let stopping = false
  stop = async (signal) => {
    if (stopping) return
    stopping = true
    log.info('stopping', { signal })
    clearTimeout(later)
    const run = await running()
    const deadline = setTimeout(() => {
      log.warn('requests in flight did not end in time')
      run.cut()
      // With the database gone, leases cannot be given back: they expire by themselves, and the process still ends in time.
      setTimeout(() => process.exit(0), STOP_MARGIN_MS)
    }, config.shutdownTimeoutSeconds * 1000)
    await run.stop()
    clearTimeout(deadline)
    await platform.close()
    lock?.release()
    log.info('stopped', {})
    process.exit(0)
  }
}

/** Opens the port that is configured. @throws StartError when it cannot be had */
const open = (platform: Platform, app: Parameters<typeof openPort>[1]) => {
  const { port, host } = platform.config
  try {
    return openPort(platform, app, { port, hostname: host })
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'EADDRINUSE') throw new StartError(`Port ${port} is in use: stop what listens there, or set PORT to another one`)
    if (code === 'EADDRNOTAVAIL') throw new StartError(`${host} is no address of this machine: HOST names it`)
    if (code === 'EACCES' || code === 'EPERM')
      throw new StartError(`This user may not listen on port ${port}: set PORT to 1024 or more`)
    throw error
  }
}

/** Ends the process: what its user can mend is one sentence, anything else has its stack. */
export const fail = (error: unknown): never => {
  if (error instanceof ConfigError || error instanceof StartError) process.stderr.write(`${error.message}\n`)
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
}
