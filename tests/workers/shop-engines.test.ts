import { describe, expect, test } from 'bun:test'
import { outline } from '../../src/workers/web/extract/outline.ts'
import { isCategoryLink, productLinks } from '../../src/workers/web/links.ts'

/** Listings as common shop engines write them: which links lead to products and which to categories. Markup by hand, texts invented. */
const HOST = 'https://shop.example'
const twice = (card: (id: string) => string) => card('green') + card('black')

const engines: [name: string, at: string, html: string, products: string[], categories: string[]][] = [
  [
    'WooCommerce',
    '/product-category/tea/',
    `<div class="site-header"><nav class="main-navigation"><ul><li class="menu-item"><a href="/product-category/tea/">Tea</a></li><li class="menu-item"><a href="/my-account/">My account</a></li></ul></nav></div>
     <nav class="woocommerce-breadcrumb"><a href="/">Home</a> / Tea</nav><form class="woocommerce-ordering"></form>
     <ul class="products columns-4"><li class="product-category product first"><a href="/product-category/tea/oolong/"><img src="/o.jpg"><h2>Oolong <mark class="count">(4)</mark></h2></a></li>
     ${twice((id) => `<li class="product type-product post-${id.length} status-publish"><a href="/product/${id}/" class="woocommerce-LoopProduct-link"><img src="/${id}.jpg"><h2>${id}</h2><span class="price"><bdi><span>£</span>5.00</bdi></span></a><a href="?add-to-cart=${id.length}" class="button add_to_cart_button" rel="nofollow">Add</a></li>`)}</ul>
     <nav class="woocommerce-pagination"><a href="/product-category/tea/page/2/">2</a></nav>`,
    ['/product/green/', '/product/black/'],
    ['/product-category/tea/', '/product-category/tea/oolong/'],
  ],
  [
    'OpenCart without friendly addresses',
    '/index.php?route=product/category&path=20',
    `<nav id="menu"><a href="/index.php?route=product/category&amp;path=18">Coffee</a></nav><ul class="breadcrumb"><li><a href="/index.php?route=common/home">Home</a></li></ul>
     <div class="row">${twice((id) => `<div class="product-layout product-grid col-xs-12"><div class="product-thumb"><div class="image"><a href="/index.php?route=product/product&amp;path=20&amp;product_id=${id.charCodeAt(0)}"><img src="/x.jpg"></a></div><p class="price">$5.00</p><button onclick="cart.add('1')">Add</button></div></div>`)}</div>
     <a href="/index.php?route=product/category&amp;path=20&amp;sort=p.price&amp;order=ASC">Price</a><a href="/index.php?route=product/compare">Compare</a>`,
    ['/index.php?route=product/product&path=20&product_id=103', '/index.php?route=product/product&path=20&product_id=98'],
    ['/index.php?route=product/category&path=18'],
  ],
  [
    'OpenCart with friendly addresses and one price in the header',
    '/desktops',
    `<header><a href="/">Logo</a><div id="cart"><button>0 items - $0.00</button></div></header><nav id="menu"><a href="/desktops">Desktops</a><a href="/phones">Phones</a></nav>
     <div id="content"><h2>Desktops</h2>${twice((id) => `<div class="product-layout"><div class="product-thumb"><a href="/desktops/${id}"><img></a><h4><a href="/desktops/${id}">${id}</a></h4><p class="price">$122.00 <span class="price-tax">Ex Tax: $100.00</span></p></div></div>`)}</div>`,
    ['/desktops/green', '/desktops/black'],
    ['/desktops', '/phones'],
  ],
  [
    'Bitrix',
    '/catalog/tea/',
    `<div class="bx-top-nav-container"><a href="/catalog/tea/">Tea</a></div><div class="catalog-section-list"><ul class="bx_catalog_tile_ul"><li><a href="/catalog/tea/oolong/"><img alt="Oolong"></a></li><li><a href="/catalog/tea/puer/"><img alt="Puer"></a></li></ul></div>
     <div class="catalog-section bx-blue">${twice((id) => `<div class="bx_catalog_item double"><div class="bx_catalog_item_container"><a href="/catalog/tea/${id}/" class="bx_catalog_item_images"></a><div class="bx_catalog_item_title"><a href="/catalog/tea/${id}/">${id}</a></div><div class="bx_catalog_item_price">500 руб.</div><a href="/catalog/tea/?action=ADD2BASKET&amp;id=1">В корзину</a></div></div>`)}</div>`,
    ['/catalog/tea/green/', '/catalog/tea/black/'],
    ['/catalog/tea/', '/catalog/tea/oolong/', '/catalog/tea/puer/'],
  ],
  [
    'a Bitrix shop with classes of its own',
    '/catalog/tea/',
    `<div class="page page--with-sidebar"><aside class="sidebar"><ul><li><a href="/catalog/coffee/">Кофе</a></li></ul></aside><div class="catalog">${twice((id) => `<div class="catalog__item-card"><a class="catalog__item-link" href="/catalog/tea/${id}/"><img></a><a href="/brands/sencha/">Sencha</a><span class="catalog__item-price">1 500 ₽</span></div>`)}</div></div>`,
    ['/catalog/tea/green/', '/catalog/tea/black/'],
    ['/catalog/coffee/'],
  ],
  [
    'Shopify',
    '/collections/tea',
    `<header><nav><a href="/collections/coffee">Coffee</a><a href="/pages/contact">Contact</a></nav></header><div class="collection"><ul class="grid product-grid">${twice((id) => `<li class="grid__item"><div class="card-wrapper"><h3 class="card__heading"><a href="/collections/tea/products/${id}?variant=1">${id}</a></h3></div></li>`)}</ul></div>`,
    ['/collections/tea/products/green?variant=1', '/collections/tea/products/black?variant=1'],
    ['/collections/coffee'],
  ],
  [
    'Magento',
    '/tea.html',
    `<nav class="navigation"><a href="/tea.html">Tea</a><a href="/tea/oolong.html">Oolong</a></nav><div class="products wrapper grid products-grid"><ol class="products list items product-items">${twice((id) => `<li class="item product product-item"><div class="product-item-info"><a href="/${id}.html" class="product photo product-item-photo"><img></a><strong><a class="product-item-link" href="/${id}.html">${id}</a></strong><span class="price">$5.00</span><a href="#" class="action tocompare">Compare</a></div></li>`)}</ol></div><div class="toolbar toolbar-products"><a href="/tea.html?p=2">2</a></div>`,
    ['/green.html', '/black.html'],
    ['/tea.html', '/tea/oolong.html'],
  ],
  [
    'PrestaShop',
    '/3-tea',
    `<div id="_desktop_top_menu" class="menu"><a href="/3-tea">Tea</a><a href="/4-coffee">Coffee</a><a href="/content/4-about-us">About</a></div><div id="js-product-list"><div class="products row">${twice((id) => `<article class="product-miniature js-product-miniature"><a href="/tea/${id.charCodeAt(0)}-${id}-tea.html" class="thumbnail"><img></a><span class="price">5,00 €</span></article>`)}</div></div>`,
    ['/tea/103-green-tea.html', '/tea/98-black-tea.html'],
    ['/3-tea', '/4-coffee'],
  ],
  [
    'links around whole cards, currency in an element of its own',
    '/tea',
    `<div class="wrap">${twice((id) => `<a href="/${id}-tea"><img><div>${id}</div><div>1 990</div><i>₽</i></a>`)}</div><div><a href="/story">Story</a><a href="/other-story">Other</a></div>`,
    ['/green-tea', '/black-tea'],
    [],
  ],
  [
    'price filters and tags beside a listing are no products',
    '/tea',
    `<div><ul>${['0-500', '500-1000'].map((range) => `<li><a href="/tea?price=${range}">${range} ₽</a></li>`).join('')}</ul></div><section>${twice((id) => `<div><a href="/${id}-tea">${id}</a> <b>500 ₽</b> <a href="/tag/hot">hot</a></div>`)}</section><p><a href="/tea">All</a></p>`,
    ['/green-tea', '/black-tea'],
    [],
  ],
  [
    'the footer of a card is no footer',
    '/tea',
    `${twice((id) => `<div class="card"><div class="card-body">${id}</div><div class="card-footer"><a href="/${id}-tea">More</a></div></div>`)}<footer><a href="/legal-notes">Legal</a></footer>`,
    ['/green-tea', '/black-tea'],
    [],
  ],
]

describe('listings of shop engines', () => {
  test.each(engines)('%s', (_, at, html, products, categories) => {
    const page = outline(`<html><body class="catalog-page has-sidebar">${html}</body></html>`, HOST + at)
    const path = (url: string) => url.slice(HOST.length)
    expect(productLinks(page, HOST + at).map(path)).toEqual(products)
    const found = page.links.filter((link) => isCategoryLink(link, new Set(['shop.example'])))
    expect([...new Set(found.map(({ url }) => path(url)))]).toEqual(categories)
  })
})
