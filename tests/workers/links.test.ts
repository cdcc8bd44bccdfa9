import { describe, expect, test } from 'bun:test'
import { classifyUrl } from '../../src/workers/web/addresses.ts'
import { outline } from '../../src/workers/web/extract/outline.ts'
import { isCategoryLink, productLinks } from '../../src/workers/web/links.ts'
import { nextPage } from '../../src/workers/web/paging.ts'

describe('classification by address', () => {
  // Addresses of OpenCart, CS-Cart, VirtueMart, PrestaShop, osCommerce, WordPress, Bitrix, Shopify, Magento.
  test.each([
    ['/product.php?id=2', 'product'],
    ['/products/green?variant=1', 'product'],
    ['/index.php?route=product/product&path=20&product_id=3', 'product'],
    ['/index.php?route=product/category&path=20&page=2', 'view'],
    ['/index.php?route=product/category&path=20_26', 'category'],
    ['/index.php?route=product/category&path=20&sort=p.price&order=ASC', 'view'],
    ['/index.php?route=product/manufacturer/info&manufacturer_id=8', 'service'],
    ['/index.php?route=account/login', 'service'],
    ['/index.php?route=information/information&information_id=4', 'service'],
    ['/index.php?route=product/special', 'service'],
    ['/index.php?dispatch=products.view&product_id=3', 'product'],
    ['/index.php?dispatch=categories.view&category_id=3', 'category'],
    ['/index.php?option=com_virtuemart&view=productdetails&virtuemart_product_id=8', 'product'],
    ['/index.php?option=com_virtuemart&view=category&virtuemart_category_id=2', 'category'],
    ['/index.php?option=com_content&view=article&id=2', 'service'],
    ['/index.php?id_product=8&controller=product', 'product'],
    ['/index.php?id_category=8&controller=category', 'category'],
    ['/index.php?controller=contact', 'service'],
    ['/product_info.php?products_id=3', 'product'],
    ['/index.php?main_page=product_info&cPath=1&products_id=3', 'product'],
    ['/index.php?cPath=3_4', 'category'],
    ['/?product=green-tea', 'product'],
    ['/?p=12', 'product'],
    ['/?cat=3', 'category'],
    ['/?page_id=3', 'service'],
    ['/?post_type=product', 'view'],
    ['/?product_cat=tea', 'category'],
    ['/shop/?add-to-cart=5', 'service'],
    ['/catalog/index.php?SECTION_ID=1&ELEMENT_ID=3', 'product'],
    ['/index.php?SECTION_ID=1', 'category'],
    ['/catalog/detail.php?ID=5', 'product'],
    ['/catalog/section.php?SECTION_ID=5', 'category'],
    ['/catalog/tea/?action=ADD2BASKET&id=12', 'service'],
    ['/catalog/tea/filter/price-from-1/apply/', 'view'],
    ['/collections/tea/products/green', 'product'],
    ['/collections/tea', 'category'],
    ['/pages/about', 'service'],
    ['/women/tops.html', 'unknown'],
    ['/12-tea', 'category'],
    ['/12-tea.html', 'product'],
    ['/tea/12-45-green.html', 'product'],
    ['/content/4-about-us', 'service'],
    ['/catalog/product/view/id/12', 'product'],
    ['/catalog/category/view/id/5', 'category'],
    ['/customer/account/login/', 'service'],
    ['/green-tea-p-34.html', 'product'],
    ['/tea-c-12.html', 'category'],
    ['/tea?yclid=5', 'unknown'],
    ['/tea?page=2', 'view'],
    ['/item?id=5', 'product'],
    ['/goods/view?id=4', 'product'],
    ['/shop.php?cat=5', 'category'],
    ['/show.php?id=5', 'view'],
    ['/cart/add?id=5', 'service'],
    ['/account/index', 'service'],
    ['/tea.php?utm_source=x', 'unknown'],
    ['/?utm_source=x', 'unknown'],
    ['/catalogue/product-123.html', 'product'],
    ['/tovar_55.html', 'product'],
    ['/product-category/tea/', 'category'],
    ['/brand/7-sencha', 'unknown'],
    ['/search?q=x', 'service'],
    ['/my-account/', 'service'],
  ])('%s is %s', (path, kind) => {
    expect(classifyUrl(`https://shop.example${path}`)).toBe(kind as ReturnType<typeof classifyUrl>)
  })

  test.each([
    ['/catalog/obuv/', 'category'],
    ['/c/phones', 'category'],
    ['/category/123456', 'category'],
    ['/collections/summer', 'category'],
    ['/catalog/women/dresses', 'category'],
    ['/index.php?route=x', 'service'],
    ['/phones', 'unknown'],
    ['/', 'unknown'],
    ['/product/red-cup', 'product'],
    ['/catalog/cups/p/123', 'product'],
    ['/collections/summer/products/hat', 'product'],
    ['/red-cup-1234567.html', 'product'],
    ['/item/1005010032406754.html', 'product'],
    ['/cart', 'service'],
    ['/login/', 'service'],
    ['/about-us', 'service'],
    ['/catalog/obuv?sort=price', 'view'],
    ['/catalog/obuv?page=2', 'view'],
    ['/catalog/price.pdf', 'service'],
    ['/dostavka', 'service'],
  ])('%s is %s', (path, kind) => {
    expect(classifyUrl(`https://shop.example${path}`)).toBe(kind as ReturnType<typeof classifyUrl>)
  })
})

const links = (html: string) => outline(html, 'https://shop.example/x/').links

describe('category links', () => {
  test('menus, breadcrumbs and telling addresses count; products, services, footers and other hosts do not', () => {
    const html = `<body class="catalog"><nav><a href="/phones">Phones</a><a href="/cart">Cart</a><a href="https://other.example/c/x">Other</a></nav>
      <div class="left-menu"><a href="../tv">TV</a><a href="/brand-123456">Brand</a><a href="/empty"></a><a href="/icon"><img alt="Icon"></a></div>
      <p>Read <a href="/story">a story</a> or <a href="/catalog/cups">cups</a></p>
      <div class="product-card"><a href="/catalog/cups/blue">Blue cup</a></div>
      <a href="javascript:void(0)">x</a><a href="mailto:a@b.example">mail</a><a href="/catalog/hidden" rel="nofollow">hidden</a>
      <footer><nav><a href="/catalog/all">All</a></nav></footer>`
    const found = links(html).filter((link) => isCategoryLink(link, new Set(['shop.example'])))
    expect(found.map(({ url, text }) => [url, text])).toEqual([
      ['https://shop.example/phones', 'Phones'],
      ['https://shop.example/tv', 'TV'],
      ['https://shop.example/icon', 'Icon'],
      ['https://shop.example/catalog/cups', 'cups'],
    ])
  })

  test('product links of a listing, once each', () => {
    const html = `<nav><a href="/product/menu">Deal</a></nav><div class="product-card"><a href="/blue-cup"><img></a><a href="/blue-cup#reviews">Blue</a></div>
      <a href="/product/red">Red</a><a href="/story">Story</a><footer><a href="/product/foot">x</a></footer>`
    expect(productLinks(outline(html, 'https://shop.example/c/cups'), 'https://shop.example/c/cups')).toEqual([
      'https://shop.example/blue-cup',
      'https://shop.example/product/red',
    ])
  })
})

describe('the next page', () => {
  const next = (html: string, url = 'https://shop.example/c/cups', header = '') => nextPage(outline(html, url), url, header)

  test.each([
    ['link element', '<link rel="next" href="?page=2">', '', 'https://shop.example/c/cups?page=2'],
    ['anchor', '<a rel="nofollow next" href="/c/cups?page=2">more</a>', '', 'https://shop.example/c/cups?page=2'],
    ['Link header', '', '</a>; rel="prev", </c/cups?p=2>; title="x"; rel="next"', 'https://shop.example/c/cups?p=2'],
    ['page numbers', '<a href="?page=3">3</a><a href="?page=2">2</a>', '', 'https://shop.example/c/cups?page=2'],
    ['page numbers in the path', '<a href="/c/cups/page/2/">2</a>', '', 'https://shop.example/c/cups/page/2/'],
    ['Bitrix page numbers', '<a href="?PAGEN_1=2">2</a>', '', 'https://shop.example/c/cups?PAGEN_1=2'],
    ['a base element', '<base href="https://shop.example/z/"><link rel="next" href="2">', '', 'https://shop.example/z/2'],
    ['none', '<a href="/c/mugs?page=2">mugs</a><a href="?page=3">3</a>', '', undefined],
    ['another host', '<link rel="next" href="https://other.example/2">', '', undefined],
    ['itself', '<link rel="next" href="https://shop.example/c/cups">', '', undefined],
  ])('%s', (_, html, header, expected) => {
    expect(next(html, undefined, header)).toBe(expected)
  })

  test.each([
    ['/c', '/c?cp=2'],
    ['/c.html', '/c-2.html'],
    ['/c', '/c,2'],
    ['/c/', '/c/page2/'],
    ['/c', '/c/p2'],
    ['/c', '/c?n=24'],
    ['/c', '/c/stranitsa-2'],
    ['/c', '/c;page=2'],
    ['/c', '/c/index2.html'],
    ['/', '/page/2/'],
    ['/s.php?cat=5', '/s.php?cat=5&start=10'],
    ['/c?sort=a', '/c?sort=a&page=2'],
    ['/c/seite3', '/c/seite4'],
    ['/c?n=24', '/c?n=48'],
  ])('%s leads on to %s', (here, there) => {
    const numbers: Record<string, string> = { '/c/seite3': '4', '/c?n=24': '3' }
    const number = numbers[here] ?? '2'
    const html = `<a href="${here}">${Number(number) - 1}</a><a href="/c">1</a><a href="${there}">${number}</a>`
    expect(next(html, `https://shop.example${here}`)).toBe(`https://shop.example${there}`)
    expect(next(`<a href="/other-2">2</a><a href="/c?rating=5">5</a>`, `https://shop.example${here}`)).toBeUndefined()
  })

  test('counts on from the page it is on and keeps other parameters apart', () => {
    const html = '<a href="?color=red&page=1">1</a><a href="?color=red&page=3">3</a><a href="?page=3">3</a>'
    expect(next(html, 'https://shop.example/c/cups?page=2&color=red')).toBe('https://shop.example/c/cups?color=red&page=3')
  })
})
