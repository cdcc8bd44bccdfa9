import type { Schedule } from './model.ts'

const NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** A cron text in one form: single blanks, numbers without leading zeros instead of names, Sunday as 0. */
const normalCron = (cron: string): string => {
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
/** The name of a zone in its usual spelling: `utc` and `Etc/UTC` are one zone. */
const normalZone = (timezone: string): string =>
  new Intl.DateTimeFormat('en-US', { timeZone: timezone }).resolvedOptions().timeZone

/** Whether two schedules name the same times: clients send back what they have read, in their own spelling. */
export const sameSchedule = (a: Schedule | null, b: Schedule | null): boolean => {
  if (a === null || b === null) return a === b
  return normalCron(a.cron) === normalCron(b.cron) && normalZone(a.timezone) === normalZone(b.timezone)
}
