// The floor of the crawler lines: a bare Bun.serve with raw prepared bun:sqlite on the same tables and indices. An update is one statement,
// a new task one transaction of two: the crawler's row and the engine's.
// argv: database file, synchronous.
import { Database } from 'bun:sqlite'

const db = new Database(process.argv[2], { strict: true })
db.run('pragma journal_mode=wal')
db.run(`pragma synchronous=${process.argv[3]}`)
db.run('pragma cache_size=-16000')
const update = db.query('update crawler_tasks set progress = ?, updated_at = ? where id = ?')
const account = db.query<{ id: string }, []>('select id from crawler_accounts limit 1').get()?.id ?? ''
const insert = db.query(
  `insert into crawler_tasks (id, task_type, command, status, leasable, account_id, provider, api_endpoint, instance, options, priority, progress,
     timeline_size, timeline_truncated, run, created_at, updated_at, active_at, attempts, max_attempts, fence, available_at, engine_task_id)
   values (?1, ?2, 'issues', 'queued', 1, '${account}', 'gitlab-onprem', 'https://gitlab.example/api/v4', 'https://gitlab.example', ?3, 1, ?4, 0, 0, 1, ?5, ?5, ?5, 0, 3, 0, ?5, ?6)`,
)
const insertTask = db.query(
  `insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, created_at, updated_at)
   values (?1, ?2, ?3, 1, 'queued', ?4, 3, ?4, ?4)`,
)
const create = db.transaction((data: any, now: number) => {
  const engineId = Bun.randomUUIDv7()
  insert.run(data.id, data.type, JSON.stringify(data.options ?? {}), '{"processed":0}', now, engineId)
  insertTask.run(engineId, `crawler.${data.type}`, JSON.stringify({ task_id: data.id }), now)
})
const page = db.query<any, any>('select * from crawler_tasks where status = ? order by created_at, id limit ? offset ?')
const total = db.query<{ n: number }, any>('select count(*) as n from crawler_tasks where status = ?')

const iso = (at: number | null) => (at === null ? undefined : new Date(at).toISOString())
const shown = (row: any) => {
  const progress = JSON.parse(row.progress)
  return {
    id: row.id,
    type: row.task_type,
    status: row.status,
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
    startedAt: iso(row.started_at),
    completedAt: iso(row.finished_at),
    progress: {
      processed: progress.processed,
      total: progress.total,
      percentage: progress.percentage,
      currentStep: progress.currentStep,
    },
  }
}

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const url = new URL(request.url)
    if (request.method === 'GET') {
      const rows = page.all('queued', 10, 0)
      const count = total.get('queued')?.n ?? 0
      return Response.json({ data: rows.map(shown), meta: { total: count, limit: 10, offset: 0, hasMore: count > 10 } })
    }
    const body: any = JSON.parse(await request.text())
    const now = Date.now()
    if (url.pathname.endsWith('/progress')) {
      const id = url.pathname.split('/')[4] as string
      update.run(JSON.stringify({ processed: body.processed, total: body.total }), now, id)
      return Response.json({
        data: {
          taskId: id,
          status: 'acknowledged',
          timestamp: new Date(now).toISOString(),
          progress: { processed: body.processed },
        },
      })
    }
    const { data } = body
    create.immediate(data, now)
    return Response.json(
      { data: { id: data.id, type: data.type, status: 'queued', createdAt: new Date(now).toISOString() } },
      { status: 201 },
    )
  },
})
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.port}` })}\n`)
process.on('SIGTERM', () => process.exit(0))
