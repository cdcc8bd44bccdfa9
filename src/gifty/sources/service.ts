import { CronError, type Engine, nextCronTime } from '../../engine/index.ts'
import { conflict, invalidField, notFound } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { isUniqueViolation } from '../../platform/db/problems.ts'
import { decodeCursor, encodeCursor } from '../../platform/http/paging.ts'
import type { CatalogCounts } from '../catalog/service.ts'
import { SITE_KEY } from '../fields.ts'
import type { Notifications } from '../notifications.ts'
import type { ClientConfig, Schedule, SourceCreate, SourcePatch, SourceView, Strategy } from './model.ts'
import { type RunRow, type SourceChange, type SourceRow, type SourcesRepository, urlHash } from './repository.ts'
import type { Runs } from './runs.ts'
import { clientConfig, toRun, toSource } from './view.ts'

const DAY_MS = 86_400_000
const LIST_PAGE = 500

export interface SourcesDeps {
  db: Db
  clock: Clock
  engine: Engine
  repository: SourcesRepository
  runs: Runs
  counts: CatalogCounts
  notifications: Notifications
  discoveryDailyQuota: number
}

const missing = () => notFound('Source not found')

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

/** Sources: keeping, reading, forcing, reporting (gifty §2). */
export const createSources = ({
  db,
  clock,
  engine,
  repository,
  runs,
  counts,
  notifications,
  discoveryDailyQuota,
}: SourcesDeps) => {
  const nowDate = () => new Date(clock.now())
  function* locked(tx: Tx, id: number): Steps<SourceRow> {
    const source = yield* repository.lock(tx, id)
    if (!source) throw missing()
    return source
  }

  /** What switching a source on or off changes. An open run goes on either way. */
  function* toggleChange(tx: Tx, source: SourceRow, isActive: boolean): Steps<SourceChange> {
    const open = yield* repository.openRunInside(tx, source.id)
    const status = isActive ? 'waiting' : 'disabled'
    const change: SourceChange = { isActive, status: isActive && open ? open.status : status, resumeStatus: open ? status : null }
    return isActive ? { ...change, lastError: null, fixRequired: false, retryCount: 0 } : change
  }

  const aggregated = async (row: SourceRow): Promise<SourceView> => {
    if (row.type === 'hub') {
      const [site, totalItems, lastRunNew, history] = await Promise.all([
        repository.site(row.siteKey),
        counts.ofSite(row.siteKey),
        repository.newSinceHubRun(row.siteKey),
        repository.historyOfSite(row.siteKey),
      ])
      const status = site?.running
        ? 'running'
        : site?.queued
          ? 'queued'
          : site?.error
            ? 'error'
            : site?.broken
              ? 'broken'
              : row.status
      return toSource(
        { ...row, status, lastSyncedAt: site?.lastSyncedAt ?? null, nextSyncAt: site?.nextSyncAt ?? row.nextSyncAt },
        { totalItems, lastRunNew, history },
      )
    }
    const discoveryName = typeof row.config.discovery_name === 'string' ? row.config.discovery_name : ''
    const [totalItems, history] = await Promise.all([
      counts.ofSource({ id: row.id, siteKey: row.siteKey, discoveryName }),
      repository.historyOfSource(row.id),
    ])
    const newest =
      history.find((run) => run.status !== 'skipped') ?? (history.length === 50 ? await repository.newestRun(row.id) : undefined)
    return toSource(row, { totalItems, lastRunNew: newest?.itemsNew ?? 0, history })
  }

  const detail = async (id: number): Promise<SourceView> => {
    const row = await repository.find(id)
    if (!row) throw missing()
    return aggregated(row)
  }

  /**
   * The lock order is task, source, run, so the open run's task is locked before the source; a run that opened in between has a
   * task nobody can hold yet.
   */
  function* lockForReport(tx: Tx, id: number): Steps<{ source: SourceRow; open: RunRow | undefined }> {
    const before = yield* repository.openRunInside(tx, id)
    if (before?.taskId) yield* engine.lockTasks(tx, [before.taskId])
    const source = yield* locked(tx, id)
    return { source, open: yield* repository.openRunInside(tx, id) }
  }

  /** A report; one that names a run which has already ended changes nothing and is answered `ignored`. */
  const report = (
    id: number,
    runId: number | null | undefined,
    step: (tx: Tx, source: SourceRow, open: RunRow | undefined, now: Date) => Steps<void>,
    late?: typeof step,
  ) =>
    db.tx(function* (tx) {
      const now = nowDate()
      const { source, open } = yield* lockForReport(tx, id)
      if (runId !== null && runId !== undefined && open?.id !== runId) {
        const run = yield* repository.run(tx, runId)
        if (run?.sourceId !== id) throw notFound('Run not found')
        if (late) yield* late(tx, source, run, now)
        return { status: 'ok' as const, ignored: true as const }
      }
      yield* step(tx, source, open, now)
      return { status: 'ok' as const }
    })

  return {
    detail,

    async list(filter: {
      site_key?: string
      status?: string
      is_active?: boolean
      limit: number
      after_id?: number
    }): Promise<SourceView[]> {
      const rows = await repository.list({
        siteKey: filter.site_key,
        status: filter.status,
        isActive: filter.is_active,
        limit: filter.limit,
        afterId: filter.after_id,
      })
      return rows.map((row) => toSource(row))
    },
    /** All matching sources, a page at a time. */
    async *all(filter: {
      site_key?: string
      status?: string
      is_active?: boolean
      after_id?: number
    }): AsyncGenerator<SourceView[]> {
      for (let afterId = filter.after_id; ; ) {
        const page = await this.list({ ...filter, after_id: afterId, limit: LIST_PAGE })
        yield page
        if (page.length < LIST_PAGE) return
        afterId = page.at(-1)?.id
      }
    },

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

    /** Starts a run now, also of an inactive or broken source (gifty §2.6). */
    async forceRun(id: number, strategy: Strategy | undefined) {
      const outcome = await db.tx(function* (tx) {
        const now = nowDate()
        const { source, open } = yield* lockForReport(tx, id)
        if (!open) {
          const { run, taskId } = yield* runs.dispatch(tx, source, { trigger: 'force', strategy }, now)
          return { message: 'Run queued', run_id: run.id, task_id: taskId }
        }
        if (open.status === 'queued') {
          if (
            strategy &&
            strategy !== open.strategy &&
            open.taskId &&
            (yield* engine.replacePayload(tx, open.taskId, runs.payloadOf(source, strategy, open.id), now))
          )
            yield* repository.updateRun(tx, open.id, { strategy, updatedAt: now })
          return { message: 'Run is already queued', run_id: open.id, task_id: open.taskId }
        }
        if (source.overlap === 'skip') {
          yield* runs.skip(tx, source, 'force', 'overlap', now)
          return { running: open.id }
        }
        yield* repository.update(tx, id, { queuedAfter: 'force', updatedAt: now })
        return { message: 'Run will start after the open one', run_id: null, task_id: null, queued_after: open.id }
      })
      // The skipped run is recorded, so the refusal comes after the commit.
      if (outcome.running !== undefined)
        throw conflict('The source is already running', 'already_running', { run_id: outcome.running })
      return { status: 'ok' as const, ...outcome }
    },

    toggle: (id: number, isActive: boolean) =>
      db.tx(function* (tx) {
        const source = yield* locked(tx, id)
        yield* repository.update(tx, id, { ...(yield* toggleChange(tx, source, isActive)), updatedAt: nowDate() })
        return { status: 'ok' as const, is_active: isActive }
      }),

    reportStatus: (
      id: number,
      { status, run_id }: { status: 'queued' | 'running' | 'waiting' | 'error' | 'broken'; run_id?: number | null },
    ) =>
      report(id, run_id, function* (tx, source, open, now) {
        if (status === 'running') yield* runs.reportRunning(tx, source, open, now)
        else if (status === 'waiting') yield* runs.reportWaiting(tx, source, open, now)
        else if (status === 'queued') yield* repository.update(tx, id, { status: 'queued', updatedAt: now })
        else yield* runs.reportError(tx, source, open, `the worker reported ${status}`, status === 'broken', now)
      }),
    /** Logs are kept even when they come after the run has ended. */
    reportLogs: (id: number, { logs, run_id }: { logs: string; run_id?: number | null }) => {
      const keep = (tx: Tx, source: SourceRow, run: RunRow | undefined, now: Date) => runs.appendLogs(tx, source, run, logs, now)
      return report(id, run_id, keep, keep)
    },
    reportError: (id: number, { error, is_broken, run_id }: { error: string; is_broken: boolean; run_id?: number | null }) =>
      report(id, run_id, (tx, source, open, now) => runs.reportError(tx, source, open, error, is_broken, now)),

    /** Each spider that no source belongs to becomes an inactive hub (gifty §2.2). */
    syncSpiders: (spiders: string[]) =>
      db.tx(function* (tx) {
        const now = nowDate()
        const distinct = [...new Set(spiders)]
        const rejected = distinct.filter((key) => !SITE_KEY.test(key))
        const keys = distinct.filter((key) => SITE_KEY.test(key))
        const known = yield* repository.existingSiteKeys(tx, keys)
        const fresh = keys.filter((key) => !known.has(key))
        const rows = yield* repository.insertNew(
          tx,
          fresh.map((key) => ({
            url: `https://${key}.placeholder`,
            urlHash: urlHash(`https://${key}.placeholder`),
            type: 'hub',
            siteKey: key,
            strategy: 'discovery' as const,
            priority: 50,
            refreshIntervalHours: 24,
            isActive: false,
            overlap: 'skip' as const,
            status: 'waiting',
            nextSyncAt: now,
            config: { is_new: true, note: 'Reported by a spider: set the url and switch the source on' },
            createdAt: now,
            updatedAt: now,
          })),
        )
        const created = new Set(rows.map((row) => row.siteKey))
        const newSpiders = fresh.filter((key) => created.has(key))
        if (newSpiders.length > 0)
          yield* notifications.add(tx, [
            { topic: 'scraping', text: `New spiders: ${newSpiders.length}`, data: { new_spiders: newSpiders } },
          ])
        return { status: 'ok' as const, new_spiders: newSpiders, rejected }
      }),

    async backlog(limit: number): Promise<SourceView[]> {
      return (await repository.backlog(limit)).map((row) => toSource(row))
    },
    activate: (ids: number[]) =>
      db.tx(function* (tx) {
        const now = nowDate()
        const distinct = [...new Set(ids)]
        const rows = new Map((yield* repository.lockMany(tx, distinct)).map((row) => [row.id, row]))
        const skipped: { source_id: number; reason: 'not_found' | 'not_discovered' }[] = []
        let activated = 0
        for (const id of distinct) {
          const row = rows.get(id)
          if (row?.status === 'discovered') {
            yield* repository.update(tx, id, { isActive: true, status: 'waiting', nextSyncAt: now, updatedAt: now })
            activated++
          } else skipped.push({ source_id: id, reason: row ? 'not_discovered' : 'not_found' })
        }
        return { status: 'ok' as const, activated_count: activated, skipped }
      }),
    async backlogStats() {
      const [used, total] = await Promise.all([repository.quotaUsed(new Date(clock.now() - DAY_MS)), repository.backlogTotal()])
      return {
        discovered_today: used,
        quota: discoveryDailyQuota,
        remaining: Math.max(0, discoveryDailyQuota - used),
        backlog_total: total,
      }
    },

    async runs(id: number, limit: number, cursor: string | null | undefined) {
      const source = await repository.find(id)
      if (!source) throw missing()
      const place = cursor ? decodeCursor(cursor) : undefined
      const before = place?.[0]
      if (cursor && !Number.isSafeInteger(before))
        throw invalidField(['query', 'cursor'], 'Input should be a cursor of this list', cursor)
      const rows = await repository.runs(
        source.type === 'hub' ? { siteKey: source.siteKey } : { sourceId: id },
        before as number | undefined,
        limit + 1,
      )
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return { items: items.map(toRun), next_cursor: rows.length > limit && last ? encodeCursor([last.id]) : null }
    },

    /**
     * Stores categories a batch found, those whose URL is new (gifty §3.8): as many as the day's quota leaves start active, the
     * rest wait in the backlog. `web` sources hand their worker on.
     */
    *discover(
      tx: Tx,
      found: { url: string; name: string; siteKey: string; parentUrl: string | null }[],
      parent: SourceRow | undefined,
      now: Date,
    ): Steps<number> {
      if (found.length === 0) return 0
      const unknown = function* (categories: typeof found): Steps<typeof found> {
        const known = yield* repository.existingUrlHashes(
          tx,
          categories.map((category) => urlHash(category.url)),
        )
        return categories.filter((category) => !known.has(urlHash(category.url)))
      }
      const maybeFresh = yield* unknown(found)
      if (maybeFresh.length === 0) return 0
      // Concurrent batches count the quota one after the other, or two would both take the last of it. What another one has stored
      // meanwhile is looked at again, or its categories would take the places of new ones.
      yield* tx.exclusive('gifty.discovery-quota')
      const fresh = yield* unknown(maybeFresh)
      if (fresh.length === 0) return 0
      const used = yield* repository.quotaUsedInside(tx, new Date(now.getTime() - DAY_MS))
      const left = Math.max(0, discoveryDailyQuota - used)
      const inherited: ClientConfig =
        parent?.config.worker === 'web'
          ? { worker: 'web', ...(parent.config.web === undefined ? {} : { web: parent.config.web }) }
          : {}
      const rows = yield* repository.insertNew(
        tx,
        fresh
          .map((category, index) => ({
            url: category.url,
            urlHash: urlHash(category.url),
            type: 'list',
            siteKey: category.siteKey,
            strategy: 'deep' as const,
            priority: 50,
            refreshIntervalHours: 24,
            isActive: index < left,
            overlap: 'skip' as const,
            status: index < left ? 'waiting' : 'discovered',
            nextSyncAt: now,
            config: {
              discovery_name: category.name,
              parent_url: category.parentUrl,
              discovered_at: now.toISOString(),
              ...inherited,
            },
            discoveredAt: now,
            activatedAt: index < left ? now : null,
            createdAt: now,
            updatedAt: now,
          }))
          .sort((a, b) => (a.urlHash < b.urlHash ? -1 : 1)),
      )
      return rows.length
    },

    /** Dispatches what is due, at most 20 (gifty §2.5). Answers how many runs were opened. */
    tick: (limit = 20) =>
      db.tx(function* (tx) {
        const now = nowDate()
        let dispatched = 0
        for (const source of yield* repository.due(tx, now, limit)) {
          const open = yield* repository.openRunInside(tx, source.id)
          if (!open) {
            yield* runs.dispatch(tx, source, { trigger: 'schedule' }, now)
            dispatched++
          } else if (!source.schedule) {
            // Its run was opened after the due sources were read: without a cron text it is not due any more.
          } else if (source.overlap === 'skip') {
            yield* runs.skip(tx, source, 'schedule', 'overlap', now)
            yield* repository.update(tx, source.id, { nextSyncAt: runs.nextRegular(source, now), updatedAt: now })
          } else
            yield* repository.update(tx, source.id, {
              queuedAfter: source.queuedAfter ?? 'schedule',
              nextSyncAt: runs.nextRegular(source, now),
              updatedAt: now,
            })
        }
        return dispatched
      }),
    /** Ends runs nobody speaks for any more. */
    endIdleRuns: runs.endIdle,
    repository,
    runEvents: runs,
    lockForReport,
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
}
export type Sources = ReturnType<typeof createSources>
