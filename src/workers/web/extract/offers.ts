import { currencyIn, type PriceHints, readPrice } from '../../../platform/price.ts'
import { plainText } from './product.ts'
import { remembering } from './remember.ts'

/** One price that a page states, as found, with what it says of it. */
export interface StatedPrice {
  /** A number, or a text with a number in it. */
  price: unknown
  currency?: unknown
  /** `InStock`, `OutOfStock`, ... */
  availability?: string | undefined
  /**
   * `list`: what it cost before, or elsewhere. `ended`: a price whose time is over or has not come. `aside`: not what one piece costs
   * everybody: per unit, per month, for members.
   */
  kind?: 'list' | 'ended' | 'aside' | undefined
}
export interface ChosenPrice {
  price?: number
  currency?: string | undefined
  availability?: string | undefined
  /** Why a price that the page states was not read. */
  remark?: string
}

const SOLD_OUT = /^(?:out[\s_-]?of[\s_-]?stock|oos|sold[\s_-]?out|discontinued|unavailable|нет в наличии)$/i
export const isSoldOut = (availability: string | undefined) => availability !== undefined && SOLD_OUT.test(availability.trim())
/** What templates print where they have no value. */
const NOTHING = /^(?:null|undefined|none|nan|n\/a|-)?$/i
const REMARKS = {
  ambiguous: 'it could mean thousands or decimals',
  currency: 'its currency is not known',
  none: 'it holds no price',
}

interface Reading extends StatedPrice {
  value: number
  code: string | undefined
}

/** The first value that says something: of a list, of `{"@value": ...}`. */
export const stated = (...values: unknown[]): unknown => {
  for (const value of values.flat()) {
    const inner = value && typeof value === 'object' ? ((value as Record<string, unknown>)['@value'] ?? undefined) : value
    if (typeof inner === 'number') return inner
    if (typeof inner === 'string' && !NOTHING.test(inner.trim())) return inner
  }
  return undefined
}

/** What names of currencies stand for, by the hints of the page: a shop has one or two, on every page. */
const currencies = remembering((key) => {
  const [text, locale, host, usual] = JSON.parse(key)
  return currencyIn(text, { locale: locale ?? undefined, host: host ?? undefined, usual: usual ?? undefined })
})
const currencyOf = (text: string, { locale, host, usual }: PriceHints) => currencies(JSON.stringify([text, locale, host, usual]))
/** A price as templates write it for machines. Of these nothing but the number can be read. */
const BARE = /^\d{1,12}(?:\.\d{1,2})?$/

const read = (entry: StatedPrice, others: unknown, hints: PriceHints): Reading | keyof typeof REMARKS => {
  const named = stated(entry.currency) ?? others
  const text = typeof named === 'string' ? named : undefined
  const code = text === undefined ? undefined : currencyOf(text, hints)
  const isUnknown = text !== undefined && code === undefined
  if (typeof entry.price === 'number') {
    if (!Number.isFinite(entry.price) || entry.price < 0) return 'none'
    return isUnknown ? 'currency' : { ...entry, value: entry.price, code }
  }
  const price = plainText(entry.price, 1000) ?? ''
  if (code !== undefined && BARE.test(price)) return { ...entry, value: Number(price), code }
  let found = readPrice(price, code, hints)
  // The source says what its prices are in where the page does not.
  if (found === 'ambiguous' && hints.usual) found = readPrice(price, hints.usual, hints)
  if (typeof found === 'string') return found
  if (found.price < 0) return 'none'
  if (isUnknown && found.currency === undefined) return 'currency'
  return { ...entry, value: found.price, code: code ?? found.currency }
}

const KIND_RANK = { list: 1, ended: 2, aside: 3 }
/** Lower is better: something to pay, that can be bought, at the price of now. */
const rank = ({ value, availability, kind }: Reading) =>
  (value > 0 ? 0 : 100) + (isSoldOut(availability) ? 10 : 0) + (kind ? KIND_RANK[kind] : 0)

/**
 * The price at which a product can be bought now: of all that a page states the lowest that is no list price, of an offer that is not sold
 * out. Without a readable price a remark says why.
 */
export const choosePrice = (entries: StatedPrice[], hints: PriceHints): ChosenPrice => {
  const currency = stated(...entries.map((entry) => entry.currency))
  const readings: Reading[] = []
  let unread: { entry: StatedPrice; problem: keyof typeof REMARKS } | undefined
  for (const entry of entries) {
    if (stated(entry.price) === undefined) continue
    const reading = read({ ...entry, price: stated(entry.price) }, currency, hints)
    if (typeof reading !== 'string') readings.push(reading)
    // A text without a digit (`on request`) states no price.
    else if (/\d/.test(String(entry.price)) && !entry.kind) unread ??= { entry, problem: reading }
  }
  const best = Math.min(...readings.map(rank))
  const among = readings.filter((reading) => rank(reading) === best)
  const code = among.some((reading) => reading.code === hints.usual) ? hints.usual : among[0]?.code
  const [chosen] = among.filter((reading) => reading.code === code).sort((a, b) => a.value - b.value)
  // A list price does not stand in for a price that could not be read.
  if (unread && (!chosen || chosen.kind || chosen.value === 0))
    return { remark: `price "${String(stated(unread.entry.price)).slice(0, 80)}": ${REMARKS[unread.problem]}` }
  if (!chosen) return {}
  return { price: chosen.value, currency: chosen.code, availability: chosen.availability }
}
