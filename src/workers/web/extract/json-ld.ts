import type { PriceHints } from '../../../platform/price.ts'
import { statedInOffers } from './json-ld-prices.ts'
import { choosePrice } from './offers.ts'
import { type Candidate, type Crumb, plainText, schemaWord } from './product.ts'

const ESCAPABLE = new Set(['"', '\\', '/', 'b', 'f', 'n', 'r', 't'])

/**
 * Turns the JSON that page templates emit into JSON: drops comments, trailing commas, stray semicolons and control characters between
 * tokens, escapes raw control characters inside strings, unescapes what JSON does not know (`\'`). A JSON text keeps its value.
 * Never throws; what cannot be repaired (a truncated text) is left for `JSON.parse` to refuse.
 */
export const cleanJson = (input: string): string => {
  const text = input
    .replace(/^[\s\ufeff]*(?:<!--|\/\/\s*<!\[CDATA\[|<!\[CDATA\[)/, '')
    .replace(/(?:\/\/\s*\]\]>|\]\]>|-->)\s*$/, '')
  const out: string[] = []
  let comma = -1 // place in `out` of a comma that may turn out to be a trailing one
  for (let at = 0; at < text.length; ) {
    const char = text[at]!
    if (char === '"') {
      const end = copyString(text, at, out)
      comma = -1
      at = end
    } else if (char === '/' && text[at + 1] === '/') {
      const end = text.slice(at).search(/[\r\n\u2028\u2029]/)
      at = end < 0 ? text.length : at + end
    } else if (char === '/' && text[at + 1] === '*') {
      const end = text.indexOf('*/', at + 2)
      at = end < 0 ? text.length : end + 2
      out.push(' ')
    } else if (char === ',') {
      comma = out.push(char) - 1
      at++
    } else if (char === '}' || char === ']') {
      if (comma >= 0) out[comma] = ''
      comma = -1
      out.push(char)
      at++
    } else if (char <= ' ' || char === '\ufeff' || char === '\u00a0' || char === ';' || char === '\u007f') {
      out.push(' ')
      at++
    } else {
      comma = -1
      out.push(char)
      at++
    }
  }
  return out.join('')
}

/** Copies the string that opens at `start`; returns the place after its closing quote. */
const copyString = (text: string, start: number, out: string[]): number => {
  let from = start
  let at = start + 1
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      out.push(text.slice(from, at + 1))
      return at + 1
    }
    if (code < 0x20) {
      out.push(text.slice(from, at), `\\u${code.toString(16).padStart(4, '0')}`)
      from = at + 1
    } else if (code === 0x5c) {
      const next = text[at + 1] ?? ''
      const known = ESCAPABLE.has(next) || (next === 'u' && /^[\da-f]{4}$/i.test(text.slice(at + 2, at + 6)))
      if (known) {
        at++
      } else {
        out.push(text.slice(from, at)) // the backslash goes, the character stays
        from = at + 1
      }
    }
  }
  out.push(text.slice(from))
  return at
}

export interface JsonLd {
  products: Candidate[]
  /** Addresses of ItemList entries that name no product themselves. */
  listUrls: string[]
  crumbs: Crumb[]
  /** Scripts that no repair made JSON. */
  broken: number
}

type Thing = Record<string, any>

const PRODUCT = /^(?:Product|ProductGroup|IndividualProduct|ProductModel|SomeProducts)$/
/** Where products hide. `isRelatedTo`, `isSimilarTo` and reviews are left out on purpose: they name products of other pages. */
const DOORS = [
  '@graph',
  'mainEntity',
  'mainEntityOfPage',
  'itemListElement',
  'item',
  'itemOffered',
  'hasOfferCatalog',
  'offers',
  'hasPart',
] as const
const MAX_DEPTH = 12
/** Longer scripts are read if they are JSON, but not repaired: repair reads every character. */
const MAX_REPAIR_CHARS = 1_000_000
const MAX_THINGS = 20_000
/** Offers and variants of one product that are looked at; by reference a thousand products may share a list of any length. */
const MAX_OFFERS = 50

/** Reads the texts of a page's JSON-LD scripts. Never throws: a script beyond repair is counted. */
export const readJsonLd = (scripts: string[], hints: PriceHints = {}): JsonLd => {
  const result: JsonLd = { products: [], listUrls: [], crumbs: [], broken: 0 }
  const documents: unknown[] = []
  for (const script of scripts) {
    if (!script.trim()) continue
    const value = parseTolerant(script)
    if (value === undefined) result.broken++
    else documents.push(value)
  }
  const byId = indexIds(documents)
  const follow = (thing: any): any => {
    const id = thing && typeof thing === 'object' && Object.keys(thing).length === 1 ? thing['@id'] : undefined
    return (typeof id === 'string' && byId.get(id)) || thing
  }
  const seen = new Set<unknown>()
  const visit = (value: unknown, depth: number): void => {
    if (depth > MAX_DEPTH || seen.size > MAX_THINGS) return
    if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1)
      return
    }
    const thing = follow(value)
    if (!thing || typeof thing !== 'object' || seen.has(thing)) return
    seen.add(thing)
    const types = typesOf(thing)
    if (types.some((type) => PRODUCT.test(type))) {
      result.products.push(toCandidate(thing, follow, hints))
      return // what hangs below (variants, accessories) describes this product
    }
    if (types.includes('BreadcrumbList')) {
      if (result.crumbs.length === 0) result.crumbs = toCrumbs(thing, follow)
      return
    }
    if (types.includes('ItemList'))
      for (const entry of listOf(thing.itemListElement)) collectUrl(follow(entry), follow, result.listUrls)
    for (const door of DOORS) if (thing[door] !== undefined) visit(thing[door], depth + 1)
  }
  for (const document of documents) visit(document, 0)
  return result
}

const parseTolerant = (script: string): unknown => {
  for (const attempt of [() => script, () => cleanJson(script), () => cleanJson(unescapeQuotes(script))]) {
    try {
      return JSON.parse(attempt())
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      if (script.length > MAX_REPAIR_CHARS) return undefined
    }
  }
  return undefined
}

/** Some templates escape the whole script as if it were HTML text. */
const unescapeQuotes = (text: string) =>
  text
    .replace(/&quot;|&#0*34;|&#x0*22;/gi, '"')
    .replace(/&lt;/gi, '<')
    .replace(/&gt;/gi, '>')
    .replace(/&amp;/gi, '&')

const indexIds = (documents: unknown[]): Map<string, Thing> => {
  const byId = new Map<string, Thing>()
  const stack = [...documents]
  for (let seen = 0; stack.length > 0 && seen < MAX_THINGS; seen++) {
    const value = stack.pop()
    if (!value || typeof value !== 'object') continue
    const id = (value as Thing)['@id']
    if (typeof id === 'string' && Object.keys(value).length > 1 && !byId.has(id)) byId.set(id, value as Thing)
    for (const child of Object.values(value)) if (child && typeof child === 'object') stack.push(child)
  }
  return byId
}

const listOf = (value: unknown): any[] => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value])
const first = (value: unknown): any => listOf(value)[0]
const typesOf = (thing: Thing): string[] => listOf(thing['@type']).flatMap((type) => schemaWord(type) ?? [])

/** A text that may be wrapped: "x", {"@value": "x"}, {"name": "x"}, or a list of these. */
const textIn = (value: unknown, limit: number, follow: (thing: any) => any): string | undefined => {
  const one = follow(first(value))
  return plainText(one && typeof one === 'object' ? (first(one['@value']) ?? first(one.name)) : one, limit)
}

const urlIn = (value: unknown, follow: (thing: any) => any): string | undefined => {
  const one = follow(first(value))
  const text = one && typeof one === 'object' ? (first(one.contentUrl) ?? first(one.url) ?? one['@id']) : one
  return typeof text === 'string' ? plainText(text, 4096) : undefined
}

const collectUrl = (entry: any, follow: (thing: any) => any, urls: string[]) => {
  if (typeof entry === 'string') return void urls.push(entry)
  if (!entry || typeof entry !== 'object') return
  const item = entry.item === undefined ? entry : follow(entry.item)
  if (typeof item === 'string') return void urls.push(item)
  if (!item || typeof item !== 'object' || typesOf(item).some((type) => PRODUCT.test(type))) return
  const url = first(item.url) ?? item['@id'] ?? first(entry.url)
  if (typeof url === 'string') urls.push(url)
}

const toCrumbs = (thing: Thing, follow: (thing: any) => any): Crumb[] =>
  listOf(thing.itemListElement)
    .map(follow)
    .filter((entry) => entry && typeof entry === 'object')
    .map((entry, index) => ({ entry, position: Number(entry.position ?? index) }))
    .sort((a, b) => a.position - b.position)
    .flatMap(({ entry }) => {
      const name = textIn(entry.name, 500, follow) ?? textIn(entry.item?.name, 500, follow)
      return name ? [{ name, url: urlIn(entry.item ?? entry.url, follow) }] : []
    })

const toCandidate = (thing: Thing, follow: (thing: any) => any, hints: PriceHints): Candidate => {
  const few = (value: unknown) => listOf(value).slice(0, MAX_OFFERS).map(follow)
  const nested = (offer: Thing) => few(offer.offers)
  const direct = [...few(thing.offers), ...few(thing.hasVariant).flatMap((variant) => few(variant?.offers))]
  const offers = direct.flatMap((offer) => (offer && typeof offer === 'object' ? [offer, ...nested(offer)] : []))
  const { price, currency, availability, remark } = choosePrice(statedInOffers(direct, nested, follow), hints)
  const facts: Candidate['facts'] = {}
  const addFact = (key: string, value: unknown) => {
    const text = typeof value === 'number' ? value : plainText(value, 200)
    if (text !== undefined) facts[key] = text
  }
  addFact('sku', textIn(thing.sku ?? thing.productID, 200, follow))
  addFact('gtin', textIn(thing.gtin ?? thing.gtin13 ?? thing.gtin14 ?? thing.gtin12 ?? thing.gtin8 ?? thing.isbn, 200, follow))
  addFact('mpn', textIn(thing.mpn, 200, follow))
  addFact(
    'availability',
    availability ?? schemaWord(offers.map((offer) => first(offer?.availability)).find((word) => word !== undefined)),
  )
  const rating = follow(first(thing.aggregateRating))
  addFact('rating', rating?.ratingValue)
  addFact('review_count', rating?.reviewCount ?? rating?.ratingCount)
  return {
    name: textIn(thing.name, 1000, follow),
    url: urlIn(thing.url, follow) ?? offers.map((offer) => urlIn(offer?.url, follow)).find(Boolean),
    description: textIn(thing.description, 10_000, follow),
    price,
    currency,
    priceRemark: remark,
    image: urlIn(thing.image, follow),
    brand: textIn(thing.brand ?? thing.manufacturer, 500, follow),
    seller: offers.map((offer) => textIn(offer?.seller, 500, follow)).find(Boolean),
    category: textIn(thing.category, 500, follow),
    facts,
  }
}
