import text from './products.ndjson' with { type: 'text' }

export interface DemoProduct {
  id: string
  title: string
  price: number
  currency: string
  imageUrl: string
  merchant: string
  /** Place within its category, from 0: decides how its page is marked up. */
  place: number
  category: DemoCategory
}

export interface DemoCategory {
  slug: string
  name: string
  icon: string
  products: DemoProduct[]
}

export interface DemoRows {
  categories: DemoCategory[]
  bySlug: Map<string, DemoCategory>
  byId: Map<string, DemoProduct>
}

/** Order of the shop's menu. */
const CATEGORIES: [slug: string, name: string, icon: string][] = [
  ['elektronika', 'Электроника', '🎧'],
  ['bytovaya-tehnika', 'Бытовая техника', '🫖'],
  ['dom-i-sad', 'Все для дома и сада', '🏡'],
  ['odezhda', 'Одежда', '🧥'],
  ['obuv', 'Обувь', '👟'],
  ['aksessuary', 'Аксессуары', '👜'],
  ['yuvelirnye-izdeliya', 'Ювелирные изделия', '💍'],
  ['krasota-i-zdorove', 'Красота и здоровье', '🌿'],
  ['detskie-tovary', 'Детские товары', '🧸'],
  ['sport', 'Спортивные товары', '🚲'],
  ['avto-i-moto', 'Авто и мототовары', '🚗'],
  ['specodezhda', 'Спецодежда и СИЗы', '🦺'],
  ['knigi', 'Книги и канцелярия', '📚'],
]

let rows: DemoRows | undefined

/** The shop's products, parsed at the first visit, so that a start without visits does not pay for it. */
export const demoRows = (): DemoRows => {
  if (rows) return rows
  const categories = CATEGORIES.map(([slug, name, icon]): DemoCategory => ({ slug, name, icon, products: [] }))
  const byName = new Map(categories.map((category) => [category.name, category]))
  const byId = new Map<string, DemoProduct>()
  for (const line of text.split('\n')) {
    if (!line) continue
    const row = JSON.parse(line)
    const category = byName.get(row.category)
    if (!category) throw new Error(`Demo category without a slug: ${row.category}`)
    const product: DemoProduct = {
      id: String(row.raw_data.product_id),
      title: row.title,
      price: row.price,
      currency: row.currency,
      imageUrl: row.image_url,
      merchant: row.merchant,
      place: category.products.length,
      category,
    }
    category.products.push(product)
    byId.set(product.id, product)
  }
  rows = { categories, bySlug: new Map(categories.map((category) => [category.slug, category])), byId }
  return rows
}

const BASE = '/demo/shop'
const PAGE_SIZE = 20
/** This page of this category carries JSON-LD as careless template authors write it; a tolerant reader loses nothing. */
const CARELESS_PAGE = { slug: 'odezhda', page: 2 }
/** This category's listing names its products' pages only, as many shops do: a crawler has to open each of them. */
const LINKS_ONLY_SLUG = 'knigi'
/** This category's last page links to a next one that answers 500: a crawler has to report it and keep the rest. */
const FAILING_PAGE = { slug: 'knigi', page: 3 }

const escapeHtml = (text: string) =>
  text.replace(/[&<>"']/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[char]!)

/** JSON for a script element: `<` is escaped, or a title with `</script>` would end it. */
const scriptJson = (value: unknown) => JSON.stringify(value, null, 1).replace(/</g, '\\u003c')

const rubles = (price: number) => `${price.toLocaleString('ru-RU', { maximumFractionDigits: 2 })}\u00a0₽`

const productUrl = (origin: string, product: DemoProduct) => `${origin}${BASE}/p/${product.id}`
const categoryUrl = (origin: string, category: DemoCategory, page = 1) =>
  `${origin}${BASE}/c/${category.slug}${page > 1 ? `?page=${page}` : ''}`

const productData = (origin: string, product: DemoProduct) => ({
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

const breadcrumbData = (origin: string, category: DemoCategory, product?: DemoProduct) => ({
  '@context': 'https://schema.org',
  '@type': 'BreadcrumbList',
  itemListElement: [
    { '@type': 'ListItem', position: 1, name: 'Лавка', item: `${origin}${BASE}` },
    { '@type': 'ListItem', position: 2, name: category.name, item: categoryUrl(origin, category) },
    ...(product ? [{ '@type': 'ListItem', position: 3, name: product.title, item: productUrl(origin, product) }] : []),
  ],
})

/** Its one style sheet by its hash; pages have no script that runs. */
const policy = () =>
  `default-src 'none'; img-src 'self' data:; style-src 'sha256-${new Bun.CryptoHasher('sha256').update(CSS).digest('base64')}'; frame-ancestors 'none'`
const ldScript = (json: string) => `<script type="application/ld+json">${json}</script>`

/** Valid JSON-LD turned into what templates really emit: comments, a raw line break inside a string, a trailing comma. */
const careless = (json: string) =>
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

const layout = ({ title, head = '', body, categories, current }: PageParts) => `<!doctype html>
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

const card = (product: DemoProduct) =>
  `<li class="card"><a href="${BASE}/p/${product.id}"><span class="tile" aria-hidden="true">${product.category.icon}</span>` +
  `<p class="name">${escapeHtml(product.title)}</p><p class="price">${rubles(product.price)}</p></a></li>`

interface Page {
  status: number
  type: string
  body: string
}

const html = (body: string, status = 200): Page => ({ status, type: 'text/html; charset=utf-8', body })

const hub = ({ categories }: DemoRows): Page =>
  html(
    layout({
      title: 'Лавка: демонстрационный магазин Trawl',
      categories,
      body: `<h1>Категории</h1><p class="soft">Этот магазин живёт внутри сервера, и его обходит встроенный обходчик. Выберите категорию.</p>
<ul class="grid">${categories
        .map(
          (category) =>
            `<li class="card"><a href="${BASE}/c/${category.slug}"><span class="tile" aria-hidden="true">${category.icon}</span>` +
            `<p>${escapeHtml(category.name)}</p><p class="soft">Товаров: ${category.products.length}</p></a></li>`,
        )
        .join('')}</ul>`,
    }),
  )

const categoryPage = ({ categories }: DemoRows, category: DemoCategory, page: number, origin: string): Page => {
  const pages = Math.ceil(category.products.length / PAGE_SIZE)
  const shown = category.products.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE)
  const hasNext = page < pages || (category.slug === FAILING_PAGE.slug && page < FAILING_PAGE.page)
  const list = scriptJson({
    '@context': 'https://schema.org',
    '@type': 'ItemList',
    name: category.name,
    itemListElement: shown.map((product, index) => ({
      '@type': 'ListItem',
      position: (page - 1) * PAGE_SIZE + index + 1,
      ...(category.slug === LINKS_ONLY_SLUG ? { url: productUrl(origin, product) } : { item: productData(origin, product) }),
    })),
  })
  const isCareless = category.slug === CARELESS_PAGE.slug && page === CARELESS_PAGE.page
  const next = hasNext ? `${BASE}/c/${category.slug}?page=${page + 1}` : undefined
  const previous = page > 1 ? `${BASE}/c/${category.slug}${page > 2 ? `?page=${page - 1}` : ''}` : undefined
  return html(
    layout({
      title: `${category.name}${page > 1 ? `, страница ${page}` : ''} | Лавка`,
      categories,
      current: category,
      head:
        `<link rel="canonical" href="${escapeHtml(categoryUrl(origin, category, page))}">` +
        (next ? `<link rel="next" href="${next}">` : '') +
        ldScript(isCareless ? careless(list) : list) +
        ldScript(scriptJson(breadcrumbData(origin, category))),
      body: `<p class="crumbs"><a href="${BASE}">Лавка</a> / ${escapeHtml(category.name)}</p><h1>${escapeHtml(category.name)}</h1>
<ul class="grid">${shown.map(card).join('')}</ul>
<p class="pages">${previous ? `<a rel="prev" href="${previous}">Назад</a>` : ''}<span class="soft">${page} из ${pages}</span>${
        next ? `<a rel="next" href="${next}">Дальше</a>` : ''
      }</p>`,
    }),
  )
}

/** How a product's page is marked up; the shop shows the kinds that the open web shows. */
const markupOf = (product: DemoProduct) => {
  if (product.place % 25 === 9) return 'truncated'
  if (product.place % 10 === 3) return 'microdata'
  if (product.place % 10 === 5) return 'careless'
  return 'json-ld'
}

const openGraph = (product: DemoProduct, origin: string) =>
  Object.entries({
    'og:type': 'product',
    'og:title': product.title,
    'og:url': productUrl(origin, product),
    'og:image': product.imageUrl,
    'product:price:amount': product.price.toFixed(2),
    'product:price:currency': product.currency,
    'product:retailer_item_id': product.id,
  })
    .map(([property, content]) => `<meta property="${property}" content="${escapeHtml(content)}">`)
    .join('')

const productPage = ({ categories }: DemoRows, product: DemoProduct, origin: string): Page => {
  const kind = markupOf(product)
  const json = scriptJson({ '@context': 'https://schema.org', ...productData(origin, product) })
  const script = {
    truncated: ldScript(json.slice(0, json.length / 2)),
    careless: ldScript(careless(json)),
    'json-ld': ldScript(json),
    microdata: '',
  }[kind]
  const micro = kind === 'microdata'
  const prop = (name: string, extra = '') => (micro ? ` itemprop="${name}"${extra}` : '')
  const { category } = product
  return html(
    layout({
      title: `${product.title} | Лавка`,
      categories,
      current: category,
      head:
        `<link rel="canonical" href="${escapeHtml(productUrl(origin, product))}">` +
        script +
        (kind === 'truncated' ? openGraph(product, origin) : '') +
        ldScript(scriptJson(breadcrumbData(origin, category, product))),
      body: `<p class="crumbs"><a href="${BASE}">Лавка</a> / <a href="${BASE}/c/${category.slug}">${escapeHtml(category.name)}</a></p>
<article class="product"${micro ? ' itemscope itemtype="https://schema.org/Product"' : ''}>
<span class="tile" aria-hidden="true">${category.icon}</span><div>
<h1${prop('name')}>${escapeHtml(product.title)}</h1>${
        micro
          ? `<link itemprop="url" href="${BASE}/p/${product.id}"><link itemprop="image" href="${escapeHtml(product.imageUrl)}">`
          : ''
      }
<p${prop('offers', ' itemscope itemtype="https://schema.org/Offer"')} class="price">${
        micro
          ? `<meta itemprop="price" content="${product.price.toFixed(2)}"><meta itemprop="priceCurrency" content="${escapeHtml(product.currency)}">` +
            `<link itemprop="availability" href="https://schema.org/InStock">`
          : ''
      }${rubles(product.price)}</p>
<p class="soft">Артикул <span${prop('sku')}>${product.id}</span>, продавец ${escapeHtml(product.merchant)}</p>
<p${prop('description')}>${escapeHtml(`${product.title}. ${category.name}: демонстрационный товар.`)}</p></div></article>`,
    }),
  )
}

const sitemap = ({ categories }: DemoRows, origin: string): Page => ({
  status: 200,
  type: 'application/xml; charset=utf-8',
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${categories
    .map((category) => `<url><loc>${escapeHtml(categoryUrl(origin, category))}</loc></url>`)
    .join('\n')}\n</urlset>\n`,
})

const message = ({ categories }: DemoRows, status: number, title: string, text: string) =>
  html(layout({ title: `${title} | Лавка`, categories, body: `<h1>${title}</h1><p class="soft">${text}</p>` }), status)

const route = (path: string, query: URLSearchParams, origin: string): Page => {
  const rows = demoRows()
  const [first, second, ...rest] = path.split('/').filter(Boolean)
  if (!first) return hub(rows)
  if (first === 'sitemap.xml' && !second) return sitemap(rows, origin)
  if (first === 'about' && !second)
    return message(
      rows,
      200,
      'О лавке',
      'Карточки взяты из кэша товаров, опубликованного с MIT-проектом IceDarold/gifty-backend (© 2025 Artyom Konukhov). Подробности в src/ops/demo/NOTICE.md.',
    )
  if (first === 'cart' && !second) return message(rows, 200, 'Корзина пуста', 'И останется пустой: здесь ничего не продаётся.')
  if (first === 'c' && second && rest.length === 0) {
    const category = rows.bySlug.get(second)
    const asked = query.get('page') ?? '1'
    const page = /^[1-9]\d{0,3}$/.test(asked) ? Number(asked) : 0
    if (category?.slug === FAILING_PAGE.slug && page === FAILING_PAGE.page)
      return message(rows, 500, 'Страница сломана', 'Нарочно: обходчик должен сообщить о ней и сохранить остальное.')
    if (category && page > 0 && page <= Math.ceil(category.products.length / PAGE_SIZE))
      return categoryPage(rows, category, page, origin)
  }
  if (first === 'p' && second && rest.length === 0) {
    const product = rows.byId.get(second)
    if (product) return productPage(rows, product, origin)
  }
  return message(rows, 404, 'Такой страницы нет', `<a href="${BASE}">К категориям</a>`)
}

export interface DemoShop {
  /** The shop's answer, or undefined for a path outside `/demo/shop`. GET and HEAD; anything else is 405. */
  handle(request: Request): Response | undefined
}

/**
 * A shop of 621 real products in 13 categories under `/demo/shop`: what the built-in web worker crawls when nothing else is there.
 * Every answer is a function of the URL alone. Links in structured data are absolute and follow the origin of the request.
 */
export const createDemoShop = (): DemoShop => ({
  handle(request) {
    const url = new URL(request.url)
    if (url.pathname !== BASE && !url.pathname.startsWith(`${BASE}/`)) return undefined
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } })
    const page = route(url.pathname.slice(BASE.length), url.searchParams, url.origin)
    const headers: Record<string, string> = { 'content-type': page.type, 'content-security-policy': policy() }
    if (page.status !== 200) {
      headers['cache-control'] = 'no-store'
    } else {
      headers['cache-control'] = 'public, max-age=60'
      headers['etag'] = `"${Bun.hash(page.body).toString(36)}"`
      if (request.headers.get('if-none-match') === headers['etag']) return new Response(null, { status: 304, headers })
    }
    return new Response(request.method === 'HEAD' ? null : page.body, { status: page.status, headers })
  },
})
