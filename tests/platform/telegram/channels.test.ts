import { describe, expect, test } from 'bun:test'
import type { Channel } from '../../../src/platform/telegram/user-api/index.ts'
import { activityLevel, activityScore, clampLimit, passesFilters } from '../../../src/platform/telegram/user-api/sandbox.ts'

const NOW = Date.parse('2026-01-15T12:00:00.000Z')
const hoursAgo = (hours: number) => new Date(NOW - hours * 3_600_000)

describe('activity (love-parser §7, §11.24)', () => {
  test.each([
    [0, null, 0.16, 'low'],
    [500_000, null, 0.46, 'medium'],
    [1_000_000, 0, 1, 'high'],
    [0, 0, 0.4, 'medium'],
    [100_000, 84, 0.26, 'low'],
    [2_000_000, 168, 0.6, 'medium'],
    [2_000_000, 10_000, 0.6, 'medium'],
    [-5, null, 0.16, 'low'],
  ] as const)('§11.24: %p subscribers, last post %p h ago: %p %p', (subscribers, hours, score, level) => {
    const found = activityScore(subscribers, hours === null ? null : hoursAgo(hours), NOW)
    expect([found, activityLevel(found)]).toEqual([score, level])
  })

  test('§7: a post dated ahead of our clock is as fresh as one of now', () => {
    expect(activityScore(0, hoursAgo(-5), NOW)).toBe(0.4)
  })

  test('§7: levels begin at 0.33 and 0.66', () => {
    expect([0, 0.32, 0.33, 0.65, 0.66, 1].map(activityLevel)).toEqual(['low', 'low', 'medium', 'medium', 'high', 'high'])
  })
})

describe('filters (love-parser §4, §7)', () => {
  const channel: Channel = {
    channelId: '1',
    title: null,
    username: null,
    subscribers: 1000,
    description: null,
    activityScore: 0.5,
    activityLevel: 'medium',
    language: 'de',
    lastPost: null,
  }

  test.each([
    [{}, true],
    [{ language: 'de' }, true],
    [{ language: 'en' }, false],
    [{ minSubscribers: 1000, maxSubscribers: 1000 }, true],
    [{ minSubscribers: 1001 }, false],
    [{ maxSubscribers: 999 }, false],
    [{ minSubscribers: 0 }, true],
    [{ activityLevel: 'medium' as const }, true],
    [{ activityLevel: 'high' as const }, false],
    [{ language: 'de', minSubscribers: 500, activityLevel: 'low' as const }, false],
  ])('§4: %j passes: %p', (filters, passes) => {
    expect(passesFilters(channel, filters)).toBe(passes)
  })

  test('§7: a language filter drops channels without a language', () => {
    expect(passesFilters({ ...channel, language: null }, { language: 'de' })).toBe(false)
    expect(passesFilters({ ...channel, language: null }, {})).toBe(true)
  })

  test('§7: the limit is clamped to 5..200', () => {
    expect([-1, 4, 5, 100, 200, 1000].map(clampLimit)).toEqual([5, 5, 5, 100, 200, 200])
  })
})
