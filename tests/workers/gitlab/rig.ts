import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../../src/platform/log.ts'
import { type GitlabWorkerOptions, startGitlabWorker, TASK_TYPES } from '../../../src/workers/gitlab/index.ts'
import { type Disk, systemDisk } from '../../../src/workers/gitlab/storage.ts'
import { API_TOKEN, crawlerApiDouble } from '../../support/crawler-api-double.ts'
import { type GitlabOptions, GOOD_TOKEN, startGitlabDouble } from '../../support/gitlab-double.ts'
import { steppingClock } from './stepping-clock.ts'

export const UNLIMITED = { requestsPerMinute: 60_000_000, burstLimit: 1_000_000 }

export interface RigOptions {
  gitlab?: GitlabOptions
  settings?: Partial<GitlabWorkerOptions['settings']>
  maxAttempts?: number
}

/** A worker, a GitLab on a port, a crawler API in memory, and a clock that moves when all of them wait. */
export const createRig = async ({ gitlab: gitlabOptions = {}, settings = {}, maxAttempts = 3 }: RigOptions = {}) => {
  const clock = steppingClock()
  const root = mkdtempSync(join(tmpdir(), 'trawl-gitlab-'))
  const gitlab = startGitlabDouble({ now: clock.now, ...gitlabOptions })
  const api = crawlerApiDouble({ clock, maxAttempts })
  const log: string[] = []
  const workers: Awaited<ReturnType<typeof startGitlabWorker>>[] = []
  let tasks = 0

  const rig = {
    clock,
    root,
    gitlab,
    api,
    log,
    output: join(root, 'out'),
    /** The GitLab side's network, counted so that the clock stands still while an answer is on its way. */
    network: (request: Request) =>
      clock.during(async () => {
        const response = await fetch(request)
        const bytes = await response.arrayBuffer()
        return new Response([204, 205, 304].includes(response.status) ? null : bytes, response)
      }),
    disk: countedDisk(systemDisk, clock.during),
    settings: {
      types: TASK_TYPES,
      concurrency: 3,
      leaseSeconds: 60,
      waitSeconds: 20,
      outputDir: join(root, 'out'),
      requestTimeoutMs: 30_000,
      ratePerMinute: 300,
      burst: 10,
      maxRetries: 5,
      maxWaitSeconds: 900,
      progressIntervalMs: 1000,
      ...settings,
    },
    async start(more: Partial<GitlabWorkerOptions> = {}) {
      const worker = await startGitlabWorker({
        settings: rig.settings,
        url: 'http://api.test/api/internal2',
        token: API_TOKEN,
        fetch: (request) => api.handle(request),
        gitlabFetch: rig.network,
        outboundAllow: [new URL(gitlab.origin).host],
        disk: rig.disk,
        clock,
        random: () => 0.5,
        log: createLog({ level: 'debug', now: clock.now, write: (line) => void log.push(line) }),
        ...more,
      })
      workers.push(worker)
      return worker
    },
    /** Creates a task; without rateLimits it is not slowed down. */
    task(type: string, options: object = {}, more: object = {}) {
      return api.create({
        id: `task-${++tasks}`,
        type,
        apiEndpoint: gitlab.endpoint,
        credentials: { accessToken: GOOD_TOKEN },
        options,
        rateLimits: UNLIMITED,
        ...more,
      })
    },
    /** Starts a worker if none runs, and lets time pass until the task has ended. */
    async finish(id: string, ...statuses: Parameters<typeof api.until>[1][]) {
      if (workers.length === 0) await rig.start()
      await clock.run(api.until(id, ...(statuses.length > 0 ? statuses : (['completed', 'failed'] as const))))
      return api.task(id)
    },
    /** Everything below the storage root, by its path. */
    files: () => filesBelow(rig.output),
    manifest(id: string) {
      const found = Object.entries(rig.files()).find(([path]) => path.includes(`/${id}/`) && path.endsWith('manifest.json'))
      return found ? JSON.parse(found[1]) : undefined
    },
    /** The lines of a task's result, as its manifest says. */
    lines(id: string): string[] {
      const files = Object.entries(rig.files()).filter(([path]) => path.includes(`/${id}/`))
      return rig.manifest(id).parts.flatMap(({ file, bytes }: any) => {
        const [, text] = files.find(([path]) => path.endsWith(`/${file}`)) as [string, string]
        return Buffer.from(text).subarray(0, bytes).toString().split('\n').slice(0, -1)
      })
    },
    items: (id: string): any[] => rig.lines(id).map((line) => JSON.parse(line)),
    async stop() {
      await clock.run(Promise.all(workers.map((worker) => worker.stop())))
      await gitlab.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
  return rig
}
export type Rig = Awaited<ReturnType<typeof createRig>>

/** A network on which this page is answered only after `go`; `held` resolves when it is asked for. */
export const holdAt = (rig: Rig, page: string) => {
  let asked = () => {}
  let go = () => {}
  const held = new Promise<void>((resolve) => {
    asked = resolve
  })
  const open = new Promise<void>((resolve) => {
    go = resolve
  })
  const network = async (request: Request): Promise<Response> => {
    if (new URL(request.url).searchParams.get('page') === page) {
      asked()
      await Promise.race([open, new Promise((resolve) => request.signal.addEventListener('abort', resolve))])
      request.signal.throwIfAborted()
    }
    return rig.network(request)
  }
  return { held, go, network }
}

export const countedDisk = (disk: Disk, during: <T>(work: () => Promise<T>) => Promise<T>): Disk => ({
  makeDirectory: (path) => during(() => disk.makeDirectory(path)),
  write: (path, position, bytes) => during(() => disk.write(path, position, bytes)),
  size: (path) => during(() => disk.size(path)),
  replace: (path, bytes, writer, proceed) => during(() => disk.replace(path, bytes, writer, proceed)),
})

export const filesBelow = (directory: string): Record<string, string> => {
  const found: Record<string, string> = {}
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inner = join(path, entry.name)
      if (entry.isDirectory()) visit(inner)
      else found[inner] = readFileSync(inner, 'utf8')
    }
  }
  visit(directory)
  return found
}
export const hashOf = (rows: unknown[]): string => Bun.SHA256.hash(rows.map((row) => JSON.stringify(row)).join('\n'), 'hex')
