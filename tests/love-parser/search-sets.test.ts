import { expect, test } from 'bun:test'
import { countStatements } from '../support/count-statements.ts'
import { onEachDatabase } from '../support/databases.ts'
import { MINUTE } from '../support/fake-clock.ts'
import { makeRig, type Person, rigOver } from './rig.ts'

const KINDS = ['love-parser.search']

onEachDatabase('love-parser searches as sets', (database) => {
  const searchMany = async (rig: Awaited<ReturnType<typeof rigOver>>, people: Person[], count: number) => {
    const made: { person: Person; id: string; segment: string }[] = []
    for (let n = 0; n < count; n++) {
      const person = people[n % people.length] as Person
      const { search_id: id } = (await rig.search(person)).body
      const segment = await rig.post(
        '/api/v1/audience/segments',
        { name: `of ${id}`, source_parsing_id: id, filters: { engagement_min: 0.1, min_subscribers: 10 } },
        person.headers,
      )
      expect(segment.status).toBe(201)
      made.push({ person, id, segment: segment.body.id })
    }
    return made
  }

  test('T1: lease, completion, failure, expiry and release take as many statements for 30 searches as for one, and at most 12', async () => {
    const { db, during } = countStatements(await database.fresh())
    const rig = await rigOver(db)
    const people = [await rig.login(), await rig.login(), await rig.login()]
    for (const person of people) for (const category of ['parsing', 'audience'] as const) await rig.setLimit(person, category, -1)
    rig.clock.advance(2 * MINUTE)
    // What a sweep looks at beside the leases: the clock, overdue tasks, kinds that have become ready.
    const idle = (await during(() => rig.engine.sweep())) - 1
    const rounds: Record<string, number>[] = []
    for (const count of [1, 30]) {
      const took: Record<string, number> = {}
      const lease = async (verb = 'lease') => {
        let tasks: Awaited<ReturnType<typeof rig.engine.lease>> = []
        took[verb] = await during(async () => {
          tasks = await rig.engine.lease({ owner: 'w', kinds: KINDS, max: count, leaseMs: MINUTE })
        })
        expect(tasks).toHaveLength(count)
        return tasks
      }
      const states = async (made: Awaited<ReturnType<typeof searchMany>>) =>
        new Set(
          await Promise.all(
            made.map(async ({ person, id, segment }) => {
              const { status, progress } = (await rig.loveParser!.searches.snapshot(id))!
              const of = (await rig.get(`/api/v1/audience/${segment}`, person.headers)).body
              return `${status} ${progress} ${of.status}`
            }),
          ),
        )
      const versions = async (made: Awaited<ReturnType<typeof searchMany>>) =>
        new Set(await Promise.all(made.map(async ({ id }) => (await rig.loveParser!.searches.snapshot(id))?.version)))

      const done = await searchMany(rig, people, count)
      const first = await lease()
      expect(await states(done)).toEqual(new Set(['initializing 5 processing']))
      took.release = await during(() =>
        rig.engine.release(
          first.map(({ id, fence }) => ({ id, owner: 'w', fence })),
          KINDS,
        ),
      )
      const tasks = await lease()
      took.complete = await during(() =>
        rig.engine.complete(
          'w',
          tasks.map(({ id, fence }) => ({ id, fence })),
          KINDS,
        ),
      )
      expect(await states(done)).toEqual(new Set(['completed 100 ready']))
      expect(await versions(done)).toHaveProperty('size', 1)

      const lost = await searchMany(rig, people, count)
      for (let attempt = 1; attempt <= 5; attempt++) {
        await lease(`lease again`)
        rig.clock.advance(2 * MINUTE)
        // The last time it is the end.
        took[attempt < 5 ? 'expire' : 'end'] = (await during(() => rig.engine.sweep())) - idle
        if (attempt < 5) expect(await states(lost)).toEqual(new Set(['initializing 5 processing']))
        rig.clock.advance(MINUTE)
      }
      expect(await states(lost)).toEqual(new Set(['failed 100 failed']))
      rounds.push(took)
    }
    const [one, thirty] = rounds
    expect(thirty).toEqual(one as Record<string, number>)
    for (const [verb, count] of Object.entries(one as Record<string, number>)) expect([verb, count <= 12]).toEqual([verb, true])
    // Of failed searches and their segments the units went back; each completed one is one of 31.
    const used = await Promise.all(
      people.flatMap((person) => (['parsing', 'audience'] as const).map((category) => rig.used(person, category))),
    )
    expect(used).toEqual([11, 11, 10, 10, 10, 10])
  }, 300_000)

  test('a search that ends with others keeps its own error, count and version', async () => {
    const rig = await makeRig(database)
    const [anna, boris] = [await rig.login(), await rig.login()]
    const ids = [(await rig.search(anna)).body.search_id, (await rig.search(boris)).body.search_id]
    const tasks = await rig.engine.lease({ owner: 'w', kinds: KINDS, max: 2, leaseMs: MINUTE })
    const errors = ['a NUL \0 in it', 'half a pair \ud800']
    for (const [n, { id, fence }] of tasks.entries())
      await rig.engine.fail({ id, owner: 'w', fence }, { error: errors[n] as string, retryable: false }, KINDS)
    const snapshots = await Promise.all(ids.map((id) => rig.loveParser!.searches.snapshot(id)))
    expect(snapshots.map((snapshot) => snapshot?.status)).toEqual(['failed', 'failed'])
    expect(new Set(snapshots.map((snapshot) => snapshot?.error?.split(' ')[0]))).toEqual(new Set(['a', 'half']))
  })
})
