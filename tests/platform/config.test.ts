import { describe, expect, test } from 'bun:test'
import { ConfigError, configFromEnv, DEVELOPMENT_TOKENS, loadConfig, VARIABLES } from '../../src/config.ts'

const KEYS = `k1:${Buffer.alloc(32, 'one').toString('base64')},k0:${Buffer.alloc(32, 'two').toString('base64')}`
const LOVE_PARSER = {
  JWT_SECRET: 'a-real-secret-of-thirty-two-characters',
  ENCRYPTION_KEYS: KEYS,
  TELEGRAM_API_ID: '12345',
  TELEGRAM_API_HASH: 'a-real-hash',
  TELEGRAM_SESSION: 'a-real-session',
}
const PRODUCTION = { NODE_ENV: 'production', INTERNAL_API_TOKEN: 'a-real-internal-token', ...LOVE_PARSER }
const problemsOf = (env: Record<string, string>): string[] => {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('configuration', () => {
  test('architecture §12: an empty environment is a development server on SQLite', () => {
    expect(loadConfig({})).toMatchObject({
      mode: 'development',
      production: false,
      port: 3000,
      host: '127.0.0.1',
      database: {
        url: 'sqlite:data/trawl.db',
        synchronous: 'NORMAL',
        poolMax: 10,
        statementTimeoutMs: 30_000,
        prepared: true,
      },
      role: 'all',
      internalToken: 'dev-internal-token',
      analyticsToken: 'dev-analytics-token',
      demo: true,
      trustProxy: 0,
      corsOrigins: [],
      schedulerTickSeconds: 1,
      runIdleTimeoutSeconds: 5400,
      runStartTimeoutSeconds: 21_600,
      discoveryDailyQuota: 50,
    })
  })

  test('architecture §12: production listens everywhere, keeps every answered write, and seeds nothing', () => {
    expect(loadConfig(PRODUCTION)).toMatchObject({
      production: true,
      host: '0.0.0.0',
      database: { synchronous: 'FULL' },
      demo: false,
      schedulerTickSeconds: 10,
      internalToken: 'a-real-internal-token',
      analyticsToken: undefined,
    })
  })

  test('architecture §12: every problem is reported at once, each with the name of its variable', () => {
    const bad = {
      PORT: '70000',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://x',
      SQLITE_SYNCHRONOUS: 'SOMETIMES',
      ROLE: 'boss',
      FAMILIES: 'gifty,unknown',
      TRUST_PROXY: '-1',
      CORS_ORIGIN: 'not an origin',
      CORS_ORIGIN_REGEX: '(',
      DEMO: 'perhaps',
      DATABASE_POOL_MAX: '1',
      SCHEDULER_TICK_SECONDS: '1.5',
      EMBEDDED_WORKERS: 'web,robot',
    }
    const problems = problemsOf(bad)
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual(Object.keys(bad).sort())
    expect(() => loadConfig(bad)).toThrow(/PORT[\s\S]*LOG_LEVEL[\s\S]*EMBEDDED_WORKERS/)
  })

  test('gifty §1.1: production without INTERNAL_API_TOKEN does not start and names the variable', () => {
    for (const env of [{}, { INTERNAL_API_TOKEN: '' }] as Record<string, string>[])
      expect(problemsOf({ NODE_ENV: 'production', ...LOVE_PARSER, ...env })).toEqual([
        'INTERNAL_API_TOKEN is required in production',
      ])
  })

  test('architecture §12: production asks for the secrets of mounted families only', () => {
    expect(problemsOf({ NODE_ENV: 'production', ...LOVE_PARSER, FAMILIES: 'love-parser' })).toEqual([])
    expect(problemsOf({ NODE_ENV: 'production', INTERNAL_API_TOKEN: 'a-real-internal-token', FAMILIES: 'gifty' })).toEqual([])
  })

  test('architecture §12: production refuses the development secrets of gifty', () => {
    const development = {
      INTERNAL_API_TOKEN: DEVELOPMENT_TOKENS.INTERNAL_API_TOKEN,
      ANALYTICS_API_TOKEN: DEVELOPMENT_TOKENS.ANALYTICS_API_TOKEN,
      DASHBOARD_JWT_SECRET: 'development-dashboard-secret-not-for-production',
    }
    expect(problemsOf({ ...PRODUCTION, ...development })).toEqual(
      Object.keys(development).map((name) => `${name} must not be the development value in production`),
    )
    expect(problemsOf(development)).toEqual([])
  })

  test('architecture §12: production refuses every other development secret', () => {
    const development = {
      CRAWLER_API_TOKEN: DEVELOPMENT_TOKENS.CRAWLER_API_TOKEN,
      SERVICE_TOKENS: DEVELOPMENT_TOKENS.SERVICE_TOKENS,
      JWT_SECRET: 'development-jwt-secret-not-for-production',
    }
    expect(problemsOf({ ...PRODUCTION, ...development })).toHaveLength(3)
  })

  test('love-parser §7, §10: production in mtproto names every credential that is missing', () => {
    expect(problemsOf({ NODE_ENV: 'production', FAMILIES: 'love-parser' })).toEqual([
      'JWT_SECRET is required in production',
      'ENCRYPTION_KEYS is required in production',
      'TELEGRAM_API_ID is required in production',
      'TELEGRAM_API_HASH is required in production',
      'TELEGRAM_SESSION is required in production',
    ])
  })

  test('love-parser §7, §10: production refuses the sandbox and a short JWT_SECRET', () => {
    expect(problemsOf({ ...PRODUCTION, TELEGRAM_MODE: 'sandbox' })).toEqual(['TELEGRAM_MODE must not be sandbox in production'])
    expect(problemsOf({ ...PRODUCTION, JWT_SECRET: 'x'.repeat(31) })).toEqual([
      'JWT_SECRET must have at least 32 characters in production',
    ])
    expect(loadConfig(PRODUCTION).telegramMode).toBe('mtproto')
    expect(loadConfig({}).telegramMode).toBe('sandbox')
  })

  test('love-parser §1, §7: origins of the web app and the bounds of the channel limit', () => {
    expect(loadConfig({}).loveParserOrigins).toEqual([
      'http://localhost:5173',
      ...['localhost', '127.0.0.1'].flatMap((host) => [3000, 4173, 5173, 8080].map((port) => `http://${host}:${port}`)),
    ])
    expect(
      loadConfig({ ...PRODUCTION, FRONTEND_URL: 'https://app.example/', CORS_ORIGIN: 'https://a.example, *' }).loveParserOrigins,
    ).toEqual(['https://app.example', 'https://a.example', '*'])
    for (const [text, limit] of [
      ['1', 5],
      ['200', 200],
      ['9999', 200],
      ['42', 42],
    ] as const)
      expect(loadConfig({ PARSING_CHANNEL_LIMIT: text }).channelLimit).toBe(limit)
  })

  test('U6: every development start without a shop has the play shop; tests and production have none', () => {
    const play = { merchantLogin: 'demo', isTest: true, testAllowed: true, hash: 'sha256' }
    for (const env of [
      {},
      { NODE_ENV: '' },
      { NODE_ENV: 'development' },
      { ROBOKASSA_MERCHANT_LOGIN: '', ROBOKASSA_PASSWORD1: '' },
    ]) {
      const { robokassa } = configFromEnv(env)
      expect(robokassa).toMatchObject(play)
      expect(robokassa.testPasswords.link).not.toBe('')
      expect(robokassa.testPasswords.notification).not.toBe('')
    }
    // What is no shop goes before it.
    expect(configFromEnv({ ROBOKASSA_HASH: 'md5' }).robokassa).toMatchObject({ ...play, hash: 'md5' })
    const none = { merchantLogin: '', isTest: false }
    expect(configFromEnv({ NODE_ENV: 'test' }).robokassa).toMatchObject(none)
    expect(configFromEnv(PRODUCTION).robokassa).toMatchObject(none)
    expect(configFromEnv({ ROBOKASSA_MERCHANT_LOGIN: 'mine' }).robokassa).toMatchObject({ merchantLogin: 'mine', isTest: false })
    expect(configFromEnv({ ROBOKASSA_TEST_PASSWORD1: 'own' }).robokassa).toMatchObject(none)
  })

  test('gifty §1.1: an explicitly empty token means not configured; an empty other variable means unset', () => {
    expect(
      loadConfig({ INTERNAL_API_TOKEN: '', ANALYTICS_API_TOKEN: '', PORT: '', DATABASE_URL: '', CORS_ORIGIN: '' }),
    ).toMatchObject({
      internalToken: undefined,
      analyticsToken: undefined,
      port: 3000,
      database: { url: 'sqlite:data/trawl.db' },
      corsOrigins: [],
    })
  })

  test('a message never holds the value of a secret', () => {
    const secret = 'p1ain-s3cret'
    for (const name of Object.keys(VARIABLES).filter(
      (name) => (VARIABLES as Record<string, { secret?: boolean }>)[name]!.secret,
    )) {
      for (const value of [secret, `${secret}:x`, `x:${secret}`, `mysql://u:${secret}@h/d`, 'short'])
        for (const problem of problemsOf({ ...PRODUCTION, [name]: value })) expect(problem).not.toMatch(/p1ain|short/)
      expect(problemsOf({ ...PRODUCTION, DATABASE_URL: `mysql://u:${secret}@h/d`, PORT: 'x' }).join()).not.toContain(secret)
    }
  })

  test('architecture §12: the key ring is read in order; anything but 32-byte keys is refused', () => {
    expect(loadConfig({ ENCRYPTION_KEYS: KEYS }).encryptionKeys?.map(({ id, key }) => [id, key.length, key[0]])).toEqual([
      ['k1', 32, 111],
      ['k0', 32, 116],
    ])
    for (const bad of [
      'k1',
      'k1:',
      'k1:c2hvcnQ=',
      `:${Buffer.alloc(32).toString('base64')}`,
      `bad id:${Buffer.alloc(32).toString('base64')}`,
      `k1:${Buffer.alloc(33).toString('base64')}`,
    ])
      expect(problemsOf({ ENCRYPTION_KEYS: bad })).not.toEqual([])
  })

  test('Redis is named by a URL, which no problem repeats; a shared port needs Postgres', () => {
    expect(loadConfig({ REDIS_URL: 'rediss://user:word@redis.example:6380/2' }).redisUrl).toBe(
      'rediss://user:word@redis.example:6380/2',
    )
    for (const bad of ['localhost:6379', 'http://user:hunter2@redis', 'redis://', 'redis://user:hunter2@[x']) {
      const problems = problemsOf({ REDIS_URL: bad }).join()
      expect(problems).toContain('REDIS_URL must be redis://')
      expect(problems).not.toContain('hunter2')
    }
    expect(problemsOf({ REUSE_PORT: '1' }).join()).toContain('REUSE_PORT is for several processes')
    expect(loadConfig({ REUSE_PORT: '1', DATABASE_URL: 'postgres://localhost/trawl' }).reusePort).toBe(true)
    expect(loadConfig({}).reusePort).toBe(false)
  })

  test('gifty §12: AMQP_URL has an alias, must be an AMQP address, and no problem repeats it', () => {
    expect(loadConfig({ RABBITMQ_URL: 'amqps://u:s3cret@mq.example/v' }).amqpUrl).toBe('amqps://u:s3cret@mq.example/v')
    expect(loadConfig({ AMQP_URL: 'amqp://a', RABBITMQ_URL: 'amqp://b' }).amqpUrl).toBe('amqp://a')
    expect(loadConfig({ AMQP_URL: '' }).amqpUrl).toBeUndefined()
    for (const bad of ['http://u:s3cret@mq.example', 'amqp://', 'amqp:///s3cret', 'mq.example:5672', 'amqp://u:s3cret@h:port']) {
      const problems = problemsOf({ AMQP_URL: bad }).join()
      expect(problems).toContain('AMQP_URL must be amqp://')
      expect(problems).not.toContain('s3cret')
    }
  })

  test('lists and flags are read as people write them', () => {
    expect(
      loadConfig({
        DEMO: 'OFF',
        CORS_ORIGIN: ' https://a.example , http://localhost:5173 ',
        EMBEDDED_WORKERS: 'none',
        FAMILIES: 'gifty',
        CORS_ORIGIN_REGEX: 'https://.*\\.example',
      }),
    ).toMatchObject({
      demo: false,
      corsOrigins: ['https://a.example', 'http://localhost:5173'],
      embeddedWorkers: [],
      families: ['gifty'],
    })
    const regex = loadConfig({ CORS_ORIGIN_REGEX: 'https://[a-z]+\\.example|http://x' }).corsOriginRegex
    expect(
      ['https://a.example', 'https://a.example.evil', 'evil://https://a.example', 'http://x'].map((origin) =>
        regex!.test(origin),
      ),
    ).toEqual([true, false, false, true])
  })
})

describe('configuration of payments', () => {
  test('love-parser §10: nothing is configured by default, and sha256 signs', () => {
    expect(loadConfig({}).robokassa).toEqual({
      merchantLogin: '',
      passwords: { link: '', notification: '' },
      testPasswords: { link: '', notification: '' },
      isTest: false,
      testAllowed: true,
      hash: 'sha256',
      allowedIps: [],
      invIdStart: 1,
      paymentUrl: 'https://auth.robokassa.ru/Merchant/Index.aspx',
      success: undefined,
      fail: undefined,
      receipt: undefined,
    })
  })

  test('love-parser §6: pages to return to and the receipt are set by name', () => {
    const { success, fail, receipt } = loadConfig({
      ROBOKASSA_SUCCESS_URL: 'https://app.example/paid',
      ROBOKASSA_FAIL_URL: 'https://app.example/failed',
      ROBOKASSA_FAIL_METHOD: 'POST',
      ROBOKASSA_RECEIPT_TAX: 'vat20',
    }).robokassa
    expect({ success, fail, receipt }).toEqual({
      success: { url: 'https://app.example/paid', method: 'GET' },
      fail: { url: 'https://app.example/failed', method: 'POST' },
      receipt: { sno: undefined, tax: 'vat20', paymentMethod: 'full_payment', paymentObject: 'service' },
    })
    expect(problemsOf({ ROBOKASSA_SUCCESS_URL: '/paid' })).toEqual(['ROBOKASSA_SUCCESS_URL must be an http(s) URL'])
    expect(problemsOf({ ROBOKASSA_RECEIPT_SNO: 'osn' })).toEqual([
      'ROBOKASSA_RECEIPT_SNO needs ROBOKASSA_RECEIPT_TAX: without it there is no receipt',
    ])
  })

  test('love-parser §10: booleans accept true/1/yes and false/0/no; anything else refuses to start', () => {
    for (const text of ['true', '1', 'yes', 'YES']) expect(loadConfig({ ROBOKASSA_IS_TEST: text }).robokassa.isTest).toBe(true)
    for (const text of ['false', '0', 'no', '']) expect(loadConfig({ ROBOKASSA_IS_TEST: text }).robokassa.isTest).toBe(false)
    for (const text of ['on', 'off', 'y', '2'])
      expect(problemsOf({ ROBOKASSA_ALLOW_TEST: text })).toEqual(['ROBOKASSA_ALLOW_TEST must be true or false'])
  })

  test('security L2: production refuses short tokens and keys of one repeated byte', () => {
    const short = 'fifteen-letters'
    const names = ['INTERNAL_API_TOKEN', 'ANALYTICS_API_TOKEN', 'CRAWLER_API_TOKEN', 'METRICS_TOKEN']
    for (const name of names)
      expect(problemsOf({ ...PRODUCTION, [name]: short })).toEqual([`${name} must have at least 16 characters in production`])
    expect(problemsOf({ ...PRODUCTION, SERVICE_TOKENS: `a:${short}x;b:${short}` })).toEqual([
      'SERVICE_TOKENS must have tokens of at least 16 characters in production',
    ])
    for (const byte of [0, 65])
      expect(problemsOf({ ...PRODUCTION, ENCRYPTION_KEYS: `k:${Buffer.alloc(32, byte).toString('base64')}` })).toEqual([
        'ENCRYPTION_KEYS must not have a key of one repeated byte in production',
      ])
    expect(problemsOf({ ...PRODUCTION, ANALYTICS_API_TOKEN: '', METRICS_TOKEN: `${short}x` })).toEqual([])
    expect(loadConfig({ INTERNAL_API_TOKEN: 'a' }).internalToken).toBe('a')
  })

  test('security L3: outside production a server listens on loopback, unless DEVELOPMENT_ANYWHERE is set', () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.7', 'box.example', '127.0.0.1.example'])
      expect(problemsOf({ HOST: host })).toEqual([expect.stringContaining('DEVELOPMENT_ANYWHERE')])
    for (const host of ['127.0.0.1', '127.0.0.2', 'localhost', '::1']) expect(loadConfig({ HOST: host }).host).toBe(host)
    expect(loadConfig({ HOST: '0.0.0.0', DEVELOPMENT_ANYWHERE: '1' }).host).toBe('0.0.0.0')
    expect(loadConfig({ ...PRODUCTION, HOST: '0.0.0.0' }).host).toBe('0.0.0.0')
  })

  test('security H6: production refuses an OAuth secret of the crawler without the instance it belongs to', () => {
    const secret = { ...PRODUCTION, CRAWLER_OAUTH_CLIENT_ID: 'id', CRAWLER_OAUTH_CLIENT_SECRET: 'secret' }
    expect(problemsOf(secret)).toEqual([
      'CRAWLER_OAUTH_CLIENT_SECRET needs CRAWLER_OAUTH_INSTANCE, the origin that it may be sent to',
    ])
    for (const [name, value] of [
      ['CRAWLER_OAUTH_INSTANCE', 'https://git.example'],
      ['CRAWLER_DEFAULT_API_ENDPOINT', 'https://git.example/api/v4'],
    ] as const)
      expect(problemsOf({ ...secret, [name]: value })).toEqual([])
  })

  test('love-parser §10: production refuses test orders that are not allowed', () => {
    expect(problemsOf({ ...PRODUCTION, ROBOKASSA_IS_TEST: 'true' })).toEqual([
      'ROBOKASSA_IS_TEST needs ROBOKASSA_ALLOW_TEST in production',
    ])
    expect(loadConfig({ ...PRODUCTION, ROBOKASSA_IS_TEST: 'true', ROBOKASSA_ALLOW_TEST: 'yes' }).robokassa.testAllowed).toBe(true)
    expect(loadConfig(PRODUCTION).robokassa.testAllowed).toBe(false)
  })

  test('love-parser §6: addresses, networks, hashes and numbers are checked at start', () => {
    expect(loadConfig({ ROBOKASSA_ALLOWED_IPS: '1.2.3.4, 10.0.0.0/8,2001:db8::/32' }).robokassa.allowedIps).toEqual([
      '1.2.3.4',
      '10.0.0.0/8',
      '2001:db8::/32',
    ])
    const bad = {
      ROBOKASSA_ALLOWED_IPS: '1.2.3',
      ROBOKASSA_HASH: 'crc32',
      ROBOKASSA_INV_ID_START: '0',
      ROBOKASSA_PAYMENT_URL: 'ftp://x',
    }
    expect(
      problemsOf(bad)
        .map((problem) => problem.split(' ')[0])
        .sort(),
    ).toEqual(Object.keys(bad).sort())
    for (const text of ['1.2.3.4/33', '::1/129', '1.2.3.4/8/8', '1.2.3.4/'])
      expect(problemsOf({ ROBOKASSA_ALLOWED_IPS: text })).toHaveLength(1)
  })

  test('gitlab-crawler §16: defaults of the crawler, and values that stop the start', () => {
    expect(loadConfig({}).crawler).toMatchObject({
      token: 'dev-crawler-token',
      socket: undefined,
      rateLimit: 600,
      progressRateLimit: 6000,
      maxBodyBytes: 1_048_576,
      maxConnections: 100,
      heartbeatMs: 30_000,
      resumeMs: 300_000,
      resumeMessages: 1000,
      maxAttempts: 3,
      staleAfterMs: 7_200_000,
      fanout: 'default',
      healthAuth: 'public',
    })
    for (const [name, value] of [
      ['CRAWLER_DEFAULT_API_ENDPOINT', 'ftp://x'],
      ['CRAWLER_DEFAULT_API_ENDPOINT', 'https://user@git.example'],
      ['CRAWLER_HEALTH_AUTH', 'maybe'],
      ['CRAWLER_RATE_LIMIT', '-1'],
      ['CRAWLER_HEARTBEAT_MS', '5'],
      ['CRAWLER_FANOUT', 'some'],
    ] as const)
      expect(() => loadConfig({ [name]: value })).toThrow(name)
    expect(loadConfig({ CRAWLER_API_TOKEN: '' }).crawler.token).toBeUndefined()
  })

  test('gifty §12: addresses of others are http(s) without a query, kept without a slash at their end', () => {
    expect(loadConfig({})).toMatchObject({
      posthog: undefined,
      prometheusUrl: undefined,
      lokiUrl: undefined,
      weeekApiBase: 'https://api.weeek.net/public/v1',
      weeekWorkspaceId: undefined,
      telegramBotToken: undefined,
      initDataMaxAgeSeconds: 86_400,
      dashboardTokenTtlSeconds: 43_200,
    })
    expect(loadConfig({ POSTHOG_API_KEY: 'k' }).posthog).toBeUndefined()
    expect(loadConfig({ POSTHOG_API_KEY: 'k', POSTHOG_PROJECT_ID: '7', POSTHOG_HOST: 'http://hog.example/x//' }).posthog).toEqual(
      {
        host: 'http://hog.example/x',
        apiKey: 'k',
        projectId: '7',
      },
    )
    const bad = {
      PROMETHEUS_URL: 'prometheus:9090',
      LOKI_URL: 'http://loki/?a=1',
      WEEEK_API_BASE: 'ftp://x',
      POSTHOG_PROJECT_ID: 'a/b',
    }
    expect(
      problemsOf(bad)
        .map((problem) => problem.split(' ')[0])
        .sort(),
    ).toEqual(Object.keys(bad).sort())
  })
})

describe('configuration of embeddings', () => {
  test('gifty §12: 384 numbers of the built-in embedder, 1024 of an external model, unless set otherwise', () => {
    expect(loadConfig({}).embedding).toMatchObject({ isBuiltIn: true, model: { name: 'trawl-ngram', version: '1', dim: 384 } })
    const external = {
      EMBEDDING_MODEL: 'bge-m3',
      EMBEDDING_VERSION: '2',
      EMBEDDING_API_URL: 'http://embedder:8080/v1/embeddings',
    }
    expect(loadConfig(external).embedding).toMatchObject({
      isBuiltIn: false,
      model: { name: 'bge-m3', version: '2', dim: 1024 },
      url: 'http://embedder:8080/v1/embeddings',
    })
    expect(loadConfig({ ...external, EMBEDDING_DIM: '768' }).embedding.model.dim).toBe(768)
    expect(problemsOf({ EMBEDDING_API_URL: 'http://embedder/' })).toEqual([
      'EMBEDDING_API_URL needs EMBEDDING_MODEL, the name of the model it serves',
    ])
    expect(problemsOf({ ...external, EMBEDDING_API_URL: 'embedder' })).toEqual(['EMBEDDING_API_URL must be an http(s) URL'])
  })
})
