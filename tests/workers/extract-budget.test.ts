import { describe, expect, test } from 'bun:test'
import { FetchError } from '../../src/workers/web/errors.ts'
import { type Budget, type Cost, createBudget } from '../../src/workers/web/extract/budget.ts'
import { childrenOf } from '../../src/workers/web/extract/dom.ts'
import { readPage } from '../../src/workers/web/extract/index.ts'
import { readJsonLd } from '../../src/workers/web/extract/json-ld.ts'
import { createTargets } from '../../src/workers/web/extract/link-addresses.ts'
import { readMarks } from '../../src/workers/web/extract/microdata.ts'
import { absoluteUrl } from '../../src/workers/web/extract/product.ts'
import { remembering } from '../../src/workers/web/extract/remember.ts'
import { readThings } from '../../src/workers/web/extract/schema.ts'
import { parseHtml } from '../../src/workers/web/extract/tree.ts'

const PRODUCT = 'itemscope itemtype="https://schema.org/Product"'
const page = (html: string) => readPage(html, 'https://shop.example/x/page', { siteKey: 's' })
const ld = (text: string) => `<script type="application/ld+json">${text}</script>`

/** A budget that only counts. */
const counting = () => {
  const spent: Partial<Record<Cost, number>> = {}
  const budget: Budget = {
    spend(cost, amount = 1) {
      spent[cost] = (spent[cost] ?? 0) + amount
    },
  }
  return { budget, total: () => Object.values(spent).reduce((sum, one) => sum + one, 0) }
}
/** Steps that reading the marks of a page takes. */
const stepsOf = (html: string): number => {
  const { budget, total } = counting()
  const { microdata, rdfa } = readMarks(parseHtml(html, budget), budget)
  for (const things of [microdata, rdfa]) readThings(things, { hints: {}, budget })
  return total()
}
/** `n` items, each of which names `k` others, as a whole network. */
const network = (n: number, k: number, prop = 'offers') => {
  const names = (from: number) => Array.from({ length: k }, (_, at) => `r${(from + at) % n}`).join(' ')
  const items = Array.from(
    { length: n },
    (_, at) => `<div id=r${at} itemprop=${prop} itemscope itemref="${names(7 * at)}"></div>`,
  )
  return `<div ${PRODUCT} itemref="${names(0)}"></div>${items.join('')}`
}

describe('work is linear in the page', () => {
  test.each<[string, (n: number) => string]>([
    ['elements in each other', (n) => '<b>'.repeat(n)],
    ['items in each other', (n) => `<div ${PRODUCT}>`.repeat(n)],
    ['properties in each other', (n) => `<div ${PRODUCT}>${'<div itemprop="image">'.repeat(n)}`],
    ['items that name an element each', (n) => `<b id=a itemprop=name>x</b>${`<div ${PRODUCT} itemref=a></div>`.repeat(n)}`],
    ['items of RDFa in each other', (n) => '<div typeof="Product" property="name">'.repeat(n)],
    ['closing tags of nothing', (n) => `${'<i>'.repeat(n)}${'</u>'.repeat(n)}`],
    ['a network of items', (n) => network(n, 10)],
  ])('%s', (_, make) => {
    const small = stepsOf(make(1000))
    const large = stepsOf(make(4000))
    expect(large).toBeLessThan(small * 5)
    expect(small).toBeLessThan(1000 * 60)
  })

  test('an element that many items name is read once', () => {
    const shared = (length: number) => `<div id=big>${`<b itemprop=name>${'<i>x</i>'.repeat(length)}</b>`.repeat(20)}</div>`
    const items = `<div ${PRODUCT} itemref=big></div>`.repeat(200)
    const more = stepsOf(shared(200) + items) - stepsOf(shared(100) + items)
    // Each of 20 elements has 100 times two nodes more: they are built, looked for, and read.
    expect(more).toBeLessThanOrEqual(20 * 100 * 2 * 4)
  })

  test('the networks of items of the cases are read, and the page’s other products with them', () => {
    for (const [n, k] of [
      [30, 12],
      [60, 30],
    ] as const) {
      const card = `<div ${PRODUCT}><a itemprop=url href=/p/1><b itemprop=name>One</b></a></div>`
      for (const prop of ['a', 'offers', 'isRelatedTo'])
        expect(page(network(n, k, prop) + card).products.map(({ title }) => title)).toEqual(['One'])
    }
  })

  test('references of JSON-LD in a circle, and ten thousand to one thing', () => {
    const circle = {
      '@graph': [0, 1, 2].map((n) => ({ '@id': `#${n}`, '@type': 'WebPage', mainEntity: { '@id': `#${(n + 1) % 3}` } })),
    }
    expect(readJsonLd([JSON.stringify(circle)]).products).toEqual([])
    const many = {
      '@graph': [...Array.from({ length: 10_000 }, () => ({ '@id': '#p' })), { '@id': '#p', '@type': 'Product', name: 'One' }],
    }
    expect(page(ld(JSON.stringify(many))).products.map(({ title }) => title)).toEqual(['One'])
  })
})

const tooLarge = (html: string): FetchError => {
  try {
    page(html)
  } catch (error) {
    if (error instanceof FetchError) return error
    throw error
  }
  throw new Error('was read')
}

describe('a page over its budget is failed, and not for another try', () => {
  const products = (n: number) =>
    JSON.stringify(Array.from({ length: n }, (_, at) => ({ '@type': 'Product', name: `n${at}`, url: `/${at}` })))
  test.each<[string, string, Cost]>([
    ['elements', '<b>'.repeat(700_000), 'nodes'],
    ['attributes', `<div ${'a '.repeat(1_100_000)}>`, 'attributes'],
    ['items', '<i itemscope></i>'.repeat(110_000), 'items'],
    ['texts in texts', `<div ${PRODUCT}>${'<div itemprop=name>'.repeat(90_000)}`, 'reads'],
    ['things of JSON-LD', ld(`[${'{"a":1},'.repeat(120_000)}0]`), 'things'],
    ['scripts', ld('{').repeat(6_000), 'things'],
    ['arrays that JSON.parse would have to make', ld('[],'.repeat(110_000)), 'things'],
    ['arrays in two scripts', ld(`[${'[],'.repeat(60_000)}0]`).repeat(2), 'things'],
    ['products', ld(products(6_000)), 'products'],
  ])('%s', (_, html, cost) => {
    expect(tooLarge(html)).toMatchObject({ problem: 'too_large', retryable: false })
    expect(tooLarge(html).message).toContain(cost)
  })

  test('brackets in a text are no arrays', () => {
    const product = { '@type': 'Product', name: 'One', description: `"\\${'[{'.repeat(200_000)}` }
    expect(page(ld(JSON.stringify(product))).products.map(({ title }) => title)).toEqual(['One'])
  })

  test('a large listing is within it', () => {
    expect(page(ld(products(3_000))).products).toHaveLength(3_000)
    const card = (at: number) =>
      `<li class=card><div ${PRODUCT}><a itemprop=url href=/p/${at}><b itemprop=name>P ${at}</b></a><span itemprop=offers itemscope itemtype="https://schema.org/Offer"><b itemprop=price>10 €</b></span></div>`
    expect(page(Array.from({ length: 2_000 }, (_, at) => card(at)).join('')).products).toHaveLength(2_000)
  })
})

describe('what is kept of a page', () => {
  test('names that share a place in the table of names stay apart', () => {
    // `Aa` and `BB` have one hash.
    const root = parseHtml('<Aa></aA><BB></bb><Aa>', createBudget())
    expect(childrenOf(root).map(({ name }) => name)).toEqual(['aa', 'bb', 'aa'])
  })

  test('texts of blanks are one blank, others and those of scripts are whole', () => {
    const root = parseHtml('<b> \n\t</b><b>\n x </b><b>&nbsp; </b><script>  "a   <  b" </script>', createBudget())
    expect(childrenOf(root).map((node) => childrenOf(node).map(({ data }) => data))).toEqual([
      [' '],
      ['\n x '],
      ['\u00a0 '],
      ['  "a   <  b" '],
    ])
  })

  test('attributes that nobody reads are left out, the first of two of one name counts', () => {
    const [node] = childrenOf(parseHtml('<a onclick=x CLASS=a class=b href="/x?a=1&amp;b=2" data-x>', createBudget()))
    expect({ ...node?.attribs }).toEqual({ class: 'a', href: '/x?a=1&b=2' })
  })

  test('what was made of a text is remembered, and forgotten with many others', () => {
    const made: string[] = []
    const lower = remembering((text) => {
      made.push(text)
      return text === 'A' ? undefined : text.toLowerCase()
    }, 2)
    expect(['A', 'A', 'B', 'B', 'C', 'A'].map(lower)).toEqual([undefined, undefined, 'b', 'b', 'c', undefined])
    expect(made).toEqual(['A', 'B', 'C', 'A'])
  })

  test('links that need no resolving lead where the others do', () => {
    const origin = 'https://shop.example'
    const targetOf = createTargets(`${origin}/c/tea/`, `${origin}/c/tea/`)
    const hrefs =
      "/p/1 /p/a.b?x=[1]&y=%20 /p//7 /a/../b /a/./b /.x //cdn.example/x p/1 ?page=2 /ü /p/%2e%2e/x /p|1 /p/1?q='x' /p/1#f" +
      ` ${origin} ${origin}/p/2 ${origin}.evil/p/2 ${origin}/a/../c HTTPS://SHOP.EXAMPLE/p/3`
    for (const href of hrefs.split(' '))
      expect([href, targetOf(href)?.url]).toEqual([href, absoluteUrl(href, `${origin}/c/tea/`)])
    expect(targetOf('/p/1')).toBe(targetOf(`${origin}/p/1`)!)
    expect(targetOf('mailto:a@shop.example')).toBeUndefined()
  })
})

/** Far above what they take (0.1 to 1 s each of 5 MB), far below what time by the square of the length would be. */
const SECONDS = 8
const fill = (text: string, length = 5 * 1024 * 1024) => text.repeat(Math.ceil(length / text.length)).slice(0, length)
test.each<[string, () => string]>([
  ['a class of 5 MB', () => `<div class="${fill('product-card ')}">`],
  ['comments that never end', () => fill('<!-- -')],
  ['links in links', () => fill('<a href=/x><b>')],
  ['long links to a long base', () => `<base href="/${'x'.repeat(1e6)}">${fill('<a href=y>z</a>', 3e6)}`],
  ['prices in prices', () => `<div ${PRODUCT}>${fill('<div itemprop=price>')}`],
  ['a style of 5 MB', () => `<div ${PRODUCT}><b itemprop=price><i style="${fill('display:')}">1</i></b></div>`],
  ['a srcset of 5 MB', () => `<div ${PRODUCT}><h1 itemprop=name>x</h1><img itemprop=image srcset="${fill('a 1x,')}">`],
  ['brackets of JSON', () => ld('['.repeat(2e6) + ']'.repeat(2e6))],
  ['brackets that do not fit', () => ld(fill('[', 490_000) + fill('}', 490_000))],
  ['quotes', () => ld(`{"a":"${fill(`"${' '.repeat(199)}`, 990_000)}`)],
  [
    'goods without an address',
    () => ld(JSON.stringify(Array.from({ length: 4_900 }, (_, n) => ({ '@type': 'Product', name: `n${n}` })))),
  ],
  [
    'goods of one name',
    () => ld(JSON.stringify(Array.from({ length: 4_900 }, (_, n) => ({ '@type': 'Product', name: 'n', url: `/${n}` })))),
  ],
  ['pictures in pictures', () => fill('<svg><a><div>')],
  ['cells', () => fill('<table><td>', 2.5e6) + fill('</div></span>', 2.5e6)],
])('hostile: %s', (_, make) => {
  const html = make()
  const start = performance.now()
  try {
    page(html)
  } catch (error) {
    if (!(error instanceof FetchError)) throw error
    expect(error.problem).toBe('too_large')
  }
  expect(performance.now() - start).toBeLessThan(SECONDS * 1000)
})
