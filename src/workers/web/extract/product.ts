import { createBudget } from './budget.ts'
import { textOf, tidy } from './dom.ts'
import { parseHtml } from './tree.ts'

/** A product as one mark of a page states it: strings as found, addresses not yet absolute. */
export interface Candidate {
  name?: string
  /** `@id`, `itemid` or `resource`: the same thing may be described in several places. */
  id?: string
  url?: string
  /** The page that the mark calls its own (`mainEntityOfPage`). */
  page?: string
  /** Address of the offers, if all name the same. */
  offerUrl?: string
  description?: string
  price?: number | undefined
  currency?: string | undefined
  /** Why a price that the page states was not read. */
  priceRemark?: string | undefined
  /** The price is the lowest of an AggregateOffer. */
  isAggregate?: boolean
  /** Pictures, best first; placeholders are among them. */
  images?: string[]
  brand?: string
  seller?: string
  category?: string
  facts: Record<string, string | number>
  /** A page names it as what it is about (`mainEntity`). */
  isMain?: boolean
  /** It is an element of a list. */
  isListed?: boolean
}

export interface Crumb {
  name: string
  url?: string
}

const ENTITY = /&(?:#\w{1,8}|\w{2,8});/
const TAG = /<[a-z/!][^<>]*>/i

/**
 * Plain text of a value that may carry entities or tags; undefined when nothing remains. What becomes HTML by decoding is decoded once
 * more: templates escape twice.
 */
export const plainText = (value: unknown, limit: number): string | undefined => {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  let text = String(value).slice(0, limit * 4)
  for (let pass = 0; pass < 2; pass++) {
    const hasTags = text.includes('<') && TAG.test(text)
    if (!hasTags && !(text.includes('&') && ENTITY.test(text))) break
    // `a<b` is no tag.
    text = textOf(parseHtml(hasTags ? text : text.replaceAll('<', '&lt;'), createBudget()), limit * 2, 20_000)
  }
  return tidy(text, limit) || undefined
}

/** "https://schema.org/InStock" -> "InStock". */
export const schemaWord = (value: unknown): string | undefined => {
  if (typeof value !== 'string') return undefined
  const text = value.slice(0, 300).trim()
  let end = text.length
  while (end > 0 && (text[end - 1] === '/' || text[end - 1] === '#')) end--
  return text.slice(0, end).split(/[/#:]/).pop()!.slice(0, 100) || undefined
}

/** Longer ones are no addresses of pages, and resolving them takes time by their length. */
const MAX_ADDRESS = 8192

/** Absolute http(s) address without fragment, or undefined. */
export const absoluteUrl = (value: string | undefined, base: string): string | undefined => {
  if (!value || value.length > MAX_ADDRESS) return undefined
  const text = value.trim()
  const url = text ? URL.parse(text, base) : null
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  if (url.href.includes('@')) {
    url.username = ''
    url.password = ''
  }
  if (url.href.includes('#')) url.hash = ''
  return url.href
}
