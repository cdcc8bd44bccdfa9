import { ConfigError, DEVELOPMENT_TOKENS } from '../config.ts'
import type { Log } from '../platform/log.ts'
import { startGitlabWorker, WorkerUnusable } from '../workers/gitlab/index.ts'
import { EXIT, type Io, tokenFor, UsageError } from './io.ts'

/** Options of the command line, which override the environment. */
export interface CommandOptions {
  server: string | undefined
  concurrency: number | undefined
  leaseSeconds: number | undefined
}

/**
 * Starts the GitLab worker of `trawl worker --kinds gitlab` (gitlab-worker §1). Undefined when it cannot work: the reason is on stderr,
 * and the exit code is 1.
 */
export const startGitlab = async (io: Io, log: Log, options: CommandOptions) => {
  try {
    const { apiUrl, apiSocket, transport, token, ...settings } = io.gitlabWorker()
    const url = options.server === undefined ? apiUrl : `${options.server}/api/internal2`
    if (url === undefined) throw new ConfigError(['WORKER_API_URL is required'])
    const worker = await startGitlabWorker({
      settings: {
        ...settings,
        concurrency: Math.min(options.concurrency ?? settings.concurrency, 50),
        leaseSeconds: Math.max(options.leaseSeconds ?? settings.leaseSeconds, 10),
      },
      url,
      transport,
      ...(apiSocket === undefined ? { token: tokenOf(url, token) } : { socket: apiSocket, token }),
      log,
      clock: io.clock,
    })
    return {
      stop: worker.stop,
      over: worker.ended.then(({ reason, message }) => {
        if (reason !== 'unauthorized') return EXIT.ok
        io.err(`trawl worker: ${message}\n`)
        return EXIT.rejected
      }),
    }
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof WorkerUnusable)) throw error
    io.err(`trawl worker: ${error.message}\n`)
    return undefined
  }
}

const tokenOf = (url: string, token: string | undefined): string => {
  try {
    return tokenFor(new URL(url).origin, token, DEVELOPMENT_TOKENS.CRAWLER_API_TOKEN)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new ConfigError(['CRAWLER_API_TOKEN or WORKER_API_SOCKET is required'])
  }
}
