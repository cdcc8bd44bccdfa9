import {
  BASE,
  breadcrumbData,
  CARELESS_PAGE,
  card,
  careless,
  categoryUrl,
  escapeHtml,
  FAILING_PAGE,
  LINKS_ONLY_SLUG,
  layout,
  ldScript,
  PAGE_SIZE,
  productData,
  productUrl,
  rubles,
  scriptJson,
} from './markup.ts'
import { type DemoCategory, type DemoProduct, type DemoRows, demoRows } from './rows.ts'

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
    const headers: Record<string, string> = { 'content-type': page.type, 'x-content-type-options': 'nosniff' }
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
