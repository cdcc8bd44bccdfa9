import { expect, test } from 'bun:test'
import { caseBytes, caseText, plainPage, runShop } from './rig.ts'

/** Pages whose products, addresses, pictures or texts were read wrongly (kinds 1, 2, 9, 14, 16, 17, 18, M, F, V of the cases), through all of Trawl. */
const text = (file: string) => caseText(file)

type Product = [title: string, price: number | null, currency: string | null, path: string]
interface Row {
  file: string
  at: string
  right: Product[]
  /** Fields of the first product. */
  fields?: Record<string, unknown>
  /** May be stored besides. */
  besides?: string[]
  /** What was printed at the commit of the cases. */
  before: string
  /** Of the run, where it fails. */
  error?: string
}

const rows: Row[] = [
  {
    file: 'jsonld-two-named-products.html',
    at: '/shop/blue-lamp',
    right: [['Blue lamp', 39.9, 'EUR', '/shop/blue-lamp']],
    fields: { image_url: '/img/lamp.jpg' },
    before: 'nothing',
  },
  {
    file: 'jsonld-main-and-related.html',
    at: '/shop/red-lamp',
    right: [['Red lamp', 59.9, 'EUR', '/shop/red-lamp']],
    besides: ['/shop/green-lamp', '/shop/grey-lamp'],
    before: 'only Green lamp and Grey lamp',
  },
  {
    file: 'description-glued-microdata.html',
    at: '/shop/thing',
    right: [['Bowl', 10, 'EUR', '/shop/thing']],
    fields: { description: 'Hand made Stoneware dishwasher safe microwave safe Volume 350 ml' },
    before: 'Hand madeStonewaredishwasher safemicrowave safeVolume350 ml',
  },
  {
    file: 'jsonld-escaped-html-description.html',
    at: '/shop/thing',
    right: [['Sweater "Nord"', 25, 'USD', '/shop/thing']],
    fields: { description: 'Soft cotton' },
    before: 'Sweater &quot;Nord&quot;, <p>Soft<br>cotton</p>',
  },
  { file: 'jsonld-list-price-first.html', at: '/shop/thing', right: [['Hoodie', 15, 'GBP', '/shop/thing']], before: '20 GBP' },
  { file: 'jsonld-variants.html', at: '/jacket', right: [['Rain jacket', 48, 'USD', '/jacket']], before: '64 USD' },
  { file: 'og-sale-price.html', at: '/scarf', right: [['Scarf', 1990, 'RUB', '/scarf']], before: '2990 RUB' },
  { file: 'micro-old-and-new-price.html', at: '/shop/thing', right: [['Scarf', 1500, 'RUB', '/shop/thing']], before: '2000 RUB' },
  { file: 'micro-sup-cents.html', at: '/shop/thing', right: [['Bag', 12.99, 'USD', '/shop/thing']], before: '1299 USD' },
  { file: 'micro-leading-dot.html', at: '/shop/thing', right: [['Sticker', 0.6, 'USD', '/shop/thing']], before: '60 USD' },
  { file: 'micro-koruna.html', at: '/shop/thing', right: [['Hrnek', 649, 'CZK', '/shop/thing']], before: '649 RUB' },
  {
    file: 'jsonld-stub-references.html',
    at: '/p/chair',
    right: [['Chair', 120, 'USD', '/p/chair']],
    before: 'Chair without a price',
  },
  {
    file: 'jsonld-value-objects.html',
    at: '/shop/thing',
    right: [['Cup', 12.5, 'EUR', '/shop/thing']],
    fields: { image_url: '/img/cup.jpg' },
    before: 'nothing',
  },
  {
    file: 'micro-lazy-image.html',
    at: '/shop/thing',
    right: [['Desk lamp', 1990, 'RUB', '/shop/thing']],
    fields: { image_url: '/img/desk-lamp.jpg' },
    before: 'no image',
  },
  {
    file: 'category-crumb-own-name.html',
    at: '/product/t0',
    right: [['Black tea, 100 g, tin', 100, 'RUB', '/product/t0']],
    fields: { category: 'Tea' },
    before: 'category Black tea',
  },
  {
    file: 'jsonld-two-objects.html',
    at: '/shop/thing',
    right: [['Kettle K1', 45, 'EUR', '/shop/thing']],
    fields: { category: 'Kettles' },
    before: 'nothing',
  },
  { file: 'micro-svg-unclosed.html', at: '/shop/thing', right: [['After the icon', 5, 'RUB', '/shop/thing']], before: 'nothing' },
  { file: 'soft404.html', at: '/gone', right: [], before: 'Page not found', error: 'The page says that it was not found' },
  {
    file: 'rdfa-product.html',
    at: '/shop/thing',
    right: [['Fountain pen', 25, 'EUR', '/shop/thing']],
    fields: { image_url: '/img/pen.jpg' },
    before: 'nothing',
  },
  { file: 'jsonld-book.html', at: '/shop/thing', right: [['Collected stories', 540, 'RUB', '/shop/thing']], before: 'nothing' },
]
test.each(rows.map((row) => [row.file, row.before, row] as const))('%s, which gave %s', async (file, _, row) => {
  const { products, brief, history } = await runShop({ at: row.at, pages: { [row.at]: await text(file) } })
  expect(brief.filter(([, , , path]) => !row.besides?.includes(path as string))).toEqual(row.right)
  for (const [field, value] of Object.entries(row.fields ?? {}))
    expect([field, products.find(({ product_url }) => product_url === row.at)[field]]).toEqual([field, value])
  const { status, error } = history[0]
  expect([status, error]).toEqual(row.error ? ['failed', expect.stringContaining(row.error)] : ['completed', null])
})

test('a book in microdata is a product, alone or as a second type; it was not', async () => {
  const book = (types: string) =>
    `<div itemscope itemtype="${types}"><h1 itemprop="name">Collected stories</h1><span itemprop="author">A. Writer</span>` +
    '<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><meta itemprop="price" content="540"><meta itemprop="priceCurrency" content="RUB"></div></div>'
  for (const types of ['https://schema.org/Book', 'https://schema.org/Book https://schema.org/Product']) {
    const { brief } = await runShop({ pages: { '/shop/thing': book(types) } })
    expect(brief).toEqual([['Collected stories', 540, 'RUB', '/shop/thing']])
  }
})

test.each(['address-og-root.html', 'address-url-root.html'])('%s: three products, which were one at the root', async (file) => {
  const page = await text(file)
  const numbers = [1, 2, 3]
  const cards = numbers.map((n) => `<div class="product-card"><a href="/product/tea-${n}">Tea ${n}</a></div>`).join('')
  const { brief, history } = await runShop({
    at: '/teas',
    type: 'list',
    pages: {
      '/teas': cards,
      ...Object.fromEntries(
        numbers.map((n) => [`/product/tea-${n}`, page.replaceAll('tea-1', `tea-${n}`).replaceAll('Tea 1', `Tea ${n}`)]),
      ),
    },
  })
  expect(brief).toEqual(numbers.map((n) => [`Tea ${n}`, 100, 'RUB', `/product/tea-${n}`]))
  expect(history[0].error).toBeNull()
})

test('jsonld-offer-around-product.html: both have a price, which they had not', async () => {
  const { brief } = await runShop({
    at: '/cakes',
    type: 'list',
    pages: { '/cakes': await text('jsonld-offer-around-product.html') },
  })
  expect(brief).toEqual([
    ['Cake 1', 100, 'RUB', '/cake/1'],
    ['Cake 2', 200, 'RUB', '/cake/2'],
  ])
})

test('jsonld-listitem-url.html: the list names the addresses; nothing was stored', async () => {
  const { brief } = await runShop({ at: '/li', type: 'list', pages: { '/li': await text('jsonld-listitem-url.html') } })
  expect(brief).toEqual([
    ['LI 1', 100, 'RUB', '/li/1'],
    ['LI 2', 100, 'RUB', '/li/2'],
  ])
})

test.each([
  ['charset-1251-undeclared.html', 'text/html', '������ ����������'],
  ['charset-1251-undeclared.html', 'text/html; charset=utf-8', '������ ����������'],
  ['charset-meta-in-comment.html', 'text/html', 'Р§Р°Р№РЅРёРє'],
])('%s as %s is read, not %s', async (file, type, _) => {
  const bytes = await caseBytes(file)
  const { brief } = await runShop({
    pages: { '/shop/thing': new Response(bytes as BodyInit, { headers: { 'content-type': type } }) },
  })
  expect(brief).toEqual([['Чайник заварочный', 1990, 'RUB', '/shop/thing']])
})

test('a title that cannot be decoded is not stored, and the log says so', async () => {
  const page = new TextEncoder().encode(plainPage('Tea'.padEnd(400, ' cup')))
  page[page.indexOf(0x54)] = 0xff
  const { products, history } = await runShop({
    pages: { '/shop/thing': new Response(page, { headers: { 'content-type': 'text/html; charset=utf-8' } }) },
  })
  for (const { title } of products) expect(title).not.toContain('\ufffd')
  expect(history[0].status).toBe('completed')
})
