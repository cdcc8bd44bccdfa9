import { describe, expect, test } from 'bun:test'
import { outline } from '../../src/workers/web/extract/outline.ts'

const read = (html: string) => outline(html, 'https://shop.example/a')

describe('names of links and headings', () => {
  test.each([
    ['Tea<span class="count">25</span>', 'Tea'],
    ['<span>Coffee</span><small>12 items</small>', 'Coffee'],
    ['<span>Tea</span><span>pots</span>', 'Tea pots'],
    ['<b>T</b>ea', 'Tea'],
    ['Tea <em>(3)</em>', 'Tea'],
    ['Tea <span class="badge">(<b>25</b>)</span>', 'Tea'],
    ['<i>25</i> Tea', '25 Tea'],
    ['<span class="badge">25</span> Tea', 'Tea'],
    ['Чай <sup>1 204 товара</sup>', 'Чай'],
    ['Чай <span>[12 шт.]</span>', 'Чай'],
    ['Tea (25)', 'Tea'],
    ['Tea (12 items)', 'Tea'],
    ['Wines of (2019)', 'Wines of (2019)'],
    ['<span>7</span> Up', '7 Up'],
    ['<span>2024</span>', '2024'],
    ['Tea<br>and coffee', 'Tea and coffee'],
    ['Tea<svg><title>icon</title></svg><script>x()</script>', 'Tea'],
  ])('%s is %s', (html, name) => {
    expect(read(`<a href="/tea">${html}</a>`).links[0]!.text).toBe(name)
    expect(read(`<h1>${html}</h1>`).heading).toBe(name)
  })

  test('a link without text is named by its label, title or picture', () => {
    const names = read('<a href="/1" aria-label="One"></a><a href="/2" title="Two"></a><a href="/3"><img alt="Three"></a>').links
    expect(names.map(({ text }) => text)).toEqual(['One', 'Two', 'Three'])
  })
})

describe('meta refresh', () => {
  test.each([
    ['0; URL=/b', '/b'],
    ["0;url='/b c'", '/b%20c'],
    ['5, "/b"', '/b'],
    ['0 /b', '/b'],
    ['.5; url = /b', '/b'],
    ['0; url=https://other.example/b', 'https://other.example/b'],
    ['0', undefined],
    ['600; url=/b', undefined],
    ['0; url=', undefined],
    ['0; url=/a', undefined],
    ['0; url=javascript:x()', undefined],
    ['x; url=/b', undefined],
  ])('%s leads to %p', (content, expected) => {
    const page = read(`<meta http-equiv="refresh" content='${content.replaceAll("'", '&#39;')}'>`)
    expect(page.refresh?.replace('https://shop.example', '')).toBe(expected as string)
  })

  test('for browsers without scripts it does not count', () => {
    expect(read('<noscript><meta http-equiv="refresh" content="0; url=/b"></noscript>').refresh).toBeUndefined()
  })
})
