import { NONE, type Node } from './dom.ts'
import { typeOf } from './microdata.ts'
import { remembering } from './remember.ts'

/**
 * The part of the page a link is in. `product`: the card of a product. `card`: one of several alike, with a picture or a card's class but
 * no price, so it may be a category's tile as well.
 */
export type Zone = 'menu' | 'product' | 'card' | 'footer' | 'plain'

const FOOTER_WORD = /^(?:footer|copyright|socials?)$/
const MENU_WORD = /^(?:nav|navbar|navigation|menu|megamenu|submenu|breadcrumbs?|crumbs|sidebar|rubric\w*|departments?)$/
/** A list or tile of categories is a menu; the wrapper of one category's page is not. */
const CATEGORY_WORD = /^(?:sub)?categor\w*$/
const CATEGORY_PAGE = /^(?:page|view|content|description|wrapper|container|header|title|layout|body|products?|goods)$/
const PRODUCT_WORD = /^(?:products?|prods?|goods|tovar\w*|sku)$/
/** Parts of a product's page or of a listing that are no card. */
const NO_CARD = /^(?:filters?|tabs?|sort\w*|toolbar|pagination|pager|menu|nav|reviews?)$/
const CARD_WORD = /^(?:item|card|tile|cell|thumb|snippet|box)$/
const OF_SHOP = /^(?:catalog\w*|katalog\w*|offers?|items?|shop|store|listing)$/
/** Words of classes that describe what an element has, not what it is. */
const STATE = /^(?:has|with|no|without)$/
const MAX_TOKENS = 20

/** Words of one class: `catalog__item-card`, `catalogItem` -> catalog, item, card. */
const wordsOf = (token: string): string[] =>
  token
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean)

/** Without one of these a class says nothing: most do not. */
const TELLING =
  /foot|copyright|social|categor|nav|menu|crumb|sidebar|rubric|depart|prod|goods|tovar|sku|item|card|tile|cell|thumb|snippet|box|section|collection|catalog|katalog/i

/** What a class says, as bits. */
const HINTS = { footer: 1, category: 2, menu: 4, list: 8, product: 16, item: 32 } as const
type Hint = keyof typeof HINTS

const hintOf = (token: string): Hint | undefined => {
  if (!TELLING.test(token)) return undefined
  const words = wordsOf(token)
  const has = (pattern: RegExp) => words.some((word) => pattern.test(word))
  if (has(STATE)) return undefined // `with-sidebar` says so of the page around it
  if (has(FOOTER_WORD)) return has(CARD_WORD) || has(PRODUCT_WORD) ? undefined : 'footer'
  // `product-category` is a category's tile, `category-products` the list on a category's page.
  if (has(CATEGORY_WORD)) return CATEGORY_WORD.test(words[0]!) && has(CATEGORY_PAGE) ? undefined : 'category'
  if (has(MENU_WORD)) return 'menu'
  if (has(PRODUCT_WORD)) return has(NO_CARD) ? undefined : 'product'
  if (words.length > 1 && has(CARD_WORD) && has(OF_SHOP)) return 'item'
  if (words.includes('list') && has(/^(?:sections?|collections?)$/)) return 'menu' // Bitrix: `catalog-section-list`
  if (words.length === 1 && /^(?:catalog|catalogue|katalog|collections|sections)$/.test(words[0]!)) return 'list'
  return undefined
}

/** Bits by class and id. */
const hintsOf = remembering((marks) => {
  let hints = 0
  for (const token of marks.trim().split(/\s+/, MAX_TOKENS)) {
    const hint = hintOf(token)
    if (hint) hints |= HINTS[hint]
  }
  return hints
}, 2000)

/** The zone of what is in a node, given the zone around it: the nearest element that determines one does. */
export const zoneOf = (node: Node, above: Zone): Zone => {
  const { name, attribs = NONE } = node
  if (name === 'html' || name === 'body' || name === 'main') return above // their classes name the page, not a part of it
  if (name === 'footer' || attribs.role === 'contentinfo') return 'footer'
  if (attribs.itemtype && typeOf(node) === 'Product') return 'product'
  const marks = (attribs.id ? `${attribs.class ?? ''} ${attribs.id}` : (attribs.class ?? '')).slice(0, 300)
  const hints = marks ? hintsOf(marks) : 0
  if (hints !== 0) {
    const has = (hint: Hint) => (hints & HINTS[hint]) !== 0
    const menu = above === 'footer' ? 'footer' : 'menu'
    if (has('footer')) return 'footer'
    if (has('category')) return menu
    if (has('product')) return 'product'
    // A wrapper called `catalog` holds goods, a list called so holds links to categories.
    if (has('menu') || (has('list') && (name === 'ul' || name === 'ol'))) return menu
    if (has('item') && above !== 'menu' && above !== 'footer') return 'product'
  }
  if (name === 'nav' || attribs.role === 'navigation' || attribs.itemtype?.includes('BreadcrumbList'))
    return above === 'footer' ? 'footer' : 'menu'
  return above
}

const CARD_CLASS = /(?:^|[\s_-])(?:card|tile|item|thumb|cell)(?=$|[\s_\d-])/i
/** Whether an element's class says that it is one of several things alike. */
export const hasCardClass = (node: Node): boolean => CARD_CLASS.test((node.attribs?.class ?? '').slice(0, 300))
