import { Cron } from 'croner'
import { LRUCache } from 'lru-cache'
import { DAY_MS } from '../platform/clock.ts'

/** How far ahead a time must exist: a pattern such as 30 February never comes. */
const HORIZON_MS = 8 * 366 * 86_400_000

/** A schedule's text is not usable. The message is fit for a client. */
export class CronError extends Error {
  override name = 'CronError'
}

/** What the clock on the wall of a zone shows at an instant, in milliseconds as if it were UTC. */
export type WallClock = (instant: number) => number
/** Making a zone's clock costs far more than reading it. */
const clocks = new LRUCache<string, WallClock>({ max: 200 })

/** The clock of a zone. @throws CronError for an unknown one */
export const wallClockOf = (timezone: string): WallClock => {
  const known = clocks.get(timezone)
  if (known) return known
  const made = makeWallClock(timezone)
  clocks.set(timezone, made)
  return made
}

const makeWallClock = (timezone: string): WallClock => {
  let format: Intl.DateTimeFormat
  try {
    // Intl also takes plain offsets (`+02:00`), which are no zones: they know no daylight saving.
    if (/^[+-]/.test(timezone)) throw new RangeError('an offset')
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    throw new CronError(`unknown time zone`)
  }
  return (instant) => {
    const at: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(instant)) at[type] = Number(value)
    return Date.UTC(at.year!, at.month! - 1, at.day!, at.hour!, at.minute!, at.second!) + (((instant % 1000) + 1000) % 1000)
  }
}

/** Whether two zones show the same time throughout the two years after `from`: many zones have several names, and Intl keeps each. */
export const isSameZone = (a: string, b: string, from: number): boolean => {
  if (a.toLowerCase() === b.toLowerCase()) return true
  const [one, other] = [wallClockOf(a), wallClockOf(b)]
  for (let day = 0; day <= 2 * 366; day += 7) if (one(from + day * DAY_MS) !== other(from + day * DAY_MS)) return false
  return true
}

/** The first instant at which the wall clock shows `local` or more: the end of the gap if `local` is skipped, the first of two if repeated. */
export const firstInstant = (wallClock: WallClock, local: number): number => {
  // A local time lies within 14 hours of its UTC namesake, so these are the offsets around any change nearby.
  const offsets = [local - DAY_MS, local + DAY_MS].map((instant) => wallClock(instant) - instant)
  let low = local - Math.max(...offsets)
  if (wallClock(low) >= local) return low
  let high = local - Math.min(...offsets)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (wallClock(middle) >= local) high = middle
    else low = middle
  }
  return high
}

const parse = (cron: string): Cron => {
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== 5) throw new CronError('a cron text has exactly five fields: minute hour day month weekday')
  try {
    // In UTC, as plain wall-clock times: croner drops skipped times and repeats doubled ones of patterns with `*` or `/`.
    return new Cron(fields.join(' '), { paused: true, timezone: 'UTC' })
  } catch {
    throw new CronError('not a cron text')
  }
}

/** When the wall clock next goes back within a day after `from`, as at the end of daylight saving; undefined if it does not. */
const nextRepetition = (wallClock: WallClock, from: number): number | undefined => {
  const offset = (instant: number) => wallClock(instant) - instant
  const before = offset(from)
  let high = from + DAY_MS
  if (offset(high) >= before) return undefined
  let low = from
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offset(middle) < before) high = middle
    else low = middle
  }
  return high
}

/**
 * The first time after `from` that the pattern names in the zone (gifty §2.5). A local time that daylight saving skips fires at the
 * next valid instant. What the wall clock shows twice: a pattern with `*` or `/` in its minute or hour field runs through it both times,
 * fixed times fire once, the first time.
 * @throws CronError for bad syntax, seconds, an unknown zone, or a time that never comes
 */
export const nextCronTime = (cron: string, timezone: string, from: number): number => cronTimes(cron, timezone)(from)

/** `nextCronTime` for many times of one schedule: its text is read once. @throws CronError, as does what it answers */
export const cronTimes = (cron: string, timezone: string): ((from: number) => number) => {
  const pattern = parse(cron)
  const wallClock = wallClockOf(timezone)
  const runsThrough = isRepeated(cron)
  return (from) => nextTime(pattern, wallClock, runsThrough, from)
}

/** Whether the pattern runs through what the clock shows twice, both times. */
export const isRepeated = (cron: string): boolean => /[*/]/.test(cron.trim().split(/\s+/).slice(0, 2).join(' '))

/** Whether the pattern names a local time from `from` up to `to`, both as the wall clock shows them. @throws CronError */
export const namesLocalTime = (cron: string, from: number, to: number): boolean => {
  const next = parse(cron).nextRun(new Date(from - 1000))
  return next !== null && next.getTime() < to
}

const nextTime = (pattern: Cron, wallClock: WallClock, runsThrough: boolean, from: number): number => {
  const start = wallClock(from)
  const nextLocal = (after: number): number => {
    const next = pattern.nextRun(new Date(after))
    if (!next || next.getTime() - start > HORIZON_MS) throw new CronError('this time never comes')
    return next.getTime()
  }
  if (runsThrough) {
    const local = nextLocal(start)
    const same = from + local - start
    // In the second pass through a repeated hour `firstInstant` would find the first one.
    const next = wallClock(same) === local ? same : firstInstant(wallClock, local)
    const again = nextRepetition(wallClock, from)
    if (again === undefined || again >= next) return next
    const shown = wallClock(again)
    const repeated = again + nextLocal(shown - 1000) - shown
    return Math.min(next, repeated)
  }
  for (let local = start; ; ) {
    local = nextLocal(local)
    const instant = firstInstant(wallClock, local)
    // Within a repeated hour the wall clock names times that have already been.
    if (instant > from) return instant
  }
}

const NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** A cron text in one form: single blanks, numbers without leading zeros instead of names, Sunday as 0. */
export const normalCron = (cron: string): string => {
  const fields = cron.trim().toLowerCase().split(/\s+/)
  return fields
    .map((field, n) =>
      field
        .replace(/[a-z]{3}/g, (name) => {
          if (n === 3 && NAMES.includes(name)) return String(NAMES.indexOf(name) + 1)
          return n === 4 && DAYS.includes(name) ? String(DAYS.indexOf(name)) : name
        })
        .replace(/\d+/g, (digits) => String(Number(digits)))
        .replace(/^7$/, n === 4 ? '0' : '7')
        .replace(/^\*\/1$/, '*'),
    )
    .join(' ')
}
