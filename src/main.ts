import { cron } from '@elysiajs/cron'
import { Elysia } from 'elysia'
import { createApp } from './app.ts'
import { ConfigError, configFromProcess } from './config.ts'
import { seedDemo } from './demo-source.ts'
import { listenLocally } from './local-socket.ts'
import { databaseProblem } from './platform/db/problems.ts'
import { createPlatform } from './platform/index.ts'
import { startSummary } from './summary.ts'
import { VERSION } from './version.ts'
import { allowOwnOrigin, startWebWorker } from './workers/web/index.ts'

/** When the clockwork and the workers begin, after the port is open. */
const WORK_AFTER_MS = 25
/** How soon an unreachable database is asked again before the work begins. */
const PREPARE_AGAIN_MS = 500
/** What is left after the deadline of a stop: eight seconds and this stay below ten. */
const LAST_WORD_MS = 1000
/** How often worker sockets are looked at: pings, silence, leases that have ended. */
const SOCKET_SWEEP_MS = 1000

const start = async () => {
  const config = configFromProcess()
  const platform = await createPlatform(config, { version: VERSION })
  const { log, clock } = platform
  const trawl = createApp(platform)

  trawl.app.listen({ port: config.port, hostname: config.host })
  const server = trawl.app.server
  if (!server) throw new Error('the server did not start')
  const port = Number(server.port)
  const origin = `http://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${port}`

  const local =
    trawl.crawler && config.crawler.socket !== undefined ? listenLocally(config.crawler.socket, trawl.app.fetch) : undefined

  const pings = setInterval(() => trawl.services.sockets.sweep(), SOCKET_SWEEP_MS)

  log.info('listening', { url: origin, version: VERSION, database: platform.db.name, role: config.role })
  if (config.demo && config.families.includes('gifty') && (await seedDemo(trawl.services, origin)))
    log.info('demo shop seeded', { url: `${origin}/demo/shop` })
  const summary =
    config.mode === 'development' ? startSummary({ origin, services: trawl.services, engine: trawl.engine, config }) : undefined

  let clockwork: { stop(): void }[] = []
  let workers: { stop(): Promise<void> }[] = []
  /** A database that goes away right after the start is waited for, as it is at any later time. */
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
  const work = async () => {
    await prepare()
    if (trawl.state.stopping) return
    clockwork = [everySecond(trawl.watch), everySecond(trawl.dispatch)]
    const schedules = config.role !== 'api' && config.role !== 'worker'
    if (schedules) trawl.relay?.start()
    const works = config.role !== 'api' && config.role !== 'scheduler'
    trawl.runner.start([
      ...(schedules && config.families.includes('gifty') ? Object.keys(trawl.services.handlers) : []),
      ...(schedules ? (trawl.loveParser?.kindsOf.scheduler ?? []) : []),
      ...(works && config.embeddedWorkers.includes('telegram') ? (trawl.loveParser?.kindsOf.telegram ?? []) : []),
    ])
    if (config.role !== 'api' && config.families.includes('gifty')) trawl.services.search.embedding.start()
    workers =
      works && config.embeddedWorkers.includes('web') && config.families.includes('gifty') && config.internalToken
        ? [
            startWebWorker({
              log,
              clock,
              origin: 'http://localhost',
              token: config.internalToken,
              fetch: (request) => trawl.app.handle(request),
              concurrency: config.embeddedWorkerConcurrency,
              allowPrivate: allowed(port, config),
            }),
          ]
        : []
    if (works && config.embeddedWorkers.includes('gitlab')) await startGitlab()
  }
  /** `protect` keeps a slow turn from overlapping with the next. */
  const everySecond = (run: () => Promise<unknown>) =>
    new Elysia().use(
      cron({
        name: 'tick',
        pattern: '* * * * * *',
        protect: true,
        run,
        catch: (error) => log.error('a tick failed', { error }),
      }),
    ).store.cron.tick
  /** The crawler family's reference worker (gitlab-worker §1): a client like any other, without a network in between. */
  const startGitlab = async () => {
    if (!config.families.includes('crawler'))
      return log.warn('the embedded GitLab worker needs the crawler family and does not run')
    if (!config.crawler.token) return log.warn('the embedded GitLab worker needs CRAWLER_API_TOKEN and does not run')
    const { startGitlabWorker } = await import('./workers/gitlab/index.ts')
    try {
      const worker = await startGitlabWorker({
        settings: config.gitlabWorker,
        url: 'http://localhost/api/internal2',
        token: config.crawler.token,
        fetch: (request) => trawl.app.handle(request),
        log,
        clock,
        // Ends before this process cuts off what is in flight.
        stopSeconds: Math.max(1, config.shutdownTimeoutSeconds - 1),
      })
      workers.push(worker)
      if (trawl.state.stopping) await worker.stop()
    } catch (error) {
      log.error('the embedded GitLab worker does not run', { error })
    }
  }
  // A third of the start's time that no first request needs.
  const later = setTimeout(() => work().catch(fail), WORK_AFTER_MS)

  /** SIGTERM: stop accepting, finish, release leases, close streams, exit 0 within ten seconds. */
  const stop = async (signal: string) => {
    if (trawl.state.stopping) return
    trawl.state.stopping = true
    log.info('stopping', { signal })
    summary?.stop()
    const deadline = setTimeout(() => {
      log.warn('requests in flight did not end in time')
      server.stop(true)
      void local?.stop(true)
      // With the database gone, leases cannot be given back: they expire by themselves, and the process still ends in time.
      setTimeout(() => process.exit(0), LAST_WORD_MS)
    }, config.shutdownTimeoutSeconds * 1000)
    clearTimeout(later)
    for (const part of clockwork) part.stop()
    clearInterval(pings)
    // Stops accepting at once; who waits for tasks is answered, so that nothing in flight lasts.
    const closed = server.stop()
    const closedLocally = local?.stop()
    trawl.dispatcher.close()
    await trawl.crawler?.streams.stop()
    trawl.loveParser?.progress.stop()
    // Leases go back through the app itself, which needs no port for that.
    await Promise.all([trawl.runner.stop(), ...workers.map((worker) => worker.stop())])
    await trawl.loveParser?.gateway.close()
    trawl.services.sockets.stop()
    await Promise.all([closed, closedLocally])
    await trawl.stickers?.telegram.flush()
    await trawl.services.search.stop()
    await trawl.relay?.stop()
    clearTimeout(deadline)
    await platform.close()
    log.info('stopped', {})
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal).catch(fail))
}

/** Private addresses the web worker may reach: the demo shop on our own port, and what the configuration lists. */
const allowed = (port: number, config: { demo: boolean; webWorkerAllow: readonly string[] }) => {
  const own = allowOwnOrigin(port)
  return (host: string, at: number) => (config.demo && own(host, at)) || config.webWorkerAllow.includes(`${host}:${at}`)
}

const fail = (error: unknown) => {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`)
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
}

start().catch(fail)
