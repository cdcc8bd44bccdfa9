import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../../../src/platform/log.ts'
import { type GitlabWorker, type GitlabWorkerOptions, startGitlabWorker, TASK_TYPES } from '../../../src/workers/gitlab/index.ts'
import { systemDisk } from '../../../src/workers/gitlab/storage.ts'
import { createTestApp } from '../../support/app.ts'
import type { TestDatabase } from '../../support/databases.ts'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { GOOD_TOKEN, startGitlabDouble } from '../../support/gitlab-double.ts'
import { countedDisk, filesBelow, UNLIMITED } from './rig.ts'
import { steppingClock } from './stepping-clock.ts'

const AUTH = { authorization: 'Bearer dev-crawler-token' }
const ENV = {
  CRAWLER_RATE_LIMIT: '0',
  CRAWLER_PROGRESS_RATE_LIMIT: '0',
  ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 9).toString('base64')}`,
}
export const PROJECT = { resourceId: 'acme/tools' }
export const PAGES = 5

/** The real API with a worker of its own clock, over the app's own `handle`: the embedded mode. */
export const createReal = async (database: TestDatabase) => {
  const clock = steppingClock()
  const gitlab = startGitlabDouble({ now: clock.now, data: seedGitlab({ issues: PAGES * 100 }) })
  const env = { ...ENV, OUTBOUND_ALLOW: new URL(gitlab.origin).host }
  const app = await createTestApp(await database.fresh(), { clock, env })
  const root = mkdtempSync(join(tmpdir(), 'trawl-gitlab-real-'))
  const over = new AbortController()
  const workers: GitlabWorker[] = []
  // The sweep: lost leases are noticed within seconds (gitlab-crawler §10).
  const ticking = (async () => {
    while (!over.signal.aborted) {
      await clock.during(app.tick)
      await clock.sleep(4000, over.signal)
    }
  })()
  const send = async (method: string, path: string, body?: unknown) => {
    const answer = await clock.during(() => app.call(method, `/api/internal2${path}`, body, AUTH))
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const handle = (request: Request) => clock.during(async () => app.app.handle(request))
  const network = (request: Request) =>
    clock.during(async () => {
      const response = await fetch(request)
      return new Response(await response.arrayBuffer(), response)
    })
  const real = {
    app,
    clock,
    gitlab,
    send,
    network,
    handle,
    settings: {
      types: TASK_TYPES as readonly (typeof TASK_TYPES)[number][],
      concurrency: 3,
      leaseSeconds: 60,
      // A wait would be one inside the server, which stops this clock.
      waitSeconds: 0,
      outputDir: join(root, 'out'),
      requestTimeoutMs: 30_000,
      ratePerMinute: 1_000_000,
      burst: 1_000_000,
      maxRetries: 5,
      maxWaitSeconds: 900,
      progressIntervalMs: 0,
    },
    async start(more: Partial<GitlabWorkerOptions> = {}) {
      const worker = await startGitlabWorker({
        settings: real.settings,
        url: 'http://localhost/api/internal2',
        token: 'dev-crawler-token',
        fetch: handle,
        gitlabFetch: network,
        disk: countedDisk(systemDisk, clock.during),
        clock,
        random: () => 0.5,
        log: silentLog,
        ...more,
      })
      workers.push(worker)
      return worker
    },
    create: (id: string, type: string, options: object = {}, more: object = {}) =>
      send('POST', '/tasks', {
        type: 'task',
        data: {
          id,
          type,
          apiEndpoint: gitlab.endpoint,
          credentials: { accessToken: GOOD_TOKEN },
          options,
          rateLimits: UNLIMITED,
          ...more,
        },
      }),
    detail: async (id: string) => (await send('GET', `/tasks/${id}`)).data,
    progress: async (id: string) => (await send('GET', `/tasks/${id}/progress`)).data,
    /** Lets time pass until the task's status is one of these. */
    until: (id: string, ...statuses: string[]) =>
      clock.run(
        (async () => {
          for (;;) {
            const { status } = await real.detail(id)
            if (statuses.includes(status)) return status
            await clock.sleep(2000)
          }
        })(),
      ),
    result(id: string) {
      const files = Object.entries(filesBelow(join(root, 'out'))).filter(([path]) => path.includes(`/${id}/`))
      const manifest = JSON.parse(files.find(([path]) => path.endsWith('manifest.json'))?.[1] ?? 'null')
      const rows = manifest?.parts.flatMap(({ file, bytes }: any) => {
        const [, text] = files.find(([path]) => path.endsWith(`/${file}`)) as [string, string]
        return Buffer.from(text).subarray(0, bytes).toString().trimEnd().split('\n')
      })
      return { manifest, rows: rows?.map((row: string) => JSON.parse(row)) }
    },
    async stop() {
      over.abort()
      await clock.run(Promise.all([ticking, ...workers.map((worker) => worker.stop())]))
      await app.crawler?.streams.stop()
      await app.stop()
      await gitlab.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
  return real
}
export type Real = Awaited<ReturnType<typeof createReal>>
