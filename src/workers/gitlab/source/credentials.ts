import { backoffMs, type Clock, HOUR_MS, jittered } from '../../../platform/clock.ts'
import { LeaseGone } from '../../runtime.ts'
import type { CrawlerApi } from '../api/connection.ts'
import { ApiProblem, badTask, CredentialsExpired, TaskFailure } from '../errors.ts'
import type { Control } from '../execution.ts'
import type { LeasedTask } from '../model.ts'

/** The token of one task, in memory only. */
export interface TokenHolder {
  current(): string
  /**
   * Replaces the refused token (gitlab-worker §3.5), once for all requests of the task that wait for it.
   * @throws CredentialsExpired not refreshable; LeaseGone the API has put the task aside; TaskFailure GITLAB_UNAVAILABLE
   */
  renew(refused: string, text: string): Promise<void>
}

export interface TokenOptions {
  task: LeasedTask
  api: CrawlerApi
  control: Control
  clock: Clock
  random: () => number
  buckets: Buckets
  origin: string
  maxRetries: number
  /** When the lease ends by our own clock, ms. */
  leaseEndsAt(): number
}

const LEASE_MARGIN_MS = 5000

export const createTokens = (options: TokenOptions): TokenHolder => {
  const { task, api, control, clock, random } = options
  let { accessToken, version } = task.credentials
  let renewing: Promise<void> | undefined

  const ask = async () => {
    let refusals = 0
    for (let attempt = 1; ; attempt++) {
      control.check()
      try {
        const { workerId, fence } = task.lease
        return await api.refresh(task.id, { workerId, fence, credentialsVersion: version }, control.signal)
      } catch (error) {
        control.check()
        if (!(error instanceof ApiProblem)) throw error
        if ([401, 404, 409].includes(error.status)) throw new LeaseGone()
        // 503 means that GitLab is away: it counts like GitLab's own 5xx.
        if (error.status === 503 && ++refusals > options.maxRetries)
          throw new TaskFailure('GITLAB_UNAVAILABLE', 'GitLab did not renew the access token', true, 503)
        if (error.status >= 400 && error.status < 500 && error.status !== 429)
          throw new TaskFailure('INTERNAL', `the API refuses to renew the access token: ${error.status}`, false)
        if (error.status === 0 && clock.now() >= options.leaseEndsAt() - LEASE_MARGIN_MS) throw new LeaseGone()
        await control.sleep(Math.max(error.retryAfterMs ?? 0, jittered(backoffMs(attempt, 16_000), random)))
      }
    }
  }
  const renew = async () => {
    const answer = await ask()
    if (!answer.refreshSuccessful) throw new LeaseGone()
    options.buckets.renewed(options.origin, accessToken, answer.credentials.accessToken)
    ;({ accessToken, version } = answer.credentials)
  }
  return {
    current: () => accessToken,
    async renew(refused, text) {
      if (accessToken !== refused) return
      if (!task.credentials.refreshable) throw new CredentialsExpired(/revoked/i.test(text))
      renewing ??= renew().finally(() => {
        renewing = undefined
      })
      await renewing
    },
  }
}

/** Where an instance's REST API lives. */
export interface Base {
  origin: string
  /** Host with the port, as it names directories and providers. */
  host: string
  hostname: string
  /** Path of the API without a slash at its end, such as `/api/v4`. */
  path: string
}

const encoder = new TextEncoder()
/** Percent-encodes everything but `[A-Za-z0-9._-]`, byte by byte; unlike encodeURIComponent it takes any text. */
export const percentEncode = (text: string): string => {
  let out = ''
  for (const byte of encoder.encode(text)) {
    const char = String.fromCharCode(byte)
    out += /[A-Za-z0-9._-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

/** The API base of an apiEndpoint (gitlab-worker §3.1). @throws TaskFailure BAD_TASK */
export const baseOf = (endpoint: string | undefined): Base => {
  if (!endpoint) throw badTask('apiEndpoint is missing')
  const url = URL.parse(endpoint)
  if (!url || !/^https?:$/.test(url.protocol)) throw badTask('apiEndpoint is not an http(s) URL')
  const path = url.pathname.replace(/(?<!\/)\/+$/, '')
  const api = path.endsWith('/api/graphql')
    ? path.replace(/graphql$/, 'v4')
    : /\/api\/v\d+(\/|$)/.test(path)
      ? path
      : `${path}/api/v4`
  return { origin: url.origin, host: url.host, hostname: url.hostname, path: api }
}

/** One path segment for a resource: digits as they are, the rest encoded (§3.1). @throws TaskFailure BAD_TASK */
export const segment = (text: string): string => {
  // A URL parser takes these as steps up and down, encoded or not, so they would name another resource.
  if (text === '.' || text === '..') throw badTask(`"${text}" is not the id or path of a GitLab resource`)
  return percentEncode(text)
}

/** Path and query of a URL that an answer names, on the base's origin (§3.2). @throws TaskFailure REDIRECT_REFUSED outside the base */
export const insideBase = (base: Base, link: string, current: string): string => {
  const url = URL.parse(link, `${base.origin}${current}`)
  if (!url?.pathname.startsWith(`${base.path}/`))
    throw new TaskFailure('REDIRECT_REFUSED', 'GitLab links to a page outside of its API', false)
  return `${url.pathname}${url.search}`
}

/** Requests of one task: its rateLimits or the worker's defaults. */
export interface Limits {
  perMinute: number
  perHour?: number
  burst: number
}

/** The pace of one account at one instance, shared by all tasks of this worker (gitlab-worker §3.4). */
export interface Bucket {
  /** Adds a task's limits; of several the smallest hold. Answers how to leave. */
  join(limits: Limits): () => void
  /** Takes a token and answers 0, or takes none and answers the ms until there may be one. */
  take(): number
  /** No token before this time. */
  pauseUntil(at: number): void
}

export interface Buckets {
  of(origin: string, token: string): Bucket
  /** After a refresh the new token means the same account. */
  renewed(origin: string, before: string, after: string): void
}

const MOST_IDLE = 1000

const createBucket = (clock: Clock) => {
  const members = new Set<Limits>()
  let last: Limits | undefined
  // The time at which a bucket without burst would let the next request go.
  let nextAt = 0
  let pausedUntil = 0
  let takenAt = 0
  const least = (pick: (limits: Limits) => number | undefined) => {
    const found = [...members, ...(members.size === 0 && last ? [last] : [])].map(pick).filter((value) => value !== undefined)
    return found.length > 0 ? Math.min(...found) : undefined
  }
  const bucket: Bucket = {
    join(limits) {
      members.add(limits)
      return () => {
        last = limits
        members.delete(limits)
      }
    },
    take() {
      const now = clock.now()
      // The clock was set back: the used requests still count, but not for all that time.
      if (now < takenAt) nextAt -= takenAt - now
      takenAt = now
      const perMinute = least((limits) => limits.perMinute) ?? 60
      const perHour = least((limits) => limits.perHour)
      const intervalMs = Math.max(60_000 / perMinute, perHour === undefined ? 0 : HOUR_MS / perHour)
      const burst = least((limits) => limits.burst) ?? 1
      const at = Math.max(pausedUntil, nextAt - (burst - 1) * intervalMs)
      if (at > now) return Math.ceil(at - now)
      nextAt = Math.max(nextAt, now) + intervalMs
      return 0
    },
    pauseUntil(at) {
      pausedUntil = Math.max(pausedUntil, at)
    },
  }
  return { bucket, idle: () => members.size === 0 && Math.max(pausedUntil, nextAt) <= clock.now() }
}

/** The buckets of one worker. Keys are hashes: a token is kept only where a request needs it. */
export const createBuckets = (clock: Clock): Buckets => {
  const known = new Map<string, ReturnType<typeof createBucket>>()
  const keyOf = (origin: string, token: string) => Bun.SHA256.hash(`${origin}\n${token}`, 'hex')
  const entryOf = (origin: string, token: string) => {
    const key = keyOf(origin, token)
    let entry = known.get(key)
    if (!entry) {
      if (known.size >= MOST_IDLE) for (const [old, { idle }] of known) if (idle()) known.delete(old)
      entry = createBucket(clock)
      known.set(key, entry)
    }
    return entry
  }
  return {
    of: (origin, token) => entryOf(origin, token).bucket,
    renewed: (origin, before, after) => void known.set(keyOf(origin, after), entryOf(origin, before)),
  }
}
