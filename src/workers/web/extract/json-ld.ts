import { createBudget } from './budget.ts'
import { readLooseJson } from './loose-json.ts'
import { readThings, type SchemaData, type SchemaOptions } from './schema.ts'
import type { Thing } from './things.ts'

export interface JsonLd extends SchemaData {
  /** Scripts that no repair made JSON, at least not all of them. */
  broken: number
}

/** Characters of a page's scripts that are repaired: repair reads every one of them several times. */
const MAX_REPAIR_CHARS = 1_000_000
/** What a script costs at least: a page may hold a hundred thousand broken ones. */
const THINGS_A_SCRIPT = 20
/**
 * Objects and arrays of a page's scripts: more are too many things, which is better known before `JSON.parse` has made them, since it cannot be
 * stopped and takes a hundred bytes for each.
 */
const MAX_CONTAINERS = 100_000
/** Keys are cut out of deeper values than things of schema.org have. */
const MAX_DEPTH = 60

/** Reads the texts of a page's JSON-LD scripts. A script beyond repair is counted. Throws `FetchError` when they hold too much. */
export const readJsonLd = (scripts: string[], options: Partial<SchemaOptions> = {}): JsonLd => {
  const { hints = {}, budget = createBudget() } = options
  const documents: unknown[] = []
  let broken = 0
  let repairs = MAX_REPAIR_CHARS
  let containers = 0
  for (const script of scripts) {
    if (!script.trim()) continue
    budget.spend('things', THINGS_A_SCRIPT)
    containers += containersIn(script)
    if (containers > MAX_CONTAINERS) budget.spend('things', containers)
    const { values, isBroken, isRepaired } = readLooseJson(script, repairs)
    if (isRepaired) repairs = Math.max(0, repairs - script.length)
    if (isBroken) broken++
    // Other vocabularies than schema.org may be prefixed; schema.org's own prefix is cut off.
    documents.push(...(PREFIXED.test(script) ? values.map((value) => withoutPrefix(value, 0)) : values))
  }
  return { ...readThings(documents, { ...options, hints, budget }), broken }
}

/** Brackets that open outside of strings. */
const containersIn = (script: string): number => {
  let count = 0
  let isInString = false
  for (let at = 0; at < script.length; at++) {
    const code = script.charCodeAt(at)
    if (code === 0x22) isInString = !isInString
    else if (code === 0x5c)
      at++ // what is escaped
    else if (!isInString && (code === 0x5b || code === 0x7b)) count++
  }
  return count
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
