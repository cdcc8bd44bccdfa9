import type { ValidateFunction } from 'ajv'
import Ajv2020 from 'ajv/dist/2020'
import addFormats from 'ajv-formats'

export type Schema = Record<string, any>
export interface Parameter {
  in: 'path' | 'query' | 'header'
  name: string
  required: boolean
  schema: Schema
}
export interface Operation {
  /** `GET /internal/sources/{id}` */
  key: string
  method: string
  path: string
  parameters: Parameter[]
  /** Schema of a JSON body. */
  body: Schema | undefined
  bodyRequired: boolean
  /** Media types and their schemas by status; an empty map where a status has no body described. */
  responses: Map<number, Map<string, Schema>>
  security: string[]
  /** Whether a request without a credential is welcome too. */
  open: boolean
}

/** Our own OpenAPI document as the fuzz reads it: its operations, and checks of bodies against its schemas. */
export const readDocument = (document: any) => {
  const operations: Operation[] = Object.entries<any>(document.paths).flatMap(([path, item]) =>
    Object.entries<any>(item).map(([method, operation]) => ({
      key: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      parameters: operation.parameters ?? [],
      body: operation.requestBody?.content?.['application/json']?.schema,
      bodyRequired: operation.requestBody?.required === true,
      responses: new Map(
        Object.entries<any>(operation.responses).map(([status, { content = {} }]) => [
          Number(status),
          new Map(Object.entries<any>(content).map(([type, { schema }]) => [type, schema])),
        ]),
      ),
      security: operation.security.flatMap((one: object) => Object.keys(one)),
      open: operation.security.length === 0 || operation.security.some((one: object) => Object.keys(one).length === 0),
    })),
  )

  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true })
  addFormats(ajv)
  ajv.addSchema({ $id: 'document', components: document.components })
  const relink = (value: any): any => {
    if (Array.isArray(value)) return value.map(relink)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        key === '$ref' && typeof item === 'string' ? item.replace(/^#/, 'document#') : relink(item),
      ]),
    )
  }
  // By text, because most refusals of a family share one schema and compiling is what costs.
  const validators = new Map<string, ValidateFunction>()
  const keys = new WeakMap<Schema, string>()
  return {
    operations,
    /** What a `$ref` stands for. */
    resolve(schema: Schema): Schema {
      let found = schema
      while (typeof found.$ref === 'string') found = document.components.schemas[found.$ref.split('/').at(-1) as string]
      return found
    },
    /** Why a value is not what the schema says; undefined when it is. */
    problem(schema: Schema, value: unknown): string | undefined {
      let key = keys.get(schema)
      if (key === undefined) {
        key = JSON.stringify(schema)
        keys.set(schema, key)
      }
      let validate = validators.get(key)
      if (!validate) {
        validate = ajv.compile(relink(schema))
        validators.set(key, validate)
      }
      return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'body' })
    },
  }
}
export type Document = ReturnType<typeof readDocument>
