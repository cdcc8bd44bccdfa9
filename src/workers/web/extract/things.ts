import type { Budget } from './budget.ts'
import { plainText, schemaWord } from './product.ts'

/** A thing of schema.org, from JSON-LD, microdata or RDFa: `@type`, `@id`, and properties with one value or a list. */
export type Thing = Record<string, any>
/** Gives the thing that a reference stands for; anything else stays as it is. */
export type Follow = (thing: any) => any

const INDEX = /^\d{1,5}$/
const MAX_NUMBERED = 1000
/** PHP writes a list with a gap as an object of its indexes: `{"0": {}, "2": {}}`. Digits stand before other keys. */
const isNumbered = (value: object): boolean => {
  let count = 0
  for (const key in value) if (!INDEX.test(key) || ++count > MAX_NUMBERED) return false
  return count > 0
}

/** A value as a list: lists and sets of JSON-LD are opened. */
export const listOf = (value: unknown): any[] => {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  if (typeof value !== 'object') return [value]
  const inner = (value as Thing)['@list'] ?? (value as Thing)['@set']
  if (Array.isArray(inner)) return inner
  return isNumbered(value) ? Object.values(value) : [value]
}
/** The first value that is not empty. */
export const first = (value: unknown): any =>
  typeof value === 'number'
    ? value
    : listOf(value).find((one) => one !== '' && one !== null && !(typeof one === 'string' && !one.trim()))
export const typesOf = (thing: Thing): string[] => {
  const types = thing['@type']
  if (types === undefined) return []
  if (typeof types !== 'string')
    return listOf(types)
      .slice(0, 20)
      .flatMap((type) => schemaWord(type) ?? [])
  const word = schemaWord(types)
  return word === undefined ? [] : [word]
}

/** What is sold as such. */
const PRODUCT =
  /^(?:Product|ProductGroup|IndividualProduct|ProductModel|SomeProducts|ProductCollection|Vehicle|Car|Motorcycle|MotorizedBicycle|BusOrCoach|Book|Audiobook|DietarySupplement)$/
/** Works and the like, products where somebody offers them. */
const WORK =
  /^(?:CreativeWork|MusicAlbum|MusicRelease|MusicRecording|Movie|Game|VideoGame|SoftwareApplication|MobileApplication|WebApplication|VisualArtwork|Painting|Photograph|Sculpture|Poster|SheetMusic|ComicIssue|ComicStory|Map|Drug|PublicationIssue|PublicationVolume)$/
export const isProduct = (thing: Thing): boolean => {
  const types = typesOf(thing)
  return (
    types.some((type) => PRODUCT.test(type)) ||
    (listOf(thing.offers).length > 0 &&
      (types.some((type) => WORK.test(type)) || (types.length === 0 && thing.name !== undefined)))
  )
}

/** A text that may be wrapped: "x", {"@value": "x"}, {"name": "x"}, or a list of these. */
export const textIn = (value: unknown, limit: number, follow: Follow): string | undefined => {
  if (typeof value !== 'object') return plainText(value, limit)
  for (const entry of listOf(value).slice(0, 10)) {
    const one = follow(entry)
    const text = plainText(
      one && typeof one === 'object' ? (first(one['@value']) ?? firstText(one.name) ?? ofLanguageMap(one)) : one,
      limit,
    )
    if (text) return text
  }
  return undefined
}
const LANGUAGE = /^(?:@none|[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2})$/
/** The first text of a language map: `{"en": "Lamp", "de": "Lampe"}` (JSON-LD 1.1, "Language Indexing"). */
const ofLanguageMap = (thing: Thing): unknown => {
  const entries = Object.entries(thing).slice(0, MAX_LANGUAGES)
  if (!entries.every(([key]) => LANGUAGE.test(key))) return undefined
  return entries.map(([, value]) => first(value)).find((value) => typeof value === 'string' && value.trim() !== '')
}
const firstText = (value: unknown): unknown => {
  const one = first(value)
  return one && typeof one === 'object' ? first(one['@value']) : one
}

/** An address that may be wrapped: of a picture, a page, a thing. */
export const urlIn = (value: unknown, follow: Follow): string | undefined => {
  if (typeof value === 'string') return plainAddress(value)
  const one = follow(first(value))
  const text = one && typeof one === 'object' ? firstOf(one.contentUrl, one.url, one['@id'], one['@value']) : one
  return typeof text === 'string' ? plainAddress(text) : undefined
}
/** The addresses of a list. */
export const urlsIn = (value: unknown, limit: number, follow: Follow): string[] =>
  listOf(value)
    .slice(0, limit)
    .flatMap((one) => urlIn(one, follow) ?? [])

const firstOf = (...values: unknown[]): unknown => {
  for (const value of values) {
    const one = first(value)
    if (typeof one === 'string') return one
    if (one && typeof one === 'object' && typeof first(one['@value'] ?? one['@id'] ?? one.url) === 'string')
      return first(one['@value'] ?? one['@id'] ?? one.url)
  }
  return undefined
}
/** Only entities are decoded: an address may hold `<`. */
const plainAddress = (text: string): string | undefined => {
  const short = text.slice(0, 8193).trim()
  return (/&(?:amp|#0*38|#x0*26);/i.test(short) ? short.replace(/&(?:amp|#0{0,5}38|#x0{0,5}26);/gi, '&') : short) || undefined
}

/** Languages of one text that are looked at. */
const MAX_LANGUAGES = 50
const REFERENCE_KEYS = new Set(['@id', '@type', '@context'])
/** Nodes of one `@id` that are put together. */
const MAX_NODES_OF_ID = 5
const MAX_KEYS = 300

/**
 * Indexes the things of a page by `@id` and returns how references are followed: an object with an `@id` is completed by what other objects
 * with this `@id` and a type in common say; its own properties win. `resolve` makes an `@id` comparable.
 */
export const createFollow = (documents: unknown[], budget: Budget, resolve: (id: string) => string = (id) => id): Follow => {
  const byId = new Map<string, Thing[]>()
  const seen = new Set<unknown>()
  const stack = [...documents]
  while (stack.length > 0) {
    const value = stack.pop()
    if (!value || typeof value !== 'object' || seen.has(value)) continue
    seen.add(value)
    budget.spend('things')
    const id = (value as Thing)['@id']
    if (typeof id === 'string' && Object.keys(value).some((key) => !REFERENCE_KEYS.has(key))) {
      const nodes = byId.get(resolve(id))
      if (!nodes) byId.set(resolve(id), [value as Thing])
      else if (nodes.length < MAX_NODES_OF_ID) nodes.push(value as Thing)
    }
    for (const child of Object.values(value)) if (child && typeof child === 'object') stack.push(child)
  }
  const completed = new Map<Thing, Thing>()
  const follow: Follow = (thing) => {
    if (!thing || typeof thing !== 'object' || Array.isArray(thing) || typeof thing['@id'] !== 'string') return thing
    const known = completed.get(thing)
    if (known) return known
    budget.spend('things')
    const types = typesOf(thing)
    const nodes = (byId.get(resolve(thing['@id'])) ?? []).filter(
      (node) => node !== thing && haveTypeInCommon(types, typesOf(node)),
    )
    // A mere reference is the thing itself, however many there are.
    const isReference = !Object.keys(thing).some((key) => !REFERENCE_KEYS.has(key))
    const result = isReference && nodes[0] ? follow(nodes[0]) : nodes.reduce((sum: Thing, node) => fill(sum, node), thing)
    completed.set(thing, result)
    return result
  }
  return follow
}

const haveTypeInCommon = (some: string[], others: string[]) =>
  some.length === 0 || others.length === 0 || some.some((type) => others.includes(type))
const fill = (thing: Thing, from: Thing): Thing => {
  const keys = Object.keys(from)
  return keys.length > MAX_KEYS ? thing : { ...from, ...thing }
}
