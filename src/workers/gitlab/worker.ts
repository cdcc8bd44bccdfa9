import { createRuntime } from '../runtime.ts'
import type { Shared } from './model.ts'
import { MARGIN_MS } from './reporter.ts'
import { crawlerPort } from './task.ts'

/** Why a worker is over; `message` says it to the operator. */
export interface Ending {
  reason: 'stopped' | 'server_shutdown' | 'unauthorized'
  message: string
}

export interface GitlabWorker {
  /** Leases nothing more, lets tasks finish their page, gives them back; resolves within `stopSeconds`. */
  stop(): Promise<void>
  /** Resolves when the worker has ended, asked to or not. */
  ended: Promise<Ending>
}

export interface WorkerOptions extends Omit<Shared, 'unauthorized'> {
  /** How long a stop may take, at most 30; default 28. */
  stopSeconds?: number
}

/** Starts the worker of gitlab-worker §2: the one runtime over the crawler API. */
export const startLoop = (options: WorkerOptions): GitlabWorker => {
  const { api, settings, clock, random, log } = options
  const stopMs = (options.stopSeconds ?? 28) * 1000
  const { promise: ended, resolve } = Promise.withResolvers<Ending>()
  let ending: Ending = { reason: 'stopped', message: 'stopped' }
  const endBy = (reason: Ending['reason'], message: string) => {
    ending = { reason, message }
    void stop()
  }

  const { port, run } = crawlerPort({
    ...options,
    unauthorized: () => endBy('unauthorized', 'the crawler API refuses the token (401): check CRAWLER_API_TOKEN'),
  })
  const runtime = createRuntime({
    port,
    run,
    clock,
    random,
    log,
    concurrency: settings.concurrency,
    leaseMs: settings.leaseSeconds * 1000,
    marginMs: MARGIN_MS,
    waitMs: settings.waitSeconds * 1000,
    firstBackoffMs: 1000,
    stopMs,
    // Two thirds for the page in flight, the rest for giving back.
    graceMs: (stopMs * 2) / 3,
  })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= runtime.stop().then(() => resolve(ending)))

  api.listen({
    cancelled: runtime.lost,
    shutdown() {
      log.info('the server is shutting down, so the worker stops')
      endBy('server_shutdown', 'the server is shutting down')
    },
  })
  runtime.start()
  return { stop, ended }
}
