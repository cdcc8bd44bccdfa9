import { describe, expect, test } from 'bun:test'
import { readPage } from '../../../src/workers/web/extract/index.ts'
import { nextPage } from '../../../src/workers/web/paging.ts'
import { leastCpuMs } from '../../support/cpu.ts'
import { caseText, plainPage, runShop, type ShopCase } from './rig.ts'

/** Menus, addresses and page numbers (kinds 4, 5, 9, P, T of the cases). */
type Found = [path: string, name: string]
const heading = '<h1>Category</h1>'

const discoveries: { name: string; pages: ShopCase['pages']; right: Found[]; before: string }[] = [
  {
    name: 'hub-opencart-menu: only routes of categories',
    pages: { '/': await caseText('hub-opencart-menu.html'), '/index.php': await caseText('hub-opencart-menu.html') },
    right: [['/index.php?route=product/category&path=20', 'Desktops']],
    before: 'also Login, Contact us, Shopping cart',
  },
  {
    name: 'hub-menu-counts: a count is no part of a name, tracking none of an address',
    pages: {
      '/': await caseText('hub-menu-counts.html'),
      '/category/tea': heading,
      '/category/coffee': heading,
      '/category/jam/': heading,
    },
    right: [
      ['/category/coffee', 'Coffee'],
      ['/category/jam/', 'Jam'],
      ['/category/tea', 'Tea'],
    ],
    before: 'Tea25, Coffee12 items; no Jam',
  },
  {
    name: 'hub-catalog-item-cards: goods on the home page are no categories',
    pages: {
      '/': await caseText('hub-catalog-item-cards.html'),
      '/catalog/tea/': await caseText('hub-catalog-item-cards.html'),
      '/catalog/tea': await caseText('hub-catalog-item-cards.html'),
      '/catalog/coffee/': await caseText('hub-catalog-item-cards.html'),
      '/catalog/coffee': await caseText('hub-catalog-item-cards.html'),
      ...Object.fromEntries([1, 2, 3].map((id) => [`/catalog/tea/green-${id}/`, plainPage(`Green ${id}`)])),
    },
    right: [
      ['/catalog/coffee/', 'Coffee'],
      ['/catalog/tea/', 'Tea'],
    ],
    before: 'Green tea 1, 2, 3 as well',
  },
  {
    name: 'the same for cards without telling classes, by their prices',
    pages: {
      '/': `<nav><a href="/catalog/tea/">Tea</a></nav><section>${[1, 2].map((id) => `<div><a href="/catalog/tea/green-${id}/"><img src="/i.jpg">Green ${id}</a><b>${id}00 ₽</b></div>`).join('')}</section>`,
      '/catalog/tea/': heading,
    },
    right: [['/catalog/tea/', 'Tea']],
    before: 'Green 1, 2 as well',
  },
  {
    name: 'hub-trailing-slash: the source has the address that the shop answers',
    pages: { '/': await caseText('hub-trailing-slash.html'), '/catalog/tea/': heading },
    right: [['/catalog/tea/', 'Tea']],
    before: '/catalog/tea, which is 404',
  },
  {
    name: 'queries of WordPress, Bitrix, PrestaShop and osCommerce; sorting and pages make no category',
    pages: {
      '/': `<nav>${[
        '/?product_cat=tea',
        '/?product=green',
        '/catalog/index.php?SECTION_ID=5',
        '/catalog/index.php?SECTION_ID=5&amp;ELEMENT_ID=7',
        '/12-jam',
        '/jam/34-plum.html',
        '/index.php?cPath=3',
        '/catalog/tea/?sort=price',
        '/catalog/tea/?PAGEN_1=2',
        '/honey?gclid=1',
        '/?s=tea',
      ]
        .map((path) => `<a href="${path}">x</a>`)
        .join('')}</nav>`,
    },
    right: [
      ['/12-jam', 'x'],
      ['/?product_cat=tea', 'x'],
      ['/catalog/index.php?SECTION_ID=5', 'x'],
      ['/honey', 'x'],
      ['/index.php?cPath=3', 'x'],
    ],
    before: 'only /12-jam and /honey',
  },
]

describe('discovery', () => {
  test.each(discoveries.map((one) => [one.name, one] as const))('%s', async (_, { pages, right }) => {
    const { found, history } = await runShop({ type: 'hub', strategy: 'discovery', at: '/', pages })
    const decoded = found.map(([path, name]) => [path?.replaceAll('%2F', '/'), name])
    expect(decoded).toEqual(right)
    expect(history[0].status).toBe('completed')
  })
})

const product = (id: number) =>
  `<script type="application/ld+json">{"@type":"Product","name":"P${id}","url":"/p/${id}","offers":{"price":1,"priceCurrency":"RUB"}}</script>`
const pager = (links: [href: string, text: string][]) =>
  `<div class="pagination">${links.map(([href, text]) => `<a href="${href}">${text}</a>`).join('')}</div>`

const forms = (await caseText('paging-forms.txt')).match(/^\/c\S*/gm)!
const pagings: { name: string; pages: ShopCase['pages']; at?: string; right: number }[] = [
  ...forms.map((form, index) => ({
    name: `paging-forms: ${form}`,
    at: index === 0 ? '/c/' : '/c',
    pages: { [index === 0 ? '/c/' : '/c']: product(1) + pager([[form, '2']]), [form]: product(2) },
    right: 2,
  })),
  {
    name: 'pages counted from 0',
    pages: {
      '/c':
        product(1) +
        pager([
          ['?page=0', '1'],
          ['?page=1', '2'],
          ['?page=2', '3'],
        ]),
      '/c?page=1':
        product(2) +
        pager([
          ['?page=0', '1'],
          ['?page=1', '2'],
          ['?page=2', '3'],
        ]),
      '/c?page=2':
        product(3) +
        pager([
          ['?page=0', '1'],
          ['?page=1', '2'],
        ]),
    },
    right: 3,
  },
  {
    name: 'offsets',
    pages: {
      '/c':
        product(1) +
        pager([
          ['?offset=40', '3'],
          ['?offset=20', '2'],
        ]),
      '/c?offset=20':
        product(2) +
        pager([
          ['?offset=0', '1'],
          ['?offset=40', '3'],
        ]),
      '/c?offset=40':
        product(3) +
        pager([
          ['?offset=0', '1'],
          ['?offset=20', '2'],
        ]),
    },
    right: 3,
  },
  {
    name: 'a number below the listing, shown by its label',
    pages: { '/c': product(1) + pager([['/c/2', '2']]), '/c/2': product(2) + pager([['/c/3/', '3']]), '/c/3/': product(3) },
    right: 3,
  },
  {
    name: 'a choice of pages, beside choices of sortings and languages',
    pages: {
      '/c':
        product(1) +
        '<select><option value="/c?sort=price">2 cheap</option><option value="/en">2 EN</option></select>' +
        '<select onchange="location=this.value"><option selected value="/c">Page 1 of 3</option><option value="/c?page=2">Page 2 of 3</option></select>',
      '/c?page=2': `${product(2)}<select><option value="?page=2">2</option><option value="?page=3">3</option><option>4</option></select>`,
      '/c?page=3': product(3),
    },
    right: 3,
  },
  {
    name: 'a link that says next and states the sorting as well',
    pages: {
      '/c': product(1) + pager([['/c?sort=name&amp;page=2', 'Далее']]),
      '/c?sort=name&page=2': product(2),
    },
    right: 2,
  },
]

describe('the next page', () => {
  test.each(pagings.map((one) => [one.name, one] as const))('%s', async (_, { pages, at = '/c', right }) => {
    const { brief } = await runShop({ type: 'list', at, pages })
    expect(brief.map(([title]) => title)).toEqual(Array.from({ length: right }, (_, index) => `P${index + 1}`))
  })

  test('link-header-comma: commas in quotes and addresses part nothing', async () => {
    const header = (await caseText('link-header-comma.txt')).split('\n')[0]!.replace('Link: ', '')
    const { brief } = await runShop({
      type: 'list',
      at: '/c?page=1',
      pages: {
        '/c?page=1': (request) =>
          new Response(product(1), {
            headers: { 'content-type': 'text/html', link: header.replaceAll('https://s.example', new URL(request.url).origin) },
          }),
        '/c?page=2': product(2),
      },
    })
    expect(brief.map(([title]) => title)).toEqual(['P1', 'P2'])
  })
})

describe('the further page among thousands of links', () => {
  const outlineOf = (html: string) => readPage(html, 'https://shop.example/c', { siteKey: 's' }).outline
  const links = (count: number, query: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => `<a href="/c?${query(n)}">2</a>`).join('')

  test.each<[string, (n: number) => string]>([
    ['a hundred parameters each', (n) => Array.from({ length: 100 }, (_, key) => `a${key}=${n}`).join('&')],
    ['nothing but separators', (n) => `${'&'.repeat(1900)}${n}`],
  ])('links of %s cost the loop that answers requests less than 150 ms', (_, query) => {
    const outline = outlineOf(links(5000, query))
    expect(leastCpuMs(() => nextPage(outline, 'https://shop.example/c', ''))).toBeLessThan(150)
  })

  test('links of filters do not hide the page behind them', () => {
    const filters = Array.from({ length: 2000 }, (_, n) => `<a href="/c?filter=${'x'.repeat(100)}${n}">Brand ${n}</a>`).join('')
    for (const label of ['2', 'Next'])
      expect(nextPage(outlineOf(`${filters}<a href="/c?page=2">${label}</a>`), 'https://shop.example/c', '')).toBe(
        'https://shop.example/c?page=2',
      )
  })
})
