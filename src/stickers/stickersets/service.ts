import type { Clock } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import type { Art } from '../art/service.ts'
import type { Language } from '../messages.ts'
import { setNotFound } from '../problems.ts'
import type { Info, InfoStatus, Telegram } from '../telegram/service.ts'
import { createCreation } from './creation.ts'
import { categoriesJson, drawPreview, pageJson, setJson, setsJson } from './dto.ts'
import { createLifecycle } from './lifecycle.ts'
import { foldCase, type ListRequest, type SearchRequest } from './model.ts'
import type { Found, StickersetsRepository } from './repository.ts'

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
export const SKIPPED: Info = { payload: null, status: 'skipped' }
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
