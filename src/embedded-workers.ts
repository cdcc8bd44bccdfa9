import type { Trawl } from './app.ts'
import type { Platform } from './platform/index.ts'
import { allowOwnOrigin, startWebWorker } from './workers/web/index.ts'

/** A worker in this process: a client of the API like any other, without a network in between. */
interface EmbeddedWorker {
  stop(): Promise<void>
}
type Host = Pick<Platform, 'config' | 'clock' | 'log'>

/** Private addresses the web worker may reach: the demo shop on our own port, and what the configuration lists. */
const privateAddresses = (port: number, { demo, webWorkerAllow }: Host['config']) => {
  const own = allowOwnOrigin(port)
  return (host: string, at: number) => (demo && own(host, at)) || webWorkerAllow.includes(`${host}:${at}`)
}

const startWeb = ({ app }: Trawl, { config, clock, log }: Host): EmbeddedWorker | undefined => {
  if (!config.families.includes('gifty') || !config.internalToken) return undefined
  return startWebWorker({
    log,
    clock,
    origin: 'http://localhost',
    token: config.internalToken,
    fetch: (request) => app.handle(request),
    concurrency: config.embeddedWorkerConcurrency,
    allowPrivate: privateAddresses(Number(app.server?.port), config),
  })
}

/** The crawler family's reference worker (gitlab-worker §1). */
const startGitlab = async ({ app }: Trawl, { config, clock, log }: Host): Promise<EmbeddedWorker | undefined> => {
  const needs = !config.families.includes('crawler')
    ? 'the crawler family'
    : config.crawler.token
      ? undefined
      : 'CRAWLER_API_TOKEN'
  if (needs) {
    log.warn(`the embedded GitLab worker needs ${needs} and does not run`)
    return undefined
  }
  const { startGitlabWorker } = await import('./workers/gitlab/index.ts')
  return await startGitlabWorker({
    settings: config.gitlabWorker,
    url: 'http://localhost/api/internal2',
    token: config.crawler.token,
    fetch: (request) => app.handle(request),
    log,
    clock,
    // Ends before this process closes its open connections.
    stopSeconds: Math.max(1, config.shutdownTimeoutSeconds - 1),
  }).catch((error) => {
    log.error('the embedded GitLab worker does not run', { error })
    return undefined
  })
}

/** The workers of `EMBEDDED_WORKERS` that talk to the API. They give their leases back through the app, which needs no port for that. */
export const embeddedWorkers = (trawl: Trawl, host: Host) => {
  const { embeddedWorkers: wanted } = host.config
  const workers: EmbeddedWorker[] = []
  let stopped = false
  /** Keeps a worker for `stop`, which may have been called while it started. */
  const keep = async (worker: EmbeddedWorker | undefined) => {
    if (worker && stopped) await worker.stop()
    else if (worker) workers.push(worker)
  }
  return {
    async start() {
      if (wanted.includes('web')) await keep(startWeb(trawl, host))
      if (wanted.includes('gitlab')) await keep(await startGitlab(trawl, host))
    },
    async stop() {
      stopped = true
      await Promise.all(workers.map((worker) => worker.stop()))
    },
  }
}
