import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Db } from '../../src/platform/db/index.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { CLI, FIXTURE, ownDirectory, runHere } from './rig.ts'

let directory: ReturnType<typeof ownDirectory>
let db: Db
let app: TestApp
let origin: string

beforeEach(async () => {
  directory = ownDirectory()
  db = openSqlite({ path: ':memory:' })
  app = await createTestApp(db)
  origin = app.listen()
})
afterEach(async () => {
  await app.stop()
  await db.close()
  directory.remove()
})

const ingest = (file: string, ...more: string[]) =>
  runHere(directory.path, ['ingest', file, '--site', 'aliexpress', '--server', origin, ...more])
const write = async (name: string, lines: string[]) => {
  const path = join(directory.path, name)
  await Bun.write(path, lines.join('\n'))
  return path
}
const fixtureLines = async () => (await Bun.file(FIXTURE).text()).trimEnd().split('\n')
const total = async () =>
  (await app.get('/internal/products?limit=1')).body && (await app.services.reports.stats()).products_total
const resumeFiles = () => readdirSync(directory.path).filter((name) => name.startsWith('.trawl-resume-'))

/** A server in front of the app's, which the test may let fail. */
const inFront = (handle: (request: Request, forward: () => Promise<Response>, n: number) => Promise<Response>) => {
  let n = 0
  const proxy = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const body = await request.text()
      const forward = () => fetch(`${origin}${new URL(request.url).pathname}`, { method: 'POST', body, headers: request.headers })
      return handle(request, forward, ++n)
    },
  })
  return { origin: `http://127.0.0.1:${proxy.port}`, requests: () => n, stop: () => proxy.stop(true) }
}

describe('trawl ingest', () => {
  test('2,000 products are new, then unchanged, and ten other titles are updates', async () => {
    const first = await ingest(FIXTURE)
    expect(first.out).toContain('2000 lines: 2000 new, 0 updated, 0 unchanged, 0 duplicate, 0 rejected')
    expect(first.code).toBe(0)
    const again = await ingest(FIXTURE)
    expect(again.out).toContain('0 new, 0 updated, 2000 unchanged, 0 duplicate, 0 rejected')
    const edited = (await fixtureLines()).map((line, index) => {
      const product = JSON.parse(line)
      return index % 200 === 7 ? JSON.stringify({ ...product, title: `${product.title} (new)` }) : line
    })
    const third = await ingest(await write('edited.ndjson', edited))
    expect(third.out).toContain('0 new, 10 updated, 1990 unchanged, 0 duplicate, 0 rejected')
    expect(await total()).toBe(2000)
    expect(resumeFiles()).toEqual([])
  })

  test('the site of the command line is that of every product', async () => {
    const file = await write('sites.ndjson', [
      JSON.stringify({ title: 'a', product_url: 'https://x.example/1' }),
      '',
      JSON.stringify({ title: 'b', product_url: 'https://x.example/2', site_key: 'other' }),
    ])
    expect((await ingest(file)).code).toBe(0)
    const { body } = await app.get('/internal/products?site_key=aliexpress')
    expect(body.items.map((item: any) => item.title).sort()).toEqual(['a', 'b'])
  })

  test('bad lines are reported by number, the others are stored', async () => {
    const good = (n: number) => JSON.stringify({ title: `t${n}`, product_url: `https://x.example/${n}` })
    const file = await write('bad.ndjson', [
      good(1),
      '{"title": "cut',
      JSON.stringify({ title: 'no url' }),
      good(2),
      '[1]',
      good(1),
      JSON.stringify({ title: 'ftp', product_url: 'ftp://x.example/1' }),
    ])
    const { code, out } = await ingest(file)
    expect(code).toBe(1)
    expect(out).toContain('7 lines: 2 new, 0 updated, 0 unchanged, 1 duplicate, 4 rejected')
    expect(out).toContain('line 2: not JSON')
    expect(out).toContain('line 3: product_url: Field required')
    expect(out).toContain('line 5: not a JSON object')
    expect(out).toContain('line 7: product_url: Input should be an http or https URL')
  })

  test('g-B6: every problem of a line is reported, alone in its batch or not', async () => {
    const bad = JSON.stringify({ name: 'x', url: 'u' })
    for (const lines of [[bad], [bad, JSON.stringify({ title: 'good', product_url: 'https://x.example/1' })]]) {
      const { out } = await ingest(await write('names.ndjson', lines))
      expect(out).toContain('line 1: title: Field required; product_url: Field required')
    }
  })

  test('a batch without one good element is reported and the next one is sent', async () => {
    const file = await write('half.ndjson', [
      ...Array.from({ length: 120 }, () => JSON.stringify({ title: '' })),
      JSON.stringify({ title: 'good', product_url: 'https://x.example/1' }),
    ])
    const { code, out } = await ingest(file, '--batch', '120')
    expect(code).toBe(1)
    expect(out).toContain('121 lines: 1 new, 0 updated, 0 unchanged, 0 duplicate, 120 rejected')
    expect(out).toContain('line 1: title: ')
    expect(out).toContain('and 110 more')
  })

  test('continues after kill -9, repeating the batch whose answer was lost under its key', async () => {
    let replays = 0
    let child: ReturnType<typeof Bun.spawn> | undefined
    const front = inFront(async (_request, forward, n) => {
      const answer = await forward()
      if (answer.headers.get('idempotency-replayed') === 'true') replays++
      // Stored, but the client never gets the answer.
      if (n === 3) child?.kill('SIGKILL')
      return answer
    })
    try {
      const start = () =>
        Bun.spawn(
          [process.execPath, CLI, 'ingest', FIXTURE, '--site', 'aliexpress', '--server', front.origin, '--batch', '300'],
          {
            cwd: directory.path,
            stdout: 'pipe',
            stderr: 'pipe',
          },
        )
      child = start()
      await child.exited
      expect(child.signalCode).toBe('SIGKILL')
      expect(resumeFiles()).toHaveLength(1)
      expect(await total()).toBe(900)
      child = undefined
      const second = start()
      const [out, err] = await Promise.all([new Response(second.stdout).text(), new Response(second.stderr).text()])
      expect(await second.exited).toBe(0)
      expect(err).toContain('going on after line 600, batch 2')
      expect(out).toContain('2000 lines: 2000 new, 0 updated, 0 unchanged, 0 duplicate, 0 rejected')
      expect(replays).toBe(1)
      expect(front.requests()).toBe(3 + 5)
      expect(await total()).toBe(2000)
      expect(resumeFiles()).toEqual([])
    } finally {
      front.stop()
    }
  })

  test('a file that has changed since is sent from its beginning', async () => {
    const front = inFront(async (_request, forward, n) => (n === 2 ? Response.json({}, { status: 401 }) : forward()))
    try {
      const lines = (await fixtureLines()).slice(0, 100)
      const file = await write('a.ndjson', lines)
      const args = ['ingest', file, '--site', 'aliexpress', '--server', front.origin, '--batch', '50']
      expect((await runHere(directory.path, args)).code).toBe(3)
      expect(resumeFiles()).toHaveLength(1)
      await write('a.ndjson', lines.slice(0, 99))
      const { code, out } = await runHere(directory.path, args)
      expect(code).toBe(0)
      expect(out).toContain('99 lines: 49 new, 0 updated, 50 unchanged')
    } finally {
      front.stop()
    }
  })

  test('tries again on 5xx, 429 and a key in progress, waiting longer each time', async () => {
    const problems = [
      Response.json({}, { status: 502 }),
      Response.json({ error: { code: 'rate_limited' } }, { status: 429, headers: { 'retry-after': '3' } }),
      Response.json({ error: { code: 'idempotency_in_progress' } }, { status: 409, headers: { 'retry-after': '1' } }),
    ]
    const keys = new Set<string | null>()
    const front = inFront(async (request, forward, n) => {
      keys.add(request.headers.get('idempotency-key'))
      return problems[n - 1] ?? forward()
    })
    try {
      const file = await write('a.ndjson', (await fixtureLines()).slice(0, 10))
      const { code, slept, err } = await runHere(directory.path, ['ingest', file, '--site', 'x', '--server', front.origin])
      expect(code).toBe(0)
      expect(slept).toEqual([250, 3000, 1000])
      expect(err).toContain('answered 502; trying again in 0.25 s')
      expect(keys.size).toBe(1)
    } finally {
      front.stop()
    }
  })

  test('gives up on a server that is not there, and says so', async () => {
    const { code, err, slept } = await runHere(directory.path, [
      'ingest',
      FIXTURE,
      '--site',
      'x',
      '--server',
      'http://127.0.0.1:9',
    ])
    expect(code).toBe(3)
    expect(slept).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
    expect(err).toContain('http://127.0.0.1:9 cannot be reached')
    expect(err).toContain('gave up after 9 tries')
  })

  test('a refused token ends it at once, without the token in the text', async () => {
    const { code, err, slept } = await ingest(FIXTURE, '--token', 'no-such-token-1234')
    expect(code).toBe(3)
    expect(slept).toEqual([])
    expect(err).toContain('the server answered 403 forbidden: Invalid internal token')
    expect(err).not.toContain('no-such-token-1234')
  })

  test('draws a bar on a terminal', async () => {
    let at = 0
    const { err } = await runHere(directory.path, ['ingest', FIXTURE, '--site', 'x', '--server', origin], {
      isTty: true,
      clock: { now: () => (at += 150), sleep: async () => {} },
    })
    expect(err).toMatch(/\[#+-+\] \d+% {2}\d+ lines {2}\d+\/s {2}\d+:\d\d left/)
    expect(err.endsWith('\r\x1b[K')).toBe(true)
  })
})
