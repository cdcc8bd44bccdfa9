import { remembering } from './extract/remember.ts'

/** Longer addresses are not visited: no shop needs them, and matching them against robots.txt costs time. Characters. */
export const MAX_ADDRESS = 2048

const TRACKING =
  /^(?:utm_\w+|mtm_\w+|pk_(?:campaign|kwd|source|medium|content)|_openstat|(?:yclid|ymclid|ysclid|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|ttclid|twclid|li_fat_id|igshid|srsltid|rb_clickid|asid|mc_[ce]id|_ga|_gl|_hsenc|_hsmi|mkt_tok|spm|roistat|admitad_uid|from_ad))$/i

/** Ids of visits, which shops write into their links for who has no cookies: another one on every visit. */
const SESSION =
  /^(?:(?:phpsessid|jsessionid|aspsessionid\w{0,20}|session_?id|sess_?id|oscsid|zenid|xtcsid|cfid|cftoken)=[\w,.!-]{6,200}|(?:sid|s)=(?=[a-z]*\d)[\da-f]{16,64})$/i
const SESSION_IN_PATH = /;(?:jsessionid|phpsessid|sid)=[\w.!-]{6,200}/i

/** The address without parameters that only say where a visitor came from, or who it is. All else stays as it was written. */
export const withoutTracking = (given: string): string => {
  const address = given.includes(';') ? given.replace(SESSION_IN_PATH, '') : given
  const start = address.indexOf('?')
  if (start < 0) return address
  const end = address.indexOf('#', start)
  const query = address.slice(start + 1, end < 0 ? undefined : end)
  const pairs = query.split('&')
  const kept = pairs.filter((pair) => !TRACKING.test(pair.split('=', 1)[0]!.slice(0, 100)) && !SESSION.test(pair))
  if (kept.length === pairs.length) return address
  return address.slice(0, start) + (kept.length > 0 ? `?${kept.join('&')}` : '') + (end < 0 ? '' : address.slice(end))
}

/** The form under which addresses are compared, never the one that is asked for: no fragment, no trailing slash, no `www.`, no tracking. */
export const addressKey = remembering((address: string): string => {
  const url = new URL(withoutTracking(address))
  const path = url.pathname.replace(/\/$/, '')
  return `${shopHost(url.host)}${path}${url.search}`
}, 5000)

/** A host without `www.`: a shop answers under both names. */
export const shopHost = (host: string): string => host.replace(/^www\./, '')

/** Whether an address is on one of these hosts, given as `shopHost` gives them. */
export const isOnHost = (address: string, hosts: ReadonlySet<string>): boolean =>
  URL.canParse(address) && hosts.has(shopHost(new URL(address).host))

const words = (text: string) => new Set(text.split(' '))

/** Path segments that never are a category, Russian transliterations included. */
const SERVICE = words(
  'cart basket checkout order orders login logout signin sign-in signup sign-up register registration auth account my profile lk cabinet personal ' +
    'wishlist favorites favourites favorite compare comparison search help faq support about about-us contacts contact contact-us delivery shipping ' +
    'payment payments returns refund warranty terms privacy policy legal cookies blog news press article articles review reviews vacancies jobs career ' +
    'careers stores store-locator api feed rss sitemap subscribe newsletter password reset gift-cards loyalty bonus partners app download downloads ' +
    'korzina izbrannoe sravnenie oplata dostavka vozvrat garantiya kontakty o-kompanii o-nas novosti stati akcii otzyvy vakansii magaziny pomoshch poisk ' +
    'oferta politika voprosy vhod registratsiya wp-admin wp-login admin cgi-bin static assets media images img css js cdn-cgi wp-json wp-content ' +
    'customer my-account information pages policies blogs',
)
/** Segments that introduce a category. */
const CATEGORY = words(
  'c cat category categories catalog catalogue katalog collection collections department departments section sections rubric rubrics razdel razdely ' +
    'group groups kategoriya kategorii kategoria browse shop taxonomy product-category t',
)
/** Segments that introduce one product. */
const PRODUCT = words('p product products prod item items goods good tovar tovary dp sku detail offer offers card kartochka')
const FILE = /\.(?:jpe?g|png|gif|webp|svg|ico|css|js|json|xml|gz|pdf|zip|rar|docx?|xlsx?|mp[34]|webm|txt|rss|atom)$/i
const SCRIPT = /\.(?:html?|php\d?|aspx?|jsp|cgi)$/

/** Parameters that do something, search, or open a page of text. */
const ACTION =
  /^(?:add[-_]?to[-_]?\w+|remove_item|buy|wishlist|compare|log(?:in|out)|replytocom|print|share|back_?url|redirect|return_?url|page_id|s|q|query|search|preview|post|attachment_id)$/i
/** Parameters of one-script shops whose value names the kind of page. */
const ROUTE = /^(?:route|controller|dispatch|main_page|fc)$/i
const LOOSE_ROUTE = /^(?:view|page|do|act|action|mod|module|option)$/i
const CATEGORY_ID =
  /^(?:cat|category|category_?id|cat_id|cid|section|section_?(?:id|code)|path|c_?path|product_cat|id_category|virtuemart_category_id|collection|catalog_?id|group_?id)$/i
const PRODUCT_ID =
  /^(?:product|products?_?id|id_?product|virtuemart_product_id|pid|prod|prod_?id|item|item_?id|goods_?id|tovar(?:_?id)?|element_?(?:id|code)|article_?id|artikul)$/i
/** Parameters that name one of the things that a script shows (`product.php?id=2`). */
const SOME_ID = /^(?:id|i|n|num|code|slug|name|alias|article|art|sku|p)$/i
const PRODUCT_WORD = /^(?:products?|productdetails?|showproduct|goods?|items?|tovary?|kartochka)$/
const CATEGORY_WORD = /^(?:categor(?:y|ies)|catalog(?:ue)?|katalog|sections?|collections?|razdel)$/
const ROUTE_EXTRA = /^(?:view|info|details?|show|page|index|com|main|default)$/

/** Parameters that may name what a script shows: `?id=5`. */
export const idsIn = (url: URL): [string, string][] =>
  [...url.searchParams].filter(([key]) => /^(?:id|n|code|slug|art)$/i.test(key))

/**
 * `view`: a page as sorting, filters or a page number show it, or a query that says nothing of what it shows. A service page is never
 * visited.
 */
export type LinkKind = 'category' | 'product' | 'service' | 'view' | 'unknown'

/** Classifies a page by its address alone. */
export const classifyUrl = (address: string): LinkKind => {
  const url = new URL(address.length > 4096 ? address.slice(0, 4096) : address)
  const { pathname } = url
  const raw = pathname
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '')
  const isFile = pathname.includes('.')
  const segments = isFile ? raw.map((segment) => segment.replace(SCRIPT, '')) : raw
  if ((isFile && FILE.test(pathname)) || segments.some((segment) => SERVICE.has(segment))) return 'service'
  // Bitrix: `/catalog/tea/filter/price-from-100/apply/`. A further page of a category is the category.
  if (segments.includes('filter') || /\/page[/_-]?\d{1,5}\/?$/i.test(pathname)) return 'view'
  if (raw[0] === 'content' && /^\d+-/.test(raw[1] ?? '')) return 'service' // texts of PrestaShop
  const params = url.search === '' ? [] : [...url.searchParams].filter(([key]) => !TRACKING.test(key))
  const byQuery = params.length > 0 ? classifyQuery(params, segments) : undefined
  if (byQuery) return byQuery
  const byPath = classifyPath(segments, raw)
  // Variants of a product are the product; sorting, filters and pages of a category are the category again.
  return params.length > 0 && byPath !== 'product' ? 'view' : byPath
}

const classifyPath = (segments: string[], raw: string[]): LinkKind => {
  const last = segments.at(-1) ?? ''
  const before = segments.slice(0, -1)
  const marked = before.findLastIndex((segment) => PRODUCT.has(segment) || CATEGORY.has(segment))
  if (marked >= 0 && PRODUCT.has(before[marked]!)) return 'product'
  if (/(?:^|[-_])\d{6,}$/.test(last) && !CATEGORY.has(before.at(-1) ?? '')) return 'product'
  // osCommerce: `green-tea-p-34.html`, `tea-c-12.html`.
  const sort = /-([pc])-\d{1,9}(?:_\d{1,9}){0,9}$/.exec(last)?.[1]
  if (sort && marked < 0) return sort === 'p' ? 'product' : 'category'
  if (/^(?:product|tovar|item|goods)[-_]?\d+$/.test(last)) return 'product'
  // PrestaShop: `12-name.html` is a product, `12-name` a category.
  if (marked < 0 && /^\d{1,7}-(?:\d{1,7}-)?[^\d\W]/.test(last)) {
    if (raw.at(-1)!.endsWith('.html')) return 'product'
    if (before.length === 0) return 'category'
  }
  return marked >= 0 ? 'category' : 'unknown'
}

/** The kind of an address by its parameters alone; undefined when the path decides. */
const classifyQuery = (params: [string, string][], segments: string[]): LinkKind | undefined => {
  if (params.some(([key]) => ACTION.test(key))) return 'service'
  const has = (pattern: RegExp) => params.some(([key, value]) => pattern.test(key) && value !== '')
  const only = (pattern: RegExp) =>
    params.every(
      ([key, value]) =>
        pattern.test(key) || ROUTE.test(key) || (LOOSE_ROUTE.test(key) && (key === 'option' || routeKind(value) !== undefined)),
    )
  for (const [key, value] of params) {
    const isRoute = ROUTE.test(key)
    if (!isRoute && (!LOOSE_ROUTE.test(key) || /^\d*$/.test(value))) continue
    const kind = routeKind(value)
    if (kind === 'category' && !only(CATEGORY_ID) && !only(SOME_ID)) return 'view'
    if (kind) return kind
    if (isRoute) return 'service'
  }
  if (has(PRODUCT_ID)) return 'product'
  const last = segments.at(-1) ?? ''
  if (has(SOME_ID)) {
    // `/?p=12` is WordPress's address of a post; elsewhere `p` is a page number unless a script of products is asked.
    const isHome = segments.length === 0 || (segments.length === 1 && last === 'index')
    if (isHome && params.length === 1 && /^p$/i.test(params[0]![0]) && /^\d+$/.test(params[0]![1])) return 'product'
    const parts = last.split(/[-_]/)
    const isScript = !params.every(([key]) => /^p$/i.test(key))
    if (isScript && (PRODUCT.has(last) || parts.some((part) => PRODUCT_WORD.test(part)))) return 'product'
    if (isScript && (CATEGORY.has(last) || parts.some((part) => CATEGORY_WORD.test(part))))
      return only(SOME_ID) ? 'category' : 'view'
  }
  if (params.every(([key]) => CATEGORY_ID.test(key))) return 'category'
  return undefined
}

/** The kind of page that a route names: `product/category`, `products.view`, `productdetails`. */
const routeKind = (route: string): LinkKind | undefined => {
  const parts = route
    .toLowerCase()
    .slice(0, 200)
    .split(/[^a-z]+/)
    .filter(Boolean)
  if (parts.some((part) => SERVICE.has(part))) return 'service'
  if (parts.some((part) => CATEGORY_WORD.test(part))) return 'category'
  if (parts.some((part) => PRODUCT_WORD.test(part)) && parts.every((part) => PRODUCT_WORD.test(part) || ROUTE_EXTRA.test(part)))
    return 'product'
  return undefined
}
