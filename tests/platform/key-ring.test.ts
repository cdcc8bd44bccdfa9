import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKeyRing, keyFromFile, secretMatcher } from '../../src/platform/crypto.ts'

const key = (id: string, fill: number) => ({ id, key: new Uint8Array(32).fill(fill) })
const place = { table: 'weeek_accounts', row: '7', column: 'token_ciphertext' }
const secret = 'wk_super_secret_токен'

describe('key ring', () => {
  const ring = createKeyRing([key('new', 1), key('old', 2)])
  const refusal = (stored: string, at = place, by = ring) => {
    try {
      return by.decrypt(stored, at)
    } catch (error) {
      return error as Error
    }
  }

  test('gifty §11: what is stored is unreadable, different each time, and comes back', () => {
    const stored = [ring.encrypt(secret, place), ring.encrypt(secret, place)]
    expect(stored[0]).not.toBe(stored[1])
    for (const text of stored) {
      expect(text).not.toContain('secret')
      expect(Buffer.from(text.split(':')[3]!, 'base64').toString('latin1')).not.toContain('secret')
      expect(ring.decrypt(text, place)).toBe(secret)
    }
    for (const plain of ['', 'x', 'x'.repeat(100_000)]) expect(ring.decrypt(ring.encrypt(plain, place), place)).toBe(plain)
  })

  test('architecture §7: the first key encrypts, all decrypt; a key that left the ring does not', () => {
    const before = createKeyRing([key('old', 2)]).encrypt(secret, place)
    expect(ring.decrypt(before, place)).toBe(secret)
    expect(ring.encrypt(secret, place)).toStartWith('v1:new:')
    expect(refusal(before, place, createKeyRing([key('new', 1)]))).toEqual(
      new Error('stored secret has an unknown format or key'),
    )
    expect(refusal(before, place, createKeyRing([key('old', 3)]))).toBeInstanceOf(Error)
  })

  test('architecture §7: a value moved to another table, row or column does not decrypt there', () => {
    const stored = ring.encrypt(secret, place)
    for (const moved of [{ table: 'other' }, { row: '8' }, { column: 'other' }, { row: '', table: 'weeek_accounts7' }])
      expect(refusal(stored, { ...place, ...moved })).toBeInstanceOf(Error)
    // Places whose parts only add up to the same text are different places.
    expect(
      refusal(ring.encrypt(secret, { table: 'a', row: 'bc', column: 'd' }), { table: 'ab', row: 'c', column: 'd' }),
    ).toBeInstanceOf(Error)
  })

  test('architecture §7: a changed or cut text fails, at every byte, and the error contains no content', () => {
    const stored = ring.encrypt(secret, place)
    const [version, id, iv, body] = stored.split(':') as [string, string, string, string]
    const bytes = Buffer.from(body, 'base64')
    const broken: string[] = [
      '',
      'v1',
      'v1:new',
      `v2:${id}:${iv}:${body}`,
      `${version}:gone:${iv}:${body}`,
      `${version}:old:${iv}:${body}`,
      `${version}:${id}:${Buffer.alloc(12).toString('base64')}:${body}`,
    ]
    for (let n = 0; n < bytes.length; n++) {
      const changed = Buffer.from(bytes)
      changed[n]! ^= 1
      broken.push(`${version}:${id}:${iv}:${changed.toString('base64')}`)
      broken.push(`${version}:${id}:${iv}:${bytes.subarray(0, n).toString('base64')}`)
      if (n > 0) broken.push(`${version}:${id}:${iv}:${bytes.subarray(n).toString('base64')}`)
    }
    for (const text of broken) {
      const answer = refusal(text)
      expect(answer).toBeInstanceOf(Error)
      expect((answer as Error).message).toMatch(
        /^stored secret (has an unknown format or key|does not decrypt: wrong key, changed text, or another row)$/,
      )
    }
  })

  test('an empty ring is refused', () => expect(() => createKeyRing([])).toThrow('needs a key'))

  describe('key file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-key-'))
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    test('architecture §7: it is made at first use, readable by its owner only, and stays', () => {
      const path = join(folder, 'data/new/key')
      const made = keyFromFile(path)
      expect([made.id, made.key.length, statSync(path).mode & 0o777]).toEqual(['local', 32, 0o600])
      expect(Buffer.from(keyFromFile(path).key)).toEqual(Buffer.from(made.key))
      expect(Buffer.from(readFileSync(path, 'utf8'), 'base64')).toEqual(Buffer.from(made.key))
    })
    test('a file that holds no key is refused, not replaced', () => {
      const path = join(folder, 'bad')
      writeFileSync(path, 'c2hvcnQ=')
      expect(() => keyFromFile(path)).toThrow('does not hold a 32-byte key')
      expect(readFileSync(path, 'utf8')).toBe('c2hvcnQ=')
    })
  })
})

describe('secretMatcher', () => {
  test('gifty §1.1: it accepts the very token and nothing else, of any length', () => {
    const matches = secretMatcher('dev-internal-token')
    expect(matches('dev-internal-token')).toBe(true)
    for (const wrong of [
      '',
      'dev-internal-toke',
      'dev-internal-token ',
      'DEV-INTERNAL-TOKEN',
      'x'.repeat(10_000),
      'dev-internal-token\0',
    ])
      expect(matches(wrong)).toBe(false)
  })
})
