import { describe, expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { OPENAPI_FILE, renderOpenapi } from '../../scripts/openapi.ts'

describe('API document', () => {
  const rendered = renderOpenapi()

  test('it validates as OpenAPI 3.0', async () => {
    const result = await new Validator().validate(JSON.parse(await rendered))
    expect(result).toMatchObject({ valid: true })
  })

  test('the committed copy is what /docs/json answers', async () => {
    expect(await Bun.file(OPENAPI_FILE).text()).toBe(await rendered)
  })

  test('every operation has a summary, a tag, security, and its statuses described', async () => {
    const document = JSON.parse(await rendered)
    const bare: string[] = []
    const ids = new Set<string>()
    let operations = 0
    for (const [path, item] of Object.entries<any>(document.paths))
      for (const [method, operation] of Object.entries<any>(item)) {
        operations++
        ids.add(operation.operationId)
        const whole =
          operation.summary &&
          operation.description &&
          operation.tags?.length > 0 &&
          Array.isArray(operation.security) &&
          Object.keys(operation.responses).length > 0
        if (!whole) bare.push(`${method} ${path}`)
        if (path.startsWith('/internal')) {
          for (const status of ['401', '403', '500'])
            if (!operation.responses[status]) bare.push(`${method} ${path} has no ${status}`)
          if (!['101', '200', '201', '204'].some((status) => operation.responses[status]))
            bare.push(`${method} ${path} has no success`)
        }
      }
    expect(bare).toEqual([])
    expect(operations).toBeGreaterThan(30)
    expect(ids.size).toBe(operations)
  })
})
