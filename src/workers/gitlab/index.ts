import { hostname } from 'node:os'
import { type Clock, systemClock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import { messageOf } from '../runtime.ts'
import type { CrawlerApi } from './api/connection.ts'
import { httpApi } from './api/http.ts'
import { socketApi } from './api/socket.ts'
import type { Settings } from './model.ts'
import { createBuckets } from './source/credentials.ts'
import { type Disk, proveWritable, systemDisk } from './storage/disk.ts'
import { type GitlabWorker, startLoop } from './worker.ts'

export type { Settings } from './model.ts'
export { TASK_TYPES } from './model.ts'
export type { GitlabWorker } from './worker.ts'

export interface GitlabWorkerOptions {
  settings: Settings
  /** API base, ends in `/api/internal2`. */
  url: string
  token?: string | undefined
  /** Unix socket of the API instead of a token; HTTP only. */
  socket?: string | undefined
  transport?: 'http' | 'ws'
  /** The app's own `handle` when embedded. */
  fetch?: (request: Request) => Promise<Response> | Response
  log: Log
  clock?: Clock
  random?: () => number
  stopSeconds?: number
  /** Tests stand in for what is outside. */
  disk?: Disk
  gitlabFetch?: (request: Request) => Promise<Response> | Response
  api?: CrawlerApi
}

/** The worker cannot start; the text says what to change. */
export class WorkerUnusable extends Error {
  override name = 'WorkerUnusable'
}

/**
 * Starts the reference worker of the contract "GitLab worker", standalone or embedded (§1).
 * @throws WorkerUnusable when the output directory cannot be written
 */
export const startGitlabWorker = async (options: GitlabWorkerOptions): Promise<GitlabWorker> => {
  const { settings, clock = systemClock, random = Math.random, disk = systemDisk, token, url, socket } = options
  const log = options.log.child({ worker: 'gitlab' })
  const workerId =
    settings.workerId ?? `gitlab-${hostname().slice(0, 80)}-${process.pid}-${Bun.randomUUIDv7().replaceAll('-', '').slice(-8)}`
  try {
    await proveWritable(disk, settings.outputDir)
  } catch (error) {
    throw new WorkerUnusable(`WORKER_OUTPUT_DIR cannot be written: ${messageOf(error)}`)
  }
  const api =
    options.api ??
    (options.transport === 'ws'
      ? socketApi({ url, token, workerId, clock, random, log })
      : httpApi({ url, token, socket, fetch: options.fetch, clock, log }))
  return startLoop({
    api,
    settings,
    workerId,
    clock,
    random,
    log,
    disk,
    buckets: createBuckets(clock),
    fetch: options.gitlabFetch ?? ((request) => fetch(request)),
    ...(options.stopSeconds === undefined ? {} : { stopSeconds: options.stopSeconds }),
  })
}
