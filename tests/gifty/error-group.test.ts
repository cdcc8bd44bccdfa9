import { describe, expect, test } from 'bun:test'
import { errorGroupOf, messageOfGroup } from '../../src/gifty/error-group.ts'
import { leastCpuMs } from '../support/cpu.ts'

describe('operations §7: the group of an error', () => {
  test.each([
    ['HTTP 503 for https://shop.example/list?page=7', 'HTTP 503 for <url>'],
    ['HTTP 404', 'HTTP 404'],
    ['status: 429 after 17 pages', 'status: 429 after <n> pages'],
    ['No complete answer within 15 s', 'No complete answer within <n> s'],
    ["KeyError: 'price_1'", 'KeyError: <text>'],
    ["can't read it, it isn't there", "can't read it, it isn't there"],
    ['товар «Чайник 1,7 л» без цены', 'товар <text> без цены'],
    ['task 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34 was lost', 'task <id> was lost'],
    ['object at 0x7f3a2b1c9d00', 'object at <id>'],
    ['session a81bc81b9d4e5f60718293a4b5c6d7e8 refused', 'session <id> refused'],
    ['cannot open /var/data/shop/17.json', 'cannot open <path>'],
    [
      'All 15 elements were rejected, the first for title: Field required',
      'All <n> elements were rejected, the first for title: Field required',
    ],
    ['took 1.5 s, 12:30:05, -3', 'took <n> s, <n>, <n>'],
    ['  first line  \nsecond line 7', 'first line'],
    ['Traceback (most recent call last):\n  File "a.py", line 3\nValueError: bad price "12"\n', 'ValueError: bad price <text>'],
    ['', ''],
  ])('%p is shown as %p', (error, message) => {
    expect(messageOfGroup(error)).toBe(message)
  })

  test('failures of one cause have one fingerprint, of another cause another', () => {
    const groups = new Set<string>()
    for (let n = 0; n < 2000; n++)
      groups.add(
        errorGroupOf(
          [
            `HTTP 503 for https://shop${n}.example/p/${n}?s=${n}`,
            `No complete answer within ${n}.5 s for "Item ${n}"`,
            `Connection failed (ECONNREFUSED) on try ${n} of task ${crypto.randomUUID()}`,
          ][n % 3] as string,
        ),
      )
    expect(groups.size).toBe(3)
    expect(errorGroupOf('HTTP 404 for https://a.example')).not.toBe(errorGroupOf('HTTP 503 for https://a.example'))
    expect(errorGroupOf('Timeout')).toMatch(/^[0-9a-f]{16}$/)
  })

  test('no secret is in the message', () => {
    expect(messageOfGroup('GET failed: Authorization: Bearer abc.def token=12345')).not.toMatch(/abc|12345/)
  })

  test('an error of any length and kind costs little', () => {
    for (const part of ['"', "'", '/a', '1', '1.', 'a1', '«', 'http://', ' ', '-', 'a', '\n', '0x', 'aaaaaaaa'])
      expect(leastCpuMs(() => errorGroupOf(part.repeat(100_000 / part.length)))).toBeLessThan(200)
  })
})
