import { defineTables } from '../../platform/db/kit.ts'

/** Attempts to claim an invite (gifty §7, §12): what the rate limit counts, in every process. */
export const claimTables = defineTables((k) => {
  const claimAttempts = k.table(
    'claim_attempts',
    {
      /** SHA-256 of the name, hex: whatever a client sends as a name fits the key. */
      username: k.text().notNull(),
      attemptedAt: k.at().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.username, t.attemptedAt] }), k.index('claim_attempts_age_ix').on(t.attemptedAt)],
  )
  return { claimAttempts }
})
