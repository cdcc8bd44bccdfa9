import type { PriceHints } from '../../../platform/price.ts'
import { choosePrice } from './offers.ts'
import { type Candidate, plainText } from './product.ts'

/** `product.group` is a list of products. */
export const isGroupType = (type: string | undefined): boolean => /^(?:og:)?products?(?:\.group|s)$/i.test(type?.trim() ?? '')

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
  const type = any('og:type') ?? ''
  if (isGroupType(type) || (!/^(?:og:)?product(?:\.item)?$/i.test(type) && !amounts.some(({ price }) => price))) return undefined
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
    images: ['og:image:secure_url', 'og:image', 'og:image:url'].flatMap((key) => any(key) ?? []),
    brand: any('product:brand', 'og:brand'),
    category: any('product:category'),
    facts,
  }
}
