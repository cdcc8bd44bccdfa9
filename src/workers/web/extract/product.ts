import { load } from 'cheerio/slim'
import { tidy } from './dom.ts'

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
