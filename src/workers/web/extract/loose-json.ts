const ESCAPABLE = new Set(['"', '\\', '/', 'b', 'f', 'n', 'r', 't'])
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** Words that stand for nothing, or are spelled as in another language. */
const WORDS = new Map([
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
  ['undefined', 'null'],
  ['NaN', 'null'],
  ['Infinity', 'null'],
  ['-Infinity', 'null'],
])
// biome-ignore lint/suspicious/noControlCharactersInRegex: templates write them between tokens
const BLANK = /[\s\u0000-\u001f\u007f\u00a0\ufeff;]/
/** Of a word or a number without quotes: up to what separates values. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: templates write them between tokens
const BARE = /[^\s\u0000-\u001f\u00a0\ufeff,:;{}[\]"'`/]+/y
/** Behind a number in an object: the decimals of a comma, or another group, since no key begins with a digit. */
const MORE_DIGITS = /[,.]\d+|[ \u00a0\u202f]\d{3}(?!\d)/y
const LINE_END = /[\r\n\u2028\u2029]/g
/** Blanks after a quote that are looked past, to see whether it ends its string. */
const MAX_BLANKS = 200

/** What has been written last, of what matters to the next token. */
type Last = 'start' | 'open' | 'comma' | 'colon' | 'value'

/**
 * Reads the JSON that page templates emit. Several values in one text are all read; one beyond repair is left out and reported. Never
 * throws for what the text holds. A script longer than `maxRepair` characters is read if it is JSON, but not repaired.
 */
export const readLooseJson = (
  script: string,
  maxRepair = 1_000_000,
): { values: unknown[]; isBroken: boolean; isRepaired: boolean } => {
  const attempts = [
    () => [script],
    () => cleanValues(script),
    () => cleanValues(script, true),
    () => cleanValues(unescapeHtml(script)),
  ]
  let best: unknown[] = []
  for (const [index, attempt] of attempts.entries()) {
    const texts = attempt()
    const values: unknown[] = []
    let failed = 0
    for (const text of texts) {
      const value = parse(text)
      if (value === undefined) failed++
      else values.push(value)
    }
    if (failed === 0 && values.length > 0) return { values, isBroken: false, isRepaired: index > 0 }
    if (values.length > best.length) best = values
    if (script.length > maxRepair) break
  }
  return { values: best.filter((value) => value !== null && typeof value === 'object'), isBroken: true, isRepaired: true }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    // RangeError: nested deeper than the stack allows.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

/** Some templates escape the whole script as if it were HTML text. */
const unescapeHtml = (text: string) =>
  text
    .replace(/&quot;|&#0{0,5}34;|&#x0{0,5}22;/gi, '"')
    .replace(/&lt;/gi, '<')
    .replace(/&gt;/gi, '>')
    .replace(/&amp;/gi, '&')

/** The JSON text that was meant: see `cleanValues`; several values are joined by blanks. A JSON text keeps its value. */
export const cleanJson = (input: string): string => cleanValues(input).join(' ')

/**
 * Turns what templates emit into JSON texts, one for each value: drops comments, marks of HTML comments and CDATA, repeated and trailing
 * commas, stray semicolons and control characters between tokens; writes null where a value is missing or is `undefined` or `NaN`; quotes
 * bare keys and words, numbers that are none (`1299,00`, `007`) and strings in `'…'`; escapes raw control characters inside strings and
 * unescapes what JSON does not know (`\'`); adds commas between values. With `innerQuotes` a quote ends its string only before a separator.
 * What cannot be repaired (a truncated text) is left for `JSON.parse` to refuse. Linear in the text.
 */
const cleanValues = (input: string, innerQuotes = false): string[] => {
  const text = withoutMarks(input)
  const texts: string[] = []
  const open: string[] = []
  const opened = { '{': 0, '[': 0 }
  let out: string[] = []
  let last: Last = 'start'
  let comma = -1 // place in `out` of a comma that may turn out to be a trailing one
  const end = () => {
    texts.push(out.join(''))
    out = []
    last = 'start'
  }
  /** Before a value or a key. */
  const begin = () => {
    if (last === 'value') {
      if (open.length === 0) end()
      else out.push(',')
    }
    comma = -1
  }
  const close = (bracket: string) => {
    if (open.length === 0) return
    const wanted = bracket === '}' ? '{' : '['
    if (opened[wanted] === 0) return
    for (;;) {
      const inner = open.pop() as '{' | '['
      opened[inner]--
      if (last === 'colon') out.push('null')
      else if (comma >= 0) out[comma] = ''
      comma = -1
      last = 'value'
      out.push(inner === '{' ? '}' : ']')
      if (inner === wanted) return
    }
  }
  for (let at = 0; at < text.length; ) {
    const char = text[at]!
    if (char === '"' || char === "'" || char === '`') {
      begin()
      at = copyString(text, at, out, char, innerQuotes)
      last = 'value'
    } else if (char === '/' && text[at + 1] === '/') {
      LINE_END.lastIndex = at
      at = LINE_END.exec(text)?.index ?? text.length
    } else if (char === '/' && text[at + 1] === '*') {
      const closing = text.indexOf('*/', at + 2)
      at = closing < 0 ? text.length : closing + 2
      out.push(' ')
    } else if (char === ',') {
      if (last === 'colon') out.push('null')
      if (open.length > 0 && (last === 'colon' || last === 'value')) {
        comma = out.push(char) - 1
        last = 'comma'
      }
      at++
    } else if (char === ':') {
      out.push(char)
      last = 'colon'
      at++
    } else if (char === '{' || char === '[') {
      begin()
      open.push(char)
      opened[char]++
      out.push(char)
      last = 'open'
      at++
    } else if (char === '}' || char === ']') {
      close(char)
      at++
    } else if (BLANK.test(char)) {
      out.push(' ')
      at++
    } else {
      BARE.lastIndex = at
      let word = BARE.exec(text)?.[0] ?? char
      at += word.length
      if (open.at(-1) === '{' && last === 'colon' && /^[+-]?\d/.test(word)) {
        MORE_DIGITS.lastIndex = at
        for (let more = MORE_DIGITS.exec(text); more; more = MORE_DIGITS.exec(text)) {
          word += more[0]
          at += more[0].length
        }
      }
      begin()
      const isKey = open.at(-1) === '{' && last !== 'colon'
      out.push(isKey ? JSON.stringify(word) : NUMBER.test(word) ? word : (WORDS.get(word) ?? JSON.stringify(word)))
      last = 'value'
    }
  }
  if (out.some((piece) => piece !== ' ' && piece !== '')) end()
  return texts
}

/** Without a byte order mark, and without marks of an HTML comment or of CDATA around the script. */
const withoutMarks = (input: string): string =>
  input
    .trim()
    .replace(/^(?:<!--|\/\/\s{0,20}<!\[CDATA\[|<!\[CDATA\[)/, '')
    .replace(/(?:\/\/\s{0,20}\]\]>|\]\]>|-->)$/, '')

/** Copies the string that opens at `start` with `quote`; returns the place after its closing quote. */
const copyString = (text: string, start: number, out: string[], quote: string, innerQuotes: boolean): number => {
  out.push('"')
  let from = start + 1
  let at = start + 1
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const char = text[at]!
    if (char === quote) {
      if (!innerQuotes || endsString(text, at + 1)) {
        out.push(text.slice(from, at), '"')
        return at + 1
      }
      out.push(text.slice(from, at), quote === '"' ? '\\"' : quote)
      from = at + 1
    } else if (code === 0x22) {
      out.push(text.slice(from, at), '\\"')
      from = at + 1
    } else if (code < 0x20) {
      out.push(text.slice(from, at), `\\u${code.toString(16).padStart(4, '0')}`)
      from = at + 1
    } else if (code === 0x5c) {
      const next = text[at + 1] ?? ''
      const known = ESCAPABLE.has(next) || (next === 'u' && /^[\da-f]{4}$/i.test(text.slice(at + 2, at + 6)))
      if (known) {
        at++
      } else {
        out.push(text.slice(from, at)) // the backslash goes, the character stays
        from = at + 1
        if (next === quote) at++ // an escaped quote does not end the string
      }
    }
  }
  out.push(text.slice(from))
  return at
}

/** Whether what follows a quote is what follows a string. */
const endsString = (text: string, from: number): boolean => {
  let at = from
  while (at < text.length && at - from < MAX_BLANKS && BLANK.test(text[at]!)) at++
  const char = text[at]
  if (char === undefined || char === ':' || char === '}' || char === ']') return true
  if (char !== ',') return false
  at++
  while (at < text.length && at - from < MAX_BLANKS && BLANK.test(text[at]!)) at++
  return at >= text.length || /["'{[\]}\d\-tfn]/.test(text[at]!)
}
