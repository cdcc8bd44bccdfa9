import { expect, test } from 'bun:test'
import { areasTables } from '../../src/crawler/tables.ts'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, path } from './rig.ts'

const group = { type: 'group', gitlabId: 7, fullPath: 'top/group', webUrl: 'https://gitlab.example/top/group' }
const project = { type: 'project', gitlabId: 7, fullPath: 'top/group/project', parentPath: 'top/group' }

onEachDatabase('crawler areas (gitlab-crawler §11)', (database) => {
  test('§17.19: one group and one project spawn 4 and 5 tasks; re-sending spawns none; group 7 and project 7 coexist', async () => {
    const app = await makeRig(database)
    await app.create('parent', {
      type: 'DISCOVER_AREAS',
      priority: 'high',
      rateLimits: { requestsPerMinute: 9 },
      options: { fromDate: '2026-01-01', pagination: { pageSize: 50, maxPages: 3 }, outputFormat: 'csv' },
    })
    const update = { type: 'progress', status: 'new_areas_discovered', areas: [group, project] }
    const answer = await app.report('parent', update)
    expect(answer.areas).toEqual({ received: 2, inserted: 2, jobsCreated: 9 })
    const list = async () => (await app.ok('GET', '/tasks?spawnedFrom=parent&limit=100')).data
    const types = (await list()).map((task: any) => task.type).sort()
    expect(types).toEqual(
      [
        ...['FETCH_GROUP_DETAILS', 'FETCH_GROUP_MEMBERS', 'FETCH_PROJECTS', 'FETCH_ISSUES'],
        ...['FETCH_PROJECT_DETAILS', 'FETCH_ISSUES', 'FETCH_MERGE_REQUESTS', 'FETCH_BRANCHES', 'FETCH_PIPELINES'],
      ].sort(),
    )
    expect((await app.report('parent', update)).areas).toEqual({ received: 2, inserted: 0, jobsCreated: 0 })
    expect(await app.rows('crawler_areas')).toBe(2)
    const { progress } = await app.progress('parent')
    expect(progress.itemsByType).toEqual({ groups: 1, projects: 1 })
    expect(progress.lastAreasDiscovery).toMatchObject({ groups: 1, projects: 1, inserted: 0, jobsCreated: 0 })
    const members = (await list()).find((task: any) => task.type === 'FETCH_GROUP_MEMBERS')
    expect(await app.detail(members.id)).toMatchObject({
      status: 'queued',
      metadata: {
        resourceId: 'top/group',
        resourceType: 'group',
        gitlabId: '7',
        command: 'groupMembers',
        priority: 'high',
        spawnedFrom: 'parent',
        fromDate: '2026-01-01T00:00:00.000Z',
        apiEndpoint: 'https://gitlab.example/api/v4',
      },
    })
    const leased = await app.lease({ max: 50, types: ['FETCH_GROUP_MEMBERS'] })
    expect(leased[0]).toMatchObject({
      rateLimits: { requestsPerMinute: 9 },
      options: { resourceId: 'top/group', pagination: { pageSize: 50 }, outputFormat: 'csv' },
    })
    const commands = await Promise.all(
      (await list())
        .filter((task: any) => ['FETCH_ISSUES', 'FETCH_PROJECTS'].includes(task.type))
        .map(async (task: any) => (await app.detail(task.id)).metadata.command),
    )
    expect(commands.sort()).toEqual(['groupIssues', 'groupProjects', 'issues'])
    expect((await app.progress('parent')).timeline.map((event: any) => event.event)).toContain('areas_discovered')
  })

  test('§11: once per run: a spawned task that has ended is not spawned again, a new run spawns anew what does not live', async () => {
    const app = await makeRig(database)
    await app.create('parent', { type: 'DISCOVER_AREAS', options: { fanout: { group: ['FETCH_ISSUES'] } } })
    await app.report('parent', { type: 'progress', areas: [group, project] })
    const [spawned] = (await app.ok('GET', '/tasks?spawnedFrom=parent')).data
    await app.report(spawned.id, { type: 'completed' })
    expect((await app.report('parent', { type: 'progress', areas: [group] })).areas.jobsCreated).toBe(0)
    await app.report('parent', { type: 'completed' })
    await app.put('parent', { status: 'queued' })
    expect((await app.report('parent', { type: 'progress', areas: [group] })).areas.jobsCreated).toBe(1)
    await app.create('sibling', { type: 'DISCOVER_AREAS', options: { fanout: { group: ['FETCH_ISSUES'] } } })
    expect((await app.report('sibling', { type: 'progress', areas: [group] })).areas).toEqual({
      received: 1,
      inserted: 0,
      jobsCreated: 0,
    })
    await app.create('none', { type: 'DISCOVER_AREAS', options: { fanout: 'none' } })
    expect((await app.report('none', { type: 'progress', areas: [project] })).areas.jobsCreated).toBe(0)
  })

  test('§11: with full fan-out areas spawn all their tasks, a new path of a known id none, and the counts are those of the update', async () => {
    const app = await makeRig(database, { env: { CRAWLER_FANOUT: 'full' } })
    await app.create('parent', { type: 'DISCOVER_AREAS' })
    expect((await app.report('parent', { type: 'progress', areas: [group, project], groupCount: 5 })).areas.jobsCreated).toBe(
      6 + 12,
    )
    expect((await app.progress('parent')).progress.itemsByType).toEqual({ groups: 5 })
    const moved = { ...project, fullPath: 'elsewhere/project' }
    expect((await app.report('parent', { type: 'progress', areas: [moved] })).areas).toMatchObject({
      inserted: 0,
      jobsCreated: 0,
    })
    const { sql } = await import('drizzle-orm')
    const rows = await app.db.sql<any>(sql.raw(`select full_path, name from crawler_areas where type = 'project'`))
    expect(rows.map((row) => row.full_path)).toEqual(['elsewhere/project'])
    expect(await app.rows('crawler_task_areas')).toBe(2)
  })

  test('§11: one invalid entry refuses the whole update', async () => {
    const app = await makeRig(database)
    await app.create('parent', { type: 'DISCOVER_AREAS' })
    const areas = [
      group,
      project,
      { ...group, gitlabId: 8, fullPath: 'a' },
      { type: 'group', gitlabId: 9, fullPath: 'x'.repeat(1025) },
    ]
    const answer = await app.send('POST', path('parent', '/progress'), { type: 'progress', processed: 1, areas })
    expect(answer.status).toBe(400)
    expect(answer.body.details.fields[0].field).toBe('areas[3].fullPath')
    expect([await app.rows('crawler_areas'), (await app.progress('parent')).progress.processed]).toEqual([0, 0])
    for (const id of ['', null, {}])
      expect(
        (await app.send('POST', path('parent', '/progress'), { type: 'progress', areas: [{ ...group, gitlabId: id }] })).status,
      ).toBe(400)
  })

  test('§11: deleting the parent leaves areas and spawned tasks', async () => {
    const app = await makeRig(database)
    await app.create('parent', { type: 'DISCOVER_AREAS' })
    await app.report('parent', { type: 'completed', areas: [group] })
    await app.ok('DELETE', path('parent'))
    expect([await app.rows('crawler_areas'), await app.rows('crawler_task_areas'), await app.rows('crawler_tasks')]).toEqual([
      1, 0, 4,
    ])
  })

  test("areas that take each other's places, or go on in a row, keep what is linked to them", async () => {
    const app = await makeRig(database)
    await app.create('parent', { type: 'DISCOVER_AREAS' })
    const area = (gitlabId: number, fullPath: string) => ({ type: 'project', gitlabId, fullPath })
    const send = (...areas: object[]) => app.report('parent', { type: 'progress', areas })
    await send(area(1, 'p'), area(2, 'q'), area(3, 'r'), area(4, 's'), area(5, 't'))
    const { areas } = areasTables(app.db.kit)
    const stored = async () => (await app.db.q.select().from(areas)).map((row) => `${row.gitlabId} ${row.fullPath}`).sort()
    // 1 and 2 change places, 3 takes that of 4, which stays; 6 comes where 5 was, of which nothing is known.
    const answer = await send(area(1, 'q'), area(2, 'p'), area(3, 's'), area(4, 'u'), area(6, 't'))
    expect(await stored()).toEqual(['1 q', '2 p', '3 s', '4 u', '6 t'])
    // Their rows, and with them their links, went along.
    expect(answer.areas).toMatchObject({ received: 5, inserted: 0 })
    expect(await app.rows('crawler_task_areas')).toBe(5)
  })
})
