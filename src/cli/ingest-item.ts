import { UsageError } from './io.ts'

/** Fields of a product that a file's fields may be mapped to, and keys of `raw_data` behind `raw_data.`. */
const TARGETS = ['title', 'product_url', 'description', 'price', 'currency', 'image_url', 'merchant', 'category'] as const

/** How records become items. */
export interface ItemTerms {
  site: string
  /** Fields of the file, and what they are called in an item. */
  map: ReadonlyMap<string, string>
  /** Of items that name none. */
  currency: string | undefined
}

/** Reads `--map name=title` options. @throws UsageError */
export const readMap = (given: readonly string[]): Map<string, string> => {
  const map = new Map<string, string>()
  for (const text of given) {
    const split = text.lastIndexOf('=')
    const [from, to] = [text.slice(0, split), text.slice(split + 1)]
    if (split < 1) throw new UsageError(`--map must be FIELD_OF_FILE=FIELD, not "${text}"`)
    if (!TARGETS.includes(to as never) && !/^raw_data\.[^.]+$/.test(to))
      throw new UsageError(`--map ${text}: FIELD must be one of ${TARGETS.join(', ')}, or raw_data.KEY`)
    if (map.has(from)) throw new UsageError(`--map names ${from} twice`)
    if ([...map.values()].includes(to)) throw new UsageError(`--map fills ${to} twice`)
    map.set(from, to)
  }
  return map
}

export interface Item {
  /** As it is sent. */
  json: string
  /** What was changed on the way. */
  remarks: string[]
}

const renamed = (value: Record<string, unknown>, map: ReadonlyMap<string, string>): Record<string, unknown> => {
  if (map.size === 0) return value
  const item = Object.fromEntries(Object.entries(value).filter(([name]) => !map.has(name)))
  const raw: Record<string, unknown> = {}
  for (const [from, to] of map) {
    if (!Object.hasOwn(value, from)) continue
    if (to.startsWith('raw_data.')) raw[to.slice('raw_data.'.length)] = value[from]
    else item[to] = value[from]
  }
  const known = typeof item.raw_data === 'object' && item.raw_data !== null ? item.raw_data : {}
  return Object.keys(raw).length === 0 ? item : { ...item, raw_data: { ...known, ...raw } }
}

/** Digits so many that a number may not hold them. */
const LONG_DIGITS = /\d{16,}/
/** JSON in which whole numbers beyond 2^53 are texts with the same digits; `kept` is called with their keys. */
const parseExactly = (text: string, kept: (key: string) => void): unknown => {
  const exact = (key: string, value: unknown, { source = '' }: { source?: string } = {}): unknown => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d+$/.test(source)) return value
    kept(key)
    return source
  }
  return JSON.parse(text, exact as never)
}

/** Where a value has numbers that became infinite when they were read (`1e400`): written again they would be null, and clear a stored price. */
const tooLarge = (value: unknown): string[] => {
  const found: string[] = []
  const open: [path: string, value: unknown][] = [['', value]]
  for (let entry = open.pop(); entry; entry = open.pop()) {
    const [path, held] = entry
    if (typeof held === 'number' && !Number.isFinite(held)) found.push(path)
    if (held && typeof held === 'object')
      for (const [key, below] of Object.entries(held)) open.push([path ? `${path}.${key}` : key, below])
  }
  return found
}

/** A record as the item that is sent, or everything that is wrong with it. */
export const itemOf = (text: string, { site, map, currency }: ItemTerms): Item | string => {
  const remarks: string[] = []
  let value: unknown
  try {
    const note = (key: string) => remarks.push(`${key}: kept as a text, because no number has so many digits`)
    value = LONG_DIGITS.test(text) ? parseExactly(text, note) : JSON.parse(text)
  } catch {
    return 'not JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object'
  const infinite = tooLarge(value)
  if (infinite.length > 0) return infinite.map((path) => `${path}: a number too large to be held`).join('; ')
  const item = renamed(value as Record<string, unknown>, map)
  const isOpen = item.currency === undefined || item.currency === null || item.currency === ''
  return { json: JSON.stringify({ ...item, ...(currency && isOpen ? { currency } : {}), site_key: site }), remarks }
}
