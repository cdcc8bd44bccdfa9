import type { Steps, Tx } from '../../platform/db/index.ts'
import type { Language, MessageValue } from '../messages.ts'
import { refused, setNotFound } from '../problems.ts'
import { setJson } from './dto.ts'
import type { Actor, Visibility } from './model.ts'
import type { SetRow } from './rows.ts'
import type { Answer, StickersetsDeps } from './service.ts'

/** A blocked set's reason as messages show it (stickers §3.5). */
export const reasonOf = (row: SetRow): MessageValue =>
  row.blockReason === null || row.blockReason.trim() === '' ? { word: 'no_reason' } : row.blockReason

/** Deleting, publishing, unpublishing: the row is locked before its state is looked at (stickers §5.3, §5.4, §6). */
export const createLifecycle = ({ db, clock, repository, telegram, art }: StickersetsDeps) => {
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
