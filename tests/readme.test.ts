import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sql } from 'drizzle-orm'
import { DEVELOPMENT_SHOP } from '../src/config.ts'
import { systemClock } from '../src/platform/clock.ts'
import { openSqlite } from '../src/platform/db/sqlite.ts'
import { createTestApp, type TestApp } from './support/app.ts'
import { until } from './support/processes.ts'

/** The README's examples are run as they are written. */
const readme = await Bun.file('README.md').text()
const example = (name: string): string => {
  const found = new RegExp(`<!-- example: ${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\n\`\`\``).exec(readme)?.[1]
  if (!found) throw new Error(`the README has no example ${name}`)
  return found
}

describe('README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trawl-readme-'))
  let app: TestApp
  let origin: string
  beforeAll(async () => {
    app = await createTestApp(openSqlite({ path: join(folder, 'db.sqlite') }), {
      clock: systemClock as never,
      env: DEVELOPMENT_SHOP,
    })
    app.runner.start(['love-parser.search'])
    origin = app.listen()
  })
  afterAll(async () => {
    await app.stop()
    await app.platform.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const run = async (command: string[], cwd = folder) => {
    const child = Bun.spawn(command, {
      cwd,
      env: { ...process.env, TRAWL: origin, TASKS: '1', PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    return { exitCode: await child.exited, stdout, stderr }
  }
  const forcedRun = async (name: string) => {
    const source = await app.post('/internal/sources', { url: `https://${name}.example/catalog`, type: 'list', site_key: name })
    return { source: source.body, run: (await app.post(`/internal/sources/${source.body.id}/force-run`)).body }
  }

  for (const [name, lines] of [
    ['worker-http.mjs', 40],
    ['worker-ws.mjs', 45],
  ] as const)
    test(`${name}: a worker of about 40 lines leases, heartbeats and completes`, async () => {
      const code = example(name)
      expect(code.split('\n').length).toBeLessThanOrEqual(lines)
      await Bun.write(join(folder, name), code)
      const { source, run: forced } = await forcedRun(name.replace(/\W/g, ''))
      const done = await run([process.execPath, name])
      expect(done).toMatchObject({ exitCode: 0, stderr: '' })
      expect((await app.get(`/internal/tasks/${forced.task_id}`)).body).toMatchObject({
        status: 'completed',
        progress: { page: 1 },
        fence: 1,
      })
      expect((await app.get(`/internal/sources/${source.id}`)).body).toMatchObject({
        status: 'waiting',
        history: [{ status: 'completed', trigger: 'force' }],
      })
    }, 180_000)

  test('crawler.py: a Python client creates, reports and watches', async () => {
    // Debian's own python has Debian's modules; another one may stand before it in the path.
    const python = [Bun.which('python3'), '/usr/bin/python3'].find(
      (path) => path && Bun.spawnSync([path, '-c', 'import requests, websocket'], { stderr: 'ignore' }).exitCode === 0,
    )
    if (!python) {
      console.warn(
        'skipped: crawler.py (no python3 with requests and websocket-client; Debian: python3-requests python3-websocket)',
      )
      return
    }
    await Bun.write(join(folder, 'crawler.py'), example('crawler.py'))
    const done = await run([python, 'crawler.py'])
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    expect(done.stdout).toContain('WebSocket connection established')
    expect(done.stdout).toMatch(/^\d+ task_update created$/m)
    expect(done.stdout).toMatch(/^\d+ progress running$/m)
    expect(done.stdout).toMatch(/^\d+ status completed$/m)
  }, 180_000)

  test('crawler-watch.mjs: a browser socket hears a task to its end', async () => {
    const code = example('crawler-watch.mjs')
    await Bun.write(join(folder, 'crawler-watch.mjs'), code)
    const done = run([process.execPath, 'crawler-watch.mjs'])
    await until(
      async () => app.crawler?.streams.count(),
      (count) => count === 1,
    )
    const crawler = (path: string, body: unknown) =>
      app.post(`/api/internal2${path}`, body, { authorization: 'Bearer dev-crawler-token' })
    await crawler('/tasks', { data: { id: 'watched', type: 'FETCH_TAGS', credentials: { accessToken: 'x' } } })
    await crawler('/tasks/watched/progress', { type: 'completed' })
    expect(await done).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await done).stdout).toMatch(/^- connection_ready connection_ready\n\d+ task_update watched\n[\s\S]*status watched\n$/)
  }, 180_000)

  test('tour.sh: every command of the tour answers', async () => {
    if (!Bun.which('curl') || !Bun.which('bash')) {
      console.warn('skipped: tour.sh (no curl or no bash on this machine)')
      return
    }
    await Bun.write(join(folder, 'tour.sh'), example('tour.sh'))
    const done = await run(['bash', '-euo', 'pipefail', 'tour.sh'])
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    expect(done.stdout).toContain('"items_ingested":1')
    expect(done.stdout).toContain('"gift_id":"gifts:https://gifts.example/p/1"')
    expect(done.stdout).toContain('trawl_build_info')
  }, 180_000)

  test('tour-people.sh: people, invites and figures', async () => {
    if (!Bun.which('curl') || !Bun.which('bash')) {
      console.warn('skipped: tour-people.sh (no curl or no bash on this machine)')
      return
    }
    await Bun.write(join(folder, 'tour-people.sh'), example('tour-people.sh'))
    const done = await run(['bash', '-euo', 'pipefail', 'tour-people.sh'])
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    for (const part of [
      '"slug":"ann"',
      '"subscriptions":["scraping"]',
      '"chat_id":1002,"slug":"bob"',
      '"error":"posthog_not_configured"',
    ])
      expect(done.stdout).toContain(part)
    expect(done.stdout).toContain('"active_sources":')
    expect(done.stdout).not.toContain('argon2')
  }, 180_000)
  test('score.mjs and tour-gifts.sh: score by a script, map a category, recommend', async () => {
    const items = ['Чай чёрный в жестяной банке', 'Чай в пакетиках', 'Чайник со свистком'].map((title, n) => ({
      ...{ title, product_url: `https://tea.example/${n}`, site_key: 'tea', price: 900, category: n < 2 ? 'Чай' : 'Посуда' },
    }))
    expect((await app.post('/internal/ingest-batch', { source_id: 0, items })).status).toBe(200)
    await app.services.search.embedding.embedPending()
    const code = example('score.mjs')
    expect(code.split('\n').length).toBeLessThanOrEqual(22)
    await Bun.write(join(folder, 'score.mjs'), code)
    const unscored = (await app.get('/internal/stats')).body.unscored_total
    const scored = await run([process.execPath, 'score.mjs'])
    expect(scored).toMatchObject({ exitCode: 0, stderr: '', stdout: `scored ${unscored}\n` })
    expect((await app.get('/internal/stats')).body.unscored_total).toBe(0)

    if (!Bun.which('curl') || !Bun.which('bash')) {
      console.warn('skipped: tour-gifts.sh (no curl or no bash on this machine)')
      return
    }
    await Bun.write(join(folder, 'tour-gifts.sh'), example('tour-gifts.sh'))
    const done = await run(['bash', '-euo', 'pipefail', 'tour-gifts.sh'])
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    for (const part of [
      '{"status":"ok","count":2,"unmapped":0}',
      '"external_name":"Чай","products_count":2',
      '"results":[{"index":0,"external_name":"Чай","status":"updated"}]',
      '"featured_gift":{"gift_id":"tea:',
      '{"gift_id":"tea:https://tea.example/0"',
      '"code":"matches_interest"',
      '"code":"fits_budget"',
    ])
      expect(done.stdout).toContain(part)
    expect(done.stdout).not.toContain('{"gift_id":"tea:https://tea.example/1"')
  }, 180_000)

  test('tour-search.sh: products by their words and by meaning', async () => {
    if (!Bun.which('curl') || !Bun.which('bash')) {
      console.warn('skipped: tour-search.sh (no curl or no bash on this machine)')
      return
    }
    const items = ['Чай чёрный листовой', 'Чайник со свистком'].map((title, n) => ({
      ...{ title, product_url: `https://search.example/${n}`, site_key: 'search', price: 900 },
    }))
    expect((await app.post('/internal/ingest-batch', { source_id: 0, items })).status).toBe(200)
    await app.services.search.embedding.embedPending()
    await app.services.search.embedding.learn()
    await Bun.write(join(folder, 'tour-search.sh'), example('tour-search.sh'))
    const done = await run(['bash', '-euo', 'pipefail', 'tour-search.sh'])
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    expect(done.stdout).toContain('"gift_id":"search:https://search.example/0"')
    expect(done.stdout).toContain('{"results":[{"product":{"gift_id":')
    expect(done.stdout).toContain('"gift_id":"search:https://search.example/1"')
  }, 180_000)

  test('tour-love-parser.sh: from the login to the paid plan', async () => {
    if (!Bun.which('curl') || !Bun.which('bash')) {
      console.warn('skipped: tour-love-parser.sh (no curl or no bash on this machine)')
      return
    }
    const script = join(folder, 'tour-love-parser.sh')
    // It uses the command line tool, so it runs in the repository; what it writes goes to the test's folder.
    await Bun.write(script, example('tour-love-parser.sh').replace('-o channels.csv', `-o '${folder}/channels.csv'`))
    const done = await run(['bash', '-euo', 'pipefail', script], join(import.meta.dir, '..'))
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    for (const part of [
      '"status":"completed","progress":100',
      '"channel_id":"sim-36"',
      '"total":',
      'OK1',
      '{"plan_type":"week","status":"active"',
      '"parsing_limit":10',
    ])
      expect(done.stdout).toContain(part)
    expect((await Bun.file(join(folder, 'channels.csv')).text()).split('\n')).toHaveLength(101)
  }, 180_000)
  test('stickers.sh: the gallery answers the tour in both languages', async () => {
    if (!Bun.which('curl') || !Bun.which('bash')) {
      console.warn('skipped: stickers.sh (no curl or no bash on this machine)')
      return
    }
    await Bun.write(join(folder, 'stickers.sh'), example('stickers.sh'))
    const done = await run(['bash', '-euo', 'pipefail', 'stickers.sh'])
    expect(done).toMatchObject({ exitCode: 0, stderr: '' })
    for (const text of [
      '"name":"Animals"',
      '"name":"Животные"',
      '{"exists":true,"name":"tour_cats","id":1,"title":"Котики"}',
      'Стикерсет tour_cats уже есть в галерее',
      '"totalElements":1',
      'Sticker set 1 was not found',
      'Стикерсет 1 не найден',
    ])
      expect(done.stdout).toContain(text)
    const [ledger] = await app.platform.db.sql<{ n: number }>(
      sql`select sum(delta) as n from sticker_art_transactions where user_id = 42`,
    )
    expect(Number(ledger?.n)).toBe(10)
  }, 180_000)
})
