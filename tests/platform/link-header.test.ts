import { describe, expect, test } from 'bun:test'
import { nextInLinkHeader, readLinkHeader } from '../../src/platform/http/link-header.ts'
import { leastCpuMs } from '../support/cpu.ts'

describe('Link headers (RFC 8288)', () => {
  test.each([
    ['<https://g/a?x=1,2>; rel="first", <https://g/b?y=;>; title="a, b"; rel=next', 'https://g/b?y=;'],
    [
      '<https://s/c?page=0>; rel="prev"; title="a, b", <https://s/c?page=2>; title="next, page"; rel="next"',
      'https://s/c?page=2',
    ],
    ['<https://g/b>; rel="prev next"', 'https://g/b'],
    ['<b> ; REL = next', 'b'],
    ['<a>; title="a \\" <x>; rel=next, ", <b>;rel=next', 'b'],
    ['<a>, <b>; rel="next"', 'b'],
    ['junk, <b>; rel="next"', 'b'],
    ['"<a>; rel=next", <b>; rel="next"', 'b'],
    ['<a>; rel=prev; rel=next', undefined],
    ['<a>; rev=next', undefined],
    ['<a>; title="rel=next"', undefined],
    ['<a>; rel="nextish", <c>; rel=prev', undefined],
    ['<a>; rel="next', 'a'],
    ['<a', undefined],
    ['', undefined],
    [null, undefined],
  ])('%p leads on to %p', (header, expected) => {
    expect(nextInLinkHeader(header)).toBe(expected as string)
  })

  test('H5: a field of any length costs no more than its first 8 KiB, and what that cuts does not count', () => {
    const pieces = ['<', '<a>;rel=', '"', ';=', '<a>;"', '\\"', '<>', ',', '<a>; x="\\']
    const hostile = pieces.map((piece) => piece.repeat(100_000))
    expect(leastCpuMs(() => hostile.forEach(readLinkHeader))).toBeLessThan(500)
    expect(nextInLinkHeader(`<a>; title="${'x'.repeat(10_000)}"; rel=next`)).toBeUndefined()
    expect(nextInLinkHeader(`<a>; rel=next, ${'x'.repeat(10_000)}`)).toBe('a')
  })
})
