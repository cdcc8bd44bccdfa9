/** ISO codes whose currencies have three decimals: in them a separator before three digits may be a decimal one. */
const THREE_DECIMALS = new Set(['KWD', 'BHD', 'OMR', 'JOD', 'TND', 'LYD', 'IQD'])
/** Signs and words of currencies, and the ISO code of each. `$` is the American one unless the item says otherwise. */
const SIGNS: [RegExp, string][] = [
  [/₽|руб|\bр\.|(?<![\p{L}])р(?![\p{L}])|\brur\b/iu, 'RUB'],
  [/€|\beuros?\b/iu, 'EUR'],
  [/£/u, 'GBP'],
  [/₸|тенге/iu, 'KZT'],
  [/₴|грн/iu, 'UAH'],
  [/₫/u, 'VND'],
  [/₹/u, 'INR'],
  [/₩/u, 'KRW'],
  [/₺/u, 'TRY'],
  [/₪/u, 'ILS'],
  [/₾/u, 'GEL'],
  [/֏/u, 'AMD'],
  [/zł/iu, 'PLN'],
  [/\$/u, 'USD'],
]
const CODES = new Set(Intl.supportedValuesOf('currency'))
const NUMBER = /(?<![\d.,])[+-]?(?:\d(?:[\d\s\u00a0\u202f\u2009.,'’]*\d)?|[.,]\d+)/gu

export interface Price {
  price: number
  /** ISO code that the text itself names. */
  currency: string | undefined
}
/** `none`: the text holds no price. `ambiguous`: its separator may group thousands or begin decimals. */
export type PriceProblem = 'none' | 'ambiguous'

/** The ISO code that a text names by a code or a sign, if any. */
export const currencyIn = (text: string): string | undefined => {
  for (const [word] of text.matchAll(/(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])/g)) {
    const code = word.toUpperCase() === 'RUR' ? 'RUB' : word.toUpperCase()
    if (CODES.has(code)) return code
  }
  return SIGNS.find(([sign]) => sign.test(text))?.[1]
}

/** The value of one number of a text, without signs; `currency` is an ISO code, which says how many decimals there can be. */
const amountOf = (number: string, currency: string | undefined): number | 'ambiguous' => {
  const digits = number.replace(/[\s\u00a0\u202f\u2009'’]/gu, '')
  const separators = digits.replace(/[^.,]/g, '')
  if (separators === '') return Number(digits)
  const at = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','))
  const whole = digits.slice(0, at).replace(/[.,]/g, '')
  const part = digits.slice(at + 1)
  const decimal = Number(`${whole}.${part}`)
  // Two different separators: the last is the decimal one. The same one twice groups.
  if (new Set(separators).size > 1) return decimal
  if (separators.length > 1) return Number(`${whole}${part}`)
  // No number is grouped behind a zero, or in parts of more than three digits.
  if (part.length !== 3 || whole.length > 3 || /^[+-]?0*$/.test(whole) || number.length > digits.length) return decimal
  if (currency === undefined) return 'ambiguous'
  return THREE_DECIMALS.has(currency.toUpperCase()) ? decimal : Number(`${whole}${part}`)
}

/**
 * Reads a price from a text such as `1 499,50`, `$20`, `1499 руб.` or `from 10 to 20 EUR`; of several prices the lowest. Spaces, no-break
 * and thin spaces, `'` and `’` group. One separator before exactly three last digits groups unless the currency has three decimals; when
 * neither the text nor `currency`, the item's own, names a currency, such a text is ambiguous.
 */
export const readPrice = (text: string, currency?: string | null): Price | PriceProblem => {
  // `1e3` and `0x10` are no prices.
  if (/\d[a-z]\d/i.test(text)) return 'none'
  const named = currencyIn(text)
  const of = currency?.trim() ? (currencyIn(currency) ?? currency.trim()) : named
  let lowest: number | undefined
  for (const [number] of text.matchAll(NUMBER)) {
    const value = amountOf(number, of)
    if (value === 'ambiguous') return 'ambiguous'
    // The dash of a range is no sign of a negative number.
    const price = lowest === undefined ? value : Math.abs(value)
    if (Number.isFinite(price) && (lowest === undefined || price < lowest)) lowest = price
  }
  return lowest === undefined ? 'none' : { price: lowest, currency: named }
}
