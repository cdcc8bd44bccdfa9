import { describe, expect, test } from 'bun:test'
import { createApp } from '../src/app.ts'
import { REQUIRED_SECRETS } from '../src/config/secrets.ts'
import { ConfigError, FAMILIES, type Family, loadConfig } from '../src/config.ts'
import { createLifecycle, type Service } from '../src/module.ts'
import { openSqlite } from '../src/platform/db/sqlite.ts'
import { createLog } from '../src/platform/log.ts'
import { engineTables } from '../src/tasks/tables.ts'
import { createTestApp } from './support/app.ts'

const KEYS = `k1:${Buffer.alloc(32, 'five').toString('base64')}`
const SQLITE = () => openSqlite({ path: ':memory:' })
/** A path of each family that answers something of its own. */
const PATHS: Record<Family, string> = {
  gifty: '/internal/sources',
  crawler: '/api/internal2/health',
  stickers: '/internal/stickersets/categories',
  'love-parser': '/api/v1/auth/me',
}

describe('architecture §4: a family that is not mounted is not built', () => {
  for (const family of FAMILIES)
    test(`${family} alone`, async () => {
      const app = await createTestApp(SQLITE(), { env: { FAMILIES: family } })
      expect(app.modules.map(({ name }) => name)).toEqual([family])
      for (const other of FAMILIES) {
        const { status } = await app.get(PATHS[other], {})
        if (other === family) expect(status).not.toBe(404)
        else expect(status).toBe(404)
      }
      expect((await app.get('/readyz', {})).status).toBe(200)
      await app.tick()
      await app.stop()
    })

  test('kinds are those of the mounted modules', async () => {
    const gifty = await createTestApp(SQLITE(), { env: { FAMILIES: 'gifty' } })
    expect(gifty.engine.policyOf('source.run').kind).toBe('source.run')
    expect(() => gifty.engine.policyOf('crawler.FETCH_TAGS')).toThrow('no policy is defined')
    const crawler = await createTestApp(SQLITE(), { env: { FAMILIES: 'crawler' } })
    expect(crawler.engine.policyOf('crawler.FETCH_TAGS').kind).toBe('crawler.FETCH_TAGS')
    expect(() => crawler.engine.policyOf('source.run')).toThrow('no policy is defined')
    expect(() => crawler.engine.register([crawler.engine.policyOf('crawler.FETCH_TAGS')])).toThrow('defined twice')
  })

  test('schedules are those of the mounted modules and of the engine', async () => {
    const db = SQLITE()
    const app = await createTestApp(db, { env: { FAMILIES: 'stickers' } })
    const { schedules } = engineTables(db.kit)
    const rows = await db.q.select({ name: schedules.name }).from(schedules)
    expect(rows.map(({ name }) => name).sort()).toEqual(['purge-outbox', 'purge-sticker-cache', 'purge-tasks'])
    await app.stop()
  })
})

describe('H4: the secrets of every mounted family', () => {
  const problemsOf = (env: Record<string, string>): string[] => {
    try {
      loadConfig({ NODE_ENV: 'production', ...env })
      return []
    } catch (error) {
      if (error instanceof ConfigError) return error.problems
      throw error
    }
  }

  test('the crawler does not start in production without ENCRYPTION_KEYS', () => {
    const crawler = { FAMILIES: 'crawler', CRAWLER_API_TOKEN: 'a-token-of-the-crawler' }
    expect(problemsOf(crawler)).toEqual(['ENCRYPTION_KEYS is required in production'])
    expect(problemsOf({ ...crawler, ENCRYPTION_KEYS: KEYS })).toEqual([])
    expect(problemsOf({ ...crawler, ENCRYPTION_KEYS: 'none' })).toEqual([
      'ENCRYPTION_KEYS must be `id:base64` pairs of 32-byte keys',
    ])
  })

  test('gifty needs keys where a Weeek workspace is configured, stickers need nothing', () => {
    const gifty = { FAMILIES: 'gifty', INTERNAL_API_TOKEN: 'a-token-of-the-workers' }
    expect(problemsOf(gifty)).toEqual([])
    expect(problemsOf({ ...gifty, WEEEK_WORKSPACE_ID: '7' })).toEqual(['ENCRYPTION_KEYS is required in production'])
    expect(problemsOf({ FAMILIES: 'stickers' })).toEqual([])
  })

  test('a secret that two families need is named once', () => {
    const env = { FAMILIES: 'crawler,love-parser', JWT_SECRET: 'a-secret-of-the-sessions-of-all-users' }
    expect(problemsOf(env).filter((problem) => problem.startsWith('ENCRYPTION_KEYS'))).toHaveLength(1)
  })

  for (const family of FAMILIES)
    for (const { name } of REQUIRED_SECRETS[family])
      test(`/readyz: ${family} is not ready without ${name}`, async () => {
        const app = await createTestApp(SQLITE(), {
          env: { FAMILIES: family, TELEGRAM_BOT_TOKEN: '1:x', WEEEK_WORKSPACE_ID: '7' },
        })
        const { config } = app.platform
        const all = {
          ...config,
          production: true,
          encryptionKeys: [],
          telegramApiId: 1,
          telegramApiHash: 'h',
          telegramSession: 's',
          telegramMode: 'mtproto' as const,
        }
        const field = {
          INTERNAL_API_TOKEN: 'internalToken',
          DASHBOARD_JWT_SECRET: 'dashboardJwtSecret',
          JWT_SECRET: 'jwtSecret',
          ENCRYPTION_KEYS: 'encryptionKeys',
          TELEGRAM_API_ID: 'telegramApiId',
          TELEGRAM_API_HASH: 'telegramApiHash',
          TELEGRAM_SESSION: 'telegramSession',
        }[name] as string
        const readyz = async (given: object) => {
          const gateway = { gateway: { close: async () => {} } as never }
          const { app: http } = createApp({ ...app.platform, config: given as typeof config }, gateway)
          const response = await http.handle(new Request('http://localhost/readyz'))
          return [response.status, ((await response.json()) as { checks: object }).checks]
        }
        expect(await readyz(all)).toEqual([200, { database: 'ok', process: 'ok' }])
        expect(await readyz({ ...all, [field]: undefined })).toEqual([503, { database: 'ok', secrets: 'missing', process: 'ok' }])
        await app.stop()
      })
})

describe('the services of a process', () => {
  const log = (lines: string[] = []) => createLog({ level: 'error', now: Date.now, write: (line) => lines.push(line) })
  const recorded = () => {
    const events: string[] = []
    const service = (name: string, more: Partial<Service> = {}): Service => ({
      name,
      start: () => void events.push(`start ${name}`),
      stop: () => void events.push(`stop ${name}`),
      ...more,
    })
    return { events, service }
  }

  test('start in order, stop in reverse order', async () => {
    const { events, service } = recorded()
    const services = createLifecycle([service('a'), service('b', { start: undefined }), service('c')], log())
    await services.start()
    await services.stop()
    expect(events).toEqual(['start a', 'start c', 'stop c', 'stop b', 'stop a'])
  })

  test('one that fails to stop is logged and keeps no other from stopping', async () => {
    const { events, service } = recorded()
    const lines: string[] = []
    const failing = service('b', { stop: () => Promise.reject(new Error('stuck')) })
    const throwing = service('c', {
      stop() {
        throw new Error('broken')
      },
    })
    const services = createLifecycle([service('a'), failing, throwing], log(lines))
    await services.start()
    await services.stop()
    expect(events.at(-1)).toBe('stop a')
    expect(lines.join('\n')).toContain('stuck')
    expect(lines.join('\n')).toContain('broken')
  })

  test('a stop during the start starts nothing more and stops what was starting', async () => {
    const { events, service } = recorded()
    const gate = Promise.withResolvers<void>()
    const services = createLifecycle([service('a'), service('b', { start: () => gate.promise }), service('c')], log())
    const starting = services.start()
    await Promise.resolve()
    await services.stop()
    gate.resolve()
    await starting
    expect(events).toEqual(['start a', 'stop b', 'stop a'])
  })
})
