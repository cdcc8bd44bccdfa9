import { type Clock, DAY_MS, HOUR_MS, MINUTE_MS, timeOfId } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { TaskStanding, TaskState } from '../../tasks/index.ts'
import type { Activity } from './activity.ts'

/**
 * What is sampled (operations §7). `sum`: what happened, added up. `level`: how much there was, on average over a step. `mean`: of single
 * values. The label is what a series can be narrowed down to.
 */
export const SERIES = {
  items_new: { is: 'sum', label: 'site' },
  items_updated: { is: 'sum', label: 'site' },
  items_unchanged: { is: 'sum', label: 'site' },
  items_rejected: { is: 'sum', label: 'site' },
  runs_completed: { is: 'sum', label: 'site' },
  runs_partial: { is: 'sum', label: 'site' },
  runs_failed: { is: 'sum', label: 'site' },
  runs_lost: { is: 'sum', label: 'site' },
  runs_cancelled: { is: 'sum', label: 'site' },
  runs_skipped: { is: 'sum', label: 'site' },
  tasks_queued: { is: 'sum', label: 'kind' },
  tasks_leased: { is: 'sum', label: 'kind' },
  tasks_completed: { is: 'sum', label: 'kind' },
  tasks_failed: { is: 'sum', label: 'kind' },
  tasks_cancelled: { is: 'sum', label: 'kind' },
  tasks_dead: { is: 'sum', label: 'kind' },
  waiting: { is: 'level', label: 'kind' },
  running: { is: 'level', label: 'kind' },
  dead: { is: 'level', label: 'kind' },
  oldest_seconds: { is: 'level', label: 'kind' },
  lease_wait_ms: { is: 'mean', label: 'none' },
  ingest_ms: { is: 'mean', label: 'none' },
} as const
export type SeriesName = keyof typeof SERIES
export const SERIES_NAMES = Object.keys(SERIES) as [SeriesName, ...SeriesName[]]

const MINUTES_KEPT_MS = 14 * DAY_MS
const HOURS_KEPT_MS = 400 * DAY_MS
/** Points of one answer. */
export const MAX_POINTS = 2000
/** Labels of one minute that are kept apart; what further ones bring counts as `other`. */
const MAX_LABELS = 5000
const MINUTE_S = 60
const HOUR_S = 3600
/** How far back hours are summed up again: a process may write its last minute late. */
const RESUMMED_HOURS = 3
const PURGED = 20_000
/** States that are an event of their own; how a task stands is a level. */
const COUNTED: Partial<Record<TaskState, SeriesName>> = {
  queued: 'tasks_queued',
  leased: 'tasks_leased',
  completed: 'tasks_completed',
  failed: 'tasks_failed',
  cancelled: 'tasks_cancelled',
  dead: 'tasks_dead',
}

interface Sum {
  name: SeriesName
  at: number
  label: string
  total: number
  count: number
}
const minuteOf = (at: number) => Math.floor(at / MINUTE_MS) * MINUTE_MS

/** Figures over time in the same database: sums a minute of each process, added up, and hours made of them. */
export const createSeries = ({ db, clock }: { db: Db; clock: Clock }) => {
  const { either, param } = db.fragments
  const columns: { name: string; type: 'text' | 'bigint' | 'float8' }[] = [
    { name: 'name', type: 'text' },
    { name: 'step', type: 'bigint' },
    { name: 'at', type: 'bigint' },
    { name: 'label', type: 'text' },
    { name: 'total', type: 'float8' },
    { name: 'count', type: 'bigint' },
  ]
  const put = (name: string, onConflict: string) =>
    db.batch<{ name: string }>(
      name,
      columns,
      (source) => `insert into series_points (name, step, at, label, total, count)
        select s.name, s.step, s.at, s.label, s.total, s.count from ${source} s where true order by s.name, s.at, s.label
        on conflict (name, step, at, label) do ${onConflict} returning name`,
      'json',
    )
  const add = put(
    'series_add',
    'update set total = series_points.total + excluded.total, count = series_points.count + excluded.count',
  )
  const setOnce = put('series_set_once', 'nothing')
  const sumHours = db.statement<{ name: string }>(
    'series_sum_hours',
    `insert into series_points (name, step, at, label, total, count)
      select p.name, ${HOUR_S}, p.at / ${HOUR_MS} * ${HOUR_MS}, p.label, sum(p.total), sum(p.count) from series_points p
      where p.step = ${MINUTE_S} and p.at >= ${param('from', 'bigint')} and p.at < ${param('to', 'bigint')}
      group by p.name, p.at / ${HOUR_MS} * ${HOUR_MS}, p.label
      on conflict (name, step, at, label) do update set total = excluded.total, count = excluded.count returning name`,
  )
  /** One row a bucket and label, or a bucket: a level is first averaged for each label, then added up over labels. */
  const points = (is: 'sum' | 'level' | 'mean', byLabel: boolean) => {
    const inRange = `p.name = ${param('name', 'text')} and p.step = ${param('sampled', 'bigint')} and p.at >= ${param('from', 'bigint')}
      and p.at < ${param('to', 'bigint')}${byLabel ? ` and p.label = ${param('label', 'text')}` : ''}`
    const bucket = `p.at / ${param('step', 'bigint')} * ${param('step', 'bigint')}`
    const value = { sum: 'sum(p.total)', level: 'sum(p.total) / sum(p.count)', mean: 'sum(p.total) / sum(p.count)' }[is]
    const perBucket = `select ${bucket} as t, ${value} as v from series_points p where ${inRange} group by 1`
    const perLabel = `select t, sum(v) as v from (select ${bucket} as t, p.label, ${value} as v from series_points p where ${inRange} group by 1, 2) b group by 1`
    return db.statement<{ t: number | string; v: number }>(
      `series_points_${is}${byLabel ? '_of_label' : ''}`,
      `${is === 'level' ? perLabel : perBucket} order by 1 limit ${MAX_POINTS}`,
    )
  }
  const reading = {
    sum: { all: points('sum', false), label: points('sum', true) },
    level: { all: points('level', false), label: points('level', true) },
    mean: { all: points('mean', false), label: points('mean', true) },
  }
  const byKind = db.statement<{ name: SeriesName; label: string; v: number; late: number }>(
    'series_rates',
    `select p.name, p.label, sum(p.total) as v, sum(case when p.at >= ${param('last', 'bigint')} then p.total else 0 end) as late from series_points p
      where ${db.fragments.inList('p.name', 'names')} and p.step = ${MINUTE_S} and p.at >= ${param('from', 'bigint')} and p.at < ${param('to', 'bigint')}
      group by p.name, p.label`,
  )
  const purge = db.statement<{ name: string }>(
    'series_purge',
    either(
      `delete from series_points where rowid in (select rowid from series_points where step = :step and at < :before order by at limit ${PURGED}) returning name`,
      `delete from series_points where ctid = any(array(select ctid from series_points where step = :step::int and at < :before::bigint order by at limit ${PURGED})) returning name`,
    ),
  )

  /** Of the minutes that are not written yet. */
  const sums = new Map<string, Sum>()
  const count = (name: SeriesName, label: string, total: number, values = 1) => {
    if (total === 0 && SERIES[name].is === 'sum') return
    const at = minuteOf(clock.now())
    const key = (of: string) => `${name}\n${at}\n${of}`
    const kept = sums.size < MAX_LABELS * 4 || sums.has(key(label)) ? label : 'other'
    const known = sums.get(key(kept))
    if (known) {
      known.total += total
      known.count += values
    } else sums.set(key(kept), { name, at, label: kept, total, count: values })
  }

  return {
    /** Counts what has happened just now. */
    count,
    /** Counts an activity of this process. */
    countActivity({ tasks, waited, runs }: Activity) {
      for (const [kind, states] of tasks)
        for (const [state, many] of states) {
          const name = COUNTED[state]
          if (name) count(name, kind, many)
        }
      if (waited.count > 0) count('lease_wait_ms', '', waited.totalMs, waited.count)
      for (const { run, type } of runs) {
        const status = run.status === 'completed' && run.isPartial ? 'partial' : run.status
        const name = `runs_${status}`
        if (type === 'run.ended' && Object.hasOwn(SERIES, name)) count(name as SeriesName, run.siteKey, 1)
      }
    },
    /** Writes minutes that have ended, or all of them. One statement. */
    async write(isAll = false): Promise<void> {
      const now = minuteOf(clock.now())
      const over = [...sums.entries()].filter(([, { at }]) => isAll || at < now)
      if (over.length === 0) return
      for (const [key] of over) sums.delete(key)
      const rows = over.map(([, { name, at, label, total, count: values }]) => [name, MINUTE_S, at, label, total, values])
      try {
        await db.tx(function* (tx) {
          yield* tx.batch(add, rows)
        })
      } catch (error) {
        // They wait for the next try, together with what has come since.
        for (const [key, sum] of over) {
          const since = sums.get(key)
          sums.set(key, since ? { ...sum, total: sum.total + since.total, count: sum.count + since.count } : sum)
        }
        throw error
      }
    },
    /** Samples how tasks stand, once a minute over all processes: the first one counts. */
    *sample(tx: Tx, standings: readonly TaskStanding[], now: Date): Steps<void> {
      const at = minuteOf(now.getTime())
      const rows = standings.flatMap(({ kind, state, count: many, oldest }) => {
        const name = ({ queued: 'waiting', leased: 'running', dead: 'dead' } as Partial<Record<TaskState, SeriesName>>)[state]
        const age = state === 'queued' && oldest !== null ? (now.getTime() - timeOfId(oldest)) / 1000 : undefined
        return [
          ...(name ? [[name, MINUTE_S, at, kind, many, 1]] : []),
          ...(age === undefined ? [] : [['oldest_seconds', MINUTE_S, at, kind, Math.max(0, age), 1]]),
        ]
      })
      if (rows.length > 0) yield* tx.batch(setOnce, rows)
    },
    *sumHours(tx: Tx, now: Date): Steps<void> {
      const to = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS
      yield* tx.run(sumHours, { from: to - RESUMMED_HOURS * HOUR_MS, to })
    },
    *purge(tx: Tx, now: Date): Steps<void> {
      yield* tx.run(purge, { step: MINUTE_S, before: now.getTime() - MINUTES_KEPT_MS })
      yield* tx.run(purge, { step: HOUR_S, before: now.getTime() - HOURS_KEPT_MS })
    },
    /** Points of a series, oldest first; steps in which there was nothing are left out. Times in ms, `stepMs` a multiple of a minute. */
    async read(name: SeriesName, { label, from, to, stepMs }: { label?: string; from: number; to: number; stepMs: number }) {
      const isOld = from < clock.now() - MINUTES_KEPT_MS
      const step = isOld ? Math.max(HOUR_MS, stepMs) : stepMs
      const statement = reading[SERIES[name].is][label === undefined ? 'all' : 'label']
      const rows = await statement.all({ name, sampled: isOld ? HOUR_S : MINUTE_S, from, to, step, label })
      return { stepMs: step, points: rows.map(({ t, v }): [number, number] => [Number(t), v]) }
    },
    /** What came to each state by kind in the last full minute and in the last fifteen, a minute. */
    async ratesByKind(): Promise<Map<string, { last: number; mean15: number }>> {
      const to = minuteOf(clock.now())
      const names = Object.values(COUNTED)
      const rows = await byKind.all({ names, from: to - 15 * MINUTE_MS, last: to - MINUTE_MS, to })
      return new Map(
        rows.map(({ name, label, v, late }) => [`${label} ${name.slice('tasks_'.length)}`, { last: late, mean15: v / 15 }]),
      )
    },
  }
}
