import { z } from 'zod'

export const STATES = ['ACTIVE', 'DELETED', 'BLOCKED'] as const
export const VISIBILITIES = ['PUBLIC', 'PRIVATE'] as const
export const TYPES = ['USER', 'OFFICIAL'] as const
export const OPERATIONS = ['create', 'revive', 'delete', 'publish', 'unpublish'] as const
export const SORTS = ['id', 'createdAt', 'title', 'name', 'likesCount', 'visibility'] as const
export const ACTIONS = ['DELETE', 'EDIT_CATEGORIES', 'PUBLISH', 'UNPUBLISH'] as const

export type State = (typeof STATES)[number]
export type Visibility = (typeof VISIBILITIES)[number]
export type Operation = (typeof OPERATIONS)[number]
export type Sort = (typeof SORTS)[number]
export type Direction = 'ASC' | 'DESC'
export type Action = (typeof ACTIONS)[number]

const time = z.iso.datetime({ precision: 3 })

/** stickers §4.2 */
export const categoryDto = z
  .strictObject({
    id: z.int(),
    key: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    iconUrl: z.string().nullable(),
    displayOrder: z.int(),
    isActive: z.boolean(),
  })
  .meta({ id: 'StickerCategory' })

/** stickers §4.1: exactly these keys, always. */
export const stickerSetDto = z
  .strictObject({
    id: z.int(),
    userId: z.int(),
    title: z.string(),
    description: z.string().nullable(),
    descriptions: z.record(z.string(), z.string()).nullable(),
    name: z.string(),
    url: z.string(),
    createdAt: time,
    telegramStickerSetInfo: z.record(z.string(), z.unknown()).nullable(),
    categories: z.array(categoryDto),
    likesCount: z.int(),
    state: z.enum(STATES),
    visibility: z.enum(VISIBILITIES),
    type: z.enum(TYPES),
    deletedAt: time.nullable(),
    blockReason: z.string().nullable(),
    isPublic: z.boolean(),
    isBlocked: z.boolean(),
    isOfficial: z.boolean(),
    authorId: z.int().nullable(),
    availableActions: z.array(z.enum(ACTIONS)),
    isLikedByCurrentUser: z.boolean(),
  })
  .meta({ id: 'StickerSet' })

/** stickers §4.3 */
export const stickerSetPage = z
  .strictObject({
    content: z.array(stickerSetDto),
    page: z.int(),
    size: z.int(),
    totalElements: z.int(),
    totalPages: z.int(),
    first: z.boolean(),
    last: z.boolean(),
    hasNext: z.boolean(),
    hasPrevious: z.boolean(),
  })
  .meta({ id: 'StickerSetPage' })

/** stickers §5.7 */
export const searchResult = z
  .strictObject({
    content: z.array(stickerSetDto),
    limit: z.int(),
    offset: z.int(),
    totalElements: z.int(),
    hasNext: z.boolean(),
  })
  .meta({ id: 'StickerSetSearch' })

/** stickers §5.5 */
export const checkResult = z
  .union([
    z.strictObject({ exists: z.literal(true), name: z.string(), id: z.int(), title: z.string() }),
    z.strictObject({ exists: z.literal(false), name: z.string() }),
  ])
  .meta({ id: 'StickerSetCheck' })

export const categoryList = z.strictObject({ content: z.array(categoryDto) }).meta({ id: 'StickerCategoryList' })

/** The body of a create, for the API document; `parseCreate` reads it. */
export const createBody = z
  .object({
    name: z.string().max(200),
    title: z.string().max(64).nullish(),
    description: z.string().nullish(),
    categoryKeys: z.array(z.string()).nullish(),
    visibility: z.enum(VISIBILITIES).nullish(),
    isPublic: z.boolean().nullish().describe('deprecated: used only without visibility'),
  })
  .meta({ id: 'StickerSetCreate' })

/** What a create asks for, checked. */
export interface CreateRequest {
  userId: number
  authorId: number | undefined
  shortInfo: boolean
  name: string
  title: string | undefined
  /** Undefined: the key is absent or null. Null: blank, so that a revived set loses its text. */
  description: string | null | undefined
  /** Empty: none asked for. */
  categoryKeys: string[]
  visibility: Visibility
}

export interface ListRequest {
  authorId: number
  page: number
  size: number
  sort: Sort
  direction: Direction
  /** Empty: no filter. */
  categoryKeys: string[]
  shortInfo: boolean
  preview: boolean
}

export interface SearchRequest {
  query: string
  limit: number
  offset: number
  shortInfo: boolean
  preview: boolean
}

/** Who changes something, for the audit. */
export interface Actor {
  service: string
  requestId: string
}

/** Cases folded the way stored search texts are, for Latin and Cyrillic alike. */
export const foldCase = (text: string): string => text.toLowerCase()
/** What a search looks into; no term holds a line end. */
export const searchTextOf = (title: string, name: string): string => foldCase(`${title}\n${name}`)

/** Longest name of a set. */
const NAME = /^[A-Za-z0-9_]{1,200}$/
const LINK = /^(?:https?:\/\/)?(?:www\.)?t\.me\/addstickers\//i

export interface NormalName {
  /** Lower-cased; undefined when the value names no set. */
  name: string | undefined
  isLink: boolean
}

/**
 * The one normaliser of sticker set names (stickers §3.6), for `create.name`, `check.name` and `check.url`.
 * @example normaliseName('https://t.me/addstickers/Foo/?a=1') // { name: 'foo', isLink: true }
 */
export const normaliseName = (value: string): NormalName => {
  const text = value.trim()
  const link = LINK.exec(text)?.[0]
  let rest = text
  if (link !== undefined) {
    rest = text.slice(link.length)
    const query = rest.indexOf('?')
    if (query >= 0) rest = rest.slice(0, query)
    if (rest.endsWith('/')) rest = rest.slice(0, -1)
  }
  return { name: NAME.test(rest) ? rest.toLowerCase() : undefined, isLink: link !== undefined }
}

/** Whether a value is meant as a link, be it one of ours or not: a bare name has no slash (stickers §5.5). */
export const isMeantAsLink = (value: string): boolean => value.includes('/')

/** The set's page at Telegram. */
export const linkOf = (name: string): string => `https://t.me/addstickers/${name}`
