import { z } from 'zod'
import { type Calendar, CronError, calendarTimes, sameCalendar } from '../../../tasks/index.ts'
import { invalidField } from '../../envelope.ts'
import { instant, integer, isoTime, text, time } from '../../fields.ts'

/** As it is stored and answered: keys that say nothing are left out. */
export type Schedule = Calendar

const clockTime = () =>
  z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Input should be a time as HH:MM')
    .meta({ examples: ['22:00'] })
const blackout = z
  .array(
    z.object({
      days: z.array(integer(0, 6)).min(1).max(7).describe('days on which it begins; 0 is Sunday'),
      from: clockTime(),
      to: clockTime().describe('it ends before this; on the next day unless this is later than `from`'),
    }),
  )
  .max(50)
  .describe('parts of the week, in the zone, without due times')
const cron = () => text(1, 200).describe('five cron fields')
const timezone = () => text(1, 100).nullish().describe('IANA zone; UTC when absent')
export const calendarFields = {
  cron: cron(),
  timezone: timezone(),
  jitter_seconds: integer(0, 3600).nullish().describe('each time comes up to so many seconds later'),
  blackout: blackout.nullish(),
  ends_at: instant().nullish().describe('no due time after it'),
}

export const scheduleInput = z.object(calendarFields).meta({ examples: [{ cron: '0 6 * * *', timezone: 'Europe/Moscow' }] })
export type ScheduleInput = z.output<typeof scheduleInput>

export const scheduleView = z.object({
  cron: z.string(),
  timezone: z.string(),
  jitter_seconds: z.int().optional(),
  blackout: z.array(z.object({ days: z.array(z.int()), from: z.string(), to: z.string() })).optional(),
  ends_at: time().optional(),
})

/** What a client sent, as it is stored. */
export const toSchedule = ({ cron, timezone, jitter_seconds: jitter, blackout, ends_at: end }: ScheduleInput): Schedule => ({
  cron: cron.trim().split(/\s+/).join(' '),
  timezone: timezone ?? 'UTC',
  ...(jitter ? { jitter_seconds: jitter } : {}),
  ...(blackout?.length ? { blackout: blackout.map(({ days, from, to }) => ({ days, from, to })) } : {}),
  ...(end ? { ends_at: isoTime(end) } : {}),
})

/** Checks a schedule and fills its zone. @throws AppError 422 for one without a future time outside its blackout, whenever it ends */
export const checkedSchedule = (input: ScheduleInput, now: number): Schedule => {
  const schedule = toSchedule(input)
  const { ends_at: _, ...endless } = schedule
  try {
    calendarTimes(endless, 0).next(now)
  } catch (error) {
    if (!(error instanceof CronError)) throw error
    throw invalidField(['body', 'schedule'], error.message, input)
  }
  return schedule
}

/** Whether two schedules name the same times from `now` on: clients send back what they have read, in their own spelling. */
export const sameSchedule = (a: Schedule | null, b: Schedule | null, now: Date): boolean =>
  a === null || b === null ? a === b : sameCalendar(a, b, now.getTime())
