import { z } from 'zod'

/**
 * What all families do to texts of a query or a body before a schema looks at them. Each contract accepts its own spelling of a number or
 * boolean, so the spelling is the argument; a value that is not spelled so stays as it is, for the schema to refuse.
 */

/** Decimal digits alone. */
export const DIGITS = /^\d+$/
/** Digits with a sign, blanks around them. */
export const INTEGER = /^\s*[+-]?\d+\s*$/
/** A decimal number without an exponent, blanks around it. */
export const DECIMAL = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)\s*$/
/** A decimal number with or without an exponent, blanks around it. */
export const SCIENTIFIC = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/

/** The number of a text that the pattern matches. */
export const numberFrom =
  (pattern: RegExp) =>
  (value: unknown): unknown =>
    typeof value === 'string' && pattern.test(value) ? Number(value) : value

/** The boolean of a word in any case. */
export const booleanFrom = (yes: readonly string[], no: readonly string[]) => {
  const words = new Map<string, boolean>([
    ...yes.map((word) => [word, true] as const),
    ...no.map((word) => [word, false] as const),
  ])
  return (value: unknown): unknown => (typeof value === 'string' ? (words.get(value.toLowerCase()) ?? value) : value)
}

/** Texts of a pattern, as the API document shows them. */
export const textLike = (pattern: RegExp) => ({ type: 'string', pattern: pattern.source })
/** Words in any case with blanks around them, as the API document shows them: its patterns have no flags. */
export const wordsLike = (words: readonly string[]) => {
  const inAnyCase = (word: string) => word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)
  return { type: 'string', pattern: `^\\s*(?:${words.map(inAnyCase).join('|')})\\s*$` }
}

/** Null and a text of blanks count as absent. */
export const blankAsAbsent = (value: unknown): unknown =>
  value === null || (typeof value === 'string' && value.trim() === '') ? undefined : value
/** The empty text counts as absent. */
export const emptyAsAbsent = (value: unknown): unknown => (value === '' ? undefined : value)

/** An optional field of a body: null counts as absent, in every family. The type leaves null out, so that clients do not send it. */
export const optional = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform((given) => given ?? undefined) as unknown as z.ZodOptional<S>
/** The same with a value that stands in. */
export const withDefault = <S extends z.ZodType>(schema: S, value: NoInfer<z.output<S>>) =>
  schema
    .nullish()
    .transform((given) => given ?? value)
    .meta({ default: value }) as unknown as z.ZodDefault<S>

export type Json = Record<string, any>
/** Whether a schema describes what is sent to us or what we send: coercions, defaults and transforms make the difference. */
export type Direction = 'input' | 'output'

const wireForms = z.registry<{ inBody?: Json; asParameter?: Json }>()

/**
 * Says what a schema that converts its input takes over the wire: in a body, where that is more than what comes out of it, and as a
 * parameter, where every value is text and its type says how the text is read.
 */
export const takes = <S extends z.ZodType>(schema: S, inBody?: Json, asParameter?: Json): S => {
  wireForms.add(schema, { inBody, asParameter })
  return schema
}

export const isZod = (schema: unknown): schema is z.ZodType =>
  typeof schema === 'object' && schema !== null && (schema as any)['~standard']?.vendor === 'zod'

/** The example that a schema states itself, for those made of it. */
export const ownExample = (schema: z.ZodType): unknown => (z.globalRegistry.get(schema)?.examples as unknown[] | undefined)?.[0]

const isEmpty = (schema: unknown) => typeof schema === 'object' && schema !== null && Object.keys(schema).length === 0

/** Drops what says nothing to a reader: alternatives to "anything", names of properties that are texts, the grammar of a date, bounds of any number. */
const tidy = (schema: Json): Json => {
  if (schema.anyOf?.some(isEmpty)) delete schema.anyOf
  if (schema.format === 'date-time') delete schema.pattern
  if (-schema.minimum >= Number.MAX_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum >= Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (JSON.stringify(schema.propertyNames) === '{"type":"string"}') delete schema.propertyNames
  return schema
}

/** JSON Schema 2020-12 of zod schemas; those with an `id` become components that others refer to. */
export interface SchemaWriter {
  components: Json
  write(schema: z.ZodType, direction: Direction): Json
}

/** `asRead`: coerced fields have the type that they are read as, as parameters do, instead of all forms that a body may bring. */
export const createSchemaWriter = ({ asRead = false } = {}): SchemaWriter => {
  const components: Json = {}
  const written = new Map<z.ZodType, Json>()

  const define = (name: string, made: Json) => {
    // The mapping of a discriminator comes later.
    const { discriminator: _, ...known } = components[name] ?? made
    const { discriminator: __, ...given } = made
    if (!Bun.deepEquals(known, given)) throw new Error(`two schemas have the id ${name}`)
    components[name] ??= made
  }
  const write = (schema: z.ZodType, direction: Direction): Json => {
    const known = direction === 'output' ? written.get(schema) : undefined
    if (known) return known
    const made = toJsonSchema(schema, direction, asRead)
    const { $schema: _, $defs = {}, id, ...rest } = made
    // A schema reads differently as input and as output (defaults, coercion), so its component has two names.
    const nameOf = (name: string) => (direction === 'input' ? `${name}Input` : name)
    const relink = (value: any): any => {
      if (Array.isArray(value)) return value.map(relink)
      if (value === null || typeof value !== 'object') return value
      const out: Json = {}
      for (const [key, item] of Object.entries(value))
        if (key === '$ref' && typeof item === 'string')
          out[key] = item.replace(/^#\/\$defs\/(.+)$/, (_, name) => `#/components/schemas/${nameOf(name)}`)
        else out[key] = key === 'examples' || key === 'default' ? item : relink(item)
      return tidy(out)
    }
    for (const [name, { id: _id, ...body }] of Object.entries<Json>($defs)) define(nameOf(name), relink(body))
    let result: Json = relink(rest)
    if (typeof id === 'string') {
      define(nameOf(id), result)
      result = { $ref: `#/components/schemas/${nameOf(id)}` }
    }
    addDiscriminators(components, result)
    if (direction === 'output') written.set(schema, result)
    return result
  }
  return { components, write }
}

const toJsonSchema = (schema: z.ZodType, direction: Direction, asRead: boolean): Json =>
  z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: direction,
    unrepresentable: 'any',
    override: (context) => {
      const { jsonSchema } = context
      const zodSchema = context.zodSchema as unknown as z.ZodType
      const definition = zodSchema._zod.def as unknown as { discriminator?: string }
      if (definition.discriminator) (jsonSchema as Json).discriminator = { propertyName: definition.discriminator }
      if (direction === 'output') return
      // Zod leaves these out where a transform is inside, because it does not know whether they describe its input or its output. Ours describe what is sent.
      const meta = z.globalRegistry.get(zodSchema)
      if (meta?.examples) jsonSchema.examples = meta.examples as never
      if (meta?.default !== undefined) jsonSchema.default = meta.default as never
      const wire = wireForms.get(zodSchema)
      const form = asRead ? wire?.asParameter : wire?.inBody
      if (!form) return
      const said = Object.entries(jsonSchema).filter(([key]) => key === 'description' || key === 'examples' || key === 'default')
      for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Json)[key]
      Object.assign(jsonSchema, structuredClone(form), Object.fromEntries(said))
    },
  }) as Json

/** Which component each value of a discriminator stands for. */
const addDiscriminators = (components: Json, inline: Json) => {
  const visit = (schema: any): void => {
    if (typeof schema !== 'object' || schema === null) return
    if (Array.isArray(schema)) {
      for (const one of schema) visit(one)
      return
    }
    const { discriminator, oneOf } = schema
    if (typeof discriminator?.propertyName === 'string' && !discriminator.mapping && oneOf?.every((one: Json) => one.$ref)) {
      const mapping: Json = {}
      for (const { $ref } of oneOf) {
        const property = components[$ref.split('/').at(-1)]?.properties?.[discriminator.propertyName]
        for (const value of property?.enum ?? [property?.const]) if (typeof value === 'string') mapping[value] = $ref
      }
      discriminator.mapping = mapping
    }
    for (const value of Object.values(schema)) visit(value)
  }
  visit(components)
  visit(inline)
}

const NONE = Symbol('no example')

/**
 * An example of a schema: its own, or made of those of its parts. Undefined when a required part has none; `missing` then gets the path
 * of each such part.
 */
export const exampleOf = (schema: Json, components: Json, missing: string[] = []): unknown => {
  const visit = (given: Json, path: string, isNeeded: boolean): unknown => {
    const need = () => {
      if (isNeeded) missing.push(path || '(the whole)')
      return NONE
    }
    if (given.examples) return given.examples[0]
    if (given.$ref) return visit(components[given.$ref.split('/').at(-1)], path, isNeeded)
    if ('const' in given) return given.const
    if ('default' in given) return given.default
    if (given.enum) return given.enum[0]
    const options: Json[] | undefined = given.oneOf ?? given.anyOf
    if (options) {
      for (const option of options) {
        const value = option.type === 'null' ? NONE : visit(option, path, false)
        if (value !== NONE) return value
      }
      return options.some(({ type }) => type === 'null') ? null : need()
    }
    if (given.allOf) {
      const parts = given.allOf.map((part: Json) => visit(part, path, isNeeded))
      return parts.includes(NONE) ? NONE : Object.assign({}, ...parts)
    }
    switch (given.type) {
      case 'boolean':
        return true
      case 'null':
        return null
      case 'array': {
        const item = visit(given.items ?? {}, `${path}[]`, isNeeded || (given.minItems ?? 0) > 0)
        return item === NONE ? ((given.minItems ?? 0) > 0 ? NONE : []) : [item]
      }
      case 'object': {
        const out: Json = {}
        for (const [name, property] of Object.entries<Json>(given.properties ?? {})) {
          const isRequired = given.required?.includes(name) ?? false
          const value = visit(property, path === '' ? name : `${path}.${name}`, isNeeded && isRequired)
          if (value !== NONE) out[name] = value
          else if (isRequired) return NONE
        }
        return out
      }
      default:
        return given.format === 'date-time' ? '2026-01-15T09:00:00.000Z' : need()
    }
  }
  const value = visit(schema, '', true)
  return value === NONE ? undefined : value
}
