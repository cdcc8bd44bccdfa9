import { describe, expect, test } from 'bun:test'
import { ConfigError, gitlabWorkerFromEnv, loadConfig } from '../../../src/config.ts'
import { retryAfterMs } from '../../../src/platform/clock.ts'
import { nextInLinkHeader } from '../../../src/platform/http/link-header.ts'
import { decodeState, encodeState, type Position } from '../../../src/workers/gitlab/crawl.ts'
import { baseOf, createBuckets, insideBase, segment } from '../../../src/workers/gitlab/source/credentials.ts'
import { fakeClock } from '../../support/fake-clock.ts'

describe('GitLab worker: settings', () => {
  test('gitlab-worker §1: an empty environment has the documented defaults', () => {
    const { types, ...rest } = gitlabWorkerFromEnv({})
    expect(types).toHaveLength(17)
    expect(rest).toEqual({
      apiUrl: undefined,
      apiSocket: undefined,
      transport: 'http',
      workerId: undefined,
      concurrency: 3,
      leaseSeconds: 60,
      waitSeconds: 20,
      outputDir: 'data/crawl',
      requestTimeoutMs: 30_000,
      ratePerMinute: 300,
      burst: 10,
      maxRetries: 5,
      maxWaitSeconds: 900,
      progressIntervalMs: 1000,
      outboundAllow: [],
      token: undefined,
    })
    expect(gitlabWorkerFromEnv({ DATABASE_URL: 'sqlite:/var/lib/trawl/trawl.db' }).outputDir).toBe('/var/lib/trawl/crawl')
  })

  test('gitlab-worker §1: embedded only when it is named; a worker of its own needs no secret of a server', () => {
    expect(loadConfig({}).embeddedWorkers).not.toContain('gitlab')
    expect(loadConfig({ EMBEDDED_WORKERS: 'gitlab' }).embeddedWorkers).toEqual(['gitlab'])
    expect(gitlabWorkerFromEnv({ NODE_ENV: 'production', CRAWLER_API_TOKEN: 't' }).token).toBe('t')
  })

  test('gitlab-worker §1: every invalid value is named at once', () => {
    const env = { WORKER_CONCURRENCY: '0', WORKER_LEASE_SECONDS: '5', WORKER_TRANSPORT: 'amqp', WORKER_TYPES: ',' }
    try {
      gitlabWorkerFromEnv(env)
      throw new Error('it was accepted')
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      for (const name of Object.keys(env)) expect((error as Error).message).toContain(name)
    }
  })
})

describe('GitLab worker: addresses and waits', () => {
  test('gitlab-worker §3.1: a request’s URL is made of the API’s base and escaped segments', () => {
    expect(baseOf('https://gitlab.com')).toMatchObject({ origin: 'https://gitlab.com', path: '/api/v4', host: 'gitlab.com' })
    expect(baseOf('https://x.test:8443/git/api/graphql/').path).toBe('/git/api/v4')
    expect(baseOf('https://x.test/api/v5/?private_token=secret')).toMatchObject({ path: '/api/v5' })
    expect(segment('1234')).toBe('1234')
    expect(segment('group/sub project')).toBe('group%2Fsub%20project')
    expect(() => segment('..')).toThrow('not the id or path')
    expect(() => baseOf('ftp://x')).toThrow('not an http(s) URL')
  })

  test('gitlab-worker §3.2: the next link, among others and in any spelling', () => {
    expect(nextInLinkHeader('<https://g/a?x=1,2>; rel="first", <https://g/b?y=;>; title="a, b"; rel=next')).toBe(
      'https://g/b?y=;',
    )
    expect(nextInLinkHeader('<https://g/b>; rel="prev next"')).toBe('https://g/b')
    expect(nextInLinkHeader('<https://g/b>; rel="nextish", <https://g/c>; rel=prev')).toBeUndefined()
    expect(nextInLinkHeader(null)).toBeUndefined()
    const base = baseOf('https://g.test/api/v4')
    expect(insideBase(base, 'http://evil.test/api/v4/projects?id_after=5', '/api/v4/projects')).toBe(
      '/api/v4/projects?id_after=5',
    )
    expect(() => insideBase(base, 'https://g.test/api/v4/../v5/x', '/api/v4/projects')).toThrow('outside of its API')
  })

  test('gitlab-worker §3.4: Retry-After as seconds or as a date; the smallest limits of a bucket hold', () => {
    const clock = fakeClock()
    expect(retryAfterMs('3', clock.now())).toBe(3000)
    expect(retryAfterMs('Thu, 15 Jan 2026 12:00:10 GMT', clock.now())).toBe(10_000)
    expect(retryAfterMs('soon', clock.now())).toBeUndefined()
    const buckets = createBuckets(clock)
    const bucket = buckets.of('https://g', 'a')
    bucket.join({ perMinute: 600, burst: 5 })
    const leave = bucket.join({ perMinute: 60, burst: 2 })
    expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 1000])
    clock.advance(1000)
    expect([bucket.take(), bucket.take()]).toEqual([0, 1000])
    leave()
    buckets.renewed('https://g', 'a', 'b')
    expect(buckets.of('https://g', 'b')).toBe(bucket)
    expect(buckets.of('https://h', 'a')).not.toBe(bucket)
    bucket.pauseUntil(clock.now() + 7000)
    expect(bucket.take()).toBe(7000)
  })

  test('gitlab-worker §7: a resumeState stays below 64 KiB, and only a readable one of this host is believed', () => {
    const position: Position = {
      stage: 'fetching',
      list: 0,
      next: '/api/v4/issues?page=2',
      mode: 'offset',
      page: 1,
      lastId: 5,
      boundaryIds: Array.from({ length: 3000 }, (_, index) => String(1_000_000_000 + index)),
      since: null,
      itemsByType: { issues: 100 },
      total: null,
      cut: [],
      listTotal: null,
      refused: false,
      leftOut: 0,
      startedAt: '2026-01-15T12:00:00.000Z',
      warnings: Array.from({ length: 50 }, () => 'ж'.repeat(200)),
      areas: { inserted: 0, jobsCreated: 0 },
    }
    const parts = [{ file: 'part-1.jsonl', bytes: 10, items: 1 }]
    const state = encodeState('g.test', position, parts)
    expect(Buffer.byteLength(JSON.stringify(state))).toBeLessThan(65_536)
    expect(decodeState('g.test', state, 1)?.position.boundaryIds).toHaveLength(3000)
    expect(decodeState('g.test', state, 1)?.parts).toEqual(parts)
    for (const odd of [{ ...state, v: 2 }, null, 'x', { v: 1 }, { ...state, parts: [{ file: 'x' }] }])
      expect(decodeState('g.test', odd, 1)).toBeUndefined()
    expect(decodeState('other.test', state, 1)).toBeUndefined()
  })
})
