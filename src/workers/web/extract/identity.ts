import { comparable, productAddress } from './address.ts'
import type { Candidate } from './product.ts'
import { remembering } from './remember.ts'

/** What a page says of itself, against which its marks are held. */
export interface PageFacts {
  /** Where it was fetched. */
  url: string
  base: string
  canonical?: string
  title: string
  heading: string
  /** og:title and og:url. */
  graphTitle?: string
  graphUrl?: string
  /** It calls itself a list of products. */
  isGroup: boolean
}

/** A candidate with its address as its marks name it. */
export interface Marked {
  candidate: Candidate
  /** Absolute, of this shop, no home page. */
  address?: string
  /** `address` in the form in which it is compared. */
  addressKey?: string
  /** Why the address that a mark names is not taken. */
  problem?: string
}

/** The marks of one syntax: the page's own product, if one is, and the others. */
export interface Sorted {
  own?: Marked
  /** How sure it is that `own` is: a page about it names it so, address, name, place. */
  evidence: number
  others: Marked[]
}

/** A name in which case, punctuation and blanks do not count. */
export const nameKey = (name: string | undefined): string => (name ? keyOf(name) : '')
const keyOf = remembering(
  (name) =>
    name
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim(),
  2000,
)

/** Fills what `target` lacks. Price, currency and remark belong together. */
export const complete = (target: Candidate, from: Candidate): Candidate => {
  const result: Candidate = { ...target, facts: { ...from.facts, ...target.facts } }
  for (const key of ['name', 'id', 'url', 'page', 'offerUrl', 'description', 'brand', 'seller', 'category'] as const)
    result[key] ??= from[key]
  result.images = [...(target.images ?? []), ...(from.images ?? [])].slice(0, 20)
  if (result.price === undefined && from.price !== undefined) {
    Object.assign(result, { price: from.price, currency: from.currency ?? result.currency, priceRemark: undefined })
    // The availability that was taken over may be that of the mark without a price.
    if (from.facts.availability !== undefined) result.facts.availability = from.facts.availability
  } else if (result.price === from.price) result.currency ??= from.currency
  if (result.price === undefined) result.priceRemark ??= from.priceRemark
  if (from.isAggregate) result.isAggregate ??= true
  if (from.isMain) result.isMain = true
  if (from.isListed !== true) result.isListed = false
  return result
}

const PROBLEMS = { home: 'its address is the home page', host: 'its address is on another host' }

const addressOf = (candidate: Candidate, facts: PageFacts): Pick<Marked, 'address' | 'addressKey' | 'problem'> => {
  let problem: string | undefined
  for (const value of [candidate.url, candidate.page, candidate.offerUrl]) {
    const address = productAddress(value, facts.base, facts.url)
    if (address === 'home' || address === 'host') problem ??= PROBLEMS[address]
    else if (address) return { address, addressKey: comparable(address) }
  }
  return problem ? { problem } : {}
}

/** An `@id` may be an address: for a product that has no other and is not the page's own. */
const withIdentity = (mark: Marked, facts: PageFacts): Marked => {
  const { id = '' } = mark.candidate
  const address = !mark.address && /^(?:https?:|\/)/i.test(id) ? productAddress(id, facts.base, facts.url) : undefined
  if (!address || address === 'home' || address === 'host') return mark
  const addressKey = comparable(address)
  // The page's own address says only that the thing is described there, like other things.
  return addressKey === comparable(facts.url) ? mark : { ...mark, address, addressKey }
}

/** Two marks of one `@id`, or of one name without different addresses, are one product. */
const merge = (candidates: Candidate[], facts: PageFacts): Marked[] => {
  const merged: (Marked | undefined)[] = []
  const byId = new Map<string, number>()
  const byName = new Map<string, number[]>()
  const join = (index: number, candidate: Candidate) => {
    const known = merged[index]!
    known.candidate = complete(known.candidate, candidate)
    Object.assign(known, { problem: undefined }, addressOf(known.candidate, facts))
  }
  for (const candidate of candidates) {
    const own = addressOf(candidate, facts)
    const key = nameKey(candidate.name)
    const ofId = candidate.id === undefined ? undefined : byId.get(candidate.id)
    const isSame = (index: number) => {
      const { addressKey } = merged[index]!
      return !addressKey || !own.addressKey || addressKey === own.addressKey
    }
    const same = ofId ?? (key ? byName.get(key)?.find(isSame) : undefined)
    if (same !== undefined && (ofId === undefined || isSame(ofId))) {
      join(same, candidate)
      continue
    }
    const index = merged.push({ candidate, ...own }) - 1
    if (candidate.id !== undefined && !byId.has(candidate.id)) byId.set(candidate.id, index)
    if (!key) continue
    const named = byName.get(key)
    if (!named) byName.set(key, [index])
    // Of many goods of one name the first few are compared.
    else if (named.length < MAX_SAME_NAME) named.push(index)
  }
  return merged as Marked[]
}
const MAX_SAME_NAME = 20

/**
 * Tells which of the marks of one syntax is the product that the page is about. Its address, `mainEntity`, its `@id`, the page's heading and
 * title say so; a product without an address beside others that have one is it, too.
 */
export const sortMarks = (candidates: Candidate[], facts: PageFacts, hasGraph: boolean): Sorted => {
  const marks = merge(candidates, facts)
  const pages = new Set([facts.url, facts.canonical].flatMap((address) => (address ? [comparable(address)] : [])))
  const isPage = (value: string | undefined) => {
    const address = productAddress(value, facts.base, facts.url)
    return address !== undefined && address !== 'home' && address !== 'host' && pages.has(comparable(address))
  }
  const isIdentified = ({ id }: Candidate) => id !== undefined && !id.startsWith('#') && !id.startsWith('_:') && isPage(id)
  const identifiedHere = marks.filter(({ candidate }) => isIdentified(candidate)).length
  const heading = nameKey(facts.heading)
  const titles = [heading, nameKey(facts.graphTitle)].filter(Boolean)
  const title = nameKey(facts.title)
  const homeless = marks.filter(({ address, candidate }) => !address && candidate.name)
  const unlisted = homeless.filter(({ candidate }) => candidate.isListed !== true).length
  const named = marks.filter(({ candidate }) => candidate.name)
  const isAlone = named.length === 1
  const areOthersPlaced = named.length > homeless.length
  const evidenceOf = (mark: Marked): number => {
    const { candidate, address, addressKey } = mark
    const key = nameKey(candidate.name)
    const isListed = candidate.isListed === true
    const isHere = addressKey !== undefined && pages.has(addressKey)
    if (candidate.isMain && (!address || isHere)) return 100
    if (isHere || isPage(candidate.page)) return 90
    if (isIdentified(candidate) && identifiedHere === 1) return isListed ? 30 : 80
    if (!key) return marks.length === 1 && hasGraph && !isListed ? 20 : 0
    if (address) {
      if (isListed || facts.isGroup) return 0
      if (titles.includes(key)) return 60
      if (isAlone && (hasGraph || titles.some((one) => contains(one, key)) || (!heading && contains(title, key)))) return 45
      // Nothing says what the page is called: what it holds is its own if it says where it stands.
      return isAlone && !title && titles.length === 0 && facts.canonical ? 15 : 0
    }
    // A list that calls itself a product.
    if (facts.isGroup && candidate.isAggregate) return 0
    if (titles.includes(key)) return 70
    if (titles.some((one) => contains(one, key)) || contains(title, key)) return 55
    if (!isListed && areOthersPlaced && homeless.length === 1 && !facts.isGroup) return 40
    if (heading && contains(key, heading) && !isListed && !facts.isGroup) return 35
    if (isListed && withIdentity(mark, facts).address) return 0
    if (isAlone && homeless.length === 1 && !facts.isGroup) return 30
    if (!isListed && !facts.isGroup && unlisted === 1) return 25
    return 0
  }
  let own: Marked | undefined
  let evidence = 0
  for (const mark of marks) {
    const found = evidenceOf(mark)
    if (found > evidence || (found === evidence && found > 0 && isBetter(mark, own!, heading))) {
      own = mark
      evidence = found
    }
  }
  return { own, evidence, others: marks.filter((mark) => mark !== own).map((mark) => withIdentity(mark, facts)) }
}

/** Of two marks with the same evidence: the one of the page's heading, or with a price. */
const isBetter = (mark: Marked, other: Marked, heading: string): boolean => {
  const score = ({ candidate }: Marked) =>
    (nameKey(candidate.name) === heading ? 4 : 0) + (candidate.price !== undefined ? 2 : 0) + (candidate.isListed ? 0 : 1)
  return score(mark) > score(other)
}

/** Whether all words of `part` stand together in `whole`. */
export const contains = (whole: string, part: string): boolean => part !== '' && ` ${whole} `.includes(` ${part} `)

/**
 * The address of the page's own product: the canonical link, what its marks name, og:url, the page's address. None of them is trusted if it
 * is a home page or of another host.
 */
export const ownAddress = ({ candidate, address }: Marked, facts: PageFacts): string => {
  const canonical = productAddress(facts.canonical, facts.base, facts.url)
  const graph = productAddress(facts.graphUrl, facts.base, facts.url)
  const trusted = (value: string | undefined): value is string => value !== undefined && value !== 'home' && value !== 'host'
  if (trusted(canonical)) return canonical
  const isOfOffer = !productTrusted(candidate.url, facts) && !productTrusted(candidate.page, facts)
  if (address && !isOfOffer) return address
  return trusted(graph) ? graph : (address ?? facts.url)
}
const productTrusted = (value: string | undefined, facts: PageFacts) => {
  const address = productAddress(value, facts.base, facts.url)
  return address !== undefined && address !== 'home' && address !== 'host'
}
