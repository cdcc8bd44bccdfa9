import { and, asc, eq, gt, lte, ne, sql } from 'drizzle-orm'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { type Clock, createId, HOUR_MS, MINUTE_MS } from '../platform/clock.ts'
import type { KeyRing } from '../platform/crypto.ts'
import { type Db, q, type Steps, type Tx } from '../platform/db/index.ts'
import { callerOf } from '../platform/http/request.ts'
import { type SignedIn, TelegramError, type TelegramGateway, type TelegramProblem } from '../platform/telegram/user-api/port.ts'
import { type AuthUser, authUserView } from './accounts/profile.ts'
import type { Accounts, AccountsRepository, UserRow } from './accounts/service.ts'
import { forbidden, invalidField, Refusal } from './envelope.ts'
import { loginCode, phoneNumber, uuid } from './fields.ts'
import type { SubscriptionView } from './subscriptions/service.ts'
import { ipOf, type LoveParserSurface, problems } from './surface.ts'
import { telegramAuthTables } from './tables.ts'
import { type Said, say, type TextKey } from './texts.ts'

/** Login with a Telegram code (love-parser §3). */
export const telegramAuthRoutes = (surface: LoveParserSurface, auth: TelegramAuth) =>
  new Elysia({ prefix: '/telegram/auth', detail: { tags: ['love parser: login'] } })
    .use(surface)
    .post('/send-code', ({ call, body }) => auth.sendCode(body.phone_number, callerOf(ipOf(call))), {
      rate: 'general',
      bodyLimit: 'json',
      anyone: true,
      body: sendCodeRequest,
      response: { 200: sendCodeView },
      detail: { summary: 'Send a login code', description: 'One code a minute and five an hour for a number.' },
    })
    .post('/verify-code', ({ request, body }) => auth.verifyCode(body, request.headers.get('user-agent')), {
      rate: 'general',
      bodyLimit: 'json',
      anyone: true,
      body: verifyRequest,
      response: { 200: loginView, ...problems(401, 403) },
      detail: {
        summary: 'Log in with the code',
        description:
          'Five wrong codes or passwords end the session. With two-step verification the same session and code are sent again with the password.',
      },
    })

const sendCodeRequest = z
  .object({
    phone_number: phoneNumber(),
  })
  .meta({ examples: [{ phone_number: '+79990000001' }] })
const sendCodeView = z.object({ auth_session_id: z.string(), phone_code_hash: z.string() }).meta({
  id: 'SentCode',
  examples: [{ auth_session_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34', phone_code_hash: 'a1b2c3d4e5' }],
})
export const verifyRequest = z
  .object({
    auth_session_id: uuid(),
    code: loginCode(),
    password: z.string().min(1).nullish().describe('of two-step verification, when it is asked for'),
  })
  .meta({ examples: [{ auth_session_id: '0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34', code: '12345' }] })
export type VerifyRequest = z.output<typeof verifyRequest>
const loginView = z
  .object({ access_token: z.string().meta({ examples: ['eyJhbGciOiJIUzI1NiJ9.e30.signature'] }), user: authUserView })
  .meta({ id: 'Login' })

const ANSWERS: Record<Exclude<TelegramProblem, 'flood' | 'phone_migrate'>, [code: string, status: number, text: TextKey]> = {
  invalid_phone: ['INVALID_PHONE_NUMBER', 400, 'phone_unusable'],
  password_needed: ['SESSION_PASSWORD_NEEDED', 401, 'password_needed'],
  password_invalid: ['SESSION_PASSWORD_NEEDED', 401, 'password_wrong'],
  code_invalid: ['CODE_INVALID', 400, 'code_wrong'],
  code_expired: ['CODE_EXPIRED', 400, 'code_expired'],
  phone_occupied: ['PHONE_NUMBER_OCCUPIED', 400, 'phone_occupied'],
  invalid_code: ['INVALID_CODE', 400, 'code_wrong'],
  session_revoked: ['CODE_EXPIRED', 400, 'login_interrupted'],
  rejected: ['unavailable', 503, 'telegram_away'],
  unavailable: ['unavailable', 503, 'telegram_away'],
}

const passwordNeeded = () => refusalFor('password_needed')
export const codeExpired = () => refusalFor('code_expired')
const refusalFor = (problem: keyof typeof ANSWERS, cause?: unknown) => {
  const [code, status, text] = ANSWERS[problem]
  return new Refusal(code, status, { key: text } as Said, {
    cause,
    ...(status === 503 ? { headers: { 'retry-after': '5' } } : {}),
  })
}

/** 429 with whole seconds to wait, at least one. */
const tooManyCodes = (seconds: number) => {
  const retryAfter = Math.max(1, Math.ceil(seconds))
  return new Refusal('rate_limited', 429, say('too_many_codes', { seconds: retryAfter }), {
    details: { retryAfter },
    headers: { 'retry-after': String(retryAfter) },
  })
}

/** What Telegram said, in the contract's words (love-parser §3). Anything else is not Telegram's and passes as it is. */
export const loginProblem = (error: unknown): unknown => {
  if (!(error instanceof TelegramError)) return error
  if (error.problem === 'flood') return tooManyCodes(error.seconds ?? 60)
  if (error.problem === 'phone_migrate')
    return new Refusal('PHONE_MIGRATE', 400, say('phone_elsewhere'), {
      details: { dc: error.dc },
    })
  return refusalFor(error.problem, error)
}

type Tables = ReturnType<typeof telegramAuthTables>
export type AuthStateRow = Tables['authStates']['$inferSelect']
export type AuthStateChange = Partial<Tables['authStates']['$inferInsert']>
export type AttemptRow = Tables['sendCodeAttempts']['$inferSelect']

/** Queries of logins in progress. Functions that take `tx` are steps of the caller's transaction. */
export const telegramAuthRepository = (db: Db) => {
  const { authStates, sendCodeAttempts: attempts } = telegramAuthTables(db.kit)
  return {
    /** Holds the counters of a phone and an address until the transaction ends. */
    *lockCounters(tx: Tx, phone: string, ip: string): Steps<void> {
      yield* tx.exclusive(`send-code phone ${phone}`)
      yield* tx.exclusive(`send-code ip ${ip}`)
    },
    /** Attempts for a phone that count since `since`, oldest first: failed ones do not. */
    *attemptsOfPhone(tx: Tx, phone: string, since: Date): Steps<AttemptRow[]> {
      return yield* q(
        tx
          .select()
          .from(attempts)
          .where(and(eq(attempts.phone, phone), gt(attempts.createdAt, since), ne(attempts.state, 'failed')))
          .orderBy(asc(attempts.createdAt), asc(attempts.id)),
      )
    },
    /** Calls from an address since `since`, oldest first. */
    *attemptsOfIp(tx: Tx, ip: string, since: Date): Steps<AttemptRow[]> {
      return yield* q(
        tx
          .select()
          .from(attempts)
          .where(and(eq(attempts.ip, ip), gt(attempts.createdAt, since)))
          .orderBy(asc(attempts.createdAt), asc(attempts.id)),
      )
    },
    *reserve(tx: Tx, phone: string, ip: string, now: Date): Steps<number> {
      const row = { phone, ip, state: 'reserved' as const, createdAt: now }
      const [made] = yield* q(tx.insert(attempts).values(row).returning({ id: attempts.id }))
      return made?.id as number
    },
    *settle(tx: Tx, id: number, state: 'sent' | 'failed'): Steps<void> {
      yield tx.update(attempts).set({ state }).where(eq(attempts.id, id)).returning({ id: attempts.id })
    },
    *insertState(tx: Tx, row: Tables['authStates']['$inferInsert']): Steps<void> {
      yield tx.insert(authStates).values(row).returning({ id: authStates.id })
    },
    *lockState(tx: Tx, id: string): Steps<AuthStateRow | undefined> {
      return (yield* q(tx.forUpdate(tx.select().from(authStates).where(eq(authStates.id, id)))))[0]
    },
    *updateState(tx: Tx, id: string, change: AuthStateChange): Steps<void> {
      yield tx.update(authStates).set(change).where(eq(authStates.id, id)).returning({ id: authStates.id })
    },
    /** Gives a counted try back: it was not a wrong code. */
    *uncount(tx: Tx, id: string): Steps<void> {
      yield tx
        .update(authStates)
        .set({ failures: sql`${authStates.failures} - 1` })
        .where(and(eq(authStates.id, id), gt(authStates.failures, 0)))
        .returning({ id: authStates.id })
    },
    *purge(tx: Tx, now: Date, attemptsBefore: Date): Steps<void> {
      yield tx.delete(authStates).where(lte(authStates.expiresAt, now)).returning({ id: authStates.id })
      yield tx.delete(attempts).where(lte(attempts.createdAt, attemptsBefore)).returning({ id: attempts.id })
    },
  }
}
export type TelegramAuthRepository = ReturnType<typeof telegramAuthRepository>

export interface TelegramAuthDeps {
  db: Db
  clock: Clock
  gateway: TelegramGateway
  keyRing(): KeyRing
  repository: TelegramAuthRepository
  users: Pick<AccountsRepository, 'byTelegramId' | 'upsert' | 'replaceSession'>
  accounts: Pick<Accounts, 'sign' | 'view'>
  /** A free subscription when none is active (§6). */
  ensureFree(tx: Tx, userId: string, now: Date): Steps<unknown>
  subscriptionOf(userId: string, now: Date): Promise<SubscriptionView>
}

const SESSION_MS = 600_000
const MAX_CODES_PER_PHONE = 5
const MAX_CALLS_PER_IP = 20
const MAX_FAILURES = 5
const MAX_DEVICE = 128

/** Telegram's side of a login, as it is stored (encrypted). */
interface LoginState {
  phoneCodeHash: string
  state: string
}

/** Login with a Telegram code (love-parser §3). */
export const createTelegramAuth = (deps: TelegramAuthDeps) => {
  const { db, clock, gateway, keyRing, repository, users, accounts, ensureFree, subscriptionOf } = deps
  const now = () => new Date(clock.now())
  const placeOf = (id: string) => ({ table: 'telegram_auth_states', row: id, column: 'state' })
  const sealed = (id: string, state: LoginState) => keyRing().encrypt(JSON.stringify(state), placeOf(id))
  const opened = (row: AuthStateRow): LoginState => JSON.parse(keyRing().decrypt(row.state, placeOf(row.id)))

  /** Counts the call before it is made, so that parallel ones cannot pass the limits together. @throws AppError 429 */
  const reserve = (phone: string, ip: string): Promise<number> =>
    db.tx(function* (tx) {
      const at = now()
      yield* repository.lockCounters(tx, phone, ip)
      const since = new Date(at.getTime() - HOUR_MS)
      const codes = (yield* repository.attemptsOfPhone(tx, phone, since)).filter(
        // A call that never came back (its process died) holds its place for a minute only.
        (attempt) => attempt.state === 'sent' || at.getTime() - attempt.createdAt.getTime() < MINUTE_MS,
      )
      const secondsUntil = (from: Date, ms: number) => (from.getTime() + ms - at.getTime()) / 1000
      const newest = codes.at(-1)
      if (newest && at.getTime() - newest.createdAt.getTime() < MINUTE_MS)
        throw tooManyCodes(secondsUntil(newest.createdAt, MINUTE_MS))
      const fifth = codes.at(-MAX_CODES_PER_PHONE)
      if (fifth) throw tooManyCodes(secondsUntil(fifth.createdAt, HOUR_MS))
      const calls = yield* repository.attemptsOfIp(tx, ip, since)
      const twentieth = calls.at(-MAX_CALLS_PER_IP)
      if (twentieth) throw tooManyCodes(secondsUntil(twentieth.createdAt, HOUR_MS))
      return yield* repository.reserve(tx, phone, ip, at)
    })

  /** Takes one of the session's attempts before the call to Telegram; `uncount` gives it back. @throws AppError 422, 400 */
  const takeTry = (id: string): Promise<AuthStateRow> =>
    db.tx(function* (tx) {
      const row = yield* repository.lockState(tx, id)
      if (!row || row.stage === 'used' || row.expiresAt <= now()) throw invalidField('auth_session_id', say('login_ended'))
      if (row.failures >= MAX_FAILURES) throw codeExpired()
      yield* repository.updateState(tx, id, { failures: row.failures + 1 })
      return row
    })
  const giveTryBack = (id: string) => db.tx((tx) => repository.uncount(tx, id))

  const signIn = async (row: AuthStateRow, { code, password }: VerifyRequest): Promise<SignedIn> => {
    const { phoneCodeHash, state } = opened(row)
    let current = state
    if (row.stage === 'code') {
      const outcome = await gateway.signIn(state, { phoneCodeHash, code })
      if (!outcome.passwordNeeded) return outcome.account
      current = outcome.state
      // The code is used up: from now on only the password is required.
      const kept = sealed(row.id, { phoneCodeHash, state: current })
      await db.tx((tx) => repository.updateState(tx, row.id, { state: kept, stage: 'password' }))
    }
    if (!password) throw new TelegramError('password_needed')
    return gateway.checkPassword(current, password)
  }

  /** Uses the session up and makes the account; of parallel calls one gets here first. */
  const enter = (id: string, account: SignedIn, device: string | null) =>
    db.tx(function* (tx) {
      const at = now()
      const row = yield* repository.lockState(tx, id)
      if (!row || row.stage === 'used') throw invalidField('auth_session_id', say('login_ended'))
      yield* repository.updateState(tx, id, { stage: 'used' })
      const known = yield* users.byTelegramId(tx, account.telegramId)
      if (known?.status === 'blocked') throw forbidden('account_blocked')
      const user: UserRow = yield* users.upsert(tx, {
        id: known?.id ?? createId(clock),
        telegramId: account.telegramId,
        phoneNumber: account.phone,
        telegramUsername: account.username,
        fullName: [account.firstName, account.lastName].filter(Boolean).join(' ') || null,
        status: 'active',
        profile: {
          ...known?.profile,
          telegram: {
            id: String(account.telegramId),
            username: account.username,
            firstName: account.firstName,
            lastName: account.lastName,
            photoId: account.photoId,
          },
        },
        createdAt: at,
        updatedAt: at,
      })
      yield* ensureFree(tx, user.id, at)
      const sessionId = createId(clock)
      const place = { table: 'telegram_sessions', row: sessionId, column: 'session_data' }
      yield* users.replaceSession(tx, {
        id: sessionId,
        userId: user.id,
        sessionData: keyRing().encrypt(account.session, place),
        isActive: true,
        device: device?.slice(0, MAX_DEVICE) ?? null,
        lastUsedAt: at,
        createdAt: at,
      })
      return { user, sessionId }
    })

  return {
    /** Sends a code. @throws AppError 400, 429, 503 */
    async sendCode(phone: string, ip: string): Promise<{ auth_session_id: string; phone_code_hash: string }> {
      const attempt = await reserve(phone, ip)
      try {
        const { phoneCodeHash, state } = await gateway.sendCode(phone)
        const id = createId(clock)
        const at = now()
        const kept = sealed(id, { phoneCodeHash, state })
        await db.tx(function* (tx) {
          yield* repository.settle(tx, attempt, 'sent')
          yield* repository.insertState(tx, {
            id,
            phone,
            state: kept,
            stage: 'code',
            expiresAt: new Date(at.getTime() + SESSION_MS),
            createdAt: at,
          })
        })
        return { auth_session_id: id, phone_code_hash: phoneCodeHash }
      } catch (error) {
        await db.tx((tx) => repository.settle(tx, attempt, 'failed'))
        throw loginProblem(error)
      }
    },

    /** Checks code or password and logs in. @throws AppError 400, 401, 403, 422, 429, 503 */
    async verifyCode(request: VerifyRequest, device: string | null): Promise<{ access_token: string; user: AuthUser }> {
      const id = request.auth_session_id
      const row = await takeTry(id)
      const account = await signIn(row, request).catch(async (error) => {
        const wrong =
          error instanceof TelegramError && ['code_invalid', 'invalid_code', 'password_invalid'].includes(error.problem)
        if (!wrong) await giveTryBack(id)
        if (error instanceof TelegramError && error.problem === 'password_needed') throw passwordNeeded()
        throw loginProblem(error)
      })
      const { user, sessionId } = await enter(id, account, device)
      const token = await accounts.sign(user, sessionId)
      return { access_token: token, user: accounts.view(user, await subscriptionOf(user.id, now())) }
    },

    /** Forgets logins that have ended and counters that no longer count. */
    purge: (tx: Tx, at: Date) => repository.purge(tx, at, new Date(at.getTime() - HOUR_MS)),
  }
}
export type TelegramAuth = ReturnType<typeof createTelegramAuth>
