import { type Draft, parseCurrency, parsePrice, plainText } from './product.ts'

/**
 * The product that OpenGraph tags describe, or undefined when the page does not call itself one.
 * `meta`: lower-case property or name -> first content.
 */
export const readOpenGraph = (meta: Map<string, string>): Draft | undefined => {
  const any = (...keys: string[]) => keys.map((key) => meta.get(key)?.trim()).find(Boolean)
  const priceText = any('product:price:amount', 'og:price:amount', 'product:sale_price:amount')
  if (!/^(?:og:)?product/i.test(any('og:type') ?? '') && !priceText) return undefined
  const facts: Draft['facts'] = {}
  const note = (key: string, value: string | undefined) => {
    if (value) facts[key] = value.slice(0, 200)
  }
  note('sku', any('product:retailer_item_id', 'product:sku'))
  note('gtin', any('product:gtin', 'product:ean', 'product:upc', 'product:isbn'))
  note('mpn', any('product:mfr_part_no'))
  note('availability', any('product:availability', 'og:availability'))
  note('condition', any('product:condition'))
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
