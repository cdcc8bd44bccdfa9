import type { State, Visibility } from './model.ts'

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
export const SET_COLUMNS = perDialect(
  (id, ms) => `${id('s.id')} as "id", ${id('s.user_id')} as "userId", ${id('s.author_id')} as "authorId", lower(s.name) as "name",
    s.title as "title", s.description as "description", s.state as "state", s.visibility as "visibility", s.type as "type",
    s.block_reason as "blockReason", ${ms('s.created_at')} as "createdAt", ${ms('s.deleted_at')} as "deletedAt",
    s.likes_count as "likesCount"`,
)
/** Columns of `sticker_categories c` as `CategoryRow`. */
export const CATEGORY_COLUMNS = perDialect(
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
