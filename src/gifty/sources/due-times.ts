import { HOUR_MS } from '../../platform/clock.ts'
import { type CalendarTimes, calendarTimes } from '../../tasks/index.ts'
import type { SourceRow } from './row.ts'

/** The due time of a source whose schedule has ended: never reached, and shown as null (operations §11). */
const RESTING = new Date('9999-12-31T00:00:00.000Z')
export const isResting = (at: Date): boolean => at.getTime() >= RESTING.getTime()

type Scheduled = Pick<SourceRow, 'id' | 'schedule' | 'refreshIntervalHours'>

/** The calendar of a source; undefined for one with an interval. */
export const calendarOf = ({ id, schedule }: Pick<Scheduled, 'id' | 'schedule'>): CalendarTimes | undefined =>
  schedule ? calendarTimes(schedule, id) : undefined

const orRest = (at: number | undefined): Date => (at === undefined ? RESTING : new Date(at))

/** The next regular time: the schedule's, or the interval's. */
export const nextRegular = (source: Scheduled, now: Date): Date => {
  const calendar = calendarOf(source)
  return calendar ? orRest(calendar.next(now.getTime())) : new Date(now.getTime() + source.refreshIntervalHours * HOUR_MS)
}

/** A time that comes not from the schedule, such as a retry: never before `at`, in a blackout, or after the schedule's end. */
export const ownTime = (source: Scheduled, at: Date): Date => {
  const calendar = calendarOf(source)
  return calendar ? orRest(calendar.allowed(at.getTime())) : at
}

/** The time that an operator asks for: one that has passed is now. */
export const askedTime = (source: Scheduled, given: Date, now: Date): Date => {
  const at = given > now ? given : now
  const allowed = ownTime(source, at)
  return allowed.getTime() === at.getTime() ? given : allowed
}

/** The next time of a source whose interval or schedule has changed; a retry that is due earlier stays (gifty §2.2). */
export const derivedTime = (before: SourceRow, after: SourceRow, now: Date): Date => {
  const regular = nextRegular(after, after.schedule ? now : (after.lastSyncedAt ?? now))
  // One that has never been synced waits for its first run, not for a full interval.
  const isPending = before.status === 'error' || (after.lastSyncedAt === null && !after.schedule && !before.schedule)
  return isPending && before.nextSyncAt < regular ? ownTime(after, before.nextSyncAt) : regular
}
