import type { Language } from '../messages.ts'
import { type Action, linkOf } from './model.ts'
import type { SetParts } from './repository.ts'
import type { CategoryRow, SetRow } from './rows.ts'

/** Who looks at a set: known in the answer to a create alone (stickers §4.1). */
export interface Viewer {
  actions: Action[]
  likes: boolean
}
const NOBODY: Viewer = { actions: [], likes: false }

const text = (value: string | null): string => (value === null ? 'null' : JSON.stringify(value))
const time = (ms: number | null): string => (ms === null ? 'null' : `"${new Date(ms).toISOString()}"`)

/** A category as JSON in the language (stickers §4.2). */
export const categoryJson = (row: CategoryRow, language: Language): string => {
  const [name, description] = language === 'ru' ? [row.nameRu, row.descriptionRu] : [row.nameEn, row.descriptionEn]
  return `{"id":${row.id},"key":"${row.key}","name":${text(name)},"description":${text(description)},"iconUrl":${text(row.iconUrl)},"displayOrder":${row.displayOrder},"isActive":${row.isActive ? 'true' : 'false'}}`
}
/** By `displayOrder`, then `key`, whose characters sort alike everywhere. */
export const inDisplayOrder = (a: CategoryRow, b: CategoryRow): number =>
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
  viewer: Viewer = NOBODY,
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
