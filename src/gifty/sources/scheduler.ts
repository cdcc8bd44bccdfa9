import type { Steps, Tx } from '../../platform/db/index.ts'
import type { SourcesContext } from './context.ts'
import { newRun } from './run-drafts.ts'
import { nextRegular, openRun } from './run-events.ts'

/** Cron times that meet an open run, recorded in one transaction. */
const OVERLAPS_MAX = 500

/** Dispatching sources when they are due (gifty §2.5). */
export const createScheduler = ({
  db,
  repository,
  drafts,
  nowDate,
  dispatchPerTick,
}: Pick<SourcesContext, 'db' | 'repository' | 'drafts' | 'nowDate' | 'dispatchPerTick'>) => {
  /** Opens runs of due sources without one, at most `limit`; answers how many were due. */
  function* dispatchDue(tx: Tx, limit: number): Steps<{ due: number; dispatched: number }> {
    const now = nowDate()
    const due = yield* repository.due(tx, now, limit, { open: false })
    const wanted = due.map((source) => ({ source, run: undefined, notes: [] }))
    for (const draft of wanted) openRun(draft, 'schedule', now)
    return { due: due.length, dispatched: (yield* drafts.save(tx, wanted, now)).size }
  }
  /** Cron times that meet an open run: skipped with a record, or one run waits for its end. Answers how many there were. */
  function* recordOverlaps(tx: Tx): Steps<{ due: number; skipped: number }> {
    const now = nowDate()
    const due = yield* repository.due(tx, now, OVERLAPS_MAX, { open: true })
    const skipped = due.filter((source) => source.overlap === 'skip')
    yield* repository.insertRuns(
      tx,
      skipped.map((source) =>
        newRun(
          source,
          { status: 'skipped', strategy: source.strategy, trigger: 'schedule', reason: 'overlap', finishedAt: now },
          now,
        ),
      ),
    )
    yield* repository.saveSources(
      tx,
      due.map((source) => ({
        source: {
          ...source,
          queuedAfter: source.overlap === 'skip' ? source.queuedAfter : (source.queuedAfter ?? 'schedule'),
          nextSyncAt: nextRegular(source, now),
        },
        run: undefined,
      })),
      now,
    )
    return { due: due.length, skipped: skipped.length }
  }

  return {
    /** Dispatches all that is due, `dispatchPerTick` in a transaction. Answers how many runs were opened, and how many times were skipped. */
    async dispatch(): Promise<{ dispatched: number; skipped: number }> {
      const total = { dispatched: 0, skipped: 0 }
      for (;;) {
        const { due, skipped } = await db.tx((tx) => recordOverlaps(tx))
        total.skipped += skipped
        if (due < OVERLAPS_MAX) break
      }
      for (;;) {
        const { due, dispatched } = await db.tx((tx) => dispatchDue(tx, dispatchPerTick))
        total.dispatched += dispatched
        // A full turn is followed at once by another; one that opened nothing has met another process.
        if (due < dispatchPerTick || dispatched === 0) return total
      }
    },
    /** The same; answers how many runs were opened. */
    async tick(): Promise<number> {
      return (await this.dispatch()).dispatched
    },
  }
}
