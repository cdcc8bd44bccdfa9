// The floor of Love Parser's reads: a bare Bun.serve with raw prepared bun:sqlite, the same reads and the same JSON.
// argv: database file, token.
import { Database } from 'bun:sqlite'

const [path = '', token = ''] = process.argv.slice(2)
const db = new Database(path, { strict: true })
db.run('pragma cache_size=-16000')
const hash = new Bun.CryptoHasher('sha256').update(token).digest('hex')
const userId = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub as string

const session = db.query<any, [string, string]>(
  `select id, phone_number, telegram_id, telegram_username, full_name, status, profile, revision,
     (select count(*) from token_blacklist where token_hash = ?) as revoked from users where id = ?`,
)
const current = db.query<any, [string]>(
  'select id, plan_code, plan_name, status, started_at, expires_at, metadata from subscriptions where user_id = ? order by expires_at desc limit 1',
)
const usage = db.query<any, [string]>(
  'select category, limit_value, consumed_value, resets_at, period from usage where user_id = ?',
)
const columns =
  'id, user_id, query, filters, status, source, result_count, error_message, cancelled, created_at, updated_at, completed_at'
const history = db.query<any, [string, number, number]>(
  `select ${columns} from parsing_history where user_id = ? order by created_at desc, id desc limit ? offset ?`,
)
const search = db.query<any, [string, string]>(`select ${columns} from parsing_history where id = ? and user_id = ?`)
const results = db.query<any, [string, number, number]>(
  'select * from parsed_channels where search_id = ? order by member_count desc, channel_id limit ? offset ?',
)
const segments = db.query<any, [string, number, number]>(
  'select * from audience_segments where user_id = ? order by created_at desc, id desc limit ? offset ?',
)
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

const me = (user: any) => {
  const subscription = current.get(userId)
  const profile = JSON.parse(user.profile)
  const limits: Record<string, unknown> = {}
  for (const row of usage.all(userId)) {
    limits[`${row.category}_limit`] = row.limit_value
    limits[`${row.category}_used`] = row.consumed_value
    limits[`${row.category}_resets_at`] = iso(row.resets_at)
  }
  return {
    id: user.id,
    phone_number: user.phone_number,
    telegram_id: String(user.telegram_id),
    telegram_username: user.telegram_username,
    is_active: user.status === 'active',
    telegram_profile_photo_id: profile.telegram.photoId,
    first_name: profile.telegram.firstName,
    last_name: profile.telegram.lastName,
    subscription: { plan_type: subscription.plan_code, status: subscription.status, expires_at: iso(subscription.expires_at) },
    limits,
  }
}
const entry = (row: any) => ({
  id: row.id,
  query: row.query,
  filters: JSON.parse(row.filters),
  status: row.status,
  created_at: iso(row.created_at),
  results_count: row.result_count,
  source: row.source,
  error: row.error_message,
  completed_at: iso(row.completed_at),
})
const channel = (row: any) => ({
  channel_id: row.channel_id,
  title: row.title,
  username: `@${row.username}`,
  subscribers: row.member_count,
  description: row.description,
  activity_score: row.activity_score,
  activity_level: row.activity_level,
  last_post: iso(row.last_post),
})
const segment = (row: any) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  source_parsing_id: row.source_parsing_id,
  filters: JSON.parse(row.filters),
  total_recipients: row.total_recipients,
  status: row.status,
  created_at: iso(row.created_at),
  updated_at: iso(row.updated_at),
})

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    if (request.headers.get('authorization') !== `Bearer ${token}`) return Response.json({}, { status: 401 })
    const user = session.get(hash, userId)
    if (!user || user.revoked > 0) return Response.json({}, { status: 401 })
    const path = request.url.slice(request.url.indexOf('/', 8))
    if (path.startsWith('/api/v1/auth/me')) return Response.json(me(user))
    if (path.startsWith('/api/v1/parsing/history')) return Response.json(history.all(userId, 20, 0).map(entry))
    if (path.startsWith('/api/v1/audience/segments')) return Response.json(segments.all(userId, 20, 0).map(segment))
    const id = path.split('/')[4] ?? ''
    const found = search.get(id, userId)
    const rows = results.all(id, 50, 0)
    return Response.json({ total: found.result_count, page: 1, limit: 50, results: rows.map(channel), source: found.source })
  },
})
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.port}` })}\n`)
process.on('SIGTERM', () => process.exit(0))
