import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { cleanText } from '../../platform/http/request.ts'
import type { Art } from '../art.ts'
import { type Language, refused, setNotFound } from '../envelope.ts'
import type { Info, InfoStatus, Telegram } from '../telegram/service.ts'
import {
  type Action,
  type Actor,
  type CreateRequest,
  foldCase,
  type ListRequest,
  type SearchRequest,
  searchTextOf,
  type Visibility,
} from './model.ts'
import type { Found, StickersetsRepository } from './repository.ts'
import { categoriesJson, drawPreview, pageJson, reasonOf, type SetRow, setJson, setsJson, type Viewer } from './rows.ts'

export interface StickersetsDeps {
  db: Db
  clock: Clock
  repository: StickersetsRepository
  telegram: Telegram
  art: Art
  /** Draws previews; from 0 to 1. */
  random: () => number
}

/** A body as JSON text, and what it says of Telegram. */
export interface Answer {
  json: string
  info: InfoStatus
}
const SKIPPED: Info = { payload: null, status: 'skipped' }
const WORST_FIRST: InfoStatus[] = ['unavailable', 'missing', 'stale', 'fresh']

/** What the gallery does (stickers §5). Answers are JSON texts in the language asked for. */
export const createStickersets = (deps: StickersetsDeps) => {
  const { repository, telegram, random } = deps

  /** DTOs of the rows found: a constant number of queries whatever their number (stickers §8). */
  const present = async (
    { rows }: Found,
    { shortInfo, preview }: { shortInfo: boolean; preview: boolean },
    language: Language,
  ): Promise<{ content: string; info: InfoStatus }> => {
    if (rows.length === 0) return { content: '[]', info: 'fresh' }
    const [parts, infos] = await Promise.all([
      repository.parts(rows.map((row) => row.id)),
      shortInfo ? undefined : telegram.readAll(rows.map((row) => row.name)),
    ])
    const content = setsJson(rows, parts, language, (name) => {
      const payload = infos?.get(name)?.payload ?? null
      return payload !== null && preview ? drawPreview(payload, random) : payload
    })
    if (!infos) return { content, info: 'skipped' }
    const found = new Set([...infos.values()].map((info) => info.status))
    return { content, info: WORST_FIRST.find((status) => found.has(status)) ?? 'fresh' }
  }

  return {
    ...createCreation(deps),
    ...createLifecycle(deps),

    /** @throws AppError 404 for an unknown or deleted set */
    async get(id: number, shortInfo: boolean, language: Language): Promise<Answer> {
      const [row, parts] = await Promise.all([repository.find(id), repository.partsOf(id)])
      if (!row || row.state === 'DELETED') throw setNotFound(id)
      const info = shortInfo ? SKIPPED : await telegram.read(row.name)
      return { json: setJson(row, parts, info.payload, language), info: info.status }
    },

    /** Never asks Telegram (stickers §5.5). */
    async check({ name, possible }: { name: string; possible: boolean }): Promise<string> {
      const [set] = possible ? await repository.check(name) : []
      return set
        ? `{"exists":true,"name":${JSON.stringify(name)},"id":${set.id},"title":${JSON.stringify(set.title)}}`
        : `{"exists":false,"name":${JSON.stringify(name)}}`
    },

    /** ACTIVE sets of an author, public and private (stickers §5.6). */
    async ofAuthor(request: ListRequest, language: Language): Promise<Answer> {
      const found = await repository.ofAuthor(request.authorId, request)
      const { content, info } = await present(found, request, language)
      return { json: pageJson(content, request.page, request.size, found.total), info }
    },

    /** Public sets that hold every term in title, name or a category, whatever the case (stickers §5.7). */
    async search(request: SearchRequest, language: Language): Promise<Answer> {
      const terms = [...new Set(foldCase(request.query).split(/\s+/u))].filter((term) => term !== '')
      const categories = terms.length === 0 ? [] : await repository.activeCategories()
      const folded = categories.map((row) => ({ id: row.id, text: foldCase(`${row.key}\n${row.nameEn}\n${row.nameRu}`) }))
      const found = await repository.search(
        terms.map((text) => ({
          text,
          categoryIds: folded.filter((category) => category.text.includes(text)).map((category) => category.id),
        })),
        request.limit,
        request.offset,
      )
      const { content, info } = await present(found, request, language)
      const hasNext = request.offset + found.rows.length < found.total
      return {
        json: `{"content":${content},"limit":${request.limit},"offset":${request.offset},"totalElements":${found.total},"hasNext":${hasNext}}`,
        info,
      }
    },

    /** Active categories by `displayOrder`, then `key` (stickers §5.8). */
    categories: async (language: Language): Promise<string> =>
      `{"content":${categoriesJson(await repository.activeCategories(), language)}}`,
  }
}
export type Stickersets = ReturnType<typeof createStickersets>

/** Deleting, publishing, unpublishing: the row is locked before its state is looked at (stickers §5.3, §5.4, §6). */
const createLifecycle = ({ db, clock, repository, telegram, art }: StickersetsDeps) => {
  function* switchTo(tx: Tx, id: number, visibility: Visibility, actor: Actor) {
    const at = new Date(clock.now())
    const row = yield* repository.lock(tx, id)
    if (!row) throw refused({ field: 'id', code: 'not_found', values: { id } })
    const { name, state } = row
    if (state === 'DELETED') throw refused({ field: 'state', code: 'deleted', values: { name } })
    if (state === 'BLOCKED') throw refused({ field: 'state', code: 'blocked', values: { name, reason: reasonOf(row) } })
    if (row.visibility === visibility)
      throw refused({
        field: 'visibility',
        code: visibility === 'PUBLIC' ? 'already_public' : 'already_private',
        values: { name },
      })
    yield* repository.update(tx, id, { visibility })
    if (visibility === 'PUBLIC') {
      const award = { rule: 'PUBLISH_STICKERSET', userId: row.userId, stickerSetId: id, name } as const
      yield* art.awardPublication(tx, award, at)
    }
    const operation = visibility === 'PUBLIC' ? 'publish' : 'unpublish'
    yield* repository.audit(tx, { ...actor, at, operation, stickersetId: id, userId: null })
    return yield* repository.read(tx, id)
  }
  const change = async (id: number, visibility: Visibility, actor: Actor, language: Language): Promise<Answer> => {
    const { row, ...parts } = await db.tx((tx) => switchTo(tx, id, visibility, actor))
    const info = await telegram.peek(row.name)
    return { json: setJson(row, parts, info.payload, language), info: info.status }
  }

  return {
    /** @throws AppError 400 when it cannot be published, or is */
    publish: (id: number, actor: Actor, language: Language) => change(id, 'PUBLIC', actor, language),
    /** @throws AppError 400 when it cannot be unpublished, or is private */
    unpublish: (id: number, actor: Actor, language: Language) => change(id, 'PRIVATE', actor, language),

    /** Only marks the set. @throws AppError 404 when it is not there, 400 when it is blocked */
    remove: (id: number, actor: Actor): Promise<void> =>
      db.tx(function* (tx): Steps<void> {
        const at = new Date(clock.now())
        const row = yield* repository.lock(tx, id)
        if (!row || row.state === 'DELETED') throw setNotFound(id)
        if (row.state === 'BLOCKED')
          throw refused({ field: 'state', code: 'blocked', values: { name: row.name, reason: reasonOf(row) } })
        yield* repository.update(tx, id, { state: 'DELETED', deletedAt: at })
        yield* repository.audit(tx, { ...actor, at, operation: 'delete', stickersetId: id, userId: null })
      }),
  }
}

const TITLE_UNITS = 64

/** At most 64 UTF-16 units, and never half a surrogate pair. */
const cutTitle = (title: string): string => {
  if (title.length <= TITLE_UNITS) return title
  const cut = title.slice(0, TITLE_UNITS)
  return cut.isWellFormed() ? cut : cut.slice(0, -1)
}
/** The title that Telegram shows, as it can be stored; undefined where there is none. */
const titleIn = (payload: string): string | undefined => {
  const { title } = JSON.parse(payload) as { title?: unknown }
  if (typeof title !== 'string') return undefined
  const text = cutTitle(cleanText(title))
  return text.trim() === '' ? undefined : text
}
/** Why the name cannot be had: its set, ACTIVE or BLOCKED. */
const taken = (row: SetRow) => {
  const { name } = row
  return row.state === 'BLOCKED'
    ? refused({ field: 'name', code: 'blocked', values: { name, reason: reasonOf(row) } })
    : refused({ field: 'name', code: 'already_exists', values: { name } })
}
const actionsOf = ({ authorId, visibility }: SetRow, userId: number): Action[] => {
  const actions: Action[] = ['DELETE', 'EDIT_CATEGORIES']
  return authorId === userId ? [...actions, visibility === 'PUBLIC' ? 'UNPUBLISH' : 'PUBLISH'] : actions
}

/** Adding a set to the gallery (stickers §5.2). */
const createCreation = ({ db, clock, repository, telegram, art }: StickersetsDeps) => {
  /** Ids of the categories asked for, in key order. @throws AppError 400 naming all that are not active */
  const resolveCategories = async (keys: string[]): Promise<number[]> => {
    if (keys.length === 0) return []
    const active = new Map((await repository.activeCategories()).map((row) => [row.key, row.id]))
    const unknown = keys.filter((key) => !active.has(key))
    if (unknown.length > 0)
      throw refused({ field: 'categoryKeys', code: 'unknown_categories', values: { keys: unknown.join(', ') } })
    return keys.map((key) => active.get(key) as number).sort((a, b) => a - b)
  }

  function* revive(tx: Tx, row: SetRow, request: CreateRequest, telegramTitle: string | undefined): Steps<number> {
    const title = request.title ?? telegramTitle ?? row.title
    yield* repository.update(tx, row.id, {
      state: 'ACTIVE',
      deletedAt: null,
      visibility: request.visibility,
      title,
      searchText: searchTextOf(title, row.name),
      ...(request.authorId === undefined ? {} : { authorId: request.authorId }),
      ...(request.description === undefined ? {} : { description: request.description }),
    })
    return row.id
  }
  function* insert(tx: Tx, request: CreateRequest, telegramTitle: string | undefined, at: Date): Steps<number> {
    const { userId, name, visibility } = request
    const title = request.title ?? telegramTitle ?? cutTitle(name)
    const id = yield* repository.insert(tx, {
      userId,
      authorId: request.authorId ?? null,
      name,
      title,
      description: request.description ?? null,
      state: 'ACTIVE',
      visibility,
      type: 'USER',
      createdAt: at,
      searchText: searchTextOf(title, name),
    })
    yield* art.ensureProfile(tx, userId, at)
    if (visibility === 'PUBLIC')
      yield* art.awardPublication(tx, { rule: 'UPLOAD_STICKERSET', userId, stickerSetId: id, name }, at)
    return id
  }
  function* store(tx: Tx, request: CreateRequest, categoryIds: number[], telegramTitle: string | undefined, actor: Actor) {
    const at = new Date(clock.now())
    const { userId, name } = request
    const holder = yield* repository.claimName(tx, name)
    if (holder) throw taken(holder)
    const deleted = yield* repository.lockDeleted(tx, name, userId)
    const id = yield* deleted ? revive(tx, deleted, request, telegramTitle) : insert(tx, request, telegramTitle, at)
    if (deleted) yield* art.ensureProfile(tx, userId, at)
    if (categoryIds.length > 0) yield* repository.setCategories(tx, id, categoryIds)
    yield* repository.audit(tx, { ...actor, at, operation: deleted ? 'revive' : 'create', stickersetId: id, userId })
    const read = yield* repository.read(tx, id)
    // A new set has no likes.
    return { ...read, liked: deleted ? yield* repository.isLiked(tx, id, userId) : false }
  }

  return {
    /**
     * Adds a set, or revives the owner's deleted one.
     * @throws AppError 400 for unknown categories, a name that is taken or that Telegram does not know; 503 when Telegram is silent
     */
    async create(request: CreateRequest, actor: Actor, language: Language): Promise<Answer> {
      const [categoryIds, holder] = await Promise.all([
        resolveCategories(request.categoryKeys),
        repository.findByName(request.name),
      ])
      if (holder) throw taken(holder)
      const payload = await telegram.confirm(request.name)
      const title = titleIn(payload)
      const { row, liked, ...parts } = await db.tx((tx) => store(tx, request, categoryIds, title, actor))
      const viewer: Viewer = { actions: actionsOf(row, request.userId), likes: liked }
      const json = setJson(row, parts, request.shortInfo ? null : payload, language, viewer)
      return { json, info: request.shortInfo ? 'skipped' : 'fresh' }
    },
  }
}
