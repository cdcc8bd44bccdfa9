import { NONE, type Node } from './dom.ts'
import type { Target } from './link-addresses.ts'
import { hasCardClass, type Zone } from './zones.ts'

/** What stands somewhere below an element, as bits of `Node.bits`. */
const LINK = 1
const PICTURE = 2
const PRICE = 4
const CURRENCY = 8
const NUMBER = 16
/** Set on an element whose children have been compared. */
const COMPARED = 32
/** Set on an element beside which stands another one of the same make that has a link and: */
const PRICED = 64
const PICTURED = 128
const CLASSED = 256

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
  zone: Zone
  target: Target
}

/** Sets a bit on a node and all above it; ends where it is set already, so that a page costs its number of nodes. */
const mark = (node: Node, bit: number) => {
  for (let at: Node | undefined = node; at && (at.bits & bit) === 0; at = at.parent) at.bits |= bit
}
const isPriced = ({ bits }: Node) => (bits & PRICE) !== 0 || (bits & (CURRENCY | NUMBER)) === (CURRENCY | NUMBER)

/**
 * A card is the nearest element around a link that has a price (else a picture, or a card's class) and stands beside another one of the same
 * make. Its main link is the product's: not the brand's or category's, which several cards share. Every step is linear in the page.
 */
export const createCardFinder = (): CardFinder => ({
  text({ data = '', parent }) {
    if (data === ' ' || !parent || data.length > MAX_TEXT) return
    const hasDigit = /\d/.test(data)
    if (!hasDigit && data.length > MAX_SIGN && data.trim().length > MAX_SIGN) return
    const { attribs = NONE } = parent
    if (MONEY.test(data)) mark(parent, hasDigit ? PRICE : CURRENCY)
    else if (hasDigit && PRICE_CLASS.test(`${attribs.class ?? ''} ${attribs.itemprop ?? ''}`.slice(0, 300))) mark(parent, PRICE)
    else if (hasDigit && /^[\s\d.,'’]+$/.test(data)) mark(parent, NUMBER)
  },
  picture: (node) => mark(node, PICTURE),
  zones(links) {
    for (const { node } of links) mark(node, LINK)
    const targets = targetsBelow(links)
    const makes = createMakes()
    const cards = links.map(({ node, zone }) => (zone === 'footer' ? undefined : cardOf(node, targets, makes)))
    const mains = mainTargets(links, cards, makes)
    return links.map(({ target, zone }, index) => {
      const card = cards[index]
      if (!card) return zone
      const isMain = mains.get(card.node) === target
      // Menus repeat links with pictures or with prices (filters) as well; only a whole card in one is a product's.
      if (zone === 'menu') return card.kind === 'priced' && isMain && (card.node.bits & PICTURE) !== 0 ? 'product' : zone
      if (card.kind === 'priced') return isMain ? 'product' : 'plain'
      if (zone === 'product') return isMain ? zone : 'plain'
      return isMain ? 'card' : zone
    })
  },
})

type Kind = 'priced' | 'pictured' | 'classed'
interface Card {
  node: Node
  kind: Kind
}

/** Pages that each element near a link leads to, up to one more than a card may have. */
const targetsBelow = (links: readonly FoundLink[]): Map<Node, Target[]> => {
  const targets = new Map<Node, Target[]>()
  for (const { node, target } of links) {
    let at: Node | undefined = target.isPage ? node : undefined
    for (let level = 0; at && level <= MAX_LEVELS; level++, at = at.parent) {
      const known = targets.get(at)
      if (!known) targets.set(at, [target])
      else if (known.length <= MAX_TARGETS && !known.includes(target)) known.push(target)
    }
  }
  return targets
}

/** Gives elements of one make (name and first class, numbers aside) one number. */
type Makes = (node: Node) => number
const createMakes = (): Makes => {
  const numbers = new Map<string, number>()
  /** By class and name as they are written, which are repeated. */
  const written = new Map<string, number>()
  return ({ name, attribs: { class: classes = '' } = NONE }) => {
    const mark = `${name} ${classes}`
    let number = written.get(mark)
    if (number === undefined) {
      const first = classes.trim().slice(0, 100).split(/\s/, 1)[0]!
      const make = `${name} ${first.replace(/\d+/g, '#')}`
      number = numbers.get(make) ?? numbers.size
      numbers.set(make, number)
      if (mark.length < 200) written.set(mark, number)
    }
    return number
  }
}

/** Compares the children of an element, once: those with links that stand beside another one of their make are noted, by kind. */
const compareChildren = (parent: Node, makes: Makes) => {
  if ((parent.bits & COMPARED) !== 0) return
  parent.bits |= COMPARED
  const alike: { node: Node; make: number; kinds: number }[] = []
  /** By make: the kinds of which there is one, and those of which there are more. */
  const once = new Map<number, number>()
  const more = new Map<number, number>()
  for (let node = parent.first; node; node = node.next) {
    if (!node.name || (node.bits & LINK) === 0) continue
    const kinds =
      (isPriced(node) ? PRICED : 0) | ((node.bits & PICTURE) !== 0 ? PICTURED : 0) | (hasCardClass(node) ? CLASSED : 0)
    if (kinds === 0) continue
    const make = makes(node)
    const before = once.get(make) ?? 0
    if ((before & kinds) !== 0) more.set(make, (more.get(make) ?? 0) | (before & kinds))
    once.set(make, before | kinds)
    alike.push({ node, make, kinds })
  }
  for (const { node, make, kinds } of alike) node.bits |= kinds & (more.get(make) ?? 0)
}

/** The nearest priced card around a link, else the nearest with a picture or a card's class. */
const cardOf = (link: Node, targets: Map<Node, Target[]>, makes: Makes): Card | undefined => {
  let weak: Card | undefined
  let at: Node | undefined = link
  for (let level = 0; at && level <= MAX_LEVELS; level++, at = at.parent) {
    if (!at.name || at.name === 'body' || at.name === 'main' || (targets.get(at)?.length ?? 0) > MAX_TARGETS) break
    if (at.parent) compareChildren(at.parent, makes)
    if ((at.bits & PRICED) !== 0) return { node: at, kind: 'priced' }
    if (weak?.kind === 'pictured') continue
    if ((at.bits & PICTURED) !== 0) weak = { node: at, kind: 'pictured' }
    else if (!weak && (at.bits & CLASSED) !== 0) weak = { node: at, kind: 'classed' }
  }
  return weak
}

/** For each card the page that it is about: the one that the fewest cards beside it lead to, then the one it links most often, then the first. */
const mainTargets = (links: readonly FoundLink[], cards: (Card | undefined)[], makes: Makes): Map<Node, Target> => {
  /** Links of each card by where they lead, in page order. */
  const inCard = new Map<Node, Map<Target, number>>()
  for (const [index, { target }] of links.entries()) {
    const node = cards[index]?.node
    if (!node || !target.isPage) continue
    const counts = inCard.get(node)
    if (counts) counts.set(target, (counts.get(target) ?? 0) + 1)
    else inCard.set(node, new Map([[target, 1]]))
  }
  /** By list of cards and make: how many cards lead to a page. */
  const shared = new Map<Node, Map<number, Map<Target, number>>>()
  const sharedOf = (card: Node): Map<Target, number> => {
    const ofList = getOrMake(shared, card.parent!, () => new Map<number, Map<Target, number>>())
    return getOrMake(ofList, makes(card), () => new Map<Target, number>())
  }
  for (const [node, counts] of inCard) {
    const known = sharedOf(node)
    for (const target of counts.keys()) known.set(target, (known.get(target) ?? 0) + 1)
  }
  const mains = new Map<Node, Target>()
  for (const [node, counts] of inCard) {
    const known = sharedOf(node)
    let best: { target: Target; cards: number; links: number } | undefined
    for (const [target, number] of counts) {
      const cardsOf = known.get(target)!
      if (!best || cardsOf < best.cards || (cardsOf === best.cards && number > best.links))
        best = { target, cards: cardsOf, links: number }
    }
    mains.set(node, best!.target)
  }
  return mains
}

const getOrMake = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
