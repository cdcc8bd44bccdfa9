import type { Database } from 'bun:sqlite'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { floorIngestion, openFloor, type Synchronous, toFloorRow } from './floor-work.ts'
import { createProducts } from './ingest.ts'
import { HEADERS, median, ownDirectory, type Row, type Running, ratesInTurns, type Scale, spread, startTrawl } from './rig.ts'

const SET = 50
const BATCH = 500
const PRODUCTS = 100_000

const VECTOR = {
  ...{ wow_factor: 7, warmth: 6, romance: 2, practicality: 5, usage_frequency: 4, occasion_versatility: 8 },
  ...{ aesthetics: 7, social_risk: 1, age_suitability: { adult: 9, teen: 5 }, gender_bias: 'unisex' },
}
const toResult = (giftId: string) => ({
  gift_id: giftId,
  llm_gift_score: 7.25,
  llm_gift_reasoning: 'A gift that fits many people and most occasions, and is easy to like',
  llm_scoring_model: 'judge',
  llm_scoring_version: '1',
  llm_gift_vector: VECTOR,
})

/** Fifty products taken and scored over HTTP. */
const cycle = async (server: Running) => {
  const taken = (await (
    await fetch(`${server.origin}/internal/scoring/tasks?limit=${SET}&worker_id=bench`, { headers: HEADERS })
  ).json()) as { gift_id: string }[]
  const response = await fetch(`${server.origin}/internal/scoring/submit`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ results: taken.map(({ gift_id }) => toResult(gift_id)) }),
  })
  const answer = (await response.json()) as { updated: number }
  if (answer.updated !== SET) throw new Error(`scored ${JSON.stringify(answer).slice(0, 300)}`)
}

/** The same statements in process, prepared, with everything bound as it is: two transactions. */
const floorCycle = (db: Database) => {
  const live = (alias: string) =>
    `${alias}.state in ('queued', 'leased', 'paused', 'cancelling') and ${alias}.dedupe_key is not null`
  const take = db.query<Record<string, unknown> & { gift_hash: string }, any>(
    `select gift_hash, gift_id, content_hash, title, category, merchant, price, image_url, content_text from products p
     where is_active and needs_scoring and llm_gift_score is null
       and coalesce((select case when t.state = 'queued' and t.run_after <= likely($now) then 0 else 1 end from tasks t
         where t.kind = 'scoring' and t.dedupe_key = p.gift_hash and ${live('t')}), 0) = 0
     order by updated_at desc, gift_id limit likely($max)`,
  )
  const lease = db.query(
    `insert into tasks (id, kind, payload, priority, state, run_after, attempts, max_attempts, lease_owner, lease_expires_at, lease_ms, fence,
       dedupe_key, requeues, expires_at, created_at, updated_at)
     select column1, 'scoring', column2, 10, 'leased', ?1, 1, 5, 'worker:floor', ?2, 900000, 1, column3, 0, ?3, ?1, ?1
     from (values ${Array.from({ length: SET }, () => '(?, ?, ?)').join(',')}) where true
     on conflict (kind, dedupe_key) where state in ('queued', 'leased', 'paused', 'cancelling') and dedupe_key is not null do update
       set state = 'leased', payload = excluded.payload, fence = tasks.fence + 1, lease_expires_at = excluded.lease_expires_at
       where tasks.state = 'queued'`,
  )
  const close = db.query<{ subject: string; content_hash: string }, any>(
    `update tasks set state = 'completed', last_end = 'report', lease_expires_at = null, finished_at = $now, updated_at = $now
     where kind = 'scoring' and dedupe_key in (select value from json_each($subjects)) and ${live('tasks')}
     returning dedupe_key as subject, payload ->> 'content_hash' as content_hash`,
  )
  const write = db.query(
    `update products set llm_gift_score = s.column2, llm_gift_reasoning = s.column3, llm_scoring_model = s.column4, llm_scoring_version = s.column5,
       llm_gift_vector = s.column6, llm_scored_hash = s.column7, needs_scoring = s.column7 <> products.content_hash, llm_scored_at = s.column8
     from (values ${Array.from({ length: SET }, () => '(?, ?, ?, ?, ?, ?, ?, ?)').join(',')}) s where products.gift_hash = s.column1`,
  )
  const vector = JSON.stringify(VECTOR)
  return (): number => {
    const now = Date.now()
    db.run('begin immediate')
    const rows = take.all({ now, max: SET })
    lease.run(
      ...[now, now + 900_000, now + 87_300_000],
      ...rows.flatMap(({ gift_hash, ...payload }) => [Bun.randomUUIDv7(), JSON.stringify(payload), gift_hash]),
    )
    db.run('commit')
    db.run('begin immediate')
    const leased = close.all({ now, subjects: JSON.stringify(rows.map((row) => row.gift_hash)) })
    write.run(
      ...leased.flatMap(({ subject, content_hash }) => {
        const { llm_gift_score, llm_gift_reasoning, llm_scoring_model, llm_scoring_version } = toResult('')
        return [
          ...[subject, llm_gift_score, llm_gift_reasoning, llm_scoring_model, llm_scoring_version],
          ...[vector, content_hash, now],
        ]
      }),
    )
    db.run('commit')
    return leased.length
  }
}

const fill = async (path: string, count: number) => {
  const db = await openFloor(path, 'NORMAL')
  const store = floorIngestion(db)
  const batch = await createProducts()
  for (let made = 0; made < count; made += BATCH) store(batch().map(toFloorRow))
  db.run('pragma wal_checkpoint(truncate)')
  db.close()
}

const measure = async (synchronous: Synchronous, scale: Scale, filled: string): Promise<Row> => {
  const paths = [join(ownDirectory(), 'scoring.db'), join(ownDirectory(), 'floor.db')] as const
  for (const path of paths) copyFileSync(filled, path)
  // Without the rest of a whole process: it would embed the 100,000 products meanwhile, which is another line.
  const server = await startTrawl(paths[0], { SQLITE_SYNCHRONOUS: synchronous, ROLE: 'api' })
  const db = await openFloor(paths[1], synchronous)
  const floor = floorCycle(db)
  const sides = {
    ours: () => cycle(server),
    floor: async () => {
      if (floor() !== SET) throw new Error('the floor has run out of products')
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  const { ratios, ...rates } = await ratesInTurns(sides, scale, SET)
  await server.stop()
  db.close()
  return {
    name: `take and score 50 of ${Math.round(PRODUCTS / 1000)},000, ${synchronous}`,
    measured: `${Math.round(median(rates.ours))} products/s`,
    floor: `${Math.round(median(rates.floor))} products/s`,
    value: median(ratios),
    unit: 'ratio',
    target: 0.4,
    better: 'more',
    note: spread(ratios),
  }
}

/** Scoring over HTTP in cycles of 50, against the same statements in process. At the end of the rounds still so many are unscored. */
export const benchScoring = async (scale: Scale): Promise<Row[]> => {
  const filled = join(ownDirectory(), 'filled.db')
  await fill(filled, (scale.smoke ? 2000 : PRODUCTS) + (scale.rounds + 1) * scale.pairs * SET)
  return [await measure('NORMAL', scale, filled), await measure('FULL', scale, filled)]
}
