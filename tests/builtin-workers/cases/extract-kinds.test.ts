import { describe, expect, test } from 'bun:test'
import { readDocument, readPage } from '../../../src/workers/web/extract/index.ts'

/** Other inputs of the kinds of the cases: what they are, the page, and what is right. */
const ORIGIN = 'https://shop.example'
const at = (path: string, html: string, options: object = {}) => readPage(html, `${ORIGIN}${path}`, { siteKey: 's', ...options })
const ld = (...values: unknown[]) =>
  values
    .map((value) => `<script type="application/ld+json">${typeof value === 'string' ? value : JSON.stringify(value)}</script>`)
    .join('')
const product = (name: string, more: object = {}) => ({
  '@type': 'Product',
  name,
  offers: { '@type': 'Offer', price: 10, priceCurrency: 'EUR' },
  ...more,
})
const micro = (inner: string, attributes = '') =>
  `<div itemscope itemtype="https://schema.org/Product" ${attributes}>${inner}<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="price" content="10"><meta itemprop="priceCurrency" content="EUR"></div></div>`
const named = (name: string) => `<h1 itemprop="name">${name}</h1>`
const canonical = (href: string) => `<link rel="canonical" href="${href}">`
const meta = (property: string, content: string) => `<meta property="${property}" content="${content}">`
/** Title and path of each product, the page's own with `*` before its path. */
const found = (path: string, html: string) => {
  const { products, own } = at(path, html)
  return products.map(({ title, product_url }) => `${title} ${product_url === own ? '*' : ''}${product_url.replace(ORIGIN, '')}`)
}

describe('kind 1: the address of a product', () => {
  const lamp = product('Lamp')
  test.each<[string, string, string, string[]]>([
    [
      'the canonical link before the mark',
      '/lamp?variant=2',
      canonical('/lamp') + ld({ ...lamp, url: '/other' }),
      ['Lamp */lamp'],
    ],
    ['a canonical link to the root', '/p/lamp', canonical('/') + ld(lamp), ['Lamp */p/lamp']],
    ['a canonical link to another host', '/p/lamp', canonical('https://dev.shop.example/p/lamp') + ld(lamp), ['Lamp */p/lamp']],
    ['a mark that names another host', '/p/lamp', ld({ ...lamp, url: 'https://cdn.example/p/lamp' }), ['Lamp */p/lamp']],
    ['a mark that names the home page as a file', '/p/lamp', ld({ ...lamp, url: '/index.html' }), ['Lamp */p/lamp']],
    ['the home page of a language', '/en/p/lamp', canonical('/en/') + ld({ ...lamp, url: '/en' }), ['Lamp */en/p/lamp']],
    ['an offer that names the root', '/p/lamp', ld({ ...lamp, offers: { price: 1, url: `${ORIGIN}/` } }), ['Lamp */p/lamp']],
    ['og:url of another host', '/p/lamp', meta('og:url', 'https://x.example/p/lamp') + ld(lamp), ['Lamp */p/lamp']],
    ['og:url where nothing else is', '/go?id=1', meta('og:url', '/p/lamp') + ld(lamp), ['Lamp */p/lamp']],
    ['microdata at the root', '/p/lamp', micro(`${named('Lamp')}<link itemprop="url" href="/">`), ['Lamp */p/lamp']],
    ['the page is the root', '/', canonical('/') + ld({ ...lamp, url: '/' }), ['Lamp */']],
    ['a product behind the root by its query', '/', ld({ ...lamp, url: '/?product=lamp' }), ['Lamp /?product=lamp']],
    [
      'www of the same shop',
      '/p/lamp?a=1',
      canonical('https://www.shop.example/p/lamp') + ld(lamp),
      ['Lamp *https://www.shop.example/p/lamp'],
    ],
    ['mainEntityOfPage', '/go', ld({ ...lamp, mainEntityOfPage: { '@type': 'WebPage', '@id': '/p/lamp' } }), ['Lamp /p/lamp']],
    ['a script or a fragment', '/p/lamp', ld({ ...lamp, url: 'javascript:void(0)' }) + canonical('#'), ['Lamp */p/lamp']],
  ])('%s', (_, path, html, right) => {
    expect(found(path, html)).toEqual(right)
  })

  test('a listing keeps the addresses of its marks, but for those of the root and of other hosts', () => {
    const cards = ['/p/1', '/', 'https://other.example/p/3', '/p/4'].map((url, n) => product(`Tea ${n + 1}`, { url }))
    const data = at('/teas', canonical('/teas') + ld({ '@type': 'ItemList', itemListElement: cards }))
    expect(data.products.map(({ product_url }) => product_url)).toEqual([`${ORIGIN}/p/1`, `${ORIGIN}/p/4`])
    expect(data.own).toBeUndefined()
    expect(data.rejected).toEqual([
      'json-ld: no address for "Tea 2", its address is the home page',
      'json-ld: no address for "Tea 3", its address is on another host',
    ])
  })
})

describe('kind 2: the page’s own product', () => {
  const related = (name: string, path: string) => product(name, { url: path })
  const microCard = (name: string, path: string) =>
    micro(`<a itemprop="url" href="${path}"><span itemprop="name">${name}</span></a>`)
  test.each<[string, string, string, string[]]>([
    [
      'two marks of one @id',
      '/l',
      ld(product('Lamp', { '@id': '#p' }), { '@type': 'Product', '@id': '#p', sku: '1' }),
      ['Lamp */l'],
    ],
    ['two marks of one name in microdata', '/l', micro(named('Lamp')) + micro('<span itemprop="name">LAMP</span>'), ['Lamp */l']],
    [
      'without an address beside others, microdata',
      '/l',
      micro(named('Lamp')) + microCard('Green', '/g') + microCard('Grey', '/h'),
      ['Lamp */l', 'Green /g', 'Grey /h'],
    ],
    [
      'related goods first, nothing but the place tells',
      '/l',
      ld({ '@type': 'ItemList', itemListElement: [related('Green', '/g')] }, product('Lamp')),
      ['Lamp */l', 'Green /g'],
    ],
    [
      'several without an address: the heading tells',
      '/l',
      `<h1>Red lamp</h1>${ld(product('Green lamp'), product('Red lamp'))}`,
      ['Red lamp */l'],
    ],
    [
      'several without an address: og:title tells',
      '/l',
      meta('og:title', 'Red lamp | Shop') + ld(product('Green lamp'), product('Red lamp')),
      ['Red lamp */l'],
    ],
    [
      'several without an address: those of a list are not it',
      '/l',
      ld(product('Red lamp'), { '@type': 'ItemList', itemListElement: [product('Green'), product('Grey')] }),
      ['Red lamp */l'],
    ],
    [
      'mainEntity',
      '/l',
      ld({ '@type': 'WebPage', mainEntity: product('Red lamp') }, product('Green lamp'), product('Grey lamp')),
      ['Red lamp */l'],
    ],
    [
      'its address is the page’s',
      '/l?utm_source=x',
      ld(related('Green', '/g'), related('Red', '/l'), related('Grey', '/h')),
      ['Red */l', 'Green /g', 'Grey /h'],
    ],
    [
      'mainEntityOfPage is the page',
      '/l',
      ld(product('Green'), product('Red', { mainEntityOfPage: `${ORIGIN}/l` })),
      ['Red */l'],
    ],
    ['JSON-LD and microdata of one name', '/l', ld({ '@type': 'Product', name: 'Lamp' }) + micro(named('Lamp')), ['Lamp */l']],
    [
      'own in JSON-LD, related in microdata',
      '/l',
      ld(product('Lamp')) + microCard('Green', '/g') + microCard('Grey', '/h'),
      ['Lamp */l', 'Green /g', 'Grey /h'],
    ],
    [
      'own in OpenGraph with a price, related in JSON-LD',
      '/l',
      meta('og:type', 'product') +
        meta('og:title', 'Lamp') +
        meta('product:price:amount', '5') +
        ld({ '@type': 'ItemList', itemListElement: [related('Green', '/g'), related('Grey', '/h')] }),
      ['Lamp */l', 'Green /g', 'Grey /h'],
    ],
    ['a listing has none', '/l', `<h1>Lamps</h1>${ld(related('Green', '/g'), related('Grey', '/h'))}`, ['Green /g', 'Grey /h']],
    ['goods of one name with addresses are several', '/l', ld(related('Tea', '/1'), related('Tea', '/2')), ['Tea /1', 'Tea /2']],
    [
      'the same cards in two syntaxes',
      '/l',
      ld(related('Green', '/g'), related('Grey', '/h')) + microCard('Green', '/g?from=list') + microCard('Grey', '/h'),
      ['Green /g', 'Grey /h'],
    ],
    [
      'its @id is the page’s, and those of others are theirs',
      '/l',
      ld(product('Red', { '@id': '/l#product' }), product('Green', { '@id': `${ORIGIN}/g#product` })),
      ['Red */l', 'Green /g'],
    ],
    [
      'two @ids of the page tell nothing',
      '/l',
      `<h1>Grey</h1>${ld(product('Red', { '@id': '/l#1' }), product('Green', { '@id': '/l#2' }))}`,
      [],
    ],
    ['og:type product.group is a list', '/l', meta('og:type', 'product.group') + meta('og:title', 'Lamps'), []],
    ['og:type product.item is a product', '/l', meta('og:type', 'product.item') + meta('og:title', 'Lamp'), ['Lamp */l']],
  ])('%s', (_, path, html, right) => {
    expect(found(path, html)).toEqual(right)
  })

  test('what one syntax lacks the others fill', () => {
    const html =
      ld({ '@type': 'Product', name: 'Lamp', sku: '7', image: 'data:image/gif;base64,R0' }) +
      micro(`${named('Lamp')}<img itemprop="image" src="/l.jpg"><p itemprop="description">Bright</p>`) +
      `<div vocab="https://schema.org/" typeof="Product"><b property="name">Lamp</b><b property="brand">Acme</b></div>`
    expect(at('/l', html).products).toEqual([
      {
        title: 'Lamp',
        product_url: `${ORIGIN}/l`,
        site_key: 's',
        description: 'Bright',
        price: 10,
        currency: 'EUR',
        image_url: `${ORIGIN}/l.jpg`,
        merchant: 'Acme',
        raw_data: { sku: '7', brand: 'Acme' },
      },
    ])
  })

  test('a list says so', () => {
    expect(at('/l', meta('og:type', 'product.group')).isGroup).toBe(true)
    expect(at('/l', ld({ '@type': 'CollectionPage' })).isGroup).toBe(true)
    expect(at('/l', ld({ '@type': 'WebPage', mainEntity: { '@type': 'ItemList' } })).isGroup).toBe(true)
    expect(at('/l', ld(product('Lamp'))).isGroup).toBe(false)
    const teapots = { '@type': 'AggregateOffer', lowPrice: 300, priceCurrency: 'RUB' }
    expect(at('/l', ld(product('Teapots', { offers: teapots })))).toMatchObject({ own: `${ORIGIN}/l`, isAggregate: true })
  })

  test('the page’s data cross to another thread', () => {
    const data = at('/l', ld(product('Lamp')) + micro(named('Lamp')))
    expect(structuredClone(data)).toEqual(data)
  })
})

describe('kind 16: where a price or an address may stand', () => {
  const priced = (html: string, path = '/l', options = {}) =>
    at(path, html, options).products.map(({ title, price, currency, product_url }) => [
      title,
      price,
      currency,
      product_url.replace(ORIGIN, ''),
    ])
  const lamp = ['Lamp', 10, 'EUR', '/l']
  const offer = { '@type': 'Offer', price: '10', priceCurrency: 'EUR' }
  test.each<[string, unknown, unknown[]]>([
    ['an offer around the product', { ...offer, itemOffered: { '@type': 'Product', name: 'Lamp', url: '/l' } }, [lamp]],
    [
      'offers that a shop makes',
      { '@type': 'Store', makesOffer: [{ ...offer, itemOffered: product('Lamp', { offers: undefined }) }] },
      [lamp],
    ],
    [
      'a stub with a type, in an offer',
      {
        '@graph': [
          { ...offer, itemOffered: { '@type': 'Product', '@id': '#p' } },
          { '@type': 'Product', '@id': '#p', name: 'Lamp' },
        ],
      },
      [lamp],
    ],
    [
      'references of another spelling',
      {
        '@graph': [
          { '@type': 'Product', name: 'Lamp', offers: { '@id': '#o' } },
          { ...offer, '@id': `${ORIGIN}/l#o` },
        ],
      },
      [lamp],
    ],
    [
      'a reference that knows a part',
      {
        '@graph': [
          { '@type': 'Product', name: 'Lamp', offers: { '@type': 'Offer', '@id': '#o', availability: 'InStock' } },
          { ...offer, '@id': '#o' },
        ],
      },
      [lamp],
    ],
    ['graphs in graphs', { '@graph': [{ '@graph': [{ '@graph': [product('Lamp')] }] }] }, [lamp]],
    ['lists and sets of JSON-LD', product('Lamp', { offers: { '@set': [offer] } }), [lamp]],
    ['names of several languages', product('x', { name: [{ '@value': '', '@language': 'de' }, { '@value': 'Lamp' }] }), [lamp]],
    ['a name by language', product('x', { name: { en: 'Lamp', de: 'Lampe' } }), [lamp]],
    ['a name by language, empty ones first', product('x', { name: { 'de-AT': ' ', '@none': ['Lamp'] } }), [lamp]],
    ['expanded keys', { '@type': 'schema:Product', 'schema:name': 'Lamp', 'http://schema.org/offers': offer }, [lamp]],
    ['a slash behind the type', product('Lamp', { '@type': 'http://www.schema.org/Product/' }), [lamp]],
    [
      'an empty price before the lowest',
      product('Lamp', { offers: { price: '', lowPrice: '10', priceCurrency: 'EUR' } }),
      [lamp],
    ],
    ['a price on the product itself', { '@type': 'Product', name: 'Lamp', price: 10, priceCurrency: 'EUR' }, [lamp]],
    ['a catalog as offers', product('Lamp', { offers: { '@type': 'OfferCatalog', itemListElement: [offer] } }), [lamp]],
    [
      'a group whose variants stand beside it',
      [
        { '@type': 'ProductGroup', '@id': '#g', name: 'Lamp', url: '/l' },
        product('Lamp, red', { isVariantOf: { '@id': '#g' }, offers: { ...offer, price: 12 } }),
        product('Lamp, blue', { isVariantOf: { '@id': '#g' }, offers: offer }),
      ],
      [lamp],
    ],
    [
      'a group by its number',
      [
        { '@type': 'ProductGroup', productGroupID: 'G1', name: 'Lamp' },
        product('Lamp, red', { inProductGroupWithID: 'G1', url: '/l?c=red' }),
      ],
      [lamp],
    ],
    [
      'variants without a group of their own page',
      product('Lamp', { model: [{ '@type': 'ProductModel', offers: offer }], offers: undefined }),
      [lamp],
    ],
    [
      'the address of an offer as a text',
      {
        '@graph': [
          { '@type': 'Product', name: 'Lamp', offers: ['#o'] },
          { ...offer, '@id': '#o' },
        ],
      },
      [lamp],
    ],
    ['a specification as the price', product('Lamp', { offers: { price: { price: 10, priceCurrency: 'EUR' } } }), [lamp]],
    [
      'a compound price of one part',
      product('Lamp', { offers: { priceSpecification: { '@type': 'CompoundPriceSpecification', priceComponent: [offer] } } }),
      [lamp],
    ],
    ['a car', product('Lamp', { '@type': 'Car' }), [lamp]],
    ['several types', product('Lamp', { '@type': ['CreativeWork', 'Product'] }), [lamp]],
    ['a record that is for sale', product('Lamp', { '@type': 'MusicAlbum' }), [lamp]],
    ['a film that is not', { '@type': 'Movie', name: 'Lamp' }, []],
    [
      'the address of a list entry',
      { '@type': 'ItemList', itemListElement: [{ '@type': 'ListItem', url: { '@id': '/p/1' }, item: product('One') }] },
      [['One', 10, 'EUR', '/p/1']],
    ],
  ])('JSON-LD: %s', (_, value, right) => {
    expect(priced(ld(value))).toEqual(right as never)
  })

  test.each<[string, string, unknown[]]>([
    [
      'an offer around the product',
      '<div itemscope itemtype="https://schema.org/Offer"><div itemprop="itemOffered" itemscope itemtype="https://schema.org/Product"><b itemprop="name">Lamp</b></div><meta itemprop="price" content="10"><meta itemprop="priceCurrency" content="EUR"></div>',
      [lamp],
    ],
    [
      'the address of a list entry',
      `<div itemscope itemtype="https://schema.org/ItemList"><div itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem"><link itemprop="url" href="/p/1">${micro('<b itemprop="name">One</b>', 'itemprop="item"')}</div></div>`,
      [['One', 10, 'EUR', '/p/1']],
    ],
    ['a slash behind the type', micro(named('Lamp')).replace('/Product', '/Product/'), [lamp]],
    ['properties in another case', micro(named('Lamp')).replace('priceCurrency', 'pricecurrency'), [lamp]],
    ['a name on a link', micro('<a itemprop="name" href="/l">Lamp</a>'), [lamp]],
    [
      'a group and its variants',
      `<div itemscope itemtype="https://schema.org/ProductGroup"><h1 itemprop="name">Lamp</h1>${micro('<b itemprop="name">Lamp, red</b>', 'itemprop="hasVariant"')}</div>`,
      [lamp],
    ],
    [
      'a price specification',
      '<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Lamp</b><div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><div itemprop="priceSpecification" itemscope itemtype="https://schema.org/UnitPriceSpecification"><b itemprop="price">10 €</b></div></div></div>',
      [lamp],
    ],
  ])('microdata: %s', (_, html, right) => {
    expect(priced(html)).toEqual(right as never)
  })

  test.each<[string, string, unknown[]]>([
    [
      'prefixes',
      '<div prefix="schema: http://schema.org/" typeof="schema:Product"><b property="schema:name">Lamp</b><div rel="schema:offers"><div typeof="schema:Offer"><b property="schema:price" content="10">x</b><b property="schema:priceCurrency" content="EUR"></b></div></div></div>',
      [lamp],
    ],
    [
      'a whole address as type, the page as an item',
      '<body vocab="http://schema.org/" typeof="WebPage"><div property="mainEntity" typeof="http://schema.org/Product"><b property="name">Lamp</b><div property="offers" typeof="Offer"><meta property="price" content="10"><meta property="priceCurrency" content="EUR"></div></div></body>',
      [lamp],
    ],
    [
      'a list with addresses',
      ['1', '2']
        .map(
          (n) =>
            `<div vocab="https://schema.org/" typeof="Product"><a property="url" href="/p/${n}"><b property="name">P${n}</b></a><span property="offers" typeof="Offer"><b property="price">10 €</b></span></div>`,
        )
        .join(''),
      [
        ['P1', 10, 'EUR', '/p/1'],
        ['P2', 10, 'EUR', '/p/2'],
      ],
    ],
  ])('RDFa: %s', (_, html, right) => {
    expect(priced(html)).toEqual(right as never)
  })

  test('a sale that has ended does not win over a price that holds; without a clock it does', () => {
    const html = ld(
      product('Lamp', {
        offers: [
          { ...offer, price: 8, priceValidUntil: '2026-03-01' },
          { ...offer, price: 10, priceValidUntil: '2027-12-31' },
        ],
      }),
    )
    const march = Date.parse('2026-03-02T12:00:00Z')
    expect(priced(html)[0]![1]).toBe(8)
    expect(priced(html, '/l', { now: Date.parse('2026-03-01T20:00:00Z') })[0]![1]).toBe(8)
    expect(priced(html, '/l', { now: march + 86_400_000 })[0]![1]).toBe(10)
    const alone = ld(product('Lamp', { offers: { ...offer, priceValidUntil: '2020-01-01' } }))
    expect(priced(alone, '/l', { now: march })).toEqual([lamp] as never)
    const later = ld(product('Lamp', { offers: [{ ...offer, price: 8, validFrom: '2027-01-01' }, offer] }))
    expect(priced(later, '/l', { now: march })).toEqual([lamp] as never)
  })

  test('entries of menus and articles are no products of a list', () => {
    const entries = [
      { '@type': 'SiteNavigationElement', url: '/about' },
      { '@type': 'ListItem', item: { '@type': 'Article', url: '/news' } },
      { '@type': 'ListItem', url: '/p/1' },
      { '@type': 'ListItem', item: { '@id': '/p/2', name: 'Two' } },
      { '@type': 'ListItem', item: { '@type': 'Product', url: '/p/3' } },
    ]
    expect(at('/l', ld({ '@type': 'ItemList', itemListElement: entries })).listUrls).toEqual(
      [1, 2, 3].map((n) => `${ORIGIN}/p/${n}`),
    )
  })
})

describe('kind 9: texts', () => {
  test.each([
    ['blocks', '<div>One</div><div>two</div>three', 'One two three'],
    ['words that markup parts', 'Water<b>proof</b> <i>bag</i>', 'Waterproof bag'],
    ['line breaks and cells', 'a<br>b<table><tr><td>c<td>d</table>', 'a b c d'],
    ['scripts and styles', 'a<style>b{}</style><script>c()</script>', 'a'],
    ['entities', 'R&amp;D &laquo;x&raquo;', 'R&D «x»'],
  ])('a description of %s', (_, html, right) => {
    const inMicrodata = micro(`${named('L')}<div itemprop="description">${html}</div>`)
    expect(at('/l', inMicrodata).products[0]!.description).toBe(right)
    const inJson = ld(
      product('L', { description: html.replaceAll('</', '<\\/') }).toString() && product('L', { description: html }),
    )
    if (!html.includes('<script>')) expect(at('/l', inJson).products[0]!.description).toBe(right)
  })
  test.each([
    ['Cup &amp;amp; saucer', 'Cup & saucer'],
    ['A &lt;b&gt;bold&lt;/b&gt; cup', 'A bold cup'],
    ['5 < 6 and 7 > 2', '5 < 6 and 7 > 2'],
    ['I <3 tea', 'I <3 tea'],
    ['Size a<b &amp; c', 'Size a<b & c'],
    ['&amp;lt;p&amp;gt;', '<p>'],
  ])('the name %p is %p', (name, right) => {
    expect(at('/l', ld(product(name))).products[0]!.title).toBe(right)
  })
})

describe('kind 17: pictures', () => {
  const DATA = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP'
  test.each<[string, string, string | undefined]>([
    ['data-original', `<img itemprop="image" src="${DATA}" data-original="/a.jpg">`, '/a.jpg'],
    ['data-lazy-src', '<img itemprop="image" src="/img/blank.gif" data-lazy-src="/a.jpg">', '/a.jpg'],
    ['a small form in src', '<img itemprop="image" src="/a-20.jpg" data-src="/a.jpg">', '/a.jpg'],
    [
      'the largest of srcset',
      `<img itemprop="image" src="${DATA}" srcset="/a-1.jpg 300w, /a-3.jpg 1200w, /a-2.jpg 600w">`,
      '/a-3.jpg',
    ],
    ['data-srcset by density', '<img itemprop="image" src="/1x1.png" data-srcset="/a.jpg, /b.jpg 2x">', '/b.jpg'],
    ['addresses with commas', '<img itemprop="image" srcset="/w_1,h_1/a.jpg 1x, /w_2,h_2/a.jpg 2x">', '/w_2,h_2/a.jpg'],
    ['a picture', `<picture><source srcset="/a.webp 1x, /a2.webp 2x"><img itemprop="image" src="${DATA}"></picture>`, '/a2.webp'],
    ['the property around the img', `<div itemprop="image"><img src="${DATA}" data-src="/a.jpg"></div>`, '/a.jpg'],
    ['a link to the large picture', '<a itemprop="image" href="/large.jpg"><img src="/small.jpg"></a>', '/large.jpg'],
    ['a link to something else', '<a itemprop="image" href="/gallery"><img src="/small.jpg"></a>', '/small.jpg'],
    [
      'an ImageObject',
      `<div itemprop="image" itemscope itemtype="https://schema.org/ImageObject"><img itemprop="url" src="${DATA}" data-src="/a.jpg"></div>`,
      '/a.jpg',
    ],
    ['noscript', `<img itemprop="image" src="${DATA}"><noscript><img itemprop="image" src="/a.jpg"></noscript>`, '/a.jpg'],
    ['nothing but a placeholder', '<img itemprop="image" src="/img/no-image.png">', undefined],
    ['a placeholder of a shop engine', '<img itemprop="image" src="/woocommerce-placeholder-600x600.png">', undefined],
    ['a blank notebook', '<img itemprop="image" src="/blank-notebook.jpg">', '/blank-notebook.jpg'],
    ['a script as an address', '<img itemprop="image" src="javascript:alert(1)">', undefined],
  ])('%s', (_, img, right) => {
    expect(at('/l', micro(named('Lamp') + img)).products[0]!.image_url).toBe(right && `${ORIGIN}${right}`)
  })
  test.each<[string, unknown, string | undefined]>([
    ['empty texts first', ['', null, '/a.jpg'], '/a.jpg'],
    ['a placeholder first', ['/placeholder.svg', { '@type': 'ImageObject', contentUrl: '/a.jpg' }], '/a.jpg'],
    ['no scheme', '//cdn.example/a.jpg', 'https://cdn.example/a.jpg'],
    ['another scheme', ['ftp://x.example/a.jpg', 'file:///a.jpg'], undefined],
    ['entities', '/a.jpg?w=1&amp;h=2', '/a.jpg?w=1&h=2'],
  ])('JSON-LD: %s', (_, image, right) => {
    expect(at('/l', ld(product('Lamp', { image }))).products[0]!.image_url).toBe(right && new URL(right, ORIGIN).href)
  })
})

describe('kind 18: categories', () => {
  const trail = (...steps: [string, string?][]) => ({
    '@type': 'BreadcrumbList',
    itemListElement: steps.map(([name, item], index) => ({
      '@type': 'ListItem',
      position: index + 1,
      name,
      ...(item ? { item } : {}),
    })),
  })
  test.each<[string, [string, string?][], string | undefined]>([
    [
      'the last step by its address',
      [
        ['Home', '/'],
        ['Tea', '/tea'],
        ['Black', '/p/t?utm_source=x'],
      ],
      'Tea',
    ],
    ['the last step without an address', [['Home', '/'], ['Tea', '/tea'], ['Black']], 'Tea'],
    ['the last step by its name', [['Home'], ['Tea'], ['Black tea, 100 g']], 'Tea'],
    ['the last step by the heading', [['Home'], ['Tea'], ['Black tea']], 'Tea'],
    [
      'the last step as a category',
      [
        ['Home', '/'],
        ['Tea', '/tea'],
        ['Black', '/tea/black'],
      ],
      'Black',
    ],
    ['no home page', [['Tea', '/tea']], 'Tea'],
    ['a category without an address behind the home page', [['Home', '/'], ['Drinks']], 'Drinks'],
    ['the product under a shorter name behind the home page', [['Home', '/'], ['Black']], undefined],
    [
      'no home page and the page itself',
      [
        ['Tea', '/tea'],
        ['Black tea, 100 g', '/p/t'],
      ],
      'Tea',
    ],
    ['nothing but the home page', [['Home', '/']], undefined],
    [
      'nothing but the page',
      [
        ['Home', '/'],
        ['Black tea, 100 g', '/p/t'],
      ],
      undefined,
    ],
    [
      'a home page of another name',
      [
        ['The Tea House', '/'],
        ['Tea', '/tea'],
      ],
      'Tea',
    ],
    ['a home page without an address', [['Главная'], ['Чай']], 'Чай'],
  ])('%s', (_, steps, right) => {
    const html = `<h1>Black tea</h1>${ld(product('Black tea, 100 g', { url: '/p/t' }), trail(...steps))}`
    expect(at('/p/t', html).products[0]!.category).toBe(right)
  })
  test('goods of a listing have the listing’s step as category; related goods have not', () => {
    const steps = trail(['Home', '/'], ['Tea', '/tea'])
    const cards = [product('A', { url: '/a' }), product('B', { url: '/b' })]
    expect(at('/tea', ld(...cards, steps)).products.map(({ category }) => category)).toEqual(['Tea', 'Tea'])
    const beside = at('/own', `<h1>Own</h1>${ld(product('Own'), ...cards, steps)}`)
    expect(beside.products.map(({ category }) => category)).toEqual(['Tea', undefined, undefined])
  })
})

describe('kind M: broken markup and JSON', () => {
  test.each<[string, string, unknown]>([
    ['a value left out', '{"@type":"Product","name":"Lamp","sku": ,"gtin": }', undefined],
    ['NaN, undefined, None', '{"@type":"Product","name":"Lamp","a":NaN,"b":undefined,"c":None,"offers":{"price":10}}', 10],
    ['a decimal comma', '{"@type":"Product","name":"Lamp","offers":{"price":1299,00,"priceCurrency":"RUB"}}', 1299],
    ['groups of a number', '{"@type":"Product","name":"Lamp","offers":{"price":1 299.50,"priceCurrency":"RUB"}}', 1299.5],
    ['single quotes', "{'@type':'Product','name':'Lamp','offers':{'price':'10'}}", 10],
    ['bare keys', '{"@type":"Product",name:"Lamp",offers:{price:10}}', 10],
    ['quotes inside a text', '{"@type":"Product","description":"so "called" lamp","name":"Lamp","offers":{"price":10}}', 10],
    ['commas left out', '{"@type":"Product" "name":"Lamp"\n"offers":{"price":10}}', 10],
    ['commas in excess', '{,"@type":"Product",,"name":"Lamp","offers":[,{"price":10},],}', 10],
    ['brackets in excess', '{"@type":"Product","name":"Lamp","offers":{"price":10}}}', 10],
    ['another value before', '{"@type":"WebSite"},{"@type":"Product","name":"Lamp","offers":{"price":10}};', 10],
    ['a number that is none', '{"@type":"Product","name":"Lamp","sku":007,"offers":{"price":.5}}', 0.5],
    ['line breaks in a text', '{"@type":"Product","description":"a\nb","name":"Lamp","offers":{"price":10}}', 10],
  ])('JSON: %s', (_, script, price) => {
    const data = at('/l', ld(script))
    expect(data.products.map(({ title, price: found }) => [title, found])).toEqual([['Lamp', price as never]])
    expect(data.brokenScripts).toBe(0)
  })
  test('of two values in one script the good one is read, the other is counted', () => {
    const data = at('/l', ld(`${JSON.stringify(product('Lamp'))}\n{"@type":"Product","name":`))
    expect(data.products.map(({ title }) => title)).toEqual(['Lamp'])
    expect(data.brokenScripts).toBe(1)
  })

  test('a script in a picture that is not closed', () => {
    expect(at('/l', `<p><svg><path d="M0">${ld(product('Lamp'))}`).products.map(({ title }) => title)).toEqual(['Lamp'])
  })

  const thing =
    '<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Lamp</h1><b itemprop="price">5</b></div>'
  test.each([
    ['math that is not closed', `<math><mi>x${thing}`],
    ['svg with attributes and no end', `<p><svg/><svg viewBox="0 0 1 1"><g><path d="M0"/>${thing}`],
    ['a link that is not closed', `<a href="/x">${thing}`],
    ['closing tags of nothing', `</div></span></p></section>${thing}`],
    ['a comment of two dashes', `<!-->${thing}`],
    ['a comment ended with !', `<!-- x --!>${thing}`],
    [
      'attributes without blanks',
      thing.replace('itemscope itemtype', 'class="x"itemscope itemtype').replace('"name"', '"name"class="y"'),
    ],
    ['capitals', thing.replace('<h1 itemprop', '<H1 ITEMPROP').replace('</h1>', '</H1>')],
    ['a div that closes itself', thing.replace('itemscope itemtype', 'id=x itemscope itemtype').replace('"><h1', '"/><h1')],
    ['no quotes', '<div itemscope itemtype=https://schema.org/Product><h1 itemprop=name>Lamp</h1><b itemprop=price>5</b></div>'],
    ['cells that are not closed', `<table><tr><td>a<td>${thing}</table>`],
    ['items that are not closed', `<ul><li>a<li>${thing}</ul>`],
    ['a paragraph around it', `<p><span>${thing}`],
  ])('markup: %s', (_, html) => {
    const data = at('/l', html)
    expect(data.products.map(({ title, price }) => [title, price])).toEqual([['Lamp', 5]])
  })
  test('what follows a closing tag that crosses a cell is still in the cell', () => {
    const html = `<div itemscope itemtype="https://schema.org/Product"><table><tr><td><b itemprop="name">Lamp</b></div></td><td itemprop="price">5</td></table></div>`
    expect(at('/l', html).products.map(({ title, price }) => [title, price])).toEqual([['Lamp', 5]])
  })
})

describe('kind F: pages that say they were not found', () => {
  const stub = (title: string, more = '') =>
    `<title>${title}</title>${meta('og:type', 'product')}${meta('og:title', title)}<h1>${title}</h1>${more}`
  test.each([
    'Page not found',
    '404 Not Found',
    'Error 404',
    'Oops! That page can’t be found.',
    'Product not found | Shop',
    'This product is no longer available',
    'Страница не найдена',
    'К сожалению, товар не найден',
    'Ошибка 404',
    'Seite nicht gefunden',
    'Page introuvable',
    'Página no encontrada',
    'Página não encontrada',
    'Pagina non trovata',
    'Nie znaleziono strony',
    'Stránka nenalezena',
    'Sayfa bulunamadı',
    'Сторінку не знайдено',
    '页面不存在',
  ])('%s', (title) => {
    const data = at('/gone', stub(title))
    expect(data.products).toEqual([])
    expect([data.isGone, data.rejected]).toEqual([true, []])
  })
  test.each(['Lost and Found', 'Found object', '404 Cleaning Fluid', 'Peugeot 404', 'Not Found Tee', 'Nothing but found wood'])(
    'the product %s stays',
    (title) => {
      const data = at('/p', stub(title))
      expect([data.isGone, data.products.map((one) => one.title)]).toEqual([false, [title]])
    },
  )
  test('what has a price is offered, whatever it is called', () => {
    expect(at('/p', stub('Page not found', meta('product:price:amount', '10'))).products).toHaveLength(1)
  })
})

describe('lists that PHP wrote with a gap', () => {
  test.each<[string, unknown]>([
    [
      'offers',
      product('Lamp', { offers: { '1': { price: 10, priceCurrency: 'EUR' }, '3': { price: 8, priceCurrency: 'EUR' } } }),
    ],
    [
      'a graph',
      { '@graph': { '0': { '@type': 'WebSite' }, '2': product('Lamp', { offers: { price: 8, priceCurrency: 'EUR' } }) } },
    ],
    ['types', product('Lamp', { '@type': { '0': 'Thing', '1': 'Product' }, offers: { price: 8, priceCurrency: 'EUR' } })],
  ])('%s', (_, value) => {
    expect(at('/lamp', ld(value)).products).toMatchObject([{ title: 'Lamp', price: 8, currency: 'EUR' }])
  })
})

test('the title of a picture is no part of a name', () => {
  const { products } = at('/lamp', micro(`<h1 itemprop="name"><svg><title>Icon</title><path/></svg>Lamp</h1>`))
  expect(products).toMatchObject([{ title: 'Lamp' }])
})

describe('UTF-8 with a text that was cut in the middle of a character', () => {
  const cut = (text: string) => {
    const bytes = new TextEncoder().encode(text)
    const at = bytes.indexOf(0x7c) // `|`
    return Uint8Array.from([...bytes.slice(0, at - 1), ...bytes.slice(at + 1)])
  }
  const long = 'Чайник заварочный из тонкого фарфора'
  test.each([
    ['nothing declared', '', 'Чайник'],
    ['another charset declared', '; charset=windows-1251', long],
    ['the right one declared', '; charset=utf-8', 'Чайник'],
  ])('%s', (_, charset, name) => {
    const bytes = cut(`${ld(product(name))}<p>описание|</p>`)
    const data = readDocument({ url: `${ORIGIN}/p`, contentType: `text/html${charset}`, bytes }, { siteKey: 's' })
    expect(data.products.map(({ title }) => title)).toEqual([name])
  })
})
