// What the handlers of the peers do in the line with domain work: each batch starts its runs and their sources in one statement, and ends
// them in another, as a lease and a completion of `source.run` change both tables.
import { setImmediate } from 'node:timers/promises'
import { BATCH } from './contestant.mjs'

const START = `with started as (update parsing_runs r set status = 'running', reported = true, started_at = now(), last_activity_at = now(), updated_at = now()
    from unnest($1::bigint[]) as g(id) where r.id = g.id and r.status in ('queued', 'running') returning r.source_id)
  update parsing_sources s set status = 'running', updated_at = now() from started where s.id = started.source_id`
const END = `with ended as (update parsing_runs r set status = 'completed', finished_at = now(), last_activity_at = now(), updated_at = now()
    from unnest($1::bigint[]) as g(id) where r.id = g.id and r.status = 'running' returning r.source_id)
  update parsing_sources s set status = 'waiting', resume_status = null, next_sync_at = now() + interval '24 h', last_synced_at = now(), retry_count = 0,
    last_error = null, last_stats = '{"processed_items": 0, "new_items": 0}', updated_at = now() from ended where s.id = ended.source_id`

/** Both updates of a batch, over the peer's own connections. */
export const workOn = async (pool, ids) => {
  for (const [name, text] of [
    ['start', START],
    ['end', END],
  ]) {
    const { rowCount } = await pool.query({ name, text, values: [ids] })
    if (rowCount !== ids.length) throw new Error(`${name}: ${rowCount} of ${ids.length} sources were changed`)
  }
}

/** For handlers of single jobs: those that come together, a batch at most, are worked on together. */
export const gathering = (pool) => {
  let waiting = []
  const run = (batch) =>
    workOn(
      pool,
      batch.map(({ id }) => id),
    ).then(
      () => batch.forEach(({ resolve }) => resolve()),
      (error) => batch.forEach(({ reject }) => reject(error)),
    )
  return (id) =>
    new Promise((resolve, reject) => {
      waiting.push({ id, resolve, reject })
      if (waiting.length === 1)
        void setImmediate().then(() => {
          const all = waiting
          waiting = []
          for (let from = 0; from < all.length; from += BATCH) void run(all.slice(from, from + BATCH))
        })
    })
}
