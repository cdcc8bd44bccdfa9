import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/platform/clock.ts'
import { API_TOKEN, type CrawlerApiDouble, crawlerApiDouble } from '../../support/crawler-api-double.ts'
import { seedGitlab } from '../../support/gitlab-data.ts'
import { type GitlabDouble, GOOD_TOKEN, startGitlabDouble } from '../../support/gitlab-double.ts'
import { packedBlanks } from '../../support/packed-blanks.ts'
import { filesBelow, hashOf, UNLIMITED } from './rig.ts'

const CLI = join(import.meta.dir, '../../../src/cli/index.ts')

let api: CrawlerApiDouble
let gitlab: GitlabDouble
let served: ReturnType<CrawlerApiDouble['serve']>
let root: string
const alive = new Set<ReturnType<typeof Bun.spawn>>()

beforeEach(() => {
  // Time as it is, an hour ahead on demand: expired leases are not waited for.
  let ahead = 0
  api = crawlerApiDouble({ clock: { now: () => systemClock.now() + ahead, sleep: systemClock.sleep } })
  skip = (ms) => {
    ahead += ms
  }
  gitlab = startGitlabDouble({ data: seedGitlab({ issues: 500 }) })
  served = api.serve()
  root = mkdtempSync(join(tmpdir(), 'trawl-gitlab-cli-'))
})
afterEach(async () => {
  for (const child of alive) child.kill('SIGKILL')
  await Promise.all([...alive].map((child) => child.exited))
  await served.stop()
  await gitlab.stop()
  rmSync(root, { recursive: true, force: true })
})
let skip: (ms: number) => void = () => {}

const spawn = (env: Record<string, string> = {}, ...more: string[]) => {
  const child = Bun.spawn([process.execPath, CLI, 'worker', '--kinds', 'gitlab', ...more], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: root,
      LOG_LEVEL: 'debug',
      WORKER_API_URL: served.url,
      CRAWLER_API_TOKEN: API_TOKEN,
      OUTBOUND_ALLOW: new URL(gitlab.origin).host,
      WORKER_PROGRESS_INTERVAL_MS: '0',
      ...env,
    },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  alive.add(child)
  void child.exited.then(() => alive.delete(child))
  return { child, out: new Response(child.stdout).text(), err: new Response(child.stderr).text() }
}
const create = () =>
  api.create({
    id: 'task',
    type: 'FETCH_ISSUES',
    apiEndpoint: gitlab.endpoint,
    credentials: { accessToken: GOOD_TOKEN },
    options: { resourceId: 'acme/tools' },
    rateLimits: UNLIMITED,
  }).id
/** GitLab is asked for the page, and answers after `go`. */
const holdAt = (page: number) => {
  let go = () => {}
  const open = new Promise<void>((resolve) => {
    go = resolve
  })
  const held = new Promise<void>((resolve) => {
    gitlab.on = ({ query }) => {
      if (Number(query.get('page')) !== page) return undefined
      resolve()
      return open.then(() => undefined as never)
    }
  })
  return { held, go }
}
const result = () => {
  const files = Object.entries(filesBelow(join(root, 'data/crawl')))
  const manifest = JSON.parse(files.find(([path]) => path.endsWith('manifest.json'))?.[1] as string)
  const rows = manifest.parts.flatMap(({ file, bytes }: any) => {
    const [, text] = files.find(([path]) => path.endsWith(`/${file}`)) as [string, string]
    return Buffer.from(text).subarray(0, bytes).toString().trimEnd().split('\n')
  })
  return { manifest, rows: rows.map((row: string) => JSON.parse(row)) }
}

describe('trawl worker --kinds gitlab', () => {
  for (const transport of ['http', 'ws'])
    test(`gitlab-worker §9.11: processes killed with -9 in the middle of pages 1 and 3, stopped in page 4 (${transport})`, async () => {
      const id = create()
      const env = { WORKER_TRANSPORT: transport }
      for (const page of [1, 3]) {
        const { held } = holdAt(page)
        const { child } = spawn(env)
        await held
        child.kill('SIGKILL')
        await child.exited
        skip(3_600_000)
        api.sweep()
        skip(3_600_000)
      }
      // The last but one is asked to stop in the middle of page 4, which it finishes; that counts as no attempt.
      const { held, go } = holdAt(4)
      const third = spawn(env)
      await held
      third.child.kill('SIGTERM')
      go()
      expect(await third.child.exited).toBe(0)
      expect(api.task(id)).toMatchObject({ status: 'queued', attempts: 2 })
      const last = spawn(env)
      await api.until(id, 'completed')
      last.child.kill('SIGTERM')
      expect(await last.child.exited).toBe(0)
      const { manifest, rows } = result()
      expect(manifest.items).toBe(500)
      expect(hashOf(rows)).toBe(hashOf(gitlab.data.issues.get(101) as any[]))
      expect(await last.out).toContain('task completed')
      for (const text of await Promise.all([third.out, third.err, last.out, last.err])) {
        expect(text).not.toContain(GOOD_TOKEN)
        expect(text).not.toContain(API_TOKEN)
      }
    }, 300_000)

  test('gitlab-worker §9.14: SIGTERM gives the task back and ends with 0', async () => {
    const id = create()
    const asked = new Promise<void>((resolve) => {
      gitlab.on = ({ query }) => {
        if (query.get('page') === '2') resolve()
        return undefined
      }
    })
    const { child, out } = spawn({ WORKER_RATE_PER_MINUTE: '60', WORKER_BURST: '1' })
    Object.assign(api.task(id).data, { rateLimits: undefined })
    await asked
    child.kill('SIGTERM')
    expect(await child.exited).toBe(0)
    expect(api.task(id)).toMatchObject({ status: 'queued', attempts: 0, resumeState: { v: 1 } })
    expect(await out).toContain('task given back')
  }, 300_000)

  test('security H3: a packed bomb on page 2 is left out as too large, on a connection that is kept alive', async () => {
    const bomb = await packedBlanks(4)
    const id = create()
    let answered = 0
    gitlab.on = ({ query }) => {
      const size = Number(query.get('per_page'))
      const first = (Number(query.get('page')) - 1) * size
      if (!(first <= 150 && 150 < first + size)) return undefined
      answered++
      return new Response(bomb, { headers: { 'content-encoding': 'br', 'content-type': 'application/json' } })
    }
    const { child } = spawn()
    await api.until(id, 'completed')
    const peakMb = Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
    const { manifest, rows } = result()
    expect(manifest).toMatchObject({ items: 499, leftOut: 1, truncatedReasons: [expect.stringMatching(/item 151 .*large/i)] })
    expect(rows.map(({ iid }: any) => iid)).not.toContain((gitlab.data.issues.get(101) as any[])[150].iid)
    expect(answered).toBeGreaterThan(3)
    console.log(`packed bombs of a GitLab: ${answered}, peak ${peakMb.toFixed(0)} MB`)
    // An answer may have 50 MiB, and five of them wait for the collector; unpacked to its end one bomb alone is larger.
    expect(peakMb).toBeLessThan(600)
    child.kill('SIGTERM')
    expect(await child.exited).toBe(0)
  }, 300_000)

  const wrong: [string, Record<string, string>, string[], string][] = [
    ['no address', { WORKER_API_URL: '' }, [], 'WORKER_API_URL is required'],
    ['an invalid number', { WORKER_CONCURRENCY: '51' }, [], 'WORKER_CONCURRENCY must lie between 1 and 50'],
    ['an unknown type', { WORKER_TYPES: 'FETCH_ISSUES,FETCH_FISH' }, [], 'WORKER_TYPES "FETCH_FISH" is not one of'],
    [
      'another address',
      { WORKER_API_URL: 'http://127.0.0.1:1/api/v1' },
      [],
      'WORKER_API_URL must be an http(s) URL that ends in',
    ],
    [
      'a socket with WebSocket',
      { WORKER_API_SOCKET: '/tmp/x', WORKER_TRANSPORT: 'ws' },
      [],
      'WORKER_API_SOCKET takes no WebSocket',
    ],
    [
      'no token for a far server',
      { WORKER_API_URL: 'https://trawl.example/api/internal2', CRAWLER_API_TOKEN: '' },
      [],
      'CRAWLER_API_TOKEN or',
    ],
    ['a directory that is a file', { WORKER_OUTPUT_DIR: 'file/below' }, [], 'WORKER_OUTPUT_DIR cannot be written'],
    ['a wrong token', { CRAWLER_API_TOKEN: 'wrong-token-0123456789' }, [], 'check CRAWLER_API_TOKEN'],
    [
      'a wrong token over WebSocket',
      { CRAWLER_API_TOKEN: 'wrong-token-0123456789', WORKER_TRANSPORT: 'ws' },
      [],
      'check CRAWLER_API_TOKEN',
    ],
  ]
  test('gitlab-worker §1: the reason why it cannot start is printed, and the exit code is 1', async () => {
    writeFileSync(join(root, 'file'), '')
    for (const [what, env, more, message] of wrong) {
      const { child, err } = spawn(env, ...more)
      expect([what, await child.exited]).toEqual([what, 1])
      expect(await err).toContain(message)
      expect(await err).not.toContain('wrong-token')
    }
  }, 300_000)

  test('gitlab-worker §1: a Unix socket needs no token', async () => {
    const path = join(root, 'api.sock')
    const headers: (string | null)[] = []
    const server = Bun.serve({
      unix: path,
      fetch(request) {
        headers.push(request.headers.get('authorization'))
        const trusted = new Request(request, { headers: { authorization: `Bearer ${API_TOKEN}` } })
        return api.handle(trusted)
      },
    })
    const id = create()
    const { child } = spawn({ WORKER_API_SOCKET: path, CRAWLER_API_TOKEN: '', WORKER_API_URL: 'http://localhost/api/internal2' })
    await api.until(id, 'completed')
    expect(headers.every((header) => header === null)).toBe(true)
    child.kill('SIGTERM')
    expect(await child.exited).toBe(0)
    await server.stop(true)
  }, 300_000)
})
