import { conflict, invalidField } from '../../errors.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { isUniqueViolation } from '../../platform/db/problems.ts'
import { CronError, nextCronTime } from '../../tasks/index.ts'
import type { SourcesContext } from './context.ts'
import type { ClientConfig, Schedule, SourceCreate, SourcePatch, SourceView } from './model.ts'
import { type SourceChange, type SourceRow, urlHash } from './row.ts'
import { clientConfig, toSource } from './view.ts'

/** Checks a schedule and fills its zone; a text that names no time to come is refused. */
const checkedSchedule = (schedule: { cron: string; timezone?: string | null }, now: number): Schedule => {
  const timezone = schedule.timezone ?? 'UTC'
  try {
    nextCronTime(schedule.cron, timezone, now)
  } catch (error) {
    if (!(error instanceof CronError)) throw error
    throw invalidField(['body', 'schedule'], error.message, schedule)
  }
  return { cron: schedule.cron.trim().split(/\s+/).join(' '), timezone }
}

/** Creating, changing and switching sources (gifty §2.2). */
export const createKeeping = ({ db, clock, repository, nowDate, locked }: SourcesContext) => {
  /** What switching a source on or off changes. An open run goes on either way. */
  function* toggleChange(tx: Tx, source: SourceRow, isActive: boolean): Steps<SourceChange> {
    const open = yield* repository.openRunInside(tx, source.id)
    const status = isActive ? 'waiting' : 'disabled'
    const change: SourceChange = { isActive, status: isActive && open ? open.status : status, resumeStatus: open ? status : null }
    return isActive ? { ...change, lastError: null, fixRequired: false, retryCount: 0 } : change
  }

  /** The part of a change that POST and PATCH share. */
  function* changes(
    tx: Tx,
    source: SourceRow,
    input: Pick<SourcePatch, 'strategy' | 'priority' | 'refresh_interval_hours' | 'is_active' | 'overlap'> & {
      config?: ClientConfig
      schedule?: Schedule | null
    },
  ): Steps<SourceChange> {
    const change: SourceChange = {}
    if (input.strategy) change.strategy = input.strategy
    if (input.priority) change.priority = input.priority
    if (input.refresh_interval_hours) change.refreshIntervalHours = input.refresh_interval_hours
    if (input.overlap) change.overlap = input.overlap
    if (input.config) change.config = input.config
    if (input.schedule === null) change.schedule = null
    else if (input.schedule) {
      change.schedule = input.schedule
      change.nextSyncAt = new Date(nextCronTime(input.schedule.cron, input.schedule.timezone, clock.now()))
    }
    if (typeof input.is_active === 'boolean' && input.is_active !== source.isActive)
      Object.assign(change, yield* toggleChange(tx, source, input.is_active))
    return change
  }

  return {
    /** Creates a source, or updates the one with exactly this url; absent and null fields then keep their value. */
    async upsert(input: SourceCreate): Promise<SourceView> {
      const now = nowDate()
      const schedule = input.schedule ? checkedSchedule(input.schedule, now.getTime()) : undefined
      const config = input.config ? clientConfig(input.config) : undefined
      const attempt = () =>
        db.tx(function* (tx) {
          const known = yield* repository.lockByUrl(tx, input.url)
          if (!known) {
            return yield* repository.insert(tx, {
              url: input.url,
              urlHash: urlHash(input.url),
              type: input.type,
              siteKey: input.site_key,
              strategy: input.strategy ?? 'deep',
              priority: input.priority ?? 50,
              refreshIntervalHours: input.refresh_interval_hours ?? 24,
              isActive: input.is_active ?? true,
              overlap: input.overlap ?? 'skip',
              schedule: schedule ?? null,
              config: config ?? {},
              status: 'waiting',
              nextSyncAt: schedule ? new Date(nextCronTime(schedule.cron, schedule.timezone, now.getTime())) : now,
              createdAt: now,
              updatedAt: now,
            })
          }
          const change: SourceChange = { type: input.type, siteKey: input.site_key, updatedAt: now }
          if (known.siteKey !== input.site_key) yield* repository.moveRunsToSite(tx, known.id, input.site_key)
          return yield* repository.update(tx, known.id, {
            ...change,
            ...(yield* changes(tx, known, { ...input, config, schedule })),
          })
        })
      try {
        return toSource(await attempt())
      } catch (error) {
        // Another request stored this url in between: now it is an update.
        if (!isUniqueViolation(error)) throw error
        return toSource(await attempt())
      }
    },

    async patch(id: number, input: SourcePatch): Promise<SourceView> {
      const now = nowDate()
      const schedule = input.schedule ? checkedSchedule(input.schedule, now.getTime()) : input.schedule
      try {
        return toSource(
          await db.tx(function* (tx) {
            const source = yield* locked(tx, id)
            const change: SourceChange = {
              updatedAt: now,
              ...(yield* changes(tx, source, {
                ...input,
                config: input.config ? clientConfig(input.config) : undefined,
                schedule,
              })),
            }
            if (input.type) change.type = input.type
            if (input.url) Object.assign(change, { url: input.url, urlHash: urlHash(input.url) })
            return yield* repository.update(tx, id, change)
          }),
        )
      } catch (error) {
        if (isUniqueViolation(error)) throw conflict('Another source has this url')
        throw error
      }
    },

    toggle: (id: number, isActive: boolean) =>
      db.tx(function* (tx) {
        const source = yield* locked(tx, id)
        yield* repository.update(tx, id, { ...(yield* toggleChange(tx, source, isActive)), updatedAt: nowDate() })
        return { status: 'ok' as const, is_active: isActive }
      }),
  }
}
