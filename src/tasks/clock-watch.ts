import type { Clock } from '../platform/clock.ts'
import type { Db, Steps, Tx } from '../platform/db/index.ts'

/** Milliseconds. A smaller step back is normal jitter of the clock. */
const JUMP_MS = 2000
/** How often the time is kept for a process that starts after the clock was set back. */
const KEEP_MS = 30_000

/**
 * Notices that the clock was set back, and moves the times of live tasks back by the same amount: ready tasks stay ready, and a lease lasts as
 * long as it was taken for. The last known time is kept in the database, so that of several processes one moves the tasks, and one that
 * starts later notices as well.
 */
export const createClockWatch = ({ db, clock }: { db: Db; clock: Clock }) => {
  const { either, param } = db.fragments
  const now = param('now', 'timestamptz')
  const read = db.statement<{ seen_ms: number | string; moves: number }>('task_clock_read', {
    sqlite: 'select seen_at as seen_ms, moves from task_clock where id = 1',
    postgres: 'select extract(epoch from seen_at) * 1000 as seen_ms, moves from task_clock where id = 1 for update',
  })
  const keep = db.statement<{ moves: number }>(
    'task_clock_keep',
    `insert into task_clock (id, seen_at, moves) values (1, ${now}, ${param('moves', 'int')})
      on conflict (id) do update set seen_at = ${now}, moves = ${param('moves', 'int')} returning moves`,
  )
  const by = either('- :ms', `- :ms::float8 * interval '1 millisecond'`)
  const moveBack = db.statement<{ id: string }>(
    'task_clock_move_back',
    `update tasks set run_after = run_after ${by}, lease_expires_at = lease_expires_at ${by}, expires_at = expires_at ${by}
      where state in ('queued', 'leased', 'paused', 'cancelling') returning id`,
  )
  /** The latest time this process has seen, and how often the tasks had been moved back by then. */
  let latest = Number.NEGATIVE_INFINITY
  let moves: number | undefined
  let keptAt = Number.NEGATIVE_INFINITY

  function* look(tx: Tx, at: number, before: number): Steps<number> {
    const [kept] = yield* tx.run(read)
    if (!kept) return (yield* tx.run(keep, { now: new Date(at), moves: 0 }))[0]?.moves ?? 0
    // A process that starts compares with what is kept; a running one with its own memory, unless another has moved the tasks meanwhile.
    const wentBack = moves === undefined ? Number(kept.seen_ms) - at : kept.moves > moves ? 0 : before - at
    const isBack = wentBack > JUMP_MS
    if (isBack) yield* tx.run(moveBack, { ms: wentBack })
    return (yield* tx.run(keep, { now: new Date(at), moves: kept.moves + (isBack ? 1 : 0) }))[0]?.moves ?? 0
  }

  return {
    /** Milliseconds since the epoch. */
    now: () => clock.now(),
    /** Before times are compared: costs nothing while the clock goes forward. */
    async settle(): Promise<void> {
      const at = clock.now()
      const before = latest
      const isBack = at < latest - JUMP_MS
      latest = isBack ? at : Math.max(latest, at)
      if (!isBack && at >= keptAt && at - keptAt < KEEP_MS) return
      keptAt = at
      moves = await db.tx((tx) => look(tx, at, before))
    },
  }
}
