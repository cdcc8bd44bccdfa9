import type { DemoCategory, DemoProduct } from './rows.ts'

export const BASE = '/demo/shop'
export const PAGE_SIZE = 20
/** This page of this category carries JSON-LD as careless template authors write it; a tolerant reader loses nothing. */
export const CARELESS_PAGE = { slug: 'odezhda', page: 2 }
/** This category's listing names its products' pages only, as many shops do: a crawler has to open each of them. */
export const LINKS_ONLY_SLUG = 'knigi'
/** This category's last page links to a next one that answers 500: a crawler has to report it and keep the rest. */
export const FAILING_PAGE = { slug: 'knigi', page: 3 }

export const escapeHtml = (text: string) =>
  text.replace(/[&<>"']/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[char]!)

/** JSON for a script element: `<` is escaped, or a title with `</script>` would end it. */
export const scriptJson = (value: unknown) => JSON.stringify(value, null, 1).replace(/</g, '\\u003c')

export const rubles = (price: number) => `${price.toLocaleString('ru-RU', { maximumFractionDigits: 2 })}\u00a0₽`

export const productUrl = (origin: string, product: DemoProduct) => `${origin}${BASE}/p/${product.id}`
export const categoryUrl = (origin: string, category: DemoCategory, page = 1) =>
  `${origin}${BASE}/c/${category.slug}${page > 1 ? `?page=${page}` : ''}`

export const productData = (origin: string, product: DemoProduct) => ({
  '@type': 'Product',
  name: product.title,
  url: productUrl(origin, product),
  sku: product.id,
  image: product.imageUrl,
  description: `${product.title}. ${product.category.name}: демонстрационный товар.`,
  offers: {
    '@type': 'Offer',
    price: product.price.toFixed(2),
    priceCurrency: product.currency,
    availability: 'https://schema.org/InStock',
    seller: { '@type': 'Organization', name: product.merchant },
  },
})

export const breadcrumbData = (origin: string, category: DemoCategory, product?: DemoProduct) => ({
  '@context': 'https://schema.org',
  '@type': 'BreadcrumbList',
  itemListElement: [
    { '@type': 'ListItem', position: 1, name: 'Лавка', item: `${origin}${BASE}` },
    { '@type': 'ListItem', position: 2, name: category.name, item: categoryUrl(origin, category) },
    ...(product ? [{ '@type': 'ListItem', position: 3, name: product.title, item: productUrl(origin, product) }] : []),
  ],
})

export const ldScript = (json: string) => `<script type="application/ld+json">${json}</script>`

/** Valid JSON-LD turned into what templates really emit: comments, a raw line break inside a string, a trailing comma. */
export const careless = (json: string) =>
  json
    .replace('{', '{ // собрано шаблоном\n')
    .replace(/"name": "([^ "\\]+) /, '/* название */ "name": "$1\n\t')
    .replace(/\n}$/, ',\n}')

const CSS = `:root{color-scheme:light dark;--ink:#1c2126;--soft:#68727d;--line:#e2e6ea;--card:#fff;--page:#f5f6f8;--brand:#0b6e5f}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebee;--soft:#98a3ae;--line:#2c3338;--card:#1b2024;--page:#121518;--brand:#4cc3ae}}
*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page)}
a{color:inherit;text-decoration:none}a:hover{color:var(--brand)}a:focus-visible{outline:2px solid var(--brand);outline-offset:2px}
header,main,footer{max-width:1120px;margin:auto;padding:16px 20px}header{display:flex;gap:20px;align-items:baseline}
header a:first-child{font-size:22px;font-weight:700;margin-right:auto}nav.menu{max-width:1120px;margin:auto;padding:0 20px}
nav.menu ul{display:flex;flex-wrap:wrap;gap:8px;list-style:none;margin:0;padding:0}
nav.menu a{display:block;padding:4px 12px;border:1px solid var(--line);border-radius:99px;background:var(--card);font-size:14px}
nav.menu a[aria-current]{border-color:var(--brand);color:var(--brand)}.crumbs,.soft,footer{color:var(--soft);font-size:14px}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:14px;padding:0;list-style:none}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden}
.card a{display:block;padding-bottom:14px;height:100%}.card p{margin:8px 14px 0}.tile{display:grid;place-items:center;height:120px;font-size:48px;background:var(--page)}
.name{display:-webkit-box;-webkit-line-clamp:3;-webkit-box-orient:vertical;overflow:hidden;font-size:14px}.price{font-weight:700}
.pages{display:flex;gap:14px;justify-content:center;padding:12px}.product{display:grid;grid-template-columns:minmax(200px,360px) 1fr;gap:28px}
.product .tile{height:280px;font-size:110px;border:1px solid var(--line);border-radius:12px;background:var(--card)}
@media(max-width:640px){.product{grid-template-columns:1fr}}`

export interface PageParts {
  title: string
  head?: string
  body: string
  categories: DemoCategory[]
  current?: DemoCategory
}

export const layout = ({ title, head = '', body, categories, current }: PageParts) => `<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title><style>${CSS}</style>
<link rel="sitemap" type="application/xml" href="${BASE}/sitemap.xml">${head}</head>
<body><header><a href="${BASE}">Лавка</a><a href="${BASE}/about">О лавке</a><a href="${BASE}/cart">Корзина</a></header>
<nav class="menu" aria-label="Категории"><ul>${categories
  .map(
    (category) =>
      `<li><a href="${BASE}/c/${category.slug}"${category === current ? ' aria-current="page"' : ''}>${escapeHtml(category.name)}</a></li>`,
  )
  .join('')}</ul></nav>
<main>${body}</main>
<footer>Демонстрационная лавка Trawl: настоящие карточки товаров, ничего не продаётся. <a href="${BASE}/about">Откуда данные</a></footer></body></html>`

export const card = (product: DemoProduct) =>
  `<li class="card"><a href="${BASE}/p/${product.id}"><span class="tile" aria-hidden="true">${product.category.icon}</span>` +
  `<p class="name">${escapeHtml(product.title)}</p><p class="price">${rubles(product.price)}</p></a></li>`
