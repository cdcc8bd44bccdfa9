import { gunzipSync } from 'node:zlib'
import { XMLParser } from 'fast-xml-parser'
import { FetchError } from './errors.ts'
import { decodePage } from './extract/charset.ts'
import type { WebDocument } from './extract/index.ts'
import type { Fetcher, PageOptions } from './fetcher.ts'
import type { DocumentReader } from './reader.ts'

const MAX_URLS = 20_000
const MAX_UNPACKED_BYTES = 10 * 1024 * 1024

/** Entities are not expanded by the parser at all: a sitemap needs only the five of XML and numbers, which `plain` knows. */
const parser = new XMLParser({
  ignoreAttributes: true,
  processEntities: false,
  parseTagValue: false,
  trimValues: true,
  removeNSPrefix: true,
})

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const plain = (text: string) =>
  text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{1,5}));/gi, (whole, decimal, hex, name) => {
    if (name) return NAMED[name.toLowerCase()] ?? whole
    const code = decimal ? Number(decimal) : Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })

const listOf = (value: unknown): any[] => (Array.isArray(value) ? value : value === undefined || value === '' ? [] : [value])

export interface Sitemap {
  /** Page addresses, in file order. */
  urls: string[]
  /** Further sitemaps, of an index file. */
  sitemaps: string[]
}

/** Reads `<urlset>`, `<sitemapindex>` or a plain list of URLs. Throws `FetchError` for a document type declaration or broken XML. */
export const readSitemap = (text: string): Sitemap => {
  const start = text.trimStart()
  if (!start.startsWith('<')) {
    const lines = start.split(/\s+/, MAX_URLS).filter((line) => /^https?:\/\//i.test(line))
    return { urls: lines, sitemaps: [] }
  }
  // Sitemaps have no use for a DTD; attackers have ("billion laughs").
  if (/<!DOCTYPE|<!ENTITY/i.test(start)) throw new FetchError('status', 'Sitemap declares a document type', false)
  let root: any
  try {
    root = parser.parse(start)
  } catch (error) {
    throw new FetchError('status', `Sitemap is not XML (${error instanceof Error ? error.message : String(error)})`, false)
  }
  const locations = (entries: unknown) =>
    listOf(entries)
      .slice(0, MAX_URLS)
      .flatMap((entry) => listOf(entry?.loc).slice(0, 1))
      .filter((loc): loc is string => typeof loc === 'string' && loc !== '')
      .map(plain)
  return { urls: locations(root?.urlset?.url), sitemaps: locations(root?.sitemapindex?.sitemap) }
}

/** The text of a sitemap, unpacked when the file itself is gzip (`.xml.gz`), within 10 MiB. */
export const sitemapText = (bytes: Uint8Array, contentType: string): string => {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return decodePage(bytes, contentType)
  try {
    return decodePage(gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }), 'application/xml')
  } catch (error) {
    throw new FetchError(
      'too_large',
      `Sitemap cannot be unpacked (${error instanceof Error ? error.message : String(error)})`,
      false,
    )
  }
}

/** Unpacks, decodes and reads a sitemap. Throws `FetchError`. */
export const readSitemapDocument = ({ bytes, contentType }: WebDocument): Sitemap => readSitemap(sitemapText(bytes, contentType))

/**
 * All page addresses on `host` reachable from `starts`, through index files. At most `maxFiles` requests and 20,000 addresses.
 * A file that cannot be read is passed to `report` and skipped; `FetchError` `aborted` is thrown.
 */
export const collectSitemaps = async (
  { fetcher, reader }: { fetcher: Fetcher; reader: DocumentReader },
  starts: string[],
  options: PageOptions & { host: string; maxFiles: number; report: (url: string, problem: FetchError) => void },
): Promise<string[]> => {
  const queue = [...new Set(starts)]
  const seen = new Set(queue)
  const found = new Set<string>()
  for (let files = 0; queue.length > 0 && files < options.maxFiles && found.size < MAX_URLS; files++) {
    const url = queue.shift()!
    try {
      const page = await fetcher.page(url, options)
      const { urls, sitemaps } = await reader.sitemap(page, options.signal)
      for (const next of sitemaps) if (hostOf(next) === options.host && !seen.has(next)) queue.push(next) && seen.add(next)
      for (const address of urls) if (hostOf(address) === options.host && found.size < MAX_URLS) found.add(address)
    } catch (error) {
      if (!(error instanceof FetchError) || error.problem === 'aborted') throw error
      options.report(url, error)
    }
  }
  return [...found]
}

const hostOf = (address: string) => (URL.canParse(address) ? new URL(address).host : '')
