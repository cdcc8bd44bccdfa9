import { cron } from '@elysiajs/cron'
import { Elysia } from 'elysia'
import { createApp, type Trawl } from './app.ts'
import { ConfigError, configFromProcess, VERSION } from './config.ts'
import { seedDemo, startSummary } from './development.ts'
import { embeddedWorkers } from './embedded-workers.ts'
import { databaseProblem } from './errors.ts'
import { listenLocally } from './local-socket.ts'
import { createLifecycle, type Service } from './module.ts'
import { createPlatform, type Platform } from './platform/index.ts'

/** Milliseconds from the open port to the first tick and the start of the workers: a first request needs neither. */
const WORK_AFTER_MS = 25
/** Milliseconds between two attempts to reach the database before the work begins. */
const PREPARE_AGAIN_MS = 500
/** Milliseconds after the deadline of a stop (8 s) for what still runs: together below the ten seconds before a SIGKILL. */
const STOP_MARGIN_MS = 1000

/** What the process runs besides its port, in the order in which it starts; the role selects. */
const servicesOf = (trawl: Trawl, platform: Platform, requestsEnded: () => Promise<unknown>): Service[] => {
  const { config, clock, log } = platform
  const { role } = config
  const { relay, runner, modules, keepsSchedules } = trawl
  const works = role === 'all' || role === 'worker'

  /** Waits for a database that is lost right after the start, as at any later time. */
  const prepare = async () => {
    while (!trawl.state.stopping) {
      try {
        return await trawl.prepare()
      } catch (error) {
        if (databaseProblem(error) !== 'unreachable') throw error
        log.warn('the work begins when the database answers', { error })
        await clock.sleep(PREPARE_AGAIN_MS)
      }
    }
  }
  const kinds = [
    ...(keepsSchedules ? trawl.kindsRunBy('scheduler') : []),
    ...(works && config.embeddedWorkers.includes('telegram') ? trawl.kindsRunBy('telegram') : []),
  ]
  const embedded = works ? embeddedWorkers(trawl, platform) : undefined
  return [
    { name: 'prepare', start: prepare },
    ...(relay ? [{ name: 'relay', ...(keepsSchedules && { start: relay.start }), stop: relay.stop }] : []),
    ...modules.map((module): Service => ({ name: module.name, start: () => module.start?.(), stop: () => module.stop?.() })),
    // What stands above works for requests, so it stops after the last one.
    {
      name: 'requests',
      async stop() {
        await requestsEnded()
      },
    },
    {
      name: 'workers',
      async start() {
        runner.start(kinds)
        await embedded?.start()
      },
      // Together: each may take most of the time that a stop has.
      async stop() {
        await Promise.all([runner.stop(), embedded?.stop()])
      },
    },
    everySecond('watch', trawl.watch, log),
    everySecond('dispatch', trawl.dispatch, log),
  ]
}

/** A cron job. `protect` keeps a slow turn from overlapping with the next. */
const everySecond = (name: string, run: () => Promise<unknown>, log: Platform['log']): Service => {
  let job: { stop(): void } | undefined
  return {
    name,
    start() {
      const options = { name: 'tick', pattern: '* * * * * *', protect: true } as const
      job = new Elysia().use(cron({ ...options, run, catch: (error) => log.error('a tick failed', { error }) })).store.cron.tick
    },
    stop: () => job?.stop(),
  }
}

const start = async () => {
  // From here on: without a handler process 1 of a container, as which it runs in the image, does not get a signal at all. Until there is
  // something to stop, it just ends.
  let stop = async (_signal: string): Promise<void> => process.exit(0)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal).catch(fail))

  const config = configFromProcess()
  const platform = await createPlatform(config, { version: VERSION })
  const { log } = platform
  const trawl = createApp(platform)

  trawl.app.listen({ port: config.port, hostname: config.host })
  const server = trawl.app.server
  if (!server) throw new Error('the server did not start')
  const origin = `http://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${server.port}`
  const local =
    trawl.crawler && config.crawler.socket !== undefined ? listenLocally(config.crawler.socket, trawl.app.fetch) : undefined

  log.info('listening', { url: origin, version: VERSION, database: platform.db.name, role: config.role })
  if (config.demo && trawl.gifty && (await seedDemo(trawl.gifty.services, origin)))
    log.info('demo shop seeded', { url: `${origin}/demo/shop` })
  const summary =
    config.mode === 'development'
      ? startSummary({ origin, gifty: trawl.gifty?.services, engine: trawl.engine, config })
      : undefined

  let requestsEnded: Promise<unknown> = Promise.resolve()
  const services = createLifecycle(
    servicesOf(trawl, platform, () => requestsEnded),
    log,
  )
  const later = setTimeout(() => services.start().catch(fail), WORK_AFTER_MS)

  /** SIGTERM: stop accepting, finish, release leases, close streams, exit 0 within ten seconds. */
  stop = async (signal) => {
    if (trawl.state.stopping) return
    trawl.state.stopping = true
    log.info('stopping', { signal })
    summary?.stop()
    const deadline = setTimeout(() => {
      log.warn('requests in flight did not end in time')
      server.stop(true)
      void local?.stop(true)
      // With the database gone, leases cannot be given back: they expire by themselves, and the process still ends in time.
      setTimeout(() => process.exit(0), STOP_MARGIN_MS)
    }, config.shutdownTimeoutSeconds * 1000)
    clearTimeout(later)
    // Stops accepting at once; open streams and polls are ended, so that nothing in flight lasts.
    requestsEnded = Promise.all([server.stop(), local?.stop()])
    await trawl.endConnections()
    await services.stop()
    // Without the services, because they had not started yet, the requests are waited for all the same.
    await requestsEnded
    clearTimeout(deadline)
    await platform.close()
    log.info('stopped', {})
    process.exit(0)
  }
}

const fail = (error: unknown) => {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`)
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
}

start().catch(fail)
