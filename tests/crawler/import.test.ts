import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leasedTask } from '../../src/workers/gitlab/model.ts'
import { planOf } from '../../src/workers/gitlab/plan/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, restarted } from './rig.ts'

const folder = mkdtempSync(join(tmpdir(), 'trawl-import-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const SECONDS = 1_700_000_000

/** A database as the earlier crawler left it. */
const oldCrawler = () => {
  const file = join(folder, `${crypto.randomUUID()}.db`)
  const db = new Database(file)
  db.run(
    'create table account (id text primary key, providerId text, accessToken text, refreshToken text, accessTokenExpiresAt integer)',
  )
  db.run(
    'create table job (id text primary key, accountId text, command text, status text, full_path text, branch text, gitlabGraphQLUrl text, progress text, resumeState text, created_at integer, started_at integer, finished_at integer, spawned_from text)',
  )
  db.run('create table area (full_path text primary key, gitlab_id text, name text, type text, created_at integer)')
  db.run('create table job_area (jobId text, full_path text)')
  db.run('create table area_authorization (accountId text, area_id text)')
  db.run(`insert into account values ('acc', 'gitlab-onprem', 'old-access-token', 'old-refresh-token', ${SECONDS + 100})`)
  const url = 'https://git.example/api/graphql'
  db.run(
    `insert into job values ('j1', 'acc', 'issues', 'queued', 'g/p', null, '${url}', '{"processed":5,"total":10}', '{"after":"c"}', ${SECONDS}, null, null, null)`,
  )
  db.run(
    `insert into job values ('j2', 'acc', 'GROUP_PROJECT_DISCOVERY', 'finished', null, null, '${url}', null, null, ${SECONDS + 1}, ${SECONDS + 2}, ${SECONDS + 3}, 'j1')`,
  )
  db.run(
    `insert into job values ('j3', 'acc', 'workItems', 'queued', 'g/p', null, '${url}', null, null, ${SECONDS + 2}, null, null, null)`,
  )
  db.run(
    `insert into job values ('j4', 'acc', 'unknown', 'paused', null, null, '${url}', null, null, ${SECONDS + 3}, 9e18, null, null)`,
  )
  db.run(`insert into area values ('g/p', '12', 'P', 'project', ${SECONDS})`)
  db.run(`insert into job_area values ('j2', 'g/p')`)
  db.run(`insert into area_authorization values ('acc', 'g/p')`)
  db.close()
  return file
}

onEachDatabase('crawler import (gitlab-crawler §15)', (database) => {
  test('an earlier database comes in once, its file unchanged; unknown commands stay and are never leased', async () => {
    const file = oldCrawler()
    const before = Bun.hash(readFileSync(file))
    const app = await makeRig(database, { env: { CRAWLER_IMPORT_DB: file } })
    expect(await app.detail('j1')).toMatchObject({
      type: 'FETCH_ISSUES',
      status: 'queued',
      createdAt: new Date(SECONDS * 1000).toISOString(),
      progress: { processed: 5, total: 10, percentage: 50 },
      metadata: { resourceId: 'g/p', command: 'issues', apiEndpoint: 'https://git.example/api/graphql' },
    })
    expect(await app.detail('j2')).toMatchObject({ type: 'DISCOVER_AREAS', status: 'completed', metadata: { spawnedFrom: 'j1' } })
    expect((await app.detail('j3')).type).toBe('workItems')
    // Its start is stored as a number that is no time.
    expect(await app.detail('j4')).toMatchObject({ status: 'paused', createdAt: new Date((SECONDS + 3) * 1000).toISOString() })
    expect((await app.detail('j4')).startedAt).toBeUndefined()
    const leased = await app.lease({ max: 10 })
    expect(leased.map((task) => task.id)).toEqual(['j1'])
    expect(leased[0]).toMatchObject({
      credentials: {
        accessToken: 'old-access-token',
        expiresAt: new Date((SECONDS + 100) * 1000).toISOString(),
        tokenType: 'oauth2',
      },
      resumeState: { after: 'c' },
    })
    for (const [table, count] of [
      ['areas', 1],
      ['task_areas', 1],
      ['area_authorizations', 1],
      ['accounts', 1],
    ] as const)
      expect([table, await app.rows(`crawler_${table}`)]).toEqual([table, count])
    const { sql } = await import('drizzle-orm')
    expect(JSON.stringify(await app.db.sql(sql.raw('select * from crawler_accounts')))).not.toContain('old-access-token')
    await restarted(app, { env: { CRAWLER_IMPORT_DB: file } })
    expect(await app.rows('crawler_tasks')).toBe(4)
    expect(Bun.hash(readFileSync(file))).toBe(before)
  })

  test('crawler B4: an imported job keeps what its command meant', async () => {
    const file = oldCrawler()
    const db = new Database(file)
    const cases = [
      // command, full_path, type, the worker's first call
      ['groupIssues', 'top', 'FETCH_ISSUES', '/groups/top/issues'],
      ['issues', 'top/alpha', 'FETCH_ISSUES', '/projects/top%2Falpha/issues'],
      ['mergeRequests', 'top/alpha', 'FETCH_MERGE_REQUESTS', '/projects/top%2Falpha/merge_requests'],
      ['groupProjects', 'top', 'FETCH_PROJECTS', '/groups/top/projects'],
      ['groupSubgroups', 'top', 'FETCH_GROUPS', '/groups/top/subgroups'],
      ['project', 'top/alpha', 'FETCH_PROJECT_DETAILS', '/projects/top%2Falpha'],
      ['project', null, 'FETCH_PROJECTS', '/projects'],
      ['group', 'top', 'FETCH_GROUP_DETAILS', '/groups/top'],
      ['group', null, 'FETCH_GROUPS', '/groups'],
      ['groupMembers', 'top', 'FETCH_GROUP_MEMBERS', '/groups/top/members/all'],
      ['GROUP_PROJECT_DISCOVERY', 'top', 'DISCOVER_AREAS', '/groups/top'],
      // They never meant a whole instance.
      ['issues', null, 'FETCH_ISSUES', 'resourceId is required for FETCH_ISSUES'],
      ['groupIssues', null, 'FETCH_ISSUES', 'resourceId is required for FETCH_ISSUES'],
      ['mergeRequests', null, 'FETCH_MERGE_REQUESTS', 'resourceId is required for FETCH_MERGE_REQUESTS'],
    ] as const
    db.run("delete from job where id <> 'j2'")
    for (const [n, [command, fullPath]] of cases.entries())
      db.run(
        `insert into job (id, accountId, command, status, full_path, gitlabGraphQLUrl, created_at) values ('c${n}', 'acc', ?, 'queued', ?, 'https://git.example/api/graphql', ${SECONDS})`,
        [command, fullPath],
      )
    db.close()
    const app = await makeRig(database, { env: { CRAWLER_IMPORT_DB: file } })
    const leased = await app.lease({ max: 50 })
    expect(leased).toHaveLength(cases.length)
    for (const [n, [command, fullPath, type, call]] of cases.entries()) {
      const task = leasedTask.parse(leased.find(({ id }) => id === `c${n}`))
      let asked: string | undefined
      try {
        asked = planOf(task, new Date(SECONDS * 1000).toISOString()).collections[0]?.path
      } catch (error) {
        asked = (error as Error).message
      }
      expect([command, fullPath, task.type, asked]).toEqual([command, fullPath, type, call])
    }
  })
})
