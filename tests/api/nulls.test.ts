import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openSqlite } from '../../src/platform/db/sqlite.ts'
import { createTestApp, INTERNAL, type TestApp } from '../support/app.ts'
import { EVERY_FAMILY } from '../support/harness.ts'

const document = await Bun.file(new URL('./openapi.json', import.meta.url)).json()
const resolved = (schema: any): any => {
  let found = schema
  while (found?.$ref)
    found = found.$ref
      .slice(2)
      .split('/')
      .reduce((at: any, key: string) => at[key], document)
  return found
}
const takesNull = (given: any): boolean => {
  const schema = resolved(given)
  if (schema === true || schema === undefined || Object.keys(schema).length === 0) return true
  if ([schema.type].flat().includes('null') || schema.const === null || (schema.enum ?? []).includes(null)) return true
  const isOpen = !schema.type && !schema.anyOf && !schema.oneOf && !schema.allOf && !schema.enum && schema.const === undefined
  return isOpen || [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].some(takesNull)
}
/** Properties that may be left out of a body, at any depth, as `a.b[].c`. */
const optionalOf = (given: any, path = '', seen = new Set<unknown>()): [path: string, schema: any][] => {
  const schema = resolved(given)
  if (!schema || seen.has(schema)) return []
  seen.add(schema)
  const own = Object.entries<any>(schema.properties ?? {}).flatMap(([name, value]): [string, any][] => {
    const at = path === '' ? name : `${path}.${name}`
    return [...((schema.required ?? []).includes(name) ? [] : [[at, value] as [string, any]]), ...optionalOf(value, at, seen)]
  })
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap((one) =>
    optionalOf(one, path, seen),
  )
  return [...own, ...inner, ...(schema.items ? optionalOf(schema.items, `${path}[]`, seen) : [])]
}
const bodies = Object.entries<any>(document.paths).flatMap(([path, operations]) =>
  Object.entries<any>(operations).flatMap(([method, { requestBody }]) => {
    const content = requestBody?.content?.['application/json']
    return content
      ? [
          {
            method: method.toUpperCase(),
            path,
            schema: content.schema,
            example: resolved(content.schema)?.examples?.[0] ?? content.example,
          },
        ]
      : []
  }),
)
/** Required by a rule of their own, which refuses their absence in its own words. */
const NAMED = ['/api/internal2/health operation', '/api/internal2/tasks/bulk tasks[].type']

describe('crawler F1: null in an optional field counts as absent', () => {
  test('every optional property of every body takes null in the document', () => {
    expect(bodies.length).toBeGreaterThan(40)
    const refused = bodies.flatMap(({ path, schema }) =>
      optionalOf(schema).flatMap(([name, value]) => (takesNull(value) ? [] : [`${path} ${name}`])),
    )
    expect(refused.filter((one) => !NAMED.includes(one))).toEqual([])
  })

  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp(openSqlite({ path: ':memory:' }), { env: EVERY_FAMILY })
  })
  afterAll(() => app.stop())

  test('every example is answered alike with each of its optional fields null and left out', async () => {
    const credentials = { ...INTERNAL, authorization: 'Bearer dev-crawler-token', 'x-service-token': 'dev-service-token' }
    let compared = 0
    for (const { method, path, schema, example } of bodies) {
      if (typeof example !== 'object' || example === null) continue
      const { properties = {}, required = [] } = resolved(schema)
      const url = path.replace(/\{[^}]+\}/g, '01890000-0000-7000-8000-000000000000')
      const headers = path.startsWith('/internal') ? { ...INTERNAL, 'x-service-token': 'dev-service-token' } : credentials
      for (const name of Object.keys(properties)) {
        if (required.includes(name) || NAMED.includes(`${path} ${name}`)) continue
        // The clock stands still: a lease that waits would wait for ever.
        const { [name]: _, wait_seconds: __, waitSeconds: ___, ...without } = example
        const statuses = []
        for (const body of [without, { ...without, [name]: null }])
          statuses.push((await app.call(method, url, body, headers)).status)
        // A second creation or claim may meet the first: what counts is whether the input is refused.
        const refused = statuses.map((status) => status === 400 || status === 422)
        expect([`${method} ${path} ${name}`, refused[1]]).toEqual([`${method} ${path} ${name}`, refused[0]])
        compared++
      }
    }
    expect(compared).toBeGreaterThan(80)
  })

  test('what is answered can be sent back, and changes nothing', async () => {
    const created = await app.post('/internal/sources', {
      url: 'https://back.example/',
      type: 'list',
      site_key: 'back',
      schedule: null,
    })
    const source = (await app.get(`/internal/sources/${created.body.id}`)).body
    for (const [method, path] of [
      ['PATCH', `/internal/sources/${source.id}`],
      ['POST', '/internal/sources'],
    ] as const) {
      const answer = await app.call(method, path, source)
      expect([method, answer.status]).toEqual([method, 200])
      expect({ ...answer.body, history: source.history, updated_at: source.updated_at }).toEqual(source)
    }
    const person = (await app.post('/internal/telegram/subscribers', { chat_id: 77, name: 'Ann' })).body
    const again = await app.patch('/internal/telegram/subscribers/77', person)
    expect([again.status, { ...again.body, updated_at: person.updated_at }]).toEqual([200, person])
  })
})
