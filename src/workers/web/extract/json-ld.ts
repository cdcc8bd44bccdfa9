import { createBudget } from './budget.ts'
import { readLooseJson } from './loose-json.ts'
import { readThings, type SchemaData, type SchemaOptions } from './schema.ts'
import type { Thing } from './things.ts'

export interface JsonLd extends SchemaData {
  /** Scripts that no repair made JSON, at least not all of them. */
  broken: number
}

/** Keys are cut out of deeper values than things of schema.org have. */
const MAX_DEPTH = 60

/** Reads the texts of a page's JSON-LD scripts. A script beyond repair is counted. Throws `FetchError` when they hold too much. */
export const readJsonLd = (scripts: string[], options: Partial<SchemaOptions> = {}): JsonLd => {
  const documents: unknown[] = []
  let broken = 0
  for (const script of scripts) {
    if (!script.trim()) continue
    const { values, isBroken } = readLooseJson(script)
    if (isBroken) broken++
    // Other vocabularies than schema.org may be prefixed; schema.org's own prefix is cut off.
    documents.push(...(PREFIXED.test(script) ? values.map((value) => withoutPrefix(value, 0)) : values))
  }
  return { ...readThings(documents, { hints: {}, budget: createBudget(), ...options }), broken }
}

const PREFIXED = /"(?:schema:|https?:\/\/(?:www\.)?schema\.org\/)[A-Za-z]\w{0,60}"\s{0,20}:/
const PREFIX = /^(?:schema:|https?:\/\/(?:www\.)?schema\.org\/)(?=[A-Za-z]\w{0,60}$)/
/** Keys of expanded JSON-LD (`schema:name`, `https://schema.org/name`) as schema.org writes them. */
const withoutPrefix = (value: unknown, depth: number): unknown => {
  if (!value || typeof value !== 'object' || depth > MAX_DEPTH) return value
  if (Array.isArray(value)) return value.map((one) => withoutPrefix(one, depth + 1))
  const result: Thing = {}
  for (const [key, one] of Object.entries(value)) result[key.replace(PREFIX, '')] = withoutPrefix(one, depth + 1)
  return result
}
