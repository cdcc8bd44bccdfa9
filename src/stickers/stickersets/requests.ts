import { AppError } from '../../errors.ts'
import { MIB, readBodyBytes } from '../../platform/http/body.ts'
import {
  type Given,
  givenIn,
  isStorable,
  readBoolean,
  readChoice,
  readId,
  readInteger,
  readList,
  readPathId,
  readRequiredId,
  readText,
  refuse,
  settle,
} from '../fields.ts'
import {
  type CreateRequest,
  isMeantAsLink,
  type ListRequest,
  normaliseName,
  type SearchRequest,
  SORTS,
  VISIBILITIES,
  type Visibility,
} from './model.ts'

const MAX_NAME = 200
const MAX_URL = 2048
const MAX_TITLE = 64
const MAX_QUERY = 100
const MAX_INT = 2_147_483_647
const NO_VALUE = Symbol('no JSON')

/** The path's `id`. @throws AppError 400 */
export const parseId = (id: string | undefined): number => {
  const given: Given = { query: new Map(), problems: [] }
  const value = readPathId(given, 'id', id)
  settle(given)
  return value
}

export const parseGet = (request: Request, id: string | undefined) => {
  const given = givenIn(request)
  const read = { id: readPathId(given, 'id', id), shortInfo: readBoolean(given, 'shortInfo') }
  settle(given)
  return read
}

/** stickers §5.6 */
export const parseList = (request: Request, authorId: string | undefined): ListRequest => {
  const given = givenIn(request)
  const read = {
    authorId: readPathId(given, 'authorId', authorId),
    page: readInteger(given, 'page', 0, MAX_INT, 0),
    size: readInteger(given, 'size', 1, 100, 20),
    sort: readChoice(given, 'sort', SORTS, 'createdAt'),
    direction: readChoice(given, 'direction', ['ASC', 'DESC'], 'DESC'),
    categoryKeys: readList(given, 'categoryKeys'),
    shortInfo: readBoolean(given, 'shortInfo'),
    preview: readBoolean(given, 'preview'),
  }
  settle(given)
  return read
}

/** stickers §5.7 */
export const parseSearch = (request: Request): SearchRequest => {
  const given = givenIn(request)
  const query = readText(given, 'query', Number.MAX_SAFE_INTEGER)?.trim() ?? ''
  if (query.length > MAX_QUERY) refuse(given, 'query', 'too_long', { max: MAX_QUERY })
  const read = {
    query,
    limit: readInteger(given, 'limit', 1, 100, 20),
    offset: readInteger(given, 'offset', 0, MAX_INT, 0),
    shortInfo: readBoolean(given, 'shortInfo'),
    preview: readBoolean(given, 'preview'),
  }
  settle(given)
  return read
}

/** The name that a check asks about, and whether any set can have it (stickers §5.5). */
export const parseCheck = (request: Request): { name: string; possible: boolean } => {
  const given = givenIn(request)
  const url = readText(given, 'url', MAX_URL)
  if (url !== undefined) {
    const { name, isLink } = normaliseName(url)
    if (isLink && name !== undefined) return { name, possible: true }
    refuse(given, 'url', 'invalid_url')
  }
  // A `url` that is there in any shape decides alone.
  settle(given)
  const text = readText(given, 'name', MAX_NAME)
  settle(given)
  if (text === undefined) {
    refuse(given, 'name', 'name_or_url_required')
    settle(given)
    return { name: '', possible: false }
  }
  const { name } = normaliseName(text)
  if (name !== undefined) return { name, possible: true }
  if (isMeantAsLink(text)) refuse(given, 'name', 'invalid_name')
  settle(given)
  return { name: text.trim().toLowerCase(), possible: false }
}

const readJson = async (request: Request, given: Given): Promise<unknown> => {
  const bytes = await readBodyBytes(request, MIB)
  if (bytes.byteLength === 0) {
    refuse(given, 'body', 'required')
    return NO_VALUE
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    refuse(given, 'body', 'invalid_json')
    return NO_VALUE
  }
}

type Fields = Record<string, unknown>
/** A text of the body; null and an absent key are undefined. */
const bodyText = (given: Given, body: Fields, field: string): string | undefined => {
  const value = body[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') return refuse(given, field, 'invalid_type', { expected: { word: 'a_string' } })
  return isStorable(value) ? value : refuse(given, field, 'invalid_text')
}
const isBlank = (text: string) => text.trim() === ''

const readName = (given: Given, body: Fields): string => {
  const text = bodyText(given, body, 'name')
  // Nothing but a problem of another kind keeps this one from being told.
  if (text === undefined || isBlank(text)) refuse(given, 'name', 'required')
  else if (text.length > MAX_NAME) refuse(given, 'name', 'too_long', { max: MAX_NAME })
  else {
    const { name } = normaliseName(text)
    if (name !== undefined) return name
    refuse(given, 'name', 'invalid_name')
  }
  return ''
}

const readTitle = (given: Given, body: Fields): string | undefined => {
  const title = bodyText(given, body, 'title')?.trim()
  if (title !== undefined && title.length > MAX_TITLE) refuse(given, 'title', 'too_long', { max: MAX_TITLE })
  return title === '' ? undefined : title
}

const readDescription = (given: Given, body: Fields): string | null | undefined => {
  const text = bodyText(given, body, 'description')
  return text !== undefined && isBlank(text) ? null : text
}

const readCategoryKeys = (given: Given, body: Fields): string[] => {
  const keys = body.categoryKeys
  if (keys === undefined || keys === null) return []
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) {
    refuse(given, 'categoryKeys', 'invalid_type', { expected: { word: 'strings' } })
    return []
  }
  if (!keys.every(isStorable)) refuse(given, 'categoryKeys', 'invalid_text')
  return [...new Set(keys)]
}

const readVisibility = (given: Given, body: Fields): Visibility => {
  const { visibility, isPublic } = body
  if (isPublic !== undefined && isPublic !== null && typeof isPublic !== 'boolean')
    refuse(given, 'isPublic', 'invalid_type', { expected: { word: 'a_boolean' } })
  if (visibility === undefined || visibility === null) return isPublic === true ? 'PUBLIC' : 'PRIVATE'
  if (typeof visibility !== 'string') refuse(given, 'visibility', 'invalid_type', { expected: { word: 'a_string' } })
  else if (!(VISIBILITIES as readonly string[]).includes(visibility))
    refuse(given, 'visibility', 'invalid_choice', { values: VISIBILITIES.join(', ') })
  return visibility as Visibility
}

/**
 * Reads and checks a create, body and all (stickers §5.2).
 * @throws AppError 413, 415, 400 with every invalid field
 */
export const parseCreate = async (request: Request): Promise<CreateRequest> => {
  if (!/^\s*application\/json\s*(?:;|$)/i.test(request.headers.get('content-type') ?? ''))
    throw new AppError('unsupported_media_type', 415, 'The body should be application/json')
  const given = givenIn(request)
  const query = {
    userId: readRequiredId(given, 'userId'),
    authorId: readId(given, 'authorId'),
    shortInfo: readBoolean(given, 'shortInfo'),
  }
  const body = await readJson(request, given)
  if (body === NO_VALUE) settle(given)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    refuse(given, 'body', 'invalid_type', { expected: { word: 'an_object' } })
    settle(given)
  }
  const fields = body as Fields
  const read = {
    ...query,
    name: readName(given, fields),
    title: readTitle(given, fields),
    description: readDescription(given, fields),
    categoryKeys: readCategoryKeys(given, fields),
    visibility: readVisibility(given, fields),
  }
  settle(given)
  return read
}
