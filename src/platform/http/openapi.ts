import type { DocumentDecoration } from 'elysia'
import type { z } from 'zod'
import { createSchemaWriter, exampleOf, isZod, type Json } from './schema.ts'

/** A documented body: a schema, or one for each media type it may come in. */
export type Described = z.ZodType | Record<string, z.ZodType>

/** A route's documentation: bodies and responses are zod schemas, made into JSON schemas by `describeRoutes`. */
export interface RouteDocument {
  tags: string[]
  summary: string
  description: string
  responses: Record<number, Described>
  security: Record<string, string[]>[]
  requestBody?: Described
  parameters?: Json[]
  /** Query parameters of a route that checks its query itself. */
  query?: z.ZodType
  /** Largest body, in bytes. */
  maxBodyBytes?: number
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
  // A parameter is text by nature: it has the type that it is read as.
  const { properties = {}, required = [] } = createSchemaWriter({ asRead: true }).write(schema, 'input')
  return Object.entries<Json>(properties).map(([name, { description, examples, ...property }]) => ({
    in: where,
    name,
    required: where === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: withoutNull(property),
    ...(examples === undefined ? {} : { example: examples[0] }),
  }))
}
/** A URL cannot hold null: what may be null may be left out. */
const withoutNull = (schema: Json): Json => {
  if (Array.isArray(schema.type)) return { ...schema, type: schema.type.find((type: string) => type !== 'null') }
  const { anyOf, ...rest } = schema
  const options = anyOf?.filter((option: Json) => option.type !== 'null')
  return options?.length === 1 ? { ...rest, ...options[0] } : schema
}
const mapValues = <A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
const sizeOf = (bytes: number) => (bytes % 1_048_576 === 0 ? `${bytes / 1_048_576} MiB` : `${bytes / 1024} KiB`)

/**
 * OpenAPI 3.1 paths and components of the app's routes, made from their zod schemas: @elysiajs/swagger serialises zod's internals,
 * so it is fed these instead. Responses and documented bodies stand as zod schemas in `detail`.
 */
export const describeRoutes = (
  routes: DocumentedRoute[],
  isDocumented: (path: string) => boolean,
): { paths: Json; components: { schemas: Json } } => {
  const { components: schemas, write } = createSchemaWriter()
  const mediaOf = (schema: z.ZodType, direction: 'input' | 'output', isExample: boolean): Json => {
    const written = write(schema, direction)
    const example = isExample ? exampleOf(written, schemas) : undefined
    return { schema: written, ...(example === undefined ? {} : { example }) }
  }
  const contentOf = (schema: unknown, isSuccess: boolean): Json | undefined => {
    if (isZod(schema)) {
      if (schema.type === 'never' || schema.type === 'unknown') return undefined
      return { [schema.type === 'string' ? 'text/plain' : 'application/json']: mediaOf(schema, 'output', isSuccess) }
    }
    if (typeof schema !== 'object' || schema === null) return undefined
    return mapValues(schema as Record<string, z.ZodType>, (one) => mediaOf(one, 'output', isSuccess))
  }

  const paths: Json = {}
  for (const { method, path, hooks } of routes) {
    const detail = hooks?.detail ?? {}
    if (!METHODS.has(method) || detail.hide || path.includes('*') || !isDocumented(path)) continue
    const url = path.replace(/:(\w+)\??/g, '{$1}').replace(/(.)\/$/, '$1')
    const {
      responses = {},
      requestBody,
      parameters: more = [],
      query = hooks?.query,
      hide: _hide,
      maxBodyBytes,
      ...published
    } = detail
    const body: Described | undefined = requestBody ?? (isZod(hooks?.body) ? hooks.body : undefined)
    paths[url] ??= {}
    paths[url][method.toLowerCase()] = {
      operationId: `${method.toLowerCase()}${url.replace(/[^A-Za-z0-9]+(.)?/g, (_: string, next = '') => next.toUpperCase())}`,
      ...published,
      parameters: [...parameters('path', hooks?.params), ...parameters('query', query), ...more],
      ...(body
        ? {
            requestBody: {
              ...(maxBodyBytes === undefined ? {} : { description: `At most ${sizeOf(maxBodyBytes)}.` }),
              required: isZod(body) ? !body.isOptional() : true,
              content: isZod(body)
                ? { 'application/json': mediaOf(body, 'input', true) }
                : mapValues(body, (one) => mediaOf(one, 'input', true)),
            },
          }
        : {}),
      responses: Object.fromEntries(
        Object.entries(responses).map(([status, schema]) => {
          const description = DESCRIPTIONS[Number(status)] ?? 'Answer'
          const content = contentOf(schema, Number(status) < 300)
          return [status, content ? { description, content } : { description }]
        }),
      ),
    }
  }
  return { paths, components: { schemas } }
}
