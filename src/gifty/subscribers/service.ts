import { and, desc, eq, gt, lte } from 'drizzle-orm'
import type { Role, SubscriberFilter, SubscriberQueries, SubscriberRow } from '../../access/subscribers.ts'
import { principalIdOf } from '../../access/tokens.ts'
import { AppError, badRequest, conflict, forbidden, isUniqueViolation, notFound } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { type Db, type Queryable, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { Principal } from '../../platform/http/family.ts'
import { OK } from '../fields.ts'
import { claimTables } from '../tables.ts'
import {
  type InviteClaim,
  type InviteCreate,
  isUsername,
  normaliseName,
  type SubscriberCreate,
  type SubscriberPatch,
  type SubscriberView,
  toSubscriber,
} from './model.ts'

/** Queries of claim attempts. */
export const claimsRepository = (db: Db) => {
  const { claimAttempts: attempts } = claimTables(db.kit)
  return {
    /** Holds a name's attempts against all processes, and answers those after `since`, newest first. */
    *lockAttempts(tx: Tx, username: string, since: Date): Steps<Date[]> {
      yield* tx.exclusive(`claim ${username}`)
      const rows = yield* q(
        tx
          .select({ at: attempts.attemptedAt })
          .from(attempts)
          .where(and(eq(attempts.username, username), gt(attempts.attemptedAt, since)))
          .orderBy(desc(attempts.attemptedAt)),
      )
      return rows.map((row) => row.at)
    },
    *add(tx: Tx, username: string, at: Date): Steps<void> {
      yield tx.insert(attempts).values({ username, attemptedAt: at }).returning({ username: attempts.username })
    },
    *forget(tx: Tx, username: string): Steps<void> {
      yield tx.delete(attempts).where(eq(attempts.username, username)).returning({ username: attempts.username })
    },
    *purge(tx: Tx, before: Date): Steps<void> {
      yield tx.delete(attempts).where(lte(attempts.attemptedAt, before)).returning({ username: attempts.username })
    },
  }
}
export type ClaimsRepository = ReturnType<typeof claimsRepository>

const RANK: Record<Role, number> = { user: 0, admin: 1, superadmin: 2 }

const mayAll = (actor: Principal) => actor.kind === 'service' || actor.role === 'superadmin'
const refuse = () => forbidden('This needs a superadmin')

/**
 * What an admin's Bearer may not do (gifty §1.1); a superadmin and the service token may do everything. The target is looked up first,
 * but a refusal comes before its 404, so that an admin learns nothing of others.
 * @throws AppError 403
 */
const requireOwnOrSuperadmin = (actor: Principal, target: SubscriberRow | undefined): void => {
  if (!mayAll(actor) && (!target || principalIdOf(target.id) !== actor.id)) throw refuse()
}
/** @throws AppError 403 for an admin on a superadmin */
const requireNotAbove = (actor: Principal, target: SubscriberRow): void => {
  if (!mayAll(actor) && target.role === 'superadmin') throw refuse()
}
/** Own role only, and not upwards. @throws AppError 403 */
const requireRoleChange = (actor: Principal, target: SubscriberRow | undefined, role: Role): void => {
  requireOwnOrSuperadmin(actor, target)
  if (!mayAll(actor) && target && RANK[role] > RANK[target.role]) throw refuse()
}
/** @throws AppError 403 */
const requireSuperadmin = (actor: Principal): void => {
  if (!mayAll(actor)) throw refuse()
}

/** argon2id with OWASP's least parameters, because several run at once in the memory of one process. */
const COST = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const
/** The hash of a random password that was thrown away, at the same cost: checking it takes as long as checking a real one. */
export const DECOY =
  '$argon2id$v=19$m=19456,t=2,p=1$LrmBzlWrWP197ROotKOI86pkGe8iO5pXpiNaTj+2l2Q$Fm2lE/zAW3ih4bkkzyasOt+AaftBbXBzUgjO+GACt7E'

/** Hashes an invite's password on a thread of the runtime's pool, so that the event loop is not blocked. */
export const hashPassword = (password: string): Promise<string> => Bun.password.hash(password, COST)

/** Whether the password is the hash's; without a hash false, after the same work. */
export const verifyPassword = async (password: string, hash: string | null): Promise<boolean> => {
  const same = await Bun.password.verify(password, hash ?? DECOY)
  return same && hash !== null
}

export interface SubscribersDeps {
  db: Db
  clock: Clock
  queries: SubscriberQueries
  claims: ClaimsRepository
}

const missingSubscriber = () => notFound('Subscriber not found')

/** What the parts of the subscribers service share. */
export const createSubscribersContext = (deps: SubscribersDeps) => {
  /** Rows with their topics, as they are shown. */
  function* shown(tx: Queryable, rows: SubscriberRow[]): Steps<SubscriberView[]> {
    const topics = yield* deps.queries.topicsOf(
      tx,
      rows.map((row) => row.id),
    )
    return rows.map((row) => toSubscriber(row, topics.get(row.id) ?? []))
  }
  function* shownOne(tx: Queryable, row: SubscriberRow): Steps<SubscriberView> {
    return (yield* shown(tx, [row]))[0] as SubscriberView
  }
  return { ...deps, shown, shownOne }
}
export type SubscribersContext = ReturnType<typeof createSubscribersContext>

const ATTEMPTS = 5
const WINDOW_MS = 15 * 60_000

const nameTaken = () => conflict('Username already exists')
const refusedClaim = () => notFound('Invite not found or password invalid')
const attemptsKey = (username: string) => new Bun.CryptoHasher('sha256').update(username).digest('hex')

/** Invites: a subscriber without a chat, who claims the account with a password (gifty §7). */
const createInvites = ({ db, clock, queries, claims, shownOne }: SubscribersContext) => {
  /** Counts one attempt before the password is checked, so that concurrent attempts cannot pass the limit. */
  const countAttempt = (key: string) =>
    db.tx(function* (tx) {
      const now = clock.now()
      const made = yield* claims.lockAttempts(tx, key, new Date(now - WINDOW_MS))
      const oldest = made[ATTEMPTS - 1]
      if (oldest) {
        const seconds = Math.max(1, Math.ceil((oldest.getTime() + WINDOW_MS - now) / 1000))
        throw new AppError('rate_limited', 429, 'Too many attempts', { headers: { 'retry-after': String(seconds) } })
      }
      // Name and time are the key, so attempts of one millisecond follow each other.
      yield* claims.add(tx, key, new Date(Math.max(now, (made[0]?.getTime() ?? 0) + 1)))
    })

  return {
    /** @throws AppError 400 for the name or the mentor, 403 for an admin who gives permissions, 409 for a name in use */
    async invite(actor: Principal, input: InviteCreate): Promise<SubscriberView> {
      if ((input.permissions ?? []).length > 0) requireSuperadmin(actor)
      const slug = normaliseName(input.username)
      if (!isUsername(slug)) throw badRequest('Invalid username')
      const mentorId = input.mentor_id ?? null
      await db.tx(function* (tx) {
        if (mentorId !== null && !(yield* queries.find(tx, { id: mentorId }))) throw badRequest('Mentor not found')
        if (yield* queries.find(tx, { slug })) throw nameTaken()
      })
      const invitePasswordHash = await hashPassword(input.password)
      return db.tx(function* (tx) {
        const now = new Date(clock.now())
        const row = yield* queries.insert(tx, {
          slug,
          mentorId,
          invitePasswordHash,
          name: input.name ?? null,
          language: 'ru',
          isActive: true,
          role: 'user',
          permissions: input.permissions ?? [],
          createdAt: now,
          updatedAt: now,
        })
        if (!row) throw nameTaken()
        return yield* shownOne(tx, row)
      })
    },

    /**
     * Gives an invite's account to a chat. Unknown names are counted and take as long as known ones.
     * @throws AppError 404 for a wrong name or password and for a claimed invite, 409 chat id in use, 429 after five attempts
     */
    async claim(input: InviteClaim): Promise<SubscriberView> {
      const slug = normaliseName(input.username)
      const key = attemptsKey(slug)
      await countAttempt(key)
      const hash = await db.tx(function* (tx) {
        return (yield* queries.lockInvite(tx, slug))?.invitePasswordHash ?? null
      })
      if (!(await verifyPassword(input.password, hash))) throw refusedClaim()
      return db.tx(function* (tx) {
        const invite = yield* queries.lockInvite(tx, slug)
        // Someone else was quicker with the same password.
        if (!invite || invite.invitePasswordHash !== hash) throw refusedClaim()
        if (yield* queries.find(tx, { chatId: input.chat_id })) throw conflict('Chat id already in use')
        yield* claims.forget(tx, key)
        const row = yield* queries.update(tx, invite.id, {
          chatId: input.chat_id,
          invitePasswordHash: null,
          name: invite.name || (input.name ?? invite.name),
          updatedAt: new Date(clock.now()),
        })
        return yield* shownOne(tx, row)
      })
    },
  }
}

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
    /** The recipients of a topic, page by page: active, with a chat, subscribed to it or to `all`. */
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
          requireNotAbove(actor, row)
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
    /** @throws AppError 403 for an admin on a superadmin, 404 */
    setLanguage: (actor: Principal, chatId: number | null, language: string) =>
      db.tx(function* (tx) {
        const row = yield* existing(tx, chatId)
        requireNotAbove(actor, row)
        yield* queries.update(tx, row.id, { language, updatedAt: nowDate() })
        return OK
      }),
    /** Adds or removes one topic; repeating it changes nothing, and neighbours are not touched. @throws AppError 403, 404 */
    setTopic: (actor: Principal, chatId: number | null, topic: string, wanted: boolean) =>
      db.tx(function* (tx) {
        const row = yield* existing(tx, chatId)
        requireNotAbove(actor, row)
        const { id } = row
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
