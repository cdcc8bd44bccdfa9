import { createBreath } from '../../../platform/breathe.ts'
import { type Clock, HOUR_MS, MINUTE_MS } from '../../../platform/clock.ts'
import { decodeCursor, encodeCursor } from '../../../platform/http/lists.ts'
import { CronError, type Engine, preview } from '../../../tasks/index.ts'
import { invalidField } from '../../envelope.ts'
import { isoTime } from '../../fields.ts'
import { calendarOf } from '../due-times.ts'
import { hostGroup, hostOf } from '../runs.ts'
import { toSchedule } from './fields.ts'
import type { Forecast, ForecastQuery, PreviewInput } from './model.ts'
import type { DueSource, ScheduleQueries } from './queries.ts'

/** Times of one source, and of all sources of a page. */
const TIMES_OF_SOURCE = 100
const TIMES_OF_PAGE = 10_000
/** What is looked at for collisions: sources, times of one of them, times of all. */
const COLLIDING_SOURCES = 5000
const COLLIDING_OF_SOURCE = 1000
const COLLIDING_TIMES = 10_000
const COLLISIONS_MAX = 100
const SOURCES_OF_COLLISION = 20
const SKIPS_MAX = 100

const iso = (at: number) => isoTime(new Date(at))

/** The due times of a source up to `to`, as far as is known now: a run takes no time, and succeeds. The first one may have passed. */
function* timesOf(source: DueSource, now: number, to: number): Generator<number> {
  const due = source.nextSyncAt.getTime()
  yield due
  const since = Math.max(due, now)
  const calendar = calendarOf(source)
  for (const at of calendar ? calendar.times(since) : intervals(since, source.refreshIntervalHours * HOUR_MS)) {
    if (at > to) return
    yield at
  }
}
function* intervals(since: number, every: number): Generator<number> {
  for (let at = since + every; ; at += every) yield at
}

/** The first `most` times, and whether more follow. */
const firstTimes = (source: DueSource, now: number, to: number, most: number): { times: number[]; more: boolean } => {
  const times: number[] = []
  for (const at of timesOf(source, now, to)) {
    if (times.length === most) return { times, more: true }
    times.push(at)
  }
  return { times, more: false }
}

type Bucket = { host: string; at: number; count: number; ids: Set<number> }
/** Counts the due times of hosts by the minute; what is overdue counts in the minute of `now`. */
const bucketsOf = async (sources: DueSource[], now: number, to: number) => {
  const breathe = createBreath()
  const buckets = new Map<string, Bucket>()
  let left = COLLIDING_TIMES
  let isComplete = sources.length < COLLIDING_SOURCES
  for (const source of sources) {
    const host = hostOf(source.url)
    let most = Math.min(left, COLLIDING_OF_SOURCE)
    for (const time of timesOf(source, now, to)) {
      if (most-- === 0) {
        isComplete = false
        break
      }
      left--
      const at = Math.floor(Math.max(time, now) / MINUTE_MS) * MINUTE_MS
      const key = `${at} ${host}`
      const bucket = buckets.get(key) ?? { host, at, count: 0, ids: new Set() }
      bucket.count++
      if (bucket.ids.size < SOURCES_OF_COLLISION) bucket.ids.add(source.id)
      buckets.set(key, bucket)
      await breathe()
    }
  }
  return { buckets: [...buckets.values()], isComplete }
}

/** The field that an unusable calendar is to blame on. */
const fieldOf = ({ message }: CronError) =>
  message.includes('zone') ? 'timezone' : message.includes('blackout') ? 'blackout' : 'cron'

/** What is due when (operations §11). */
export const createScheduleService = (deps: { clock: Clock; queries: ScheduleQueries; engine: Pick<Engine, 'capsOf'> }) => {
  const { clock, queries, engine } = deps

  const collisionsOf = async (filter: { now: number; to: Date; siteKey: string | null | undefined }) => {
    const sources = await queries.soonest({ ...filter, limit: COLLIDING_SOURCES })
    const [{ buckets, isComplete }, caps] = await Promise.all([
      bucketsOf(sources, filter.now, filter.to.getTime()),
      engine.capsOf(hostGroup('')),
    ])
    const limitOf = (host: string) => caps.get(hostGroup(host)) ?? null
    const excess = ({ host, count }: Bucket) => count - (limitOf(host) ?? 1)
    const collisions = buckets
      .filter((bucket) => excess(bucket) > 0)
      .sort((a, b) => excess(b) - excess(a) || a.at - b.at || (a.host < b.host ? -1 : 1))
      .slice(0, COLLISIONS_MAX)
      .map(({ host, at, count, ids }) => ({ host, at: iso(at), count, limit: limitOf(host), source_ids: [...ids] }))
    return { collisions, isComplete }
  }
  const skipsOf = async (since: Date, siteKey: string | null | undefined) =>
    (await queries.skips(since, siteKey, SKIPS_MAX)).map((run) => ({
      run_id: run.id,
      source_id: run.sourceId,
      site_key: run.siteKey,
      at: isoTime(run.createdAt),
      reason: run.reason,
    }))

  return {
    /** The next times of a schedule that is not stored. @throws AppError 422 */
    async preview(input: PreviewInput) {
      const from = input.from?.getTime() ?? clock.now()
      try {
        const { times, warnings } = await preview(toSchedule(input), from, input.count)
        return {
          times: times.map(iso),
          warnings: warnings.map(({ code, message, at }) => ({ code, message, at: at === undefined ? null : iso(at) })),
        }
      } catch (error) {
        if (!(error instanceof CronError)) throw error
        const field = fieldOf(error)
        throw invalidField(['body', field], error.message, input[field])
      }
    },

    /** Due times by source, by pages; collisions and skips on the first one. @throws AppError 422 */
    async forecast(query: ForecastQuery): Promise<Forecast> {
      const place = query.cursor ? decodeCursor(query.cursor) : undefined
      const afterId = query.cursor ? place?.[0] : 0
      if (query.cursor && (place?.length !== 1 || !Number.isSafeInteger(afterId)))
        throw invalidField(['query', 'cursor'], 'Input should be a cursor of this list', query.cursor)
      const now = clock.now()
      const to = new Date(now + query.hours * HOUR_MS)
      const filter = { to, siteKey: query.site_key, now }
      const breathe = createBreath()
      const rows = await queries.page({ ...filter, afterId: afterId as number, limit: query.limit + 1 })
      const items: Forecast['items'] = []
      let left = TIMES_OF_PAGE
      for (const source of rows.slice(0, query.limit)) {
        const { times, more } = firstTimes(source, now, to.getTime(), TIMES_OF_SOURCE)
        left -= times.length
        if (left < 0) break
        items.push({
          source_id: source.id,
          site_key: source.siteKey,
          url: source.url,
          host: hostOf(source.url),
          schedule: source.schedule ?? null,
          refresh_interval_hours: source.schedule ? null : source.refreshIntervalHours,
          times: times.map(iso),
          more,
        })
        await breathe()
      }
      const last = items.at(-1)?.source_id
      const isFirst = !query.cursor
      const [{ collisions, isComplete }, skips] = await Promise.all([
        isFirst ? collisionsOf(filter) : { collisions: [], isComplete: true },
        isFirst ? skipsOf(new Date(now - query.hours * HOUR_MS), query.site_key) : [],
      ])
      return {
        from: iso(now),
        to: isoTime(to),
        items,
        collisions,
        collisions_complete: isComplete,
        skips,
        next_cursor: rows.length > items.length && last !== undefined ? encodeCursor([last]) : null,
      }
    },
  }
}
export type ScheduleService = ReturnType<typeof createScheduleService>
