import { describe, expect, test } from 'bun:test'
import { readPage } from '../../src/workers/web/extract/index.ts'

const page = (html: string, currency?: string) =>
  readPage(html, 'https://shop.example/thing', { siteKey: 's', ...(currency ? { currency } : {}) })
const read = (html: string, currency?: string): unknown[] => {
  const { products, remarks } = page(html, currency)
  return [products[0]?.price, products[0]?.currency, ...remarks.map(({ message }) => message)]
}
const ld = (offers: unknown, more: object = {}) =>
  `<script type="application/ld+json">${JSON.stringify({ '@type': 'Product', name: 'Thing', offers, ...more })}</script>`
const micro = (offer: string) =>
  `<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Thing</h1><div itemprop="offers" itemscope itemtype="https://schema.org/Offer">${offer}</div></div>`
const shown = (inner: string, currency?: string) =>
  micro(`${currency ? `<meta itemprop="priceCurrency" content="${currency}">` : ''}<span itemprop="price">${inner}</span>`)
const og = (tags: Record<string, string>) =>
  ['og:type product', 'og:title Thing', ...Object.entries(tags).map(([key, value]) => `${key} ${value}`)]
    .map((line) => `<meta property="${line.slice(0, line.indexOf(' '))}" content="${line.slice(line.indexOf(' ') + 1)}">`)
    .join('')
const offer = (price: unknown, more: object = {}) => ({ '@type': 'Offer', price, priceCurrency: 'EUR', ...more })
const terms = (price: unknown, more: object = {}) => ({ '@type': 'UnitPriceSpecification', price, priceCurrency: 'EUR', ...more })
const soldOut = { availability: 'https://schema.org/OutOfStock' }
const inStock = { availability: 'https://schema.org/InStock/' }

describe('gifty §3: which of several offers counts', () => {
  test.each<[string, unknown, unknown[]]>([
    ['sold out before in stock', [offer(10, soldOut), offer(20, inStock)], [20, 'EUR']],
    ['in stock before sold out', [offer(20, inStock), offer(10, soldOut)], [20, 'EUR']],
    ['all sold out', [offer(20, soldOut), offer(10, soldOut)], [10, 'EUR']],
    ['discontinued', [offer(10, { availability: 'Discontinued' }), offer(20)], [20, 'EUR']],
    ['the lowest of several', [offer(30), offer('20,50'), offer(25)], [20.5, 'EUR']],
    ['a free one first', [offer(0), offer(20)], [20, 'EUR']],
    ['free alone', offer(0), [0, 'EUR']],
    ['an offer without a price first', [offer(''), offer(null), offer(20)], [20, 'EUR']],
    [
      'list price first',
      { priceSpecification: [terms(20, { priceType: 'https://schema.org/ListPrice' }), terms(15)] },
      [15, 'EUR'],
    ],
    [
      'struck through and sale',
      { priceSpecification: [terms(15, { priceType: 'SalePrice' }), terms(20, { priceType: 'StrikethroughPrice' })] },
      [15, 'EUR'],
    ],
    [
      'a list price that is lower',
      { price: 20, priceCurrency: 'EUR', priceSpecification: terms(15, { priceType: 'MSRP' }) },
      [20, 'EUR'],
    ],
    [
      'a price per unit',
      offer(12.99, { priceSpecification: terms(0.5, { referenceQuantity: { value: 100, unitCode: 'MLT' } }) }),
      [12.99, 'EUR'],
    ],
    ['a price for one piece', { priceSpecification: terms(5, { referenceQuantity: { value: 1, unitCode: 'C62' } }) }, [5, 'EUR']],
    ['a price for ten and more', [offer(8, { eligibleQuantity: { minValue: 10 } }), offer(10)], [10, 'EUR']],
    [
      'delivery',
      offer(20, { priceSpecification: { '@type': 'DeliveryChargeSpecification', price: 5, priceCurrency: 'EUR' } }),
      [20, 'EUR'],
    ],
    [
      'a month of an instalment plan',
      [offer(5, { priceSpecification: terms(5, { billingDuration: 12 }) }), offer(60)],
      [60, 'EUR'],
    ],
    ['members', offer(20, { priceSpecification: terms(15, { validForMemberTier: { name: 'Gold' } }) }), [20, 'EUR']],
    [
      'without tax',
      { priceSpecification: [terms(100, { valueAddedTaxIncluded: false }), terms(120, { valueAddedTaxIncluded: true })] },
      [120, 'EUR'],
    ],
    ['an aggregate', { '@type': 'AggregateOffer', lowPrice: '10', highPrice: '20', priceCurrency: 'EUR' }, [10, 'EUR']],
    [
      'an aggregate whose lowest is sold out',
      { '@type': 'AggregateOffer', lowPrice: 10, priceCurrency: 'EUR', offers: [offer(10, soldOut), offer(20, inStock)] },
      [20, 'EUR'],
    ],
    [
      'an aggregate of some of its offers',
      { '@type': 'AggregateOffer', lowPrice: 10, priceCurrency: 'EUR', offers: [offer(15), offer(20)] },
      [10, 'EUR'],
    ],
    ['value objects', offer({ '@type': 'xsd:decimal', '@value': '12.50' }), [12.5, 'EUR']],
    ['markup in the price', offer('<b>1&nbsp;499</b> &euro;'), [1499, 'EUR']],
    ['a currency of another offer', [{ price: 20 }, offer(30)], [20, 'EUR']],
    ['a foreign offer', [offer(20), offer(10, { priceCurrency: 'USD' })], [20, 'EUR']],
    ['currency as a sign', offer(20, { priceCurrency: '€' }), [20, 'EUR']],
    ['currency of nobody', offer(20, { priceCurrency: 'XYZ' }), [undefined, undefined, 'price "20": its currency is not known']],
    ['currency that a template left out', offer(20, { priceCurrency: 'null' }), [20, undefined]],
    ['a price on request', offer('on request'), [undefined, undefined]],
    ['a negative price', offer(-5), [undefined, undefined, 'price "-5": it holds no price']],
    ['thousands or decimals', { price: '1.499' }, [undefined, undefined, 'price "1.499": it could mean thousands or decimals']],
    [
      'a list price beside an unknown price',
      { price: '50 kr', priceSpecification: { price: 70, priceType: 'ListPrice' } },
      [undefined, undefined, 'price "50 kr": its currency is not known'],
    ],
  ])('JSON-LD: %s', (_, offers, expected) => {
    expect(read(ld(offers))).toEqual(expected)
  })

  test('JSON-LD: the availability is that of the chosen offer', () => {
    expect(page(ld([offer(10, soldOut), offer(20, inStock)])).products[0]!.raw_data).toEqual({ availability: 'InStock' })
  })
})

test.each<[string, string, unknown[]]>([
  ['struck through', shown('<del>2000</del><ins>1500</ins>', 'RUB'), [1500, 'RUB']],
  ['an old price by its class', shown('<span class="price-old">2000</span><span>1500</span>', 'RUB'), [1500, 'RUB']],
  ['nothing but an old price', shown('<s>2000</s>', 'RUB'), [2000, 'RUB']],
  ['raised hundredths with a sign', shown('12<sup>99&nbsp;€</sup>'), [12.99, 'EUR']],
  ['a raised sign', shown('<sup>$</sup>1,299<sup>99</sup>'), [1299.99, 'USD']],
  ['raised hundredths with their separator', shown('12<sup>,99</sup> €'), [12.99, 'EUR']],
  ['a raised footnote', shown('12<sup>1</sup> €'.replace('12', '12,50')), [12.5, 'EUR']],
  ['hundredths of a class', shown('<i class="whole">1 299</i><i class="price-cents">50</i> zł'), [1299.5, 'PLN']],
  ['shown twice', shown('<span class="off">$12.99</span><span aria-hidden="true">$12<sup>99</sup></span>'), [12.99, 'USD']],
  [
    'an empty content',
    micro('<meta itemprop="priceCurrency" content="EUR"><b itemprop="price" content="">12,50</b>'),
    [12.5, 'EUR'],
  ],
  ['two prices of one offer', micro('<b itemprop="price">2 000 ₽</b><b itemprop="price">1 500 ₽</b>'), [1500, 'RUB']],
  ['unknown', shown('50 kr'), [undefined, undefined, 'price "50 kr": its currency is not known']],
  ['a shared sign where the page says', `<html lang="sv-SE">${shown('1 499 kr')}</html>`, [1499, 'SEK']],
  [
    'unknown in microdata, known in OpenGraph',
    og({ 'product:price:amount': '50', 'product:price:currency': 'DKK' }) + shown('50 kr'),
    [50, 'DKK'],
  ],
  ['the same price, named in OpenGraph', og({ 'og:price:amount': '50', 'og:price:currency': 'CZK' }) + shown('50'), [50, 'CZK']],
  [
    'OpenGraph: a sale that is none',
    og({ 'product:price:amount': '1990', 'product:sale_price:amount': '0', 'product:price:currency': 'RUB' }),
    [1990, 'RUB'],
  ],
  ['OpenGraph: grouped', og({ 'og:price:amount': '1,990.00', 'og:price:currency': 'USD' }), [1990, 'USD']],
  [
    'OpenGraph: only what it was',
    og({ 'product:original_price:amount': '30', 'product:original_price:currency': 'EUR' }),
    [30, 'EUR'],
  ],
])('gifty §3: %s', (_, html, expected) => {
  expect(read(html)).toEqual(expected)
})

test("gifty §2.1: the source's currency decides shared signs and groups, and is not stated for the product", () => {
  expect(read(shown('1.499 kr'), 'NOK')).toEqual([1499, 'NOK'])
  expect(read(shown('1,499'), 'KZT')).toEqual([1499, undefined])
  expect(read(shown('1,499 €'), 'KZT')).toEqual([1499, 'EUR'])
  expect(read(shown('50 kr'), 'KZT')).toEqual([undefined, undefined, 'price "50 kr": its currency is not known'])
})
