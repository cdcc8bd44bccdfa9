/**
 * Signs and words of currencies, and which ISO code each stands for where. A mark that several currencies share stands for the one that is
 * used where the shop is; without a place it stands for the usual one, or, when there is no usual one (`kr`), for none.
 */

/** What a mark stands for. */
export interface Mark {
  /** ISO codes that it can stand for. None: it is known to be no currency with a code (`₿`, toman, points). */
  codes: readonly string[]
  /** Where no place says otherwise. */
  usual: string | undefined
  /** It names hundredths: `коп.`, `¢`. */
  isMinor: boolean
  /** It is also an ordinary word, letter or unit, and counts only where no other mark does. */
  isWeak: boolean
}
/** Where a price was found: what decides between the currencies of a shared mark. */
export interface PriceHints {
  /** Language tag of the page: `sv`, `en-CA`. */
  locale?: string | undefined
  /** Host of the shop: its last label may be a country's. */
  host?: string | undefined
  /** Currency that the shop's other prices have. */
  usual?: string | undefined
}

/** Currencies with three decimals: in them a separator before three digits is a decimal one. */
export const THREE_DECIMALS: ReadonlySet<string> = new Set(['KWD', 'BHD', 'OMR', 'JOD', 'TND', 'LYD', 'IQD'])
/** Currencies of which nobody pays hundredths: two digits behind such a price are not its cents. */
export const NO_CENTS: ReadonlySet<string> = new Set(
  'BIF CLP COP CRC DJF GNF HUF IDR IRR ISK JPY KHR KMF KRW LAK LBP MGA MMK MNT PYG RSD RWF TZS UGX UZS VND VUV XAF XOF XPF'.split(
    ' ',
  ),
)
/** Codes that shops use and ISO 4217 does not have, or does not have any more. */
const ALIASES: Record<string, string> = {
  RUR: 'RUB',
  RMB: 'CNY',
  CNH: 'CNY',
  NTD: 'TWD',
  NIS: 'ILS',
  BYR: 'BYN',
  VNĐ: 'VND',
  GRN: 'UAH',
}
/** Codes of metals, tests and accounting units, which no shop charges. */
const NO_MONEY = /^X(?!AF$|OF$|PF$|CD$|CG$)/
const CODES = new Set([...Intl.supportedValuesOf('currency').filter((code) => !NO_MONEY.test(code)), 'XCG'])
/** Codes that are words of a language as well. */
const WORD_CODES = new Set('ALL ANG BAM BOB COP CUP GEL LAK MAD MOP PEN RON SOS STD TOP TRY'.split(' '))

const TABLE: [mark: string, meaning: Mark][] = []
const rows = (codes: string, marks: string, rest: Partial<Mark>) => {
  const meaning: Mark = { codes: codes.split(' ').filter(Boolean), usual: undefined, isMinor: false, isWeak: false, ...rest }
  for (const mark of marks.split(' ')) TABLE.push([mark, meaning])
}
/** Marks of one currency. */
const own = (code: string, marks: string) => rows(code, marks, { usual: code })
/** Marks of several currencies, of which the first is meant unless the place says otherwise. */
const mostly = (codes: string, marks: string) => rows(codes, marks, { usual: codes.split(' ')[0] as string })
/** Marks of one currency that are also words, letters or units of something else. */
const weak = (code: string, marks: string) => rows(code, marks, { usual: code, isWeak: true })
/** Marks of several currencies, of which none is usual. */
const shared = (codes: string, marks: string) => rows(codes, marks, {})

const DOLLARS = 'USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP UYU BBD BMD BND BSD BZD FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD'
mostly(DOLLARS, '$ dollar dollars')
own('USD', 'US$ U$S U$ USD$ долл доллар доллара долларов бакс баксов')
own('CAD', 'C$ CA$ CAD$ CDN$ Can$')
own('AUD', 'A$ AU$ AUD$ Aus$')
own('NZD', 'NZ$ NZD$')
own('SGD', 'S$ SG$ SGD$')
own('HKD', 'HK$ HKD$')
own('TWD', 'NT$ TW$ NTD$ 新台幣')
own('MXN', 'MX$ Mex$ MXN$')
own('BRL', 'R$ reais BRL$')
own('ARS', 'AR$ ARS$')
own('CLP', 'CL$ CLP$')
own('COP', 'COL$ CO$ COP$')
own('UYU', 'UY$ $U')
own('DOP', 'RD$')
own('JMD', 'J$ JM$')
own('TTD', 'TT$')
own('BBD', 'Bds$')
own('BZD', 'BZ$')
own('BND', 'B$')
own('BMD', 'BD$')
own('XCD', 'EC$')
own('FJD', 'FJ$')
own('GYD', 'GY$ G$')
own('NAD', 'N$')
own('LRD', 'LD$ L$')
own('KYD', 'CI$ KY$')
own('ZWL', 'ZW$ Z$')

mostly('RUB BYN', '₽ руб рубль рубля рублей рублях р ruble rubles rouble roubles')
own('BYN', 'бел.руб')
own('EUR', '€ euro euros евро ευρώ')
mostly('GBP EGP LBP SYP SDG', '£ ₤ фунт фунтов')
rows('GBP EGP LBP SYP SDG', 'pound pounds', { usual: 'GBP', isWeak: true })
own('EGP', 'E£ ج.م جنيه')
weak('EGP', 'LE')
own('UAH', '₴ грн гривна гривен гривень гривня')
own('KZT', '₸ тенге тг тнг tenge')
own('TRY', '₺ TL лир лира lira')
own('PLN', 'zł zl złoty złote złotych злотых')
own('CZK', 'Kč Kc korun koruna koruny')
own('HUF', 'Ft FT forint')
weak('HUF', 'ft')
own('BGN', 'лв лева leva')
weak('BGN', 'lv')
mostly('RON MDL', 'lei leu')
mostly('MDL RON', 'лей леев лея')
shared('SEK NOK DKK ISK', 'kr kroner krónur')
own('SEK', 'kronor krona')
shared('CZK SEK NOK DKK ISK', 'крон кроны крона')
own('NOK', 'NKr')
own('DKK', 'DKr')
own('ISK', 'ISKr')
own('CHF', 'SFr франк франков')
weak('CHF', 'Fr fr')
own('RSD', 'дин динара dinara')
weak('RSD', 'din')
own('MKD', 'ден денари')
weak('MKD', 'den')
weak('BAM', 'KM')
own('ALL', 'Lekë')
own('GEL', '₾ лари lari ლარი')
own('AMD', '֏ драм դր dram')
own('AZN', '₼ манат manat')
own('UZS', "сум so'm soʻm soum")
own('KGS', '⃀ сом')
own('TJS', 'сомони somoni')
own('MNT', '₮ төгрөг tugrik')
mostly('INR PKR LKR NPR MUR SCR', '₹ Rs ₨ rupee rupees रु ரூ рупий')
own('PKR', 'PKRs')
own('LKR', 'SLRs රු')
own('NPR', 'NRs NPRs')
own('BDT', '৳ Tk taka')
mostly('JPY CNY', '¥')
own('JPY', '円 yen JP¥ 日元 иен йен')
mostly('CNY TWD HKD MOP', '元 圆 圓')
own('CNY', 'CN¥ yuan 人民币 人民幣 юань юаней')
own('KRW', '₩ 원')
weak('KRW', 'won вон')
own('VND', '₫ đ đồng dong')
own('THB', '฿ บาท baht бат')
own('IDR', 'Rp rupiah')
own('MYR', 'RM ringgit')
own('PHP', '₱ Php')
own('LAK', '₭')
weak('LAK', 'kip')
own('KHR', '៛ riel')
own('MMK', 'kyat')
weak('MMK', 'Ks')
own('MOP', 'MOP$')
own('ILS', '₪ שח ש"ח ש״ח shekel shekels шекель шекелей')
shared('AED MAD', 'DH درهم dirham dirhams')
own('AED', 'د.إ Dhs')
own('MAD', 'د.م')
mostly('IRR SAR QAR OMR YER', '﷼')
shared('SAR QAR OMR YER IRR', 'ريال riyal rial')
own('SAR', 'ر.س')
weak('SAR', 'SR')
own('QAR', 'ر.ق')
weak('QAR', 'QR')
own('OMR', 'ر.ع')
own('IRR', 'ریال')
own('KWD', 'د.ك')
weak('KWD', 'KD')
own('BHD', 'د.ب')
weak('BHD', 'BD')
own('JOD', 'د.ا')
weak('JOD', 'JD')
own('IQD', 'د.ع')
own('TND', 'د.ت')
weak('TND', 'DT')
own('DZD', 'د.ج')
own('LYD', 'ل.د')
own('LBP', 'ل.ل')
shared('KWD BHD JOD IQD TND DZD LYD RSD', 'dinar dinars دينار')
own('NGN', '₦ naira')
own('GHS', '₵ GH₵ GH¢ cedi')
own('KES', 'KSh KShs')
own('TZS', 'TSh')
own('UGX', 'USh')
rows('KES TZS UGX SOS', 'Sh Shs', { isWeak: true })
shared('XOF XAF', 'FCFA F.CFA CFA')
own('AOA', 'Kz')
own('PEN', 'soles')
weak('PEN', 'S/')
own('PYG', '₲ Gs guaraníes')
own('CRC', '₡')
weak('PAB', 'B/')
shared('BOB VES', 'Bs')
own('HNL', 'Lps')
shared('ARS CLP COP MXN UYU DOP PHP CUP', 'peso pesos')
rows('BYN ETB', 'Br', { isWeak: true })
// Money without an ISO code, and what is no money.
shared('', '₿ BTC ETH USDT USDC تومان toman points pts баллов балла бонусов')

rows('RUB BYN', 'коп копеек копейки копейка', { usual: 'RUB', isMinor: true })
rows('USD CAD AUD NZD EUR', '¢ cent cents', { usual: 'USD', isMinor: true })
rows('PLN', 'gr groszy', { usual: 'PLN', isMinor: true, isWeak: true })
rows('RUB BYN UAH', 'к', { usual: 'RUB', isMinor: true, isWeak: true })
rows('GBP', 'pence', { usual: 'GBP', isMinor: true })
weak('ZAR', 'R')
weak('GTQ', 'Q')
rows('MDL HNL RON', 'L', { isWeak: true })
// A Latin p is a mistyped `р` where roubles are paid, and pence or nothing at all elsewhere.
rows('RUB BYN', 'p', { isWeak: true })

/** The currency of a country (ISO 3166), for those of which a mark is shared. */
const OF_COUNTRY: Record<string, string> = Object.fromEntries(
  (
    'US:USD CA:CAD AU:AUD NZ:NZD SG:SGD HK:HKD TW:TWD MX:MXN AR:ARS CL:CLP CO:COP UY:UYU BB:BBD BM:BMD BN:BND BS:BSD BZ:BZD FJ:FJD GY:GYD ' +
    'JM:JMD KY:KYD LR:LRD NA:NAD SB:SBD SR:SRD TT:TTD RU:RUB BY:BYN GB:GBP UK:GBP EG:EGP LB:LBP SY:SYP SD:SDG RO:RON MD:MDL SE:SEK NO:NOK ' +
    'DK:DKK IS:ISK IN:INR PK:PKR LK:LKR NP:NPR MU:MUR SC:SCR JP:JPY CN:CNY MO:MOP AE:AED MA:MAD IR:IRR SA:SAR QA:QAR OM:OMR YE:YER KW:KWD ' +
    'BH:BHD JO:JOD IQ:IQD TN:TND DZ:DZD LY:LYD RS:RSD KE:KES TZ:TZS UG:UGX SO:SOS SN:XOF CI:XOF CM:XAF BO:BOB VE:VES HN:HNL DO:DOP PH:PHP ' +
    'CU:CUP ET:ETB HU:HUF ZA:ZAR GT:GTQ IE:EUR'
  )
    .split(' ')
    .map((pair) => pair.split(':')),
)
/** Where a language is spoken, if there is one such place. */
const COUNTRY_OF: Record<string, string> = {
  sv: 'SE',
  nb: 'NO',
  nn: 'NO',
  no: 'NO',
  da: 'DK',
  is: 'IS',
  ja: 'JP',
  zh: 'CN',
  be: 'BY',
  ro: 'RO',
  hi: 'IN',
  ur: 'PK',
  si: 'LK',
  ne: 'NP',
  ru: 'RU',
}
/** Country domains that everybody buys. */
const SOLD_DOMAINS = /(?<!\.(?:com|co|net|org))\.(?:co|sc|ly|bz|sh|la|so)$/i

/** Currencies of the place, the surest first. */
const placeCurrencies = ({ usual, locale, host }: PriceHints): (string | undefined)[] => {
  const [language, ...parts] = (locale ?? '').trim().split(/[-_]/)
  const region = parts.find((part) => /^[A-Za-z]{2}$/.test(part))?.toUpperCase()
  const domain = host?.split('.').at(-1)?.toUpperCase() ?? ''
  const countries = [
    region,
    SOLD_DOMAINS.test(host ?? '') ? undefined : domain,
    region ? undefined : COUNTRY_OF[(language ?? '').toLowerCase()],
  ]
  return [usual && isoCode(usual), ...countries.map((country) => OF_COUNTRY[country ?? ''])]
}

/** The ISO code that a mark stands for at this place, if that can be said. */
export const codeOfMark = (mark: Mark, hints: PriceHints): string | undefined =>
  mark.codes.length > 1 ? (placeCurrencies(hints).find((code) => code && mark.codes.includes(code)) ?? mark.usual) : mark.codes[0]

/** The ISO code that three letters are, in any case, or undefined. */
export const isoCode = (word: string): string | undefined => {
  const upper = word.trim().toUpperCase()
  return ALIASES[upper] ?? (CODES.has(upper) ? upper : undefined)
}

export interface FoundMark {
  meaning: Mark
  at: number
  end: number
}

const LETTER = /\p{L}/u
const HAS_IDEOGRAPHS = /[\u3040-\u9fff\uac00-\ud7af]/
/** Marks that are found only as they are written here: in another case they are something else. */
const EXACT = new Set('Ft FT ft R Q L p KM LE SR QR KD BD JD DT DH Ks Br RM Sh Shs Fr fr R$ S/ B/'.split(' '))
const BY_MARK = new Map(TABLE.map(([mark, meaning]) => [EXACT.has(mark) ? mark : mark.toLowerCase(), meaning]))

/** A mark as a pattern: letters stand alone and may end with the dot of an abbreviation; `бел.руб` may have a blank, `US$` as well. */
const patternOf = (mark: string) => {
  const isWord = !HAS_IDEOGRAPHS.test(mark)
  const body = mark
    .replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
    .replaceAll('\\.', '\\.?\\s?')
    .replace(/^([A-Z][A-Za-z]+|C)\\\$$/, '$1\\s?\\$')
  const begins = isWord && LETTER.test(mark[0] as string) ? '(?<!\\p{L})' : ''
  const ends = isWord && LETTER.test(mark.at(-1) as string) ? '(?!\\p{L})\\.?' : mark.endsWith('/') ? '\\.?' : ''
  return `${begins}${body}${ends}`
}
/** Marks, longest first; then foreign dollars, what looks like a code, and any other sign of a currency. */
const MARK = new RegExp(
  [
    ...TABLE.map(([mark]) => mark)
      .sort((a, b) => b.length - a.length)
      .map(patternOf),
    '(?<!\\p{L})[A-Z]{1,3}\\$',
    '(?<!\\p{L})(?:[A-Z]{3}|VNĐ)(?!\\p{L})\\.?',
    '\\p{Sc}',
  ].join('|'),
  'giu',
)
const UNKNOWN: Mark = { codes: [], usual: undefined, isMinor: false, isWeak: false }
/** Capitals beside a price that are no currency: taxes, list prices, amounts. */
const NO_CODES = new Set(
  'VAT TTC TVA IVA KDV DPH MWS BTW GST PVP UVP RRP SRP INC EXC NEW OFF PCS SET NOW BUY FOR WAS ONE TWO PRO MAX MIN'.split(' '),
)

const meaningOf = (found: string, text: string): Mark | undefined => {
  const bare = found.length > 1 ? found.replace(/\.$/, '') : found
  const lower = bare.toLowerCase()
  const folded = lower.replace(/\.?\s|\.(?=\p{L})/gu, '.')
  const known = BY_MARK.get(bare) ?? (EXACT.has(lower) ? undefined : (BY_MARK.get(lower) ?? BY_MARK.get(folded)))
  if (known) return known
  if (bare.endsWith('$')) {
    const letters = bare.slice(0, -1).trim()
    const foreign = BY_MARK.get(`${letters}$`.toLowerCase())
    if (foreign && (letters === letters.toUpperCase() || /^[A-Z]/.test(letters))) return foreign
    return letters === letters.toUpperCase() && !NO_CODES.has(letters) ? UNKNOWN : BY_MARK.get('$')
  }
  if (/^\p{Sc}$/u.test(bare)) return UNKNOWN
  if (!/^\p{L}{3}$/u.test(bare)) return undefined
  const code = isoCode(bare)
  const upper = bare.toUpperCase()
  const isBesideNumber = /^[\d\s.,'-]*$/.test(text.replace(found, ''))
  // `50 XYZ` and nothing else: a code that nobody knows.
  if (code === undefined) return isBesideNumber && /^[A-Z]{3}$/.test(bare) && !NO_CODES.has(bare) ? UNKNOWN : undefined
  const isWord = WORD_CODES.has(upper) && !isBesideNumber
  if (isWord && bare !== upper) return undefined
  return { codes: [code], usual: code, isMinor: false, isWeak: isWord }
}

/** Every mark of a text, from left to right. */
export const marksIn = (text: string): FoundMark[] =>
  [...text.matchAll(MARK)].flatMap((match) => {
    const meaning = meaningOf(match[0], text)
    return meaning ? [{ meaning, at: match.index, end: match.index + match[0].length }] : []
  })
