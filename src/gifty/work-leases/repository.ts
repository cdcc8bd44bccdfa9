import type { Db, Steps, Tx } from '../../platform/db/index.ts'

/** How the holders of rows under a task of the worker protocol begin; the task's id follows. */
export const TASK_HOLDER = 'task:'

export interface LeasedSubject {
  subject: string
  holder: string
  contentHash: string | null
}

/** Queries of the leases. The rows under lease are other domains': `queue.ts` joins them. */
export const workLeasesRepository = (db: Db) => {
  const lite = db.dialect === 'sqlite'
  const take = db.batch<{ subject: string }>(
    'work_leases_take',
    [
      { name: 'subject', type: 'text' },
      { name: 'holder', type: 'text' },
      { name: 'content_hash', type: 'text' },
    ],
    (source, dialect) => `insert into work_leases (kind, subject, holder, content_hash, expires_at)
      select ${dialect === 'sqlite' ? ':kind, subject, holder, content_hash, :until' : ':kind::text, subject, holder, content_hash, :until::timestamptz'}
      from ${source} s where true order by subject
      on conflict (kind, subject) do update set holder = excluded.holder, content_hash = excluded.content_hash, expires_at = excluded.expires_at
      returning subject`,
  )
  const clear = db.statement<{ subject: string; holder: string; content_hash: string | null }>('work_leases_clear', {
    sqlite: `delete from work_leases where kind = :kind and subject in (select value from json_each(:subjects)) returning subject, holder, content_hash`,
    // Locked in key order first: a claim takes over anonymous leases in that order at the same time.
    postgres: `with held as (select subject from work_leases where kind = :kind and subject in (select jsonb_array_elements_text(:subjects::text::jsonb)) order by subject for update)
      delete from work_leases w using held where w.kind = :kind and w.subject = held.subject returning w.subject, w.holder, w.content_hash`,
  })
  const purge = db.statement<{ subject: string }>(
    'work_leases_purge',
    `delete from work_leases where expires_at <= ${lite ? ':before' : ':before::timestamptz'} and substr(holder, 1, 5) <> '${TASK_HOLDER}' returning subject`,
  )
  const isHeld = db.statement<{ one: number }>(
    'work_leases_held',
    `select 1 as one from work_leases where kind = :kind and subject = :subject and expires_at > ${lite ? ':now' : ':now::timestamptz'}`,
  )
  const ofTasks = db.statement<{ subject: string; holder: string }>(
    'work_leases_of_tasks',
    `select subject, holder from work_leases where kind = :kind and substr(holder, 1, 5) = '${TASK_HOLDER}' and subject in ${
      lite ? '(select value from json_each(:subjects))' : '(select jsonb_array_elements_text(:subjects::text::jsonb))'
    }`,
  )

  return {
    /** Leases subjects to their holders, whoever had them. */
    *take(tx: Tx, kind: string, rows: LeasedSubject[], until: Date): Steps<void> {
      yield* tx.batch(
        take,
        rows.map((row) => [row.subject, row.holder, row.contentHash]),
        { kind, until },
      )
    },
    /** Ends leases, whoever holds them, and answers them. */
    *clear(tx: Tx, kind: string, subjects: string[]): Steps<LeasedSubject[]> {
      if (subjects.length === 0) return []
      const rows = yield* tx.run(clear, { kind, subjects: JSON.stringify(subjects) })
      return rows.map((row) => ({ subject: row.subject, holder: row.holder, contentHash: row.content_hash }))
    },
    /** Whether somebody holds it now. */
    *isHeld(tx: Tx, kind: string, subject: string, now: Date): Steps<boolean> {
      return (yield* tx.run(isHeld, { kind, subject, now })).length > 0
    },
    /** The task of each of the subjects that has one. */
    *taskOf(tx: Tx, kind: string, subjects: string[]): Steps<Map<string, string>> {
      if (subjects.length === 0) return new Map()
      const rows = yield* tx.run(ofTasks, { kind, subjects: JSON.stringify(subjects) })
      return new Map(rows.map((row) => [row.subject, row.holder.slice(TASK_HOLDER.length)]))
    },
    /** Drops what ended before a time. A task's row stays until the task ends. */
    *purge(tx: Tx, before: Date): Steps<void> {
      yield* tx.run(purge, { before })
    },
  }
}
export type WorkLeasesRepository = ReturnType<typeof workLeasesRepository>
