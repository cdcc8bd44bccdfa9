import type { Clock } from '../../platform/clock.ts'
import { createLru } from '../../platform/shared.ts'
import { FetchError, unlessAborted } from './errors.ts'
import { parseRobots } from './robots-rules.ts'

export interface Robots {
  /** Throws `FetchError` `robots` (not retryable) or `robots_unavailable` (retryable: RFC 9309 reads a failing robots.txt as "no"). */
  check(url: URL, signal?: AbortSignal): Promise<void>
  /** `Crawl-delay` in ms, bounded; 0 when there is none or the file is not loaded yet. */
  delayMs(url: URL, signal?: AbortSignal): Promise<number>
  sitemaps(url: URL, signal?: AbortSignal): Promise<string[]>
}

interface Rules {
  allows(path: string): boolean
  delayMs: number
  sitemaps: string[]
}

type Loaded = { rules: Rules } | { down: string }

const KEEP_MS = 60 * 60_000
const KEEP_FAILURE_MS = 5 * 60_000
/** Failures in a row before one is kept: the first may pass, and the page that needs it is asked for again. */
const FAILURES_TO_KEEP = 3
const MAX_HOSTS = 64
const MAX_CRAWL_DELAY_MS = 10_000

const ALL: Rules = { allows: () => true, delayMs: 0, sitemaps: [] }

const token = (agent: string) => agent.split('/')[0]!.toLowerCase()

/**
 * robots.txt per origin, cached. `load` fetches a URL without asking robots and answers `{status, text}`; a rejection counts as down.
 */
export const createRobots = (options: {
  clock: Clock
  agent: string
  load: (url: URL) => Promise<{ status: number; text: string }>
}): Robots => {
  const { clock, agent, load } = options
  const cache = createLru<string, { until: number; failures: number; loaded: Promise<Loaded> }>(MAX_HOSTS)

  const fetchRules = async (origin: string): Promise<Loaded> => {
    const url = new URL('/robots.txt', origin)
    try {
      const { status, text } = await load(url)
      if (status >= 500 || status === 429) return { down: `robots.txt answers ${status}` }
      if (status >= 400) return { rules: ALL }
      const { crawlDelay = 0, allows, sitemaps } = parseRobots(text, token(agent))
      return { rules: { allows, sitemaps, delayMs: Math.min(crawlDelay * 1000, MAX_CRAWL_DELAY_MS) } }
    } catch (error) {
      // RFC 9309 §2.3.1.2: after five redirects it counts as not there.
      if (error instanceof FetchError && error.problem === 'redirects') return { rules: ALL }
      // A host that cannot be reached is asked again with the next page, which says so better.
      if (error instanceof FetchError && (error.problem === 'network' || error.problem === 'paused')) throw error
      return { down: `robots.txt cannot be read: ${error instanceof Error ? error.message : String(error)}` }
    }
  }

  const get = async (url: URL): Promise<Loaded> => {
    const { origin } = url
    let entry = cache.get(origin)
    if (!entry || entry.until <= clock.now()) {
      const fresh = { until: clock.now() + KEEP_MS, failures: entry?.failures ?? 0, loaded: fetchRules(origin) }
      entry = fresh
      cache.set(origin, fresh)
      fresh.loaded.then(
        (loaded) => {
          fresh.failures = 'down' in loaded ? fresh.failures + 1 : 0
          if (fresh.failures > 0) fresh.until = clock.now() + (fresh.failures < FAILURES_TO_KEEP ? 0 : KEEP_FAILURE_MS)
        },
        () => {
          if (cache.peek(origin) === fresh) cache.delete(origin) // the awaiting callers handle it
        },
      )
    }
    return entry.loaded
  }

  const rules = async (url: URL, signal?: AbortSignal): Promise<Rules> => {
    const loaded = await unlessAborted(get(url), signal) // the load is shared, so one stopped task must not abort it
    if ('down' in loaded) throw new FetchError('robots_unavailable', loaded.down, true)
    return loaded.rules
  }

  return {
    async check(url, signal) {
      const { allows } = await rules(url, signal)
      if (!allows(url.pathname + url.search)) throw new FetchError('robots', `robots.txt disallows ${url.pathname}`, false)
    },
    delayMs: async (url, signal) => (await rules(url, signal)).delayMs,
    sitemaps: async (url, signal) => (await rules(url, signal)).sitemaps,
  }
}
