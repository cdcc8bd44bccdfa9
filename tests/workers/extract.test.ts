import { describe, expect, test } from 'bun:test'
import { readPage } from '../../src/workers/web/extract/index.ts'
import { readJsonLd } from '../../src/workers/web/extract/json-ld.ts'

const URL_OF_PAGE = 'https://shop.example/x/page.html'
const fixture = async (name: string, url = URL_OF_PAGE) =>
  readPage(await Bun.file(new URL(`../fixtures/pages/${name}`, import.meta.url)).text(), url, { siteKey: 'shop' })
const page = (html: string, url = URL_OF_PAGE) => readPage(html, url, { siteKey: 'shop' })
const ld = (value: unknown) =>
  `<script type="application/ld+json">${typeof value === 'string' ? value : JSON.stringify(value)}</script>`
const scripts = async (name: string) => {
  const html = await Bun.file(new URL(`../fixtures/pages/${name}`, import.meta.url)).text()
  return [...html.matchAll(/<script type="application\/ld\+json">([\s\S]*?)<\/script>/g)].map((match) => match[1]!)
}

const ANVIL = {
  title: 'Executive Anvil',
  product_url: URL_OF_PAGE,
  site_key: 'shop',
  description:
    "Sleeker than ACME's Classic Anvil, the Executive Anvil is perfect for the business traveler looking for something to drop from a height.",
  price: 119.99,
  currency: 'USD',
  image_url: 'https://shop.example/x/anvil_executive.jpg',
  merchant: 'Executive Objects',
  raw_data: { mpn: '925872', availability: 'InStock', rating: '4.4', review_count: '89', brand: 'ACME' },
}

describe('real pages', () => {
  test.each(['product.html', 'product_microdata.html', 'product-ref.html'])(
    'gifty §3: %s gives one product from microdata',
    async (name) => {
      const data = await fixture(name)
      expect(data.products).toEqual([ANVIL])
      expect(data.source).toBe('microdata')
    },
  )

  test('a product named by another one (itemref, related products) is not this page’s product', async () => {
    const data = await fixture('product-ref.html')
    expect(data.products).toHaveLength(1)
    expect(data.rejected).toEqual(['microdata: product without a name'])
  })

  test('opengraph_ns_product_test.html: microdata, completed from OpenGraph', async () => {
    const data = await fixture('opengraph_ns_product_test.html', 'https://www.fye.com/some-page.html')
    expect(data.source).toBe('microdata')
    expect(data.products).toEqual([
      {
        title: 'Better Off Dead [Exclusive Blu-ray Steelbook]',
        product_url: 'https://www.fye.com/better-off-dead-exclusive-blu-ray-steelbook-fye.000000032429335302.html',
        site_key: 'shop',
        description: "Better Off Dead [Exclusive Blu-ray Steelbook] - 1980's classic starring John Cusack",
        price: 17.99,
        currency: 'USD',
        image_url:
          'https://www.fye.com/dw/image/v2/BBNF_PRD/on/demandware.static/-/Sites-fye-master/default/dw74ad83df/fye/000/000000/fye.000000032429335302_0.jpg?sw=584',
        raw_data: { sku: 'fye.000000032429335302', gtin: '32429335302', condition: 'new', availability: 'InStock' },
      },
    ])
    expect(data.outline.links.length).toBeGreaterThan(1000)
  })

  test('opengraph_ns_product_test.html without its microdata: OpenGraph alone', async () => {
    const html = await Bun.file(new URL('../fixtures/pages/opengraph_ns_product_test.html', import.meta.url)).text()
    const data = page(html.replaceAll('itemscope', 'data-x'))
    expect(data.source).toBe('opengraph')
    expect(data.products[0]).toMatchObject({
      title: 'Better Off Dead [Exclusive Blu-ray Steelbook] - New on Blu-ray Disc | FYE',
      price: 17.99,
      currency: 'USD',
      image_url: expect.stringMatching(/_0\.jpg\?sw=272$/),
      raw_data: { sku: 'fye.000000032429335302', gtin: '32429335302', availability: 'in stock', condition: 'new' },
    })
  })

  test.each(['JSONLD_with_control_characters.html', 'JSONLD_with_JS_comment.html', 'null_ld_mock.html'])(
    '%s is read without a broken script and holds no product',
    async (name) => {
      const data = await fixture(name)
      expect([data.products, data.rejected, data.brokenScripts, data.source]).toEqual([[], [], 0, 'none'])
      expect((await scripts(name)).length).toBeGreaterThan(0)
    },
  )

  test('comments and control characters of the real pages cost no value', async () => {
    const { cleanJson } = await import('../../src/workers/web/extract/loose-json.ts')
    const [commented] = await scripts('JSONLD_with_JS_comment.html')
    expect(JSON.parse(cleanJson(commented!))).toEqual({
      '@context': 'http://schema.org',
      '@type': 'NewsArticle',
      thumbnailUrl: 'https://uc.udn.com.tw/photo/2019/11/11/99/7053890.jpg',
      keywords: '',
      url: 'https://money.udn.com/money/story/5635/4158094',
      mainEntityOfPage: 'https://money.udn.com/money/story/5635/4158094',
      headline: '讓AI挑出感興趣 SparkAmplify精準行銷當紅',
      articleSection: '商情',
    })
    const [controlled] = await scripts('JSONLD_with_control_characters.html')
    expect(JSON.parse(cleanJson(controlled!))).toEqual({ data: 'line 1\n        line 2\n        line 3\n' })
    expect((await scripts('null_ld_mock.html')).map((script) => JSON.parse(script)?.['@type'] ?? null)).toContain('LocalBusiness')
  })
})

describe('JSON-LD', () => {
  const product = (extra: object = {}) => ({
    '@type': 'Product',
    name: 'Cup',
    url: '/p/cup',
    offers: { price: '10', priceCurrency: 'EUR' },
    ...extra,
  })
  const titles = (value: unknown) => page(ld(value)).products.map(({ title, product_url }) => [title, product_url])
  const cup = ['Cup', 'https://shop.example/p/cup']

  test.each([
    ['a bare product', product()],
    ['an array', [{ '@type': 'WebSite' }, product()]],
    ['@graph', { '@context': 'https://schema.org', '@graph': [{ '@type': 'Organization' }, product()] }],
    ['mainEntity', { '@type': 'WebPage', mainEntity: product() }],
    ['ItemList of whole products', { '@type': 'ItemList', itemListElement: [product()] }],
    [
      'ItemList of ListItem/item',
      { '@type': 'ItemList', itemListElement: [{ '@type': 'ListItem', position: 1, item: product() }] },
    ],
    [
      'an ItemList that is the main entity',
      { '@type': 'CollectionPage', mainEntity: { '@type': 'ItemList', itemListElement: [product()] } },
    ],
    ['a type written as an address', product({ '@type': 'http://schema.org/Product' })],
    ['several types', product({ '@type': ['Thing', 'Product'] })],
    ['an offer of a product', { '@type': 'OfferCatalog', itemListElement: [{ '@type': 'Offer', itemOffered: product() }] }],
    ['a reference by @id', { '@graph': [{ '@type': 'ItemPage', mainEntity: { '@id': '#p' } }, product({ '@id': '#p' })] }],
  ])('%s', (_, value) => {
    expect(titles(value)).toEqual([cup])
  })

  test('the one offer that stands beside the one product without a price is its own', () => {
    const offer = { '@type': 'Offer', price: 5, priceCurrency: 'EUR' }
    const bare = { '@type': 'Product', name: 'Cup' }
    const prices = (...values: unknown[]) => page(values.map(ld).join('')).products.map(({ title, price }) => [title, price])
    expect(prices({ '@graph': [bare, offer] })).toEqual([['Cup', 5]])
    expect(prices([offer, bare])).toEqual([['Cup', 5]])
    expect(prices(bare, offer)).toEqual([['Cup', 5]])
    expect(prices({ '@graph': [bare, { ...offer, '@type': 'AggregateOffer', lowPrice: 4, price: undefined }] })).toEqual([
      ['Cup', 4],
    ])
    // Whose they are cannot be said.
    expect(prices({ '@graph': [bare, offer, { ...offer, price: 7 }] })).toEqual([['Cup', undefined]])
    expect(prices({ '@graph': [{ ...bare, offers: { ...offer, price: 9 } }, offer] })).toEqual([['Cup', 9]])
    expect(prices({ '@graph': [bare, { '@type': 'Store', makesOffer: offer }] })).toEqual([['Cup', undefined]])
    const marks = `<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Cup</h1></div><div itemscope itemtype="https://schema.org/Offer"><b itemprop="price">5</b><i itemprop="priceCurrency">EUR</i></div>`
    expect(page(marks).products.map(({ price }) => price)).toEqual([5])
  })

  test('offers by reference, lists, aggregates and price specifications', () => {
    const price = (offers: unknown, more: unknown[] = []) => {
      const { price, currency } = page(ld({ '@graph': [product({ offers }), ...more] })).products[0]!
      return [price, currency]
    }
    expect(price({ '@id': '#o' }, [{ '@id': '#o', '@type': 'Offer', price: 5, priceCurrency: 'rur' }])).toEqual([5, 'RUB'])
    expect(price([{ availability: 'x' }, { price: '1 499,50', priceCurrency: 'RUB' }])).toEqual([1499.5, 'RUB'])
    expect(price({ '@type': 'AggregateOffer', lowPrice: 3, highPrice: 9, priceCurrency: 'USD' })).toEqual([3, 'USD'])
    expect(price({ priceSpecification: [{ price: 7, priceCurrency: 'GBP' }] })).toEqual([7, 'GBP'])
    expect(price({ price: '1 999 ₽' })).toEqual([1999, 'RUB'])
    expect(price(undefined)).toEqual([undefined, undefined])
  })

  test('every field lands where gifty §3 wants it', () => {
    const data = readPage(
      ld([
        product({
          description: '<p>Blue &amp; white</p><p>Big</p>',
          image: [{ '@type': 'ImageObject', url: '/i/1.jpg' }, '/i/2.jpg'],
          brand: { '@type': 'Brand', name: 'Potter' },
          sku: 17,
          gtin13: '4006381333931',
          aggregateRating: { ratingValue: 4.5, reviewCount: 3 },
          offers: {
            price: 10,
            priceCurrency: 'EUR',
            availability: 'https://schema.org/OutOfStock',
            seller: { name: 'Seller Ltd' },
          },
        }),
        {
          '@type': 'BreadcrumbList',
          itemListElement: ['Home', 'Kitchen', 'Cups', 'Cup'].map((name, index) => ({ position: index + 1, name })),
        },
      ]),
      URL_OF_PAGE,
      { siteKey: 'shop' },
    )
    expect(data.products).toEqual([
      {
        title: 'Cup',
        product_url: 'https://shop.example/p/cup',
        site_key: 'shop',
        description: 'Blue & white Big',
        price: 10,
        currency: 'EUR',
        image_url: 'https://shop.example/i/1.jpg',
        merchant: 'Seller Ltd',
        category: 'Cups',
        raw_data: { sku: '17', gtin: '4006381333931', availability: 'OutOfStock', rating: 4.5, review_count: 3, brand: 'Potter' },
      },
    ])
  })

  test('gifty §2.1: config.discovery_name names the category', () => {
    const html = ld(product({ category: 'From the page' }))
    expect(readPage(html, URL_OF_PAGE, { siteKey: 's', category: 'Cups' }).products[0]!.category).toBe('Cups')
    expect(readPage(html, URL_OF_PAGE, { siteKey: 's' }).products[0]!.category).toBe('From the page')
  })

  test('a script escaped as HTML, a truncated one and a good one: two products, one broken', () => {
    const escaped = JSON.stringify(product()).replaceAll('"', '&quot;')
    const data = page(ld(escaped) + ld('{"@type":"Product","name":"Lost') + ld(product({ name: 'Mug', url: '/p/mug' })))
    expect(data.products.map(({ title }) => title)).toEqual(['Cup', 'Mug'])
    expect(data.brokenScripts).toBe(1)
  })

  test('a list of addresses is a list of links, not of products', () => {
    const list = {
      '@type': 'ItemList',
      itemListElement: [{ '@type': 'ListItem', url: '/p/1' }, { '@type': 'ListItem', item: '/p/2' }, '/p/3'],
    }
    const data = page(ld(list))
    expect(data.listUrls).toEqual(['1', '2', '3'].map((id) => `https://shop.example/p/${id}`))
    expect(data.products).toEqual([])
  })

  test('several products without addresses are rejected: they would overwrite each other', () => {
    const data = page(ld([product({ url: undefined }), product({ url: undefined, name: 'Mug' }), product({ name: ' ' })]))
    expect(data.products).toEqual([])
    expect(data.rejected).toEqual([
      'json-ld: no address for "Cup"',
      'json-ld: no address for "Mug"',
      'json-ld: product without a name',
    ])
  })

  test('similar products and endless nesting are left alone', () => {
    let deep: unknown = product({ name: 'Deep' })
    for (let depth = 0; depth < 10_000; depth++) deep = { mainEntity: deep }
    expect(
      readJsonLd([JSON.stringify(product({ isSimilarTo: product({ name: 'Other' }) }))]).products.map(({ name }) => name),
    ).toEqual(['Cup'])
    expect(readJsonLd([`${'{"mainEntity":'.repeat(2000)}1${'}'.repeat(2000)}`]).products).toEqual([])
  })

  test('a page of deep markup is read without exhausting the stack', () => {
    const data = page(`${'<div>'.repeat(50_000)}${ld(product())}`)
    expect(data.products).toHaveLength(1)
  })

  test('hostile nesting costs bounded work: links, properties and references inside each other', () => {
    expect(page('<a href="/x">'.repeat(50_000)).outline.links).toHaveLength(5000)
    const open = '<div itemscope itemtype="https://schema.org/Product" itemprop="item">'
    expect(page(`${open.repeat(20_000)}<b itemprop="name">x</b>`).products).toEqual([])
    const shared = `<div id="big">${'<b itemprop="name">x</b>'.repeat(5_000)}</div>`
    const many = '<div itemscope itemtype="https://schema.org/Product" itemref="big"></div>'.repeat(5_000)
    // All of one name, and none has an address: one product.
    expect(page(shared + many).products.map(({ title }) => title)).toEqual(['x'])
  })
})
