import { z } from 'zod'
import { blankAsAbsent, booleanFrom, DIGITS, numberFrom } from '../../platform/http/schema.ts'
import { say, sayType } from '../envelope.ts'

/** Field kinds of the contract (stickers §3.2); their messages are codes of `TEXTS` in `envelope.ts`. */

/** Postgres stores neither U+0000 nor half a surrogate pair. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()
/** The same for a text of the query, where U+FFFD stands for bytes that are no UTF-8. */
const isText = (text: string): boolean => isStorable(text) && !text.includes('\ufffd')

/** A parameter that may stand once; blank counts as absent. */
const once = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value, ctx) => {
    if (!Array.isArray(value)) return blankAsAbsent(value)
    ctx.addIssue({ code: 'custom', message: say('repeated') })
    return z.NEVER
  }, schema)

const toInteger = numberFrom(DIGITS)
const wholeNumber = (min: number, max: number) => {
  const message = say('invalid_number', { min, max })
  return z
    .int({ error: sayType(message, say('required')) })
    .min(min, message)
    .max(max, message)
}
/** An id in the path. */
const pathId = () => z.preprocess(toInteger, wholeNumber(1, Number.MAX_SAFE_INTEGER))
/** An id in the query. */
const queryId = () => once(z.preprocess(toInteger, wholeNumber(1, Number.MAX_SAFE_INTEGER)))
const optionalId = () => once(z.preprocess(toInteger, wholeNumber(1, Number.MAX_SAFE_INTEGER)).optional()).optional()
const integer = (min: number, max: number, absent: number) =>
  once(z.preprocess(toInteger, wholeNumber(min, max).default(absent))).default(absent)

const toBoolean = booleanFrom(['true', 'on', 'yes', '1'], ['false', 'off', 'no', '0'])
/** False when absent. */
const flag = () => once(z.preprocess(toBoolean, z.boolean({ error: say('invalid_boolean') }).default(false))).default(false)

const choice = <const T extends readonly [string, ...string[]]>(values: T, absent: NoInfer<T[number]>) => {
  const schema = z.enum(values, { error: say('invalid_choice', { values: values.join(', ') }) })
  return once(schema.default(absent as never)).default(absent as never)
}

/** A text as it was given, of at most `max` UTF-16 units. */
const text = (max: number) =>
  once(z.string().refine(isText, say('invalid_text')).max(max, say('too_long', { max })).optional()).optional()

/** A text that is trimmed before it is measured; empty when absent. */
const searchText = (max: number) =>
  once(z.string().refine(isText, say('invalid_text')).trim().max(max, say('too_long', { max })).default('')).default('')

/** Comma-separated parts of all values of a parameter, trimmed, without empty ones and repeats. */
const list = () =>
  z.preprocess(
    (value) => (Array.isArray(value) ? value.join(',') : value),
    z
      .string()
      .refine(isText, say('invalid_text'))
      .default('')
      .transform((all) => [...new Set(all.split(',').map((part) => part.trim()))].filter((part) => part !== '')),
  )

/** A text of a body; null counts as absent. */
const bodyText = (absent?: string) =>
  z
    .string({ error: sayType(say('invalid_type', { expected: { word: 'a_string' } }), absent) })
    .refine(isStorable, say('invalid_text'))

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

const STRINGS = say('invalid_type', { expected: { word: 'strings' } })
const time = z.iso.datetime({ precision: 3 })

const EXAMPLE_CATEGORY = {
  id: 3,
  key: 'cute',
  name: 'Cute',
  description: null,
  iconUrl: null,
  displayOrder: 30,
  isActive: true,
}
/** stickers §4.2 */
const categoryDto = z
  .strictObject({
    id: z.int(),
    key: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    iconUrl: z.string().nullable(),
    displayOrder: z.int(),
    isActive: z.boolean(),
  })
  .meta({ id: 'StickerCategory', examples: [EXAMPLE_CATEGORY] })

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
  .meta({
    id: 'StickerSet',
    examples: [
      {
        id: 11,
        userId: 42,
        title: 'Tea cats',
        description: null,
        descriptions: null,
        name: 'tea_cats',
        url: 'https://t.me/addstickers/tea_cats',
        createdAt: '2026-01-15T09:00:00.000Z',
        telegramStickerSetInfo: null,
        categories: [EXAMPLE_CATEGORY],
        likesCount: 5,
        state: 'ACTIVE',
        visibility: 'PUBLIC',
        type: 'USER',
        deletedAt: null,
        blockReason: null,
        isPublic: true,
        isBlocked: false,
        isOfficial: false,
        authorId: 42,
        availableActions: [],
        isLikedByCurrentUser: false,
      },
    ],
  })

/** stickers §4.3 */
export const stickerSetPage = z
  .strictObject({
    content: z.array(stickerSetDto),
    page: z.int().meta({ examples: [0] }),
    size: z.int().meta({ examples: [20] }),
    totalElements: z.int().meta({ examples: [1] }),
    totalPages: z.int().meta({ examples: [1] }),
    first: z.boolean(),
    last: z.boolean(),
    hasNext: z.boolean().meta({ examples: [false] }),
    hasPrevious: z.boolean().meta({ examples: [false] }),
  })
  .meta({ id: 'StickerSetPage' })

/** stickers §5.7 */
export const searchResult = z
  .strictObject({
    content: z.array(stickerSetDto),
    limit: z.int().meta({ examples: [20] }),
    offset: z.int().meta({ examples: [0] }),
    totalElements: z.int().meta({ examples: [1] }),
    hasNext: z.boolean().meta({ examples: [false] }),
  })
  .meta({ id: 'StickerSetSearch' })

/** stickers §5.5 */
export const checkResult = z
  .union([
    z.strictObject({ exists: z.literal(true), name: z.string(), id: z.int(), title: z.string() }),
    z.strictObject({ exists: z.literal(false), name: z.string() }),
  ])
  .meta({ id: 'StickerSetCheck', examples: [{ exists: true, name: 'tea_cats', id: 11, title: 'Tea cats' }] })

export const categoryList = z.strictObject({ content: z.array(categoryDto) }).meta({ id: 'StickerCategoryList' })

/** Longest value of a parameter or field, in UTF-16 units. */
const MAX_NAME = 200
const MAX_URL = 2048
const MAX_TITLE = 64
const MAX_SEARCH = 100
const MAX_INT = 2_147_483_647

const shortInfo = () => flag().describe("without Telegram's data of the sets")
const preview = () => flag().describe('with one sticker of each set, drawn anew')

export const idParams = z.object({
  id: pathId()
    .describe('id of the set')
    .meta({ examples: [11] }),
})
export const authorParams = z.object({
  authorId: pathId()
    .describe('id of the author')
    .meta({ examples: [42] }),
})
export const getQuery = z.object({ shortInfo: shortInfo() })

/** stickers §5.6 */
export const listQuery = z.object({
  page: integer(0, MAX_INT, 0).describe('page, from 0'),
  size: integer(1, 100, 20).describe('most sets of a page'),
  sort: choice(SORTS, 'createdAt').describe('what the sets are ordered by'),
  direction: choice(['ASC', 'DESC'], 'DESC').describe('order of the sets'),
  /** Empty: no filter. */
  categoryKeys: list().describe('keys of categories, comma-separated: sets of any of them'),
  shortInfo: shortInfo(),
  preview: preview(),
})
export type ListRequest = z.output<typeof listQuery> & { authorId: number }

/** stickers §5.7 */
export const searchQuery = z.object({
  query: searchText(MAX_SEARCH).describe('words that all have to occur'),
  limit: integer(1, 100, 20).describe('most sets'),
  offset: integer(0, MAX_INT, 0).describe('sets to leave out at the beginning'),
  shortInfo: shortInfo(),
  preview: preview(),
})
export type SearchRequest = z.output<typeof searchQuery>

/** The name that a check asks about, and whether any set can have it (stickers §5.5). A `url` that is there in any shape decides alone. */
export const checkQuery = z
  .object({
    name: z
      .any()
      .meta({ type: 'string', maxLength: MAX_NAME, description: 'name or link of the set', examples: ['tea_cats'] })
      .optional(),
    url: text(MAX_URL).describe('link of the set; decides when both are given'),
  })
  .transform(({ name: given, url }, ctx): { name: string; possible: boolean } => {
    const problem = (field: string, message: string) => {
      ctx.addIssue({ code: 'custom', path: [field], message })
      return z.NEVER
    }
    if (url !== undefined) {
      const { name, isLink } = normaliseName(url)
      return isLink && name !== undefined ? { name, possible: true } : problem('url', say('invalid_url'))
    }
    const asked = text(MAX_NAME).safeParse(given)
    if (!asked.success) return problem('name', asked.error.issues[0]?.message ?? '')
    if (asked.data === undefined) return problem('name', say('name_or_url_required'))
    const { name } = normaliseName(asked.data)
    if (name !== undefined) return { name, possible: true }
    if (isMeantAsLink(asked.data)) return problem('name', say('invalid_name'))
    return { name: asked.data.trim().toLowerCase(), possible: false }
  })

/** What stands for a body that is not there, and for one that is no JSON: the schema of the body refuses both. */
export const NO_BODY = Symbol('no body')
export const NOT_JSON = Symbol('not JSON')

export const createQuery = z.object({
  userId: queryId()
    .describe('owner of the set')
    .meta({ examples: [42] }),
  authorId: optionalId().describe('author of the set; its owner when absent'),
  shortInfo: shortInfo(),
})
/** The body of a create (stickers §5.2). */
export const createBody = z
  .object(
    {
      name: bodyText(say('required'))
        .refine((name) => name.trim() !== '', say('required'))
        .max(MAX_NAME, say('too_long', { max: MAX_NAME }))
        .transform((given, ctx) => {
          const { name } = normaliseName(given)
          if (name !== undefined) return name
          ctx.addIssue({ code: 'custom', message: say('invalid_name') })
          return z.NEVER
        }),
      title: bodyText()
        .trim()
        .max(MAX_TITLE, say('too_long', { max: MAX_TITLE }))
        .nullish()
        .transform((title) => title || undefined),
      /** Undefined: the key is absent or null. Null: blank, so that a revived set loses its text. */
      description: bodyText()
        .nullish()
        .transform((given) => (given === null || given === undefined ? undefined : given.trim() === '' ? null : given)),
      /** Empty: none asked for. */
      categoryKeys: z
        .array(z.string(STRINGS), STRINGS)
        .refine((keys) => keys.every(isStorable), say('invalid_text'))
        .nullish()
        .transform((keys) => [...new Set(keys)]),
      isPublic: z
        .boolean(say('invalid_type', { expected: { word: 'a_boolean' } }))
        .nullish()
        .describe('deprecated: used only without visibility'),
      visibility: z
        .enum(VISIBILITIES, {
          error: ({ input }) =>
            typeof input === 'string'
              ? say('invalid_choice', { values: VISIBILITIES.join(', ') })
              : say('invalid_type', { expected: { word: 'a_string' } }),
        })
        .nullish(),
    },
    {
      error: ({ input }) =>
        input === NO_BODY
          ? say('required')
          : input === NOT_JSON
            ? say('invalid_json')
            : say('invalid_type', { expected: { word: 'an_object' } }),
    },
  )
  .transform(({ isPublic, visibility, ...fields }) => ({
    ...fields,
    visibility: visibility ?? (isPublic === true ? ('PUBLIC' as const) : ('PRIVATE' as const)),
  }))
  .meta({
    id: 'StickerSetCreate',
    examples: [{ name: 'https://t.me/addstickers/tea_cats', title: 'Tea cats', categoryKeys: ['cute'], visibility: 'PUBLIC' }],
  })

/** What a create asks for, checked. */
export type CreateRequest = z.output<typeof createQuery> & z.output<typeof createBody>

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
const isMeantAsLink = (value: string): boolean => value.includes('/')

/** The set's page at Telegram. */
export const linkOf = (name: string): string => `https://t.me/addstickers/${name}`
