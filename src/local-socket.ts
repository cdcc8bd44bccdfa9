import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { markLocal } from './crawler/surface.ts'

/** As the network listener: longer than the longest long poll. */
const IDLE_SECONDS = 120

const removeStale = (path: string) => {
  try {
    // A file that is no socket is somebody's: better not to start than to remove it.
    if (lstatSync(path).isSocket()) unlinkSync(path)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
  }
}

/**
 * Serves the app on a Unix socket besides its port (gitlab-crawler §2): a request that comes here needs no token in the crawler
 * family. The file is the owner's alone (0600), a stale one is replaced, and it is gone after `stop`.
 */
export const listenLocally = (path: string, handle: (request: Request) => Response | Promise<Response>) => {
  removeStale(path)
  // Created under a mask, so that there is no moment in which others may connect.
  const before = process.umask(0o177)
  let server: ReturnType<typeof Bun.serve>
  try {
    server = Bun.serve({
      unix: path,
      idleTimeout: IDLE_SECONDS,
      fetch: (request: Request) => handle(markLocal(request)),
    } as never)
  } finally {
    process.umask(before)
  }
  chmodSync(path, 0o600)
  return {
    async stop(force = false) {
      await server.stop(force)
      removeStale(path)
    },
  }
}
