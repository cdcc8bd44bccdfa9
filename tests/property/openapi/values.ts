import fc from 'fast-check'
import type { Document, Schema } from './document.ts'
import type { Pool } from './pool.ts'
import type { Random } from './random.ts'

/** Values that have broken servers: edges of numbers, texts no database stores, wrong types, names of prototypes. */
const ODD: readonly unknown[] = [
  ...[null, true, false, '', ' ', '0', '-1', '1.5', 'NaN', 'null', '\u0000', 'a\u0000b', '\ud800', '😀', '\u202e', [], {}, [[]]],
  ...[0, -0, -1, 1, 0.5, 2 ** 31, 2 ** 31 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 1e21, 1e308, 5e-324],
  ...['9'.repeat(30), '-9223372036854775809', '1e400', 'x'.repeat(3000), 'ё'.repeat(200), '1 499,50', '２'],
  ...['2026-01-01', '2026-02-30T25:61:00Z', '0000-00-00', '+275760-09-13T00:00:00.001Z', 'Infinity', '0x10', '00000000'],
  ...[
    "'; drop table tasks; --",
    '" or 1=1',
    '%',
    '_',
    '\\',
    '{}',
    '[]',
    '*',
    'a AND NOT (b',
    '"',
    '<script>',
    '../../etc/passwd',
  ],
  ...['{"a":1}', '$1', '?', ':x', '@@', 'constructor', '__proto__', 'http://[', 'javascript:alert(1)', '::1'],
  ...[{ a: null }, { __proto__x: 1 }, { toString: 1 }, [null], [0, '', {}], { length: 1e9 }, 'e\u0301', '\r\nX-Evil: 1'],
]
const WORDS = ['чай', 'gift', 'cat', 'home', 'Шкатулка', 'red', 'x', 'a b', 'Cats & dogs', 'crypto']
const MAX_DEPTH = 6

/** Fields whose schema says `string`, and what makes sense there. Every list has wrong ones too, for the mutations to find. */
const TEXTS: Record<string, readonly string[]> = {
  url: ['https://shop.example/list/1', 'https://shop.example/list/2', 'https://b.example/x'],
  parent_url: ['https://shop.example/list/1'],
  image_url: ['https://shop.example/i.png'],
  site_key: ['shop', 'b'],
  site_keys: ['shop', 'b'],
  cron: ['*/5 * * * *', '0 9 * * 1', '@daily', '61 * * * *'],
  timezone: ['UTC', 'Europe/Moscow', 'Mars/Base'],
  worker_id: ['w1', 'w2'],
  workerId: ['w1', 'w2'],
  kinds: ['source.run', 'notification', 'embedding'],
  kind: ['source.run', 'notification'],
  topic: ['scraping', 'system', 'new:topic'],
  role: ['user', 'admin', 'superadmin', 'king'],
  language: ['ru', 'en', 'de'],
  status: ['queued', 'running', 'waiting', 'active', 'completed', 'failed'],
  type: ['list', 'hub', 'FETCH_ISSUES', 'DISCOVER_AREAS', 'today', 'overdue', 'all', 'task'],
  username: ['user1', 'user2', 'user3', '@User4'],
  slug: ['user1', '@user5', 'user6'],
  password: ['a long secret', 'another secret'],
  currency: ['RUB', 'EUR'],
  code: ['12345', '123'],
  phone_number: ['+79991112233', '+79991112234', '+79991112235', '+79991112236'],
  plan_type: ['week', 'month', 'year'],
  visibility: ['PUBLIC', 'PRIVATE'],
  categoryKeys: ['animals', 'cute', 'memes', 'animals,cute'],
  fromDate: ['2026-01-01', '2026-01-15T12:00:00.000Z'],
  toDate: ['2026-01-20', '2026-02-01T00:00:00Z'],
  due_date: ['2026-01-20', '20.01.2026'],
  new_date: ['2026-01-21', 'tomorrow'],
  expiresAt: ['2026-01-16T12:00:00.000Z', '2027-01-01T00:00:00Z'],
  timestamp: ['2026-01-15T12:00:01.000Z'],
  errorTimestamp: ['2026-01-15T12:00:01.000Z'],
  clientId: ['client'],
  updateId: ['u1', 'u2', 'u3'],
  connectionId: ['c1', 'c2'],
  order: ['asc', 'desc', 'created'],
  details: ['true', 'false'],
  operation: ['ping', 'details'],
}

/** Makes values for schemas: such as they describe, and such as they do not. */
export const createValues = (random: Random, seed: number, document: Document, pool: Pool) => {
  const samples = new Map<string, string[]>()
  const matching = (pattern: string) => {
    let list = samples.get(pattern)
    if (!list) {
      list = fc.sample(fc.stringMatching(new RegExp(pattern)), { numRuns: 12, seed })
      samples.set(pattern, list)
    }
    return random.pick(list)
  }
  // A copy, because what it becomes a part of is changed further.
  const odd = (): unknown => structuredClone(random.pick(ODD))
  const anything = (depth = 0): unknown => {
    if (random.chance(0.5) || depth > 3) return odd()
    if (random.chance(0.5)) return Array.from({ length: random.int(0, 3) }, () => anything(depth + 1))
    return Object.fromEntries(Array.from({ length: random.int(0, 3) }, (_, n) => [`k${n}`, anything(depth + 1)]))
  }
  const length = (schema: Schema, text: string): string => {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
    return text.padEnd(minLength, 'x').slice(0, maxLength)
  }

  const text = (schema: Schema, name: string): string => {
    if (schema.enum) return random.pick(schema.enum)
    if (schema.format === 'uuid') return pool.pick(name) ?? Bun.randomUUIDv7()
    if (schema.format === 'date-time') return '2026-01-15T12:00:00.000Z'
    const known = random.chance(0.6) ? pool.pick(name) : undefined
    if (typeof known === 'string' && fits(schema, known)) return known
    const likely = TEXTS[name]
    if (likely && random.chance(0.85)) {
      const chosen = random.pick(likely)
      if (fits(schema, chosen)) return chosen
    }
    if (schema.pattern) return matching(schema.pattern)
    const { maxLength } = schema
    if (maxLength !== undefined && maxLength <= 5000 && random.chance(0.04)) return 'ы'.repeat(maxLength)
    return length(schema, random.pick(WORDS) + (random.chance(0.5) ? ` ${random.int(0, 30)}` : ''))
  }
  const fits = (schema: Schema, value: string) =>
    value.length >= (schema.minLength ?? 0) &&
    value.length <= (schema.maxLength ?? Number.POSITIVE_INFINITY) &&
    (schema.pattern === undefined || new RegExp(schema.pattern).test(value))

  const number = (schema: Schema, name: string, whole: boolean): number => {
    const { minimum = -1000, maximum = 1_000_000 } = schema
    const known = random.chance(0.6) ? pool.pick(name) : undefined
    if (typeof known === 'number' && known >= minimum && known <= maximum && (!whole || Number.isInteger(known))) return known
    if (random.chance(0.06)) return minimum
    if (random.chance(0.06)) return maximum
    const low = Math.max(minimum, random.chance(0.1) ? -50 : 0)
    const high = Math.min(maximum, low + 60)
    return whole ? random.int(Math.ceil(low), Math.floor(high)) : low + random.next() * (high - low)
  }

  /** One of them, of the rare ones only now and then. */
  const mostly = <T>(all: T[], isRare: (one: T) => boolean): T => {
    const usual = all.filter((one) => !isRare(one))
    return random.pick(usual.length === 0 || random.chance(0.12) ? all : usual)
  }

  /** A value that the schema describes. `name` is the field it stands in. */
  const valid = (given: Schema, name = '', depth = 0): unknown => {
    const schema = document.resolve(given)
    if ('const' in schema) return schema.const
    if (Array.isArray(schema.type)) return valid({ ...schema, type: mostly(schema.type, (type) => type === 'null') }, name, depth)
    const options: Schema[] | undefined = schema.anyOf ?? schema.oneOf
    // A number as a text says nothing of its limits, so it is mostly sent as a number.
    if (options)
      return valid(
        mostly(options, ({ type, pattern }) => type === 'null' || pattern !== undefined),
        name,
        depth,
      )
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part: Schema) => valid(part, name, depth)))
    switch (schema.type) {
      case 'null':
        return null
      case 'string':
        return text(schema, name)
      case 'integer':
        return number(schema, name, true)
      case 'number':
        return number(schema, name, false)
      case 'boolean':
        return random.chance(0.5)
      case 'array': {
        const { minItems = 0, maxItems = 100 } = schema
        const count = Math.max(minItems, Math.min(maxItems, random.chance(0.08) ? 0 : random.int(1, 4)))
        return Array.from({ length: count }, () => valid(schema.items ?? {}, name, depth + 1))
      }
      case 'object': {
        const out: Record<string, unknown> = {}
        const required: string[] = schema.required ?? []
        for (const [key, property] of Object.entries<Schema>(schema.properties ?? {}))
          if (required.includes(key) || (depth < MAX_DEPTH && random.chance(0.45))) out[key] = valid(property, key, depth + 1)
        if (schema.additionalProperties && random.chance(0.3)) out[`more${random.int(0, 3)}`] = anything(2)
        return out
      }
      default:
        return anything(2)
    }
  }

  /** A copy of a body with one to three places made odd, left out, doubled or added. */
  const mutate = (body: unknown): unknown => {
    if (random.chance(0.06)) return odd()
    const root = { body: structuredClone(body) as any }
    for (let n = random.int(1, 3); n > 0; n--) {
      const places: [any, string | number][] = []
      const visit = (holder: any, key: string | number) => {
        places.push([holder, key])
        const value = holder[key]
        if (Array.isArray(value)) for (let index = 0; index < Math.min(5, value.length); index++) visit(value, index)
        else if (typeof value === 'object' && value !== null) for (const inner of Object.keys(value)) visit(value, inner)
      }
      visit(root, 'body')
      const [holder, key] = random.pick(places.length > 1 ? places.slice(1) : places)
      const value = holder[key]
      const how = random.int(0, 6)
      if (how <= 2) holder[key] = odd()
      else if (how === 3 && !Array.isArray(holder)) delete holder[key]
      else if (how === 4) holder[key] = Array.isArray(value) ? [...value, ...value, odd()] : [value]
      else if (how === 5) holder[key] = typeof value === 'string' ? Number(value) || 7 : JSON.stringify(value)
      else if (typeof holder === 'object') {
        const target = Array.isArray(value) || typeof value !== 'object' || value === null ? holder : value
        if (Array.isArray(target)) target.push(anything())
        else
          Object.defineProperty(target, random.pick(['extra', '__proto__', 'constructor', 'id', 'ID', 'toString']), {
            value: odd(),
            enumerable: true,
            configurable: true,
            writable: true,
          })
      }
    }
    return root.body
  }

  return { valid, mutate, odd, anything }
}
export type Values = ReturnType<typeof createValues>
