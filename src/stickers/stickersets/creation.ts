import type { Steps, Tx } from '../../platform/db/index.ts'
import { cleanText } from '../../platform/http/request.ts'
import type { Language } from '../messages.ts'
import { refused } from '../problems.ts'
import { type Action, type Actor, type CreateRequest, searchTextOf } from './model.ts'
import { reasonOf, type SetRow, setJson, type Viewer } from './rows.ts'
import type { Answer, StickersetsDeps } from './service.ts'

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
export const createCreation = ({ db, clock, repository, telegram, art }: StickersetsDeps) => {
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
    // Nobody can have liked a set that was not there.
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
