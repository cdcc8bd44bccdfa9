import type { Language, MessageValue } from '../envelope.ts'
import { type Action, linkOf, type State, type Visibility } from './model.ts'
import type { SetParts } from './repository.ts'

/** A set as it is stored; the same shape from both dialects. Times are epoch milliseconds. */
export interface SetRow {
  id: number
  userId: number
  authorId: number | null
  name: string
  title: string
  description: string | null
  state: State
  visibility: Visibility
  type: 'USER' | 'OFFICIAL'
  blockReason: string | null
  createdAt: number
  deletedAt: number | null
  likesCount: number
}
export interface CategoryRow {
  id: number
  key: string
  nameRu: string
  nameEn: string
  descriptionRu: string | null
  descriptionEn: string | null
  iconUrl: string | null
  displayOrder: number
  isActive: boolean | number
}
export interface SetCategoryRow extends CategoryRow {
  setId: number
}
export interface DescriptionRow {
  setId: number
  language: string
  description: string
}

const perDialect = (text: (id: (column: string) => string, ms: (column: string) => string) => string) => ({
  sqlite: text(
    (column) => column,
    (column) => column,
  ),
  postgres: text(
    // Exact up to 2^53, and a number in JavaScript; the driver gives bigints as texts.
    (column) => `${column}::float8`,
    (column) => `(extract(epoch from ${column}) * 1000)::float8`,
  ),
})

/** Columns of `stickersets s` as `SetRow`. */
const SET_COLUMNS = perDialect(
  (id, ms) => `${id('s.id')} as "id", ${id('s.user_id')} as "userId", ${id('s.author_id')} as "authorId", lower(s.name) as "name",
    s.title as "title", s.description as "description", s.state as "state", s.visibility as "visibility", s.type as "type",
    s.block_reason as "blockReason", ${ms('s.created_at')} as "createdAt", ${ms('s.deleted_at')} as "deletedAt",
    s.likes_count as "likesCount"`,
)
/** Columns of `sticker_categories c` as `CategoryRow`. */
const CATEGORY_COLUMNS = perDialect(
  (id) => `${id('c.id')} as "id", c.key as "key", c.name_ru as "nameRu", c.name_en as "nameEn",
    c.description_ru as "descriptionRu", c.description_en as "descriptionEn", c.icon_url as "iconUrl",
    c.display_order as "displayOrder", c.is_active as "isActive"`,
)

/** What differs between the dialects in a statement. */
export interface SqlParts {
  set: string
  category: string
  /**
   * A parameter's number, hidden from SQLite's planner: where its value might change the plan (an order, a partial index) the
   * statement would be compiled anew at every execution, which costs several times the lookup.
   */
  value: (name: string) => string
  /** The same for a text. */
  text: (name: string) => string
  /** The JSON list of a parameter as a subquery. */
  ids: (name: string) => string
  texts: (name: string) => string
  /** A text column in byte order. */
  bytes: (column: string) => string
  /** Where the text of a parameter lies within another, 0 for nowhere. */
  position: (text: string, part: string) => string
  id: (column: string) => string
  count: string
  forUpdate: string
}

/** Both texts of a statement from one. */
export const bothDialects = (build: (parts: SqlParts) => string): { sqlite: string; postgres: string } => ({
  sqlite: build({
    set: SET_COLUMNS.sqlite,
    category: CATEGORY_COLUMNS.sqlite,
    value: (name) => `likely(:${name})`,
    text: (name) => `likely(:${name})`,
    ids: (name) => `(select value from json_each(:${name}))`,
    texts: (name) => `(select value from json_each(:${name}))`,
    bytes: (column) => column,
    position: (text, part) => `instr(${text}, :${part})`,
    id: (column) => column,
    count: 'count(*)',
    forUpdate: '',
  }),
  postgres: build({
    set: SET_COLUMNS.postgres,
    category: CATEGORY_COLUMNS.postgres,
    value: (name) => `:${name}::bigint`,
    text: (name) => `:${name}::text`,
    ids: (name) => `(select value::bigint from jsonb_array_elements_text(:${name}::text::jsonb))`,
    texts: (name) => `(select value from jsonb_array_elements_text(:${name}::text::jsonb))`,
    bytes: (column) => `${column} collate "C"`,
    position: (text, part) => `strpos(${text}, :${part}::text)`,
    id: (column) => `${column}::float8`,
    count: 'count(*)::float8',
    forUpdate: ' for update',
  }),
})

/** Who looks at a set: known in the answer to a create alone (stickers §4.1). */
export interface Viewer {
  actions: Action[]
  likes: boolean
}
const NO_VIEWER: Viewer = { actions: [], likes: false }

const text = (value: string | null): string => (value === null ? 'null' : JSON.stringify(value))
const time = (ms: number | null): string => (ms === null ? 'null' : `"${new Date(ms).toISOString()}"`)

/** A category as JSON in the language (stickers §4.2). */
const categoryJson = (row: CategoryRow, language: Language): string => {
  const [name, description] = language === 'ru' ? [row.nameRu, row.descriptionRu] : [row.nameEn, row.descriptionEn]
  return `{"id":${row.id},"key":"${row.key}","name":${text(name)},"description":${text(description)},"iconUrl":${text(row.iconUrl)},"displayOrder":${row.displayOrder},"isActive":${row.isActive ? 'true' : 'false'}}`
}
/** By `displayOrder`, then `key`, whose characters sort alike everywhere. */
const inDisplayOrder = (a: CategoryRow, b: CategoryRow): number =>
  a.displayOrder - b.displayOrder || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
export const categoriesJson = (rows: CategoryRow[], language: Language): string =>
  rows.length === 0
    ? '[]'
    : `[${rows
        .sort(inDisplayOrder)
        .map((row) => categoryJson(row, language))
        .join(',')}]`

const descriptionsJson = (rows: SetParts['descriptions']): string =>
  rows.length === 0
    ? 'null'
    : `{${rows
        .sort((a, b) => (a.language < b.language ? -1 : 1))
        .map((row) => `${text(row.language)}:${text(row.description)}`)
        .join(',')}}`

/**
 * A StickerSetDto as JSON: its 22 keys in the contract's order (stickers §4.1). Written by hand, so that Telegram's part, most of it,
 * goes through as the text it came as.
 */
export const setJson = (
  row: SetRow,
  { categories, descriptions }: SetParts,
  info: string | null,
  language: Language,
  viewer: Viewer = NO_VIEWER,
): string => {
  const isDeleted = row.state === 'DELETED'
  const isBlocked = row.state === 'BLOCKED'
  return `{"id":${row.id},"userId":${row.userId},"title":${text(row.title)},"description":${text(row.description)},"descriptions":${descriptionsJson(descriptions)},"name":${text(row.name)},"url":${text(linkOf(row.name))},"createdAt":${time(row.createdAt)},"telegramStickerSetInfo":${info ?? 'null'},"categories":${categoriesJson(categories, language)},"likesCount":${row.likesCount},"state":"${row.state}","visibility":"${row.visibility}","type":"${row.type}","deletedAt":${isDeleted ? time(row.deletedAt) : 'null'},"blockReason":${isBlocked ? text(row.blockReason) : 'null'},"isPublic":${row.visibility === 'PUBLIC'},"isBlocked":${isBlocked},"isOfficial":${row.type === 'OFFICIAL'},"authorId":${row.authorId},"availableActions":${JSON.stringify(viewer.actions)},"isLikedByCurrentUser":${viewer.likes}}`
}

/** DTOs of rows in their order; `infoOf` gives each one's Telegram data. */
export const setsJson = (
  rows: SetRow[],
  parts: SetParts,
  language: Language,
  infoOf: (name: string) => string | null,
): string => {
  const categories = Map.groupBy(parts.categories, (row) => row.setId)
  const descriptions = Map.groupBy(parts.descriptions, (row) => row.setId)
  return `[${rows
    .map((row) =>
      setJson(
        row,
        { categories: categories.get(row.id) ?? [], descriptions: descriptions.get(row.id) ?? [] },
        infoOf(row.name),
        language,
      ),
    )
    .join(',')}]`
}

/** Telegram's data with one sticker, drawn anew; unchanged where there is nothing to draw from (stickers §5). */
export const drawPreview = (info: string, random: () => number): string => {
  const data = JSON.parse(info) as { stickers?: unknown }
  if (!Array.isArray(data.stickers) || data.stickers.length < 2) return info
  return JSON.stringify({ ...data, stickers: [data.stickers[Math.floor(random() * data.stickers.length)]] })
}

/** The page around `content` (stickers §4.3). */
export const pageJson = (content: string, page: number, size: number, total: number): string => {
  const pages = Math.ceil(total / size)
  return `{"content":${content},"page":${page},"size":${size},"totalElements":${total},"totalPages":${pages},"first":${page === 0},"last":${page >= pages - 1},"hasNext":${page < pages - 1},"hasPrevious":${page > 0}}`
}

/** A blocked set's reason as messages show it (stickers §3.5). */
export const reasonOf = (row: SetRow): MessageValue =>
  row.blockReason === null || row.blockReason.trim() === '' ? { word: 'no_reason' } : row.blockReason
