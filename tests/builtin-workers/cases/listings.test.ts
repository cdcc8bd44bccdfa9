import { describe, expect, test } from 'bun:test'
import { caseText, plainPage, runShop, type ShopCase } from './rig.ts'

/** Listings, hubs and product pages that were taken for each other (kinds 3, 4, 5, 7 of the cases). */
const micro = (category: string, ids: readonly number[]) =>
  ids
    .map(
      (id) =>
        `<div itemscope itemtype="https://schema.org/Product"><a itemprop="url" href="/product/${category}-${id}"><span itemprop="name">${category} ${id}</span></a>` +
        `<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="price" content="100"><meta itemprop="priceCurrency" content="RUB"></div></div>`,
    )
    .join('')
const ld = (value: unknown) => `<script type="application/ld+json">${JSON.stringify(value)}</script>`
const marked = (name: string, url: string) => ({
  '@type': 'Product',
  name,
  url,
  offers: { '@type': 'Offer', price: 100, priceCurrency: 'RUB' },
})
const plain = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, plainPage(path)]))
const five = [1, 2, 3, 4, 5]
const pots = (word: string) => [1, 2, 3].map((id) => `/product/${word}-${id}`)

const aggregate = await caseText('list-aggregate-product.html')
const withNext = (html: string) => html.replace('</body>', '<a rel="next" href="/teapots?page=2">next</a></body>')

interface Case {
  name: string
  shop: ShopCase
  /** Paths of the products, in any order. */
  right: string[]
  before: string
}

const cases: Case[] = [
  {
    name: 'list-aggregate-product: a listing that marks itself as a product has its product pages read',
    shop: {
      type: 'list',
      at: '/teapots',
      pages: {
        '/teapots': withNext(aggregate),
        '/teapots?page=2': aggregate.replaceAll('pot-', 'jug-'),
        ...plain(...pots('pot'), ...pots('jug')),
      },
    },
    right: [...pots('pot'), ...pots('jug')],
    before: '2 products "Teapots"',
  },
  {
    name: 'a listing with og:type product.group',
    shop: {
      type: 'list',
      at: '/tea',
      pages: {
        '/tea':
          '<meta property="og:type" content="product.group"><meta property="og:title" content="Tea"><div class="goods-item"><a href="/green">Green</a></div><div class="goods-item"><a href="/black">Black</a></div>',
        ...plain('/green', '/black'),
      },
    },
    right: ['/green', '/black'],
    before: 'one product "Tea"',
  },
  {
    name: 'a listing that marks itself with one Offer, and its cards have prices but no classes',
    shop: {
      type: 'list',
      at: '/tea',
      pages: {
        '/tea': `${ld({ '@type': 'Product', name: 'Tea', offers: { '@type': 'Offer', price: 5, priceCurrency: 'USD' } })}<h1>Tea</h1><section>${['green', 'black'].map((name) => `<div><a href="/${name}"><img src="/i.jpg"></a><p><a href="/${name}">${name} tea</a></p><p>1 500 ₽</p></div>`).join('')}</section>`,
        ...plain('/green', '/black'),
      },
    },
    right: ['/green', '/black'],
    before: 'one product "Tea"',
  },
  {
    name: 'a product page that was given as a listing is the product, whatever it shows beside',
    shop: {
      type: 'list',
      at: '/product/red',
      pages: { '/product/red': `${plainPage('Red')}<div class="product-card"><a href="/product/blue">Blue</a></div>` },
    },
    right: ['/product/red'],
    before: 'the same',
  },
  {
    name: 'hub-bestsellers: a hub with products of its own has its categories opened',
    shop: {
      type: 'hub',
      at: '/',
      pages: {
        '/': await caseText('hub-bestsellers.html'),
        '/category/tea': micro('tea', five),
        '/category/coffee': micro('coffee', five),
      },
    },
    right: five.flatMap((id) => [`/product/tea-${id}`, `/product/coffee-${id}`]),
    before: 'the 2 bestsellers',
  },
  {
    name: 'a hub that is a listing as well, with further pages',
    shop: {
      type: 'hub',
      at: '/',
      pages: {
        '/': `<nav><a href="/category/tea">Tea</a></nav>${micro('new', [1])}<a href="/?page=2">2</a>`,
        '/?page=2': micro('new', [2]),
        '/category/tea': micro('tea', [1]),
      },
    },
    right: ['/product/new-1', '/product/new-2', '/product/tea-1'],
    before: 'the 2 new ones',
  },
  {
    name: 'a hub without a menu shows its categories as tiles',
    shop: {
      type: 'hub',
      at: '/',
      pages: {
        '/': '<div class="tile"><a href="/tea"><img alt="Tea"></a></div><div class="tile"><a href="/coffee"><img alt="Coffee"></a></div>',
        '/tea': micro('tea', [1]),
        '/coffee': micro('coffee', [1]),
      },
    },
    right: ['/product/coffee-1', '/product/tea-1'],
    before: 'nothing',
  },
  {
    name: 'hub-nav-itemlist: navigation is no list of products',
    shop: {
      type: 'hub',
      at: '/',
      pages: {
        '/': await caseText('hub-nav-itemlist.html'),
        '/about': '<h1>About</h1>',
        '/delivery': '<h1>Delivery</h1>',
        '/category/tea': ld([marked('Tea 1', '/p/tea-1'), marked('Tea 2', '/p/tea-2')]),
        '/category/coffee': ld([marked('Coffee 1', '/p/coffee-1'), marked('Coffee 2', '/p/coffee-2')]),
      },
    },
    right: ['/p/tea-1', '/p/tea-2', '/p/coffee-1', '/p/coffee-2'],
    before: '2 of Tea',
  },
  {
    name: 'a listing with an ItemList of its navigation and cards without marks',
    shop: {
      type: 'list',
      at: '/tea',
      pages: {
        '/tea': `${ld({ '@type': 'ItemList', itemListElement: ['/about', '/company', '/category/coffee'].map((url) => ({ '@type': 'ListItem', url })) })}<nav><a href="/company">Company</a></nav><div class="product"><a href="/green">Green</a></div>`,
        ...plain('/green', '/company', '/about'),
      },
    },
    right: ['/green'],
    before: 'the navigation',
  },
  {
    name: 'list-query-links',
    shop: {
      type: 'list',
      at: '/tea',
      pages: {
        '/tea': await caseText('list-query-links.html'),
        ...plain(
          '/products/green?variant=1',
          '/product.php?id=2',
          '/index.php?route=product/product&path=20&product_id=3',
          '/tea/black-tea?limit=100',
        ),
      },
    },
    // The server stores queries form-urlencoded (gifty §3).
    right: [
      '/products/green?variant=1',
      '/product.php?id=2',
      '/index.php?route=product%2Fproduct&path=20&product_id=3',
      '/tea/black-tea?limit=100',
    ],
    before: 'nothing',
  },
  {
    name: 'tracking goes from the addresses of product pages, other parameters stay as they are written',
    shop: {
      type: 'list',
      at: '/tea',
      pages: {
        '/tea':
          '<div class="product"><a href="/green?utm_source=list&amp;v=a/b&amp;gclid=1">Green</a></div><div class="product"><a href="/black?yclid=2">Black</a></div>',
        ...plain('/green?v=a/b', '/black'),
      },
    },
    right: ['/green?v=a%2Fb', '/black'],
    before: 'nothing',
  },
  {
    name: 'list-bitrix: elements below a section',
    shop: {
      type: 'list',
      at: '/catalog/tea/',
      pages: {
        '/catalog/tea/': await caseText('list-bitrix.html'),
        ...plain('/catalog/tea/green-tea/', '/catalog/tea/black-tea/'),
      },
    },
    right: ['/catalog/tea/green-tea/', '/catalog/tea/black-tea/'],
    before: 'nothing',
  },
  {
    name: 'Bitrix without friendly addresses',
    shop: {
      type: 'list',
      at: '/catalog/index.php?SECTION_ID=5',
      pages: {
        '/catalog/index.php?SECTION_ID=5':
          '<div class="bx_catalog_item"><a href="/catalog/index.php?SECTION_ID=5&amp;ELEMENT_ID=1">Green</a></div><div class="bx_catalog_item"><a href="/catalog/index.php?SECTION_ID=5&amp;ELEMENT_ID=2">Black</a></div><a href="?SECTION_ID=6">Other</a>',
        ...plain('/catalog/index.php?SECTION_ID=5&ELEMENT_ID=1', '/catalog/index.php?SECTION_ID=5&ELEMENT_ID=2'),
      },
    },
    right: ['/catalog/index.php?SECTION_ID=5&ELEMENT_ID=1', '/catalog/index.php?SECTION_ID=5&ELEMENT_ID=2'],
    before: 'nothing',
  },
  {
    name: 'list-plain-cards',
    shop: {
      type: 'list',
      at: '/tea',
      pages: { '/tea': await caseText('list-plain-cards.html'), ...plain('/green-tea', '/black-tea') },
    },
    right: ['/green-tea', '/black-tea'],
    before: 'nothing',
  },
  {
    name: 'cards without any class: a table with prices; brands and carts in the rows are no products',
    shop: {
      type: 'list',
      at: '/catalog/tea.html',
      pages: {
        '/catalog/tea.html': `<table>${['green', 'black', 'white'].map((name) => `<tr><td><a href="/${name}.html">${name}</a></td><td><a href="/sencha">Sencha</a></td><td>250</td><td>руб.</td><td><a href="/cart?add=${name}">Buy</a></td></tr>`).join('')}</table><p><a href="/story">A story</a></p>`,
        ...plain('/green.html', '/black.html', '/white.html', '/sencha', '/story'),
      },
    },
    right: ['/green.html', '/black.html', '/white.html'],
    before: 'nothing',
  },
  {
    name: 'WooCommerce, Shopify and PrestaShop cards',
    shop: {
      type: 'list',
      at: '/shop/tea/',
      pages: {
        '/shop/tea/':
          '<ul class="products"><li class="product type-product post-1"><a href="/shop/tea/green/"><img src="/1.jpg"><h2>Green</h2></a><a href="?add-to-cart=1" rel="nofollow">Add</a></li></ul>' +
          '<a class="grid-view-item" href="/collections/tea/products/black">Black</a><article class="product-miniature"><a href="/tea/12-white-tea.html">White</a></article>',
        ...plain('/shop/tea/green/', '/collections/tea/products/black', '/tea/12-white-tea.html'),
      },
    },
    right: ['/shop/tea/green/', '/collections/tea/products/black', '/tea/12-white-tea.html'],
    before: 'without Green',
  },
  {
    name: 'cards of which only some are marked: the others are read, the marked ones are not',
    shop: {
      type: 'list',
      at: '/tea',
      pages: {
        '/tea': `${ld([marked('A', '/p/a')])}${['a', 'b', 'c'].map((id) => `<div class="product-card"><a href="/p/${id}">${id}</a></div>`).join('')}`,
        ...plain('/p/b', '/p/c'),
      },
    },
    right: ['/p/a', '/p/b', '/p/c'],
    before: '/p/a alone',
  },
  {
    name: 'cards without prices are read on their pages; a page that cannot be had leaves its card',
    shop: {
      type: 'list',
      at: '/tea',
      pages: {
        '/tea': ld([
          { '@type': 'Product', name: 'A', url: '/p/a' },
          { '@type': 'Product', name: 'B', url: '/p/b' },
        ]),
        ...plain('/p/a'),
      },
    },
    right: ['/p/a', '/p/b'],
    before: 'both without a price',
  },
  {
    name: 'a product page whose rel=next leads to the next product is a product page',
    shop: {
      type: 'list',
      at: '/tea',
      pages: {
        '/tea': '<div class="product"><a href="/green">Green</a></div><div class="product"><a href="/black">Black</a></div>',
        '/green': `${plainPage('Green')}<a rel="next" href="/black">Black</a><div class="product"><a href="/black">Black</a></div>`,
        ...plain('/black'),
      },
    },
    right: ['/green', '/black'],
    before: 'the same',
  },
  {
    name: 'list-endless: a listing that repeats itself ends, and the next one is read',
    shop: {
      type: 'hub',
      at: '/',
      pages: {
        '/': '<nav class="menu"><a href="/tea">Tea</a><a href="/coffee">Coffee</a></nav>',
        '/tea': async (request) => {
          const page = Number(new URL(request.url).searchParams.get('page') ?? 1)
          const html = await caseText('list-endless.html')
          return new Response(html.replace('?page=2', `?page=${page + 1}`), { headers: { 'content-type': 'text/html' } })
        },
        '/coffee': micro('coffee', [1, 2]),
      },
    },
    right: ['/product/tea-1', '/product/tea-2', '/product/coffee-1', '/product/coffee-2'],
    before: 'Tea alone, 59 requests',
  },
  {
    name: 'a listing that always brings something new leaves the others their share',
    shop: {
      type: 'hub',
      at: '/',
      maxPages: 30,
      pages: {
        '/': '<nav class="menu"><a href="/tea">Tea</a><a href="/coffee">Coffee</a></nav>',
        '/tea': (request) => {
          const page = Number(new URL(request.url).searchParams.get('page') ?? 1)
          const html = `${page <= 2 ? micro('tea', [page]) : `<div class="product"><a href="/none/${page}">x</a></div>`}<a rel="next" href="/tea?page=${page + 1}">next</a>`
          return new Response(html, { headers: { 'content-type': 'text/html' } })
        },
        '/coffee': micro('coffee', [1, 2]),
      },
    },
    right: ['/product/tea-1', '/product/tea-2', '/product/coffee-1', '/product/coffee-2'],
    before: 'Tea alone',
  },
  {
    name: 'hub-trailing-slash: a category is asked for as it was written',
    shop: {
      type: 'hub',
      at: '/',
      pages: {
        '/': await caseText('hub-trailing-slash.html'),
        '/catalog/tea/': ld([marked('Tea 1', '/p/1'), marked('Tea 2', '/p/2')]),
      },
    },
    right: ['/p/1', '/p/2'],
    before: 'nothing',
  },
  {
    name: 'meta-refresh',
    shop: {
      at: '/go',
      pages: { '/go': await caseText('meta-refresh.html'), '/shop/lamp': plainPage('Lamp') },
    },
    right: ['/shop/lamp'],
    before: 'nothing',
  },
]

describe('listings, hubs and product pages', () => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, { shop, right }) => {
    const { brief, history, source } = await runShop(shop)
    expect(brief.map(([, , , path]) => path)).toEqual([...right].sort())
    expect(brief.filter(([, price]) => price === null).length).toBe(shop.pages['/p/a'] && !shop.pages['/p/b'] ? 1 : 0)
    expect([history[0].status, source.status]).toEqual(['completed', 'waiting'])
  })

  test('list-endless: at most five requests to the listing', async () => {
    const { requests } = await runShop(cases.find(({ name }) => name.startsWith('list-endless'))!.shop)
    expect(requests.filter((path) => path.startsWith('/tea')).length).toBeLessThanOrEqual(5)
  })

  test('what a page shows beside its product does not replace what the other product says of itself', async () => {
    const beside = ld({
      '@type': 'Product',
      name: 'B',
      url: '/black',
      offers: { '@type': 'Offer', price: 7, priceCurrency: 'RUB' },
    })
    const { brief } = await runShop({
      type: 'list',
      at: '/tea',
      pages: {
        '/tea': '<div class="product"><a href="/green">Green</a></div><div class="product"><a href="/black">Black</a></div>',
        '/green': plainPage('Green tea') + beside.replace('/black', '/white') + beside,
        '/black': plainPage('Black tea'),
      },
    })
    expect(brief).toEqual([
      ['Black tea', 100, 'RUB', '/black'],
      ['Green tea', 100, 'RUB', '/green'],
      ['B', 7, 'RUB', '/white'],
    ])
  })

  test('cards with whole marks are stored without their pages', async () => {
    const { products, requests } = await runShop({
      type: 'list',
      at: '/tea',
      pages: {
        '/tea': `${ld([marked('A', '/p/a'), marked('B', '/p/b')])}<div class="product"><a href="/p/a">A</a></div><div class="product"><a href="/p/b/?utm_source=x">B</a></div>`,
      },
    })
    expect([products.length, requests.filter((path) => path.startsWith('/p/'))]).toEqual([2, []])
  })

  test('refreshes that go round end, slow ones and those for browsers without scripts are not followed', async () => {
    const refresh = (content: string) => `<meta http-equiv="Refresh" content="${content}">`
    const ring = await runShop({ at: '/a', pages: { '/a': refresh("0;url='/b'"), '/b': refresh('0, /a') } })
    expect([ring.history[0].status, ring.requests.filter((path) => path !== '/robots.txt')]).toEqual(['completed', ['/a', '/b']])
    const still = await runShop({
      at: '/a',
      pages: { '/a': `${refresh('600; url=/b')}<noscript>${refresh('0; url=/b')}</noscript>`, '/b': plainPage('B') },
    })
    expect(still.requests).not.toContain('/b')
  })

  test('addresses over 2,048 characters are counted and logged, not visited', async () => {
    const long = `/product/${'x'.repeat(3000)}`
    const { brief, requests, source } = await runShop({
      type: 'list',
      at: '/tea',
      pages: {
        '/tea': `<div class="product"><a href="${long}">X</a></div><div class="product"><a href="/product/1">1</a></div>`,
        ...plain('/product/1'),
      },
    })
    expect(brief.map(([, , , path]) => path)).toEqual(['/product/1'])
    expect(requests.some((path) => path.length > 2048)).toBe(false)
    expect(source.config.last_logs).toContain('Address longer than 2048 characters')
  })
})

const visit = (page: string) => page.padEnd(32, '0')
test.each([
  ['sid', `?sid=${visit('a1')}`, `?sid=${visit('a1')}&page=2`, `?sid=${visit('b2')}`],
  ['PHPSESSID', `?PHPSESSID=${visit('a1')}`, `?page=2&PHPSESSID=${visit('a1')}`, `?PHPSESSID=${visit('b2')}`],
  ['jsessionid', `;jsessionid=${visit('A1')}`, `;jsessionid=${visit('A1')}?page=2`, `;jsessionid=${visit('B2')}`],
])('ids of visits in addresses (%s) part no product and no page from its listing', async (_, first, next, second) => {
  const card = (n: number, id: string) =>
    `<div class="product-card"><a href="/product/${n}${id}">Thing ${n}</a><img src="/i.jpg"></div>`
  const two = card(2, second) + card(3, second)
  const { products } = await runShop({
    type: 'list',
    at: '/c',
    pages: {
      '/c': `${card(1, first)}${card(2, first)}<a href="/c${next}">2</a>`,
      '/c?page=2': two,
      ...plain('/product/1', '/product/2', '/product/3'),
    },
  })
  expect(products.map(({ product_url }) => product_url)).toEqual(['/product/1', '/product/2', '/product/3'])
})

test('the id of a section (`sid=12`) stays', async () => {
  const pages = {
    '/c': '<div class="product-card"><a href="/item.php?sid=12">A</a></div><div class="product-card"><a href="/item.php?sid=13">B</a></div>',
    '/item.php?sid=12': plainPage('A'),
    '/item.php?sid=13': plainPage('B'),
  }
  const { products } = await runShop({ type: 'list', at: '/c', pages })
  expect(products.map(({ product_url }) => product_url)).toEqual(['/item.php?sid=12', '/item.php?sid=13'])
})

test('paging of Bitrix that states its page size', async () => {
  const card = (n: number) => `<div class="product-card"><a href="/product/${n}">Thing ${n}</a></div>`
  const { products } = await runShop({
    type: 'list',
    at: '/c/',
    pages: {
      '/c/': `${card(1)}<a href="/c/?PAGEN_1=2&amp;SIZEN_1=24">2</a>`,
      '/c/?PAGEN_1=2&SIZEN_1=24': card(2),
      ...plain('/product/1', '/product/2'),
    },
  })
  expect(products).toHaveLength(2)
})
