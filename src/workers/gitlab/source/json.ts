import { isUtf8 } from 'node:buffer'

/** A number of a JSON text that would be written with other digits than it was read: `12345678901234567890`, `1.10`, `1e3`, `-0`. */
export class ExactNumber {
  constructor(
    /** As received. */
    readonly source: string,
  ) {}
  toString(): string {
    return this.source
  }
  /** JSON.stringify writes what this answers, digit for digit. */
  toJSON(): unknown {
    return rawJson(this.source)
  }
}

/** Of ECMAScript's "JSON.parse source text access", which the type library does not know yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown }
const exactly = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
    ? new ExactNumber(context.source)
    : value

/**
 * What may be such a number, behind a name or in an array. It finds a few texts as well, which costs time alone; most pages have no
 * number like these, and no time of day is taken for one.
 */
const ODD_NUMBER = /(?:"\s*:|[[,])\s*(?:-?\d{16,}|-?\d+[.eE]|-0)/

const decoder = new TextDecoder()

export interface JsonBody {
  value: unknown
  /** Of an array the indexes of the elements, of anything else 0, where bytes were no UTF-8 and became U+FFFD. */
  damaged: number[]
}

/** Reads a JSON text; numbers that JavaScript would change are ExactNumber. Undefined: it is no JSON. */
export const readJson = (bytes: Uint8Array): JsonBody | undefined => {
  try {
    const text = decoder.decode(bytes)
    const value = ODD_NUMBER.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
    return { value, damaged: isUtf8(bytes) ? [] : damagedOf(bytes) }
  } catch {
    return undefined // the caller decides what that means
  }
}

/** U+FFFD that was sent as such, in bytes read as Latin-1. */
const SENT = /\xef\xbf\xbd/g
const SENT_ESCAPED = /\\ufffd/gi

/** Which elements hold a U+FFFD that nobody has sent. */
const damagedOf = (bytes: Uint8Array): number[] => {
  const hidden = Buffer.from(bytes).toString('latin1').replace(SENT, '?').replace(SENT_ESCAPED, '\\u003f')
  const value: unknown = JSON.parse(decoder.decode(Buffer.from(hidden, 'latin1')))
  const elements = Array.isArray(value) ? value : [value]
  return elements.flatMap((element, index) => (JSON.stringify(element).includes('\ufffd') ? [index] : []))
}
