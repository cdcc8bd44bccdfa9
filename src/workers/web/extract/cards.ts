import type { Node } from './dom.ts'
import { hasCardClass, type Zone } from './zones.ts'

/** What stands somewhere below an element, as bits. */
const LINK = 1
const PICTURE = 2
const PRICE = 4
const CURRENCY = 8
const NUMBER = 16

/** Levels above a link that are looked at for its card. */
const MAX_LEVELS = 10
/** Pages that one card may lead to: the product, its brand, reviews, colours. */
const MAX_TARGETS = 6
const MAX_TEXT = 200
/** A sign or word of a currency that stands alone. */
const MAX_SIGN = 10

const MONEY =
  /\p{Sc}|(?<![\p{L}])(?:руб|р|грн|тенге|тг|сум|kč|zł|kr|ft|lei|лв|usd|eur|rub|gbp|uah|kzt|byn|pln|czk|chf|sek|nok|dkk|inr|try|rs|rp|rm)(?![\p{L}])/iu
const PRICE_CLASS = /price|cena|tsena|цена|amount/i

/** Notes prices and pictures while a page is walked, then finds which links belong to which card. */
export interface CardFinder {
  text(node: Node): void
  picture(node: Node): void
  /** The zone of each link, given the zone by class. */
  zones(links: readonly FoundLink[]): Zone[]
}

export interface FoundLink {
  node: Node
  url: string
  zone: Zone
  /** It leads to another page of the shop, not to a cart, a search or this page itself. */
  isPage: boolean
}

/**
 * A card is the nearest element around a link that has a price (else a picture, or a card's class) and stands beside another one of the same
 * make. Its main link is the product's: not the brand's or category's, which several cards share. Every step is linear in the page.
 */
export const createCardFinder = (): CardFinder => {
  const below = new Map<Node, number>()

  /** Sets a bit on a node and all above it; ends where it is set already, so that a page costs its number of nodes. */
  const mark = (node: Node, bit: number) => {
    for (let at: Node | null | undefined = node; at; at = at.parent) {
      const bits = below.get(at) ?? 0
      if ((bits & bit) === bit) return
      below.set(at, bits | bit)
    }
  }

  const isPriced = (node: Node) => {
    const bits = below.get(node) ?? 0
    return (bits & PRICE) !== 0 || (bits & (CURRENCY | NUMBER)) === (CURRENCY | NUMBER)
  }

  return {
    text(node) {
      const text = node.data ?? ''
      if (!node.parent || text.length > MAX_TEXT) return
      const hasDigit = /\d/.test(text)
      if (!hasDigit && text.trim().length > MAX_SIGN) return
      if (MONEY.test(text)) mark(node.parent, hasDigit ? PRICE : CURRENCY)
      else if (
        hasDigit &&
        PRICE_CLASS.test(`${node.parent.attribs?.class ?? ''} ${node.parent.attribs?.itemprop ?? ''}`.slice(0, 300))
      )
        mark(node.parent, PRICE)
      else if (hasDigit && /^[\s\d.,'’]+$/.test(text)) mark(node.parent, NUMBER)
    },
    picture: (node) => mark(node, PICTURE),
    zones(links) {
      for (const { node } of links) mark(node, LINK)
      const targets = targetsBelow(links)
      const alike = createPeers(below, isPriced)
      const cards = links.map(({ node, zone }) => (zone === 'footer' ? undefined : cardOf(node, targets, alike)))
      const mains = mainTargets(links, cards, alike)
      return links.map(({ url, zone }, index) => {
        const card = cards[index]
        if (!card) return zone
        const isMain = mains.get(card.node) === url
        // Menus repeat links with pictures or with prices (filters) as well; only a whole card in one is a product's.
        if (zone === 'menu')
          return card.kind === 'priced' && isMain && ((below.get(card.node) ?? 0) & PICTURE) !== 0 ? 'product' : zone
        if (card.kind === 'priced') return isMain ? 'product' : 'plain'
        if (zone === 'product') return isMain ? zone : 'plain'
        return isMain ? 'card' : zone
      })
    },
  }
}

type Kind = 'priced' | 'pictured' | 'classed'
interface Card {
  node: Node
  kind: Kind
}

/** Pages that each element near a link leads to, up to one more than a card may have. */
const targetsBelow = (links: readonly FoundLink[]): Map<Node, Set<string>> => {
  const targets = new Map<Node, Set<string>>()
  for (const { node, url, isPage } of links) {
    let at: Node | null | undefined = isPage ? node : undefined
    for (let level = 0; at && level <= MAX_LEVELS; level++, at = at.parent) {
      const known = targets.get(at)
      if (!known) targets.set(at, new Set([url]))
      else if (known.size <= MAX_TARGETS) known.add(url)
    }
  }
  return targets
}

interface Peers {
  /** How many elements of this make, with what the kind asks for, stand beside each other here; the element counts. */
  count(node: Node, kind: Kind): number
  signature(node: Node): string
  has(node: Node, kind: Kind): boolean
}

const createPeers = (below: Map<Node, number>, isPriced: (node: Node) => boolean): Peers => {
  /** By parent: make and kind -> number. */
  const counts = new Map<Node, Map<string, number>>()
  const signature = (node: Node) => {
    const first = (node.attribs?.class ?? '').trim().slice(0, 100).split(/\s/, 1)[0]!
    return `${node.name} ${first.replace(/\d+/g, '#')}`
  }
  const has = (node: Node, kind: Kind) => {
    const bits = below.get(node) ?? 0
    if ((bits & LINK) === 0) return false
    if (kind === 'priced') return isPriced(node)
    return kind === 'pictured' ? (bits & PICTURE) !== 0 : hasCardClass(node)
  }
  const kinds: Kind[] = ['priced', 'pictured', 'classed']
  return {
    signature,
    has,
    count(node, kind) {
      const { parent } = node
      if (!parent) return 0
      let known = counts.get(parent)
      if (!known) {
        known = new Map()
        for (const child of parent.children ?? []) {
          if (!child.name) continue
          for (const one of kinds) {
            if (!has(child, one)) continue
            const key = `${one} ${signature(child)}`
            known.set(key, (known.get(key) ?? 0) + 1)
          }
        }
        counts.set(parent, known)
      }
      return known.get(`${kind} ${signature(node)}`) ?? 0
    },
  }
}

/** The nearest priced card around a link, else the nearest with a picture or a card's class. */
const cardOf = (link: Node, targets: Map<Node, Set<string>>, peers: Peers): Card | undefined => {
  let weak: Card | undefined
  let at: Node | null | undefined = link
  for (let level = 0; at && level <= MAX_LEVELS; level++, at = at.parent) {
    if (!at.name || at.name === 'body' || at.name === 'main' || (targets.get(at)?.size ?? 0) > MAX_TARGETS) break
    if (peers.has(at, 'priced') && peers.count(at, 'priced') > 1) return { node: at, kind: 'priced' }
    if (weak?.kind === 'pictured') continue
    if (peers.has(at, 'pictured') && peers.count(at, 'pictured') > 1) weak = { node: at, kind: 'pictured' }
    else if (!weak && peers.has(at, 'classed') && peers.count(at, 'classed') > 1) weak = { node: at, kind: 'classed' }
  }
  return weak
}

/** For each card the page that it is about: the one that the fewest cards beside it lead to, then the one it links most often, then the first. */
const mainTargets = (links: readonly FoundLink[], cards: (Card | undefined)[], peers: Peers): Map<Node, string> => {
  /** Links of each card by address, in page order. */
  const inCard = new Map<Node, Map<string, number>>()
  for (const [index, { url, isPage }] of links.entries()) {
    const node = cards[index]?.node
    if (!node || !isPage) continue
    const counts = inCard.get(node) ?? new Map<string, number>()
    counts.set(url, (counts.get(url) ?? 0) + 1)
    inCard.set(node, counts)
  }
  /** By list of cards: address -> number of cards that lead to it. */
  const shared = new Map<Node, Map<string, number>>()
  const keyOf = (node: Node, url: string) => `${peers.signature(node)} ${url}`
  for (const [node, counts] of inCard) {
    const parent = node.parent!
    const known = shared.get(parent) ?? new Map<string, number>()
    for (const url of counts.keys()) known.set(keyOf(node, url), (known.get(keyOf(node, url)) ?? 0) + 1)
    shared.set(parent, known)
  }
  const mains = new Map<Node, string>()
  for (const [node, counts] of inCard) {
    let best: { url: string; cards: number; links: number } | undefined
    for (const [url, number] of counts) {
      const cardsOf = shared.get(node.parent!)!.get(keyOf(node, url))!
      if (!best || cardsOf < best.cards || (cardsOf === best.cards && number > best.links))
        best = { url, cards: cardsOf, links: number }
    }
    mains.set(node, best!.url)
  }
  return mains
}
