import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { cleanJson } from '../../src/workers/web/extract/loose-json.ts'

const read = (text: string) => JSON.parse(cleanJson(text))

/** Writes a value as careless templates do: noise between tokens, raw control characters in strings, trailing commas. */
const writeCarelessly = (value: unknown, noise: () => string): string => {
  const gap = noise()
  if (typeof value === 'string') return gap + JSON.stringify(value).replace(/\\(?:u00[01][0-9a-f]|[bfnrt])/g, raw) + noise()
  if (Array.isArray(value)) {
    const items = value.map((item) => writeCarelessly(item, noise))
    return `${gap}[${items.join(',')}${items.length > 0 ? `,${noise()}` : noise()}]${noise()}`
  }
  if (value && typeof value === 'object') {
    const items = Object.entries(value).map(([key, item]) => `${writeCarelessly(key, noise)}:${writeCarelessly(item, noise)}`)
    return `${gap}{${items.join(',')}${items.length > 0 ? `,${noise()}` : noise()}}${noise()}`
  }
  return gap + JSON.stringify(value) + noise()
}

/** The character of an escape, unless its backslash is itself escaped. */
const raw = (written: string, at: number, all: string): string => {
  let slashes = 0
  while (all[at - 1 - slashes] === '\\') slashes++
  return slashes % 2 === 1 ? written : JSON.parse(`"${written}"`)
}

const NOISE = [
  '',
  ' ',
  '\n',
  '\t',
  '// a "comment" with {braces},\n',
  '/* one, "two" */',
  '/**/',
  '\u0000',
  '\u000b',
  '\ufeff',
  '//\r\n',
]

describe('tolerant JSON', () => {
  test('any JSON value survives comments, control characters and trailing commas', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.constantFrom(...NOISE), { minLength: 1, maxLength: 40 }), (value, noises) => {
        let turn = 0
        const plain = JSON.parse(JSON.stringify(value)) // -0 is 0 on the wire
        expect(read(writeCarelessly(plain, () => noises[turn++ % noises.length]!))).toEqual(plain)
      }),
      { numRuns: 300 },
    )
  })

  test('strings of any characters survive, written raw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(read(writeCarelessly({ [text]: [text] }, () => ' '))).toEqual({ [text]: [text] })
      }),
      { numRuns: 300 },
    )
  })

  test('any text whatever is cleaned without an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(typeof cleanJson(text)).toBe('string')
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['a URL is no comment', '{"u":"https://x/y//z"}', { u: 'https://x/y//z' }],
    ['HTML comment marks around the script', '<!-- {"a":1} -->', { a: 1 }],
    ['CDATA marks', '//<![CDATA[\n{"a":1}\n//]]>', { a: 1 }],
    ['a trailing semicolon', '{"a":1};', { a: 1 }],
    ['an escape that JSON does not know', '{"a":"it\\\'s \\x"}', { a: "it's x" }],
    ['a backslash before a line break', '{"a":"x\\\ny"}', { a: 'x\ny' }],
    ['an unfinished unicode escape', '{"a":"\\u12"}', { a: 'u12' }],
    ['comments at both ends', '/* a */{"a":[1,2,],}// b', { a: [1, 2] }],
  ])('%s', (_, text, value) => {
    expect(read(text)).toEqual(value)
  })

  test('a truncated text stays an error', () => {
    expect(() => read('{"a":"b')).toThrow(SyntaxError)
    expect(() => read('{"a":/* x')).toThrow(SyntaxError)
  })
})
