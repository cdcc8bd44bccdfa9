const ESCAPABLE = new Set(['"', '\\', '/', 'b', 'f', 'n', 'r', 't'])

/**
 * Turns the JSON that page templates emit into JSON: drops comments, trailing commas, stray semicolons and control characters between
 * tokens, escapes raw control characters inside strings, unescapes what JSON does not know (`\'`). A JSON text keeps its value.
 * Never throws; what cannot be repaired (a truncated text) is left for `JSON.parse` to refuse.
 */
export const cleanJson = (input: string): string => {
  const text = input
    .replace(/^[\s\ufeff]*(?:<!--|\/\/\s*<!\[CDATA\[|<!\[CDATA\[)/, '')
    .replace(/(?:\/\/\s*\]\]>|\]\]>|-->)\s*$/, '')
  const out: string[] = []
  let comma = -1 // place in `out` of a comma that may turn out to be a trailing one
  for (let at = 0; at < text.length; ) {
    const char = text[at]!
    if (char === '"') {
      const end = copyString(text, at, out)
      comma = -1
      at = end
    } else if (char === '/' && text[at + 1] === '/') {
      const end = text.slice(at).search(/[\r\n\u2028\u2029]/)
      at = end < 0 ? text.length : at + end
    } else if (char === '/' && text[at + 1] === '*') {
      const end = text.indexOf('*/', at + 2)
      at = end < 0 ? text.length : end + 2
      out.push(' ')
    } else if (char === ',') {
      comma = out.push(char) - 1
      at++
    } else if (char === '}' || char === ']') {
      if (comma >= 0) out[comma] = ''
      comma = -1
      out.push(char)
      at++
    } else if (char <= ' ' || char === '\ufeff' || char === '\u00a0' || char === ';' || char === '\u007f') {
      out.push(' ')
      at++
    } else {
      comma = -1
      out.push(char)
      at++
    }
  }
  return out.join('')
}

/** Copies the string that opens at `start`; returns the place after its closing quote. */
const copyString = (text: string, start: number, out: string[]): number => {
  let from = start
  let at = start + 1
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      out.push(text.slice(from, at + 1))
      return at + 1
    }
    if (code < 0x20) {
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
      }
    }
  }
  out.push(text.slice(from))
  return at
}
