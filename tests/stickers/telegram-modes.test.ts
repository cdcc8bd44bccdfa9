import { describe, expect, test } from 'bun:test'
import { loadConfig } from '../../src/config.ts'
import { createSandboxBotApi } from '../../src/platform/telegram/bot-api.ts'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig } from './rig.ts'

onEachDatabase('stickers: Telegram in the sandbox', (database) => {
  test('stickers §9.35: the sandbox works without a network and gives equal sets for equal names', async () => {
    const app = await makeRig(database, { env: { TELEGRAM_BOT_API_URL: 'http://127.0.0.1:1' } })
    const made = await app.create('My_Set')
    expect(made.telegramStickerSetInfo).toEqual({
      name: 'my_set',
      title: 'Sandbox my_set',
      sticker_type: 'regular',
      stickers: [1, 2, 3, 4, 5].map((i) => ({
        file_id: `sandbox-my_set-${i}`,
        file_unique_id: `sandbox-u-my_set-${i}`,
        type: 'regular',
        width: 512,
        height: 512,
        is_animated: false,
        is_video: false,
        emoji: expect.any(String),
        set_name: 'my_set',
        file_size: 1024 * i,
      })),
    })
    expect((await app.send('GET', '/1')).body.telegramStickerSetInfo).toEqual(made.telegramStickerSetInfo)
    expect((await app.create('z'.repeat(100))).title).toBe(`Sandbox ${'z'.repeat(56)}`)
    const [one, two] = await Promise.all([1, 2].map(() => createSandboxBotApi().getStickerSet('n', { deadline: 0 })))
    expect(one).toEqual(two!)
    expect(app.lines.some((line) => line.includes('"mode":"sandbox"'))).toBe(true)
    // Made-up sets must not be taken for Telegram's word by a later start in live mode.
    expect(await app.count('stickerset_telegram_cache')).toBe(0)
  })

  test('stickers §1: live mode without a token starts with a warning, and Telegram counts as unreachable', async () => {
    const app = await makeRig(database, { env: { TELEGRAM_BOT_MODE: 'live' } })
    expect(app.lines.filter((line) => line.includes('"level":"warn"')).join()).toContain('unreachable')
    const answer = await app.send('POST', '?userId=1', { name: 'x' })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  })
})

describe('stickers: configuration', () => {
  const problemsOf = (env: Record<string, string>): string[] => {
    try {
      loadConfig(env)
      return []
    } catch (error) {
      return (error as { problems: string[] }).problems
    }
  }
  const PRODUCTION = { FAMILIES: 'gifty,stickers', NODE_ENV: 'production', INTERNAL_API_TOKEN: 'a-real-internal-token' }

  test('stickers §9.35: production refuses to start in the sandbox', () => {
    expect(problemsOf({ ...PRODUCTION, TELEGRAM_BOT_MODE: 'sandbox' })).toEqual([
      'TELEGRAM_BOT_MODE must not be sandbox in production',
    ])
    expect(loadConfig(PRODUCTION)).toMatchObject({ telegramBotMode: 'live', serviceTokens: [] })
    expect(loadConfig({})).toMatchObject({
      telegramBotMode: 'sandbox',
      telegramBotApiUrl: 'https://api.telegram.org',
      serviceTokens: [{ name: 'dev', token: 'dev-service-token', scopes: ['read', 'write', 'publish', 'delete'] }],
    })
    expect(loadConfig({ TELEGRAM_BOT_TOKEN: '1:x' }).telegramBotMode).toBe('live')
    expect(loadConfig({ TELEGRAM_BOT_TOKEN: '1:x', TELEGRAM_BOT_MODE: 'sandbox' }).telegramBotMode).toBe('sandbox')
  })

  test('stickers §1: the base URL is http or https and loses its trailing slash', () => {
    expect(loadConfig({ TELEGRAM_BOT_API_URL: 'http://localhost:8081/api/' }).telegramBotApiUrl).toBe('http://localhost:8081/api')
    for (const bad of ['ftp://x', 'localhost', 'https://', 'https://x/?a', 'https://x/#a', 'http://a b'])
      expect(problemsOf({ TELEGRAM_BOT_API_URL: bad })).toHaveLength(1)
  })

  test('stickers §2: SERVICE_TOKENS is read as people write it', () => {
    expect(loadConfig({ SERVICE_TOKENS: ' a : t1 ; ;b:t2:read , delete,read;a:t!~3;' }).serviceTokens).toEqual([
      { name: 'a', token: 't1', scopes: ['read', 'write', 'publish', 'delete'] },
      { name: 'b', token: 't2', scopes: ['read', 'delete'] },
      { name: 'a', token: 't!~3', scopes: ['read', 'write', 'publish', 'delete'] },
    ])
    for (const none of ['', ' ', ';;']) expect(loadConfig({ SERVICE_TOKENS: none }).serviceTokens).toEqual([])
  })

  test('stickers §2: a bad SERVICE_TOKENS stops the start without printing a token', () => {
    for (const bad of [
      'secret77',
      ':secret77',
      'a:',
      'a b:secret77',
      `${'n'.repeat(65)}:secret77`,
      'a:secret77:admin',
      'a:secret77:',
      'a:secret77:read,',
      'a:secret77:read:more',
      'a:secret 77',
      'a:secret77,x',
      'a:секрет77',
      'a:secret77;b:secret77',
      'a:x:secret77',
    ]) {
      const found = problemsOf({ SERVICE_TOKENS: bad })
      expect([bad, found.length]).toEqual([bad, 1])
      expect(found[0]).toMatch(/^SERVICE_TOKENS entry \d /)
      expect(found[0]).not.toMatch(/77/)
    }
    expect(problemsOf({ ...PRODUCTION, SERVICE_TOKENS: 'bot:dev-service-token:read' })).toEqual([
      'SERVICE_TOKENS must not be the development value in production',
    ])
  })
})
