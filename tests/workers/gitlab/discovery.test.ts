import { afterEach, describe, expect, test } from 'bun:test'
import { guillotine } from './guillotine.ts'
import { createRig, type Rig } from './rig.ts'

let rig: Rig
afterEach(() => rig.stop())

describe('GitLab worker: discovery', () => {
  test('gitlab-worker §9.15: 3 groups and 4 projects are 7 areas and 32 tasks, in the calls of §8', async () => {
    rig = await createRig()
    const { id } = rig.task('DISCOVER_AREAS')
    const task = await rig.finish(id)
    expect(rig.gitlab.asked()).toEqual([
      '/groups?all_available=false&order_by=id&sort=asc&page=1&per_page=100',
      '/projects?simple=true&membership=true&order_by=id&sort=asc&pagination=keyset&per_page=100',
    ])
    expect(task.progress).toMatchObject({ processed: 7, total: 7, itemsByType: { groups: 3, projects: 4 } })
    expect(rig.api.areas.size).toBe(7)
    expect(rig.api.of(id).at(-1)?.body.metadata.areas).toEqual({ inserted: 7, jobsCreated: 32 })
    expect(rig.manifest(id)).toMatchObject({ items: 7, itemsByType: { groups: 3, projects: 4 } })
    const [groups, projects] = rig.api.of(id).filter(({ body }) => body.type === 'progress')
    expect(groups?.body).toMatchObject({
      stage: 'discovering',
      operationType: 'discovery',
      itemsByType: { groups: 3, projects: 0 },
    })
    expect(groups?.body.areas[1]).toEqual({
      type: 'group',
      gitlabId: 12,
      fullPath: 'acme/lab',
      name: 'Group lab',
      webUrl: 'https://gitlab.test/groups/acme/lab',
      description: expect.any(String),
      parentPath: 'acme',
      discoveredBy: id,
    })
    expect(groups?.body.areas[0].parentPath).toBeUndefined()
    expect(projects?.body.areas[1]).toMatchObject({
      type: 'project',
      gitlabId: 102,
      fullPath: 'acme/lab/rig',
      parentPath: 'acme/lab',
    })
  })

  test('gitlab-worker §9.15: killed at every step it still spawns the same 32', async () => {
    rig = await createRig()
    const counter = guillotine(rig, () => false)
    await rig.start(counter.options)
    await rig.finish(rig.task('DISCOVER_AREAS').id)
    await rig.stop()
    for (let at = 1; at <= counter.steps(); at++) {
      rig = await createRig()
      const { id } = rig.task('DISCOVER_AREAS')
      const victim = guillotine(rig, (_, count) => count === at)
      await rig.start(victim.options)
      await rig.clock.run(victim.fallen)
      await rig.start()
      await rig.finish(id)
      const spawned = rig.api.of(id).reduce((sum, { answer }) => sum + (answer?.areas?.jobsCreated ?? 0), 0)
      expect([at, rig.api.areas.size, spawned, rig.items(id).length]).toEqual([at, 7, 32, 7])
      await rig.stop()
    }
    rig = await createRig()
  }, 300_000)

  test('gitlab-worker §8: a group brings itself, its descendants and their projects; pages of areas wait for each other', async () => {
    rig = await createRig()
    const { id } = rig.task('DISCOVER_AREAS', { resourceId: 'acme', pagination: { pageSize: 2 } })
    await rig.finish(id)
    expect(rig.gitlab.asked()).toEqual([
      '/groups/acme?with_projects=false',
      '/groups/acme/descendant_groups?order_by=id&sort=asc&page=1&per_page=2',
      ...[1, 2].map(
        (page) =>
          `/groups/acme/projects?include_subgroups=true&with_shared=false&simple=true&order_by=id&sort=asc&page=${page}&per_page=2`,
      ),
    ])
    expect([...rig.api.areas.keys()]).toEqual(['group 11', 'group 12', 'project 101', 'project 102', 'project 104'])
    expect(
      rig.api
        .of(id)
        .filter(({ body }) => body.areas)
        .map(({ body }) => body.areas.length),
    ).toEqual([1, 1, 2, 1])
  })

  test('gitlab-worker §8: scope all asks for everything there is; a user brings projects', async () => {
    rig = await createRig()
    await rig.finish(rig.task('DISCOVER_AREAS', { filters: { scope: 'all' } }).id)
    await rig.finish(rig.task('DISCOVER_AREAS', { resourceId: '5', resourceType: 'user' }).id)
    expect(rig.gitlab.asked()).toEqual([
      '/groups?all_available=true&order_by=id&sort=asc&page=1&per_page=100',
      '/projects?simple=true&order_by=id&sort=asc&pagination=keyset&per_page=100',
      '/users/5/projects?simple=true&order_by=id&sort=asc&page=1&per_page=100',
    ])
  })
})
