import { Cron } from 'croner'

/** How far ahead a time must exist: a pattern such as 30 February never comes. */
const HORIZON_MS = 8 * 366 * 86_400_000

/** A schedule's text is not usable. The message is fit for a client. */
export class CronError extends Error {
  override name = 'CronError'
}

const parse = (cron: string, timezone: string): Cron => {
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== 5) throw new CronError('a cron text has exactly five fields: minute hour day month weekday')
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch {
    throw new CronError(`unknown time zone`)
  }
  try {
    return new Cron(fields.join(' '), { paused: true, timezone })
  } catch {
    throw new CronError('not a cron text')
  }
}

/**
 * The first time after `from` that the pattern names in the zone (gifty §2.5). A local time that daylight saving skips fires at the
 * next valid instant, a repeated one once.
 * @throws CronError for bad syntax, seconds, an unknown zone, or a time that never comes
 */
export const nextCronTime = (cron: string, timezone: string, from: number): number => {
  const next = parse(cron, timezone).nextRun(new Date(from))
  if (!next || next.getTime() - from > HORIZON_MS) throw new CronError('this time never comes')
  return next.getTime()
}
