import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { createSubscriberQueries } from '../../src/access/subscribers.ts'
import { unscoredProducts } from '../../src/gifty/catalog/lookup.ts'
import { sourcesRepository } from '../../src/gifty/sources/repository.ts'
import { subscriptionsRepository } from '../../src/love-parser/subscriptions/repository.ts'
import type { Db, Statement } from '../../src/platform/db/index.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { stickersetsRepository } from '../../src/stickers/stickersets/repository.ts'
import { rowStatements } from '../../src/tasks/row-statements.ts'
import { engineStatements } from '../../src/tasks/statements.ts'

/**
 * SQLite's plans of the hot statements. A partial index is used only where the query says its condition literally, and nothing
 * but a plan shows: the answers are the same, later.
 */
const plan = async (db: Db, statement: Statement<unknown>): Promise<string> => {
  const rows = await db.sql<{ detail: string }>(sql.raw(`explain query plan ${statement.text().replace(/\?|\$\w+/g, '1')}`))
  return rows.map((row) => row.detail).join('\n')
}

describe('plans of hot statements [sqlite]', () => {
  const db = openSqlite({ path: ':memory:' })
  const engine = engineStatements(db)
  const lease = (kinds: number, announced = false) =>
    engine.candidates({ kinds: Array(kinds).fill({ ageing: true, announced }), bySite: false, withoutBlocked: false })

  for (const [what, statement, index] of [
    ['a lease of one kind', lease(1), 'SEARCH t USING INDEX tasks_offer_ix (kind=? AND priority=? AND run_after<?)'],
    ['a lease of three kinds', lease(3), 'SEARCH t USING INDEX tasks_offer_ix (kind=? AND priority=? AND run_after<?)'],
    ['a lease of one kind looks for expired leases', lease(1), 'SEARCH e USING INDEX tasks_lease_ix'],
    ['tasks whose messages have not left', lease(1, true), 'outbox_unpublished_ix'],
    ['whether anything is ready', engine.readyKinds, 'tasks_'],
    ['a page of tasks', engine.page(1, ['queued']), 'tasks_kind_ix'],
    ['a page of leased tasks', engine.page(1, ['leased']), 'tasks_lease_ix'],
    ['the end of a window of tasks', engine.windowEnd, 'SEARCH t USING COVERING INDEX sqlite_autoindex_tasks_1 (id>? AND id<?)'],
    ['a search in a window', engine.filtered, 'SEARCH t USING INDEX sqlite_autoindex_tasks_1 (id>? AND id<?)'],
    ['expired leases', engine.lockExpired, 'tasks_lease_ix'],
    ['leased tasks of groups', engine.heldOfGroups, 'tasks_group_ix'],
  ] as const)
    test(`${what} reads ${index} in order`, async () => {
      const plans = await plan(db, statement as Statement<unknown>)
      expect(plans).toContain(index)
      expect(plans).not.toMatch(/SCAN tasks\b(?! USING (COVERING )?INDEX)/)
    })

  test('a lease reads no more tasks than it may take of each priority', async () => {
    const plans = await plan(db, lease(1))
    // Sorted is what was picked, at most as many rows as the lease takes for each priority.
    expect(plans).toContain('SEARCH s USING COVERING INDEX tasks_offer_ix (kind=? AND priority<?)')
    expect(plans).not.toMatch(/SCAN (?:t|s|e|tasks|task_groups)\b(?! USING)/)
  })

  const { statements: stickers } = stickersetsRepository(db)
  for (const [what, statement, index] of [
    ['a sticker set by name', stickers.findByName, 'stickersets_name_uq'],
    ['a check of a name', stickers.check, 'stickersets_name_uq'],
    ['an owner’s deleted set of a name', stickers.lockDeleted, 'stickersets_deleted_ix'],
    ['an author by id', stickers.authorPage('id', 'DESC', false), 'stickersets_author_id_ix'],
    ['an author by time', stickers.authorPage('createdAt', 'DESC', false), 'stickersets_author_created_ix'],
    ['an author by title', stickers.authorPage('title', 'ASC', true), 'stickersets_author_title_ix'],
    ['an author by name', stickers.authorPage('name', 'DESC', false), 'stickersets_author_name_ix'],
    ['an author by likes', stickers.authorPage('likesCount', 'ASC', false), 'stickersets_author_likes_ix'],
    ['an author by visibility', stickers.authorPage('visibility', 'DESC', true), 'stickersets_author_visibility_ix'],
    ['public sets', stickers.search(0), 'stickersets_public_ix'],
    ['public sets with three terms', stickers.search(3), 'stickersets_public_ix'],
  ] as const)
    test(`${what}: reads ${index} and no more`, async () => {
      const plans = await plan(db, statement as Statement<unknown>)
      expect(plans).toContain(index)
      // `SCAN s LEFT-JOIN` is over the page, which is at most a hundred rows and sorted once more.
      expect(plans).not.toMatch(/SCAN (?:stickersets|s)$/m)
      if (plans.includes('SCAN t')) expect(plans.split('SCAN t')[0]).not.toContain('TEMP B-TREE')
    })

  test('the open run of a source reads the index of open runs', async () => {
    const { statements } = sourcesRepository(db)
    expect(await plan(db, statements.openRun)).toContain('parsing_runs_open_uq')
    expect(await plan(db, statements.openRunsOf)).toContain('parsing_runs_open_uq (source_id=?)')
    expect(await plan(db, statements.historyOfSource)).toContain('parsing_runs_history_ix')
    expect(await plan(db, statements.historyOfSource)).not.toContain('TEMP B-TREE')
  })

  test('products to score are read in the order of their index, tasks by their keys', async () => {
    const statements = rowStatements(db, unscoredProducts(db))
    for (const [n, index] of [
      [0, 'products_unscored_ix'],
      [1, 'products_rescoring_ix'],
    ] as const) {
      const [free, untouched] = [await plan(db, statements.free[n] as never), await plan(db, statements.untouched[n] as never)]
      for (const plans of [free, untouched]) {
        expect(plans).toContain(`SCAN p USING INDEX ${index}`)
        expect(plans).toMatch(/SEARCH task USING (COVERING )?INDEX tasks_live_uq \(kind=\? AND dedupe_key=\?\)/)
        // Only rows of the same time are sorted.
        expect(plans).toContain('TEMP B-TREE FOR LAST TERM OF ORDER BY')
      }
      expect(untouched).toContain('SEARCH dead USING INDEX tasks_dead_ix (kind=? AND dedupe_key=?)')
    }
    const shared = await plan(db, statements.shared)
    expect(shared).toContain('SEARCH task USING INDEX tasks_lease_ix')
    expect(shared).toMatch(/SEARCH p USING INDEX \S+ \(gift_hash=\?\)/)
    expect(await plan(db, statements.close)).toMatch(/SEARCH tasks USING INDEX tasks_live_uq \(kind=\? AND dedupe_key=\?\)/)
  })

  test('what a person may do is read by the keys of person and category', async () => {
    const { statements } = subscriptionsRepository(db)
    expect(await plan(db, statements.rowsOf)).toBe('SEARCH subscriptions USING INDEX subscriptions_user_ix (user_id=?)')
    expect(await plan(db, statements.usageOf)).toMatch(/^SEARCH usage USING INDEX \S+ \(user_id=\?\)$/)
    expect(await plan(db, statements.take)).toMatch(/^SEARCH usage USING INDEX \S+ \(user_id=\? AND category=\?\)$/)
    expect(await plan(db, statements.countActive)).toContain('subscriptions_ending_ix')
  })

  test('a subscriber is found by the unique chat id and slug, topics by their key', async () => {
    const { statements } = createSubscriberQueries(db)
    expect(await plan(db, statements.byChat)).toContain('USING INDEX telegram_subscribers_chat_uq (chat_id=?)')
    expect(await plan(db, statements.bySlug)).toContain('USING INDEX telegram_subscribers_slug_uq (slug=?)')
    expect(await plan(db, statements.topicsOfMany)).toMatch(/SEARCH subscriber_topics USING .*subscriber_id=\?/)
  })
})
