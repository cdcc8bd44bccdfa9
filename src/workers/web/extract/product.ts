import { load } from 'cheerio/slim'
import type { PriceHints } from '../../../platform/price.ts'
import { tidy } from './dom.ts'
import { choosePrice } from './offers.ts'

/** A product as a page states it: strings as found, URLs not yet absolute. */
export interface Candidate {
  name?: string
  url?: string
  description?: string
  price?: number | undefined
  currency?: string | undefined
  /** Why a price that the page states was not read. */
  priceRemark?: string | undefined
  image?: string
  brand?: string
  seller?: string
  category?: string
  facts: Record<string, string | number>
}

export interface Crumb {
  name: string
  url?: string
}

/** Plain text of a value that may carry entities or tags; undefined when nothing remains. */
export const plainText = (value: unknown, limit: number): string | undefined => {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = String(value).slice(0, limit * 4)
  const marked = /&(?:#\w+|\w{2,8});|<[a-z/!]/i.test(text)
  return (
    tidy(marked ? load(`<p>${text.replace(/<(?:br|\/p|\/div|\/li)\b[^<>]*>/gi, ' $&')}</p>`).text() : text, limit) || undefined
  )
}

/** "https://schema.org/InStock" -> "InStock". */
export const schemaWord = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim()
    ? value
        .trim()
        .replace(/[/#]+$/, '')
        .split(/[/#:]/)
        .pop()!
        .slice(0, 100)
    : undefined

/** Absolute http(s) address without fragment, or undefined. */
export const absoluteUrl = (value: string | undefined, base: string): string | undefined => {
  const text = value?.trim()
  if (!text || !URL.canParse(text, base)) return undefined
  const url = new URL(text, base)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  url.hash = ''
  return url.href
}

/**
 * The product that OpenGraph tags describe, or undefined when the page does not call itself one.
 * `meta`: lower-case property or name -> first content.
 */
export const readOpenGraph = (meta: Map<string, string>, hints: PriceHints = {}): Candidate | undefined => {
  const any = (...keys: string[]) => keys.map((key) => meta.get(key)?.trim()).find(Boolean)
  const amounts = (['product:sale_price', 'og:sale_price', 'product:price', 'og:price', 'product:original_price'] as const).map(
    (name) => ({
      price: any(`${name}:amount`),
      currency: any(`${name}:currency`),
      kind: name === 'product:original_price' ? ('list' as const) : undefined,
    }),
  )
  if (!/^(?:og:)?product/i.test(any('og:type') ?? '') && !amounts.some(({ price }) => price)) return undefined
  const { price, currency, remark } = choosePrice(amounts, hints)
  const facts: Candidate['facts'] = {}
  const addFact = (key: string, value: string | undefined) => {
    if (value) facts[key] = value.slice(0, 200)
  }
  addFact('sku', any('product:retailer_item_id', 'product:sku'))
  addFact('gtin', any('product:gtin', 'product:ean', 'product:upc', 'product:isbn'))
  addFact('mpn', any('product:mfr_part_no'))
  addFact('availability', any('product:availability', 'og:availability'))
  addFact('condition', any('product:condition'))
  return {
    name: plainText(any('og:title'), 1000),
    url: any('og:url'),
    description: plainText(any('og:description'), 10_000),
    price,
    currency,
    priceRemark: remark,
    image: any('og:image:secure_url', 'og:image', 'og:image:url'),
    brand: any('product:brand', 'og:brand'),
    category: any('product:category'),
    facts,
  }
}
