import type { Role, SubscriberFilter, SubscriberRow } from '../../access/subscribers.ts'
import { conflict } from '../../errors.ts'
import type { Steps, Tx } from '../../platform/db/index.ts'
import { isUniqueViolation } from '../../platform/db/problems.ts'
import type { Principal } from '../../platform/http/family.ts'
import { OK } from '../fields.ts'
import { createSubscribersContext, missingSubscriber, type SubscribersDeps } from './context.ts'
import { createInvites } from './invites.ts'
import { normaliseName, type SubscriberCreate, type SubscriberPatch, type SubscriberView, toSubscriber } from './model.ts'
import { requireOwnOrSuperadmin, requireRoleChange, requireSuperadmin } from './rights.ts'

const LIST_PAGE = 500
const slugTaken = () => conflict('Slug already taken')

/** Subscribers and invites (gifty §7). `chatId` null is one that no chat can have. */
export const createSubscribers = (deps: SubscribersDeps) => {
  const context = createSubscribersContext(deps)
  const { db, clock, queries, claims, shown, shownOne } = context
  const nowDate = () => new Date(clock.now())

  const find = (key: Parameters<typeof queries.find>[1]): Promise<SubscriberView> =>
    db.read(function* (tx) {
      const row = yield* queries.find(tx, key)
      if (!row) throw missingSubscriber()
      return yield* shownOne(tx, row)
    })
  const page = async (filter: SubscriberFilter): Promise<SubscriberView[]> => {
    const rows = await queries.list(filter)
    return db.read((tx) => shown(tx, rows))
  }
  async function* pages(filter: Omit<SubscriberFilter, 'limit'>) {
    for (let afterId = filter.afterId; ; ) {
      const found = await page({ ...filter, afterId, limit: LIST_PAGE })
      if (found.length > 0) yield found
      if (found.length < LIST_PAGE) return
      afterId = found.at(-1)?.id
    }
  }
  function* locked(tx: Tx, chatId: number | null): Steps<SubscriberRow | undefined> {
    return chatId === null ? undefined : yield* queries.lockByChat(tx, chatId)
  }
  function* existing(tx: Tx, chatId: number | null): Steps<SubscriberRow> {
    const row = yield* locked(tx, chatId)
    if (!row) throw missingSubscriber()
    return row
  }

  return {
    list: (limit: number, afterId?: number) => page({ limit, afterId }),
    /** Every subscriber by id, page by page. */
    all: (afterId?: number) => pages({ afterId }),
    /** Whom a topic reaches, page by page: active, with a chat, subscribed to it or to `all`. */
    ofTopic: (topic: string) => pages({ topic }),
    async byChat(chatId: number | null): Promise<SubscriberView> {
      if (chatId === null) throw missingSubscriber()
      return find({ chatId })
    },
    byUsername: (username: string) => find({ slug: normaliseName(username) }),

    /** @throws AppError 409 when the chat id or the slug is taken */
    create: (input: SubscriberCreate) =>
      db.tx(function* (tx) {
        const now = nowDate()
        const slug = normaliseName(input.slug ?? '') || null
        const row = yield* queries.insert(tx, {
          chatId: input.chat_id,
          slug,
          name: input.name ?? null,
          language: 'ru',
          isActive: true,
          role: 'user',
          permissions: [],
          createdAt: now,
          updatedAt: now,
        })
        if (row) return toSubscriber(row, [])
        if (yield* queries.find(tx, { chatId: input.chat_id })) throw conflict('Chat id already exists')
        throw slugTaken()
      }),

    /** Absent and null fields stay; a blank slug is removed. @throws AppError 403, 404, 409 */
    async patch(actor: Principal, chatId: number | null, input: SubscriberPatch): Promise<SubscriberView> {
      try {
        return await db.tx(function* (tx) {
          const row = yield* locked(tx, chatId)
          const isActive = input.is_active ?? undefined
          if (isActive !== undefined) requireOwnOrSuperadmin(actor, row)
          if (!row) throw missingSubscriber()
          const slug = input.slug === undefined || input.slug === null ? undefined : normaliseName(input.slug) || null
          const change = { isActive, slug, name: input.name ?? undefined, updatedAt: nowDate() }
          return yield* shownOne(tx, yield* queries.update(tx, row.id, change))
        })
      } catch (error) {
        if (isUniqueViolation(error)) throw slugTaken()
        throw error
      }
    },

    /** @throws AppError 403 for an admin on another person or upwards, 404 */
    setRole: (actor: Principal, chatId: number | null, role: Role) =>
      db.tx(function* (tx) {
        const row = yield* locked(tx, chatId)
        requireRoleChange(actor, row, role)
        if (!row) throw missingSubscriber()
        yield* queries.update(tx, row.id, { role, updatedAt: nowDate() })
        return OK
      }),
    /** @throws AppError 403 for an admin, 404 */
    async setPermissions(actor: Principal, chatId: number | null, permissions: string[]) {
      requireSuperadmin(actor)
      return db.tx(function* (tx) {
        const { id } = yield* existing(tx, chatId)
        yield* queries.update(tx, id, { permissions, updatedAt: nowDate() })
        return OK
      })
    },
    setLanguage: (chatId: number | null, language: string) =>
      db.tx(function* (tx) {
        const { id } = yield* existing(tx, chatId)
        yield* queries.update(tx, id, { language, updatedAt: nowDate() })
        return OK
      }),
    /** Adds or removes one topic; repeating it changes nothing, and neighbours are not touched. */
    setTopic: (chatId: number | null, topic: string, wanted: boolean) =>
      db.tx(function* (tx) {
        const { id } = yield* existing(tx, chatId)
        const now = nowDate()
        const changed = wanted ? yield* queries.addTopic(tx, id, topic, now) : yield* queries.removeTopic(tx, id, topic)
        if (changed) yield* queries.update(tx, id, { updatedAt: now })
        return OK
      }),
    ...createInvites(context),
    purgeAttempts: (tx: Tx, before: Date) => claims.purge(tx, before),
  }
}
export type Subscribers = ReturnType<typeof createSubscribers>
