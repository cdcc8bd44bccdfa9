import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { createWorkQueue, type QueueSql } from './queue.ts'
import type { LeasedSubject, WorkLeasesRepository } from './repository.ts'

/**
 * Leases on rows of other domains (gifty §5, Leases): scoring, categories and embeddings hand their rows out through it. A domain
 * makes a queue once, `claim`s from it in its own transaction, and `clear`s what was submitted.
 */
export const createWorkLeases = (db: Db, repository: WorkLeasesRepository) => ({
  /** A queue over the domain's own tables; see `QueueSql` and `Claim`. */
  queue: <Row extends object>(sql: QueueSql) => createWorkQueue<Row>(db, repository, sql),
  /**
   * Ends leases, whoever holds them, also expired ones; answers the content hash as handed out per subject. Call it in the
   * transaction that stores what was submitted.
   */
  clear: (tx: Tx, kind: string, subjects: string[]): Steps<Map<string, string | null>> => repository.clear(tx, kind, subjects),
  /** Leases given subjects to a holder until a time, whoever had them. */
  hold: (tx: Tx, kind: string, holder: string, rows: LeasedSubject[], until: Date): Steps<void> =>
    repository.take(tx, kind, holder, rows, until),
  /** Drops what ended before a time. */
  purge: (tx: Tx, before: Date): Steps<void> => repository.purge(tx, before),
})
export type WorkLeases = ReturnType<typeof createWorkLeases>
