import { dirname, join } from 'node:path'
import type { z } from 'zod'
import manifest from '../package.json' with { type: 'json' }
import {
  BUILT_IN_EMBEDDER,
  CRAWLER_TASK_TYPES,
  DEVELOPMENT_ORIGINS,
  DEVELOPMENT_SECRETS,
  DEVELOPMENT_SHOP,
  DEVELOPMENT_TOKENS,
  type EMBEDDABLE_WORKERS,
  type FAMILIES,
  serviceTokens,
} from './config/kinds.ts'
import { nearMisses } from './config/near-misses.ts'
import { missingSecrets, REQUIRED_SECRETS } from './config/secrets.ts'
import { VARIABLES } from './config/variables.ts'

export const VERSION: string = manifest.version

export * from './config/kinds.ts'
export { VARIABLES }

type Name = keyof typeof VARIABLES
export type Family = (typeof FAMILIES)[number]
export type EmbeddableWorker = (typeof EMBEDDABLE_WORKERS)[number]
type Value<K extends Name> = z.output<(typeof VARIABLES)[K]['schema']>
type WithStandard = { [K in Name]: (typeof VARIABLES)[K]['standard'] extends string ? K : never }[Name]
type Parsed = { [K in WithStandard]: Value<K> } & { [K in Exclude<Name, WithStandard>]?: Value<K> }

/** All configuration problems at once; the texts name variables, never values of secrets. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(`configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

/** Least length of a token in production. */
const MIN_SECRET = 16

/** Whether a name or an address, without a port, is this machine's own. */
export const isLoopback = (host: string): boolean => /^(localhost|[\w.-]+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)

export type Config = ReturnType<typeof loadConfig>

/**
 * Reads the environment once. An empty value means "not configured" for tokens and "unset" for the rest.
 * @throws ConfigError with every problem found
 */
export const loadConfig = (env: Record<string, string | undefined>) => {
  const problems: string[] = []
  const parsed = {} as Parsed
  const emptyMeansOff = new Set<Name>(['INTERNAL_API_TOKEN', 'ANALYTICS_API_TOKEN', 'CRAWLER_API_TOKEN', 'SERVICE_TOKENS'])
  for (const name of Object.keys(VARIABLES) as Name[]) {
    const { schema, standard } = VARIABLES[name]
    const keep = (text: string) => {
      const result = schema.safeParse(text)
      if (result.success) (parsed as Record<string, unknown>)[name] = result.data
      return result.error?.issues ?? []
    }
    // Before the given one, which may be wrong: what follows finds the other problems too.
    if (typeof standard === 'string') keep(standard)
    const value = env[name]
    if (value === undefined || (value === '' && !emptyMeansOff.has(name))) continue
    for (const issue of keep(value))
      problems.push(
        `${name} ${issue.code === 'custom' || issue.code === 'invalid_format' ? issue.message : issue.message.toLowerCase()}`,
      )
  }
  const mode = parsed.NODE_ENV
  const production = mode === 'production'
  const families = parsed.FAMILIES

  /** What can be guessed within a night is no secret. The empty text means that there is none. */
  const demandLength = (name: string, value: string | undefined) => {
    if (production && value && value.length < MIN_SECRET)
      problems.push(`${name} must have at least ${MIN_SECRET} characters in production`)
  }
  const secretFor = (name: Exclude<keyof typeof DEVELOPMENT_TOKENS | keyof typeof DEVELOPMENT_SECRETS, 'SERVICE_TOKENS'>) => {
    const value = parsed[name]
    const standIn: string = { ...DEVELOPMENT_TOKENS, ...DEVELOPMENT_SECRETS }[name]
    if (!production) return value ?? standIn
    if (value === standIn) problems.push(`${name} must not be the development value in production`)
    else demandLength(name, value)
    return value
  }
  const internalToken = secretFor('INTERNAL_API_TOKEN') || undefined
  const analyticsToken = secretFor('ANALYTICS_API_TOKEN') || undefined
  const dashboardJwtSecret = secretFor('DASHBOARD_JWT_SECRET')
  const jwtSecret = secretFor('JWT_SECRET')
  const telegramMode = parsed.TELEGRAM_MODE ?? (production ? 'mtproto' : 'sandbox')
  if (production && families.includes('love-parser')) {
    if (jwtSecret && jwtSecret.length < 32) problems.push('JWT_SECRET must have at least 32 characters in production')
    if (telegramMode === 'sandbox') problems.push('TELEGRAM_MODE must not be sandbox in production')
  }
  const outboundAllow = [...(parsed.OUTBOUND_ALLOW ?? []), ...(parsed.WEB_WORKER_ALLOW ?? [])]
  // An entry without a port means both ports that a URL without one may mean.
  const gitlabHosts = (parsed.CRAWLER_GITLAB_HOSTS ?? []).flatMap((entry) =>
    /:\d+$/.test(entry.replace(/^\[.*\]/, '')) ? [entry] : [`${entry}:443`, `${entry}:80`],
  )
  const oauthInstance =
    parsed.CRAWLER_OAUTH_INSTANCE ??
    (parsed.CRAWLER_DEFAULT_API_ENDPOINT === undefined ? undefined : new URL(parsed.CRAWLER_DEFAULT_API_ENDPOINT).origin)
  if (production && parsed.CRAWLER_OAUTH_CLIENT_SECRET !== undefined && oauthInstance === undefined)
    problems.push('CRAWLER_OAUTH_CLIENT_SECRET needs CRAWLER_OAUTH_INSTANCE, the origin that it may be sent to')
  const crawlerToken = secretFor('CRAWLER_API_TOKEN') || undefined
  const embeddingModel = parsed.EMBEDDING_MODEL
  const isBuiltIn = embeddingModel === BUILT_IN_EMBEDDER
  if (isBuiltIn && parsed.EMBEDDING_API_URL)
    problems.push('EMBEDDING_API_URL needs EMBEDDING_MODEL, the name of the model it serves')
  const allowTest = parsed.ROBOKASSA_ALLOW_TEST
  if (production && parsed.ROBOKASSA_IS_TEST && !allowTest)
    problems.push('ROBOKASSA_IS_TEST needs ROBOKASSA_ALLOW_TEST in production')
  if (parsed.ROBOKASSA_RECEIPT_SNO !== undefined && parsed.ROBOKASSA_RECEIPT_TAX === undefined)
    problems.push('ROBOKASSA_RECEIPT_SNO needs ROBOKASSA_RECEIPT_TAX: without it there is no receipt')
  const developmentServices = serviceTokens.parse(DEVELOPMENT_TOKENS.SERVICE_TOKENS)
  if (production && parsed.SERVICE_TOKENS?.some(({ token }) => developmentServices.some((known) => known.token === token)))
    problems.push('SERVICE_TOKENS must not be the development value in production')
  if (production && parsed.SERVICE_TOKENS?.some(({ token }) => token.length < MIN_SECRET))
    problems.push(`SERVICE_TOKENS must have tokens of at least ${MIN_SECRET} characters in production`)
  demandLength('METRICS_TOKEN', parsed.METRICS_TOKEN)
  if (production && parsed.ENCRYPTION_KEYS?.some(({ key }) => key.every((byte) => byte === key[0])))
    problems.push('ENCRYPTION_KEYS must not have a key of one repeated byte in production')
  const host = parsed.HOST ?? (production ? '0.0.0.0' : '127.0.0.1')
  // Everybody knows them: on an address that others reach they are no protection at all.
  if (!production && !isLoopback(host) && !parsed.DEVELOPMENT_ANYWHERE)
    problems.push(
      `HOST ${host} is reached by others, who know the development secrets: set NODE_ENV=production, or DEVELOPMENT_ANYWHERE=1 to do it all the same`,
    )
  const telegramBotMode = parsed.TELEGRAM_BOT_MODE ?? (parsed.TELEGRAM_BOT_TOKEN || production ? 'live' : 'sandbox')
  if (production && telegramBotMode === 'sandbox') problems.push('TELEGRAM_BOT_MODE must not be sandbox in production')
  const reusePort = parsed.REUSE_PORT
  if (reusePort && !/^postgres(ql)?:/.test(parsed.DATABASE_URL))
    problems.push('REUSE_PORT is for several processes, and those need Postgres: set DATABASE_URL to postgres://...')

  const config = {
    mode,
    production,
    port: parsed.PORT,
    host,
    /** Whether a request has to name this machine as its Host: against pages that reach a developer's server by DNS rebinding. */
    loopbackOnly: mode === 'development' && !parsed.DEVELOPMENT_ANYWHERE,
    logLevel: parsed.LOG_LEVEL,
    database: {
      url: parsed.DATABASE_URL,
      synchronous: parsed.SQLITE_SYNCHRONOUS ?? (production ? ('FULL' as const) : ('NORMAL' as const)),
      poolMax: parsed.DATABASE_POOL_MAX,
      statementTimeoutMs: parsed.DATABASE_STATEMENT_TIMEOUT_MS,
      prepared: parsed.DATABASE_PREPARED_STATEMENTS,
    },
    redisUrl: parsed.REDIS_URL,
    reusePort,
    amqpUrl: parsed.AMQP_URL ?? parsed.RABBITMQ_URL,
    role: parsed.ROLE,
    families,
    embeddedWorkers: parsed.EMBEDDED_WORKERS,
    embeddedWorkerConcurrency: parsed.EMBEDDED_WORKER_CONCURRENCY,
    /** Private `host:port` that every outbound client may reach. */
    outboundAllow,
    demo: parsed.DEMO ?? mode === 'development',
    corsOrigins: parsed.CORS_ORIGIN ?? [],
    corsOriginRegex: parsed.CORS_ORIGIN_REGEX,
    trustProxy: parsed.TRUST_PROXY,
    internalToken,
    analyticsToken,
    serviceTokens: parsed.SERVICE_TOKENS ?? (production ? [] : developmentServices),
    telegramBotMode,
    telegramBotToken: parsed.TELEGRAM_BOT_TOKEN,
    telegramBotApiUrl: parsed.TELEGRAM_BOT_API_URL,
    metricsToken: parsed.METRICS_TOKEN,
    dashboardJwtSecret,
    dashboardTokenTtlSeconds: parsed.DASHBOARD_TOKEN_TTL_SECONDS,
    initDataMaxAgeSeconds: parsed.INITDATA_MAX_AGE_SECONDS,
    posthog:
      parsed.POSTHOG_API_KEY === undefined || parsed.POSTHOG_PROJECT_ID === undefined
        ? undefined
        : {
            host: parsed.POSTHOG_HOST,
            apiKey: parsed.POSTHOG_API_KEY,
            projectId: parsed.POSTHOG_PROJECT_ID,
          },
    prometheusUrl: parsed.PROMETHEUS_URL,
    lokiUrl: parsed.LOKI_URL,
    weeekApiBase: parsed.WEEEK_API_BASE,
    weeekWorkspaceId: parsed.WEEEK_WORKSPACE_ID,
    encryptionKeys: parsed.ENCRYPTION_KEYS,
    /** Replaces the keys outside production. */
    keyFile: join(dataDirectory(parsed.DATABASE_URL), 'encryption.key'),
    robokassa: {
      merchantLogin: parsed.ROBOKASSA_MERCHANT_LOGIN ?? '',
      /** Of a link and of a notification; empty ones are not set. */
      passwords: { link: parsed.ROBOKASSA_PASSWORD1 ?? '', notification: parsed.ROBOKASSA_PASSWORD2 ?? '' },
      testPasswords: { link: parsed.ROBOKASSA_TEST_PASSWORD1 ?? '', notification: parsed.ROBOKASSA_TEST_PASSWORD2 ?? '' },
      isTest: parsed.ROBOKASSA_IS_TEST,
      testAllowed: !production || allowTest,
      hash: parsed.ROBOKASSA_HASH,
      allowedIps: parsed.ROBOKASSA_ALLOWED_IPS ?? [],
      invIdStart: parsed.ROBOKASSA_INV_ID_START,
      paymentUrl: parsed.ROBOKASSA_PAYMENT_URL,
      success:
        parsed.ROBOKASSA_SUCCESS_URL === undefined
          ? undefined
          : { url: parsed.ROBOKASSA_SUCCESS_URL, method: parsed.ROBOKASSA_SUCCESS_METHOD },
      fail:
        parsed.ROBOKASSA_FAIL_URL === undefined
          ? undefined
          : { url: parsed.ROBOKASSA_FAIL_URL, method: parsed.ROBOKASSA_FAIL_METHOD },
      receipt: parsed.ROBOKASSA_RECEIPT_TAX && {
        sno: parsed.ROBOKASSA_RECEIPT_SNO,
        tax: parsed.ROBOKASSA_RECEIPT_TAX,
        paymentMethod: parsed.ROBOKASSA_RECEIPT_PAYMENT_METHOD,
        paymentObject: parsed.ROBOKASSA_RECEIPT_PAYMENT_OBJECT,
      },
    },
    dispatchPerTick: parsed.DISPATCH_PER_TICK,
    schedulerTickSeconds: parsed.SCHEDULER_TICK_SECONDS ?? (mode === 'development' ? 1 : 10),
    runIdleTimeoutSeconds: parsed.RUN_IDLE_TIMEOUT_SECONDS,
    runStartTimeoutSeconds: parsed.RUN_START_TIMEOUT_SECONDS,
    embedding: {
      model: {
        name: embeddingModel,
        version: parsed.EMBEDDING_VERSION,
        dim: parsed.EMBEDDING_DIM ?? (isBuiltIn ? 384 : 1024),
      },
      isBuiltIn,
      url: parsed.EMBEDDING_API_URL,
      apiKey: parsed.EMBEDDING_API_KEY,
      memoryBytes: parsed.EMBEDDING_MEMORY_MB * 1_048_576,
    },
    jwtSecret,
    /** Origins that may call Love Parser from a browser (love-parser §1). */
    loveParserOrigins: [...parsed.FRONTEND_URL, ...(parsed.CORS_ORIGIN ?? []), ...(production ? [] : DEVELOPMENT_ORIGINS)].map(
      (origin) => (origin === '*' ? origin : new URL(origin).origin),
    ),
    requestBodyLimit: parsed.REQUEST_BODY_LIMIT,
    rateLimitMax: parsed.RATE_LIMIT_MAX,
    rateLimitWindowMs: parsed.RATE_LIMIT_WINDOW_MS,
    telegramMode,
    telegramApiId: parsed.TELEGRAM_API_ID,
    telegramApiHash: parsed.TELEGRAM_API_HASH,
    telegramSession: parsed.TELEGRAM_SESSION,
    telegramSandboxStepMs: parsed.TELEGRAM_SANDBOX_STEP_MS ?? (mode === 'development' ? 100 : 0),
    telegramCallDelayMs: parsed.TELEGRAM_CALL_DELAY_MS,
    channelLimit: parsed.PARSING_CHANNEL_LIMIT,
    adultKeywords: parsed.ADULT_KEYWORDS,
    discoveryDailyQuota: parsed.DISCOVERY_DAILY_QUOTA,
    runRetentionDays: parsed.RUN_RETENTION_DAYS,
    runLogRetentionDays: parsed.RUN_LOG_RETENTION_DAYS,
    crawler: {
      /** Undefined: protected routes are 503 to all but the Unix socket and admins (gitlab-crawler §2). */
      token: crawlerToken,
      socket: parsed.CRAWLER_SOCKET,
      importDb: parsed.CRAWLER_IMPORT_DB,
      defaultApiEndpoint: parsed.CRAWLER_DEFAULT_API_ENDPOINT,
      /** `host:port` that tasks may name; empty allows all. */
      gitlabHosts,
      /** Private `host:port` of GitLab instances: the listed ones and those that the operator has configured. */
      outboundAllow: [
        ...outboundAllow,
        ...gitlabHosts,
        ...(parsed.CRAWLER_DEFAULT_API_ENDPOINT === undefined ? [] : [hostPortOf(parsed.CRAWLER_DEFAULT_API_ENDPOINT)]),
      ],
      /** The client of accounts without one of their own; of this instance alone, so undefined without one (gitlab-crawler §12). */
      oauthClient:
        parsed.CRAWLER_OAUTH_CLIENT_ID === undefined || oauthInstance === undefined
          ? undefined
          : {
              instance: oauthInstance,
              clientId: parsed.CRAWLER_OAUTH_CLIENT_ID,
              clientSecret: parsed.CRAWLER_OAUTH_CLIENT_SECRET,
            },
      healthAuth: parsed.CRAWLER_HEALTH_AUTH,
      rateLimit: parsed.CRAWLER_RATE_LIMIT,
      progressRateLimit: parsed.CRAWLER_PROGRESS_RATE_LIMIT,
      maxBodyBytes: parsed.CRAWLER_MAX_BODY_BYTES,
      maxConnections: parsed.CRAWLER_MAX_CONNECTIONS,
      heartbeatMs: parsed.CRAWLER_HEARTBEAT_MS,
      resumeMs: parsed.CRAWLER_RESUME_SECONDS * 1000,
      resumeMessages: parsed.CRAWLER_RESUME_MESSAGES,
      maxAttempts: parsed.CRAWLER_MAX_ATTEMPTS,
      staleAfterMs: parsed.CRAWLER_STALE_AFTER_SECONDS * 1000,
      fanout: parsed.CRAWLER_FANOUT,
    },
    shutdownTimeoutSeconds: parsed.SHUTDOWN_TIMEOUT_SECONDS,
    gitlabWorker: {
      apiUrl: parsed.WORKER_API_URL,
      apiSocket: parsed.WORKER_API_SOCKET,
      transport: parsed.WORKER_TRANSPORT,
      workerId: parsed.WORKER_ID,
      types: parsed.WORKER_TYPES ?? CRAWLER_TASK_TYPES,
      concurrency: parsed.WORKER_CONCURRENCY,
      leaseSeconds: parsed.WORKER_LEASE_SECONDS,
      waitSeconds: parsed.WORKER_WAIT_SECONDS,
      outputDir: parsed.WORKER_OUTPUT_DIR ?? join(dataDirectory(parsed.DATABASE_URL), 'crawl'),
      requestTimeoutMs: parsed.WORKER_REQUEST_TIMEOUT_MS,
      ratePerMinute: parsed.WORKER_RATE_PER_MINUTE,
      burst: parsed.WORKER_BURST,
      maxRetries: parsed.WORKER_MAX_RETRIES,
      maxWaitSeconds: parsed.WORKER_MAX_WAIT_SECONDS,
      progressIntervalMs: parsed.WORKER_PROGRESS_INTERVAL_MS,
    },
  } as const
  // One that is set but cannot be read is named as that.
  const required = families.flatMap((family) => REQUIRED_SECRETS[family])
  const missing = missingSecrets(required, config).filter((name) => !env[name])
  problems.push(...missing.map((name) => `${name} is required in production`))
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

/** Host and port of a URL, as `OUTBOUND_ALLOW` spells them. */
export const hostPortOf = (address: string): string => {
  const { hostname, port, protocol } = new URL(address)
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
}

/** Where files that belong to the database live: beside a SQLite file, else `data`. */
const dataDirectory = (url = 'sqlite:data/trawl.db'): string =>
  url.startsWith('sqlite:') && !url.includes(':memory:') ? dirname(url.slice('sqlite:'.length)) : 'data'

type Environment = Record<string, string | undefined>

/** What says that there is a shop of one's own. */
const OWN_SHOP = /^ROBOKASSA_(MERCHANT_LOGIN|(TEST_)?PASSWORD[12])$/
/** The environment with the play shop, unless the login or a password of another shop is set. What else is set goes before it. */
const withPlayShop = (env: Environment): Environment => {
  if (Object.keys(env).some((name) => OWN_SHOP.test(name) && env[name])) return env
  return { ...env, ...Object.fromEntries(Object.entries(DEVELOPMENT_SHOP).filter(([name]) => !env[name])) }
}

/** What a server reads: in development, however it is started, there is a shop that takes play money (love-parser §6). */
export const configFromEnv = (env: Environment) => {
  const isDevelopment = !env.NODE_ENV || env.NODE_ENV === VARIABLES.NODE_ENV.standard
  return loadConfig(isDevelopment ? withPlayShop(env) : env)
}
/** `configFromEnv(process.env)`: this file alone reads the process environment. */
export const configFromProcess = () => configFromEnv(process.env)

/** What the process has been given under a name that is nearly one of ours. */
export const nearMissesOfProcess = () => nearMisses(process.env)

/** What the command line tools read of the environment: as clients they need none of a server's secrets. */
export const clientFromProcess = () => ({
  token: process.env.INTERNAL_API_TOKEN || undefined,
  outboundAllow: loadConfig({ OUTBOUND_ALLOW: process.env.OUTBOUND_ALLOW, WEB_WORKER_ALLOW: process.env.WEB_WORKER_ALLOW })
    .outboundAllow,
  logLevel: loadConfig({ LOG_LEVEL: process.env.LOG_LEVEL }).logLevel,
})

/**
 * What a GitLab worker of its own reads (gitlab-worker §1): its variables and the API's token, none of a server's secrets.
 * @throws ConfigError with every problem found
 */
export const gitlabWorkerFromEnv = (env: Record<string, string | undefined>) => {
  const names = [
    ...['DATABASE_URL', 'OUTBOUND_ALLOW', 'WEB_WORKER_ALLOW', 'CRAWLER_GITLAB_HOSTS', 'CRAWLER_DEFAULT_API_ENDPOINT'],
    ...Object.keys(VARIABLES).filter((name) => name.startsWith('WORKER_')),
  ]
  const { gitlabWorker, crawler } = loadConfig(Object.fromEntries(names.map((name) => [name, env[name]])))
  if (gitlabWorker.apiSocket && gitlabWorker.transport === 'ws')
    throw new ConfigError(['WORKER_API_SOCKET takes no WebSocket: use WORKER_TRANSPORT=http, or WORKER_API_URL with a token'])
  return { ...gitlabWorker, outboundAllow: crawler.outboundAllow, token: env.CRAWLER_API_TOKEN || undefined }
}
export const gitlabWorkerFromProcess = () => gitlabWorkerFromEnv(process.env)

/** What signs a payment notification, for the command line's helper: outside production the play shop, where there is no other one. */
export const robokassaFromProcess = () => {
  const names = Object.keys(VARIABLES).filter((name) => name.startsWith('ROBOKASSA_'))
  const own = Object.fromEntries(names.map((name) => [name, process.env[name]]))
  return loadConfig(process.env.NODE_ENV === 'production' ? own : withPlayShop(own)).robokassa
}

/** The database alone, so that migrating needs no secrets either. */
export const databaseFromProcess = () => {
  const names = Object.keys(VARIABLES).filter((name) => name.startsWith('DATABASE_'))
  return loadConfig(Object.fromEntries(names.map((name) => [name, process.env[name]]))).database
}

/** What a backup has to hold: the database, and the key file where no keys are configured. */
export const backupFromProcess = () => {
  const { database, keyFile } = loadConfig({ DATABASE_URL: process.env.DATABASE_URL })
  return { url: database.url, keyFile, hasKeys: Boolean(process.env.ENCRYPTION_KEYS) }
}
