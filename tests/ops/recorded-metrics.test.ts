import { expect, test } from 'bun:test'
import { createWorld } from '../property/openapi/world.ts'
import { onEachDatabase } from '../support/databases.ts'

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
      // A day of the clockwork, so that every scheduled job has run.
      for (let hour = 0; hour < 26; hour++) {
        world.clock.advance(3_600_000)
        await world.work()
      }
      const { body, status } = await world.get('/metrics', { authorization: 'Bearer metrics-token-of-the-fuzz' })
      expect(status).toBe(200)
      const shapes = shapesOf(body)
      expect(shapes.length).toBeGreaterThan(40)
      if (process.env.RECORD_METRICS === '1' && database.dialect === 'sqlite') await Bun.write(RECORDED, body)
      // The values are of one moment; names and labels are what rules are written against. After a change of metrics:
      // RECORD_METRICS=1 bun test tests/ops/recorded-metrics.test.ts
      const said = new Set(shapes)
      expect(shapesOf(await Bun.file(RECORDED).text()).filter((shape) => !said.has(shape))).toEqual([])
    } finally {
      await world.close()
    }
  }, 60_000)
})
