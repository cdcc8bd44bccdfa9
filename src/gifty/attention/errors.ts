import { z } from 'zod'
import { type Clock, DAY_MS } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import { invalidField } from '../envelope.ts'
import { errorGroupOf, messageOfGroup } from '../error-group.ts'
import { absent, instant, integer, siteKey, text, time } from '../fields.ts'

/** Dead tasks that are looked at, the newest of each kind. */
const DEAD_TASKS = 500
/** Groups of an answer, at most. */
const MOST_GROUPS = 500
/** Sites and kinds that one group names. */
const NAMED = 20
/** The longest window, in days. */
const WINDOW_DAYS = 180

export const errorsQuery = z.strictObject({
  from: instant().nullish().describe('failures of runs begun since then; a day ago unless it is given'),
  to: instant().nullish().describe('and before this'),
  site_key: siteKey().nullish().describe('only failures of this site'),
  kind: text(1, 100).nullish().describe('only failures of this kind of task'),
  limit: absent(integer(1, MOST_GROUPS), 50).describe('most groups'),
})

const errorGroup = z.object({
  fingerprint: z.string().describe('the `error_group` of its runs'),
  message: z.string().describe('the error without addresses, quoted texts, ids and numbers'),
  kinds: z.array(z.string()),
  sites: z.array(z.string()).describe('20 of them at most'),
  count: z.int(),
  first_at: time(),
  last_at: time(),
  sample_run_id: z.int().nullable(),
  sample_task_id: z.string().nullable(),
})
export const errorGroups = z.object({ items: z.array(errorGroup) }).meta({
  examples: [
    {
      items: [
        {
          fingerprint: '9f86d081884c7d65',
          message: 'HTTP 503 for <url>',
          kinds: ['source.run'],
          sites: ['tea'],
          count: 12,
          first_at: '2026-01-15T08:04:12.000Z',
          last_at: '2026-01-15T09:04:12.000Z',
          sample_run_id: 17,
          sample_task_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34',
        },
      ],
    },
  ],
})
type ErrorGroup = z.output<typeof errorGroup>

/** Failures of one cause. Times are in ms. */
interface Found {
  kinds: Set<string>
  sites: Set<string>
  count: number
  firstAt: number
  lastAt: number
  runId: number | null
  taskId: string | null
  message?: string
}

/** Failures of a window by their cause, most first (operations §7): of runs, and of tasks of other kinds that have failed for good. */
export const createErrors = ({ db, clock, kinds }: { db: Db; clock: Clock; kinds(): readonly string[] }) => {
  const { either, eachOf, param, inList, ms } = db.fragments
  const kindOf = `case when ${either("json_extract(s.config, '$.worker')", "s.config ->> 'worker'")} = 'web' then 'source.run.web' else 'source.run' end`
  const failures = `from parsing_runs r join parsing_sources s on s.id = r.source_id
     where r.error_group is not null and r.created_at >= ${param('from', 'timestamptz')} and r.created_at < ${param('to', 'timestamptz')}
       and (${param('site', 'text')} is null or r.site_key = ${param('site', 'text')})
       and (${param('kind', 'text')} is null or ${kindOf} = ${param('kind', 'text')})`
  const ofRuns = db.statement<Record<'fingerprint' | 'count' | 'firstAt' | 'lastAt' | 'sample', any>>(
    'errors_of_runs',
    `select r.error_group as fingerprint, count(*) as count, ${ms('min(coalesce(r.finished_at, r.created_at))')} as "firstAt",
       ${ms('max(coalesce(r.finished_at, r.created_at))')} as "lastAt", max(r.id) as sample ${failures}
     group by r.error_group order by count(*) desc, r.error_group limit ${MOST_GROUPS}`,
  )
  const places = db.statement<{ fingerprint: string; siteKey: string; kind: string }>(
    'errors_places',
    `select distinct r.error_group as fingerprint, r.site_key as "siteKey", ${kindOf} as kind ${failures} and ${inList('r.error_group', 'groups')}`,
  )
  const samples = db.statement<{ id: any; error: string | null; taskId: string | null }>(
    'errors_samples',
    `select r.id, substr(r.error, 1, 100000) as error, r.task_id as "taskId" from parsing_runs r where ${inList('r.id', 'ids', 'bigint')}`,
  )
  const newestDead = (columns: string) => `select ${columns} from tasks x where x.kind = k.value and x.state <> 'leased'
    and x.state = 'dead' order by x.id desc limit ${DEAD_TASKS}`
  const ofTasks = db.statement<{ id: string; kind: string; siteKey: string | null; error: string; at: any }>(
    'errors_of_tasks',
    `select t.id, t.kind, t.site_key as "siteKey", substr(t.error, 1, 5000) as error, ${ms('t.updated_at')} as at
     from ${eachOf('kinds', 'k')} ${either(`join tasks t on t.id in (${newestDead('x.id')})`, `cross join lateral (${newestDead('x.*')}) t`)}
     where t.error is not null and t.updated_at >= ${param('from', 'timestamptz')} and t.updated_at < ${param('to', 'timestamptz')}
       and (${param('site', 'text')} is null or t.site_key = ${param('site', 'text')})`,
  )

  return async ({ from, to, site_key: site, kind, limit }: z.output<typeof errorsQuery>): Promise<{ items: ErrorGroup[] }> => {
    const now = clock.now()
    const window = { from: from ?? new Date(now - DAY_MS), to: to ?? new Date(now + 1), site: site ?? null }
    if (window.to.getTime() - window.from.getTime() > WINDOW_DAYS * DAY_MS)
      throw invalidField(['query', 'from'], `A window of at most ${WINDOW_DAYS} days is read`, window.from.toISOString())
    const others = kinds().filter((one) => !one.startsWith('source.run') && (!kind || one === kind))
    const wanted = { ...window, kind: kind ?? null }
    const [runs, tasks] = await Promise.all([
      ofRuns.all(wanted),
      others.length === 0 ? [] : ofTasks.all({ ...window, kinds: others }),
    ])
    const groups = new Map<string, Found>()
    const found = (fingerprint: string): Found => {
      let group = groups.get(fingerprint)
      if (!group) {
        const never = { firstAt: Number.POSITIVE_INFINITY, lastAt: 0 }
        group = { kinds: new Set(), sites: new Set(), count: 0, ...never, runId: null, taskId: null }
        groups.set(fingerprint, group)
      }
      return group
    }
    const count = (group: Found, more: number, firstAt: number, lastAt: number) => {
      group.count += more
      group.firstAt = Math.min(group.firstAt, firstAt)
      group.lastAt = Math.max(group.lastAt, lastAt)
    }
    for (const row of runs) {
      const group = found(row.fingerprint)
      count(group, Number(row.count), row.firstAt, row.lastAt)
      group.runId = Number(row.sample)
    }
    for (const { id, kind: ofKind, siteKey, error, at } of tasks) {
      const group = found(errorGroupOf(error))
      count(group, 1, at, at)
      group.kinds.add(ofKind)
      if (siteKey !== null) group.sites.add(siteKey)
      group.taskId ??= id
      group.message ??= messageOfGroup(error)
    }
    const shown = [...groups].sort(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1)).slice(0, limit)
    const ofRun = shown.filter(([, { runId }]) => runId !== null)
    const [where, errors] =
      ofRun.length === 0
        ? [[], []]
        : await Promise.all([
            places.all({ ...wanted, groups: ofRun.map(([fingerprint]) => fingerprint) }),
            samples.all({ ids: ofRun.map(([, { runId }]) => runId) }),
          ])
    for (const place of where) {
      const group = found(place.fingerprint)
      group.kinds.add(place.kind)
      group.sites.add(place.siteKey)
    }
    const byId = new Map(errors.map((row) => [Number(row.id), row]))
    return {
      items: shown.map(([fingerprint, group]) => {
        const sample = group.runId === null ? undefined : byId.get(group.runId)
        return {
          fingerprint,
          message: sample?.error ? messageOfGroup(sample.error) : (group.message ?? ''),
          kinds: [...group.kinds].sort().slice(0, NAMED),
          sites: [...group.sites].sort().slice(0, NAMED),
          count: group.count,
          first_at: new Date(group.firstAt).toISOString(),
          last_at: new Date(group.lastAt).toISOString(),
          sample_run_id: group.runId,
          sample_task_id: sample?.taskId ?? group.taskId,
        }
      }),
    }
  }
}
export type Errors = ReturnType<typeof createErrors>
