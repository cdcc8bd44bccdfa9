import { codeOfMark, type FoundMark, isoCode, marksIn, NO_CENTS, type PriceHints, THREE_DECIMALS } from './currencies.ts'

export type { PriceHints } from './currencies.ts'

/**
 * Prices as shops write them. A text is cut into numbers and marks of currencies; what is said around a number decides whether it is the
 * price, an old price, a discount, a count or a share; separators group or begin decimals by what the currency has.
 */

export interface Price {
  price: number
  /** ISO code that the text itself names. */
  currency: string | undefined
}
/**
 * `none`: the text holds no price. `ambiguous`: its separator may group thousands or begin decimals. `currency`: it has a mark of a
 * currency of which nobody can say which one it is.
 */
export type PriceProblem = 'none' | 'ambiguous' | 'currency'

/** No shop writes more around a price; longer texts, and those with more numbers, are not searched. */
const MAX_CHARS = 500
const MAX_NUMBERS = 40
/** Characters between a number and the mark that belongs to it, at most. */
const MAX_GAP = 5
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'
const DIGIT_ROWS = ['٠', '۰', '०', '০', '０']
const MULTIPLIERS: [RegExp, number][] = [
  [/^\s?(?:тыс\.?|ming)(?!\p{L})/iu, 1e3],
  [/^\s?(?:млн\.?|mln\.?|mio\.?)(?!\p{L})/iu, 1e6],
  [/^\s?[万萬만]/u, 1e4],
]

/** Decimal digits of all scripts as ASCII, blanks and minus signs of all kinds as one, no marks of writing direction. */
const plain = (text: string): string =>
  text
    .replace(/[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .replace(/[٠-٩۰-۹०-९০-৯０-９]/g, (digit) => {
      const code = digit.charCodeAt(0)
      const zero = DIGIT_ROWS.find((row) => code >= row.charCodeAt(0) && code < row.charCodeAt(0) + 10) as string
      return String(code - zero.charCodeAt(0))
    })
    .replace(/[٫．]/g, '.')
    .replace(/[，、]/g, ',')
    .replace(/[’‘ʼ′`´٬]/g, "'")
    .replace(/￥/g, '¥')
    .replace(/[٪％]/g, '%')
    .replace(/[−–—‑‐]/g, '-')
    .replace(/\s+/g, ' ')
    .trim()

/** A number of the text with what stands around it. */
interface Amount {
  /** Digits and separators. */
  digits: string
  at: number
  end: number
  /** Hundredths that stand apart from the number. */
  cents: string | undefined
  /** `,-`: there are none. */
  isWhole: boolean
  factor: number
  isNegative: boolean
  /** The mark that belongs to it. */
  mark: FoundMark | undefined
  /** A count, a discount, an old price: no price while another number is there. */
  isAside: boolean
}

const NUMBER = new RegExp(
  [
    // Groups by blanks and apostrophes, the Indian ones as well, or digits alone; then what dots and commas part.
    "(?<!\\d)(?:\\d{1,3}(?:[ ']\\d{3})+(?!\\d)|\\d{1,2}(?:[ ']\\d{2})+[ ']\\d{3}(?!\\d)|\\d+(?:'\\d{2}(?!\\d))?)(?:[.,]\\d+)*",
    // A separator at the beginning is decimal, unless it ends a word.
    '(?<![\\d.,\\p{L}])[.,]\\d+',
  ].join('|'),
  'gu',
)
const CENTS_ABOVE = new RegExp(`^[.,]?\\s?([${SUPERSCRIPTS}]{2,3})(?![${SUPERSCRIPTS}\\d])`)
const NO_CENTS_SIGN = /^\s?[.,:]\s?-{1,2}(?!\d)|^\s?=(?!\s?\d)/

const UNIT =
  '(?:шт|штук\\p{L}*|уп|упак\\p{L}*|пар[аыу]?|компл\\p{L}*|предмет\\p{L}*|мл|л|г|гр|кг|мг|см|мм|м|дн\\p{L}*|мес\\p{L}*|год\\p{L}*|лет|час\\p{L}*|отзыв\\p{L}*|' +
  'pcs?|pieces?|packs?|sets?|pairs?|items?|units?|ct|st|stk|stück|stuks?|szt|ks|db|adet|uds?|ml|cl|l|g|gr|kg|mg|lbs?|oz|cm|mm|m|km|in|inch|gb|tb|mb|mah|w|v|' +
  'days?|months?|years?|hours?|reviews?|個|件|本|枚|개)'
/** Behind a number: what it counts. */
const COUNTED = new RegExp(`^\\s?-?\\s?(?:${UNIT}(?![\\p{L}²³])|[xх×*]\\s?(?=\\d|[\\p{Sc}])|["″]|m[²³]|м[²³])`, 'iu')
/** Behind a price: for how much, or how often, it is asked. */
const PER = new RegExp(
  `^\\s?[)\\]]?\\s?(?:/\\s?(?=per))?(?:/|=|за|в|per|pro|je|par|por|al?|an?|each)?\\s?(?:/|\\d+([.,]\\d+)?\\s?)?\\s?(?:(?<=[/=\\d]\\s?|(?:за|в|per|pro|je|par|por|al?|an?)\\s)(?:мес|нед|день|mo\\b|month|monat|mois|mes\\b|week|day|${UNIT}(?!\\p{L})))`,
  'iu',
)
/** Before a price: `1 kg = `. */
const UNIT_IS = new RegExp(`(?<!\\p{L})${UNIT}\\s?=\\s?$`, 'iu')
/** Behind a number: it is taken off, or earned. */
const OFF =
  /^\s?(?:off|discount|rabatt|korting|de (?:réduction|remise|descuento)|скидк[аиу]|экономи[яи]|бонус|балл|points?|cashback|кэшб[эе]к|versand\p{L}*|shipping|delivery|postage|доставк[аиу]|livraison)(?!\p{L})|^\s?[xх×*]\s?\d+\s?(?:мес|плат|mo|monat|rat|mensual|cuot)/iu
/** Before a number, the last of these decides: the first group says that it is not what is paid now. */
const BEFORE =
  /(?<!\p{L})(?:(скидк[аиу]|экономи[яи]|экономите|выгода|(?:you )?save[sd]?|discount|rabatt|sie sparen|ersparnis|remise|économi[es]\p{L}*|ahorr\p{L}*|sconto|risparmi\p{L}*|descuento|desconto|кэшб[эе]к|cashback|бонус\p{L}*|доставк[аиу]|shipping|delivery|postage|versand\p{L}*|livraison|env[ií]o|frete|pfand|deposit|залог|предоплата|zzgl|plus|(?:рассрочк\p{L}*|кредит\p{L}*|плат[её]ж\p{L}*|instal+ments?|payments?|raten|mensualités|cuotas)(?: (?:of|по|от|à|von|de|from|zu))?|было|была|раньше|ранее|стар(?:ая|ой) цена|вместо|без скидки|обычная(?: цена)?|was|were|before|old(?: price)?|list(?: price)?|rrp|msrp|srp|reg(?:ular)?(?: price)?|unit price|grundpreis|prix unitaire|precio unitario|instead of|originally|compare at|statt|uvp|vorher|bisher|früher|alt(?:er preis)?|au lieu de|prix barré|ancien(?: prix)?|antes|precio anterior|anziché|prima|invece di|zamiast|było|původně|běžná cena|eski fiyat|van|czk bez|раніше|було|стара ціна)|(цен[аыу]\p{L}*|стал[ао]|теперь|сейчас|от|из|по|со скидкой|всего|итого|за|price|now|sale|only|from|today|pay|ab|jetzt|nur|preis|neu|maintenant|prix|dès|ahora|precio|desde|oggi|ora|da|cena|teraz|nyní|od|şimdi|voor|зараз|ціна|стало))(?!\p{L})/giu
/** Before a number: it is paid several times (`10x de`), and the number before says how often. */
const TIMES = /^\s?[xх×]\s?(?:(?:de|di|of|por|от|по|à|von)\s)?$/iu
/** Behind a number: how often something is paid. */
const PAYMENTS = '\\s?(?:плат[её]ж\\p{L}*|instal+ments?|payments?|raten|mensualités|cuotas|vezes|parcelas)'
const TIMES_PAID = new RegExp(`^${PAYMENTS}(?!\\p{L})`, 'iu')
const BARE_TIMES = new RegExp(`^${PAYMENTS}\\s?$`, 'iu')
const WITHOUT_TAX =
  '(?:ex(?:cl)?|excluding|without|before|plus|net of|без|hors|sans|sin|zzgl|exkl|bez|excl?us\\p{L}*)\\.?\\s?(?:of\\s)?(?:vat|gst|tax|ндс|tva|iva|mwst|btw|moms|mva|dph|pdv|t\\.?v\\.?a)'
const WITH_TAX = '(?:inc(?:l)?|including|with|с|ttc|inkl|toutes)\\.?\\s?(?:vat|gst|tax|ндс|tva|iva|mwst|btw|moms|mva)'
const NET_BEHIND = new RegExp(`^\\s?[(]?\\s?(?:${WITHOUT_TAX}|ht)(?!\\p{L})`, 'iu')
const NET_BEFORE = new RegExp(`(?<!\\p{L})${WITHOUT_TAX}\\.?\\)?\\s?:?\\s?$`, 'iu')
const TAX_BEFORE = new RegExp(`(?<!\\p{L})(?:${WITHOUT_TAX}|${WITH_TAX})\\.?\\)?\\s?:?\\s?$`, 'iu')
const RANGE = /^\s?(?:-|~|〜|～|…|\.{2,3}|to|до|bis|à|al?|e|til|till|tot|hasta|do|по|から)\s?$/iu

/** Cuts a plain text into its numbers. */
const amountsIn = (text: string, marks: FoundMark[]): Amount[] => {
  const found: Amount[] = []
  NUMBER.lastIndex = 0
  for (let match = NUMBER.exec(text); match && found.length <= MAX_NUMBERS; match = NUMBER.exec(text)) {
    let [digits] = match
    let at = match.index
    // The dot of `S/.50` belongs to the mark.
    if (/^[.,]/.test(digits) && marks.some((mark) => mark.at < at && at < mark.end)) [digits, at] = [digits.slice(1), at + 1]
    // The number of `iPhone15 500` or `%10 300` ends at the blank: it is no group of the next one.
    if (digits.includes(' ') && isGlued(text, at, marks)) digits = digits.slice(0, digits.indexOf(' '))
    let end = at + digits.length
    const above = CENTS_ABOVE.exec(text.slice(end, end + 6))
    if (above) end += above[0].length
    const whole = above ? null : NO_CENTS_SIGN.exec(text.slice(end, end + 5))
    if (whole) end += whole[0].length
    const [multiplier, factor] = MULTIPLIERS.find(([pattern]) => pattern.test(text.slice(end, end + 8))) ?? []
    if (multiplier) end += (multiplier.exec(text.slice(end, end + 8)) as RegExpExecArray)[0].length
    found.push({
      digits,
      at,
      end,
      cents: above ? [...(above[1] as string)].map((digit) => SUPERSCRIPTS.indexOf(digit)).join('') : undefined,
      isWhole: whole !== null,
      factor: factor ?? 1,
      isNegative: false,
      mark: undefined,
      isAside: false,
    })
    NUMBER.lastIndex = end
  }
  return found
}
/** Whether a number follows letters that are neither a mark nor a word of prices, or a sign of a share. */
const isGlued = (text: string, at: number, marks: FoundMark[]): boolean => {
  const before = text.slice(Math.max(0, at - 40), at)
  if (/(?<!\d\s?)%$/.test(before)) return true
  if (!/\p{L}$/u.test(before) || marks.some(({ end }) => end === at)) return false
  const word = [...before.matchAll(BEFORE)].at(-1)
  return word === undefined || word.index + word[0].length < before.length
}

/** Gives each mark to the number that it stands beside. */
const assignMarks = (text: string, amounts: Amount[], marks: FoundMark[]): void => {
  const sides = marks.map((mark) => ({
    mark,
    left: amounts.find(({ end }) => end <= mark.at && mark.at - end <= MAX_GAP && /^\s?[([]?\s?$/.test(text.slice(end, mark.at))),
    right: amounts.find(
      ({ at }) => at >= mark.end && at - mark.end <= MAX_GAP && /^\s?[)\]]?\s?[:=]?\s?[-+]?$/.test(text.slice(mark.end, at)),
    ),
  }))
  // `$10 $20` has its marks before the numbers, `10 € 20 €` behind them: the first mark that has one side only shows it, else the first
  // that touches one side only (`Size 42 $20`).
  const oneSided = sides.find(({ left, right }) => (left === undefined) !== (right === undefined))
  const touching = sides.find(({ mark, left, right }) => (left?.end === mark.at) !== (right?.at === mark.end))
  const isBefore = oneSided ? oneSided.right !== undefined : touching !== undefined && touching.right?.at === touching.mark.end
  for (const { mark, left, right } of sides) {
    const [near, far] = isBefore ? [right, left] : [left, right]
    const amount = near && !near.mark ? near : far && !far.mark ? far : undefined
    if (amount) amount.mark = mark
  }
}

/** Where the words that belong to a number begin and end: with its mark. */
const reach = ({ at, end, mark }: Amount) => ({ from: Math.min(at, mark?.at ?? at), to: Math.max(end, mark?.end ?? end) })

/** Joins cents to the number before them: `27€ 45`, `12 99 €`, `5 руб. 50 коп.`. */
const joinCents = (text: string, amounts: Amount[], codeOf: (mark: FoundMark) => string | undefined): Amount[] => {
  const kept: Amount[] = []
  for (const amount of amounts) {
    const last = kept.at(-1)
    const gap = last && text.slice(reach(last).to, reach(amount).from)
    const isOpen = last && !last.cents && !last.isWhole && !/[.,]/.test(last.digits)
    if (last && isOpen && gap !== undefined && /^\d{1,2}$/.test(amount.digits)) {
      const code = last.mark && codeOf(last.mark)
      const isMinor = amount.mark?.meaning.isMinor && (code === undefined || amount.mark.meaning.codes.includes(code))
      if (last.mark && !last.mark.meaning.isMinor && isMinor && /^[\s.,]*(?:и |and )?$/.test(gap)) {
        Object.assign(last, { cents: amount.digits.padStart(2, '0'), end: reach(amount).to })
        continue
      }
      const rest = text.slice(amount.end)
      const endsThere =
        amount.mark !== undefined || /^\s?(?:$|[),;*/|]|(?:inkl|incl|zzgl|excl|ttc|ht|с ндс|plus)(?!\p{L}))/iu.test(rest)
      const isBehindMark = last.mark !== undefined && last.mark.at >= last.end && amount.mark === undefined
      const isBehindNumber =
        /^ $/.test(gap) &&
        (amount.mark?.at ?? amount.end) >= amount.end &&
        (last.mark === undefined || last.mark.at < last.at) &&
        last.end === reach(last).to
      if (
        /^\d\d$/.test(amount.digits) &&
        !NO_CENTS.has(code ?? (amount.mark && codeOf(amount.mark)) ?? '') &&
        !amount.cents &&
        ((isBehindMark && (gap === '' || (gap === ' ' && endsThere))) ||
          (isBehindNumber && endsThere && !(last.mark && amount.mark)))
      ) {
        Object.assign(last, { cents: amount.digits, end: amount.end, mark: last.mark ?? amount.mark })
        continue
      }
    }
    kept.push(amount)
  }
  // `gr` alone is a weight.
  for (const amount of kept) if (amount.mark?.meaning.isMinor && amount.mark.meaning.isWeak) amount.mark = undefined
  return kept
}

/** Finds which numbers are no price; a share (`10%`) is left out altogether. */
const judge = (text: string, amounts: Amount[]): Amount[] => {
  const isShare = (amount: Amount) =>
    /^\s?%/.test(text.slice(amount.end)) || /(?:^|[^\d\s]|\D\s)%\s?$/.test(text.slice(Math.max(0, amount.at - 4), amount.at))
  const isRange = (index: number) => {
    const next = amounts[index + 1]
    return next !== undefined && RANGE.test(text.slice(reach(amounts[index] as Amount).to, reach(next).from))
  }
  const shares = amounts.map(isShare)
  const start = amounts[0] ? reach(amounts[0]).from : 0
  // `Ex VAT £10 Inc VAT £12` has its words before the numbers, `£10 ex VAT £12 inc VAT` behind them.
  const isTaxBefore = TAX_BEFORE.test(text.slice(Math.max(0, start - 40), start))
  let previous = 0
  for (const [index, amount] of amounts.entries()) {
    const { from, to } = reach(amount)
    const before = text.slice(previous, from)
    const behind = text.slice(to, to + 40)
    const isSecond = index > 0 && isRange(index - 1)
    const said = [...before.matchAll(BEFORE)].at(-1)
    // `4 payments` says what the number before counts.
    const last = said && BARE_TIMES.test(before) && said.index <= 1 ? undefined : said
    const times = amounts[index - 1]
    const isPaidOften =
      times !== undefined && !times.mark && /^[1-9]\d?$/.test(times.digits) && times.digits !== '1' && TIMES.test(before)
    if (times && isPaidOften) times.isAside = true
    amount.isNegative = /-$/.test(before) && !isSecond && /^\s?-$|[^\d\p{L}\s-]\s?-$|\s-$/u.test(before)
    if (amount.mark && amount.mark.at < amount.at && /-$/.test(text.slice(amount.mark.end, amount.at))) amount.isNegative = true
    amount.isAside =
      last?.[1] !== undefined ||
      isPaidOften ||
      (!amount.mark && TIMES_PAID.test(behind)) ||
      (isTaxBefore ? NET_BEFORE.test(before.slice(-40)) : NET_BEHIND.test(behind)) ||
      (amount.mark === undefined && isGlued(text, amount.at, [])) ||
      amount.isNegative ||
      (!(amount.mark && (amount.mark.at >= amount.end || amount.mark.end === amount.at)) && COUNTED.test(behind)) ||
      PER.test(behind) ||
      OFF.test(behind) ||
      UNIT_IS.test(before) ||
      (/\+\s?$/.test(before) && amounts[index - 1]?.mark !== undefined) ||
      (!amount.mark && /^\s?(?:for|за|für|pour)\s/iu.test(behind) && amounts[index + 1] !== undefined)
    previous = to
  }
  // Both ends of a range are the same kind of number.
  for (let index = amounts.length - 2; index >= 0; index--) {
    if (!isRange(index)) continue
    const [first, second] = [amounts[index] as Amount, amounts[index + 1] as Amount]
    if (shares[index + 1] && !first.mark) shares[index] = true
    first.mark ??= second.mark
    second.mark ??= first.mark
    if (second.isAside && !first.isAside && !second.isNegative) first.isAside = true
    else if (first.isAside) second.isAside = true
  }
  return amounts.filter((_, index) => !shares[index])
}

/** The value of a number; `currency` is an ISO code, or the text that stands for one, and says how many decimals there can be. */
const numberOf = (amount: Amount, currency: string | undefined): number | 'ambiguous' | 'none' => {
  const digits = amount.digits.replace(/ |'(?=\d{3}(?!\d))|'(?=\d{2}[ '])/g, '').replace("'", '.')
  const number = (whole: string, part = '') => Number(`${whole || '0'}.${part || '0'}`)
  if (amount.cents !== undefined) return number(digits.replace(/[.,]/g, ''), amount.cents)
  const separators = digits.replace(/\d/g, '')
  if (separators === '') return Number(digits)
  const at = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','))
  const whole = digits.slice(0, at).replace(/[.,]/g, '')
  const part = digits.slice(at + 1)
  if (amount.isWhole && part.length === 3) return Number(`${whole}${part}`)
  // Two different separators: the last is the decimal one.
  if (new Set(separators).size > 1) return number(whole, part)
  if (separators.length > 1) {
    const groups = digits.split(/[.,]/)
    const isGrouped = groups.slice(1, -1).every((group) => group.length === 3 || group.length === 2)
    if (isGrouped && part.length === 3) return Number(`${whole}${part}`)
    // `1.499.00`: the last of equal separators before fewer than three digits; `31.12.2025` is a date.
    return part.length < 3 && groups.slice(1, -1).every((group) => group.length === 3) ? number(whole, part) : 'none'
  }
  // No number is grouped behind a zero, or in parts of more than three digits.
  const isBlankGrouped = /[ ']\d{3}/.test(amount.digits)
  if (part.length !== 3 || whole.length > 3 || /^0*$/.test(whole) || isBlankGrouped) return number(whole, part)
  if (currency === undefined) return 'ambiguous'
  return THREE_DECIMALS.has(currency.toUpperCase()) ? number(whole, part) : Number(`${whole}${part}`)
}

/** The code that each mark of a text stands for; a code in the text decides for a shared sign beside it (`$50 CAD`). */
const resolver = (marks: FoundMark[], hints: PriceHints) => {
  const codes = marks.flatMap(({ meaning }) => (meaning.codes.length === 1 ? meaning.codes : []))
  return ({ meaning }: FoundMark): string | undefined => {
    const stated = meaning.codes.length > 1 ? codes.find((code) => meaning.codes.includes(code)) : undefined
    return stated ?? codeOfMark(meaning, hints)
  }
}
/** Marks that count: the strong ones, or all where there is no strong one. */
const counting = (marks: FoundMark[]) => {
  const strong = marks.filter(({ meaning }) => !meaning.isWeak && !meaning.isMinor)
  return strong.length > 0 ? strong : marks.filter(({ meaning }) => !meaning.isMinor || !meaning.isWeak)
}

/** The ISO code that a text names by a code, a sign or a word, if any. */
export const currencyIn = (text: string, hints: PriceHints = {}): string | undefined => {
  const marks = marksIn(plain(text.slice(0, MAX_CHARS)))
  const codeOf = resolver(marks, hints)
  return counting(marks).map(codeOf).find(Boolean)
}

/**
 * Reads a price from a text such as `1 499,50`, `$20`, `1499 руб.` or `from 10 to 20 EUR`. Of several prices the lowest that is paid now
 * counts: not an old price, a discount, a count, a price per unit, while there is another number. `currency` is the item's own, a code or a
 * mark; without it the text's own mark counts, and a shared mark (`$`, `kr`) stands for what `hints` say.
 */
export const readPrice = (text: string, currency?: string | null, hints: PriceHints = {}): Price | PriceProblem => {
  if (text.length > MAX_CHARS) return 'none'
  const clean = plain(text)
  // `2万5千`: numbers written in parts.
  if (/[万萬만]\s?\d/.test(clean)) return 'none'
  const stated = currency?.trim() ? (currencyIn(currency, hints) ?? currency.trim()) : undefined
  const marks = marksIn(clean)
  const codeOf = resolver(marks, stated === undefined ? hints : { ...hints, usual: isoCode(stated) ?? hints.usual })
  const strong = counting(marks)
  const amounts = amountsIn(clean, marks).filter((amount) => !isPartOfCode(clean, amount, marks))
  if (amounts.length > MAX_NUMBERS) return 'none'
  assignMarks(
    clean,
    amounts,
    [...strong, ...marks.filter((mark) => mark.meaning.isMinor && !strong.includes(mark))].sort((a, b) => a.at - b.at),
  )
  const numbers = judge(clean, joinCents(clean, amounts, codeOf))
  if (numbers.length === 0) return 'none'

  const known = strong.map((mark) => codeOf(mark)).filter((code) => code !== undefined)
  const best = (list: Amount[]) => {
    const ranks = [
      list.filter(({ mark, isAside }) => mark && !isAside),
      list.filter(({ isAside }) => !isAside),
      list.filter(({ mark }) => mark),
    ]
    return ranks.find((rank) => rank.length > 0) ?? list
  }
  // Numbers in another currency than the item's, or than that of the first price, are the same price once more.
  const ofKnown = numbers.filter(({ mark }) => mark === undefined || codeOf(mark) !== undefined)
  const [firstMarked] = best(ofKnown.length > 0 ? ofKnown : numbers)
  const named =
    (stated && known.includes(stated) ? stated : undefined) ?? (firstMarked?.mark && codeOf(firstMarked.mark)) ?? known[0]
  if (stated === undefined && named === undefined && strong.length > 0) return 'currency'
  const ofNamed = numbers.filter(({ mark }) => mark === undefined || codeOf(mark) === named)
  const values: number[] = []
  for (const amount of best(ofNamed.length > 0 ? ofNamed : numbers)) {
    const value = numberOf(amount, stated ?? named)
    if (value === 'ambiguous') return 'ambiguous'
    if (value === 'none') continue
    const isMinor = amount.mark?.meaning.isMinor && !(amount.cents && amount.mark.at < amount.end)
    const scaled = isMinor ? value / 100 : amount.factor === 1 ? value : Number((value * amount.factor).toPrecision(15))
    if (Number.isFinite(scaled)) values.push(amount.isNegative ? -scaled : scaled)
  }
  // Nothing that is sold costs nothing while it has another price.
  const paid = values.some((value) => value > 0) ? values.filter((value) => value > 0) : values
  return paid.length === 0 ? 'none' : { price: Math.min(...paid), currency: named }
}

/** Whether digits are part of a name or of another notation (`0x10`, `1e3`, `USB3C`): letters that are no mark stand between them. */
const isPartOfCode = (text: string, { at, end }: Amount, marks: FoundMark[]): boolean => {
  const behind = /^(\p{L}+)\d/u.exec(text.slice(end, end + 20))?.[1]
  const before = /\d(\p{L}+)$/u.exec(text.slice(Math.max(0, at - 20), at))?.[1]
  const isCode = (letters: string | undefined, from: number) =>
    letters !== undefined &&
    !(/(?<!\d)0$/.test(text.slice(Math.max(0, from - 2), from)) ? /^(?:to|до|bis)$/iu : /^(?:to|до|bis|x|х)$/iu).test(letters) &&
    !marks.some((mark) => mark.at >= from && mark.at < from + letters.length)
  return isCode(behind, end) || isCode(before, at - (before?.length ?? 0))
}
