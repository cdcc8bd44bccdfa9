import { expect, test } from 'bun:test'
import { loadConfig } from '../../src/config.ts'
import { startSummary } from '../../src/development.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTerminal } from '../../src/platform/log.ts'
import { createTestApp } from '../support/app.ts'

const shown = async (env: Record<string, string>) => {
  const app = await createTestApp(openSqlite({ path: ':memory:' }))
  let text = ''
  const summary = startSummary({
    origin: 'http://here',
    gifty: app.services,
    engine: app.engine,
    config: loadConfig(env),
    terminal: createTerminal({
      write: (more) => {
        text += more
      },
      isInteractive: false,
    }),
  })
  summary.stop()
  return text
}

test('cases ux 4, crawler B8: the start names what works: development tokens as they are, never one that was set, no shop that is not there', async () => {
  const plain = await shown({})
  for (const word of ['dev-internal-token', 'dev-analytics-token', 'dev-crawler-token', 'dev:dev-service-token', '/demo/shop'])
    expect(plain).toContain(word)
  const own = await shown({
    INTERNAL_API_TOKEN: 'tok-internal',
    ANALYTICS_API_TOKEN: '',
    SERVICE_TOKENS: 'me:tok-mine',
    CRAWLER_API_TOKEN: 'tok-crawler',
    DEMO: '0',
  })
  expect(own).toMatch(/INTERNAL_API_TOKEN +set by you/)
  expect(own).toMatch(/SERVICE_TOKENS +set by you/)
  expect(own).toMatch(/CRAWLER_API_TOKEN +set by you/)
  for (const word of ['tok-', 'dev-internal-token', 'dev-crawler-token', 'ANALYTICS_API_TOKEN', 'shop'])
    expect(own).not.toContain(word)
  const crawler = await shown({ FAMILIES: 'crawler' })
  expect(crawler).toContain('dev-crawler-token')
  expect(crawler).not.toContain('INTERNAL_API_TOKEN')
})
