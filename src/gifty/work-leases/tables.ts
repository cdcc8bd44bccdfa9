import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'

/** Rows handed out to workers that score, map or embed (gifty §5, §12). */
export const workLeasesTables = defineTables((k) => {
  const workLeases = k.table(
    'work_leases',
    {
      /** Which queue the row was taken from. */
      kind: k.text().notNull(),
      /** Key of the row in its own table, short enough for an index. */
      subject: k.text().notNull(),
      /** The worker's name; empty for a caller without one. */
      holder: k.text().notNull(),
      /** Of the content as it was handed out; null where a queue has none. */
      contentHash: k.text(),
      expiresAt: k.at().notNull(),
    },
    (t) => [
      k.primaryKey({ columns: [t.kind, t.subject] }),
      k.index('work_leases_anonymous_ix').on(t.kind, t.expiresAt).where(sql`${t.holder} = ''`),
      k.index('work_leases_expiry_ix').on(t.expiresAt),
    ],
  )
  return { workLeases }
})
