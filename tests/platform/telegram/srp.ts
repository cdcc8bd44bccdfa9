import { createHash, getDiffieHellman, pbkdf2Sync } from 'node:crypto'
import { Long, type tl } from '@mtcute/core'

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
const toNumber = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const toBytes = (value: bigint) => Buffer.from(value.toString(16).padStart(512, '0'), 'hex')
const power = (base: bigint, exponent: bigint, modulus: bigint) => {
  let result = 1n
  for (let b = base % modulus, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus) if (e & 1n) result = (result * b) % modulus
  return result
}

const SALT1 = Buffer.from('first salt of this account')
const SALT2 = Buffer.from('second salt')
const P_BYTES = getDiffieHellman('modp14').getPrime()
const P = toNumber(P_BYTES)
const G = 2n
const SRP_ID = Long.fromString('6917529027641081856')

/** The server's verifier of a password, by Telegram's description of its hash. */
const verifierOf = (password: string) => {
  const salted = (data: Uint8Array, salt: Uint8Array) => sha256(salt, data, salt)
  const inner = salted(salted(Buffer.from(password), SALT1), SALT2)
  return power(G, toNumber(salted(pbkdf2Sync(inner, SALT1, 100_000, 64, 'sha512'), SALT2)), P)
}

/** Telegram's side of a 2FA check: it knows a verifier and distinguishes a right proof from a wrong one. */
export const srpServer = (password: string) => {
  const v = verifierOf(password)
  const k = toNumber(sha256(P_BYTES, toBytes(G)))
  const b = toNumber(sha256(Buffer.from('a secret of this exchange')))
  const B = (k * v + power(G, b, P)) % P
  return {
    exchange: (): tl.account.RawPassword => ({
      _: 'account.password',
      hasPassword: true,
      currentAlgo: {
        _: 'passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow',
        salt1: SALT1,
        salt2: SALT2,
        g: Number(G),
        p: P_BYTES,
      },
      srpB: toBytes(B),
      srpId: SRP_ID,
      newAlgo: { _: 'passwordKdfAlgoUnknown' },
      newSecureAlgo: { _: 'securePasswordKdfAlgoUnknown' },
      secureRandom: Buffer.alloc(8),
    }),
    isRight(proof: tl.TypeInputCheckPasswordSRP): boolean {
      if (proof._ !== 'inputCheckPasswordSRP' || !proof.srpId.eq(SRP_ID)) return false
      const A = toNumber(proof.A)
      const u = toNumber(sha256(toBytes(A), toBytes(B)))
      const K = sha256(toBytes(power(A * power(v, u, P), b, P)))
      const bothHashes = sha256(P_BYTES).map((byte, i) => byte ^ (sha256(toBytes(G))[i] as number))
      const M1 = sha256(bothHashes, sha256(SALT1), sha256(SALT2), toBytes(A), toBytes(B), K)
      return Buffer.from(proof.M1).equals(M1)
    },
  }
}
