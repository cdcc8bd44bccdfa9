import type { DocumentDecoration } from 'elysia'
import { z } from 'zod'

type Json = Record<string, any>

/** A documented body: a schema, or one for each media type it may come in. */
export type Described = z.ZodType | Record<string, z.ZodType>

/** A route's documentation: bodies and responses are zod schemas, made into JSON schemas by `describeRoutes`. */
export interface RouteDocument {
  tags: string[]
  summary: string
  description: string
  responses: Record<number, Described>
  security: Record<string, string[]>[]
  requestBody?: z.ZodType
  parameters?: Json[]
  'x-max-body-bytes'?: number
  'x-error-detail'?: boolean
}
/** Elysia types `detail` as finished OpenAPI; ours becomes that later. */
export const documented = (document: Partial<RouteDocument>): DocumentDecoration => document as unknown as DocumentDecoration

export interface DocumentedRoute {
  method: string
  path: string
  hooks: any
}

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
const DESCRIPTIONS: Record<number, string> = {
  101: 'Switching protocols',
  200: 'Success',
  201: 'Created',
  202: 'Accepted',
  204: 'Done, without a body',
  304: 'Not modified',
  400: 'Bad request',
  401: 'Missing or invalid credential',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Body too large',
  415: 'Unsupported media type',
  422: 'Invalid request',
  426: 'Upgrade required',
  429: 'Too many requests',
  500: 'Unexpected error',
  502: 'Upstream error',
  503: 'Unavailable',
}
const parameters = (where: 'path' | 'query', schema: unknown): Json[] => {
  if (!isZod(schema)) return []
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'any',
  }) as Json
  return Object.entries(properties as Json).map(([name, property]) => ({
    in: where,
    name,
    required: where === 'path' || required.includes(name),
    schema: property,
  }))
}
/** Query parameters of a route that checks its query itself. */
export const queryParameters = (schema: z.ZodType): Json[] => parameters('query', schema)

const isZod = (schema: unknown): schema is z.ZodType =>
  typeof schema === 'object' && schema !== null && (schema as any)['~standard']?.vendor === 'zod'

/**
 * OpenAPI 3.0 paths and components of the app's routes, made from their zod schemas: @elysiajs/swagger serialises zod's internals,
 * so it is fed these instead. Responses and documented bodies stand as zod schemas in `detail`.
 */
export const describeRoutes = (
  routes: DocumentedRoute[],
  isDocumented: (path: string) => boolean,
): { paths: Json; components: { schemas: Json } } => {
  const schemas: Json = {}
  const converted = new Map<z.ZodType, Json>()

  const convert = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const known = io === 'output' ? converted.get(schema) : undefined
    if (known) return known
    const {
      $schema,
      definitions = {},
      id,
      ...rest
    } = z.toJSONSchema(schema, { target: 'openapi-3.0', io, unrepresentable: 'any' }) as Json
    // A schema reads differently as input and as output (defaults, coercion), so its component has two names.
    const nameOf = (name: string) => (io === 'input' ? `${name}Input` : name)
    const relink = (value: any): any => {
      if (Array.isArray(value)) return value.map(relink)
      if (value === null || typeof value !== 'object') return value
      const out: Json = {}
      for (const [key, item] of Object.entries(value))
        out[key] =
          key === '$ref' && typeof item === 'string'
            ? item.replace(/^#\/definitions\/(.+)$/, (_, name) => `#/components/schemas/${nameOf(name)}`)
            : relink(item)
      return out
    }
    for (const [name, definition] of Object.entries(definitions as Json)) {
      const { id: _id, ...body } = definition
      schemas[nameOf(name)] = relink(body)
    }
    let made: Json = relink(rest)
    if (typeof id === 'string') {
      schemas[nameOf(id)] = made
      made = { $ref: `#/components/schemas/${nameOf(id)}` }
    }
    if (io === 'output') converted.set(schema, made)
    return made
  }
  const contentOf = (schema: unknown): Json | undefined => {
    if (isZod(schema)) {
      if (schema.type === 'never' || schema.type === 'unknown') return undefined
      return { [schema.type === 'string' ? 'text/plain' : 'application/json']: { schema: convert(schema, 'output') } }
    }
    if (typeof schema !== 'object' || schema === null) return undefined
    return Object.fromEntries(
      Object.entries(schema as Record<string, z.ZodType>).map(([type, one]) => [type, { schema: convert(one, 'output') }]),
    )
  }

  const paths: Json = {}
  for (const { method, path, hooks } of routes) {
    const detail = hooks?.detail ?? {}
    if (!METHODS.has(method) || detail.hide || path.includes('*') || !isDocumented(path)) continue
    const url = path.replace(/:(\w+)\??/g, '{$1}').replace(/(.)\/$/, '$1')
    const { responses = {}, requestBody, parameters: more = [], hide: _hide, ...told } = detail
    const body = isZod(requestBody) ? requestBody : isZod(hooks?.body) ? hooks.body : undefined
    paths[url] ??= {}
    paths[url][method.toLowerCase()] = {
      operationId: `${method.toLowerCase()}${url.replace(/[^A-Za-z0-9]+(.)?/g, (_: string, next = '') => next.toUpperCase())}`,
      ...told,
      parameters: [...parameters('path', hooks?.params), ...parameters('query', hooks?.query), ...more],
      ...(body
        ? { requestBody: { required: !body.isOptional(), content: { 'application/json': { schema: convert(body, 'input') } } } }
        : {}),
      responses: Object.fromEntries(
        Object.entries(responses).map(([status, schema]) => {
          const description = DESCRIPTIONS[Number(status)] ?? 'Answer'
          const content = contentOf(schema)
          return [status, content ? { description, content } : { description }]
        }),
      ),
    }
  }
  return { paths, components: { schemas } }
}
