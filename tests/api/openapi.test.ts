import { describe, expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { documentsOfApp, OPENAPI_FILE } from '../../scripts/openapi.ts'
import { exampleOf } from '../../src/platform/http/schema.ts'
import { validatorOf } from './validator.ts'

type Json = Record<string, any>
interface Operation {
  key: string
  path: string
  operation: Json
}

const rendered = documentsOfApp().then(({ openapi }) => openapi)
const document = rendered.then((text) => JSON.parse(text) as Json)
const operationsOf = ({ paths }: Json): Operation[] =>
  Object.entries<Json>(paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]) => ({ key: `${method.toUpperCase()} ${path}`, path, operation })),
  )
/** Bodies of an operation that have to show an example: what it is sent and what it answers when all goes well. */
const mediaOf = (operation: Json): [where: string, media: Json][] => [
  ...Object.entries<Json>(operation.requestBody?.content ?? {}).map(([type, media]): [string, Json] => [`body ${type}`, media]),
  ...Object.entries<Json>(operation.responses)
    .filter(([status]) => Number(status) >= 200 && Number(status) < 300)
    .flatMap(([status, { content = {} }]) =>
      Object.entries<Json>(content).map(([type, media]): [string, Json] => [`${status} ${type}`, media]),
    ),
]

describe('API document', () => {
  test('it validates as OpenAPI 3.1', async () => {
    const result = await new Validator().validate(await document)
    expect(result).toMatchObject({ valid: true })
  })

  test('the committed copy is what /docs/json answers', async () => {
    expect(await Bun.file(OPENAPI_FILE).text()).toBe(await rendered)
  })

  test('every operation has a summary, a tag, security, and its statuses described', async () => {
    const bare: string[] = []
    const ids = new Set<string>()
    const operations = operationsOf(await document)
    for (const { key, path, operation } of operations) {
      ids.add(operation.operationId)
      const whole =
        operation.summary &&
        operation.description &&
        operation.tags?.length > 0 &&
        Array.isArray(operation.security) &&
        Object.keys(operation.responses).length > 0
      if (!whole) bare.push(key)
      if (path.startsWith('/internal')) {
        for (const status of ['401', '403', '500']) if (!operation.responses[status]) bare.push(`${key} has no ${status}`)
        if (!['101', '200', '201', '204'].some((status) => operation.responses[status])) bare.push(`${key} has no success`)
      }
    }
    expect(bare).toEqual([])
    expect(operations.length).toBeGreaterThan(120)
    expect(ids.size).toBe(operations.length)
  })

  test('every parameter is described', async () => {
    const bare = operationsOf(await document).flatMap(({ key, operation }) =>
      operation.parameters.filter((one: Json) => !one.description).map((one: Json) => `${key}: ${one.in} ${one.name}`),
    )
    expect(bare).toEqual([])
  })

  test('every operation shows an example of its body and of its answer', async () => {
    const whole = await document
    const bare = operationsOf(whole).flatMap(({ key, operation }) =>
      mediaOf(operation).flatMap(([where, { schema, example }]) => {
        const missing: string[] = []
        exampleOf(schema, whole.components.schemas, missing)
        if (example === undefined) missing.push('(no example)')
        return missing.length === 0 ? [] : [`${key} ${where}: ${missing.join(', ')}`]
      }),
    )
    expect(bare).toEqual([])
  })

  test('every example is of its schema', async () => {
    const whole = await document
    const problem = validatorOf(whole)
    const wrong: string[] = []
    let checked = 0
    const check = (name: string, schema: Json, value: unknown) => {
      checked++
      const found = problem(schema, value)
      if (found) wrong.push(`${name}: ${found}`)
    }
    for (const { key, operation } of operationsOf(whole)) {
      for (const [where, { schema, example }] of mediaOf(operation)) check(`${key} ${where}`, schema, example)
      for (const { name, schema, example } of operation.parameters)
        if (example !== undefined) check(`${key} parameter ${name}`, schema, example)
    }
    // Those that stand in a schema, of the whole or of a part of it.
    const visit = (name: string, schema: any): void => {
      if (typeof schema !== 'object' || schema === null) return
      for (const value of schema.examples ?? []) check(name, { ...schema, examples: undefined }, value)
      for (const [key, part] of Object.entries(schema)) if (key !== 'examples' && key !== 'default') visit(`${name}/${key}`, part)
    }
    visit('#/components/schemas', whole.components.schemas)
    expect(wrong).toEqual([])
    expect(checked).toBeGreaterThan(250)
  })

  test('nothing of the inside is in it', async () => {
    const inner = [...(await rendered).matchAll(/"(x-[a-z-]+)":/g)].map((match) => match[1])
    expect(inner).toEqual([])
  })
})
