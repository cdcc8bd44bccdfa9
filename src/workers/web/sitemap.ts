import { createGunzip } from 'node:zlib'
import { Parser } from 'htmlparser2'
import { MAX_ADDRESS } from './addresses.ts'
import { FetchError } from './errors.ts'
import type { WebDocument } from './extract/index.ts'

/** Of one file, packed and unpacked (sitemaps.org). */
export const MAX_SITEMAP_BYTES = 50 * 1024 * 1024
const MAX_ENTRIES = 50_000
/** Of all addresses of a file together: more than twice what 50,000 usual ones have. */
const MAX_CHARS = 12_000_000
const CHUNK = 64 * 1024
/** Bytes read between two collections of garbage. */
const COLLECT_AFTER = 4 * 1024 * 1024
const MAX_DEPTH = 100

export interface Sitemap {
  /** Page addresses, in file order, at most 50,000. */
  urls: string[]
  /** Further sitemaps, of an index file. */
  sitemaps: string[]
  /** Addresses over 2,048 characters, which are left out. */
  tooLong: number
  /** There are more addresses than are read. */
  isCut: boolean
}

/** Takes a sitemap piece by piece. */
interface SitemapReader {
  /** Throws `FetchError` for a document type with entities. */
  write(text: string): void
  /** Throws `FetchError` `unreadable` for a web page. */
  end(): Sitemap
  /** More than counts is there already. */
  isFull(): boolean
}

interface Element {
  prefix: string
  name: string
  /** Of an entry: an address was found. */
  isFound?: boolean
}

/** Elements that hold one address each, and the child that names it. */
const ENTRIES: Record<string, string> = { url: 'loc', sitemap: 'loc', item: 'link', entry: 'link' }

/** `urlset` and `sitemapindex`, RSS (`item`, `link`), Atom (`entry`, `link href`), or a plain list of addresses. Nothing is expanded. */
const createSitemapReader = (base: string): SitemapReader => {
  const result: Sitemap = { urls: [], sitemaps: [], tooLong: 0, isCut: false }
  const stack: Element[] = []
  /** Text of the address that is being read. */
  let text: string | undefined
  let entries = 0
  let chars = 0
  let isPage = false
  const isFull = () => entries >= MAX_ENTRIES || chars >= MAX_CHARS

  const take = (address: string, entry: string) => {
    const value = address.trim()
    if (!value) return false
    if (isFull()) {
      result.isCut = true
      return true
    }
    entries++
    chars += Math.min(value.length, MAX_ADDRESS)
    if (value.length > MAX_ADDRESS) result.tooLong++
    else if (URL.canParse(value, base)) (entry === 'sitemap' ? result.sitemaps : result.urls).push(new URL(value, base).href)
    return true
  }

  const parser = new Parser(
    {
      onopentag(tag, attributes) {
        if (stack.length >= MAX_DEPTH) throw new FetchError('status', `Sitemap nests deeper than ${MAX_DEPTH} elements`, false)
        const colon = tag.indexOf(':')
        const prefix = colon < 0 ? '' : tag.slice(0, colon)
        const name = tag.slice(colon + 1).toLowerCase()
        const entry = stack.at(-1)
        if (!entry && name === 'html') isPage = true
        stack.push({ prefix, name })
        // Extensions have addresses of their own (`image:loc`): the entry's has the entry's prefix.
        const isAddress = entry && ENTRIES[entry.name] === name && entry.prefix === prefix && !entry.isFound
        if (!isAddress) return
        if (entry.name === 'entry')
          entry.isFound = /^(?:alternate)?$/.test(attributes.rel ?? '') && take(attributes.href ?? '', 'entry')
        else text = ''
      },
      ontext(data) {
        if (text !== undefined && text.length <= MAX_ADDRESS) text += data.slice(0, MAX_ADDRESS + 1)
      },
      onclosetag() {
        stack.pop()
        const entry = stack.at(-1)
        if (text === undefined || !entry) return
        entry.isFound = take(text, entry.name)
        text = undefined
      },
    },
    { xmlMode: true, decodeEntities: true },
  )

  const lines = createLineReader((line) => {
    if (/^https?:\/\//i.test(line)) take(line, 'url')
  })
  let isXml: boolean | undefined
  /** The beginning, until the root element: a document type stands there. */
  let head: string | undefined = ''

  return {
    write(piece) {
      if (isXml === undefined) {
        const start = piece.trimStart()
        // Some shops print warnings before the document.
        if (start) isXml = /^<|<(?:\?xml|urlset|sitemapindex|rss|feed)[\s>]/i.test(start)
      }
      if (!isXml) return lines.write(piece)
      if (head !== undefined) {
        head = (head + piece).slice(0, CHUNK)
        refuseEntities(head)
        if (head.length >= CHUNK) head = undefined
      }
      parser.write(piece)
    },
    end() {
      if (isXml) parser.end()
      else lines.end()
      // A shop without a sitemap may answer any address with its home page.
      if (isPage && entries === 0) throw new FetchError('unreadable', 'It is a web page, not a sitemap', false)
      return result
    },
    isFull: () => result.isCut,
  }
}

/** A sitemap has no use for entities; attackers have ("billion laughs"). A document type without them is harmless: it is not fetched. */
const refuseEntities = (head: string) => {
  if (/<!ENTITY/i.test(head)) throw new FetchError('status', 'Sitemap declares entities in its document type', false)
}

const createLineReader = (take: (line: string) => void) => {
  let rest = ''
  return {
    write(piece: string) {
      const lines = (rest + piece).split(/\s+/)
      rest = lines.pop()!.slice(0, MAX_ADDRESS + 1)
      for (const line of lines) take(line)
    },
    end: () => take(rest),
  }
}

/** Pieces of a sitemap's bytes, unpacked when the file itself is gzip (`.xml.gz`). Throws `FetchError` over 50 MiB or for a broken archive. */
async function* unpacked(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    for (let at = 0; at < bytes.byteLength; at += CHUNK) yield bytes.subarray(at, at + CHUNK)
    return
  }
  const gunzip = createGunzip({ chunkSize: CHUNK })
  gunzip.end(bytes)
  let size = 0
  try {
    for await (const piece of gunzip as AsyncIterable<Uint8Array>) {
      size += piece.byteLength
      if (size > MAX_SITEMAP_BYTES)
        throw new FetchError('too_large', `Sitemap exceeds ${MAX_SITEMAP_BYTES} bytes when it is unpacked`, false)
      yield piece
    }
  } catch (error) {
    if (error instanceof FetchError) throw error
    throw new FetchError(
      'status',
      `Sitemap cannot be unpacked (${error instanceof Error ? error.message : String(error)})`,
      false,
    )
  } finally {
    gunzip.destroy()
  }
}

/** A decoder for the file: byte order mark, header, XML declaration, else UTF-8. */
const decoderFor = (head: Uint8Array, contentType: string): TextDecoder => {
  const start = new TextDecoder('latin1').decode(head.subarray(0, 200))
  const label = start.startsWith('ÿþ')
    ? 'utf-16le'
    : start.startsWith('þÿ')
      ? 'utf-16be'
      : start.startsWith('ï»¿')
        ? 'utf-8'
        : (/charset\s{0,9}=\s{0,9}["']?([\w-]{1,40})/i.exec(contentType)?.[1] ??
          /^\s{0,99}<\?xml[^>]{0,150}encoding\s{0,9}=\s{0,9}["']([\w-]{1,40})/i.exec(start)?.[1] ??
          'utf-8')
  try {
    return new TextDecoder(label)
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return new TextDecoder() // an unknown label
    throw error
  }
}

/** Reads a sitemap as it is unpacked; neither its text nor its tree is ever whole in memory. Throws `FetchError`. */
export const readSitemapDocument = async ({ url, bytes, contentType }: WebDocument): Promise<Sitemap> => {
  const reader = createSitemapReader(url)
  let decoder: TextDecoder | undefined
  let since = 0
  for await (const piece of unpacked(bytes)) {
    // Millions of short-lived texts would pile up to three times the file before the collector looks at them by itself.
    since += piece.byteLength
    if (since >= COLLECT_AFTER) {
      since = 0
      Bun.gc(false)
    }
    decoder ??= decoderFor(piece, contentType)
    reader.write(decoder.decode(piece, { stream: true }))
    if (reader.isFull()) break
  }
  if (decoder) reader.write(decoder.decode())
  return reader.end()
}
