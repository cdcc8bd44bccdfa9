import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { openSqlite } from '../../../src/platform/db/sqlite.ts'
import { readPrice } from '../../../src/platform/price.ts'
import { readPage } from '../../../src/workers/web/extract/index.ts'
import { ownDirectory, runHere } from '../../cli/rig.ts'
import { createTestApp } from '../../support/app.ts'

/** Inputs that the web worker and `trawl ingest` got wrong (kinds 10 and 11, and N, of the cases). */
const CASES = join(import.meta.dir, '../../fixtures/cases/web')
const caseText = (file: string) => Bun.file(join(CASES, file)).text()
const ORIGIN = 'https://shop.example'
const productAt = (html: string, path = '/shop/thing') => readPage(html, `${ORIGIN}${path}`, { siteKey: 's' })
/** A product whose price is the text of a microdata Offer, with no `priceCurrency`. */
const shownAs = (text: string) =>
  productAt(
    '<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Thing</h1>' +
      `<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><span itemprop="price">${text}</span></div></div>`,
  )

describe('pages', () => {
  test.each([
    // file, its address, what is right, what was printed before
    ['jsonld-list-price-first.html', '/shop/thing', ['Hoodie', 15, 'GBP', '/shop/thing'], '20 GBP'],
    ['jsonld-variants.html', '/jacket', ['Rain jacket', 48, 'USD', '/jacket'], '64 USD'],
    ['jsonld-value-objects.html', '/shop/thing', ['Cup', 12.5, 'EUR', '/shop/thing'], 'nothing'],
    ['og-sale-price.html', '/scarf', ['Scarf', 1990, 'RUB', '/scarf'], '2990 RUB'],
    ['micro-old-and-new-price.html', '/shop/thing', ['Scarf', 1500, 'RUB', '/shop/thing'], '2000 RUB'],
    ['micro-sup-cents.html', '/shop/thing', ['Bag', 12.99, 'USD', '/shop/thing'], '1299 USD'],
    ['micro-leading-dot.html', '/shop/thing', ['Sticker', 0.6, 'USD', '/shop/thing'], '60 USD'],
    ['micro-koruna.html', '/shop/thing', ['Hrnek', 649, 'CZK', '/shop/thing'], '649 RUB'],
  ] as const)('%s at %s is %p, not %s', async (file, path, [title, price, currency, address]) => {
    const data = productAt(await caseText(file), path)
    expect(data.products.map((product) => [product.title, product.price, product.currency, product.product_url])).toEqual([
      [title, price, currency, `${ORIGIN}${address}`],
    ])
    expect(data.remarks).toEqual([])
  })
})

const priceLines = (await caseText('prices-as-text.txt')).trim().split('\n').slice(1)
test.each(priceLines.map((line) => /^(.+) -> (\S+) \((\S+)\)$/.exec(line)!.slice(1, 4) as [string, string, string]))(
  'prices-as-text: %p is %s, not %s',
  (text, right) => {
    const read = readPrice(text)
    expect(typeof read === 'string' ? read : read.price).toBe(Number(right))
    expect(shownAs(text).products[0]?.price).toBe(Number(right))
  },
)

const currencyLines = (await caseText('currencies-as-text.txt')).trim().split('\n').slice(1)
const signs = currencyLines.flatMap((line) => {
  const [, names, right, before] = /^(.+) -> (.+) \((.+)\)$/.exec(line)!
  return names!.split(' / ').map((sign): [string, string, string] => [sign, right!, before!])
})
test.each(signs)('currencies-as-text: %p is %s, not %s', (sign, right) => {
  for (const text of [`${sign} 50`, `50 ${sign}`]) {
    const data = shownAs(text)
    const { price, currency } = data.products[0]!
    if (right.startsWith('unknown')) {
      expect([price, currency]).toEqual([undefined, undefined])
      expect(data.remarks).toEqual([
        { product_url: `${ORIGIN}/shop/thing`, field: 'price', message: `price "${text}": its currency is not known` },
      ])
    } else {
      expect(price).toBe(50)
      expect(right.split(' or ')).toContain(currency!)
      expect(data.remarks).toEqual([])
    }
  }
})

test('ndjson-price-1e400.ndjson: the line is rejected and the stored price stays, it was cleared before', async () => {
  const directory = ownDirectory()
  const db = openSqlite({ path: ':memory:' })
  const app = await createTestApp(db)
  try {
    const server = app.listen()
    const known = { title: 'Huge', product_url: `${ORIGIN}/p/1`, site_key: 'k', price: 10 }
    expect((await app.call('POST', '/internal/ingest-batch', { source_id: 0, items: [known] })).status).toBe(200)
    const ingest = (file: string) => runHere(directory.path, ['ingest', file, '--site', 'k', '--server', server])
    const { code, out } = await ingest(join(CASES, 'ndjson-price-1e400.ndjson'))
    expect(out).toContain('0 new, 0 updated, 0 unchanged, 0 duplicate, 1 rejected')
    expect(out).toContain('line 1: price: a number too large to be held')
    expect(code).toBe(1)
    const deep = join(directory.path, 'deep.ndjson')
    await Bun.write(deep, '{"title":"Deep","product_url":"https://shop.example/p/2","raw_data":{"sizes":[1,-1e999]}}\n')
    expect((await ingest(deep)).out).toContain('line 1: raw_data.sizes.1: a number too large to be held')
    const { items } = (await app.get('/internal/products?site_key=k')).body
    expect(items.map((item: any) => [item.title, item.price])).toEqual([['Huge', 10]])
  } finally {
    await app.stop()
    await db.close()
    directory.remove()
  }
})

test('a line whose currency is unknown is stored without a price, and the command says so', async () => {
  const directory = ownDirectory()
  const db = openSqlite({ path: ':memory:' })
  const app = await createTestApp(db)
  try {
    const file = join(directory.path, 'kr.ndjson')
    await Bun.write(
      file,
      ['50 kr', '50 Kč', '3.490 Ft']
        .map((price, n) => JSON.stringify({ title: `T${n}`, product_url: `${ORIGIN}/p/${n}`, price }))
        .join('\n'),
    )
    const { code, out } = await runHere(directory.path, ['ingest', file, '--site', 'k', '--server', app.listen()])
    expect(code).toBe(0)
    expect(out).toContain('3 new')
    expect(out).toContain('1 lines stored in part\n  line 1: price: Stored without a price: its currency is not known')
    const { items } = (await app.get('/internal/products?site_key=k')).body
    expect(items.map((item: any) => [item.title, item.price, item.price && item.currency]).sort()).toEqual([
      ['T0', null, null],
      ['T1', 50, 'CZK'],
      ['T2', 3490, 'HUF'],
    ])
  } finally {
    await app.stop()
    await db.close()
    directory.remove()
  }
})

test.each<[text: string, price: number, currency: string]>([
  ['R$ 1.299,90 em até 10x de R$ 129,99 sem juros', 1299.9, 'BRL'],
  ['até 12x de R$ 10,00 ou R$ 99,90 à vista', 99.9, 'BRL'],
  ['10x de R$ 129,99', 129.99, 'BRL'],
  ['12 990 ₽ 4 × 3 247 ₽', 12_990, 'RUB'],
  ['1 083 ₽ × 4 платежа 12 990 ₽', 12_990, 'RUB'],
  ['12 990 ₽ или 4 платежа по 3 247 ₽', 12_990, 'RUB'],
  ['$5 x 3', 5, 'USD'],
  ['£1,299.00 (£1,082.50 ex VAT)', 1299, 'GBP'],
  ['£1,082.50 ex. VAT £1,299.00 inc. VAT', 1299, 'GBP'],
  ['Inc VAT: £12.00 Ex VAT: £10.00', 12, 'GBP'],
  ['Ex VAT £10.00 Inc VAT £12.00', 12, 'GBP'],
  ['£10.00 excl. VAT', 10, 'GBP'],
  ['10 € HT 12 € TTC', 12, 'EUR'],
  ['10 000 ₽ без НДС 12 000 ₽ с НДС', 12_000, 'RUB'],
  ['Unit price $1.20 / per 100g $12.00', 12, 'USD'],
  ['$12.00 Unit price $1.20/per 100 g', 12, 'USD'],
])('instalments, prices before tax and prices per unit are no price beside another: %p is %d %s', (text, price, currency) => {
  expect(readPrice(text)).toEqual({ price, currency })
})
