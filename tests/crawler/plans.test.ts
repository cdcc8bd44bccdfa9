import { describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { leaseQueries } from '../../src/crawler/tasks/lease-queries.ts'
import { listQueries } from '../../src/crawler/tasks/list-queries.ts'
import { listQuery } from '../../src/crawler/tasks/model.ts'
import { tasksRepository } from '../../src/crawler/tasks/repository.ts'
import type { Statement } from '../../src/platform/db/index.ts'
import { openSqlite } from '../../src/platform/db/sqlite.ts'

/** A list or lease that reads all tasks answers the same, a thousand times later: only a plan tells. */
describe('plans of the crawler [sqlite]', () => {
  const db = openSqlite({ path: ':memory:' })
  const repository = tasksRepository(db)
  const leases = leaseQueries(db)
  const lists = listQueries(db)
  const plan = async (statement: Statement<unknown>): Promise<string> => {
    const rows = await db.sql<{ detail: string }>(sql.raw(`explain query plan ${statement.text().replace(/\?|\$\w+/g, '1')}`))
    return rows.map((row) => row.detail).join('\n')
  }
  const list = (query: object) => lists.statementsFor(listQuery.parse(query))

  for (const [what, statement, index] of [
    ['§7.3 a page', list({}).page, 'crawler_tasks_created_ix'],
    ['§7.3 a page, newest first', list({ order: 'desc' }).page, 'crawler_tasks_created_ix'],
    ['§7.3 a page of a status', list({ status: 'running' }).page, 'crawler_tasks_status_ix'],
    ['§7.3 the number of a status', list({ status: 'running' }).total, 'COVERING INDEX crawler_tasks_status_ix'],
    ['§7.3 a page of a type', list({ type: 'FETCH_TAGS' }).page, 'crawler_tasks_type_ix'],
    ['§7.3 the spawned', list({ spawnedFrom: 'x' }).total, 'crawler_tasks_spawned_ix'],
    ['§7.14 what runs', repository.statements.countOfStatus, 'crawler_tasks_'],
    ['§7.14 what has just been completed', repository.statements.countFinishedSince, 'crawler_tasks_finished_ix'],
    ['§10 what is ready', leases.ready, 'crawler_tasks_ready_ix'],
    ['§10 what is ready of a type', leases.readyOfType, 'crawler_tasks_ready_type_ix'],
    ['§10 leases that ran out', leases.expired, 'crawler_tasks_lease_ix'],
    ['§10 silent tasks', leases.silent, 'crawler_tasks_silent_ix'],
  ] as const)
    test(`${what} reads ${index} in order`, async () => {
      const told = await plan(statement as Statement<unknown>)
      expect(told).toContain(index)
      expect(told).not.toMatch(/SCAN crawler_tasks(?! USING)/)
      if (what.includes('page') || what.includes('ready')) expect(told).not.toContain('TEMP B-TREE')
    })
})
