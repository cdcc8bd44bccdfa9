import type { Clock } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import type { Engine } from '../../tasks/index.ts'
import { createWorkQueue, type QueueSql, type WorkQueue } from './queue.ts'
import { TASK_HOLDER, type WorkLeasesRepository } from './repository.ts'
import { defineWorkTasks, type WorkTasks } from './tasks.ts'

export interface WorkLeasesDeps {
  db: Db
  clock: Clock
  repository: WorkLeasesRepository
  engine(): Engine
}

/**
 * Leases on rows of other domains (gifty §5, Leases): scoring, categories and embeddings hand their rows out through it. A domain
 * makes a queue once, `claim`s from it in its own transaction, and `clear`s what was submitted.
 */
export const createWorkLeases = ({ db, clock, repository, engine }: WorkLeasesDeps) => {
  const withdraw = (tx: Tx, taskIds: string[], now: Date) =>
    engine().cancelQueued(tx, taskIds, 'handed out without the task', now)
  return {
    /** A queue over the domain's own tables; see `QueueSql` and `Claim`. */
    queue: <Row extends object>(sql: QueueSql): WorkQueue<Row> => createWorkQueue<Row>(db, repository, withdraw, sql),
    /** Tasks of the worker protocol over a queue; see `WorkTasks`. */
    tasks: <Row extends object>(work: WorkTasks<Row>) => defineWorkTasks(repository, work),
    /**
     * Ends leases, whoever holds them, also expired ones; answers the content hash as handed out per subject. Call it in the
     * transaction that stores what was submitted. A task of the worker protocol about it is done by that.
     */
    *clear(tx: Tx, kind: string, subjects: string[]): Steps<Map<string, string | null>> {
      const ended = yield* repository.clear(tx, kind, subjects)
      const tasks = ended.filter(({ holder }) => holder.startsWith(TASK_HOLDER))
      // Tasks are locked before leases elsewhere; a deadlock here is a repeated transaction, and rare.
      if (tasks.length > 0)
        yield* engine().finishExternally(
          tx,
          tasks.map(({ holder }) => ({ id: holder.slice(TASK_HOLDER.length), state: 'completed' as const })),
          new Date(clock.now()),
        )
      return new Map(ended.map(({ subject, contentHash }) => [subject, contentHash]))
    },
    /** Drops what ended before a time. */
    purge: (tx: Tx, before: Date): Steps<void> => repository.purge(tx, before),
  }
}
export type WorkLeases = ReturnType<typeof createWorkLeases>
