// The floor over HTTP: a bare Bun.serve with raw prepared bun:sqlite that does the same statements on the same tables.
// argv: database file, and `hinted` for the statement of a run's history as ours is: without columns that are not shown, and with the
// value hidden from SQLite's planner, which otherwise compiles the statement anew at every execution.
import { Database } from 'bun:sqlite'
import { TOKEN } from './rig.ts'

const db = new Database(process.argv[2], { strict: true })
db.run('pragma cache_size=-16000')
const source = db.query<any, [number]>('select * from parsing_sources where id = ?')
const total = db.query<{ n: number }, [number, string]>('select count(*) as n from products where source_id = ? and site_key = ?')
const hinted = process.argv[3] === 'hinted'
const shown =
  'id, source_id, status, strategy, trigger, reason, error, items_rejected, pages_failed, outcome_reason, task_id, items_scraped, items_new, items_updated, categories_found, started_at, finished_at, created_at'
const history = db.query<any, [number]>(
  `select ${hinted ? shown : '*'} from parsing_runs where source_id = ${hinted ? 'likely(?)' : '?'} order by id desc limit 50`,
)
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

const readSource = (id: number): Response => {
  const row = source.get(id)
  if (!row) return Response.json({ error: { code: 'not_found', message: 'Source not found' } }, { status: 404 })
  const count = total.get(id, row.site_key)
  const runs = history.all(id)
  const config = JSON.parse(row.config)
  if (row.last_stats !== null) config.last_stats = JSON.parse(row.last_stats)
  return Response.json({
    id: row.id,
    url: row.url,
    type: row.type,
    site_key: row.site_key,
    strategy: row.strategy,
    priority: row.priority,
    refresh_interval_hours: row.refresh_interval_hours,
    schedule: row.schedule === null ? null : JSON.parse(row.schedule),
    overlap: row.overlap,
    is_active: row.is_active === 1,
    status: row.status,
    last_synced_at: iso(row.last_synced_at),
    next_sync_at: iso(row.next_sync_at),
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
    config,
    total_items: count?.n ?? 0,
    last_run_new: runs.find((run) => run.status !== 'skipped')?.items_new ?? 0,
    history: runs.map((run) => ({
      id: run.id,
      source_id: run.source_id,
      date: iso(run.started_at ?? run.created_at),
      started_at: iso(run.started_at),
      finished_at: iso(run.finished_at),
      duration_seconds: run.started_at !== null && run.finished_at !== null ? (run.finished_at - run.started_at) / 1000 : null,
      status: run.status,
      strategy: run.strategy,
      trigger: run.trigger,
      items_scraped: run.items_scraped,
      items_rejected: run.items_rejected,
      pages_failed: run.pages_failed,
      outcome:
        run.status === 'completed'
          ? run.items_rejected > 0 || run.pages_failed > 0 || run.outcome_reason !== null
            ? 'partial'
            : 'completed'
          : null,
      task_id: run.task_id,
      items_new: run.items_new,
      items_updated: run.items_updated,
      categories_found: run.categories_found,
      error: run.error ?? run.reason,
    })),
  })
}

const SOURCE = '/internal/sources/'
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    const path = request.url.slice(request.url.indexOf('/', 8))
    if (path.startsWith(SOURCE)) {
      if (request.headers.get('x-internal-token') !== TOKEN) return Response.json({}, { status: 403 })
      return readSource(Number(path.slice(SOURCE.length)))
    }
    return Response.json({ status: 'ok' })
  },
})
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.port}` })}\n`)
process.on('SIGTERM', () => process.exit(0))
