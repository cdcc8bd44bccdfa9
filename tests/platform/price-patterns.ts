/**
 * Prices as shops write them, made by pattern: an amount whose value is known is written in every form of its currency, before and behind
 * its marks, within the words of shops. Nothing here is computed by the reader under test.
 */
export interface Example {
  text: string
  price: number
  currency: string | undefined
  /** The item's own currency, where the text alone cannot tell. */
  own?: string
}
export interface Group {
  name: string
  examples: Example[]
}

const NBSP = '\u00a0'
const NARROW = '\u202f'
const THIN = '\u2009'

/** `1250000` as `1 250 000` with the given separator. */
const grouped = (digits: string, separator: string) => digits.replace(/\B(?=(\d{3})+$)/g, separator)
/** `1250000` as `12,50,000`. */
const indian = (digits: string) =>
  digits.length <= 3 ? digits : `${digits.slice(0, -3).replace(/\B(?=(\d{2})+$)/g, ',')},${digits.slice(-3)}`
const inDigits = (text: string, zero: string) =>
  text.replace(/\d/g, (digit) => String.fromCharCode(zero.charCodeAt(0) + Number(digit)))

const WHOLES = ['7', '50', '999', '1499', '25000', '1250000']
const CENTS: [whole: string, cents: string][] = [
  ['0', '99'],
  ['5', '50'],
  ['12', '99'],
  ['149', '90'],
  ['1499', '05'],
  ['12345', '67'],
  ['1234567', '89'],
]
/** Separators of groups and decimals that go together. */
const STYLES: [group: string, decimal: string][] = [
  [' ', ','],
  [NBSP, ','],
  [NARROW, ','],
  [THIN, ','],
  [' ', '.'],
  ['.', ','],
  [',', '.'],
  ["'", '.'],
  ['’', '.'],
  ['', ','],
  ['', '.'],
]

/** Currencies with hundredths: their marks, and which side they stand on. */
const MARKS: [code: string, before: string[], behind: string[]][] = [
  ['RUB', ['₽', 'RUB '], ['₽', ' ₽', ' руб.', ' руб', ' р.', ' рублей', ' RUB', 'р']],
  ['EUR', ['€', '€ ', 'EUR '], ['€', ' €', ' EUR', ' euro']],
  ['USD', ['$', 'US$', 'US $', 'USD ', '$ '], [' $', ' USD', '$']],
  ['GBP', ['£', 'GBP '], [' GBP', ' £']],
  ['CAD', ['C$', 'CA$', 'CAD ', 'C $'], [' CAD', ' C$']],
  ['AUD', ['A$', 'AU$', 'AU $'], [' AUD', ' A$']],
  ['NZD', ['NZ$'], [' NZD']],
  ['SGD', ['S$', 'SG$'], [' SGD']],
  ['HKD', ['HK$'], [' HKD']],
  ['TWD', ['NT$'], [' TWD']],
  ['MXN', ['MX$', 'Mex$'], [' MXN']],
  ['BRL', ['R$', 'R$ '], [' BRL']],
  ['CZK', ['Kč '], [' Kč', 'Kč', ' CZK']],
  ['PLN', ['zł '], [' zł', 'zł', ' PLN', ' złotych']],
  ['BGN', [], [' лв', ' лв.', 'лв', ' BGN']],
  ['UAH', ['₴'], [' ₴', ' грн', ' грн.', ' UAH', ' гривен']],
  ['KZT', ['₸'], [' ₸', ' тг', ' тенге', ' KZT']],
  ['BYN', [], [' BYN', ' бел. руб.']],
  ['TRY', ['₺', 'TL '], [' ₺', ' TL', ' TRY']],
  ['INR', ['₹', '₹ ', 'Rs. ', 'Rs.', 'Rs ', 'INR '], [' INR', ' ₹']],
  ['ILS', ['₪', '₪ '], [' ₪', ' ש"ח', ' ILS']],
  ['CHF', ['CHF ', 'Fr. ', 'SFr. '], [' CHF']],
  ['SEK', ['SEK '], [' SEK', ' kronor']],
  ['NOK', ['NOK '], [' NOK']],
  ['DKK', ['DKK '], [' DKK']],
  ['RON', ['RON '], [' lei', ' RON']],
  ['MDL', [], [' лей', ' MDL']],
  ['RSD', [], [' RSD', ' дин']],
  ['GEL', ['₾'], [' ₾', ' GEL', ' лари']],
  ['AMD', ['֏'], [' ֏', ' AMD', ' драм']],
  ['AZN', ['₼'], [' ₼', ' AZN', ' манат']],
  ['UZS', [], [' сум', ' UZS', " so'm"]],
  ['KGS', [], [' сом', ' KGS']],
  ['THB', ['฿'], [' ฿', ' บาท', ' THB']],
  ['PHP', ['₱'], [' PHP']],
  ['MYR', ['RM', 'RM '], [' MYR']],
  ['CNY', ['CN¥', 'RMB '], [' 元', '元', ' CNY', ' юаней']],
  ['BDT', ['৳', 'Tk '], [' BDT']],
  ['NGN', ['₦'], [' NGN']],
  ['GHS', ['₵', 'GH₵'], [' GHS']],
  ['KES', ['KSh ', 'KES '], [' KES']],
  ['ZAR', ['R', 'R '], [' ZAR']],
  ['PEN', ['S/', 'S/ ', 'S/. '], [' PEN']],
  ['CRC', ['₡'], [' CRC']],
  ['DOP', ['RD$'], [' DOP']],
  ['UYU', ['$U '], [' UYU']],
  ['AED', ['د.إ ', 'Dhs ', 'AED '], [' د.إ', ' AED']],
  ['SAR', ['SAR '], [' ر.س', ' SAR']],
  ['QAR', ['QAR '], [' ر.ق']],
  ['EGP', ['E£'], [' ج.م', ' EGP']],
  ['MAD', ['MAD '], [' د.م.', ' MAD']],
  ['PKR', ['PKR '], [' PKR']],
  ['LKR', ['LKR '], [' LKR']],
  ['MNT', ['₮'], [' ₮']],
]
const NO_CENTS: [code: string, before: string[], behind: string[]][] = [
  ['JPY', ['¥', '￥', 'JPY '], ['円', ' JPY', ' yen']],
  ['KRW', ['₩', '₩ '], ['원', ' KRW']],
  ['VND', [], ['₫', ' ₫', 'đ', ' VND', ' VNĐ']],
  ['IDR', ['Rp ', 'Rp', 'Rp. ', 'IDR '], [' IDR']],
  ['HUF', [], [' Ft', 'Ft', ' Ft.', ' HUF']],
  ['CLP', ['CLP ', 'CLP$', 'CL$'], [' CLP']],
  ['COP', ['COP ', 'COL$', 'COP$'], [' COP']],
  ['PYG', ['₲', 'Gs. '], [' PYG']],
  ['ISK', ['ISK '], [' ISK']],
  ['KHR', ['៛'], [' ៛']],
  ['LAK', ['₭'], [' ₭']],
  ['UGX', ['USh '], [' UGX']],
]
const THREE_DECIMALS: [code: string, before: string[], behind: string[]][] = [
  ['KWD', ['KWD ', 'KD '], [' KWD', ' د.ك']],
  ['BHD', ['BHD ', 'BD '], [' BHD', ' د.ب']],
  ['OMR', ['OMR '], [' OMR', ' ر.ع.']],
  ['JOD', ['JOD ', 'JD '], [' JOD', ' د.ا']],
  ['TND', ['TND '], [' TND', ' DT', ' د.ت']],
]

const sides = (before: string[], behind: string[]) => [
  ...before.map((mark) => (amount: string) => `${mark}${amount}`),
  ...behind.map((mark) => (amount: string) => `${amount}${mark}`),
]
const each = (marks: [code: string, before: string[], behind: string[]][], amounts: [text: string, price: number][]): Example[] =>
  marks.flatMap(([code, before, behind]) =>
    sides(before, behind).flatMap((place) => amounts.map(([text, price]) => ({ text: place(text), price, currency: code }))),
  )

const withCents = CENTS.flatMap(([whole, cents]) =>
  STYLES.map(([group, decimal]): [string, number] => [`${grouped(whole, group)}${decimal}${cents}`, Number(`${whole}.${cents}`)]),
)
const wholes = WHOLES.flatMap((whole) =>
  ['', ' ', NBSP, NARROW, THIN, "'", '’', '.', ','].map((group): [string, number] => [grouped(whole, group), Number(whole)]),
)
const unique = (examples: Example[]) => [
  ...new Map(examples.map((example) => [`${example.text}|${example.own}`, example])).values(),
]

/** An old price, the price that is paid, and what is less than both, each with its mark. */
const PHRASES: ((was: string, now: string, less: string) => string)[] = [
  (was, now) => `${was} ${now}`,
  (was, now) => `было ${was}, стало ${now}`,
  (was, now) => `Было: ${was} Стало: ${now}`,
  (was, now) => `старая цена ${was}, новая цена ${now}`,
  (was, now) => `цена ${now} вместо ${was}`,
  (was, now) => `без скидки ${was}, со скидкой ${now}`,
  (was, now) => `was ${was} now ${now}`,
  (was, now) => `Was: ${was} | Now: ${now}`,
  (was, now) => `Regular price ${was} Sale price ${now}`,
  (was, now) => `Sale ${now} Reg. ${was}`,
  (was, now) => `RRP ${was} ${now}`,
  (was, now) => `${now} instead of ${was}`,
  (was, now) => `statt ${was} jetzt ${now}`,
  (was, now) => `UVP ${was} ab ${now}`,
  (was, now) => `au lieu de ${was} ${now}`,
  (was, now) => `antes ${was} ahora ${now}`,
  (was, now) => `от ${now} до ${was}`,
  (was, now) => `from ${now} to ${was}`,
  (was, now) => `ab ${now} bis ${was}`,
  (was, now) => `${now} – ${was}`,
  (was, now) => `${now} - ${was}`,
  (was, now) => `${now}—${was}`,
  (_, now) => `от ${now}`,
  (_, now) => `from ${now}`,
  (_, now) => `ab ${now}`,
  (_, now) => `Цена: ${now}`,
  (_, now) => `Price: ${now} incl. VAT`,
  (_, now) => `${now} inkl. MwSt.`,
  (_, now) => `всего за ${now}!`,
  (_, now) => `Только сегодня: ${now}`,
  (_, now) => `Скидка 10%: ${now}`,
  (_, now) => `-20% ${now}`,
  (was, now) => `${was} -20% ${now}`,
  (_, now) => `Sale 30%: ${now}`,
  (_, now) => `скидка до 15%, цена ${now}`,
  (_, now, less) => `Скидка ${less}, цена ${now}`,
  (_, now, less) => `Экономия ${less} Цена ${now}`,
  (_, now, less) => `Save ${less} Price ${now}`,
  (_, now, less) => `${less} off, now ${now}`,
  (_, now, less) => `Sie sparen ${less}, jetzt ${now}`,
  (_, now, less) => `Цена ${now}, доставка ${less}`,
  (_, now, less) => `${now} + shipping ${less}`,
  (_, now, less) => `${now} или ${less}/мес`,
  (_, now, less) => `${now} or ${less} per month`,
  (_, now, less) => `${now} (${less}/100 g)`,
  (_, now, less) => `${now} (${less} / кг)`,
  (_, now) => `2 шт. за ${now}`,
  (_, now) => `3 pcs ${now}`,
  (_, now) => `500 мл ${now}`,
  (_, now) => `5x100 g ${now}`,
  (_, now) => `2 за ${now}`,
  (_, now) => `3 for ${now}`,
  (_, now) => `${now} за 2 шт.`,
  (_, now) => `${now} / 100 г`,
  (_, now) => `100 г за ${now}`,
  (_, now) => `до 31.12.2025: ${now}`,
]
const PHRASE_MARKS: [code: string, write: (amount: string) => string][] = [
  ['RUB', (amount) => `${amount} ₽`],
  ['RUB', (amount) => `${amount} руб.`],
  ['EUR', (amount) => `${amount} €`],
  ['EUR', (amount) => `€${amount}`],
  ['USD', (amount) => `$${amount}`],
  ['CZK', (amount) => `${amount} Kč`],
  ['CAD', (amount) => `C$${amount}`],
]
/** Old, new and lesser amounts of a phrase. */
const TRIPLES: [was: string, now: string, less: string, price: number][] = [
  ['2 000', '1 500', '300', 1500],
  ['59,90', '49,90', '5,50', 49.9],
]

export const GROUPS: Group[] = [
  { name: 'hundredths, in every style', examples: each(MARKS, withCents) },
  { name: 'whole amounts', examples: each(MARKS, wholes) },
  { name: 'currencies without hundredths', examples: each(NO_CENTS, wholes) },
  {
    name: 'currencies of three decimals',
    examples: each(THREE_DECIMALS, [
      ['1.499', 1.499],
      ['12,500', 12.5],
      ['0.750', 0.75],
      ['1,250.500', 1250.5],
      ['1 250,500', 1250.5],
      ['7', 7],
      ['7.5', 7.5],
    ]),
  },
  {
    name: 'Indian groups',
    examples: WHOLES.flatMap((whole) =>
      [`₹${indian(whole)}`, `₹ ${indian(whole)}.00`, `Rs. ${indian(whole)}`, `Rs.${indian(whole)}/-`, `INR ${indian(whole)}`].map(
        (text) => ({
          text,
          price: Number(whole),
          currency: 'INR',
        }),
      ),
    ),
  },
  {
    name: 'digits of other scripts',
    examples: [
      ...WHOLES.flatMap((whole) => [
        { text: `${inDigits(grouped(whole, '٬'), '٠')} ر.س`, price: Number(whole), currency: 'SAR' },
        { text: `${inDigits(whole, '٠')}٫${inDigits('50', '٠')} د.إ`, price: Number(whole) + 0.5, currency: 'AED' },
        { text: `${inDigits(grouped(whole, '٬'), '۰')} ریال`, price: Number(whole), currency: 'IRR' },
        { text: `￥${inDigits(grouped(whole, ','), '０')}`, price: Number(whole), currency: 'JPY' },
        { text: `₹${inDigits(indian(whole), '०')}`, price: Number(whole), currency: 'INR' },
        { text: `\u200f${whole} ₪\u200e`, price: Number(whole), currency: 'ILS' },
      ]),
    ],
  },
  {
    name: 'no hundredths written out, and hundredths apart',
    examples: ['5', '49', '999', '2450'].flatMap((whole) => [
      ...['.', ' ', ''].flatMap((group) =>
        [',-', '.-', ',–', ',—', ',--', ':-', '.--'].flatMap((sign) => [
          { text: `${grouped(whole, group)}${sign}`, price: Number(whole), currency: undefined },
          { text: `${grouped(whole, group)}${sign} €`, price: Number(whole), currency: 'EUR' },
          { text: `€ ${grouped(whole, group)}${sign}`, price: Number(whole), currency: 'EUR' },
        ]),
      ),
      ...[' €', '€', ' ₽', ' zł', ' Kč', ' руб.'].flatMap((mark) => [
        { text: `${whole}${mark} 45`, price: Number(whole) + 0.45, currency: undefined },
        { text: `${whole}⁴⁵${mark}`, price: Number(whole) + 0.45, currency: undefined },
        { text: `${whole} 45${mark}`, price: Number(whole) + 0.45, currency: undefined },
      ]),
      { text: `${whole}€45`, price: Number(whole) + 0.45, currency: 'EUR' },
      { text: `$${whole}⁴⁵`, price: Number(whole) + 0.45, currency: 'USD' },
      { text: `$${whole} 45`, price: Number(whole) + 0.45, currency: 'USD' },
      { text: `${whole} руб. 45 коп.`, price: Number(whole) + 0.45, currency: 'RUB' },
      { text: `${whole} ₽ 45 коп`, price: Number(whole) + 0.45, currency: 'RUB' },
      { text: `${whole} zł 45 gr`, price: Number(whole) + 0.45, currency: 'PLN' },
      { text: `${whole}=`, price: Number(whole), currency: undefined },
    ]),
  },
  {
    name: 'a separator at the beginning',
    examples: ['85', '5', '05'].flatMap((part) =>
      ['.', ','].flatMap((separator) => [
        { text: `${separator}${part} €`, price: Number(`0.${part}`), currency: 'EUR' },
        { text: `$${separator}${part}`, price: Number(`0.${part}`), currency: 'USD' },
        { text: `£ ${separator}${part}`, price: Number(`0.${part}`), currency: 'GBP' },
        { text: `${separator}${part}`, price: Number(`0.${part}`), currency: undefined },
      ]),
    ),
  },
  {
    name: 'words of shops around one price and several',
    examples: PHRASES.flatMap((phrase) =>
      PHRASE_MARKS.flatMap(([currency, write]) =>
        TRIPLES.map(([was, now, less, price]) => ({ text: phrase(write(was), write(now), write(less)), price, currency })),
      ),
    ),
  },
  {
    name: "the item's own currency",
    examples: ['RUB', 'eur', '$', 'CZK', 'kr'].flatMap((own) => [
      ...wholes.map(([text, price]) => ({ text, price, currency: undefined, own })),
      ...withCents.map(([text, price]) => ({ text, price, currency: undefined, own })),
      { text: 'было 2 000 стало 1 500', price: 1500, currency: undefined, own },
      { text: 'Скидка 10%: 900', price: 900, currency: undefined, own },
      { text: '2 шт. за 1 500', price: 1500, currency: undefined, own },
      { text: 'from 10 to 20', price: 10, currency: undefined, own },
    ]),
  },
].map(({ name, examples }) => ({ name, examples: unique(examples) }))
