import type { Db, Steps, Tx } from '../../platform/db/index.ts'

export interface LeasedSubject {
  subject: string
  contentHash: string | null
}

/** Queries of the leases. The rows under lease are other domains': `queue.ts` joins them. */
export const workLeasesRepository = (db: Db) => {
  const lite = db.dialect === 'sqlite'
  const take = db.batch<{ subject: string }>(
    'work_leases_take',
    [
      { name: 'subject', type: 'text' },
      { name: 'content_hash', type: 'text' },
    ],
    (source, dialect) => `insert into work_leases (kind, subject, holder, content_hash, expires_at)
      select ${dialect === 'sqlite' ? ':kind, subject, :holder, content_hash, :until' : ':kind::text, subject, :holder::text, content_hash, :until::timestamptz'}
      from ${source} s where true order by subject
      on conflict (kind, subject) do update set holder = excluded.holder, content_hash = excluded.content_hash, expires_at = excluded.expires_at
      returning subject`,
  )
  const clear = db.statement<{ subject: string; content_hash: string | null }>('work_leases_clear', {
    sqlite: `delete from work_leases where kind = :kind and subject in (select value from json_each(:subjects)) returning subject, content_hash`,
    // Locked in key order first: a claim takes over anonymous leases in that order at the same time.
    postgres: `with held as (select subject from work_leases where kind = :kind and subject in (select jsonb_array_elements_text(:subjects::text::jsonb)) order by subject for update)
      delete from work_leases w using held where w.kind = :kind and w.subject = held.subject returning w.subject, w.content_hash`,
  })
  const purge = db.statement<{ subject: string }>(
    'work_leases_purge',
    `delete from work_leases where expires_at <= ${lite ? ':before' : ':before::timestamptz'} returning subject`,
  )

  return {
    /** Leases subjects to a holder, whoever had them. */
    *take(tx: Tx, kind: string, holder: string, rows: LeasedSubject[], until: Date): Steps<void> {
      yield* tx.batch(
        take,
        rows.map((row) => [row.subject, row.contentHash]),
        { kind, holder, until },
      )
    },
    *clear(tx: Tx, kind: string, subjects: string[]): Steps<Map<string, string | null>> {
      if (subjects.length === 0) return new Map()
      const rows = yield* tx.run(clear, { kind, subjects: JSON.stringify(subjects) })
      return new Map(rows.map((row) => [row.subject, row.content_hash]))
    },
    *purge(tx: Tx, before: Date): Steps<void> {
      yield* tx.run(purge, { before })
    },
  }
}
export type WorkLeasesRepository = ReturnType<typeof workLeasesRepository>
