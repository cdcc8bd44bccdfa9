import { cron } from '@elysiajs/cron'
import { Elysia } from 'elysia'
import { createApp, type Trawl } from './app.ts'
import { VERSION } from './config.ts'
import { seedDemo, startSummary } from './development.ts'
import { embeddedWorkers } from './embedded-workers.ts'
import { databaseProblem } from './errors.ts'
import { attach, listenLocally } from './listener.ts'
import { createLifecycle, type Service } from './module.ts'
import { within } from './platform/clock.ts'
import type { Platform } from './platform/index.ts'
import type { Terminal } from './platform/log.ts'

/** Milliseconds between two attempts to reach the database before the work begins. */
const PREPARE_AGAIN_MS = 500

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
    everySecond({ watch: trawl.watch, dispatch: trawl.dispatch }, platform),
  ]
}

/** Milliseconds for which a stop waits for turns that run: they need the database that it closes in the end. */
const STOP_MS = 2000

/** Jobs that run every second. `protect` keeps a slow turn of a job from overlapping with its next one. */
export const everySecond = (
  turns: Record<string, () => Promise<unknown>>,
  { log, clock }: Pick<Platform, 'log' | 'clock'>,
): Service => {
  const jobs: { stop(): void }[] = []
  const running = new Set<Promise<void>>()
  let stopping = false
  const start = (turn: () => Promise<unknown>): Promise<void> => {
    const done = turn()
      .then(
        () => {},
        // One that the stop did not wait for any longer has lost its database.
        (error) => (stopping ? log.warn('a tick was ended by the stop', { error }) : log.error('a tick failed', { error })),
      )
      .finally(() => running.delete(done))
    running.add(done)
    return done
  }
  return {
    name: 'ticks',
    start() {
      for (const turn of Object.values(turns)) {
        const options = { name: 'tick', pattern: '* * * * * *', protect: true } as const
        jobs.push(new Elysia().use(cron({ ...options, run: () => start(turn) })).store.cron.tick)
      }
    },
    async stop() {
      stopping = true
      for (const job of jobs) job.stop()
      await within(Promise.all(running), STOP_MS, clock)
    },
  }
}

/**
 * Makes the app behind the open port and what runs in it. `start` begins the work, `stop` ends requests, work and connections; none of
 * them closes the platform.
 */
export const run = async (platform: Platform, server: Bun.Server<unknown>, origin: string, terminal: Terminal) => {
  const { config, db, log } = platform
  const trawl = createApp(platform)
  attach(trawl.app, server)
  const local =
    trawl.crawler && config.crawler.socket !== undefined ? listenLocally(config.crawler.socket, trawl.app.fetch) : undefined
  log.info('listening', { url: origin, version: VERSION, database: db.name, role: config.role })

  let requestsEnded: Promise<unknown> = Promise.resolve()
  const services = createLifecycle(
    servicesOf(trawl, platform, () => requestsEnded),
    log,
  )
  let summary: ReturnType<typeof startSummary> | undefined
  return {
    app: trawl.app,
    async start() {
      if (config.demo && trawl.gifty && (await seedDemo(trawl.gifty.services, origin)))
        log.info('demo shop seeded', { url: `${origin}/demo/shop` })
      if (trawl.state.stopping) return
      if (config.mode === 'development')
        summary = startSummary({ origin, gifty: trawl.gifty?.services, engine: trawl.engine, config, terminal })
      await services.start()
    },
    async stop() {
      trawl.state.stopping = true
      summary?.stop()
      // Stops accepting at once; open streams and polls are ended, so that nothing in flight lasts.
      requestsEnded = Promise.all([server.stop(), local?.stop()])
      await trawl.endConnections()
      await services.stop()
      // Without the services, because they had not started yet, the requests are waited for all the same.
      await requestsEnded
    },
    /** Cuts what has not ended in time. */
    cut() {
      server.stop(true)
      void local?.stop(true)
    },
  }
}
export type Running = Awaited<ReturnType<typeof run>>
