import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { closeToOthers, makeDirectoryOf } from './private-files.ts'

/** The one-shot hash: a hash object for every request would cost five times as much. */
const digest = (text: string) => Bun.SHA256.hash(text)

/** Compares a presented credential with a configured one in constant time; digests make the lengths equal first. */
export const secretMatcher = (expected: string): ((presented: string) => boolean) => {
  const wanted = digest(expected)
  return (presented) => crypto.timingSafeEqual(digest(presented), wanted)
}

/** Finds which of several credentials is presented, comparing digests with every one of them in constant time; -1 for none. */
export const secretFinder = (expected: readonly string[]): ((presented: string) => number) => {
  const wanted = expected.map(digest)
  return (presented) => {
    const actual = digest(presented)
    let found = -1
    for (let at = 0; at < wanted.length; at++) if (crypto.timingSafeEqual(actual, wanted[at] as Uint8Array)) found = at
    return found
  }
}

export interface EncryptionKey {
  id: string
  /** 32 bytes. */
  key: Uint8Array
}

/** Where a secret is stored. It is bound into the ciphertext, so that a value moved to another row does not decrypt there. */
export interface SecretPlace {
  table: string
  row: string
  column: string
}

/** AES-256-GCM with a ring of keys: the first encrypts, all decrypt, so that a key can be rotated without downtime. */
export interface KeyRing {
  encrypt(plain: string, place: SecretPlace): string
  /** @throws Error when the key is unknown, the text was changed, or it was encrypted for another place. The message contains nothing of the content. */
  decrypt(stored: string, place: SecretPlace): string
  /**
   * Keyed hashes of a text, hex, one per key with the first key's first: equal secrets can be found without being stored readably,
   * also those hashed before a key was added. `purpose` keeps hashes of different columns apart.
   */
  hashes(plain: string, purpose: string): string[]
}

export const createKeyRing = (keys: readonly EncryptionKey[]): KeyRing => {
  const first = keys[0]
  if (!first) throw new Error('a key ring needs a key')
  // Not imported: it brings node's streams along and costs a start 5 to 20 ms, which most starts need no key for.
  const { createCipheriv, createDecipheriv, randomBytes } = process.getBuiltinModule('node:crypto')
  const bound = (place: SecretPlace) => Buffer.from(JSON.stringify([place.table, place.row, place.column]))
  return {
    encrypt(plain, place) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', first.key, iv)
      cipher.setAAD(bound(place))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `v1:${first.id}:${iv.toString('base64')}:${body.toString('base64')}`
    },
    decrypt(stored, place) {
      const [version, id, iv, body] = stored.split(':')
      const key = keys.find((candidate) => candidate.id === id)
      if (version !== 'v1' || !key || !iv || !body) throw new Error('stored secret has an unknown format or key')
      const bytes = Buffer.from(body, 'base64')
      // Node takes shorter tags as well, and the shorter a tag the easier it is to guess.
      if (bytes.length < 16) throw new Error('stored secret does not decrypt: wrong key, changed text, or another row')
      const decipher = createDecipheriv('aes-256-gcm', key.key, Buffer.from(iv, 'base64'))
      decipher.setAAD(bound(place))
      decipher.setAuthTag(bytes.subarray(-16))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8')
      } catch {
        throw new Error('stored secret does not decrypt: wrong key, changed text, or another row')
      }
    },
    hashes: (plain, purpose) =>
      keys.map(({ key }) => new Bun.CryptoHasher('sha256', key).update(JSON.stringify([purpose, plain])).digest('hex')),
  }
}

/** Outside production a key file in the data directory replaces `ENCRYPTION_KEYS`; it is created at the first use, mode 0600. */
export const keyFromFile = (path: string): EncryptionKey => {
  if (!existsSync(path)) {
    makeDirectoryOf(path)
    try {
      writeFileSync(path, Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64'), { mode: 0o600, flag: 'wx' })
    } catch (error) {
      // Another process that started at the same moment has made it: its key is everyone's.
      if ((error as { code?: string }).code !== 'EEXIST') throw error
    }
  }
  closeToOthers([path])
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64')
  if (key.length !== 32) throw new Error(`the key file ${path} does not hold a 32-byte key`)
  return { id: 'local', key }
}
