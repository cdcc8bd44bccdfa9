import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Art } from '../art/service.ts'
import type { Language } from '../messages.ts'
import { refused, setNotFound } from '../problems.ts'
import type { Info, InfoStatus, Telegram } from '../telegram/service.ts'
import { createCreation } from './creation.ts'
import { type Actor, foldCase, type ListRequest, type SearchRequest, type Visibility } from './model.ts'
import type { Found, StickersetsRepository } from './repository.ts'
import { categoriesJson, drawPreview, pageJson, reasonOf, setJson, setsJson } from './rows.ts'

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
