import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createLocalRateLimiter, type RateDecision } from '../../src/platform/http/rate-limit.ts'
import { fakeClock } from '../support/fake-clock.ts'

describe('rate limiter in process', () => {
  const start = (limit: number, windowMs: number, maxKeys?: number) => {
    const clock = fakeClock()
    const limiter = createLocalRateLimiter(clock, maxKeys)
    return { clock, take: (key = 'k', name = 'class') => limiter.take({ name, limit, windowMs }, key) as RateDecision }
  }

  test('a full bucket gives its limit and then refuses with the time until the next token', () => {
    const { take } = start(3, 60_000)
    expect([take(), take(), take()].map((answer) => [answer.allowed, answer.remaining])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
    ])
    expect(take()).toEqual({ allowed: false, limit: 3, remaining: 0, resetMs: 60_000, retryAfterSeconds: 20 })
  })

  test('tokens come back evenly, never more than the limit', () => {
    const { clock, take } = start(3, 60_000)
    for (let n = 0; n < 3; n++) take()
    clock.advance(19_999)
    expect(take().allowed).toBe(false)
    clock.advance(1)
    expect([take().allowed, take().allowed]).toEqual([true, false])
    clock.advance(86_400_000)
    expect([1, 2, 3, 4].map(() => take().allowed)).toEqual([true, true, true, false])
  })

  test('keys and classes do not touch each other', () => {
    const { take } = start(1, 1000)
    expect([take('a'), take('b'), take('a', 'other'), take('a')].map((answer) => answer.allowed)).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  test('a limit of 0 allows all', () => {
    const { take } = start(0, 1000)
    for (let n = 0; n < 1000; n++) expect(take().allowed).toBe(true)
  })

  test('a refused try costs nothing', () => {
    const { clock, take } = start(1, 10_000)
    take()
    for (let n = 0; n < 50; n++) take()
    clock.advance(10_000)
    expect(take().allowed).toBe(true)
  })

  test('a clock that is set back takes no tokens away', () => {
    const { clock, take } = start(2, 10_000)
    take()
    clock.set(clock.now() - 3_600_000)
    expect(take().allowed).toBe(true)
    clock.advance(5000)
    expect(take().allowed).toBe(true)
  })

  test('it stays within its bound; the key unused for longest is forgotten', () => {
    const { take } = start(1, 1000, 2)
    take('a')
    take('b')
    take('a')
    take('c')
    expect([take('a').allowed, take('b').allowed]).toEqual([false, true])
  })

  test('property: who waits as long as he was told is let in, and no window lets more than limit + refill through', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.constantFrom(1000, 7000, 60_000, 900_000),
        fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 }),
        (limit, windowMs, pauses) => {
          const { clock, take } = start(limit, windowMs)
          const from = clock.now()
          let allowed = 0
          let answer = take()
          for (const pause of pauses) {
            if (answer.allowed) allowed++
            clock.advance(answer.allowed ? pause : answer.retryAfterSeconds * 1000)
            const next = take()
            if (!answer.allowed) expect(next.allowed).toBe(true)
            answer = next
          }
          expect(allowed).toBeLessThanOrEqual(limit + ((clock.now() - from) * limit) / windowMs + 1e-6)
        },
      ),
      { numRuns: 150, seed: 20260115 },
    )
  })
})
