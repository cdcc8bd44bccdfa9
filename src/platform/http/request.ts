import { AppError } from '../../errors.ts'

/** Socket addresses by request; the server is known only once it listens. */
export interface AddressSource {
  requestIP(request: Request): { address: string } | null
}

/** Stands for a request that came through no socket (`app.handle`). */
const NO_SOCKET = 'local'

/** Requests that were made in the place of another one, which alone the server knows. */
const standIns = new WeakMap<Request, Request>()
/** Notes that `request` takes the place of `real`: it comes from the same caller. */
export const standIn = (request: Request, real: Request): Request => {
  standIns.set(request, real)
  return request
}
/** The request as it came in, where this one stands for another. */
export const realRequest = (request: Request): Request => standIns.get(request) ?? request

const V4_WITH_PORT = /^(\d{1,3}(?:\.\d{1,3}){3}):\d+$/
const V6_IN_BRACKETS = /^\[([^\]]*)\](?::\d+)?$/
const V4_MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

/**
 * An address in its one spelling: without port, brackets, zone and quotes, IPv6 in its short form, a mapped IPv4 as IPv4. What is no address
 * stays as it is.
 */
export const addressOf = (written: string): string => {
  // What a socket says of IPv4, and what stands for none: nearly all.
  if (!written.includes(':')) return written
  const text = written.replace(/^"(.*)"$/, '$1')
  const v4 = V4_WITH_PORT.exec(text)?.[1]
  if (v4 !== undefined) return v4
  const v6 = (V6_IN_BRACKETS.exec(text)?.[1] ?? text).replace(/%.*$/, '')
  const short = URL.parse(`http://[${v6}]/`)?.hostname.slice(1, -1)
  if (short === undefined) return written
  const mapped = V4_MAPPED.exec(short)
  if (!mapped) return short
  const [high, low] = [mapped[1], mapped[2]].map((part) => Number.parseInt(part as string, 16)) as [number, number]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/**
 * Who an address is for limits: IPv6 counts by its /64, which is what one customer gets of a provider; IPv4 as it is.
 * @example callerOf('2001:db8::1') // '2001:db8:0:0::/64'
 */
export const callerOf = (address: string): string => {
  if (!address.includes(':')) return address
  const [front = '', back] = address.split('::')
  const first = front === '' ? [] : front.split(':')
  const last = back ? back.split(':') : []
  const groups = back === undefined ? first : [...first, ...Array(8 - first.length - last.length).fill('0'), ...last]
  return `${groups.slice(0, 4).join(':')}::/64`
}

/**
 * The address a request came from, in its one spelling. `X-Forwarded-For` counts only as far as the `hops` trusted proxies in front have
 * written it: whatever stands further left is the client's own claim.
 */
export const clientIp = (request: Request, server: AddressSource | null | undefined, hops: number): string => {
  const socket = addressOf(server?.requestIP(realRequest(request))?.address ?? NO_SOCKET)
  if (hops === 0) return socket
  const forwarded = request.headers.get('x-forwarded-for')
  if (forwarded === null) return socket
  const chain = forwarded.split(',').map((part) => part.trim())
  return addressOf(chain[Math.max(0, chain.length - hops)] || socket)
}

/**
 * Whether a request names a host that is none, or several (RFC 9112 §3.2). Bun gives a request with an invalid Host the bare path as its
 * URL, as it does one without a Host, and joins several by a comma.
 */
export const isBadHost = (url: string, host: string | null): boolean =>
  host !== null && host !== '' && (url.charCodeAt(0) === 47 || host.includes(','))

/** A nonce of 16 bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[A-Za-z0-9+/]{22}==$/

/**
 * Whether a request asks for a WebSocket as RFC 6455 §4.1 has it. Bun refuses others with a text of its own, or without a body:
 * a family that asks here first can refuse in its envelope.
 */
export const isHandshake = ({ headers }: Request): boolean =>
  headers.get('upgrade')?.toLowerCase() === 'websocket' &&
  headers.get('sec-websocket-version') === '13' &&
  KEY.test(headers.get('sec-websocket-key') ?? '')

/** Puts the parameters of a URL in the place of those that Elysia has read. In place: a hook that is given the whole context makes Elysia read the body. */
export const rereadQuery = (query: object, given: Record<string, string | string[]>): void => {
  for (const name in query) delete (query as Record<string, unknown>)[name]
  Object.assign(query, given)
}

/** The last value of every parameter, for a contract in which it counts. */
export const lastOf = (query: Record<string, string | string[]>): Record<string, string> => {
  for (const name in query) {
    const value = query[name]
    if (Array.isArray(value)) query[name] = value.at(-1) as string
  }
  return query as Record<string, string>
}

/**
 * The query parameters of a URL as they were sent: a text, or a list where a name stands more than once. Elysia's reading for zod schemas
 * takes `a,b` for a list and `{...}` for JSON, so a family whose texts may hold either puts this in its place before the schema runs. Bytes
 * that are no UTF-8 become U+FFFD, a stray `%` stands for itself.
 * @example queryOf('http://x/y?a=1&b=2,3&a=4') // { a: ['1', '4'], b: '2,3' }
 */
export const queryOf = (url: string): Record<string, string | string[]> => {
  // No prototype: a parameter may be called `__proto__`.
  const query: Record<string, string | string[]> = Object.create(null)
  const at = url.indexOf('?')
  if (at < 0) return query
  for (const [name, value] of new URLSearchParams(url.slice(at + 1))) {
    const known = query[name]
    if (known === undefined) query[name] = value
    else if (Array.isArray(known)) known.push(value)
    else query[name] = [known, value]
  }
  return query
}

export const MIB = 1024 * 1024

const tooLarge = (limit: number) => new AppError('payload_too_large', 413, `The body is larger than ${limit} bytes`)

/** Bytes that are no UTF-8 text, or not the gzip that they were said to be. A `SyntaxError`, because no JSON is made of them. */
export class NotText extends SyntaxError {
  override name = 'NotText'
  constructor(
    /** What the bytes are not. */
    readonly missing: 'UTF-8' | 'gzip',
  ) {
    super(`The body is not ${missing}`)
  }
}
const utf8 = new TextDecoder('utf-8', { fatal: true })
const decode = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new NotText('UTF-8')
  }
}
/** Whether a body is packed. @throws AppError 415 that names another coding than gzip */
const isPacked = (request: Request): boolean => {
  const coding = request.headers.get('content-encoding')?.trim().toLowerCase()
  if (coding === 'gzip') return true
  if (coding && coding !== 'identity')
    throw new AppError('unsupported_media_type', 415, `Content-Encoding ${cleanText(coding).slice(0, 100)} is not supported`, {
      details: { contentEncoding: cleanText(coding).slice(0, 100) },
      headers: { 'accept-encoding': 'gzip, identity' },
    })
  return false
}
/** What of a packed body is read, unpacked as it comes: the limit stops the work too. @throws NotText for what is no gzip */
const readPacked = async (body: ReadableStream<Uint8Array>, limit: number): Promise<Buffer> => {
  try {
    return await readStream(body.pipeThrough(new DecompressionStream('gzip') as never), limit)
  } catch (error) {
    if (error instanceof AppError || (error as { name?: unknown } | null)?.name === 'AbortError') throw error
    throw new NotText('gzip')
  }
}

/** Most objects of a body: millions of empty ones are few bytes, and seconds of work. */
const MAX_OBJECTS = 500_000
/** @throws AppError 413 */
const requireFew = (text: string): string => {
  if (text.length <= 2 * MAX_OBJECTS) return text
  let objects = 0
  for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at + 1))
    if (++objects > MAX_OBJECTS) throw new AppError('payload_too_large', 413, `The body has more than ${MAX_OBJECTS} objects`)
  return text
}

/** Code of a request that its client has given up; the status 499 is nginx's, and only counted: nobody is there to read an answer. */
export const CLIENT_CLOSED = 'client_closed'
/** A client that goes away within its body has refused its own request: that is no failure of ours, and counts as none. */
const unlessClosed = async <T>(reading: Promise<T>): Promise<T> => {
  try {
    return await reading
  } catch (error) {
    if ((error as { name?: unknown } | null)?.name !== 'AbortError') throw error
    throw new AppError(CLIENT_CLOSED, 499, 'The connection was closed before the body had ended', { cause: error })
  }
}

const readStream = async (stream: ReadableStream<Uint8Array>, limit: number): Promise<Buffer> => {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of stream) {
    size += part.byteLength
    if (size > limit) throw tooLarge(limit)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/**
 * Reads a body as bytes, counting as it comes, so that neither a lying nor a missing Content-Length gets past the limit; one in gzip is
 * unpacked within the same limit.
 * @throws AppError 413 `payload_too_large`, 415 for another Content-Encoding; NotText
 */
export const readBodyBytes = async (request: Request, limit: number): Promise<Uint8Array> => {
  const packed = isPacked(request)
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > limit) throw tooLarge(limit)
  if (packed) return request.body ? unlessClosed<Uint8Array>(readPacked(request.body, limit)) : new Uint8Array()
  if (declared !== null) return unlessClosed<Uint8Array>(request.bytes())
  return request.body ? unlessClosed<Uint8Array>(readStream(request.body, limit)) : new Uint8Array()
}

/** `readBodyBytes`, as text. @throws NotText also for what is no UTF-8; AppError 413 also for more than 500,000 objects */
export const readBodyText = async (request: Request, limit: number): Promise<string> =>
  requireFew(decode(await readBodyBytes(request, limit)))

/** `application/json` or `application/*+json`, parameters allowed. */
export const isJsonType = (contentType: string | null): boolean =>
  contentType !== null && /^\s*application\/(?:[\w.!#$&^-]+\+)?json\s*(?:;|$)/i.test(contentType)

/** Drops U+0000 and lone surrogates, which Postgres does not store, from a text. */
export const cleanText = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '') : text).toWellFormed()

/** `cleanText` on every text of a JSON value. */
export const cleanValue = (value: unknown): unknown => {
  if (typeof value === 'string') return cleanText(value)
  if (Array.isArray(value)) return value.map(cleanValue)
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), cleanValue(item)]))
  return value
}

/** No document goes deeper, and recursive code, SQLite (1,000 levels) and Postgres each give up somewhere beyond. */
const MAX_DEPTH = 500

/** Whether a JSON value has more than `levels` levels of lists and objects. */
export const isDeeper = (value: unknown, levels: number = MAX_DEPTH): boolean => {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeper(item, levels - 1)) return true
    return false
  }
  for (const key in value) if (isDeeper((value as Record<string, unknown>)[key], levels - 1)) return true
  return false
}

/**
 * Whether a `length` or `size` somewhere is an object that spoils its own conversion to a number. Schemas compare the length of
 * whatever they are given before they look at its type, and would throw instead of refusing it.
 */
const hasHostileLength = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'object' || item === null) continue
    if ((key === 'length' || key === 'size') && (Object.hasOwn(item, 'toString') || Object.hasOwn(item, 'valueOf'))) return true
    if (hasHostileLength(item)) return true
  }
  return false
}
/** Whether a document, given as text and value, is one that schemas throw at. */
export const isHostile = (text: string, value: unknown): boolean => /"(?:toString|valueOf)"/.test(text) && hasHostileLength(value)

/**
 * Parses JSON text. Characters no database stores can only come from `\u` escapes, so only a text that has such an escape is walked.
 * @throws SyntaxError, also for nesting deeper than `MAX_DEPTH` and for what no schema can look at
 */
export const parseJson = (text: string): unknown => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw error instanceof SyntaxError ? error : new SyntaxError('nested too deeply')
  }
  // Each level takes two characters, so most bodies need no look.
  if (text.length > 2 * MAX_DEPTH && isDeeper(value)) throw new SyntaxError('nested too deeply')
  if (isHostile(text, value)) throw new SyntaxError('a length is no number')
  const suspect = text.includes('\\u0000') || text.includes('\\ud') || text.includes('\\uD')
  return suspect ? cleanValue(value) : value
}
