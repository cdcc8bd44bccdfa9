import { and, asc, eq, inArray } from 'drizzle-orm'
import { type Db, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { RemindedDays } from './model.ts'
import { weeekTables } from './tables.ts'

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
