import { defineTables } from '../../platform/db/kit.ts'
import { accountsTables } from '../accounts/tables.ts'

/** Answers kept for a repeated request with the same Idempotency-Key (love-parser §1). */
export const replayTables = defineTables((k) => {
  const { users } = accountsTables(k)
  const replays = k.table(
    'love_parser_idempotency_keys',
    {
      userId: k
        .uuid()
        .notNull()
        .references(() => users.id, { onDelete: 'cascade' }),
      /** Template of the route. */
      route: k.text().notNull(),
      key: k.text().notNull(),
      /** SHA-256 of the body's text: what the release before compares. */
      bodyHash: k.text().notNull(),
      /** SHA-256 of the body's value; null of that release's rows. */
      fingerprint: k.text(),
      status: k.int().notNull(),
      /** The body as it was sent. */
      body: k.text().notNull(),
      expiresAt: k.at().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.userId, t.route, t.key] }), k.index('love_parser_idempotency_expiry_ix').on(t.expiresAt)],
  )
  return { replays }
})
