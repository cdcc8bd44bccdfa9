import { describe, expect, test } from 'bun:test'
import { parseRobots } from '../../src/workers/web/robots-rules.ts'

const allows = (rules: string, path: string) => parseRobots(`User-agent: *\n${rules}`, 'trawlbot').allows(path)

describe('RFC 9309 §2.2.2: rules', () => {
  test.each([
    ['Disallow: /', '/a', false],
    ['Disallow:', '/a', true],
    ['Disallow: /a', '/abc', false],
    ['Disallow: /a', '/A', true],
    ['Disallow: /a/', '/a', true],
    ['Disallow: /*.php$', '/x/y.php', false],
    ['Disallow: /*.php$', '/x/y.php?z', true],
    ['Disallow: /*.php$', '/a.php/b.php', false],
    ['Disallow: /a$', '/a', false],
    ['Disallow: /a$', '/ab', true],
    ['Disallow: /a*$', '/ab', false],
    ['Disallow: *', '/', false],
    ['Disallow: /*?sort=', '/tea?page=2&sort=1', true],
    ['Disallow: /*sort=', '/tea?page=2&sort=1', false],
    ['Disallow: /*/b/*/d', '/a/b/c/d', false],
    ['Disallow: /*/b/*/d', '/a/b/d', true],
    ['Disallow: /*aab', '/aaab', false],
    ['Disallow: /****a', '/ba', false],
    ['Disallow: /a # the rest', '/a', false],
    ['Disallow: /a\nAllow: /a/b', '/a/b/c', true],
    ['Allow: /a\nDisallow: /a', '/a', true],
    ['Disallow: /*b\nAllow: /ab', '/ab', true],
    ['Disallow: /товар', '/%D1%82%D0%BE%D0%B2%D0%B0%D1%80/1', false],
    ['Disallow: /%d1%82', '/%D1%82', false],
    ['Disallow: /%7Ea', '/~a', false],
    ['Disallow: /robots.txt', '/robots.txt', true],
    ['Disallow /a', '/a', true],
  ])('%j, %s: %p', (rules, path, allowed) => {
    expect(allows(rules, path)).toBe(allowed)
  })
})

describe('RFC 9309 §2.2.1: groups', () => {
  const file = [
    '\ufeffUser-agent: other\r\nDisallow: /other\r\n',
    'User-Agent: TrawlBot/2.0\r\nUSER-AGENT: more\r\nCrawl-delay: 2\r\nDisallow: /one\r\n',
    'Sitemap: https://a.example/s1.xml\r\n\r\n',
    'User-agent: *\r\nDisallow: /\r\n\r\n',
    'User-agent: trawlbot\r\nDisallow: /two\r\nsitemap: https://a.example/s2.xml',
  ].join('')

  test('all groups that name the agent count, and no other', () => {
    const robots = parseRobots(file, 'trawlbot')
    expect(['/one', '/two', '/other', '/x'].map(robots.allows)).toEqual([false, false, true, true])
    expect(robots.crawlDelay).toBe(2)
    expect(robots.sitemaps).toEqual(['https://a.example/s1.xml', 'https://a.example/s2.xml'])
  })

  test('without one the group of * counts; a name that only begins alike is another', () => {
    expect(parseRobots(file, 'nobody').allows('/x')).toBe(false)
    expect(parseRobots('User-agent: trawlbotnews\nDisallow: /', 'trawlbot').allows('/x')).toBe(true)
  })

  test('a group without rules allows everything', () => {
    expect(parseRobots('User-agent: *\nDisallow: /\nUser-agent: trawlbot\nDisallow:', 'trawlbot').allows('/x')).toBe(true)
  })
})

test('security H4: time in proportion to file and path, whatever they hold', () => {
  const hostile: [string, string][] = [
    [`Disallow: /${'*'.repeat(480_000)}zqzq`, 'z'],
    [`Disallow: /${'*a'.repeat(1000)}b`, 'a'],
    [`Disallow: *${'a'.repeat(200)}b\n`.repeat(2400), 'a'],
    [`Disallow: /${'%41'.repeat(160_000)}`, 'A'],
    ['Disallow: /x\n'.repeat(38_000), 'x'],
  ]
  for (const [rules, letter] of hostile) {
    const since = performance.now()
    const robots = parseRobots(`User-agent: *\n${rules}`, 'trawlbot')
    for (let n = 0; n < 3; n++) robots.allows(`/${letter.repeat(2000)}`)
    // 0.1 s at most on a quiet machine, minutes where stars are tried one by one.
    expect(performance.now() - since).toBeLessThan(2000)
  }
  expect(parseRobots(`User-agent: *\nDisallow: /${'*'.repeat(480_000)}zqzq`, 'trawlbot').allows('/zqzqzq')).toBe(false)
})
