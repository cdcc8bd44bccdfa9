/** Development stand-ins, printed at start and refused when `NODE_ENV=production`. */
export const DEVELOPMENT_TOKENS = {
  INTERNAL_API_TOKEN: 'dev-internal-token',
  ANALYTICS_API_TOKEN: 'dev-analytics-token',
  CRAWLER_API_TOKEN: 'dev-crawler-token',
  SERVICE_TOKENS: 'dev:dev-service-token',
} as const
export const DEVELOPMENT_SECRETS = {
  JWT_SECRET: 'development-jwt-secret-not-for-production',
  DASHBOARD_JWT_SECRET: 'development-dashboard-secret-not-for-production',
} as const

/** The shop of `bun dev`: all orders are test orders without money; `trawl robokassa sign --test` stands in for Robokassa. */
export const DEVELOPMENT_SHOP = {
  ROBOKASSA_MERCHANT_LOGIN: 'demo',
  ROBOKASSA_TEST_PASSWORD1: 'development-test-password-1',
  ROBOKASSA_TEST_PASSWORD2: 'development-test-password-2',
  ROBOKASSA_IS_TEST: 'true',
} as const

export const ADULT_KEYWORDS = [
  ...['18+', 'эротик', 'эротич', 'сексуальн', 'секс-', 'сексшоп', 'интим', 'вибратор', 'фаллоимитатор', 'бдсм', 'порно'],
  ...['erotic', 'sexy', 'sexual', 'sex toy', 'vibrator', 'bdsm', 'porn'],
] as const

/** The embedder that needs no model (platform/search/ngram-embedder). */
export const BUILT_IN_EMBEDDER = 'trawl-ngram'

/** The API families this build contains; later families join here and in `app.ts`. */
export const FAMILIES = ['gifty', 'crawler', 'stickers', 'love-parser'] as const
export const ROLES = ['all', 'api', 'scheduler', 'worker'] as const
export const EMBEDDABLE_WORKERS = ['web', 'telegram', 'gitlab'] as const
/** Those that run by default. */
export const EMBEDDED_BY_DEFAULT = ['web', 'telegram']
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
