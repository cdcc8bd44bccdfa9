import { isSoldOut, type StatedPrice, stated } from './offers.ts'
import { schemaWord } from './product.ts'
import { type Follow, first, listOf, type Thing } from './things.ts'

const word = (value: unknown) => {
  const one = first(value)
  return schemaWord(one && typeof one === 'object' ? (one['@id'] ?? one['@value']) : one)
}

/** Price types of schema.org that are not what a buyer pays now. */
const LIST_TYPE = /^(?:ListPrice|StrikethroughPrice|RegularPrice|SRP|MSRP|MinimumAdvertisedPrice|InvoicePrice)$/i
/** Specifications that are no price of the product. */
const CHARGE = /^(?:Delivery|Payment)ChargeSpecification$/
/** Unit codes of UN/CEFACT for a piece. */
const PIECE = /^(?:C62|H87|EA|PCE|NAR|PR|SET|XPK)$/i
/** Specifications of one offer that are looked at. */
const MAX_SPECIFICATIONS = 20

const isAside = (thing: Thing, follow: Follow): boolean => {
  const quantity = follow(first(thing.referenceQuantity))
  const least = Number(first(follow(first(thing.eligibleQuantity))?.minValue) ?? 1)
  return (
    (quantity &&
      typeof quantity === 'object' &&
      !(PIECE.test(String(first(quantity.unitCode) ?? 'C62')) && Number(first(quantity.value) ?? 1) === 1)) ||
    least > 1 ||
    [thing.billingDuration, thing.billingIncrement, thing.priceComponentType, thing.validForMemberTier].some(
      (value) => value !== undefined && value !== null,
    ) ||
    /LeaseOut/.test(String(first(thing.businessFunction) ?? '').slice(0, 300))
  )
}

const DAY_MS = 86_400_000
/** Whether a price with these terms is over, or has not begun; a day holds to its end everywhere. */
const isOutOfDate = (terms: Thing, now: number | undefined): boolean => {
  if (now === undefined) return false
  const time = (...values: unknown[]) =>
    Date.parse(String(values.map((value) => stated(value)).find((one) => typeof one === 'string')))
  return (
    time(terms.priceValidUntil, terms.validThrough, terms.availabilityEnds) + DAY_MS < now || time(terms.validFrom) - DAY_MS > now
  )
}
const isTrue = (value: unknown) => /^(?:.*[/#])?true$/i.test(String(first(value)).slice(0, 100))
const isFalse = (value: unknown) => /^(?:.*[/#])?false$/i.test(String(first(value)).slice(0, 100))
/** Prices of one offer that are looked at: microdata may show the old one beside the new one. */
const MAX_PRICES = 20
const allStated = (value: unknown): unknown[] =>
  listOf(value)
    .slice(0, MAX_PRICES)
    .map((one) => stated(one))
    .filter((one) => one !== undefined)

/** A compound price of one component is that component. */
const onlyComponent = (terms: Thing, follow: Follow): Thing => {
  const components = listOf(terms.priceComponent)
  const component = components.length === 1 && stated(terms.price) === undefined ? follow(components[0]) : undefined
  return component && typeof component === 'object' ? component : terms
}

/** What one offer states: its own prices, else the lowest of an aggregate, and its price specifications. */
const ofOffer = (offer: Thing, follow: Follow, now: number | undefined): StatedPrice[] => {
  const availability = word(offer.availability)
  const currency = stated(follow(first(offer.priceCurrency)))
  const prices = allStated(offer.price)
  const owns = prices.length > 0 ? prices : allStated(offer.lowPrice)
  const own = owns[0]
  const specifications = [...listOf(offer.priceSpecification), ...listOf(offer.price)]
    .slice(0, MAX_SPECIFICATIONS)
    .map(follow)
    .filter((terms) => terms && typeof terms === 'object' && terms['@value'] === undefined)
    .map((terms) => onlyComponent(terms, follow))
  // A specification of the same price says what it is for: a month, a unit.
  const isQualified = specifications.some((terms) => isAside(terms, follow) && Number(stated(terms.price)) === Number(own))
  const kind = isQualified || isAside(offer, follow) ? 'aside' : isOutOfDate(offer, now) ? 'ended' : undefined
  const withTax = specifications.some((terms) => isTrue(terms.valueAddedTaxIncluded))
  return [
    ...owns.map((price) => ({ price, currency, availability, kind }) as const),
    ...specifications.flatMap((terms): StatedPrice[] => {
      if (CHARGE.test(word(terms['@type']) ?? '')) return []
      const price = stated(terms.price) ?? stated(terms.minPrice)
      if (price === undefined) return []
      const isPartial = kind === 'aside' || isAside(terms, follow) || (withTax && isFalse(terms.valueAddedTaxIncluded))
      return [
        {
          price,
          currency: stated(terms.priceCurrency) ?? currency,
          availability,
          kind: LIST_TYPE.test(word(terms.priceType) ?? '')
            ? 'list'
            : isPartial
              ? 'aside'
              : kind === 'ended' || isOutOfDate(terms, now)
                ? 'ended'
                : undefined,
        },
      ]
    }),
  ]
}

/** Every price that the offers of a product state; `nested` gives the offers of an aggregate. */
export const statedInOffers = (offers: any[], nested: (offer: Thing) => any[], follow: Follow, now?: number): StatedPrice[] =>
  offers.flatMap((offer): StatedPrice[] => {
    if (!offer || typeof offer !== 'object') return []
    const below = nested(offer).filter((one) => one && typeof one === 'object')
    const single = below.flatMap((one) => ofOffer(one, follow, now))
    const own = ofOffer(offer, follow, now)
    // The lowest price of an aggregate may be that of an offer that is sold out.
    const isDoubtful =
      single.some(({ availability }) => isSoldOut(availability)) && single.some(({ availability }) => !isSoldOut(availability))
    return [...own.map((entry) => (isDoubtful ? { ...entry, kind: entry.kind ?? ('list' as const) } : entry)), ...single]
  })
