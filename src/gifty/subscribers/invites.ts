import { AppError, badRequest, conflict, notFound } from '../../errors.ts'
import type { Principal } from '../../platform/http/family.ts'
import type { SubscribersContext } from './context.ts'
import { type InviteClaim, type InviteCreate, isUsername, normaliseName, type SubscriberView } from './model.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { requireSuperadmin } from './rights.ts'

const ATTEMPTS = 5
const WINDOW_MS = 15 * 60_000

const nameTaken = () => conflict('Username already exists')
const refusedClaim = () => notFound('Invite not found or password invalid')
const attemptsKey = (username: string) => new Bun.CryptoHasher('sha256').update(username).digest('hex')

/** Invites: a subscriber without a chat, who claims the account with a password (gifty §7). */
export const createInvites = ({ db, clock, queries, claims, shownOne }: SubscribersContext) => {
  /** Counts one attempt, before the password is looked at: attempts that run at once must not slip past the limit. */
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
