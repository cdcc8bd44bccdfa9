import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { CronError, nextCronTime } from '../../src/tasks/index.ts'

const times = (cron: string, timezone: string, from: string, count: number): string[] => {
  const found: string[] = []
  for (let at = Date.parse(from); found.length < count; ) {
    at = nextCronTime(cron, timezone, at)
    found.push(new Date(at).toISOString().replace(':00.000Z', 'Z'))
  }
  return found
}

describe('cron', () => {
  test('gifty §2.5: the next time is after the given one, never the same', () => {
    expect(times('30 6 * * *', 'UTC', '2026-01-15T06:29:59.999Z', 2)).toEqual(['2026-01-15T06:30Z', '2026-01-16T06:30Z'])
    expect(times('* * * * *', 'UTC', '2026-01-15T06:30:00.000Z', 2)).toEqual(['2026-01-15T06:31Z', '2026-01-15T06:32Z'])
    expect(times('* * * * *', 'UTC', '2026-01-15T06:30:00.001Z', 1)).toEqual(['2026-01-15T06:31Z'])
  })

  test('gifty §2.5: five fields: lists, ranges, steps, names, Sunday as 0 and 7', () => {
    expect(times('0,30 9-10 * * *', 'UTC', '2026-01-15T00:00:00Z', 5)).toEqual([
      '2026-01-15T09:00Z',
      '2026-01-15T09:30Z',
      '2026-01-15T10:00Z',
      '2026-01-15T10:30Z',
      '2026-01-16T09:00Z',
    ])
    expect(times('*/20 0 1 jan,JUL *', 'UTC', '2026-01-15T00:00:00Z', 2)).toEqual(['2026-07-01T00:00Z', '2026-07-01T00:20Z'])
    for (const sunday of ['0', '7', 'SUN'])
      expect(times(`0 0 * * ${sunday}`, 'UTC', '2026-01-15T00:00:00Z', 1)).toEqual(['2026-01-18T00:00Z'])
    expect(times('  5   4 *  * * ', 'UTC', '2026-01-15T00:00:00Z', 1)).toEqual(['2026-01-15T04:05Z'])
  })

  test('gifty §2.5: day and weekday together mean either, as in cron', () => {
    expect(times('0 0 13 * 5', 'UTC', '2026-03-01T00:00:00Z', 3)).toEqual([
      '2026-03-06T00:00Z',
      '2026-03-13T00:00Z',
      '2026-03-20T00:00Z',
    ])
  })

  test('gifty §2.5: bad syntax and seconds are refused', () => {
    for (const cron of [
      '',
      '* * * *',
      '0 * * * * *',
      '0 0 12 1 1 * 2027',
      '@daily',
      '60 * * * *',
      '* 24 * * *',
      '* * 32 * *',
      '* * 0 * *',
      '* * * 13 *',
      '* * * * 8',
      'a b c d e',
      '*/0 * * * *',
      '5-1 * * * *',
      '-1 * * * *',
      '1,,2 * * * *',
    ])
      expect(() => nextCronTime(cron, 'UTC', 0), cron).toThrow(CronError)
  })

  test('gifty §2.5: an unknown zone is refused, a plain offset is none', () => {
    for (const zone of ['', 'Mars/Olympus', 'GMT+2', '+02:00', '-0500', 'Europe/Berlin ', 'constructor'])
      expect(() => nextCronTime('0 0 * * *', zone, 0), zone).toThrow(new CronError('unknown time zone'))
    for (const zone of ['UTC', 'Europe/Moscow', 'America/New_York', 'Asia/Kathmandu'])
      expect(nextCronTime('0 0 * * *', zone, 0)).toBeGreaterThan(0)
  })

  test('gifty §2.5: a time that never comes is refused, a rare one is found', () => {
    for (const cron of ['0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 31 2 *'])
      expect(() => nextCronTime(cron, 'UTC', Date.parse('2026-01-15T00:00:00Z'))).toThrow(new CronError('this time never comes'))
    expect(times('0 0 29 2 *', 'UTC', '2026-03-01T00:00:00Z', 2)).toEqual(['2028-02-29T00:00Z', '2032-02-29T00:00Z'])
    // 2100 is no leap year: eight years without this day.
    expect(times('0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z', 1)).toEqual(['2104-02-29T00:00Z'])
  })

  test('gifty §2.5: a time is the zone’s, in winter and summer', () => {
    expect(times('0 9 15 1,7 *', 'Europe/Berlin', '2026-01-01T00:00:00Z', 2)).toEqual(['2026-01-15T08:00Z', '2026-07-15T07:00Z'])
    expect(times('0 0 * * *', 'Asia/Kathmandu', '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-01T18:15Z'])
  })

  describe('gifty §2.5: a local time that is skipped fires at the next valid instant', () => {
    const spring = '2026-03-28T12:00:00Z' // Berlin: 29 March 2026, 02:00 becomes 03:00 at 01:00Z
    test('a fixed time', () => {
      for (const cron of ['0 2 * * *', '30 2 * * *', '59 2 * * *'])
        expect(times(cron, 'Europe/Berlin', spring, 2)[0]).toBe('2026-03-29T01:00Z')
      expect(times('30 2 * * *', 'Europe/Berlin', spring, 3)).toEqual([
        '2026-03-29T01:00Z',
        '2026-03-30T00:30Z',
        '2026-03-31T00:30Z',
      ])
      expect(times('15 2 * * *', 'America/New_York', '2026-03-07T12:00:00Z', 2)).toEqual([
        '2026-03-08T07:00Z',
        '2026-03-09T06:15Z',
      ])
    })
    test('a date that has only this time', () => {
      expect(times('30 2 29 3 *', 'Europe/Berlin', spring, 2)).toEqual(['2026-03-29T01:00Z', '2027-03-29T00:30Z'])
    })
    test('several skipped times are one', () => {
      expect(times('*/10 2 * * *', 'Europe/Berlin', spring, 2)).toEqual(['2026-03-29T01:00Z', '2026-03-30T00:00Z'])
    })
    test('it is no second firing where the next valid instant is named anyway', () => {
      expect(times('30 * * * *', 'Europe/Berlin', '2026-03-29T00:00:00Z', 4)).toEqual([
        '2026-03-29T00:30Z',
        '2026-03-29T01:00Z',
        '2026-03-29T01:30Z',
        '2026-03-29T02:30Z',
      ])
      expect(times('0 * * * *', 'Europe/Berlin', '2026-03-28T23:30:00Z', 3)).toEqual([
        '2026-03-29T00:00Z',
        '2026-03-29T01:00Z',
        '2026-03-29T02:00Z',
      ])
    })
    test('a gap at midnight, and one of half an hour', () => {
      expect(times('30 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00:00Z', 2)).toEqual([
        '2018-11-04T03:00Z',
        '2018-11-05T02:30Z',
      ])
      expect(times('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 2)).toEqual([
        '2026-10-03T15:30Z',
        '2026-10-04T15:15Z',
      ])
    })
  })

  describe('gifty §2.5: a repeated local time', () => {
    const autumn = '2026-10-24T12:00:00Z' // Berlin: 25 October 2026, 03:00 becomes 02:00 at 01:00Z
    test('a fixed time fires once, the first time', () => {
      expect(times('30 2 * * *', 'Europe/Berlin', autumn, 3)).toEqual([
        '2026-10-25T00:30Z',
        '2026-10-26T01:30Z',
        '2026-10-27T01:30Z',
      ])
      expect(times('30 1 * * *', 'America/New_York', '2026-10-31T12:00:00Z', 2)).toEqual([
        '2026-11-01T05:30Z',
        '2026-11-02T06:30Z',
      ])
    })
    test('asked for in the middle of the repeated hour', () => {
      expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:45:00Z', 1)).toEqual(['2026-10-26T01:30Z'])
      expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-25T01:15:00Z', 1)).toEqual(['2026-10-26T01:30Z'])
    })
    test('B1: a pattern with steps runs through it both times', () => {
      expect(times('*/30 1-3 * * *', 'Europe/Berlin', autumn, 8)).toEqual([
        '2026-10-24T23:00Z',
        '2026-10-24T23:30Z',
        '2026-10-25T00:00Z',
        '2026-10-25T00:30Z',
        '2026-10-25T01:00Z',
        '2026-10-25T01:30Z',
        '2026-10-25T02:00Z',
        '2026-10-25T02:30Z',
      ])
    })
    test('B1: every minute and every hour do not stand still', () => {
      expect(times('* * * * *', 'Europe/London', '2025-10-26T00:59:30Z', 2)).toEqual(['2025-10-26T01:00Z', '2025-10-26T01:01Z'])
      expect(times('* * * * *', 'Europe/London', '2025-10-26T01:59:30Z', 2)).toEqual(['2025-10-26T02:00Z', '2025-10-26T02:01Z'])
      expect(times('0 * * * *', 'America/New_York', '2025-11-02T05:30:00Z', 2)).toEqual([
        '2025-11-02T06:00Z',
        '2025-11-02T07:00Z',
      ])
      expect(times('0 */2 * * *', 'America/New_York', '2025-11-02T03:30:00Z', 3)).toEqual([
        '2025-11-02T04:00Z',
        '2025-11-02T07:00Z',
        '2025-11-02T09:00Z',
      ])
    })
    test('B1: a shift of half an hour, and lists, which are fixed times', () => {
      // Lord Howe: at 15:00Z the clock goes from 02:00 back to 01:30.
      expect(times('*/15 * * * *', 'Australia/Lord_Howe', '2026-04-04T14:20:00Z', 6)).toEqual([
        '2026-04-04T14:30Z',
        '2026-04-04T14:45Z',
        '2026-04-04T15:00Z',
        '2026-04-04T15:15Z',
        '2026-04-04T15:30Z',
        '2026-04-04T15:45Z',
      ])
      expect(times('45 * * * *', 'Australia/Lord_Howe', '2026-04-04T14:20:00Z', 3)).toEqual([
        '2026-04-04T14:45Z',
        '2026-04-04T15:15Z',
        '2026-04-04T16:15Z',
      ])
      expect(times('0,30 2,3 * * *', 'Europe/Berlin', autumn, 4)).toEqual([
        '2026-10-25T00:00Z',
        '2026-10-25T00:30Z',
        '2026-10-25T02:00Z',
        '2026-10-25T02:30Z',
      ])
    })
    test('B1: on the days of a change, in each zone, the next of every ten minutes is ten minutes later', () => {
      const changes = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01']
      for (const zone of ['Europe/London', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo'])
        for (const day of changes.map((text) => Date.parse(text)))
          for (let at = day - 86_400_000; at < day + 86_400_000; at += 600_000)
            if (nextCronTime('*/10 * * * *', zone, at) !== at + 600_000)
              throw new Error(`${zone}: wrong after ${new Date(at).toISOString()}`)
    })
  })

  test('gifty §2.5: every local time that a pattern names fires exactly once over a year of changes', () => {
    const local = (timezone: string, at: number) => new Date(at).toLocaleString('sv-SE', { timeZone: timezone }).slice(0, 16)
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Tehran', 'UTC'),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        (timezone, hour, minute) => {
          const wall = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
          const end = Date.parse('2026-12-31T00:00:00Z')
          const days: string[] = []
          for (let at = Date.parse('2026-01-01T00:00:00Z'); ; ) {
            const next = nextCronTime(`${minute} ${hour} * * *`, timezone, at)
            expect(next).toBeGreaterThan(at)
            at = next
            if (at >= end) break
            const shown = local(timezone, at)
            days.push(shown.slice(0, 10))
            // Either the very time, or the end of the gap it fell into, within an hour after it.
            if (shown.slice(11) !== wall)
              expect(Date.parse(`${shown}Z`) - Date.parse(`${shown.slice(0, 10)}T${wall}Z`)).toBeWithin(1, 3_600_001)
          }
          expect(new Set(days).size).toBe(days.length)
          expect(days.length).toBeGreaterThanOrEqual(363)
        },
      ),
      { numRuns: 6, seed: 20260115 },
    )
  }, 300_000)
})
