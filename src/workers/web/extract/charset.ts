const BOMS: [number[], string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
]
/** Names that servers use and browsers do not know. */
const ALIASES = new Map([
  ['win-1251', 'windows-1251'],
  ['win1251', 'windows-1251'],
  ['windows1251', 'windows-1251'],
  ['cp-1251', 'windows-1251'],
  ['koi8r', 'koi8-r'],
  ['utf8mb4', 'utf-8'],
  ['utf', 'utf-8'],
])
/** Characters of a document in which its own declaration is looked for; most stand in the first 1,024 bytes, not all. */
const MAX_PRESCAN = 1_000_000
const MAX_TAG = 1000
/** Bytes beyond ASCII, with the words around them, that the detector is given. */
const SAMPLE = 16_384
/** Invalid bytes of one text in a hundred characters that are valid: a comment of a user, a cut in the middle of a character. */
const FEW_INVALID = 0.05

/** Characters of UTF-8 for each invalid byte, from which bytes are UTF-8 whatever is declared, and where nothing is. No other text has them by chance. */
const NEARLY_ALL = 20
const MOST = 4

const decoder = (label: string | undefined, options?: { fatal: boolean }) => {
  if (!label) return undefined
  const name = label.trim().toLowerCase()
  try {
    return new TextDecoder((ALIASES.get(name) ?? name) as 'utf-8', options)
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined // an unknown label: try the next source
    throw error
  }
}
/** The text, or undefined where the bytes are not of this charset. */
const decodeStrictly = (bytes: Uint8Array, label: string): string | undefined => {
  try {
    return decoder(label, { fatal: true })?.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}

/**
 * Decodes a document: byte order mark, then UTF-8 if the bytes are valid UTF-8 but for a few (whatever is declared: no other text is so by chance), then the
 * charset of `Content-Type`, of the document's own declaration, and, where none is declared or the bytes contradict it, the detected one.
 * Malformed bytes become U+FFFD.
 */
export const decodePage = (bytes: Uint8Array, contentType: string): string => {
  for (const [bom, label] of BOMS) if (bom.every((byte, index) => bytes[index] === byte)) return decoder(label)!.decode(bytes)
  const wide = wideCharset(bytes)
  if (wide) return decoder(wide)!.decode(bytes)
  const utf8 = decodeStrictly(bytes, 'utf-8')
  const ascii = utf8?.slice(0, MAX_PRESCAN) ?? new TextDecoder('latin1').decode(bytes.subarray(0, MAX_PRESCAN))
  const header = /charset\s{0,10}=\s{0,10}["']?([^\s"';,]{1,40})/i.exec(contentType.slice(0, 1000))?.[1]
  const declared = [header, ownCharset(ascii)].flatMap((label) => decoder(label)?.encoding ?? [])
  if (utf8 !== undefined && !isEscaped(ascii, declared) && !isByChance(utf8, declared[0])) return utf8
  // A shop's template cuts a text in the middle of a character: one invalid byte makes no other charset of it.
  const loose = utf8 === undefined ? decoder('utf-8')!.decode(bytes) : undefined
  const { invalid, valid } = loose === undefined ? { invalid: 0, valid: 0 } : countsOf(loose)
  if (loose !== undefined && invalid * NEARLY_ALL <= valid) return loose
  for (const label of declared) {
    // A declaration that was readable as ASCII cannot stand in a UTF-16 document.
    if (label.startsWith('utf-16')) continue
    const text = decoder(label)!.decode(bytes)
    if (isPlausible(text)) return text
  }
  if (loose !== undefined && invalid * MOST <= valid) return loose
  const sample = sampleOf(bytes)
  for (const label of detected(sample, ascii)) {
    const text = decoder(label)!.decode(bytes)
    if (isPlausible(text)) return text
  }
  return decoder(declared[0] ?? 'utf-8')!.decode(bytes)
}

/** UTF-16 without a mark: every other byte of its markup is 0. */
const wideCharset = (bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined => {
  const head = bytes.subarray(0, 200)
  let even = 0
  let odd = 0
  for (let index = 0; index < head.length; index++) if (head[index] === 0) index % 2 === 0 ? even++ : odd++
  if (head.length < 8) return undefined
  if (odd > head.length * 0.35 && even < odd / 8) return 'utf-16le'
  return even > head.length * 0.35 && odd < even / 8 ? 'utf-16be' : undefined
}

/** ISO-2022 writes Japanese and Korean in ASCII with escapes, which are valid UTF-8. */
const isEscaped = (ascii: string, declared: string[]) =>
  declared.includes('iso-2022-jp') ||
  (declared.length === 0 && ['\u001b$B', '\u001b$@'].some((start) => ascii.slice(0, 100_000).includes(start)))

/** A word or two in a charset of two bytes a character may be valid UTF-8 by chance. */
const isByChance = (utf8: string, declared: string | undefined): boolean => {
  if (!declared || !/^(?:gb|big5|euc|shift|iso-2022)/.test(declared)) return false
  let count = 0
  for (const char of utf8) {
    const code = char.codePointAt(0)!
    if (code >= 0x800) return false
    if (code >= 0x80 && ++count > 8) return false
  }
  return count > 0
}

/** Whether a text shows that its charset was the right one: hardly any character that there is not. */
const isPlausible = (text: string): boolean => {
  const { invalid, valid } = countsOf(text)
  return invalid <= valid * FEW_INVALID
}
const countsOf = (text: string): { invalid: number; valid: number } => {
  let invalid = 0
  let valid = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    // What a charset of one byte leaves undefined becomes a control character.
    if (code === 0xfffd || (code >= 0x80 && code < 0xa0 && code !== 0x85)) invalid++
    else if (code >= 0xa0) valid++
  }
  return { invalid, valid }
}

/**
 * What a document declares in its XML declaration or in a `meta` element. Comments, scripts, styles and titles are passed over. One pass.
 */
const ownCharset = (text: string): string | undefined => {
  const xml = /^\s{0,100}<\?xml[^>]{1,200}?encoding\s{0,10}=\s{0,10}["']([\w.:-]{1,40})/i.exec(text)?.[1]
  if (xml) return xml
  const ending = /<\/(?:script|style|title|textarea|noscript)/gi
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    if (text.startsWith('<!--', at)) {
      const end = text.indexOf('-->', at + 2)
      if (end < 0) return undefined
      at = end + 3
      continue
    }
    const name = text.slice(at + 1, at + 10).toLowerCase()
    if (/^(?:script|style|title|textarea)\b/.test(name)) {
      ending.lastIndex = at + 2
      const end = ending.exec(text)
      if (!end) return undefined
      at = end.index + 2
      continue
    }
    if (/^meta[\s/]/.test(name)) {
      const tag = text.slice(at, at + MAX_TAG)
      const label = charsetOfMeta(tag.slice(0, tag.indexOf('>') + 1 || MAX_TAG))
      if (label) return label
    }
    at++
  }
  return undefined
}

const charsetOfMeta = (tag: string): string | undefined => {
  const own = /[\s"'/]charset\s{0,10}=\s{0,10}["']?\s{0,10}([\w.:-]{1,40})/i.exec(tag)
  const isContentType = /http-equiv\s{0,10}=\s{0,10}["']?content-type/i.test(tag)
  // `charset=` in the content of another meta (a description) declares nothing.
  const content = /content\s{0,10}=\s{0,10}(?:"([^"]{0,300})"|'([^']{0,300})'|([^\s>]{1,300}))/i.exec(tag)
  const inContent =
    content && /charset\s{0,10}=\s{0,10}["']?([\w.:-]{1,40})/i.exec(content[1] ?? content[2] ?? content[3] ?? '')?.[1]
  if (isContentType) return inContent ?? own?.[1]
  return own && (!content || own.index < content.index || own.index >= content.index + content[0].length) ? own[1] : undefined
}

/** Letters of ASCII before and behind a byte beyond ASCII that are taken for its word. */
const MAX_WORD = 16

/** What a detector can tell a charset by: words with bytes beyond ASCII, without markup. */
const sampleOf = (bytes: Uint8Array): Uint8Array => {
  const sample = new Uint8Array(SAMPLE)
  let size = 0
  let done = 0 // what stands before has been looked at
  for (let index = 0; index < bytes.length && size < SAMPLE - 4 * MAX_WORD; index++) {
    if (bytes[index]! < 0x80) continue
    let from = index
    while (from > done && from > index - MAX_WORD && isWordByte(bytes[from - 1]!)) from--
    if (from > done && size > 0) sample[size++] = 0x20
    let to = index + 1
    // The second byte of a character may look like ASCII of any kind.
    if (to < bytes.length && bytes[to]! >= 0x40 && bytes[to]! < 0x80) to++
    while (to < bytes.length && to < index + MAX_WORD && isWordByte(bytes[to]!)) to++
    for (let at = from; at < to; at++) sample[size++] = bytes[at]!
    done = to
    index = to - 1
  }
  return sample.subarray(0, size)
}
const isWordByte = (byte: number) => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)

/** The charsets that the shops of a language use, where it is known, before others of the same likelihood. */
const USUAL: [RegExp, string[]][] = [
  [/^(?:ru|uk|be|bg|sr|mk|kk)/i, ['windows-1251', 'koi8-r', 'koi8-u']],
  [/^ja/i, ['shift_jis', 'euc-jp', 'iso-2022-jp']],
  [/^zh-(?:tw|hk|hant)/i, ['big5']],
  [/^zh/i, ['gb18030', 'gbk', 'big5']],
  [/^ko/i, ['euc-kr']],
  [/^(?:pl|cs|sk|hu|hr|sl|ro)/i, ['windows-1250', 'iso-8859-2']],
  [/^el/i, ['windows-1253', 'iso-8859-7']],
  [/^tr/i, ['windows-1254']],
  [/^he/i, ['windows-1255']],
  [/^(?:ar|fa)/i, ['windows-1256']],
  [/^th/i, ['windows-874']],
  [/^(?:lt|lv|et)/i, ['windows-1257']],
  [/^vi/i, ['windows-1258']],
  [/^(?:en|de|fr|es|it|pt|nl|sv|da|no|nb|fi)/i, ['windows-1252']],
]
/** What pages are found in; the detector also knows those of terminals and mainframes. */
const OF_PAGES =
  /^(?:windows-(?:125[0-8]|874)|koi8-[ru]|iso-8859-\d{1,2}|gbk|gb18030|big5|shift_jis|euc-(?:jp|kr)|iso-2022-jp|ibm866|x-mac-cyrillic)$/
/** Confidence from which the detector is believed against what is usual. */
const SURE = 0.15

/** Charsets that the bytes may be of, likeliest first. */
const detected = (sample: Uint8Array, ascii: string): string[] => {
  const language = /<html[^>]{0,500}?\slang\s{0,5}=\s{0,5}["']?([\w-]{2,20})/i.exec(ascii.slice(0, 20_000))?.[1]
  const usual = USUAL.find(([pattern]) => language !== undefined && pattern.test(language))?.[1] ?? []
  // Loaded at the first page that needs it: its models take 20 MB.
  const { detectAll } = require('jschardet') as typeof import('jschardet')
  const found = detectAll(sample)
    .flatMap(({ encoding, confidence }) => {
      const label = decoder(encoding ?? undefined)?.encoding as string | undefined
      if (!label || !OF_PAGES.test(label)) return []
      const prior = usual.includes(label) ? SURE : label === 'windows-1251' ? COMMON : 0
      return [{ label, score: confidence + prior - oddness(decoder(label)!.decode(sample)) }]
    })
    .sort((a, b) => b.score - a.score)
  const western = found.find(({ label }) => label === 'windows-1252')?.score ?? 0
  // Single letters with accents inside words of ASCII tell the detector little.
  const latin = found.find(({ label, score }) => LATIN.test(label) && score >= 0.08 && score > western + 0.005)
  const first = isMostlyAscii(sample) ? (usual[0] ?? latin?.label ?? 'windows-1252') : undefined
  return [...new Set([...(first ? [first] : []), ...found.map(({ label }) => label), ...usual, 'windows-1252'])]
}
/** Added to the charset in which most pages without a declaration are found. */
const COMMON = 0.03
const LATIN = /^(?:windows-125[0478]|iso-8859-(?:[1-4]|9|1[03-6]))$/
/**
 * How much of a text no shop writes, 0..1: frames, signs among letters, capitals behind small letters, letters of two scripts in one word.
 */
const oddness = (text: string): number => {
  const odd = text.match(
    /[\u2500-\u259f]|(?<=\p{L})[\u00a1-\u00ac\u00ae-\u00bf\u00d7\u00f7](?=\p{L})|\p{Ll}(?=[\u0400-\u042f\u00c0-\u00de\u0391-\u03a9])|[a-zA-Z](?=[\u0370-\u06ff])|[\u0370-\u06ff](?=[a-zA-Z])/gu,
  )
  return Math.min(0.3, ((odd?.length ?? 0) / (text.length || 1)) * 0.5)
}

const isMostlyAscii = (sample: Uint8Array): boolean => {
  let ascii = 0
  let other = 0
  for (const byte of sample) {
    if (byte >= 0x80) other++
    else if (byte !== 0x20) ascii++
  }
  return ascii > other
}
