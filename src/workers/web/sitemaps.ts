import { addressKey, classifyUrl, isOnHost, type LinkKind, shopHost } from './addresses.ts'
import { FetchError } from './errors.ts'
import type { Fetcher, PageOptions } from './fetcher.ts'
import type { DocumentReader } from './reader.ts'
import { MAX_SITEMAP_BYTES } from './sitemap.ts'

export interface SitemapOptions extends PageOptions {
  /** Hosts of the shop, as `shopHost` gives them; those of the files that answer are added. */
  hosts: ReadonlySet<string>
  /** Requests at most. */
  maxFiles: number
  /** Addresses to keep at most, of each kind; a kind that is not named is only counted. */
  keep: Partial<Record<LinkKind, number>>
  /** A file that cannot be read; it is skipped. */
  report: (url: string, problem: FetchError) => void
}

export interface Collected {
  /** In the order of the files, without repeats. */
  kept: Record<LinkKind, string[]>
  /** Addresses of the shop, by kind, including those that were not kept. Repeats count. */
  counts: Record<LinkKind, number>
  /** Addresses of other hosts. */
  foreign: number
  /** Addresses over 2,048 characters. */
  tooLong: number
  /** Files with more addresses than are read. */
  filesCut: number
  /** Files that `maxFiles` left unread. */
  filesLeft: number
}

const MAX_QUEUE = 10_000

/** The shop's page addresses reachable from `starts`, through index files. Throws `FetchError` `aborted`. */
export const collectSitemaps = async (
  { fetcher, reader }: { fetcher: Fetcher; reader: DocumentReader },
  starts: string[],
  options: SitemapOptions,
): Promise<Collected> => {
  const { hosts: given, report, keep, maxFiles, ...request } = options
  const hosts = new Set(given)
  const queue = [...new Set(starts)]
  const seenFiles = new Set(queue)
  const seen = new Set<string>()
  const result: Collected = {
    kept: { product: [], category: [], unknown: [], view: [], service: [] },
    counts: { product: 0, category: 0, unknown: 0, view: 0, service: 0 },
    foreign: 0,
    tooLong: 0,
    filesCut: 0,
    filesLeft: 0,
  }
  const add = (address: string) => {
    if (!isOnHost(address, hosts)) {
      result.foreign++
      return
    }
    const kind = classifyUrl(address)
    result.counts[kind]++
    const kept = result.kept[kind]
    if (kept.length >= (keep[kind] ?? 0)) return
    const key = addressKey(address)
    if (seen.has(key)) return
    seen.add(key)
    kept.push(address)
  }
  let files = 0
  for (; queue.length > 0 && files < maxFiles; files++) {
    const url = queue.shift()!
    try {
      const page = await fetcher.page(url, { ...request, maxBytes: MAX_SITEMAP_BYTES })
      hosts.add(shopHost(new URL(page.url).host)) // the shop may have moved to another name
      const { urls, sitemaps, tooLong, isCut } = await reader.sitemap(page, request.signal)
      result.tooLong += tooLong
      if (isCut) result.filesCut++
      for (const next of sitemaps) {
        if (!isOnHost(next, hosts) || seenFiles.has(next) || queue.length >= MAX_QUEUE) continue
        seenFiles.add(next)
        queue.push(next)
      }
      for (const address of urls) add(address)
    } catch (error) {
      if (!(error instanceof FetchError) || error.problem === 'aborted') throw error
      report(url, error)
    }
  }
  result.filesLeft = queue.length
  return result
}
