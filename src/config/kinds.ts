import { z } from 'zod'

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

/** Where web apps run on a developer's machine: the usual ports of their tools, under both names of the machine. */
export const DEVELOPMENT_ORIGINS = ['localhost', '127.0.0.1'].flatMap((host) =>
  [3000, 4173, 5173, 8080].map((port) => `http://${host}:${port}`),
)

/** The play shop of a development start: all orders are test orders without money; `trawl robokassa sign --test` stands in for Robokassa. */
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

export const list = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
export const oneOfList = <const T extends readonly string[]>(names: T) =>
  z.string().transform((text, ctx) => {
    const parts = list(text)
    for (const part of parts)
      if (!names.includes(part)) ctx.addIssue({ code: 'custom', message: `"${part}" is not one of ${names.join(', ')}` })
    return parts as T[number][]
  })
export const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must lie between ${min} and ${max}`)
export const flag = z
  .string()
  .toLowerCase()
  .refine((text) => ['1', '0', 'true', 'false', 'yes', 'no', 'on', 'off'].includes(text), 'must be 1 or 0')
  .transform((text) => ['1', 'true', 'yes', 'on'].includes(text))
/** As the love-parser contract spells its booleans (§10). */
export const strictFlag = z
  .string()
  .toLowerCase()
  .refine((text) => ['true', '1', 'yes', 'false', '0', 'no'].includes(text), 'must be true or false')
  .transform((text) => ['true', '1', 'yes'].includes(text))
/** Addresses and networks (`a.b.c.d/len`). */
export const networks = z.string().transform((text, ctx) => {
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
export const origins = z.string().transform((text, ctx) => {
  for (const part of list(text))
    if (part !== '*' && !URL.canParse(part)) ctx.addIssue({ code: 'custom', message: `"${part}" is not an origin` })
  return list(text)
})
export const httpUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^\s#@]+$/.test(text) && URL.canParse(text),
    'must be an http(s) URL without user info or fragment',
  )
/** `host:port` entries. */
export const hostPorts = z.string().transform((text, ctx) => {
  for (const part of list(text))
    if (!/^.+:\d{1,5}$/.test(part)) ctx.addIssue({ code: 'custom', message: `"${part}" is not host:port` })
  return list(text)
})
export const regex = z.string().transform((text, ctx) => {
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
export const serviceTokens = z.string().transform((text, ctx) => {
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
export const baseUrl = z
  .string()
  .refine((text) => /^https?:\/\/[^\s/?#]+[^\s?#]*$/i.test(text) && URL.canParse(text), 'must be an http(s) URL without a query')
  .transform((text) => text.replace(/(?<!\/)\/+$/, ''))
/** A page of the web, without a fragment. */
export const webPage = z
  .string()
  .refine((text) => /^https?:\/\/[^\s#]+$/.test(text) && URL.canParse(text), 'must be an http(s) URL')
export const amqpUrl = z
  .string()
  .refine((text) => /^amqps?:\/\/[^/]/.test(text) && URL.canParse(text), 'must be amqp://... or amqps://...')

/** A variable without a fixed default; `shown` describes for readers what happens when it is not set. */
interface Unset {
  shown: string
}
export const unset = (shown: string): Unset => ({ shown })

export interface Variable {
  schema: z.ZodType
  /** The text an unset variable stands for, read by the same schema; or what happens when there is none. */
  standard: string | Unset
  about: string
  secret?: boolean
}
export const variable = <S extends z.ZodType, D extends string | Unset>(
  schema: S,
  standard: D,
  about: string,
  more: { secret?: boolean } = {},
) => ({ schema, standard, about, ...more })
