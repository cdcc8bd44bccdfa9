import type { SourcesContext } from './context.ts'

/** The clockwork of sources (gifty §2.5). */
export const createScheduler = ({
  db,
  repository,
  runs,
  nowDate,
}: Pick<SourcesContext, 'db' | 'repository' | 'runs' | 'nowDate'>) => ({
  /** Dispatches what is due, at most 20 (gifty §2.5). Answers how many runs were opened. */
  tick: (limit = 20) =>
    db.tx(function* (tx) {
      const now = nowDate()
      let dispatched = 0
      for (const source of yield* repository.due(tx, now, limit)) {
        const open = yield* repository.openRunInside(tx, source.id)
        if (!open) {
          yield* runs.dispatch(tx, source, { trigger: 'schedule' }, now)
          dispatched++
        } else if (!source.schedule) {
          // Its run was opened after the due sources were read: without a cron text it is not due any more.
        } else if (source.overlap === 'skip') {
          yield* runs.skip(tx, source, 'schedule', 'overlap', now)
          yield* repository.update(tx, source.id, { nextSyncAt: runs.nextRegular(source, now), updatedAt: now })
        } else
          yield* repository.update(tx, source.id, {
            queuedAfter: source.queuedAfter ?? 'schedule',
            nextSyncAt: runs.nextRegular(source, now),
            updatedAt: now,
          })
      }
      return dispatched
    }),
  /** Ends runs nobody speaks for any more. */
  endIdleRuns: runs.endIdle,
  /** Ends runs the broker has had for too long. */
  endUnstartedRuns: runs.endUnstarted,
})
