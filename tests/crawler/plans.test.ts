import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { listQuery } from '../../src/crawler/tasks/model.ts'
import { listQueries, tasksRepository } from '../../src/crawler/tasks/repository.ts'
import { joinedQueries } from '../../src/crawler/tasks/store.ts'
import type { Statement } from '../../src/platform/db/index.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'

/** A list or lease that reads all tasks answers the same, a thousand times slower: only a plan shows it. */
describe('plans of the crawler [sqlite]', () => {
  const db = openSqlite({ path: ':memory:' })
  const repository = tasksRepository(db)
  const joined = joinedQueries(db)
  const lists = listQueries(db)
  const plan = async (statement: Pick<Statement<unknown>, 'text'>): Promise<string> => {
    const rows = await db.sql<{ detail: string }>(sql.raw(`explain query plan ${statement.text().replace(/\?|\$\w+/g, '1')}`))
    return rows.map((row) => row.detail).join('\n')
  }
  const list = (query: object) => lists.statementsFor(listQuery.parse(query))

  const adoptable = (where: string, order: string) => ({
    text: () => `select id from crawler_tasks where ${where} is ${order === 'id' ? '' : 'not '}null order by ${order} limit 1`,
  })
  for (const [what, statement, index] of [
    ['§7.3 a page', list({}).page, 'crawler_tasks_created_ix'],
    ['§7.3 a page, newest first', list({ order: 'desc' }).page, 'crawler_tasks_created_ix'],
    ['§7.3 a page of a status', list({ status: 'running' }).page, 'crawler_tasks_status_ix'],
    ['§7.3 the number of a status', list({ status: 'running' }).total, 'COVERING INDEX crawler_tasks_status_ix'],
    ['§7.3 a page of a type', list({ type: 'FETCH_TAGS' }).page, 'crawler_tasks_type_ix'],
    ['§7.3 the spawned', list({ spawnedFrom: 'x' }).total, 'crawler_tasks_spawned_ix'],
    ['§7.14 what runs', repository.statements.countOfStatus, 'crawler_tasks_'],
    ['§7.14 what has just been completed', repository.statements.countFinishedSince, 'crawler_tasks_finished_ix'],
    ['§9 a task with its lease', joined.lock, 'SEARCH tasks USING INDEX'],
    ['§10 silent tasks', joined.silent, 'crawler_tasks_running_ix'],
    ['§10 tasks that the engine does not offer', joined.unoffered, 'crawler_tasks_status_ix'],
    ['N-1 rows without a task', adoptable('engine_task_id', 'id'), 'crawler_tasks_unadopted_ix'],
    ['N-1 leases of the release before', adoptable('lease_expires_at', 'lease_expires_at'), 'crawler_tasks_lease_ix'],
    ['§12 tasks that wait for credentials', joined.waiting, 'crawler_tasks_account_ix'],
  ] as const)
    test(`${what} reads ${index} in order`, async () => {
      const planned = await plan(statement as Pick<Statement<unknown>, 'text'>)
      expect(planned).toContain(index)
      expect(planned).not.toMatch(/SCAN crawler_tasks(?! USING)/)
      if (what.includes('page') || what.includes('silent')) expect(planned).not.toContain('TEMP B-TREE')
    })
})
