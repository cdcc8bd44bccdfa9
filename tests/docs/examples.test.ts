import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sql } from 'drizzle-orm'
import { DEVELOPMENT_SHOP } from '../../src/config.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { type Block, readDocuments } from './markdown.ts'

/** The examples of README and docs, run as they are written: an app of its own for each page, its examples in their order. */
interface Ran {
  exitCode: number
  stdout: string
  stderr: string
}
interface Here {
  app: TestApp
  folder: string
  /** Starts the example. */
  start(): Promise<Ran>
}
interface Example {
  /** What a reader gains; the test's name. */
  title: string
  /** Texts that its output has to contain, and those that it must not. */
  prints?: string[]
  hides?: string[]
  /** Lines it may have, where the page says that it is short. */
  lines?: number
  /** Readers repeat it: what it has made the first time must not be in its way. */
  twice?: true
  /** It uses the command line, so it runs in the repository. */
  inRepository?: boolean
  /** Instead of just running it: what has to happen before or meanwhile, and what has come of it. */
  run?(here: Here): Promise<Ran>
  check?(here: Here, ran: Ran): Promise<void>
}

const REPOSITORY = join(import.meta.dir, '..', '..')
const products = (site: string, titles: [title: string, category?: string][]) =>
  titles.map(([title, category], n) => ({
    title,
    category,
    product_url: `https://${site}.example/${n}`,
    site_key: site,
    price: 900,
  }))
/** Products that have their vectors, and words that the catalogue knows. */
const ingest = async (app: TestApp, items: unknown[]) => {
  expect((await app.post('/internal/ingest-batch', { source_id: 0, items })).status).toBe(200)
  await app.services.search.embedding.embedPending()
  await app.services.search.embedding.learn()
}
/** One of the runs that the page has queued was leased, shown in progress, and completed. */
const takesQueuedRun = (completed: number): Pick<Example, 'check'> => ({
  async check({ app }) {
    const tasks = (await app.get('/internal/tasks?limit=200')).body.tasks.filter(({ payload }: any) =>
      ['http', 'ws'].includes(payload.site_key),
    )
    const done = tasks.filter(({ status }: any) => status === 'completed')
    expect(tasks).toHaveLength(2)
    expect(done).toHaveLength(completed)
    for (const { id, payload } of done) {
      expect((await app.get(`/internal/tasks/${id}`)).body).toMatchObject({ progress: { page: 1 }, fence: 1 })
      const { status, history } = (await app.get(`/internal/sources/${payload.source_id}`)).body
      expect({ status, history }).toMatchObject({ status: 'waiting', history: [{ status: 'completed', trigger: 'force' }] })
    }
  },
})
const crawlerPost = (app: TestApp, path: string, body: unknown) =>
  app.post(`/api/internal2${path}`, body, { authorization: 'Bearer dev-crawler-token' })

const EXAMPLES: Record<string, Example> = {
  'tour.sh': {
    title: 'every command of the tour answers',
    twice: true,
    prints: ['"items_ingested":1', '"gift_id":"gifts:https://gifts.example/p/1"', 'trawl_build_info'],
  },
  'ingest.sh': {
    title: 'a file of products is stored',
    inRepository: true,
    async check({ app }) {
      expect((await app.get('/internal/stats')).body.products_total).toBeGreaterThan(1900)
    },
  },
  'worker-curl.sh': {
    title: 'a task is leased, shown in progress, and completed with curl',
    twice: true,
    prints: [
      '"lease_expires_at"',
      '"items_ingested":1',
      '"rejected":[{"kind":"item","index":1',
      '"state":"completed"',
      '"status":"waiting"',
    ],
  },
  'worker-runs.sh': { title: 'two runs are queued for the workers of the page', prints: ['"message":"Run queued"'] },
  'worker-http.ts': { title: 'a worker of 40 lines leases, heartbeats and completes', lines: 40, ...takesQueuedRun(1) },
  'worker-ws.ts': { title: 'a worker of 45 lines gets its tasks pushed', lines: 45, ...takesQueuedRun(2) },
  'score.mjs': {
    title: 'a script of 22 lines scores what is unscored',
    lines: 22,
    async run({ app, start }) {
      await ingest(app, products('tea', [['Чай чёрный в жестяной банке'], ['Чайник со свистком']]))
      const unscored = (await app.get('/internal/stats')).body.unscored_total
      const ran = await start()
      expect(ran.stdout).toBe(`scored ${unscored}\n`)
      expect((await app.get('/internal/stats')).body.unscored_total).toBe(0)
      return ran
    },
  },
  'night-watch.sh': {
    title: 'a failed run is found, and its log, in three calls',
    prints: [
      '"id":"source_failing:site:night"',
      '"message":"HTTP 503 for <url>"',
      '"status":"failed"',
      '{"n":2,"at":',
      'ERROR page 2 answered 503',
      '"reason":"the shop moves this week"',
    ],
  },
  'data-out.sh': {
    title: 'a catalogue is exported, resumed, and a site looked at',
    prints: [
      'gift_id,title,price\r\nexported:https://exported.example/p/',
      '{"gift_id":"exported:https://exported.example/p/',
      'PAR1',
      '"run_id":null',
      '"fill":{"title":1',
      '"field":"price","filled":1',
    ],
  },
  'follow-log.sh': {
    title: 'a log is followed to its end',
    prints: ['id: 2\nevent: line', 'event: end\ndata: {"last":3}'],
  },
  'figures.sh': {
    title: 'events are followed, figures and files are read',
    prints: ['event: snapshot', '"name":"items_new"', '"name":"waiting"', '"kind":"source.run"', 'id,source_id,site_key'],
  },
  'schedules.sh': {
    title: 'a schedule is previewed, stored, moved, looked at, and removed with its source',
    prints: [
      '"code":"jitter"',
      '"next_sync_at":"2099-01-01T00:00:00.000Z"',
      '"items":[],"collisions":[],"collisions_complete":true',
      '{"status":"ok"}',
    ],
  },
  'tour-gifts.sh': {
    title: 'a category is mapped, gifts are recommended with reasons',
    async run({ app, start }) {
      await ingest(
        app,
        products('tea', [
          ['Чай чёрный в жестяной банке', 'Чай'],
          ['Чай в пакетиках', 'Чай'],
          ['Чайник', 'Посуда'],
        ]),
      )
      return start()
    },
    prints: [
      '{"status":"ok","count":2,"unmapped":0}',
      '"external_name":"Чай","products_count":2',
      '"results":[{"index":0,"external_name":"Чай","status":"updated"}]',
      '"featured_gift":{"gift_id":"tea:',
      '{"gift_id":"tea:https://tea.example/0"',
      '"code":"matches_interest"',
      '"code":"fits_budget"',
    ],
    hides: ['{"gift_id":"tea:https://tea.example/1"'],
  },
  'tour-search.sh': {
    title: 'products are found by their words and by meaning',
    async run({ app, start }) {
      await ingest(app, products('search', [['Чай чёрный листовой'], ['Чайник со свистком']]))
      return start()
    },
    prints: [
      '"gift_id":"search:https://search.example/0"',
      '{"results":[{"product":',
      '"gift_id":"search:https://search.example/1"',
    ],
  },
  'tour-people.sh': {
    title: 'people, invites and figures',
    prints: [
      '"slug":"ann"',
      '"subscriptions":["scraping"]',
      '"chat_id":1002,"slug":"bob"',
      '"error":"posthog_not_configured"',
      '"active_sources":',
    ],
    hides: ['argon2'],
  },
  'crawler.py': {
    title: 'a Python client creates, reports and watches',
    prints: ['WebSocket connection established'],
    async check(_, { stdout }) {
      for (const line of [/^\d+ task_update created$/m, /^\d+ progress running$/m, /^\d+ status completed$/m])
        expect(stdout).toMatch(line)
    },
  },
  'crawler-watch.mjs': {
    title: 'a browser socket follows a task to its end',
    async run({ app, start }) {
      const ran = start()
      await eventually(
        async () => app.crawler?.streams.count(),
        (count) => count === 1,
      )
      await crawlerPost(app, '/tasks', { data: { id: 'watched', type: 'FETCH_TAGS', credentials: { accessToken: 'x' } } })
      await crawlerPost(app, '/tasks/watched/progress', { type: 'completed' })
      return ran
    },
    async check(_, { stdout }) {
      expect(stdout).toMatch(/^- connection_ready connection_ready\n\d+ task_update watched\n[\s\S]*status watched\n$/)
    },
  },
  'stickers.sh': {
    title: 'the gallery answers in both languages',
    prints: [
      '"name":"Animals"',
      '"name":"Животные"',
      '{"exists":true,"name":"tour_cats","id":1,"title":"Котики"}',
      'Стикерсет tour_cats уже есть в галерее',
      '"totalElements":1',
      'Sticker set 1 was not found',
      'Стикерсет 1 не найден',
    ],
    async check({ app }) {
      const ledger = sql`select sum(delta) as n from sticker_art_transactions where user_id = 42`
      expect(Number((await app.platform.db.sql<{ n: number }>(ledger))[0]?.n)).toBe(10)
    },
  },
  'tour-love-parser.sh': {
    title: 'from the login to the paid plan',
    inRepository: true,
    prints: [
      '"status":"completed","progress":100',
      '"channel_id":"sim-36"',
      '"total":',
      'OK1',
      '{"plan_type":"week","status":"active"',
      '"parsing_limit":10',
    ],
    async check({ folder }) {
      expect((await Bun.file(join(folder, 'channels.csv')).text()).split('\n')).toHaveLength(101)
    },
  },
  'first-source.sh': {
    title: 'a source of the demo shop, forced to run',
    twice: true,
    prints: ['source 1', '"message":"Run queued"'],
  },
  'spider.ts': {
    title: 'a spider of 45 lines reads the category page by page',
    lines: 45,
    prints: ['page 1: 20 new, 0 as before, 0 refused', 'page 2: '],
  },
  'first-look.sh': {
    title: 'products are there, with the prices of the pages',
    prints: ['"status":"waiting"', '"site_key":"my-shop"', '"currency":"RUB"', '"status":"completed"'],
  },
  'typescript-link.sh': { title: 'the checkout becomes a package of another project', inRepository: true },
  'typescript-client.ts': {
    title: 'a typed client stores, reads, and reads a refusal',
    prints: ['stored 1', 'Teapot: 1499.5 RUB', '404 not_found'],
  },
  'typescript-document.sh': {
    title: 'the documents are files for generators',
    prints: ['asyncapi.json', 'openapi.json'],
    async check({ folder }) {
      expect((await Bun.file(join(folder, 'openapi.json')).json()).openapi).toBe('3.1.0')
      expect((await Bun.file(join(folder, 'asyncapi.json')).json()).asyncapi).toBe('3.0.0')
    },
  },
  'look.sh': {
    title: 'the first look at a server answers',
    prints: ['"status":"ready"', '"runs_24h":', 'trawl_workers_waiting'],
  },
  'backup.sh': { title: 'a copy is made while the server runs', inRepository: true, prints: ['.db: ', 'trawl-'] },
}

/** The program that runs a block, and the arguments before its file; undefined when this machine has none. */
const runnerOf = (language: string): string[] | undefined => {
  if (language === 'js' || language === 'ts') return [process.execPath]
  if (language === 'sh') return Bun.which('curl') && Bun.which('bash') ? ['bash'] : undefined
  // Debian's own python has Debian's modules; another one may stand before it in the path.
  const python = [Bun.which('python3'), '/usr/bin/python3'].find(
    (path) => path && Bun.spawnSync([path, '-c', 'import requests, websocket'], { stderr: 'ignore' }).exitCode === 0,
  )
  return python ? [python] : undefined
}

const byPage = Map.groupBy(
  (await readDocuments())
    .flatMap(({ blocks }) => blocks)
    .filter((block): block is Block & { mark: { example: string } } => block.mark !== undefined && 'example' in block.mark),
  ({ document }) => document,
)
test('every example of the pages has a test, and every test its example', () => {
  const names = [...byPage.values()].flat().map(({ mark }) => mark.example)
  expect(names.sort()).toEqual(Object.keys(EXAMPLES).sort())
})

for (const [page, blocks] of byPage)
  describe(page, () => {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-examples-'))
    const database = join(folder, 'db.sqlite')
    let app: TestApp
    let origin: string
    beforeAll(async () => {
      app = await createTestApp(openSqlite({ path: database }), {
        clock: systemClock as never,
        env: { ...DEVELOPMENT_SHOP, DEMO: '1', DATABASE_URL: `sqlite:${database}` },
      })
      app.runner.start(['love-parser.search'])
      origin = app.listen()
    })
    afterAll(async () => {
      await app.stop()
      await app.platform.close()
      rmSync(folder, { recursive: true, force: true })
    })

    for (const { mark, language, code } of blocks) {
      const { title, prints = [], hides = [], lines, twice, inRepository, run, check } = EXAMPLES[mark.example] as Example
      test(`${mark.example}: ${title}`, async () => {
        if (lines) expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(lines)
        const runner = runnerOf(language)
        if (!runner) {
          console.warn(`skipped: ${mark.example} (bash and curl, or python3 with requests and websocket-client, are missing)`)
          return
        }
        const file = join(folder, mark.example)
        // What an example writes goes to the test's folder.
        await Bun.write(file, code.replace('-o channels.csv', `-o '${folder}/channels.csv'`))
        const start = async (): Promise<Ran> => {
          const child = Bun.spawn([...runner, file], {
            cwd: inRepository ? REPOSITORY : folder,
            env: {
              ...process.env,
              TRAWL: origin,
              TASKS: '1',
              DATABASE_URL: `sqlite:${database}`,
              BACKUPS: folder,
              PROJECT: folder,
              PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
            },
            stdout: 'pipe',
            stderr: 'pipe',
          })
          const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
          return { exitCode: await child.exited, stdout, stderr }
        }
        const here = { app, folder, start }
        const ran = await (run ? run(here) : start())
        expect(ran).toMatchObject({ exitCode: 0, stderr: '' })
        for (const text of prints) expect(ran.stdout).toContain(text)
        for (const text of hides) expect(ran.stdout).not.toContain(text)
        await check?.(here, ran)
        if (twice) expect(await start()).toMatchObject({ exitCode: 0, stderr: '' })
      }, 300_000)
    }
  })
