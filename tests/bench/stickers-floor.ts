// The floor of the sticker gallery: a bare Bun.serve with raw prepared bun:sqlite that does the same reads on the same tables.
// argv: database file, token.
import { Database } from 'bun:sqlite'

const db = new Database(process.argv[2], { strict: true })
const token = process.argv[3]
db.run('pragma cache_size=-16000')
const COLUMNS =
  'id, user_id, author_id, name, title, description, state, visibility, type, block_reason, created_at, deleted_at, likes_count'
const byId = db.query<any, [number]>(`select ${COLUMNS} from stickersets where id = ?`)
const byName = db.query<any, [string]>(
  `select id, title from stickersets where lower(name) = ? and state in ('ACTIVE', 'BLOCKED')`,
)
const total = db.query<{ n: number }, [number]>(`select count(*) as n from stickersets where author_id = ? and state = 'ACTIVE'`)
const page = db.query<any, [number, number, number]>(
  `select ${COLUMNS} from stickersets where author_id = ? and state = 'ACTIVE' order by created_at desc, id desc limit ? offset ?`,
)
const categoriesOf = db.query<any, [string]>(
  `select sc.stickerset_id as set_id, c.* from stickerset_categories sc join sticker_categories c on c.id = sc.category_id
   where sc.stickerset_id in (select value from json_each(?)) order by c.display_order, c.key`,
)
const descriptionsOf = db.query<any, [string]>(
  'select * from stickerset_descriptions where stickerset_id in (select value from json_each(?))',
)
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

const dto = (row: any, categories: any[], descriptions: any[]) => ({
  id: row.id,
  userId: row.user_id,
  title: row.title,
  description: row.description,
  descriptions: descriptions.length > 0 ? Object.fromEntries(descriptions.map((one) => [one.language, one.description])) : null,
  name: row.name,
  url: `https://t.me/addstickers/${row.name}`,
  createdAt: iso(row.created_at),
  telegramStickerSetInfo: null,
  categories: categories.map((category) => ({
    id: category.id,
    key: category.key,
    name: category.name_en,
    description: category.description_en,
    iconUrl: category.icon_url,
    displayOrder: category.display_order,
    isActive: category.is_active === 1,
  })),
  likesCount: row.likes_count,
  state: row.state,
  visibility: row.visibility,
  type: row.type,
  deletedAt: iso(row.deleted_at),
  blockReason: row.block_reason,
  isPublic: row.visibility === 'PUBLIC',
  isBlocked: row.state === 'BLOCKED',
  isOfficial: row.type === 'OFFICIAL',
  authorId: row.author_id,
  availableActions: [],
  isLikedByCurrentUser: false,
})
const readPage = (author: number): Response => {
  const size = 20
  const count = total.get(author)?.n ?? 0
  const rows = page.all(author, size, 0)
  const ids = JSON.stringify(rows.map((row) => row.id))
  const categories = Map.groupBy(categoriesOf.all(ids), (category) => category.set_id)
  const descriptions = Map.groupBy(descriptionsOf.all(ids), (one) => one.stickerset_id)
  const pages = Math.ceil(count / size)
  return Response.json({
    content: rows.map((row) => dto(row, categories.get(row.id) ?? [], descriptions.get(row.id) ?? [])),
    page: 0,
    size,
    totalElements: count,
    totalPages: pages,
    first: true,
    last: pages <= 1,
    hasNext: pages > 1,
    hasPrevious: false,
  })
}

const BASE = '/internal/stickersets'
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    if (request.headers.get('x-service-token') !== token) return Response.json({}, { status: 401 })
    const url = request.url.slice(request.url.indexOf('/', 8) + BASE.length)
    if (url.startsWith('/check?name=')) {
      const name = url.slice('/check?name='.length).toLowerCase()
      const found = byName.get(name)
      return Response.json(found ? { exists: true, name, id: found.id, title: found.title } : { exists: false, name })
    }
    if (url.startsWith('/author/')) return readPage(Number.parseInt(url.slice('/author/'.length), 10))
    const row = byId.get(Number.parseInt(url.slice(1), 10))
    if (!row) return Response.json({}, { status: 404 })
    const ids = `[${row.id}]`
    return Response.json(dto(row, categoriesOf.all(ids), descriptionsOf.all(ids)))
  },
})
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.port}` })}\n`)
process.on('SIGTERM', () => process.exit(0))
