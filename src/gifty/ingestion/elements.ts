import type { z } from 'zod'
import { readPrice } from '../../platform/price.ts'
import { normaliseUrl } from '../catalog/identity.ts'
import { scrapedProduct } from '../catalog/index.ts'
import type { CheckedProduct } from '../catalog/store.ts'
import { type FieldProblem, fieldProblem, shownInput } from '../envelope.ts'
import { type IngestAnswer, type ScrapedCategory, scrapedCategory } from './index.ts'

/** Elements checked between two turns of the event loop: a large batch must not hold up other requests. */
const SLICE = 500
const MAX_SOURCE_URL = 2048
const MAX_PRODUCT_URL = 4096
/** Keys of an item's `raw_data`: more are a table, not facts of a product. */
const MAX_RAW_KEYS = 1000
const UNKNOWN_CURRENCY = 'Stored without a price: its currency is not known; name it in `currency`'

export interface CheckedCategory {
  category: ScrapedCategory
  url: string
}
export interface CheckedElements {
  products: CheckedProduct[]
  categories: CheckedCategory[]
  rejected: IngestAnswer['rejected']
  /** What of the stored elements was left out. */
  remarks: NonNullable<IngestAnswer['remarks']>
  /** The problems of the rejected elements, for the answer when nothing is left. */
  problems: FieldProblem[]
}

/**
 * An item whose price is a number if it was a text that holds one. A text with the mark of an unknown currency gives no price; one that can
 * be read as two numbers is a problem. `usual` is the currency of the source.
 */
const withPrice = (item: unknown, usual: string | undefined): { item: unknown; problem?: 'ambiguous' | 'currency' } => {
  const { price, currency } = (item ?? {}) as { price?: unknown; currency?: unknown }
  if (typeof price !== 'string') return { item }
  const named = typeof currency === 'string' && currency.trim() !== '' ? currency : undefined
  const read = readPrice(price, named, { usual })
  if (read === 'none') return { item }
  if (read === 'ambiguous') return { item, problem: read }
  if (read === 'currency') {
    const { price: _, ...rest } = item as { price: unknown }
    return { item: rest, problem: read }
  }
  const isOpen = currency === undefined || currency === null || currency === ''
  return { item: { ...(item as object), price: read.price, ...(isOpen && read.currency ? { currency: read.currency } : {}) } }
}
/**
 * An image's address as it is stored: http(s) with a host, `//` with the scheme of the product's page; undefined for what no browser should be
 * given.
 */
const imageAddress = (image: string, productUrl: string): string | undefined => {
  const text = image.trim()
  const full = text.startsWith('//') ? `${productUrl.slice(0, productUrl.indexOf(':'))}:${text}` : text
  if (!/^https?:\/\/[^/?#\\\s]/i.test(full) || !URL.canParse(full)) return undefined
  return text.startsWith('//') ? full : text
}
const NO_IMAGE = 'Stored without a new image: it is no http or https address'
const tooManyKeys = (base: (string | number)[]): FieldProblem => ({
  type: 'too_long',
  loc: [...base, 'raw_data'],
  msg: `Input should have at most ${MAX_RAW_KEYS} keys`,
  input: null,
})
const hasManyKeys = (raw: unknown): boolean => typeof raw === 'object' && raw !== null && Object.keys(raw).length > MAX_RAW_KEYS

const ambiguousPrice = (base: (string | number)[], price: string): FieldProblem => ({
  type: 'value_error',
  loc: [...base, 'price'],
  msg: 'Input could mean thousands or decimals: send a number, or name the currency',
  input: shownInput(price, []),
})

/** What a batch's source says of its elements. */
export interface SourceTerms {
  /** The query parameters that it drops. */
  strip: ReadonlySet<string>
  /** The currency of products that name none. */
  usual?: string | undefined
  /** The site of elements that name none. */
  siteKey?: string | undefined
}

/** Checks every element on its own (gifty §3). */
export const checkElements = async (
  items: unknown[],
  categories: unknown[],
  { strip, usual, siteKey }: SourceTerms,
): Promise<CheckedElements> => {
  const withSite = (element: unknown): unknown =>
    siteKey !== undefined && typeof element === 'object' && element !== null && !Array.isArray(element)
      ? { ...element, site_key: (element as { site_key?: unknown }).site_key ?? siteKey }
      : element

  const checked: CheckedElements = { products: [], categories: [], rejected: [], remarks: [], problems: [] }
  const reject = (kind: 'item' | 'category', index: number, found: FieldProblem[]) => {
    checked.rejected.push({ kind, index, errors: found.map(({ loc, msg }) => ({ field: loc.slice(3).join('.'), message: msg })) })
    if (checked.problems.length < 100) checked.problems.push(...found.slice(0, 100 - checked.problems.length))
  }
  const explain = (schema: z.ZodType, value: unknown, base: (string | number)[]) => {
    const again = schema.safeParse(value, { reportInput: true })
    return again.success ? [] : again.error.issues.map((issue) => fieldProblem(issue, base))
  }
  const badUrl = (base: (string | number)[], field: string, input: string): FieldProblem => ({
    type: 'value_error',
    loc: [...base, field],
    msg: 'Input should be an http or https URL',
    input: shownInput(input, []),
  })

  for (let index = 0; index < items.length; index++) {
    if (index > 0 && index % SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
    const base = ['body', 'items', index]
    const { item, problem } = withPrice(withSite(items[index]), usual)
    const { raw_data: raw, product_url: address } = (item ?? {}) as { raw_data?: unknown; product_url?: unknown }
    const manyKeys = hasManyKeys(raw)
    // Not walked by the schema, which costs what the limit saves.
    const result = scrapedProduct.safeParse(manyKeys ? { ...(item as object), raw_data: null } : item)
    const url = typeof address === 'string' ? normaliseUrl(address, strip) : undefined
    const isBadUrl = typeof address === 'string' && address !== '' && address.length <= MAX_PRODUCT_URL && url === undefined
    if (!result.success || url === undefined || problem === 'ambiguous' || manyKeys) {
      // All problems of the element at once, so that its sender can repair it in one round.
      const found = [
        ...(result.success ? [] : explain(scrapedProduct, item, base).filter(({ loc }) => !(problem && loc.at(-1) === 'price'))),
        ...(isBadUrl ? [badUrl(base, 'product_url', address)] : []),
        ...(problem === 'ambiguous' ? [ambiguousPrice(base, (items[index] as { price: string }).price)] : []),
        ...(manyKeys ? [tooManyKeys(base)] : []),
      ]
      reject('item', index, found)
    } else {
      const { image_url: image, ...product } = result.data
      const kept = image ? imageAddress(image, url) : image
      checked.products.push({ product: { ...product, ...(kept === undefined ? {} : { image_url: kept }) }, url })
      if (image && kept === undefined) checked.remarks.push({ index, field: 'image_url', message: NO_IMAGE })
      if (problem === 'currency') checked.remarks.push({ index, field: 'price', message: UNKNOWN_CURRENCY })
    }
  }
  for (let index = 0; index < categories.length; index++) {
    if (index > 0 && index % SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
    const category = withSite(categories[index])
    const result = scrapedCategory.safeParse(category)
    const base = ['body', 'categories', index]
    if (!result.success) {
      reject('category', index, explain(scrapedCategory, category, base))
      continue
    }
    const url = normaliseUrl(result.data.url, strip)
    // Encoding may have made it longer than the url of a source can be.
    if (url === undefined || url.length > MAX_SOURCE_URL) reject('category', index, [badUrl(base, 'url', result.data.url)])
    else checked.categories.push({ category: result.data, url })
  }
  return checked
}
