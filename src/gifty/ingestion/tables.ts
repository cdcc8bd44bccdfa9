import { defineTables } from '../../platform/db/kit.ts'

/** Answers kept for a repeated request with the same Idempotency-Key (gifty §3). */
export const ingestionTables = defineTables((k) => {
  const idempotencyKeys = k.table(
    'idempotency_keys',
    {
      scope: k.text().notNull(),
      key: k.text().notNull(),
      /** SHA-256 of the body's text: what the release before compares. */
      bodyHash: k.text().notNull(),
      /** SHA-256 of the body's value; null of that release's rows. */
      fingerprint: k.text(),
      response: k.json<unknown>(),
      expiresAt: k.at().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.scope, t.key] }), k.index('idempotency_keys_expiry_ix').on(t.expiresAt)],
  )
  return { idempotencyKeys }
})
