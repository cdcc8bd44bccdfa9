import { expect, test } from 'bun:test'
import { onEachDatabase } from '../../support/databases.ts'
import { openKitchen } from './kitchen.ts'
import { seedOfRun } from './random.ts'
import { send } from './send.ts'

/** Fields of bodies that name a resource with an owner, and the parameter they stand for. */
const OWNED_FIELDS: Record<string, string> = { source_parsing_id: 'search_id' }

onEachDatabase("ids of others' things", (database) => {
  test('love-parser §4, §5: every operation with an id answers 404 or 403 for what belongs to another user, and changes nothing', async () => {
    const seed = seedOfRun()
    const { world, maker } = await openKitchen(database, seed)
    const [owner, stranger] = world.people as [(typeof world.people)[0], (typeof world.people)[0]]
    const of = (who: typeof owner) => ({ authorization: `Bearer ${who.token}` })
    const made = async (who: typeof owner) => {
      const search = (await world.post('/api/v1/parsing/search', { query: 'crypto' }, of(who))).body.search_id as string
      await world.work()
      const segment = await world.post('/api/v1/audience/segments', { name: 'Mine', source_parsing_id: search }, of(who))
      expect(segment.status).toBe(201)
      const running = (await world.post('/api/v1/parsing/search', { query: 'news' }, of(who))).body.search_id as string
      return { search_id: [search, running], segment_id: [segment.body.id as string] } as Record<string, string[]>
    }
    const things = await made(owner)
    const others = await made(stranger)
    const state = async () =>
      Promise.all(
        [
          ...(things.search_id as string[]).flatMap((id) => [`/parsing/${id}`, `/parsing/${id}/results`]),
          ...(things.segment_id as string[]).flatMap((id) => [`/audience/${id}`, `/audience/${id}/preview`]),
          '/parsing/history',
          '/audience/segments',
        ].map(async (path) => (await world.get(`/api/v1${path}`, of(owner))).body),
      )
    const before = await state()

    const personal = world.document.operations.filter(({ security }) => security.includes('loveParser'))
    const byPath = personal.filter(({ path }) => path.includes('{'))
    const byBody = personal.filter(({ body }) => {
      const { properties = {} } = body ? world.document.resolve(body) : {}
      return Object.keys(OWNED_FIELDS).some((field) => field in properties)
    })
    const named = new Set<string>()
    let asked = 0
    const proved = new Set<string>()
    try {
      for (const operation of byPath) {
        const [, name = ''] = /\{(\w+)\}/.exec(operation.path) ?? []
        const ids = things[name]
        // A new kind of id has to be made here first, or this check would pass without having looked.
        if (!ids) throw new Error(`${operation.key}: make a resource with an owner for {${name}}`)
        named.add(name)
        for (const id of ids)
          for (let n = 0; n < 12; n++) {
            const { headers, body, path } = maker.make(operation, true)
            const [, query] = path.split('?')
            const asOther = { body, headers: { ...headers, ...of(stranger) }, valid: true }
            const at = `${operation.path.replace(/\{\w+\}/, id)}${query ? `?${query}` : ''}`
            const answer = await send(world, operation.method, { ...asOther, path: at })
            asked++
            // Values that no request may have are refused as they are for a thing that does not exist.
            if (answer.status === 422) {
              const nowhere = await send(world, operation.method, { ...asOther, path: at.replace(id, Bun.randomUUIDv7()) })
              expect([at, body, nowhere.status]).toEqual([at, body, 422])
              continue
            }
            if (![404, 403].includes(answer.status))
              throw new Error(
                `TEST_SEED=${seed} ${operation.method} ${at} ${body}: ${answer.status} ${answer.text.slice(0, 300)}`,
              )
            expect(answer.text).not.toContain('crypto')
            proved.add(operation.key)
          }
      }
      for (const operation of byBody)
        for (const [field, name] of Object.entries(OWNED_FIELDS))
          for (const id of things[name] as string[]) {
            const body = JSON.stringify({ name: 'Not mine', [field]: id })
            const answer = await send(world, operation.method, {
              path: operation.path,
              body,
              headers: { 'content-type': 'application/json', ...of(stranger) },
              valid: true,
            })
            asked++
            expect([operation.key, answer.status === 404 || answer.status === 403]).toEqual([operation.key, true])
          }
      expect(await state()).toEqual(before)
      // Their own are theirs: the refusals above were about whose it is.
      for (const [path, ids] of [
        ['/api/v1/parsing', others.search_id],
        ['/api/v1/audience', others.segment_id],
      ] as [string, string[]][])
        for (const id of ids) expect((await world.get(`${path}/${id}`, of(stranger))).status).toBe(200)
      expect([...proved].sort()).toEqual(byPath.map(({ key }) => key).sort())
      expect([...named].sort()).toEqual(Object.keys(things).sort())
      expect(byBody.length).toBeGreaterThan(0)
      expect(world.errors).toEqual([])
    } finally {
      await world.close()
    }
    console.log(
      `ownership [${database.dialect}]: ${byPath.length + byBody.length} operations with ids of others, ${asked} requests, seed ${seed}`,
    )
  }, 300_000)
})
