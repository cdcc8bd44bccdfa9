import { accessTables } from '../../access/tables.ts'
import { defineTables } from '../../platform/db/kit.ts'
import type { RemindedDays } from './model.ts'

/** Weeek accounts of subscribers (gifty §11, §12). */
export const weeekTables = defineTables((k) => {
  const { subscribers } = accessTables(k)
  const weeekAccounts = k.table(
    'weeek_accounts',
    {
      id: k.serial(),
      telegramChatId: k
        .big()
        .notNull()
        .references(() => subscribers.chatId, { onDelete: 'cascade' }),
      /** Of the key ring, bound to this row. */
      tokenCiphertext: k.text().notNull(),
      weeekUserId: k.text().notNull(),
      weeekWorkspaceId: k.text(),
      /** IANA. */
      timezone: k.text().notNull(),
      isActive: k.bool().notNull(),
      lastReminders: k.json<RemindedDays>().notNull(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [k.unique('weeek_accounts_chat_uq').on(t.telegramChatId), k.index('weeek_accounts_zone_ix').on(t.timezone)],
  )
  return { weeekAccounts }
})
