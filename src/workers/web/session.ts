import { JobFailed } from '../../errors.ts'
import { type IngestAnswer, PortRefused, type ScrapedCategory, type ScrapedProduct } from '../port.ts'
import type { TaskContext } from '../worker.ts'
import { FetchError } from './errors.ts'
import { type PageData, readPage } from './extract/index.ts'
import type { Fetcher, Page } from './fetcher.ts'
import type { RunLog, WebTask } from './run.ts'

/** What a run shows as progress and sums up at its end. */
export interface Counts {
  pages: number
  pages_failed: number
  items: number
  items_new: number
  categories: number
  rejected: number
}

/** One run of a source: its budget of pages, its batches, its story. Lives as long as its task. */
export interface Session {
  task: WebTask
  fetcher: Fetcher
  log: RunLog
  counts: Counts
  signal: AbortSignal
  /** Pages that may still be fetched. */
  left(): number
  /** The run's first page: failing to get it fails the run (`JobFailed`, retryable when the site may recover). */
  first(url: string): Promise<LoadedPage>
  /** Any other page: a failure is reported and counted, and the answer is undefined. Throws only when stopped. */
  next(url: string): Promise<LoadedPage | undefined>
  addProducts(products: ScrapedProduct[]): Promise<void>
  addCategories(categories: ScrapedCategory[]): Promise<void>
  /** Sends the last, incomplete batch. */
  flush(): Promise<void>
}

export interface LoadedPage {
  page: Page
  data: PageData
}

const BATCH = 50

export const createSession = (context: TaskContext, task: WebTask, fetcher: Fetcher, log: RunLog): Session => {
  const { signal } = context
  const counts: Counts = { pages: 0, pages_failed: 0, items: 0, items_new: 0, categories: 0, rejected: 0 }
  const items: ScrapedProduct[] = []
  const categories: ScrapedCategory[] = []
  const sent = new Set<string>()
  let batches = 0

  const load = async (url: string): Promise<LoadedPage> => {
    counts.pages++
    const page = await fetcher.page(url, { delayMs: task.delayMs, signal })
    if (/^(?:image|audio|video|font)\/|^application\/(?:pdf|zip|octet-stream)/i.test(page.contentType))
      throw new FetchError('status', `Not a page but ${page.contentType}`, false)
    // Reading takes about 25 ms per MB of HTML; give waiting requests of this process their turn before each page.
    await new Promise<void>((resolve) => setImmediate(resolve))
    const data = readPage(page.text(), page.url, { siteKey: task.siteKey, category: task.discoveryName })
    if (data.brokenScripts > 0) log.add(`${url}: ${data.brokenScripts} JSON-LD script(s) beyond repair`)
    for (const reason of data.rejected) log.add(`${url}: skipped, ${reason}`)
    counts.rejected += data.rejected.length
    return { page, data }
  }

  const send = async (products: ScrapedProduct[], found: ScrapedCategory[]) => {
    let answer: IngestAnswer
    try {
      answer = await context.ingest({
        sourceId: task.sourceId,
        items: products,
        categories: found,
        // The fence is part of the key: after a lost lease the next holder reads the site again, so its third batch has other
        // content, and the server refuses a known key with other content. A retry of this batch keeps its key and is stored once.
        idempotencyKey: `${context.task.id}:${context.task.fence}:${++batches}`,
      })
    } catch (error) {
      // 422: every element was invalid and nothing was stored. The rest of the site is still worth having.
      if (!(error instanceof PortRefused) || error.status !== 422) throw error
      counts.rejected += products.length + found.length
      log.add(`Batch ${batches} refused: ${error.message}`)
      return
    }
    const rejected = answer.rejected ?? []
    counts.items += products.length - rejected.filter(({ kind }) => kind === 'item').length
    counts.items_new += answer.items_ingested
    counts.categories += found.length - rejected.filter(({ kind }) => kind === 'category').length
    counts.rejected += rejected.length
    for (const { kind, index, errors } of rejected.slice(0, 10)) {
      const name = kind === 'item' ? products[index]?.product_url : found[index]?.url
      log.add(`Rejected ${kind} ${name ?? index}: ${errors.map(({ field, message }) => `${field}: ${message}`).join('; ')}`)
    }
    await context.progress({ ...counts })
  }

  return {
    task,
    fetcher,
    log,
    counts,
    signal,
    left: () => task.maxPages - counts.pages,
    async first(url) {
      try {
        return await load(url)
      } catch (error) {
        if (!(error instanceof FetchError) || error.problem === 'aborted') throw error
        counts.pages_failed++
        throw new JobFailed(`${url}: ${error.message}`, error.retryable)
      }
    },
    async next(url) {
      try {
        return await load(url)
      } catch (error) {
        if (!(error instanceof FetchError) || error.problem === 'aborted') throw error
        counts.pages_failed++
        log.add(`${url}: ${error.message}`)
        return undefined
      }
    },
    async addProducts(products) {
      for (const product of products) {
        if (sent.has(product.product_url)) continue // listings repeat their bestsellers on every page
        sent.add(product.product_url)
        items.push(product)
      }
      while (items.length >= BATCH) await send(items.splice(0, BATCH), [])
    },
    async addCategories(found) {
      categories.push(...found)
      while (categories.length >= BATCH) await send([], categories.splice(0, BATCH))
    },
    async flush() {
      if (items.length > 0 || categories.length > 0) await send(items.splice(0), categories.splice(0))
    },
  }
}
