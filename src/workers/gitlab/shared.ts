import type { Clock } from '../../platform/clock.ts'
import type { Log } from '../../platform/log.ts'
import type { CrawlerApi } from './api/index.ts'
import type { Settings } from './settings.ts'
import type { Buckets } from './source/bucket.ts'
import type { Disk } from './storage/disk.ts'

/** What all tasks of a worker share. */
export interface Shared {
  api: CrawlerApi
  settings: Settings
  workerId: string
  clock: Clock
  random: () => number
  log: Log
  disk: Disk
  buckets: Buckets
  /** The network towards GitLab. */
  fetch: (request: Request) => Promise<Response> | Response
  /** The API does not know our token: the whole worker ends. */
  unauthorized(): void
}
