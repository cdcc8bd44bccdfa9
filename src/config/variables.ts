import { z } from 'zod'
import {
  ADULT_KEYWORDS,
  amqpUrl,
  BUILT_IN_EMBEDDER,
  baseUrl,
  CRAWLER_TASK_TYPES,
  DEVELOPMENT_TOKENS,
  EMBEDDABLE_WORKERS,
  EMBEDDED_BY_DEFAULT,
  FAMILIES,
  flag,
  hostPorts,
  httpUrl,
  integer,
  list,
  networks,
  oneOfList,
  origins,
  ROLES,
  regex,
  serviceTokens,
  strictFlag,
  unset,
  type Variable,
  variable,
  webPage,
} from './kinds.ts'

/** Every variable the process reads. The tables of docs/configuration.md are generated from this list (`bun run generate`). */
export const VARIABLES = {
  NODE_ENV: variable(z.enum(['development', 'production', 'test']), 'development', 'production refuses development secrets'),
  PORT: variable(integer(0, 65_535), '3000', 'port to listen on; 0 picks a free one'),
  HOST: variable(z.string().min(1), unset('127.0.0.1, in production 0.0.0.0'), 'address to listen on'),
  DEVELOPMENT_ANYWHERE: variable(
    flag,
    '0',
    'outside production, 1 lets a server with development secrets listen on other addresses than loopback, and answer under any Host',
  ),
  LOG_LEVEL: variable(z.enum(['debug', 'info', 'warn', 'error', 'silent']), 'info', 'least level that is written'),
  DATABASE_URL: variable(
    z.string().refine((text) => /^(sqlite:.+|postgres(ql)?:\/\/.+)$/.test(text), 'must be sqlite:PATH or postgres://...'),
    'sqlite:data/trawl.db',
    '`sqlite:PATH`, `sqlite::memory:` or `postgres://...`',
    { secret: true },
  ),
  DATABASE_POOL_MAX: variable(integer(2, 200), '10', 'most Postgres connections of this process'),
  DATABASE_STATEMENT_TIMEOUT_MS: variable(
    integer(1000, 3_600_000),
    '30000',
    'longest Postgres statement, wait for a lock and silence within a transaction',
  ),
  DATABASE_PREPARED_STATEMENTS: variable(
    flag,
    '1',
    '0 behind pgbouncer in transaction mode; the timeout above is then a matter of the role (`alter role ... set`)',
  ),
  REDIS_URL: variable(
    z.string().refine((text) => /^rediss?:\/\/.+$/.test(text) && URL.canParse(text), 'must be redis://... or rediss://...'),
    unset('empty'),
    'Redis: events between processes, shared limits and caches, revoked tokens; `redis://[user:password@]host:port[/database]`',
    { secret: true },
  ),
  REUSE_PORT: variable(flag, '0', 'several processes on one machine share the port (SO_REUSEPORT); needs Postgres'),
  AMQP_URL: variable(
    amqpUrl,
    unset('empty'),
    'RabbitMQ: source runs and notifications leave through its queues; `amqp://[user:password@]host[:port][/vhost]`',
    { secret: true },
  ),
  RABBITMQ_URL: variable(amqpUrl, unset('empty'), 'another name of AMQP_URL, which goes before it', { secret: true }),
  SQLITE_SYNCHRONOUS: variable(
    z.enum(['OFF', 'NORMAL', 'FULL']),
    unset('NORMAL, in production FULL'),
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
  OUTBOUND_ALLOW: variable(
    hostPorts,
    unset('empty'),
    'comma list of host:port that workers and the renewal of tokens may reach although the address is private',
  ),
  WEB_WORKER_ALLOW: variable(hostPorts, unset('empty'), 'an older name of OUTBOUND_ALLOW, whose list it adds to'),
  DEMO: variable(
    flag,
    unset('1 in development, else 0'),
    'seed the demo shop source when the database is new, and serve /demo/shop',
  ),
  CORS_ORIGIN: variable(origins, unset('empty'), 'comma list of browser origins that may call the API'),
  CORS_ORIGIN_REGEX: variable(regex, unset('empty'), 'regular expression that a whole origin may match instead'),
  TRUST_PROXY: variable(integer(0, 16), '0', 'how many proxies in front add to X-Forwarded-For'),
  INTERNAL_API_TOKEN: variable(z.string(), unset(DEVELOPMENT_TOKENS.INTERNAL_API_TOKEN), 'X-Internal-Token of the gifty family', {
    secret: true,
  }),
  ANALYTICS_API_TOKEN: variable(
    z.string(),
    unset(DEVELOPMENT_TOKENS.ANALYTICS_API_TOKEN),
    'X-Analytics-Token of the gifty family',
    {
      secret: true,
    },
  ),
  CRAWLER_API_TOKEN: variable(z.string(), unset(DEVELOPMENT_TOKENS.CRAWLER_API_TOKEN), 'Bearer of the crawler family', {
    secret: true,
  }),
  SERVICE_TOKENS: variable(
    serviceTokens,
    unset(`${DEVELOPMENT_TOKENS.SERVICE_TOKENS}; none in production`),
    'X-Service-Token values of the stickers family: `name:token[:scope,scope];...`, scopes read, write, publish, delete (default all)',
    { secret: true },
  ),
  TELEGRAM_BOT_MODE: variable(
    z.enum(['live', 'sandbox']),
    unset('live with a bot token or in production, else sandbox'),
    'whether sticker sets are looked up at the Bot API or made up without a network; production refuses sandbox',
  ),
  TELEGRAM_BOT_TOKEN: variable(
    z
      .string()
      .regex(/^[!-~]+$/, 'must be printable ASCII without blanks')
      .regex(/^[^/?#%\\]+$/, 'must fit into a URL path'),
    unset('none'),
    'bot of the gallery and of the dashboard: without it the gallery in live mode finds Telegram unreachable, the dashboard login is 503',
    { secret: true },
  ),
  TELEGRAM_BOT_API_URL: variable(baseUrl, 'https://api.telegram.org', 'base URL of the Bot API'),
  METRICS_TOKEN: variable(
    z.string(),
    unset('empty'),
    'Bearer that /metrics asks for; in production without it loopback and private addresses alone may read',
    { secret: true },
  ),
  JWT_SECRET: variable(
    z.string().min(16),
    unset('a development value'),
    'signs Love Parser tokens; 32 characters in production',
    {
      secret: true,
    },
  ),
  DASHBOARD_JWT_SECRET: variable(z.string().min(16), unset('a development value'), 'signs dashboard tokens', { secret: true }),
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
    unset('a key file in the data directory; none in production'),
    'key ring `id:base64,...`: the first encrypts, all decrypt',
    { secret: true },
  ),
  ROBOKASSA_MERCHANT_LOGIN: variable(z.string(), unset('empty'), 'shop that takes payments; without it a purchase is 503'),
  ROBOKASSA_PASSWORD1: variable(z.string(), unset('empty'), 'signs payment links', { secret: true }),
  ROBOKASSA_PASSWORD2: variable(z.string(), unset('empty'), 'signs notifications of payments', { secret: true }),
  ROBOKASSA_TEST_PASSWORD1: variable(z.string(), unset('empty'), 'signs links of test orders', { secret: true }),
  ROBOKASSA_TEST_PASSWORD2: variable(z.string(), unset('empty'), 'signs notifications of test payments', { secret: true }),
  ROBOKASSA_IS_TEST: variable(strictFlag, 'false', 'new orders are test orders'),
  ROBOKASSA_ALLOW_TEST: variable(strictFlag, 'false', 'test payments count in production too'),
  ROBOKASSA_HASH: variable(
    z.enum(['md5', 'ripemd160', 'sha1', 'sha256', 'sha384', 'sha512']),
    'sha256',
    'hash of signatures, as the shop is set to',
  ),
  ROBOKASSA_ALLOWED_IPS: variable(
    networks,
    unset('empty'),
    'comma list of addresses and networks that may notify; empty allows all',
  ),
  ROBOKASSA_INV_ID_START: variable(integer(1, 2_000_000_000), '1', 'least order number'),
  ROBOKASSA_PAYMENT_URL: variable(webPage, 'https://auth.robokassa.ru/Merchant/Index.aspx', 'page that takes the money'),
  ROBOKASSA_SUCCESS_URL: variable(
    webPage,
    unset('that of the shop'),
    'page that a payer returns to (`SuccessUrl2`), signed with the link',
  ),
  ROBOKASSA_SUCCESS_METHOD: variable(z.enum(['GET', 'POST']), 'GET', 'how they get there'),
  ROBOKASSA_FAIL_URL: variable(webPage, unset('that of the shop'), 'the same for one who has not paid (`FailUrl2`)'),
  ROBOKASSA_FAIL_METHOD: variable(z.enum(['GET', 'POST']), 'GET', 'how they get there'),
  ROBOKASSA_RECEIPT_TAX: variable(
    z.enum(['none', 'vat0', 'vat5', 'vat7', 'vat10', 'vat20', 'vat22', 'vat105', 'vat107', 'vat110', 'vat120', 'vat122']),
    unset('no receipt'),
    'links carry a fiscal receipt (54-FZ) with this VAT',
  ),
  ROBOKASSA_RECEIPT_SNO: variable(
    z.enum(['osn', 'usn_income', 'usn_income_outcome', 'esn', 'patent']),
    unset('that of the shop'),
    'tax system of the receipt',
  ),
  ROBOKASSA_RECEIPT_PAYMENT_METHOD: variable(
    z.enum(['full_prepayment', 'prepayment', 'advance', 'full_payment', 'partial_payment', 'credit', 'credit_payment']),
    'full_payment',
    'how the receipt says a plan is paid',
  ),
  ROBOKASSA_RECEIPT_PAYMENT_OBJECT: variable(
    z.enum(['service', 'job', 'commodity', 'intellectual_activity', 'payment', 'property_right', 'composite', 'another']),
    'service',
    'what the receipt says a plan is',
  ),
  INITDATA_MAX_AGE_SECONDS: variable(integer(1, 31_536_000), '86400', 'how old the initData of a dashboard login may be'),
  DASHBOARD_TOKEN_TTL_SECONDS: variable(integer(1, 31_536_000), '43200', 'life of a dashboard token'),
  POSTHOG_HOST: variable(baseUrl, 'https://app.posthog.com', 'PostHog of the analytics routes'),
  POSTHOG_API_KEY: variable(z.string().min(1), unset('empty'), 'its key; without key or project those figures are zero', {
    secret: true,
  }),
  POSTHOG_PROJECT_ID: variable(z.string().regex(/^[\w-]+$/, 'must be a project id'), unset('empty'), 'its project'),
  PROMETHEUS_URL: variable(baseUrl, unset('empty'), 'Prometheus of the analytics routes'),
  LOKI_URL: variable(baseUrl, unset('empty'), 'Loki of the analytics routes'),
  WEEEK_API_BASE: variable(baseUrl, 'https://api.weeek.net/public/v1', 'API of Weeek'),
  WEEEK_WORKSPACE_ID: variable(z.string().min(1), unset('empty'), 'the only Weeek workspace that accounts may connect from'),
  DISPATCH_PER_TICK: variable(
    integer(1, 1000),
    '20',
    'runs that the scheduler opens in one transaction; a full one is followed at once by another',
  ),
  SCHEDULER_TICK_SECONDS: variable(integer(1, 3600), unset('10, in development 1'), 'how often due sources are dispatched'),
  RUN_IDLE_TIMEOUT_SECONDS: variable(integer(10, 864_000), '5400', 'a run without a report or heartbeat for so long is lost'),
  RUN_START_TIMEOUT_SECONDS: variable(
    integer(10, 864_000),
    '21600',
    'a published run that no worker has started for so long is lost',
  ),
  RUN_RETENTION_DAYS: variable(integer(1, 36_500), '180', 'days for which runs are kept; of each source at least the newest 20'),
  RUN_LOG_RETENTION_DAYS: variable(integer(1, 3650), '14', 'days for which log lines of runs are kept'),
  DISCOVERY_DAILY_QUOTA: variable(integer(0, 1_000_000), '50', 'discovered sources a day that start active'),
  ADULT_KEYWORDS: variable(
    z.string().transform(list),
    ADULT_KEYWORDS.join(','),
    'comma list of beginnings of words that make a product adult goods, which are recommended only where allowed',
  ),
  EMBEDDING_MODEL: variable(
    z.string().min(1).max(200),
    BUILT_IN_EMBEDDER,
    'model whose vectors are searched; any other than the built-in one is external: workers embed, queries go to EMBEDDING_API_URL',
  ),
  EMBEDDING_VERSION: variable(
    z.string().min(1).max(200),
    '1',
    'version of that model; vectors of other versions are not compared',
  ),
  EMBEDDING_DIM: variable(integer(2, 4096), unset('384, for an external model 1024'), 'numbers of a vector'),
  EMBEDDING_API_URL: variable(
    z.string().refine((text) => /^https?:\/\/[^\s]+$/.test(text) && URL.canParse(text), 'must be an http(s) URL'),
    unset('empty'),
    'OpenAI-compatible address that embeds queries for an external model; without it a text query is 503',
  ),
  EMBEDDING_API_KEY: variable(z.string(), unset('empty'), 'sent there as bearer token', { secret: true }),
  EMBEDDING_MEMORY_MB: variable(
    integer(1, 1_048_576),
    '1024',
    'most memory of the resident vectors: 100,000 of 384 numbers take 147 MB; more than fit are 503, never half a search',
  ),
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
    unset('sandbox, in production mtproto'),
    'Telegram user API: generated channels and the login code 12345, or the real one',
  ),
  TELEGRAM_API_ID: variable(integer(1, 2 ** 31 - 1), unset('empty'), 'Telegram application, from my.telegram.org'),
  TELEGRAM_API_HASH: variable(z.string().min(1), unset('empty'), 'its secret', { secret: true }),
  TELEGRAM_SESSION: variable(z.string().min(1), unset('empty'), 'session of the account that searches', { secret: true }),
  TELEGRAM_SANDBOX_STEP_MS: variable(
    integer(0, 60_000),
    unset('0, in development 100'),
    'pause before each tenth of a sandbox search, so that its progress can be watched',
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
    unset('empty'),
    'path of the Unix socket that the crawler family is served on without a token',
  ),
  CRAWLER_IMPORT_DB: variable(z.string().min(1), unset('empty'), 'SQLite file of an earlier crawler, imported once'),
  CRAWLER_DEFAULT_API_ENDPOINT: variable(httpUrl, unset('empty'), 'GitLab API of crawler tasks that name none'),
  CRAWLER_GITLAB_HOSTS: variable(
    z.string().transform((text) => list(text.toLowerCase())),
    unset('empty'),
    'comma list of the GitLab hosts that tasks may name; empty allows all',
  ),
  CRAWLER_OAUTH_CLIENT_ID: variable(
    z.string().min(1),
    unset('empty'),
    'OAuth application that refreshes tokens of tasks without one of their own',
  ),
  CRAWLER_OAUTH_CLIENT_SECRET: variable(z.string().min(1), unset('empty'), 'its secret', { secret: true }),
  CRAWLER_OAUTH_INSTANCE: variable(
    httpUrl.transform((text) => new URL(text).origin),
    unset('origin of CRAWLER_DEFAULT_API_ENDPOINT'),
    'origin of the one GitLab instance that this application belongs to: it is sent there and nowhere else',
  ),
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
    unset('empty'),
    'crawler API that a GitLab worker of its own works for, ends in /api/internal2',
  ),
  WORKER_API_SOCKET: variable(z.string().min(1), unset('empty'), 'Unix socket of that API, instead of a token; HTTP only'),
  WORKER_ID: variable(
    z
      .string()
      .max(128, 'must have at most 128 characters')
      .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces'),
    unset('host, process id, random'),
    'name of a GitLab worker, unique among running ones',
  ),
  WORKER_TRANSPORT: variable(z.enum(['http', 'ws']), 'http', 'how a GitLab worker talks to the API'),
  WORKER_TYPES: variable(
    oneOfList(CRAWLER_TASK_TYPES).refine((types) => types.length > 0, 'names no task type'),
    unset('all 17'),
    'task types a GitLab worker takes, comma list',
  ),
  WORKER_CONCURRENCY: variable(integer(1, 50), '3', 'tasks a GitLab worker runs at once'),
  WORKER_LEASE_SECONDS: variable(integer(10, 3600), '60', 'length of its leases'),
  WORKER_WAIT_SECONDS: variable(integer(0, 60), '20', 'how long it waits for a task'),
  WORKER_OUTPUT_DIR: variable(z.string().min(1), unset('`<data directory>/crawl`'), 'where it stores what it fetches'),
  WORKER_REQUEST_TIMEOUT_MS: variable(integer(100, 3_600_000), '30000', 'one request to GitLab, connecting included'),
  WORKER_RATE_PER_MINUTE: variable(integer(1, 1_000_000), '300', 'requests a minute of tasks without rateLimits'),
  WORKER_BURST: variable(integer(1, 1_000_000), '10', 'requests at once of tasks without rateLimits'),
  WORKER_MAX_RETRIES: variable(integer(0, 100), '5', 'repeats of a request that GitLab does not answer'),
  WORKER_MAX_WAIT_SECONDS: variable(integer(0, 86_400), '900', 'longest wait for a rate limit while holding a task'),
  WORKER_PROGRESS_INTERVAL_MS: variable(integer(0, 3_600_000), '1000', 'least time between two progress reports of a task'),
  SHUTDOWN_TIMEOUT_SECONDS: variable(integer(1, 60), '8', 'how long a stop waits for requests in flight'),
} as const satisfies Record<string, Variable>
