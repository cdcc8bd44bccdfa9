import { isSoldOut, type StatedPrice, stated } from './offers.ts'
import { schemaWord } from './product.ts'

type Thing = Record<string, any>
type Follow = (thing: any) => any

const listOf = (value: unknown): any[] => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value])
const word = (value: unknown) => schemaWord(listOf(value)[0])

/** Price types of schema.org that are not what a buyer pays now. */
const LIST_TYPE = /^(?:ListPrice|StrikethroughPrice|RegularPrice|SRP|MSRP|MinimumAdvertisedPrice|InvoicePrice)$/i
/** Specifications that are no price of the product. */
const CHARGE = /^(?:Delivery|Payment)ChargeSpecification$/
/** Unit codes of UN/CEFACT for a piece. */
const PIECE = /^(?:C62|H87|EA|PCE|NAR|PR|SET|XPK)$/i
/** Specifications of one offer that are looked at. */
const MAX_SPECIFICATIONS = 20

const isAside = (thing: Thing, follow: Follow): boolean => {
  const quantity = follow(listOf(thing.referenceQuantity)[0])
  const least = Number(follow(listOf(thing.eligibleQuantity)[0])?.minValue ?? 1)
  return (
    (quantity &&
      typeof quantity === 'object' &&
      !(PIECE.test(String(quantity.unitCode ?? 'C62')) && Number(quantity.value ?? 1) === 1)) ||
    least > 1 ||
    [thing.billingDuration, thing.billingIncrement, thing.priceComponentType, thing.validForMemberTier].some(
      (value) => value !== undefined && value !== null,
    ) ||
    /LeaseOut/.test(String(thing.businessFunction ?? ''))
  )
}

/** What one offer of a JSON-LD product states: its own price, the lowest of an aggregate, and its price specifications. */
const ofOffer = (offer: Thing, follow: Follow): StatedPrice[] => {
  const availability = word(offer.availability)
  const currency = stated(follow(offer.priceCurrency))
  const own = stated(offer.price) ?? stated(offer.lowPrice)
  const specifications = listOf(offer.priceSpecification)
    .slice(0, MAX_SPECIFICATIONS)
    .map(follow)
    .filter((terms) => terms && typeof terms === 'object')
  // A specification of the same price says what it is for: a month, a unit.
  const isQualified = specifications.some((terms) => isAside(terms, follow) && Number(stated(terms.price)) === Number(own))
  const kind = isQualified || isAside(offer, follow) ? 'aside' : undefined
  const withTax = specifications.some((terms) => terms.valueAddedTaxIncluded === true)
  return [
    ...(own === undefined ? [] : [{ price: own, currency, availability, kind } as const]),
    ...specifications.flatMap((terms): StatedPrice[] => {
      if (CHARGE.test(word(terms['@type']) ?? '')) return []
      const price = stated(terms.price) ?? stated(terms.minPrice)
      if (price === undefined) return []
      const isPartial = kind !== undefined || isAside(terms, follow) || (withTax && terms.valueAddedTaxIncluded === false)
      return [
        {
          price,
          currency: stated(terms.priceCurrency) ?? currency,
          availability,
          kind: LIST_TYPE.test(word(terms.priceType) ?? '') ? 'list' : isPartial ? 'aside' : undefined,
        },
      ]
    }),
  ]
}

/** Every price that the offers of a product state; `nested` gives the offers of an aggregate. */
export const statedInOffers = (offers: any[], nested: (offer: Thing) => any[], follow: Follow): StatedPrice[] =>
  offers.flatMap((offer): StatedPrice[] => {
    if (!offer || typeof offer !== 'object') return []
    const below = nested(offer).filter((one) => one && typeof one === 'object')
    const single = below.flatMap((one) => ofOffer(one, follow))
    const own = ofOffer(offer, follow)
    // The lowest price of an aggregate may be that of an offer that is sold out.
    const isDoubtful =
      single.some(({ availability }) => isSoldOut(availability)) && single.some(({ availability }) => !isSoldOut(availability))
    return [...own.map((entry) => (isDoubtful ? { ...entry, kind: entry.kind ?? ('list' as const) } : entry)), ...single]
  })
