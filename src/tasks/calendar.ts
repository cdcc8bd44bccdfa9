import { DAY_MS, MINUTE_MS } from '../platform/clock.ts'
import { CronError, cronTimes, firstInstant, isSameZone, normalCron, wallClockOf } from './cron.ts'

/** A part of the week without due times: `days` are those on which it begins, 0 is Sunday. It ends before `to`, on the next day unless `to` is later. */
export interface Blackout {
  days: number[]
  from: string
  to: string
}
/** A cron text with what moves and ends its times (operations §11). Stored as it is on the wire. */
export interface Calendar {
  cron: string
  timezone: string
  jitter_seconds?: number
  blackout?: Blackout[]
  /** RFC 3339: no due time after it. */
  ends_at?: string
}

/** Times within blackouts that are passed over in search of one outside: a week has at most 350 windows. */
const MOVES_MAX = 2000
/** Longer than this no part of the week is without a blackout. */
const WEEK_MS = 8 * DAY_MS

const minutesOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))
const windowOf = ({ days, from, to }: Blackout) => {
  const start = minutesOf(from)
  const end = minutesOf(to)
  return { days: new Set(days), start, length: end > start ? end - start : end - start + 24 * 60 }
}

/** The blackout of a zone, over instants. */
const blackoutOf = (windows: readonly Blackout[], timezone: string) => {
  const wallClock = wallClockOf(timezone)
  const parts = windows.map(windowOf)
  /** The latest local end of the windows that hold a local time; undefined outside of them. */
  const localEnd = (local: number): number | undefined => {
    const midnight = local - (local % DAY_MS)
    const weekday = new Date(midnight).getUTCDay()
    let end: number | undefined
    for (const { days, start, length } of parts)
      for (const back of [0, 1]) {
        if (!days.has((weekday + 7 - back) % 7)) continue
        const begins = midnight - back * DAY_MS + start * MINUTE_MS
        const ends = begins + length * MINUTE_MS
        if (begins <= local && local < ends && ends > (end ?? 0)) end = ends
      }
    return end
  }
  const holds = (instant: number) => parts.length > 0 && localEnd(wallClock(instant)) !== undefined
  /** The first instant from `instant` on that is outside. @throws CronError if the whole week is blacked out */
  const endAfter = (instant: number): number => {
    for (let at = instant; ; ) {
      const local = wallClock(at)
      const end = localEnd(local)
      if (end === undefined) return at
      if (at - instant > WEEK_MS) throw new CronError('no time is outside the blackout')
      const first = firstInstant(wallClock, end)
      // What the clock shows a second time has its first instant behind it.
      at = first > at ? first : at + end - local
    }
  }
  return { isAny: parts.length > 0, holds, endAfter }
}

/** A whole number from 0 up to `most`, the same for one seed and time in every process. */
const chosen = (seed: number, time: number, most: number): number => {
  const digest = new Bun.CryptoHasher('sha256').update(`${seed}:${time}`).digest()
  return digest.readUInt32BE(0) % (most + 1)
}

/**
 * The times of a calendar (operations §11). `seed` is the id of the source: jitter delays each cron time by a number of seconds made of both, which
 * ends before the next cron time, a blackout, and `ends_at`. So times are strictly increasing, and none lies in a blackout.
 * @throws CronError for what `nextCronTime` refuses, and a pattern that never leaves the blackout
 */
export const calendarTimes = (calendar: Calendar, seed: number) => {
  const nextCron = cronTimes(calendar.cron, calendar.timezone)
  const blackout = blackoutOf(calendar.blackout ?? [], calendar.timezone)
  const jitter = calendar.jitter_seconds ?? 0
  const endsAt = calendar.ends_at === undefined ? Number.POSITIVE_INFINITY : Date.parse(calendar.ends_at)

  /** The first cron time after `from` outside the blackout. */
  const nextOpen = (from: number): number => {
    let at = nextCron(from)
    for (let moves = 0; blackout.holds(at); moves++) {
      if (moves === MOVES_MAX) throw new CronError('no time is outside the blackout')
      at = nextCron(blackout.endAfter(at) - 1)
    }
    return at
  }
  /** A cron time outside the blackout with its delay; `following` is the next one. */
  const delayed = (at: number, following: number): number => {
    const room = Math.min(jitter, (following - at) / 1000 - 1, Math.floor((endsAt - at) / 1000))
    if (room <= 0) return at
    const delay = chosen(seed, at, Math.floor(room))
    // Cron times and blackouts begin on whole minutes; one that begins on the way may end again before the delay does.
    for (let after = 60; blackout.isAny && after <= delay; after += 60)
      if (blackout.holds(at + after * 1000)) return at + chosen(seed, at, after - 1) * 1000
    return at + delay * 1000
  }
  /** The first cron time whose due time is after `from`. */
  const firstOpen = (from: number): number => {
    const back = jitter * 1000
    const earliest = nextOpen(from - back - (back === 0 ? 0 : 1))
    if (earliest > from) return earliest
    // Of those that have passed only the last one can still be due: it is near by where the pattern is dense.
    for (let near = Math.min(MINUTE_MS, back); ; near = Math.min(near * 4, back)) {
      let at = near === back ? earliest : nextOpen(from - near - 1)
      if (at > from) continue
      for (let following = nextOpen(at); ; following = nextOpen(at)) {
        if (following > from) return delayed(at, following) > from ? at : following
        at = following
      }
    }
  }
  function* times(from: number): Generator<number> {
    if (from >= endsAt) return
    for (let at = firstOpen(from); at <= endsAt; ) {
      if (jitter === 0) yield at
      const following = nextOpen(at)
      if (jitter > 0) yield delayed(at, following)
      at = following
    }
  }

  return {
    /** The due times after `from`, one after the other, until `ends_at`. */
    times,
    /** The first due time after `from`; undefined when there is none up to `ends_at`. */
    next(from: number): number | undefined {
      if (from >= endsAt) return undefined
      const at = firstOpen(from)
      if (at > endsAt) return undefined
      return jitter === 0 ? at : delayed(at, nextOpen(at))
    },
    /** The first instant from `at` on that is allowed for a time of its own, such as a retry; undefined when that is after `ends_at`. */
    allowed(at: number): number | undefined {
      const moved = blackout.endAfter(at)
      return moved > endsAt ? undefined : moved
    },
    /** Whether an instant lies in the blackout. */
    isBlackedOut: blackout.holds,
  }
}
export type CalendarTimes = ReturnType<typeof calendarTimes>

const windowsKey = (windows: readonly Blackout[] = []): string =>
  windows
    .map(({ days, from, to }) => `${[...new Set(days)].sort().join('')} ${from} ${to}`)
    .sort()
    .join()

/** Whether two calendars name the same times from `now` on, whatever their spelling. */
export const sameCalendar = (a: Calendar, b: Calendar, now: number): boolean =>
  normalCron(a.cron) === normalCron(b.cron) &&
  (a.jitter_seconds ?? 0) === (b.jitter_seconds ?? 0) &&
  windowsKey(a.blackout) === windowsKey(b.blackout) &&
  (a.ends_at === undefined ? undefined : Date.parse(a.ends_at)) ===
    (b.ends_at === undefined ? undefined : Date.parse(b.ends_at)) &&
  isSameZone(a.timezone, b.timezone, now)
