import type { LinkKind } from '../addresses.ts'
import { isHome, isSameSite } from './address.ts'
import { type Budget, createBudget } from './budget.ts'
import { type CardFinder, createCardFinder, type FoundLink } from './cards.ts'
import { childrenOf, NONE, type Node, skip, stop, textOf, tidy, walk } from './dom.ts'
import { createTargets } from './link-addresses.ts'
import { nameOf } from './names.ts'
import { absoluteUrl } from './product.ts'
import { parseHtml } from './tree.ts'
import { type Zone, zoneOf } from './zones.ts'

export interface Link {
  /** Absolute, without fragment. */
  url: string
  /** Its name, without a count in an element of its own. */
  text: string
  rel: string
  zone: Zone
  /** What its address alone says. */
  kind: LinkKind
}

/** What a page says of itself and where it leads: plain data, which crosses from the reading thread to the run. */
export interface PageOutline {
  title: string
  heading: string
  /** Language tag of the page, or ''. */
  lang: string
  /** `<base href>` applied: what relative addresses refer to. */
  base: string
  links: Link[]
  /** rel=next of `<link>` or `<a>`. */
  next?: string
  /** `<link rel=canonical>` of the same host; a home page as the canonical form of another page is a template's mistake. */
  canonical?: string
  /** `<link rel=sitemap>`. */
  sitemaps: string[]
  /** Where `<meta http-equiv=refresh>` leads at once, if it is another address. */
  refresh?: string
}

/** What one walk over a page finds: the outline, and where the marks of products stand. */
export interface Outline extends PageOutline {
  /** Texts of JSON-LD scripts. */
  scripts: string[]
  /** Lower-case property or name -> first content. */
  meta: Map<string, string>
  /** The document, for who reads its marks. */
  root: Node
}

const MAX_LINKS = 5000
/** Nodes of one picture that are searched for scripts. */
const SVG_NODES = 2000
/** Choices of `<select>` that are looked at. */
const MAX_OPTIONS = 500
/** `<link>` elements that are looked at. */
const MAX_HEADS = 1000
/** Nodes of one heading that are searched for its text. */
const HEADING_NODES = 200
/** Nodes of one link without text that are searched for a picture's name. */
const LINK_NODES = 100

interface OutlineOptions {
  budget?: Budget
  /** `false` leaves out the links. */
  links?: boolean
}

/** Walks a page once. `url` is the address it was fetched from. */
export const outline = (
  html: string,
  url: string,
  { budget = createBudget(), links: hasLinks = true }: OutlineOptions = {},
): Outline => {
  const root = parseHtml(html, budget)
  const result: Outline = {
    title: '',
    heading: '',
    lang: '',
    base: url,
    links: [],
    sitemaps: [],
    scripts: [],
    meta: new Map(),
    root,
  }
  const anchors: { node: Node; zone: Zone }[] = []
  const options: { node: Node; zone: Zone }[] = []
  const heads: Node[] = []
  const cards = createCardFinder()
  let refresh: string | undefined
  walk<Zone>(root, 'plain', (node, above) => {
    const { name, attribs = NONE } = node
    if (!name) {
      if (hasLinks && node.data !== undefined) cards.text(node)
      return above
    }
    const zone = hasLinks ? zoneOf(node, above) : above
    switch (name) {
      case 'script':
        if (isLinkedData(node)) result.scripts.push(rawText(node))
        return skip
      case 'style':
        return skip
      case 'svg':
        // Of a picture that is not closed the page's scripts are part.
        walk(
          node,
          undefined,
          (child) => {
            if (child.name === 'script' && isLinkedData(child)) result.scripts.push(rawText(child))
            return undefined
          },
          SVG_NODES,
        )
        return skip
      case 'html':
        result.lang ||= attribs.lang ?? attribs['xml:lang'] ?? ''
        break
      case 'title':
        result.title ||= textOf(node, 500, HEADING_NODES, budget)
        break
      case 'h1':
        result.heading ||= nameOf(node, 500, budget)
        break
      case 'base':
        // The first one counts; a longer one than addresses are would be read again with every link.
        if (attribs.href && result.base === url && attribs.href.length <= 2048)
          result.base = absoluteUrl(attribs.href, url) ?? url
        break
      case 'meta': {
        const key = (attribs.property ?? attribs.name)?.trim().toLowerCase()
        if (key && attribs.content !== undefined && !result.meta.has(key)) result.meta.set(key, attribs.content)
        refresh ??= readRefresh(node)
        break
      }
      case 'link':
        if (heads.length < MAX_HEADS) heads.push(node)
        break
      case 'img':
      case 'picture':
        if (hasLinks) cards.picture(node)
        break
      case 'a':
        if (hasLinks && attribs.href !== undefined && anchors.length < MAX_LINKS) anchors.push({ node, zone })
        break
      case 'option':
        if (hasLinks && options.length < MAX_OPTIONS && /^(?:https?:\/\/|[/?])/.test(attribs.value ?? ''))
          options.push({ node, zone })
        break
    }
    return zone
  })
  // Addresses wait for the end of the walk, as those of links do.
  for (const { attribs = NONE } of heads) {
    const rel = ` ${attribs.rel?.toLowerCase() ?? ''} `
    const address = absoluteUrl(attribs.href, result.base)
    if (!address) continue
    if (rel.includes(' next ')) result.next ??= address
    if (rel.includes(' canonical ') && isSameSite(address, url) && !isHome(address, url)) result.canonical ??= address
    if (rel.includes(' sitemap ')) result.sitemaps.push(address)
  }
  const leadsOn = absoluteUrl(refresh, result.base)
  if (leadsOn && leadsOn !== absoluteUrl(url, url)) result.refresh = leadsOn
  if (hasLinks) {
    addLinks(result, anchors, { url, cards, budget })
    addPageChoices(result, options, { url, budget })
  }
  return result
}

/** Adds the links of a page with their names and zones. Addresses wait for this, since `<base>` may come late in a broken page. */
const addLinks = (
  result: Outline,
  anchors: { node: Node; zone: Zone }[],
  { url, cards, budget }: { url: string; cards: CardFinder; budget: Budget },
) => {
  const targetOf = createTargets(result.base, url)
  const links: FoundLink[] = []
  for (const { node, zone } of anchors) {
    const target = targetOf(node.attribs!.href!)
    if (target) links.push({ node, zone, target })
  }
  const zones = cards.zones(links)
  for (const [index, { node, target }] of links.entries()) {
    const rel = node.attribs!.rel?.toLowerCase() ?? ''
    if (rel.includes('next') && rel.split(/\s+/).includes('next')) result.next ??= target.url
    const text = nameOf(node, 200, budget) || labelOf(node)
    result.links.push({ url: target.url, text, rel, zone: zones[index]!, kind: target.kind })
  }
}

/** `2`, `Page 2`, `2 of 10`: what a choice of pages calls one of them. */
const PAGE_CHOICE = /^\D{0,20}?(\d{1,4})(?:\s{0,3}(?:\/|из|of|von|de|sur|di)\s{0,3}\d{1,5})?\D{0,3}$/i

/** Adds the pages of a listing that a `<select>` leads to. Other choices (sorting, shops, languages) are none. */
const addPageChoices = (
  result: Outline,
  options: { node: Node; zone: Zone }[],
  { url, budget }: { url: string; budget: Budget },
) => {
  const targetOf = createTargets(result.base, url)
  for (const { node, zone } of options) {
    const [, number] = PAGE_CHOICE.exec(nameOf(node, 50, budget)) ?? []
    const target = number === undefined ? undefined : targetOf(node.attribs!.value!)
    if (number && target) result.links.push({ url: target.url, text: number, rel: '', zone, kind: target.kind })
  }
}

const isLinkedData = ({ attribs }: Node) => /^\s{0,20}application\/ld\+json/i.test(attribs?.type ?? '')
const rawText = (node: Node) =>
  childrenOf(node)
    .map((child) => child.data ?? '')
    .join('')

/** The name of a link that shows no text: its label, title, or its picture's alt. */
const labelOf = (node: Node): string => {
  let label = node.attribs?.['aria-label'] ?? node.attribs?.title ?? ''
  let seen = 0
  if (!label)
    walk(node, undefined, (child) => {
      label = child.attribs?.alt ?? ''
      return label || ++seen > LINK_NODES ? stop : undefined
    })
  return tidy(label, 200)
}

/** Characters of a refresh that are read. */
const MAX_CONTENT = 4096
/** Slower ones reload a page or change its advertisements. Seconds. */
const MAX_DELAY = 10

/** The address in `<meta http-equiv=refresh content="0; URL=…">`; undefined for a reload, a slow one, and one for browsers without scripts. */
const readRefresh = (meta: Node): string | undefined => {
  const { attribs = NONE, parent } = meta
  if (attribs['http-equiv']?.trim().toLowerCase() !== 'refresh') return undefined
  if (parent?.name === 'noscript' || parent?.name === 'template') return undefined
  const content = (attribs.content ?? '').slice(0, MAX_CONTENT).trim()
  const delay = /^(\d{0,6})(?:\.\d{0,6})?\s{0,20}[;,\s]\s{0,20}(?:url\s{0,20}=\s{0,20})?/i.exec(content)
  if (!delay || Number(delay[1]) > MAX_DELAY) return undefined
  const rest = content.slice(delay[0].length)
  const quote = rest[0] === '"' || rest[0] === "'" ? rest[0] : ''
  const end = quote ? rest.indexOf(quote, 1) : -1
  return (quote ? rest.slice(1, end < 0 ? undefined : end) : rest).trim() || undefined
}
