import { type Clock, cachedFor } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import type { Engine } from '../../tasks/index.ts'
import type { Attention } from '../attention/service.ts'
import type { Fleet } from '../fleet/service.ts'

/** Open runs that a snapshot names. */
const OPEN_RUNS = 200
/** A snapshot that many listeners share is at most so old, in ms. */
const SHARED_MS = 1000

interface OpenRun {
  run_id: number | string
  source_id: number | string
  site_key: string
  status: string
  worker_id: string | null
  items_scraped: number | string
  items_new: number | string
}

/** What stands at the beginning of a topic's events (operations §6). */
export const createSnapshots = ({
  db,
  clock,
  engine,
  attention,
  workers,
}: {
  db: Db
  clock: Clock
  engine: Pick<Engine, 'standings'>
  attention: Pick<Attention, 'list'>
  workers: Fleet['workers']
}) => {
  const { param } = db.fragments
  const columns = `r.id as run_id, r.source_id, r.site_key, r.status, r.worker_id, r.items_scraped, r.items_new`
  const open = (name: string, where: string) =>
    db.statement<OpenRun>(
      `snapshot_open_${name}`,
      `select ${columns} from parsing_runs r where r.status in ('queued', 'running')${where} order by r.id desc limit ${OPEN_RUNS}`,
    )
  const all = open('runs', '')
  const ofSite = open('of_site', ` and r.site_key = ${param('site', 'text')}`)
  const ofSource = open('of_source', ` and r.source_id = ${param('id', 'bigint')}`)
  const run = db.statement<OpenRun>('snapshot_run', `select ${columns} from parsing_runs r where r.id = ${param('id', 'bigint')}`)
  const openCounts = db.statement<{ status: string; count: number | string }>(
    'snapshot_open_counts',
    `select status, count(*) as count from parsing_runs where status in ('queued', 'running') group by status`,
  )
  const statuses = db.statement<{ status: string; count: number | string }>(
    'snapshot_site',
    `select status, count(*) as count from parsing_sources where site_key = ${param('site', 'text')} group by status`,
  )
  const source = db.statement<{ id: number | string; site_key: string; status: string }>(
    'snapshot_source',
    `select id, site_key, status from parsing_sources where id = ${param('id', 'bigint')}`,
  )
  const toRun = (row: OpenRun) => ({
    ...row,
    run_id: Number(row.run_id),
    source_id: Number(row.source_id),
    items_scraped: Number(row.items_scraped),
    items_new: Number(row.items_new),
  })
  const byStatus = (rows: { status: string; count: number | string }[]) =>
    Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]))
  const standings = async () => {
    const rows = await engine.standings()
    return rows.filter(({ oldest }) => oldest !== null).map(({ kind, state, count }) => ({ kind, state, count }))
  }
  /** Without what changes with every heartbeat. */
  const crew = async () =>
    (await workers()).map(({ worker_id, hostname, status, concurrent_tasks, via }) => ({
      ...{ worker_id, hostname, status, concurrent_tasks, via },
    }))
  const shared: Record<string, () => Promise<unknown>> = {
    fleet: cachedFor(clock, SHARED_MS, async () => {
      const [runs, tasks, present] = await Promise.all([openCounts.all(), standings(), workers()])
      return { runs: { queued: 0, running: 0, ...byStatus(runs) }, tasks, workers: present.length }
    }),
    runs: cachedFor(clock, SHARED_MS, async () => ({ open: (await all.all()).map(toRun) })),
    tasks: cachedFor(clock, SHARED_MS, async () => ({ states: await standings() })),
    workers: cachedFor(clock, SHARED_MS, async () => ({ workers: await crew() })),
    attention: cachedFor(clock, SHARED_MS, attention.list),
    audit: async () => ({}),
  }
  return async (topic: string): Promise<unknown> => {
    const [of, ...rest] = topic.split(':')
    const name = rest.join(':')
    if (of === 'site') {
      const [sources, runs] = await Promise.all([statuses.all({ site: name }), ofSite.all({ site: name })])
      return { site_key: name, sources: byStatus(sources), open: runs.map(toRun) }
    }
    if (of === 'source') {
      const [[row], runs] = await Promise.all([source.all({ id: Number(name) }), ofSource.all({ id: Number(name) })])
      return row ? { source_id: Number(row.id), site_key: row.site_key, status: row.status, open: runs.map(toRun) } : null
    }
    if (of === 'run') {
      const [row] = await run.all({ id: Number(name) })
      return row ? toRun(row) : null
    }
    return shared[topic]?.()
  }
}
