import { chmodSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import { markLocal } from './crawler/surface.ts'
import { StartError } from './errors.ts'

/** As the network listener: longer than the longest long poll. */
const IDLE_SECONDS = 120

const removeStale = (path: string) => {
  try {
    // A file that is not a socket may hold data: refuse to start instead of removing it.
    if (!lstatSync(path).isSocket()) throw new StartError(`${path} is there and no socket`)
    unlinkSync(path)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
  }
}

/** Whether the file of this name is still the same one: a server that was started later has put its own in its place. */
const isSame = (path: string, { dev, ino }: { dev: number; ino: number }): boolean => {
  const now = lstatSync(path, { throwIfNoEntry: false })
  return now?.dev === dev && now.ino === ino
}

/**
 * Serves the app on a Unix socket besides its port (gitlab-crawler §2): a request that comes here needs no token in the crawler
 * family. The file is the owner's alone (0600), a stale one is replaced, and it is gone after `stop`.
 */
export const listenLocally = (path: string, handle: (request: Request) => Response | Promise<Response>) => {
  removeStale(path)
  // Bun removes the name that it listened on when it stops, also if a newer server has it: so the file is renamed afterwards.
  const first = `${path}.${Math.random().toString(36).slice(2, 6)}`
  // Created under a mask, so that there is no moment in which others may connect.
  const before = process.umask(0o177)
  let server: ReturnType<typeof Bun.serve>
  try {
    server = Bun.serve({
      unix: first,
      idleTimeout: IDLE_SECONDS,
      fetch: (request: Request) => handle(markLocal(request)),
    } as never)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    throw new StartError(`CRAWLER_SOCKET ${path} cannot be made: its directory is missing or not writable (${code})`)
  } finally {
    process.umask(before)
  }
  chmodSync(first, 0o600)
  renameSync(first, path)
  const own = lstatSync(path)
  return {
    async stop(force = false) {
      await server.stop(force)
      if (isSame(path, own)) removeStale(path)
    },
  }
}
