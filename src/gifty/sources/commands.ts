import { conflict, isUniqueViolation } from '../../errors.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import type { TaskChange } from '../../tasks/index.ts'
import { askedTime, derivedTime, nextRegular } from './due-times.ts'
import { type ClientConfig, clientConfig, type SourceCreate, type SourcePatch, type SourceView, toSource } from './model.ts'
import { type RunRow, type SourceChange, type SourceRow, urlHash } from './row.ts'
import { cancelRun, type OpenRunChange, type RunRowChange, SWITCHED_OFF, taskOf } from './runs.ts'
import { checkedSchedule, type Schedule, sameSchedule } from './schedule/fields.ts'
import type { SourcesDeps } from './service.ts'

type Wanted = Pick<
  SourcePatch,
  'strategy' | 'priority' | 'refresh_interval_hours' | 'is_active' | 'overlap' | 'type' | 'url' | 'next_sync_at'
> & {
  site_key?: string
  config?: ClientConfig
  schedule?: Schedule | null
}

/** Creates, changes and switches sources (gifty §2.2). A write of equal values changes only the time of the last write. */
export const createSourceCommands = ({ db, clock, engine, repository, store }: SourcesDeps) => {
  const { lockForReport } = store
  const nowDate = () => new Date(clock.now())
  /** Switches a source on or off. Off cancels its queued run; a running one continues. */
  function* switchTo(tx: Tx, source: SourceRow, open: RunRow | undefined, isActive: boolean, now: Date): Steps<SourceRow> {
    const change: RunRowChange = {
      source: { ...source, isActive, updatedAt: now },
      run: open && { ...open },
      notes: [],
      lines: [],
      isSourceChanged: true,
    }
    const after = change.source
    if (isActive) {
      const status = open ? open.status : 'waiting'
      Object.assign(after, {
        status,
        resumeStatus: open ? 'waiting' : null,
        switchedOffAt: null,
        fixRequired: false,
        retryCount: 0,
      })
      Object.assign(after, { lastError: null })
      change.hasNewError = true
    } else {
      Object.assign(after, { status: 'disabled', resumeStatus: open ? 'disabled' : null, queuedAfter: null, switchedOffAt: now })
      if (open?.status === 'queued') {
        cancelRun(change as OpenRunChange, SWITCHED_OFF, now)
        if (open.taskId) yield* engine.finishExternally(tx, [{ id: open.taskId, state: 'cancelled', error: SWITCHED_OFF }], now)
      }
    }
    yield* store.save(tx, [change], now)
    return after
  }

  /** Stores the values that differ from the source; its queued run is updated as well. */
  function* applyWanted(tx: Tx, source: SourceRow, open: RunRow | undefined, wanted: Wanted, now: Date): Steps<SourceRow> {
    const change: SourceChange = {}
    const set = <K extends keyof SourceChange & keyof SourceRow>(name: K, value: SourceChange[K] | null | undefined) => {
      if (value !== undefined && value !== null && !Bun.deepEquals(source[name], value)) change[name] = value
    }
    set('strategy', wanted.strategy)
    set('priority', wanted.priority)
    set('overlap', wanted.overlap)
    set('config', wanted.config)
    set('type', wanted.type)
    set('siteKey', wanted.site_key)
    set('refreshIntervalHours', wanted.refresh_interval_hours)
    if (wanted.url && wanted.url !== source.url) Object.assign(change, { url: wanted.url, urlHash: urlHash(wanted.url) })
    // Another spelling of the same times is stored, and moves none.
    if (wanted.schedule !== undefined && !Bun.deepEquals(source.schedule, wanted.schedule)) change.schedule = wanted.schedule
    const isRescheduled = change.schedule !== undefined && !sameSchedule(source.schedule, change.schedule, now)
    const isRetimed = isRescheduled || (change.refreshIntervalHours !== undefined && !source.schedule)
    const changed = { ...source, ...change } as SourceRow
    const given = wanted.next_sync_at
    // Clients send back the time that they have read: only another one is a wish.
    if (given && given.getTime() !== source.nextSyncAt.getTime()) change.nextSyncAt = askedTime(changed, given, now)
    else if (isRetimed) change.nextSyncAt = derivedTime(source, changed, now)
    if (change.siteKey) yield* repository.moveRunsToSite(tx, source.id, change.siteKey)
    const isChanged = Object.keys(change).length > 0
    let after = yield* repository.update(tx, source.id, { ...change, updatedAt: now })
    if (typeof wanted.is_active === 'boolean' && wanted.is_active !== source.isActive)
      after = yield* switchTo(tx, after, open, wanted.is_active, now)
    // A run that the switch has cancelled is not queued any more, and stays as it is.
    if (isChanged && open?.status === 'queued' && open.taskId) {
      const strategy = open.strategy === source.strategy ? after.strategy : open.strategy
      const task: TaskChange = taskOf(after, { id: open.id, strategy })
      const done = (yield* engine.changeQueued(tx, new Map([[open.taskId, task]]), now)).get(open.taskId)
      // What the broker has been sent stays as it was sent.
      if (done === 'changed' && strategy !== open.strategy) yield* repository.updateRun(tx, open.id, { strategy, updatedAt: now })
    }
    return after
  }

  return {
    /** Creates a source, or updates the one with exactly this url; absent and null fields then keep their value. */
    async upsert(input: SourceCreate): Promise<SourceView> {
      const now = nowDate()
      const schedule = input.schedule ? checkedSchedule(input.schedule, now.getTime()) : undefined
      const config = input.config ? clientConfig(input.config) : undefined
      const attempt = () =>
        db.tx(function* (tx) {
          const known = yield* repository.idByUrl(tx, input.url)
          if (known !== undefined) {
            const { source, open } = yield* lockForReport(tx, known)
            return yield* applyWanted(tx, source, open, { ...input, config, schedule, url: undefined }, now)
          }
          const made = yield* repository.insert(tx, {
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
            nextSyncAt: now,
            createdAt: now,
            updatedAt: now,
          })
          // Jitter is made of the id, which the row has only now.
          return schedule ? yield* repository.update(tx, made.id, { nextSyncAt: nextRegular(made, now) }) : made
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
      const config = input.config ? clientConfig(input.config) : undefined
      try {
        return toSource(
          await db.tx(function* (tx) {
            const { source, open } = yield* lockForReport(tx, id)
            return yield* applyWanted(tx, source, open, { ...input, config, schedule }, now)
          }),
        )
      } catch (error) {
        if (isUniqueViolation(error)) throw conflict('Another source has this url')
        throw error
      }
    },

    toggle: (id: number, isActive: boolean) =>
      db.tx(function* (tx) {
        const { source, open } = yield* lockForReport(tx, id)
        yield* switchTo(tx, source, open, isActive, nowDate())
        return { status: 'ok' as const, is_active: isActive }
      }),
  }
}
