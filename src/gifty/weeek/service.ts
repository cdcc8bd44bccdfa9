import { and, asc, eq, inArray } from 'drizzle-orm'
import type { SubscriberQueries } from '../../access/subscribers.ts'
import { AppError, badRequest, forbidden, notFound } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { KeyRing } from '../../platform/crypto.ts'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { UpstreamError } from '../../platform/upstream.ts'
import { OK } from '../fields.ts'
import { weeekTables } from '../tables.ts'
import { narrow, type WeeekClient, wallOf } from './client.ts'
import type { ConnectBody, RemindedDays, TaskCreate, TasksQuery, TaskType, WeeekTask } from './index.ts'

type Tables = ReturnType<typeof weeekTables>
export type AccountRow = Tables['weeekAccounts']['$inferSelect']
export interface AccountWrite {
  telegramChatId: number
  tokenCiphertext: string
  weeekUserId: string
  weeekWorkspaceId: string | null
  /** Undefined keeps the zone an account has; a new one gets `fallbackZone`. */
  timezone: string | undefined
}

/** Queries of Weeek accounts. */
export const weeekRepository = (db: Db) => {
  const { weeekAccounts: accounts } = weeekTables(db.kit)
  const byChat = db.prepare<AccountRow>('weeek_account', (queries) =>
    queries
      .select()
      .from(accounts)
      .where(eq(accounts.telegramChatId, param('chatId'))),
  )
  return {
    find: async (chatId: number): Promise<AccountRow | undefined> => (await byChat.all({ chatId }))[0],
    *upsert(tx: Tx, { timezone, ...row }: AccountWrite, fallbackZone: string, now: Date): Steps<void> {
      const change = { ...row, isActive: true, updatedAt: now }
      yield tx
        .insert(accounts)
        .values({ ...change, timezone: timezone ?? fallbackZone, lastReminders: {}, createdAt: now })
        .onConflictDoUpdate({
          target: accounts.telegramChatId,
          set: timezone === undefined ? change : { ...change, timezone },
        })
        .returning({ id: accounts.id })
    },
    *lock(tx: Tx, chatId: number): Steps<AccountRow | undefined> {
      return (yield* q(tx.forUpdate(tx.select().from(accounts).where(eq(accounts.telegramChatId, chatId)))))[0]
    },
    *setReminded(tx: Tx, id: number, lastReminders: RemindedDays, now: Date): Steps<void> {
      yield tx.update(accounts).set({ lastReminders, updatedAt: now }).where(eq(accounts.id, id)).returning({ id: accounts.id })
    },
    *zones(tx: Tx): Steps<string[]> {
      const rows = yield* q(tx.selectDistinct({ zone: accounts.timezone }).from(accounts).where(eq(accounts.isActive, true)))
      return rows.map((row) => row.zone)
    },
    *inZones(tx: Tx, zones: string[]): Steps<{ telegramChatId: number; timezone: string; lastReminders: RemindedDays }[]> {
      if (zones.length === 0) return []
      return yield* q(
        tx
          .select({
            telegramChatId: accounts.telegramChatId,
            timezone: accounts.timezone,
            lastReminders: accounts.lastReminders,
          })
          .from(accounts)
          .where(and(inArray(accounts.timezone, zones), eq(accounts.isActive, true)))
          .orderBy(asc(accounts.id)),
      )
    },
  }
}
export type WeeekRepository = ReturnType<typeof weeekRepository>

const ZONE = 'Europe/Moscow'
/** The characters that a header value may have. */
const TOKEN = /^[\x21-\x7e]+$/

export interface WeeekDeps {
  db: Db
  clock: Clock
  repository: WeeekRepository
  subscribers: Pick<SubscriberQueries, 'byChat' | 'find'>
  client(token: string): WeeekClient
  keyRing(): KeyRing
  /** The only workspace whose tasks are shown; undefined: all of the account's. */
  workspaceId: string | undefined
}

const placeOf = (chatId: number) => ({ table: 'weeek_accounts', row: String(chatId), column: 'token_ciphertext' })
/** An id as Weeek has it: a number, unless it is no number. */
const weeekId = (id: string): number | string => (/^\d+$/.test(id) && Number.isSafeInteger(Number(id)) ? Number(id) : id)
const missingSubscriber = () => notFound('Subscriber not found')
const refusedToken = () => badRequest('Invalid Weeek API Token')
const isRefusal = (error: unknown) => error instanceof UpstreamError && (error.status === 401 || error.status === 403)
/** The wire's word for any failure of Weeek: neither its text nor its address. */
const upstreamFailed = (error: unknown) =>
  error instanceof UpstreamError ? new AppError('upstream_error', 502, 'Weeek could not be asked', { cause: error }) : error

/** Weeek accounts and their tasks (gifty §11). Every call to Weeek that fails throws AppError 502 `upstream_error`. */
export const createWeeek = ({ db, clock, repository, subscribers, client, keyRing, workspaceId }: WeeekDeps) => {
  const asking = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      throw upstreamFailed(error)
    }
  }
  const accountOf = async (chatId: number): Promise<AccountRow> => {
    const account = await repository.find(chatId)
    if (!account) throw notFound('Weeek account not found')
    return account
  }
  const clientOf = (account: AccountRow): WeeekClient => {
    const ring = keyRing()
    try {
      return client(ring.decrypt(account.tokenCiphertext, placeOf(account.telegramChatId)))
    } catch (error) {
      throw new AppError('not_configured', 503, 'The stored token cannot be read: ENCRYPTION_KEYS has changed', { cause: error })
    }
  }
  const of = async (chatId: number) => clientOf(await accountOf(chatId))

  /** Tasks of an account, narrowed. @throws UpstreamError */
  const list = async (account: AccountRow, type: TaskType, projectId?: string): Promise<WeeekTask[]> => {
    const weeek = clientOf(account)
    const [tasks, workspaceOf] = await Promise.all([
      weeek.tasks(projectId),
      workspaceId === undefined ? undefined : weeek.projectWorkspaces(),
    ])
    return narrow(tasks, {
      type,
      userId: account.weeekUserId,
      zone: account.timezone,
      today: wallOf(account.timezone, clock.now()).day,
      workspace: workspaceId !== undefined && workspaceOf ? { id: workspaceId, ofProject: workspaceOf } : undefined,
    })
  }

  return {
    list,
    /**
     * Stores an account under a token that Weeek has accepted; a second time replaces it.
     * @throws AppError 404 subscriber, 400 token, 403 `workspace_forbidden`, 502
     */
    async connect({ telegram_chat_id: chatId, weeek_api_token, timezone }: ConnectBody) {
      if (!(await subscribers.byChat(chatId))) throw missingSubscriber()
      const token = weeek_api_token.trim()
      if (!TOKEN.test(token)) throw refusedToken()
      // Before any call: without keys the token could not be stored.
      const tokenCiphertext = keyRing().encrypt(token, placeOf(chatId))
      const weeek = client(token)
      const weeekUserId = await weeek.userId().catch((error) => {
        throw isRefusal(error) ? refusedToken() : upstreamFailed(error)
      })
      if (workspaceId !== undefined) {
        const known = await weeek.workspaceIds().catch((error) => {
          if (isRefusal(error)) return new Set<string>()
          throw upstreamFailed(error)
        })
        if (!known.has(workspaceId)) throw forbidden('This token does not reach the workspace', 'workspace_forbidden')
      }
      await db.tx(function* (tx) {
        if (!(yield* subscribers.find(tx, { chatId }))) throw missingSubscriber()
        const row = { telegramChatId: chatId, tokenCiphertext, weeekUserId, weeekWorkspaceId: workspaceId ?? null }
        yield* repository.upsert(tx, { ...row, timezone: timezone ?? undefined }, ZONE, new Date(clock.now()))
      })
      return { ...OK, weeek_user_id: weeekUserId, workspace_id: workspaceId === undefined ? null : weeekId(workspaceId) }
    },

    async tasks({ telegram_chat_id, type, project_id }: TasksQuery) {
      const account = await accountOf(telegram_chat_id)
      return { tasks: await asking(() => list(account, type, project_id === undefined ? undefined : String(project_id))) }
    },
    /** Answers what Weeek does. */
    async create({ telegram_chat_id, title, description, due_date, project_id, board_id }: TaskCreate) {
      const weeek = await of(telegram_chat_id)
      const taskFields = { description, date: due_date, projectId: project_id, boardId: board_id }
      const present = Object.fromEntries(Object.entries(taskFields).filter(([, value]) => value !== null && value !== undefined))
      return asking(() => weeek.create({ title, type: 'action', ...present }))
    },
    /** Moves a task and adds the reason as a comment; if the comment fails, the task stays moved. */
    async reschedule(chatId: number, taskId: string, date: string, reason: string) {
      const weeek = await of(chatId)
      await asking(() => weeek.setDate(taskId, date))
      const comment = async () => {
        await weeek.comment(taskId, reason)
        return true
      }
      const failed = (error: unknown) => {
        if (error instanceof UpstreamError) return false
        throw error
      }
      return { ...OK, comment_added: reason.trim() !== '' && (await comment().catch(failed)) }
    },
    async complete(chatId: number, taskId: string) {
      const weeek = await of(chatId)
      await asking(() => weeek.complete(taskId))
      return OK
    },
  }
}
export type Weeek = ReturnType<typeof createWeeek>
