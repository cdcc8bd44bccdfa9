import { createBreath } from '../platform/breathe.ts'
import { DAY_MS } from '../platform/clock.ts'
import { type Calendar, calendarTimes } from './calendar.ts'
import { cronTimes, isRepeated, namesLocalTime, type WallClock, wallClockOf } from './cron.ts'

/** What somebody should know of a schedule before it is stored (operations §11). */
export const PREVIEW_WARNINGS = ['dst_gap', 'dst_repetition', 'blackout', 'ends_early', 'jitter'] as const
export interface PreviewWarning {
  code: (typeof PREVIEW_WARNINGS)[number]
  message: string
  /** When it happens first. */
  at?: number
}

/** Days that are searched for changes of the clock: times of a rare pattern lie decades apart. */
const SEARCHED_DAYS = 800
/** Times within blackouts that are counted. */
const COUNTED_MAX = 1000
/** Warnings about changes of the clock. */
const CHANGES_MAX = 10

/** When the clock of a zone is set, from `from` up to `to`, and by how much. */
const clockChanges = (wallClock: WallClock, from: number, to: number): { at: number; before: number; after: number }[] => {
  const offset = (instant: number) => wallClock(instant) - instant
  const found: { at: number; before: number; after: number }[] = []
  const end = Math.min(to, from + SEARCHED_DAYS * DAY_MS)
  for (let day = from; day < end && found.length < CHANGES_MAX; day += DAY_MS) {
    const before = offset(day)
    let high = Math.min(day + DAY_MS, end)
    const after = offset(high)
    if (after === before) continue
    for (let low = day; high - low > 1; ) {
      const middle = Math.floor((low + high) / 2)
      if (offset(middle) === before) low = middle
      else high = middle
    }
    found.push({ at: high, before, after })
  }
  return found
}

const clockWarnings = (cron: string, wallClock: WallClock, from: number, to: number): PreviewWarning[] =>
  clockChanges(wallClock, from, to).flatMap(({ at, before, after }): PreviewWarning[] => {
    const [low, high] = [at + Math.min(before, after), at + Math.max(before, after)]
    if (!namesLocalTime(cron, low, high)) return []
    if (after > before)
      return [
        { code: 'dst_gap', at, message: 'The clock passes over a local time of the pattern; it comes when the clock goes on' },
      ]
    const how = isRepeated(cron) ? 'the pattern runs through it both times' : 'it comes once, the first time'
    return [{ code: 'dst_repetition', at, message: `The clock shows a local time of the pattern twice; ${how}` }]
  })

/** Cron times within the blackout, from `from` up to `to`. */
const swallowed = async (calendar: Calendar, isBlackedOut: (instant: number) => boolean, from: number, to: number) => {
  const breathe = createBreath()
  const next = cronTimes(calendar.cron, calendar.timezone)
  const found = { count: 0, looked: 0, first: undefined as number | undefined }
  for (let at = next(from); at <= to && found.looked < COUNTED_MAX; at = next(at), found.looked++) {
    await breathe()
    if (!isBlackedOut(at)) continue
    found.count++
    found.first ??= at
  }
  return found
}

/**
 * The first `count` times of a calendar after `from`, without jitter, because that is another for each source, and what is remarkable about them.
 * @throws CronError
 */
export const preview = async (
  calendar: Calendar,
  from: number,
  count: number,
): Promise<{ times: number[]; warnings: PreviewWarning[] }> => {
  const { jitter_seconds: jitter = 0, ...plain } = calendar
  const breathe = createBreath()
  const dates = calendarTimes(plain, 0)
  // That there is a time at all is asked of the calendar without its end.
  calendarTimes({ ...plain, ends_at: undefined }, 0).next(from)
  const times: number[] = []
  for (const at of dates.times(from)) {
    times.push(at)
    if (times.length === count) break
    await breathe()
  }
  const endsEarly = times.length < count
  const last = times.at(-1) ?? from
  const to = endsEarly && calendar.ends_at ? Math.max(last, Date.parse(calendar.ends_at)) : last
  const warnings = clockWarnings(calendar.cron, wallClockOf(calendar.timezone), from, last)
  if (calendar.blackout?.length) {
    const { count: moved, looked, first } = await swallowed(calendar, dates.isBlackedOut, from, to)
    if (first !== undefined) {
      const number = looked < COUNTED_MAX ? `${moved}` : `at least ${moved}`
      warnings.push({ code: 'blackout', at: first, message: `Times that move to the next one outside the blackout: ${number}` })
    }
  }
  if (endsEarly)
    warnings.push({ code: 'ends_early', at: last, message: `The schedule ends after ${times.length} of ${count} times` })
  if (jitter > 0)
    warnings.push({ code: 'jitter', message: `Each time of a source comes up to ${jitter} s later, by its id and that time` })
  return { times, warnings }
}
