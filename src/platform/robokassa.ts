import { secretMatcher } from './crypto.ts'

/** Hashes a Robokassa shop can be set to. */
export const ROBOKASSA_HASHES = ['md5', 'ripemd160', 'sha1', 'sha256', 'sha384', 'sha512'] as const
export type RobokassaHash = (typeof ROBOKASSA_HASHES)[number]

/** Lower-case hex of a text's UTF-8 bytes. */
const hexOf = (hash: RobokassaHash, text: string): string => new Bun.CryptoHasher(hash).update(text).digest('hex')

/** A page that a payer returns to. */
export interface ReturnPage {
  url: string
  method: 'GET' | 'POST'
}
/** What a link's signature covers; what the link does not have is left out of it. */
export interface LinkParts {
  merchantLogin: string
  outSum: string
  invId: string
  /** As `encodedReceipt` makes it. */
  receipt?: string | undefined
  success?: ReturnPage | undefined
  fail?: ReturnPage | undefined
}

/**
 * Signature of a payment link (love-parser §6): lower-case hex of
 * `MerchantLogin:OutSum:InvId[:Receipt][:SuccessUrl2:SuccessUrl2Method][:FailUrl2:FailUrl2Method]:Password1`, the order in which
 * Robokassa's description of its payment page lists them. Addresses stand in it as they are.
 */
export const signLink = (
  hash: RobokassaHash,
  { merchantLogin, outSum, invId, receipt, success, fail }: LinkParts,
  password1: string,
): string => {
  const pages = [success, fail].flatMap((page) => (page ? [page.url, page.method] : []))
  return hexOf(hash, [merchantLogin, outSum, invId, ...(receipt === undefined ? [] : [receipt]), ...pages, password1].join(':'))
}

/** How the shop's receipts are made (54-FZ); the words are Robokassa's. */
export interface ReceiptTerms {
  /** Tax system; undefined leaves the choice to the shop's settings. */
  sno?: string | undefined
  tax: string
  paymentMethod: string
  paymentObject: string
}
/** Most characters of what an item is called. */
const MAX_ITEM_NAME = 128

/**
 * The fiscal receipt of one item, as `Receipt`: JSON, percent-encoded once. The signature covers this text; the link encodes it once more,
 * as every value, so that Robokassa, which decodes parameters once, sees what was signed.
 */
export const encodedReceipt = (
  { sno, tax, paymentMethod, paymentObject }: ReceiptTerms,
  item: { name: string; amountMinor: number },
): string =>
  encodeURIComponent(
    JSON.stringify({
      ...(sno === undefined ? {} : { sno }),
      items: [
        {
          name: item.name.slice(0, MAX_ITEM_NAME),
          quantity: 1,
          sum: item.amountMinor / 100,
          payment_method: paymentMethod,
          payment_object: paymentObject,
          tax,
        },
      ],
    }),
  )

/** The parts of a notification that its signature covers, exactly as they were received. */
export interface SignedParts {
  outSum: string
  invId: string
  /** `Shp_*` parameters by name, in any order. */
  shp: readonly (readonly [name: string, value: string])[]
}

/** Signature of a notification (love-parser §6): `OutSum:InvId:Password2` and each `:Shp_x=v`, sorted by name. */
export const signNotification = (hash: RobokassaHash, { outSum, invId, shp }: SignedParts, password2: string): string => {
  const extras = [...shp].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([name, value]) => `:${name}=${value}`)
  return hexOf(hash, `${outSum}:${invId}:${password2}${extras.join('')}`)
}

/** Whether two hex signatures are the same, in any case of letters and in constant time. */
export const sameSignature = (expected: string, received: string): boolean => secretMatcher(expected)(received.toLowerCase())

/** Most digits of an amount; a longer text is not an amount. */
const MAX_AMOUNT_LENGTH = 40

/**
 * A decimal text (`950.000000`, `950`, `950,00`) in hundredths, without a float. Undefined when it is no amount, or has a part smaller
 * than a hundredth.
 */
export const hundredthsOf = (text: string): number | undefined => {
  const [, whole, fraction = ''] = (text.length <= MAX_AMOUNT_LENGTH && /^(\d+)(?:[.,](\d*))?$/.exec(text)) || []
  if (whole === undefined || !/^0*$/.test(fraction.slice(2))) return undefined
  const value = Number(`${whole}${fraction.slice(0, 2).padEnd(2, '0')}`)
  return Number.isSafeInteger(value) ? value : undefined
}

/** Hundredths as a decimal text with two places. */
export const decimalOf = (hundredths: number): string =>
  `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`
