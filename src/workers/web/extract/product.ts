import { load } from 'cheerio/slim'
import { tidy } from './dom.ts'

/** A product as a page states it: strings as found, URLs not yet absolute. */
export interface Candidate {
  name?: string
  url?: string
  description?: string
  price?: number
  currency?: string
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

/**
 * A price from "1 499,50", "1,499.50", "$20", 1499 or "1499 руб."; undefined when there is no number or it is negative.
 * A single separator with exactly three digits behind it groups thousands ("1,499"), unless it follows a lone zero.
 */
export const parsePrice = (value: unknown): number | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const match = /-?\d[\d\s\u00a0\u202f.,'’]*/.exec(value)
  if (!match || match[0].startsWith('-')) return undefined
  let digits = match[0].replace(/[\s\u00a0\u202f'’]/g, '').replace(/[.,]+$/, '')
  const last = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','))
  if (last >= 0) {
    const whole = digits.slice(0, last)
    const part = digits.slice(last + 1)
    const separators = digits.replace(/\d/g, '')
    const mixed = new Set(separators).size > 1
    const grouped = !mixed && part.length === 3 && (separators.length > 1 || (digits[last] === ',' && whole !== '0'))
    digits = grouped ? digits.replace(/[.,]/g, '') : `${whole.replace(/[.,]/g, '')}.${part}`
  }
  const price = Number(digits)
  return Number.isFinite(price) ? price : undefined
}

const SIGNS: [RegExp, string][] = [
  [/₽|руб|\brur\b/i, 'RUB'],
  [/€/, 'EUR'],
  [/£/, 'GBP'],
  [/₸|тг/i, 'KZT'],
  [/₴|грн/i, 'UAH'],
  [/\$/, 'USD'],
]

/** The ISO code of a currency, or undefined when it cannot be determined. */
export const parseCurrency = (value: unknown): string | undefined => {
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  if (/^[a-z]{3}$/i.test(text)) return text.toUpperCase() === 'RUR' ? 'RUB' : text.toUpperCase()
  return SIGNS.find(([sign]) => sign.test(text))?.[1]
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
  typeof value === 'string' && value.trim() ? value.trim().split(/[/#:]/).pop()!.slice(0, 100) : undefined

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
export const readOpenGraph = (meta: Map<string, string>): Candidate | undefined => {
  const any = (...keys: string[]) => keys.map((key) => meta.get(key)?.trim()).find(Boolean)
  const priceText = any('product:price:amount', 'og:price:amount', 'product:sale_price:amount')
  if (!/^(?:og:)?product/i.test(any('og:type') ?? '') && !priceText) return undefined
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
    price: parsePrice(priceText),
    currency: parseCurrency(any('product:price:currency', 'og:price:currency', 'product:sale_price:currency')),
    image: any('og:image:secure_url', 'og:image', 'og:image:url'),
    brand: any('product:brand', 'og:brand'),
    category: any('product:category'),
    facts,
  }
}
