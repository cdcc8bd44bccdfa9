import { expect, test } from 'bun:test'
import { type Broker, BrokerError } from '../../src/platform/broker/index.ts'
import { createWorld } from '../property/openapi/world.ts'
import { createTestApp } from '../support/app.ts'
import { onEachDatabase, type TestDatabase } from '../support/databases.ts'

const RECORDED = 'tests/fixtures/metrics.txt'

/** `name{label,label}` of every sample. */
const shapesOf = (text: string): string[] => {
  const shapes = new Set<string>()
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    if (name === undefined) continue
    shapes.add(
      `${name}{${[...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
        .map(([, label]) => label)
        .sort()
        .join(',')}}`,
    )
  }
  return [...shapes].sort()
}

/** Blocks of the exposition by the name of their metric: its help, its type and its samples. */
const blocksOf = (text: string): Map<string, string> =>
  new Map(
    text
      .split(/^(?=# HELP )/m)
      .filter((block) => block !== '')
      .map((block) => [block.split(' ', 3)[2] as string, block.trimEnd()]),
  )
const hasSamples = (block: string) => block.split('\n').some((line) => !line.startsWith('#'))
/** One exposition of two processes' answers; a series of both comes from the first. */
const together = (first: string, second: string): string => {
  const all = blocksOf(first)
  for (const [name, block] of blocksOf(second)) if (!hasSamples(all.get(name) ?? '#')) all.set(name, block)
  return `${[...all.values()].join('\n\n')}\n`
}

/** What /metrics says of Redis and the broker: of a process with both configured, Redis away, the broker away since its first message. */
const besideTheDatabase = async (database: TestDatabase): Promise<string> => {
  let up = true
  const broker: Broker = {
    isUp: () => up,
    async publish() {
      if (!up) throw new BrokerError('The broker is out of reach', false)
    },
    take: async () => [],
    onUp: () => () => {},
    async close() {},
  }
  // No server listens on port 1.
  const app = await createTestApp(await database.fresh(), { broker, env: { REDIS_URL: 'redis://127.0.0.1:1' } })
  try {
    const { body } = await app.post('/internal/sources', { url: 'https://shop.example/l', type: 'list', site_key: 'shop' })
    expect((await app.post(`/internal/sources/${body.id}/force-run`)).status).toBe(200)
    up = false
    await app.post(`/internal/sources/${body.id}/report-error`, { error: 'gone', is_broken: true })
    return (await app.get('/metrics')).body
  } finally {
    await app.stop()
  }
}

onEachDatabase('the record of /metrics', (database) => {
  test('alert rules and dashboard are checked against what /metrics really says', async () => {
    const world = await createWorld(database)
    try {
      const internal = { 'x-internal-token': 'dev-internal-token' }
      const auth = { authorization: `Bearer ${world.people[0]?.token}` }
      const { body: source } = await world.post('/internal/sources', {
        url: 'https://shop.example/l',
        type: 'list',
        site_key: 'shop',
      })
      await world.post(`/internal/sources/${source.id}/force-run`)
      await world.post(`/internal/sources/${source.id}/report-error`, { error: 'HTTP 503', is_broken: false })
      await world.post('/internal/ingest-batch', {
        source_id: 0,
        items: [{ title: 'A', product_url: 'https://shop.example/1', site_key: 'shop' }, {}],
      })
      await world.post(
        '/internal/weeek/connect',
        { telegram_chat_id: 700_001, weeek_api_token: 'wk-a-token-of-this-test-0123456789' },
        internal,
      )
      await world.get('/analytics/stats', { 'x-analytics-token': 'dev-analytics-token' })
      await world.get('/internal/stickersets/categories', { 'x-service-token': 'dev-service-token' })
      await world.get('/api/internal2/tasks', { authorization: 'Bearer dev-crawler-token' })
      await world.get('/nowhere')
      await world.post('/api/v1/parsing/search', { query: 'crypto' }, auth)
      // A day of ticks, so that every scheduled job has run.
      for (let hour = 0; hour < 26; hour++) {
        world.clock.advance(3_600_000)
        await world.work()
      }
      const { body, status } = await world.get('/metrics', { authorization: 'Bearer metrics-token-of-the-fuzz' })
      expect(status).toBe(200)
      // Redis and the broker may each be left out, and this world has neither on SQLite: a second process has their metrics.
      const record = together(body, await besideTheDatabase(database))
      const shapes = shapesOf(record)
      expect(shapes.length).toBeGreaterThan(40)
      if (process.env.RECORD_METRICS === '1' && database.dialect === 'sqlite') await Bun.write(RECORDED, record)
      // The values are of one moment; names and labels are what rules are written against. After a change of metrics:
      // RECORD_METRICS=1 bun test tests/ops/recorded-metrics.test.ts
      const said = new Set(shapes)
      expect(shapesOf(await Bun.file(RECORDED).text()).filter((shape) => !said.has(shape))).toEqual([])
    } finally {
      await world.close()
    }
  }, 300_000)
})
