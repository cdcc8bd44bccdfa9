import { dirname, join } from 'node:path'
import { z } from 'zod'

/** Development stand-ins, printed at start and refused when `NODE_ENV=production`. */
export const DEVELOPMENT_TOKENS = {
  INTERNAL_API_TOKEN: 'dev-internal-token',
  ANALYTICS_API_TOKEN: 'dev-analytics-token',
  CRAWLER_API_TOKEN: 'dev-crawler-token',
  SERVICE_TOKENS: 'dev:dev-service-token',
} as const
const DEVELOPMENT_SECRETS = {
  JWT_SECRET: 'development-jwt-secret-not-for-production',
  DASHBOARD_JWT_SECRET: 'development-dashboard-secret-not-for-production',
} as const

/** The shop of `bun dev`: orders are test orders, nobody pays, `trawl robokassa sign --test` plays Robokassa. */
export const DEVELOPMENT_SHOP = {
  ROBOKASSA_MERCHANT_LOGIN: 'demo',
  ROBOKASSA_TEST_PASSWORD1: 'development-test-password-1',
  ROBOKASSA_TEST_PASSWORD2: 'development-test-password-2',
  ROBOKASSA_IS_TEST: 'true',
} as const

/** The API families this build contains; later families join here and in `app.ts`. */
export const FAMILIES = ['gifty', 'crawler', 'stickers', 'love-parser'] as const
export const ROLES = ['all', 'api', 'scheduler', 'worker'] as const
export const EMBEDDABLE_WORKERS = ['web', 'telegram', 'gitlab'] as const
/** Those that run without being asked for. */
const EMBEDDED_BY_DEFAULT = ['web', 'telegram']
/** Task types of the crawler API (gitlab-crawler §5). */
export const CRAWLER_TASK_TYPES = [
  'DISCOVER_AREAS',
  'FETCH_PROJECTS',
  'FETCH_GROUPS',
  'FETCH_PROJECT_DETAILS',
  'FETCH_GROUP_DETAILS',
  'FETCH_PROJECT_MEMBERS',
  'FETCH_GROUP_MEMBERS',
  'FETCH_ISSUES',
  'FETCH_MERGE_REQUESTS',
  'FETCH_COMMITS',
  'FETCH_BRANCHES',
  'FETCH_TAGS',
  'FETCH_PIPELINES',
  'FETCH_JOBS',
  'FETCH_DEPLOYMENTS',
  'FETCH_ENVIRONMENTS',
  'FETCH_VULNERABILITIES',
] as const

const list = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
const oneOfList = <const T extends readonly string[]>(names: T) =>
  z.string().transform((text, ctx) => {
    const parts = list(text)
    for (const part of parts)
      if (!names.includes(part)) ctx.addIssue({ code: 'custom', message: `"${part}" is not one of ${names.join(', ')}` })
    return parts as T[number][]
  })
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must lie between ${min} and ${max}`)
const flag = z
  .string()
  .toLowerCase()
  .refine((text) => ['1', '0', 'true', 'false', 'yes', 'no', 'on', 'off'].includes(text), 'must be 1 or 0')
  .transform((text) => ['1', 'true', 'yes', 'on'].includes(text))
/** As the love-parser contract spells its booleans (§10). */
const strictFlag = z
  .string()
  .toLowerCase()
  .refine((text) => ['true', '1', 'yes', 'false', '0', 'no'].includes(text), 'must be true or false')
  .transform((text) => ['true', '1', 'yes'].includes(text))
/** Addresses and networks (`a.b.c.d/len`). */
const networks = z.string().transform((text, ctx) => {
  // Not imported: a start without such a list need not pay for it.
  const { isIP } = process.getBuiltinModule('node:net')
  for (const part of list(text)) {
    const [address = '', bits, ...rest] = part.split('/')
    const most = isIP(address) === 6 ? 128 : 32
    if (isIP(address) === 0 || rest.length > 0 || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= most)))
      ctx.addIssue({ code: 'custom', message: `"${part}" is not an address or a network` })
  }
  return list(text)
})
const origins = z.string().transform((text, ctx) => {
  for (const part of list(text))
    if (part !== '*' && !URL.canParse(part)) ctx.addIssue({ code: 'custom', message: `"${part}" is not an origin` })
  return list(text)
})
const httpUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^\s#@]+$/.test(text) && URL.canParse(text),
    'must be an http(s) URL without user info or fragment',
  )
const regex = z.string().transform((text, ctx) => {
  try {
    return new RegExp(`^(?:${text})$`)
  } catch {
    ctx.addIssue({ code: 'custom', message: 'is not a regular expression' })
    return z.NEVER
  }
})
export const SERVICE_SCOPES = ['read', 'write', 'publish', 'delete'] as const
export type ServiceScope = (typeof SERVICE_SCOPES)[number]
export interface ServiceToken {
  /** Of the service; it may have several tokens. */
  name: string
  token: string
  scopes: readonly ServiceScope[]
}

/** `name:token[:scope,scope];...` (stickers §2). Problems name an entry by its place: its text may be a token. */
const serviceTokens = z.string().transform((text, ctx) => {
  const problem = (message: string) => ctx.addIssue({ code: 'custom', message })
  const tokens: ServiceToken[] = []
  for (const [at, entry] of text.split(';').entries()) {
    if (entry.trim() === '') continue
    const [name = '', token = '', scopes, ...more] = entry.split(':').map((part) => part.trim())
    const asked = scopes?.split(',').map((scope) => scope.trim())
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name) || !/^[!-+\--9<-~]+$/.test(token) || more.length > 0)
      problem(`entry ${at + 1} is not name:token or name:token:scope,scope`)
    else if (asked?.some((scope) => !(SERVICE_SCOPES as readonly string[]).includes(scope)))
      problem(`entry ${at + 1} has a scope that is not one of ${SERVICE_SCOPES.join(', ')}`)
    else if (tokens.some((known) => known.token === token)) problem(`entry ${at + 1} repeats the token of an earlier one`)
    else tokens.push({ name, token, scopes: SERVICE_SCOPES.filter((scope) => asked?.includes(scope) ?? true) })
  }
  return tokens
})
/** Where an API begins, kept without a slash at its end. */
const baseUrl = z
  .string()
  .refine((text) => /^https?:\/\/[^\s/?#]+[^\s?#]*$/i.test(text) && URL.canParse(text), 'must be an http(s) URL without a query')
  .transform((text) => text.replace(/\/+$/, ''))

interface Variable {
  schema: z.ZodType
  /** What an unset variable means, as text for the README; the code default sits beside it. */
  shown: string
  about: string
  secret?: boolean
}
const variable = <S extends z.ZodType>(schema: S, shown: string, about: string, more: { secret?: boolean } = {}) => ({
  schema,
  shown,
  about,
  ...more,
})

/** Every variable the process reads. The README's table is generated from this list (`bun run generate`). */
export const VARIABLES = {
  NODE_ENV: variable(z.enum(['development', 'production', 'test']), 'development', 'production refuses development secrets'),
  PORT: variable(integer(0, 65_535), '3000', 'port to listen on; 0 picks a free one'),
  HOST: variable(z.string().min(1), '127.0.0.1, in production 0.0.0.0', 'address to listen on'),
  LOG_LEVEL: variable(z.enum(['debug', 'info', 'warn', 'error', 'silent']), 'info', 'least level that is written'),
  DATABASE_URL: variable(
    z.string().refine((text) => /^(sqlite:.+|postgres(ql)?:\/\/.+)$/.test(text), 'must be sqlite:PATH or postgres://...'),
    'sqlite:data/trawl.db',
    '`sqlite:PATH`, `sqlite::memory:` or `postgres://...`',
    { secret: true },
  ),
  DATABASE_POOL_MAX: variable(integer(2, 200), '10', 'most Postgres connections of this process'),
  SQLITE_SYNCHRONOUS: variable(
    z.enum(['OFF', 'NORMAL', 'FULL']),
    'NORMAL, in production FULL',
    'what an answered write survives: NORMAL kill -9, FULL power loss too',
  ),
  ROLE: variable(z.enum(ROLES), 'all', 'which part of the work this process takes: all, api, scheduler or worker'),
  FAMILIES: variable(oneOfList(FAMILIES), FAMILIES.join(','), 'API families to mount'),
  EMBEDDED_WORKERS: variable(
    z.string().transform((text, ctx) => {
      const parts = list(text).filter((part) => part !== 'none')
      for (const part of parts)
        if (!(EMBEDDABLE_WORKERS as readonly string[]).includes(part))
          ctx.addIssue({ code: 'custom', message: `"${part}" is not a built-in worker` })
      return parts
    }),
    EMBEDDED_BY_DEFAULT.join(','),
    'built-in workers inside this process, or `none`',
  ),
  EMBEDDED_WORKER_CONCURRENCY: variable(integer(1, 64), '4', 'tasks an embedded worker runs at once'),
  WEB_WORKER_ALLOW: variable(
    z.string().transform(list),
    'empty',
    'comma list of host:port that the web worker may reach although the address is private',
  ),
  DEMO: variable(flag, '1 in development, else 0', 'seed the demo shop source when the database is new, and serve /demo/shop'),
  CORS_ORIGIN: variable(origins, 'empty', 'comma list of browser origins that may call the API'),
  CORS_ORIGIN_REGEX: variable(regex, 'empty', 'regular expression that a whole origin may match instead'),
  TRUST_PROXY: variable(integer(0, 16), '0', 'how many proxies in front add to X-Forwarded-For'),
  INTERNAL_API_TOKEN: variable(z.string(), DEVELOPMENT_TOKENS.INTERNAL_API_TOKEN, 'X-Internal-Token of the gifty family', {
    secret: true,
  }),
  ANALYTICS_API_TOKEN: variable(z.string(), DEVELOPMENT_TOKENS.ANALYTICS_API_TOKEN, 'X-Analytics-Token of the gifty family', {
    secret: true,
  }),
  CRAWLER_API_TOKEN: variable(z.string(), DEVELOPMENT_TOKENS.CRAWLER_API_TOKEN, 'Bearer of the crawler family', { secret: true }),
  SERVICE_TOKENS: variable(
    serviceTokens,
    `${DEVELOPMENT_TOKENS.SERVICE_TOKENS}; none in production`,
    'X-Service-Token values of the stickers family: `name:token[:scope,scope];...`, scopes read, write, publish, delete (default all)',
    { secret: true },
  ),
  TELEGRAM_BOT_MODE: variable(
    z.enum(['live', 'sandbox']),
    'live with a bot token or in production, else sandbox',
    'whether sticker sets are looked up at the Bot API or made up without a network; production refuses sandbox',
  ),
  TELEGRAM_BOT_TOKEN: variable(
    z
      .string()
      .regex(/^[!-~]+$/, 'must be printable ASCII without blanks')
      .regex(/^[^/?#%\\]+$/, 'must fit into a URL path'),
    'none',
    'bot of the gallery and of the dashboard: without it the gallery in live mode finds Telegram unreachable, the dashboard login is 503',
    { secret: true },
  ),
  TELEGRAM_BOT_API_URL: variable(baseUrl, 'https://api.telegram.org', 'base URL of the Bot API'),
  METRICS_TOKEN: variable(z.string(), 'empty', 'Bearer that /metrics asks for', { secret: true }),
  JWT_SECRET: variable(z.string().min(16), 'a development value', 'signs Love Parser tokens; 32 characters in production', {
    secret: true,
  }),
  DASHBOARD_JWT_SECRET: variable(z.string().min(16), 'a development value', 'signs dashboard tokens', { secret: true }),
  ENCRYPTION_KEYS: variable(
    z.string().transform((text, ctx) => {
      const keys = list(text).map((part) => {
        const split = part.indexOf(':')
        return { id: part.slice(0, split), key: Buffer.from(part.slice(split + 1), 'base64') }
      })
      for (const { id, key } of keys)
        if (!/^[A-Za-z0-9_-]{1,32}$/.test(id) || key.length !== 32)
          ctx.addIssue({ code: 'custom', message: 'must be `id:base64` pairs of 32-byte keys' })
      return keys
    }),
    'a key file in the data directory; none in production',
    'key ring `id:base64,...`: the first encrypts, all decrypt',
    { secret: true },
  ),
  ROBOKASSA_MERCHANT_LOGIN: variable(z.string(), 'empty', 'shop that takes payments; without it a purchase is 503'),
  ROBOKASSA_PASSWORD1: variable(z.string(), 'empty', 'signs payment links', { secret: true }),
  ROBOKASSA_PASSWORD2: variable(z.string(), 'empty', 'signs notifications of payments', { secret: true }),
  ROBOKASSA_TEST_PASSWORD1: variable(z.string(), 'empty', 'signs links of test orders', { secret: true }),
  ROBOKASSA_TEST_PASSWORD2: variable(z.string(), 'empty', 'signs notifications of test payments', { secret: true }),
  ROBOKASSA_IS_TEST: variable(strictFlag, 'false', 'new orders are test orders'),
  ROBOKASSA_ALLOW_TEST: variable(strictFlag, 'false', 'test payments count in production too'),
  ROBOKASSA_HASH: variable(
    z.enum(['md5', 'ripemd160', 'sha1', 'sha256', 'sha384', 'sha512']),
    'sha256',
    'hash of signatures, as the shop is set to',
  ),
  ROBOKASSA_ALLOWED_IPS: variable(networks, 'empty', 'comma list of addresses and networks that may notify; empty allows all'),
  ROBOKASSA_INV_ID_START: variable(integer(1, 2_000_000_000), '1', 'least order number'),
  ROBOKASSA_PAYMENT_URL: variable(
    z.string().refine((text) => /^https?:\/\/[^\s#]+$/.test(text) && URL.canParse(text), 'must be an http(s) URL'),
    'https://auth.robokassa.ru/Merchant/Index.aspx',
    'page that takes the money',
  ),
  INITDATA_MAX_AGE_SECONDS: variable(integer(1, 31_536_000), '86400', 'how old the initData of a dashboard login may be'),
  DASHBOARD_TOKEN_TTL_SECONDS: variable(integer(1, 31_536_000), '43200', 'life of a dashboard token'),
  POSTHOG_HOST: variable(baseUrl, 'https://app.posthog.com', 'PostHog of the analytics routes'),
  POSTHOG_API_KEY: variable(z.string().min(1), 'empty', 'its key; without key or project those figures are zero', {
    secret: true,
  }),
  POSTHOG_PROJECT_ID: variable(z.string().regex(/^[\w-]+$/, 'must be a project id'), 'empty', 'its project'),
  PROMETHEUS_URL: variable(baseUrl, 'empty', 'Prometheus of the analytics routes'),
  LOKI_URL: variable(baseUrl, 'empty', 'Loki of the analytics routes'),
  WEEEK_API_BASE: variable(baseUrl, 'https://api.weeek.net/public/v1', 'API of Weeek'),
  WEEEK_WORKSPACE_ID: variable(z.string().min(1), 'empty', 'the only Weeek workspace that accounts may connect from'),
  SCHEDULER_TICK_SECONDS: variable(integer(1, 3600), '10, in development 1', 'how often due sources are dispatched'),
  RUN_IDLE_TIMEOUT_SECONDS: variable(integer(10, 864_000), '5400', 'a run without a word for so long is lost'),
  RUN_START_TIMEOUT_SECONDS: variable(integer(10, 864_000), '21600', 'a published run that nobody started for so long is lost'),
  DISCOVERY_DAILY_QUOTA: variable(integer(0, 1_000_000), '50', 'discovered sources a day that start active'),
  FRONTEND_URL: variable(origins, 'http://localhost:5173', 'origin of the Love Parser web app'),
  REQUEST_BODY_LIMIT: variable(integer(1024, 64 * 1_048_576), '1048576', 'largest body of a Love Parser request, in bytes'),
  RATE_LIMIT_MAX: variable(
    integer(0, 1_000_000_000),
    '100',
    'Love Parser requests a user or address may make in a window; 0 is no limit',
  ),
  RATE_LIMIT_WINDOW_MS: variable(integer(1000, 86_400_000), '60000', 'length of that window'),
  TELEGRAM_MODE: variable(
    z.enum(['sandbox', 'mtproto']),
    'sandbox, in production mtproto',
    'Telegram user API: generated channels and the login code 12345, or the real one',
  ),
  TELEGRAM_API_ID: variable(integer(1, 2 ** 31 - 1), 'empty', 'Telegram application, from my.telegram.org'),
  TELEGRAM_API_HASH: variable(z.string().min(1), 'empty', 'its secret', { secret: true }),
  TELEGRAM_SESSION: variable(z.string().min(1), 'empty', 'session of the account that searches', { secret: true }),
  TELEGRAM_SANDBOX_STEP_MS: variable(
    integer(0, 60_000),
    '0, in development 100',
    'pause before each tenth of a sandbox search, for whoever wants to watch one',
  ),
  TELEGRAM_CALL_DELAY_MS: variable(
    integer(0, 60_000),
    '500',
    'pause between two channels of a live search, give or take a fifth',
  ),
  PARSING_CHANNEL_LIMIT: variable(
    z
      .string()
      .regex(/^\d+$/, 'must be a whole number')
      .transform((text) => Math.min(200, Math.max(5, Number(text)))),
    '100',
    'most channels of one search, 5 to 200',
  ),
  CRAWLER_SOCKET: variable(
    z.string().min(1),
    'empty',
    'path of the Unix socket that the crawler family is served on without a token',
  ),
  CRAWLER_IMPORT_DB: variable(z.string().min(1), 'empty', 'SQLite file of an earlier crawler, imported once'),
  CRAWLER_DEFAULT_API_ENDPOINT: variable(httpUrl, 'empty', 'GitLab API of crawler tasks that name none'),
  CRAWLER_GITLAB_HOSTS: variable(
    z.string().transform((text) => list(text.toLowerCase())),
    'empty',
    'comma list of the GitLab hosts that tasks may name; empty allows all',
  ),
  CRAWLER_OAUTH_CLIENT_ID: variable(
    z.string().min(1),
    'empty',
    'OAuth application that refreshes tokens of tasks without one of their own',
  ),
  CRAWLER_OAUTH_CLIENT_SECRET: variable(z.string().min(1), 'empty', 'its secret', { secret: true }),
  CRAWLER_HEALTH_AUTH: variable(
    z.enum(['public', 'required']),
    'public',
    'whether basic health of the crawler family needs a credential',
  ),
  CRAWLER_RATE_LIMIT: variable(
    integer(0, 1_000_000_000),
    '600',
    'crawler requests a principal may make per minute; 0 is no limit',
  ),
  CRAWLER_PROGRESS_RATE_LIMIT: variable(
    integer(0, 1_000_000_000),
    '6000',
    'progress updates a principal may send per minute; 0 is no limit',
  ),
  CRAWLER_MAX_BODY_BYTES: variable(
    integer(1024, 16 * 1_048_576),
    '1048576',
    'largest crawler body and WebSocket frame, in bytes; four times as much for bulk',
  ),
  CRAWLER_MAX_CONNECTIONS: variable(integer(0, 1_000_000), '100', 'most crawler WebSockets of this process'),
  CRAWLER_HEARTBEAT_MS: variable(integer(1000, 60_000), '30000', 'how often a crawler WebSocket is pinged'),
  CRAWLER_RESUME_SECONDS: variable(integer(0, 600), '300', 'how long a closed crawler WebSocket can be resumed'),
  CRAWLER_RESUME_MESSAGES: variable(integer(0, 10_000), '1000', 'most missed events a resumed connection gets'),
  CRAWLER_MAX_ATTEMPTS: variable(integer(1, 100), '3', 'leases a crawler task may lose before it has failed'),
  CRAWLER_STALE_AFTER_SECONDS: variable(
    integer(10, 864_000),
    '7200',
    'a running crawler task without lease and update for so long is queued again',
  ),
  CRAWLER_FANOUT: variable(
    z.enum(['default', 'full', 'none']),
    'default',
    'tasks a discovered area spawns where its task names none',
  ),
  WORKER_API_URL: variable(
    z
      .string()
      .refine(
        (text) => /^https?:\/\//.test(text) && URL.canParse(text) && /\/api\/internal2\/?$/.test(new URL(text).pathname),
        'must be an http(s) URL that ends in /api/internal2',
      ),
    'empty',
    'crawler API that a GitLab worker of its own works for, ends in /api/internal2',
  ),
  WORKER_API_SOCKET: variable(z.string().min(1), 'empty', 'Unix socket of that API, instead of a token; HTTP only'),
  WORKER_ID: variable(
    z
      .string()
      .max(128, 'must have at most 128 characters')
      .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces'),
    'host, process id, random',
    'name of a GitLab worker, unique among running ones',
  ),
  WORKER_TRANSPORT: variable(z.enum(['http', 'ws']), 'http', 'how a GitLab worker talks to the API'),
  WORKER_TYPES: variable(
    oneOfList(CRAWLER_TASK_TYPES).refine((types) => types.length > 0, 'names no task type'),
    'all 17',
    'task types a GitLab worker takes, comma list',
  ),
  WORKER_CONCURRENCY: variable(integer(1, 50), '3', 'tasks a GitLab worker runs at once'),
  WORKER_LEASE_SECONDS: variable(integer(10, 3600), '60', 'length of its leases'),
  WORKER_WAIT_SECONDS: variable(integer(0, 60), '20', 'how long it waits for a task'),
  WORKER_OUTPUT_DIR: variable(z.string().min(1), '`<data directory>/crawl`', 'where it stores what it fetches'),
  WORKER_REQUEST_TIMEOUT_MS: variable(integer(100, 3_600_000), '30000', 'one request to GitLab, connecting included'),
  WORKER_RATE_PER_MINUTE: variable(integer(1, 1_000_000), '300', 'requests a minute of tasks without rateLimits'),
  WORKER_BURST: variable(integer(1, 1_000_000), '10', 'requests at once of tasks without rateLimits'),
  WORKER_MAX_RETRIES: variable(integer(0, 100), '5', 'repeats of a request that GitLab does not answer'),
  WORKER_MAX_WAIT_SECONDS: variable(integer(0, 86_400), '900', 'longest wait for a rate limit while holding a task'),
  WORKER_PROGRESS_INTERVAL_MS: variable(integer(0, 3_600_000), '1000', 'least time between two progress reports of a task'),
  SHUTDOWN_TIMEOUT_SECONDS: variable(integer(1, 60), '8', 'how long a stop waits for requests in flight'),
} as const satisfies Record<string, Variable>

type Name = keyof typeof VARIABLES
type Parsed = { [K in Name]?: z.output<(typeof VARIABLES)[K]['schema']> }

/** All configuration problems at once; the texts name variables, never values of secrets. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(`configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

export type Config = ReturnType<typeof loadConfig>

/**
 * Reads the environment once. An empty value means "not configured" for tokens and "unset" for the rest.
 * @throws ConfigError with every problem found
 */
export const loadConfig = (env: Record<string, string | undefined>) => {
  const problems: string[] = []
  const parsed: Parsed = {}
  const emptyMeansOff = new Set<Name>(['INTERNAL_API_TOKEN', 'ANALYTICS_API_TOKEN', 'CRAWLER_API_TOKEN', 'SERVICE_TOKENS'])
  for (const name of Object.keys(VARIABLES) as Name[]) {
    const value = env[name]
    if (value === undefined || (value === '' && !emptyMeansOff.has(name))) continue
    const result = VARIABLES[name].schema.safeParse(value)
    if (result.success) (parsed as Record<string, unknown>)[name] = result.data
    else
      for (const issue of result.error.issues)
        problems.push(
          `${name} ${issue.code === 'custom' || issue.code === 'invalid_format' ? issue.message : issue.message.toLowerCase()}`,
        )
  }
  const mode = parsed.NODE_ENV ?? 'development'
  const production = mode === 'production'
  const families = parsed.FAMILIES ?? [...FAMILIES]
  for (const name of ['REDIS_URL', 'AMQP_URL', 'RABBITMQ_URL'])
    if (env[name])
      problems.push(`${name} is set, but this release has no adapter for it yet: unset it to run on the database alone`)

  const secretFor = (
    name: Exclude<keyof typeof DEVELOPMENT_TOKENS | keyof typeof DEVELOPMENT_SECRETS, 'SERVICE_TOKENS'>,
    needed: boolean,
  ) => {
    const value = parsed[name]
    const standIn: string = { ...DEVELOPMENT_TOKENS, ...DEVELOPMENT_SECRETS }[name]
    if (!production) return value ?? standIn
    if (value === standIn) problems.push(`${name} must not be the development value in production`)
    if (needed && !value) problems.push(`${name} is required in production`)
    return value
  }
  const gifty = families.includes('gifty')
  const internalToken = secretFor('INTERNAL_API_TOKEN', gifty) || undefined
  const analyticsToken = secretFor('ANALYTICS_API_TOKEN', false) || undefined
  const dashboardJwtSecret = secretFor('DASHBOARD_JWT_SECRET', gifty && parsed.TELEGRAM_BOT_TOKEN !== undefined)
  const loveParser = families.includes('love-parser')
  const jwtSecret = secretFor('JWT_SECRET', loveParser)
  const telegramMode = parsed.TELEGRAM_MODE ?? (production ? 'mtproto' : 'sandbox')
  if (production && loveParser) {
    if (jwtSecret && jwtSecret.length < 32) problems.push('JWT_SECRET must have at least 32 characters in production')
    if (!parsed.ENCRYPTION_KEYS) problems.push('ENCRYPTION_KEYS is required in production')
    if (telegramMode === 'sandbox') problems.push('TELEGRAM_MODE must not be sandbox in production')
    else
      for (const name of ['TELEGRAM_API_ID', 'TELEGRAM_API_HASH', 'TELEGRAM_SESSION'] as const)
        if (parsed[name] === undefined) problems.push(`${name} is required in production`)
  }
  // Not used by the families of this release, but a development value in production is a mistake all the same.
  const crawlerToken = secretFor('CRAWLER_API_TOKEN', false) || undefined
  const allowTest = parsed.ROBOKASSA_ALLOW_TEST ?? false
  if (production && parsed.ROBOKASSA_IS_TEST && !allowTest)
    problems.push('ROBOKASSA_IS_TEST needs ROBOKASSA_ALLOW_TEST in production')
  const developmentServices = serviceTokens.parse(DEVELOPMENT_TOKENS.SERVICE_TOKENS)
  if (production && parsed.SERVICE_TOKENS?.some(({ token }) => developmentServices.some((known) => known.token === token)))
    problems.push('SERVICE_TOKENS must not be the development value in production')
  const telegramBotMode = parsed.TELEGRAM_BOT_MODE ?? (parsed.TELEGRAM_BOT_TOKEN || production ? 'live' : 'sandbox')
  if (production && telegramBotMode === 'sandbox') problems.push('TELEGRAM_BOT_MODE must not be sandbox in production')
  if (problems.length > 0) throw new ConfigError(problems)

  return {
    mode,
    production,
    port: parsed.PORT ?? 3000,
    host: parsed.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    logLevel: parsed.LOG_LEVEL ?? 'info',
    databaseUrl: parsed.DATABASE_URL ?? 'sqlite:data/trawl.db',
    databasePoolMax: parsed.DATABASE_POOL_MAX ?? 10,
    sqliteSynchronous: parsed.SQLITE_SYNCHRONOUS ?? (production ? 'FULL' : 'NORMAL'),
    role: parsed.ROLE ?? 'all',
    families,
    embeddedWorkers: parsed.EMBEDDED_WORKERS ?? [...EMBEDDED_BY_DEFAULT],
    embeddedWorkerConcurrency: parsed.EMBEDDED_WORKER_CONCURRENCY ?? 4,
    webWorkerAllow: parsed.WEB_WORKER_ALLOW ?? [],
    demo: parsed.DEMO ?? mode === 'development',
    corsOrigins: parsed.CORS_ORIGIN ?? [],
    corsOriginRegex: parsed.CORS_ORIGIN_REGEX,
    trustProxy: parsed.TRUST_PROXY ?? 0,
    internalToken,
    analyticsToken,
    serviceTokens: parsed.SERVICE_TOKENS ?? (production ? [] : developmentServices),
    telegramBotMode,
    telegramBotToken: parsed.TELEGRAM_BOT_TOKEN,
    telegramBotApiUrl: parsed.TELEGRAM_BOT_API_URL ?? 'https://api.telegram.org',
    metricsToken: parsed.METRICS_TOKEN,
    dashboardJwtSecret,
    dashboardTokenTtlSeconds: parsed.DASHBOARD_TOKEN_TTL_SECONDS ?? 43_200,
    initDataMaxAgeSeconds: parsed.INITDATA_MAX_AGE_SECONDS ?? 86_400,
    posthog:
      parsed.POSTHOG_API_KEY === undefined || parsed.POSTHOG_PROJECT_ID === undefined
        ? undefined
        : {
            host: parsed.POSTHOG_HOST ?? 'https://app.posthog.com',
            apiKey: parsed.POSTHOG_API_KEY,
            projectId: parsed.POSTHOG_PROJECT_ID,
          },
    prometheusUrl: parsed.PROMETHEUS_URL,
    lokiUrl: parsed.LOKI_URL,
    weeekApiBase: parsed.WEEEK_API_BASE ?? 'https://api.weeek.net/public/v1',
    weeekWorkspaceId: parsed.WEEEK_WORKSPACE_ID,
    encryptionKeys: parsed.ENCRYPTION_KEYS,
    robokassa: {
      merchantLogin: parsed.ROBOKASSA_MERCHANT_LOGIN ?? '',
      /** Of a link and of a notification; empty ones are not set. */
      passwords: { link: parsed.ROBOKASSA_PASSWORD1 ?? '', notification: parsed.ROBOKASSA_PASSWORD2 ?? '' },
      testPasswords: { link: parsed.ROBOKASSA_TEST_PASSWORD1 ?? '', notification: parsed.ROBOKASSA_TEST_PASSWORD2 ?? '' },
      isTest: parsed.ROBOKASSA_IS_TEST ?? false,
      testAllowed: !production || allowTest,
      hash: parsed.ROBOKASSA_HASH ?? ('sha256' as const),
      allowedIps: parsed.ROBOKASSA_ALLOWED_IPS ?? [],
      invIdStart: parsed.ROBOKASSA_INV_ID_START ?? 1,
      paymentUrl: parsed.ROBOKASSA_PAYMENT_URL ?? 'https://auth.robokassa.ru/Merchant/Index.aspx',
    },
    schedulerTickSeconds: parsed.SCHEDULER_TICK_SECONDS ?? (mode === 'development' ? 1 : 10),
    runIdleTimeoutSeconds: parsed.RUN_IDLE_TIMEOUT_SECONDS ?? 5400,
    runStartTimeoutSeconds: parsed.RUN_START_TIMEOUT_SECONDS ?? 21_600,
    jwtSecret,
    /** Who may call Love Parser from a browser (love-parser §1). */
    loveParserOrigins: [
      ...(parsed.FRONTEND_URL ?? ['http://localhost:5173']),
      ...(parsed.CORS_ORIGIN ?? []),
      ...(production ? [] : ['http://localhost:3000', 'http://localhost:5173']),
    ].map((origin) => (origin === '*' ? origin : new URL(origin).origin)),
    requestBodyLimit: parsed.REQUEST_BODY_LIMIT ?? 1_048_576,
    rateLimitMax: parsed.RATE_LIMIT_MAX ?? 100,
    rateLimitWindowMs: parsed.RATE_LIMIT_WINDOW_MS ?? 60_000,
    telegramMode,
    telegramApiId: parsed.TELEGRAM_API_ID,
    telegramApiHash: parsed.TELEGRAM_API_HASH,
    telegramSession: parsed.TELEGRAM_SESSION,
    telegramSandboxStepMs: parsed.TELEGRAM_SANDBOX_STEP_MS ?? (mode === 'development' ? 100 : 0),
    telegramCallDelayMs: parsed.TELEGRAM_CALL_DELAY_MS ?? 500,
    channelLimit: parsed.PARSING_CHANNEL_LIMIT ?? 100,
    discoveryDailyQuota: parsed.DISCOVERY_DAILY_QUOTA ?? 50,
    crawler: {
      /** Undefined: protected routes are 503 to all but the Unix socket and admins (gitlab-crawler §2). */
      token: crawlerToken,
      socket: parsed.CRAWLER_SOCKET,
      importDb: parsed.CRAWLER_IMPORT_DB,
      defaultApiEndpoint: parsed.CRAWLER_DEFAULT_API_ENDPOINT,
      gitlabHosts: parsed.CRAWLER_GITLAB_HOSTS ?? [],
      oauthClientId: parsed.CRAWLER_OAUTH_CLIENT_ID,
      oauthClientSecret: parsed.CRAWLER_OAUTH_CLIENT_SECRET,
      healthAuth: parsed.CRAWLER_HEALTH_AUTH ?? ('public' as const),
      rateLimit: parsed.CRAWLER_RATE_LIMIT ?? 600,
      progressRateLimit: parsed.CRAWLER_PROGRESS_RATE_LIMIT ?? 6000,
      maxBodyBytes: parsed.CRAWLER_MAX_BODY_BYTES ?? 1_048_576,
      maxConnections: parsed.CRAWLER_MAX_CONNECTIONS ?? 100,
      heartbeatMs: parsed.CRAWLER_HEARTBEAT_MS ?? 30_000,
      resumeMs: (parsed.CRAWLER_RESUME_SECONDS ?? 300) * 1000,
      resumeMessages: parsed.CRAWLER_RESUME_MESSAGES ?? 1000,
      maxAttempts: parsed.CRAWLER_MAX_ATTEMPTS ?? 3,
      staleAfterMs: (parsed.CRAWLER_STALE_AFTER_SECONDS ?? 7200) * 1000,
      fanout: parsed.CRAWLER_FANOUT ?? ('default' as const),
    },
    shutdownTimeoutSeconds: parsed.SHUTDOWN_TIMEOUT_SECONDS ?? 8,
    gitlabWorker: {
      apiUrl: parsed.WORKER_API_URL,
      apiSocket: parsed.WORKER_API_SOCKET,
      transport: parsed.WORKER_TRANSPORT ?? ('http' as const),
      workerId: parsed.WORKER_ID,
      types: parsed.WORKER_TYPES ?? CRAWLER_TASK_TYPES,
      concurrency: parsed.WORKER_CONCURRENCY ?? 3,
      leaseSeconds: parsed.WORKER_LEASE_SECONDS ?? 60,
      waitSeconds: parsed.WORKER_WAIT_SECONDS ?? 20,
      outputDir: parsed.WORKER_OUTPUT_DIR ?? join(dataDirectory(parsed.DATABASE_URL), 'crawl'),
      requestTimeoutMs: parsed.WORKER_REQUEST_TIMEOUT_MS ?? 30_000,
      ratePerMinute: parsed.WORKER_RATE_PER_MINUTE ?? 300,
      burst: parsed.WORKER_BURST ?? 10,
      maxRetries: parsed.WORKER_MAX_RETRIES ?? 5,
      maxWaitSeconds: parsed.WORKER_MAX_WAIT_SECONDS ?? 900,
      progressIntervalMs: parsed.WORKER_PROGRESS_INTERVAL_MS ?? 1000,
    },
  } as const
}

/** Where files that belong to the database live: beside a SQLite file, else `data`. */
const dataDirectory = (url = 'sqlite:data/trawl.db'): string =>
  url.startsWith('sqlite:') && !url.includes(':memory:') ? dirname(url.slice('sqlite:'.length)) : 'data'

/** `loadConfig(process.env)`: the one place that reads the process environment. */
export const configFromProcess = () => loadConfig(process.env)

/** What the command line tools read of the environment: as clients they need none of a server's secrets. */
export const clientFromProcess = () => ({
  token: process.env.INTERNAL_API_TOKEN || undefined,
  logLevel: loadConfig({ LOG_LEVEL: process.env.LOG_LEVEL }).logLevel,
})

/**
 * What a GitLab worker of its own reads (gitlab-worker §1): its variables and the API's token, none of a server's secrets.
 * @throws ConfigError with every problem found
 */
export const gitlabWorkerFromEnv = (env: Record<string, string | undefined>) => {
  const names = ['DATABASE_URL', ...Object.keys(VARIABLES).filter((name) => name.startsWith('WORKER_'))]
  const { gitlabWorker } = loadConfig(Object.fromEntries(names.map((name) => [name, env[name]])))
  if (gitlabWorker.apiSocket && gitlabWorker.transport === 'ws')
    throw new ConfigError(['WORKER_API_SOCKET takes no WebSocket: use WORKER_TRANSPORT=http, or WORKER_API_URL with a token'])
  return { ...gitlabWorker, token: env.CRAWLER_API_TOKEN || undefined }
}
export const gitlabWorkerFromProcess = () => gitlabWorkerFromEnv(process.env)

/** What signs a payment notification, for the command line's helper. Without a shop of its own it is that of `bun dev`. */
export const robokassaFromProcess = () => {
  const names = Object.keys(VARIABLES).filter((name) => name.startsWith('ROBOKASSA_'))
  const own = Object.fromEntries(names.map((name) => [name, process.env[name]]))
  const none = process.env.NODE_ENV !== 'production' && Object.values(own).every((value) => !value)
  return loadConfig(none ? DEVELOPMENT_SHOP : own).robokassa
}

/** The database alone, so that migrating needs no secrets either. */
export const databaseFromProcess = () => {
  const { DATABASE_URL, DATABASE_POOL_MAX } = process.env
  const { databaseUrl, databasePoolMax } = loadConfig({ DATABASE_URL, DATABASE_POOL_MAX })
  return { databaseUrl, databasePoolMax }
}
