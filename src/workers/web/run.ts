import { JobFailed } from '../../errors.ts'
import { backoffMs } from '../../platform/clock.ts'
import { type IngestAnswer, PortRefused, type RunLogLine, type ScrapedCategory, type ScrapedProduct } from '../port.ts'
import type { TaskContext } from '../worker.ts'
import { createCookies } from './cookies.ts'
import { FetchError, isFinal, isPassing, stopped } from './errors.ts'
import type { PageData } from './extract/index.ts'
import type { Fetcher, Page } from './fetcher.ts'
import type { DocumentReader } from './reader.ts'
import { createRunLog, type RunLog } from './run-log.ts'
import { crawlDeep, discover } from './strategies.ts'
import { readPayload, type WebTask } from './task.ts'

/** What a run shows as progress and sums up at its end. */
export interface Counts {
  pages: number
  pages_failed: number
  items: number
  items_new: number
  categories: number
  rejected: number
  /** Fields that pages state and that could not be read (`PageData.remarks`). */
  remarks: number
}

/** A page that a run could not read. */
export interface FailedPage {
  url: string
  /** What the host answered, if that is why. */
  status: number | null
  reason: string
}

/** The `result` of a completed run (gifty §2.8): its story, and what of the site it did not get. */
export interface WebRunResult {
  /** At most 100,000 characters. */
  logs: string
  /** The server has the lines of `logs` already. */
  logs_appended?: true
  /** Pages asked for, those that failed included. */
  pages: number
  pages_failed: number
  /** The first 100. */
  failed_pages: FailedPage[]
  /** Products that were never sent, such as those without a name. What the server rejects is not in it. */
  rejected: number
  /** Fields that products were stored without. */
  remarks: number
  /** Why the run ended before everything it had found was read. */
  ended_early?: string
}

/** One run of a source: its budget of pages, its batches, its story. Lives as long as its task. */
export interface Session {
  task: WebTask
  /** The process's, with the cookies of this run; a page that fails in passing is tried again, within the run's budget of tries. */
  fetcher: Fetcher
  reader: DocumentReader
  log: RunLog
  counts: Counts
  signal: AbortSignal
  /** Pages that may still be fetched. To be asked when there is one more to read: without any left the run counts as ended early. */
  left(): number
  /** Whether this page is fetched already: it is counted, and may be asked for without any left. */
  isAhead(url: string): boolean
  /** The run's first page: failing to get it fails the run (`JobFailed`, final only when the address is of no use any more). */
  first(url: string, needs?: Needs): Promise<LoadedPage>
  /**
   * Any other page: a failure is reported and counted, and the answer is undefined; so it is, without a request, once the run has to end
   * early. Throws only when stopped.
   */
  next(url: string, needs?: Needs): Promise<LoadedPage | undefined>
  /** Counts and reports a page that was not read. */
  failed(url: string, problem: FetchError): void
  addProducts(products: ScrapedProduct[]): Promise<void>
  addCategories(categories: ScrapedCategory[]): Promise<void>
  /** Sends the last, incomplete batch. */
  flush(): Promise<void>
  /** What the run comes to, after `flush`. Throws `JobFailed` for one that got nothing, or whose host asked to be left alone. */
  outcome(): Promise<Omit<WebRunResult, 'logs' | 'logs_appended'>>
  /** Gives up a page that is fetched ahead: a run that fails does not ask for it. */
  end(): void
}

export interface Needs {
  /** `false` leaves out where the page leads, which is half of the work on it. */
  links?: boolean
  /** The page that will be asked for next: it is fetched, in its turn, while this one is read. */
  following?: string
}

export interface LoadedPage {
  page: Page
  data: PageData
}

const BATCH = 50
const MAX_FAILED_PAGES = 100
/** Lines of a page's own in the log, of each kind. */
const MAX_LINES = 50
/** How often one page is asked for again. */
const MAX_REPEATS = 2
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 8000
/** Pages in a row that fail in passing: a host that answers so is not asked further. Of 429 it takes fewer. */
const MAX_FAILED_IN_A_ROW = 20
const MAX_REFUSED_IN_A_ROW = 3

const createSession = (
  context: TaskContext,
  task: WebTask,
  { fetcher, reader }: { fetcher: Fetcher; reader: DocumentReader },
  log: RunLog,
): Session => {
  const { clock } = context
  const over = new AbortController()
  const signal = AbortSignal.any([context.signal, over.signal])
  const counts: Counts = { pages: 0, pages_failed: 0, items: 0, items_new: 0, categories: 0, rejected: 0, remarks: 0 }
  const items: ScrapedProduct[] = []
  const categories: ScrapedCategory[] = []
  const sent = new Set<string>()
  /** Addresses of products of which a field could not be read; listings repeat them. */
  const remarked = new Set<string>()
  let batches = 0
  const cookies = createCookies()
  const failedPages: FailedPage[] = []
  let repeats = Math.max(3, Math.ceil(task.maxPages / 10))
  let pagesRead = 0
  /** Products that were not sent. */
  let unsent = 0
  let failedInARow = 0
  /** Why nothing more is asked for. */
  let stop: { reason: string; isPlea: boolean } | undefined
  let isLimited = false

  /** Looks at an answer that failed: a host that wants to be left alone, or cannot do more, ends the run. */
  const heed = (error: FetchError) => {
    if (error.problem === 'paused') stop ??= { reason: error.message, isPlea: true }
    if (!isPassing(error)) return
    failedInARow++
    const isRefusal = error.status === 429
    if (failedInARow >= (isRefusal ? MAX_REFUSED_IN_A_ROW : MAX_FAILED_IN_A_ROW))
      stop ??= { reason: `${failedInARow} pages in a row failed, the last with ${error.message}`, isPlea: isRefusal }
  }

  const get: Fetcher['page'] = async (url, options) => {
    for (let tries = 1; ; tries++) {
      if (stop) throw new FetchError('paused', stop.reason, true)
      try {
        const page = await fetcher.page(url, { cookies, signal, ...options })
        failedInARow = 0
        return page
      } catch (error) {
        if (!(error instanceof FetchError)) throw error
        // The fetcher itself has waited where the host said how long.
        const again = isPassing(error) && error.waitMs === undefined && tries <= MAX_REPEATS && repeats > 0
        if (!again) {
          heed(error)
          throw error
        }
        repeats--
        const waitMs = backoffMs(tries, MAX_BACKOFF_MS, FIRST_BACKOFF_MS)
        log.add(`${url}: ${error.message}, asked again after ${waitMs} ms`, 'warn')
        await clock.sleep(waitMs, signal)
        if (signal.aborted) throw stopped()
      }
    }
  }

  /** The one page that is fetched before it is asked for. */
  let ahead: { url: string; page: Promise<Page> } | undefined
  /** Not from a host that has just failed, and not beyond the budget. */
  const fetchAhead = (url: string) => {
    if (ahead || stop || failedInARow > 0 || counts.pages >= task.maxPages) return
    counts.pages++
    ahead = { url, page: get(url, { delayMs: task.delayMs }) }
    ahead.page.catch(() => {}) // who asks for the page gets the error
  }
  const isAhead = (url: string) => ahead?.url === url
  const fetched = (url: string): Promise<Page> => {
    if (!ahead || !isAhead(url)) {
      counts.pages++
      return get(url, { delayMs: task.delayMs })
    }
    const { page } = ahead
    ahead = undefined
    return page
  }

  const load = async (url: string, { links, following }: Needs = {}): Promise<LoadedPage> => {
    const page = await fetched(url)
    if (!isPage(page)) throw new FetchError('unreadable', `Not a page but ${page.contentType.slice(0, 100)}`, false)
    if (following !== undefined) fetchAhead(following)
    const options = { siteKey: task.siteKey, category: task.discoveryName, currency: task.currency, links, now: clock.now() }
    const data = await reader.page(page, options, signal)
    // It may be a mistake of ours, so the source is not broken for it as for a 404.
    if (data.isGone && data.products.length === 0)
      throw new FetchError('unreadable', 'The page says that it was not found', true, 200)
    pagesRead++
    if (data.brokenScripts > 0) log.add(`${url}: ${data.brokenScripts} JSON-LD script(s) beyond repair`, 'warn')
    // A hostile page may have thousands of either.
    for (const reason of data.rejected.slice(0, MAX_LINES)) log.add(`${url}: skipped, ${reason}`, 'warn')
    if (data.rejected.length > MAX_LINES) log.add(`${url}: ${data.rejected.length - MAX_LINES} more skipped`, 'warn')
    const fresh = data.remarks.filter(({ product_url }) => !remarked.has(product_url))
    for (const { product_url } of fresh) remarked.add(product_url)
    for (const { product_url, field, message } of fresh.slice(0, MAX_LINES))
      log.add(`${product_url}: stored without ${field}, ${message}`, 'warn')
    unsent += data.rejected.length
    counts.rejected += data.rejected.length
    counts.remarks = remarked.size
    return { page, data }
  }

  const failed = (url: string, { message, status }: FetchError) => {
    counts.pages_failed++
    if (failedPages.length < MAX_FAILED_PAGES) failedPages.push({ url, status: status ?? null, reason: message })
    log.add(`${url}: ${message}`, 'warn')
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
      log.add(`Batch ${batches} refused: ${error.message}`, 'error')
      return
    }
    const rejected = answer.rejected ?? []
    counts.items += products.length - rejected.filter(({ kind }) => kind === 'item').length
    counts.items_new += answer.items_ingested
    counts.categories += found.length - rejected.filter(({ kind }) => kind === 'category').length
    counts.rejected += rejected.length
    for (const { kind, index, errors } of rejected.slice(0, 10)) {
      const name = kind === 'item' ? products[index]?.product_url : found[index]?.url
      log.add(
        `Rejected ${kind} ${name ?? index}: ${errors.map(({ field, message }) => `${field}: ${message}`).join('; ')}`,
        'warn',
      )
    }
    await report()
  }

  const report = () => context.progress({ ...counts, remarks: counts.remarks || undefined })

  return {
    task,
    fetcher: { page: get, sitemaps: fetcher.sitemaps },
    reader,
    log,
    counts,
    signal,
    failed,
    isAhead,
    end: () => over.abort(),
    left() {
      const left = task.maxPages - counts.pages
      if (left <= 0) isLimited = true
      return left
    },
    async first(url, needs) {
      try {
        return await load(url, needs)
      } catch (error) {
        if (!(error instanceof FetchError) || error.problem === 'aborted') throw error
        counts.pages_failed++
        throw new JobFailed(`${url}: ${error.message}`, !isFinal(error))
      }
    },
    async next(url, needs) {
      // What was fetched ahead is counted, also when it has ended the run.
      if (stop && !isAhead(url)) return undefined
      try {
        return await load(url, needs)
      } catch (error) {
        if (!(error instanceof FetchError) || error.problem === 'aborted') throw error
        failed(url, error)
        return undefined
      }
    },
    async outcome() {
      const { pages, pages_failed, remarks } = counts
      const [example] = failedPages
      const hasNothing = counts.items + counts.categories + counts.rejected === 0
      if (stop?.isPlea) {
        await report()
        throw new JobFailed(`${task.url}: ended early, ${stop.reason}`, true)
      }
      // The first page alone is worth nothing when all that it led to has failed.
      if (example && hasNothing && pagesRead <= 1) {
        await report()
        throw new JobFailed(`${pages_failed} pages could not be read, the first: ${example.url}: ${example.reason}`, true)
      }
      const ended = stop?.reason ?? (isLimited ? `the limit of ${task.maxPages} pages was reached` : undefined)
      return {
        pages,
        pages_failed,
        failed_pages: failedPages,
        rejected: unsent,
        remarks,
        ...(ended ? { ended_early: ended } : {}),
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

/** What a file has to begin with that is served as bytes of any kind, and is a page nevertheless. */
const MARKUP = /^(?:\xef\xbb\xbf)?\s*<[!?a-z]/i

/** Whether an answer may be a page. A declared picture, film or archive is none; what is declared as bytes is looked at. */
const isPage = ({ contentType, bytes }: Page): boolean => {
  if (/^(?:image|audio|video|font)\/|^application\/(?:pdf|zip)/i.test(contentType)) return false
  if (!/^(?:application|binary)\/(?:octet-stream|x-download|force-download)/i.test(contentType)) return true
  return MARKUP.test(Buffer.from(bytes.subarray(0, 1024)).toString('latin1'))
}

/**
 * Runs one task of kind `source.run.web` (gifty §2.8, §4). Throws `JobFailed`: final for a source's own address that answers 404 or 410,
 * that robots.txt forbids or that is refused; retryable for everything else, also when the host asks to be left alone for long.
 */
export const runWebTask = async (
  context: TaskContext,
  tools: { fetcher: Fetcher; reader: DocumentReader },
): Promise<WebRunResult> => {
  const task = readPayload(context.task.payload)
  const runId = Number(task.runId)
  const append = (lines: RunLogLine[]) => context.appendLog(runId, lines)
  const log = createRunLog(context.clock, Number.isSafeInteger(runId) && runId > 0 ? append : undefined)
  const session = createSession(context, task, tools, log)
  const startedAt = context.clock.now()
  log.add(`${task.strategy} of ${task.type} ${task.url}, at most ${task.maxPages} pages, ${task.delayMs} ms apart`)
  try {
    await (task.strategy === 'discovery' ? discover(session) : crawlDeep(session))
    await session.flush()
    const outcome = await session.outcome()
    const { counts } = session
    const seconds = ((context.clock.now() - startedAt) / 1000).toFixed(1)
    log.add(
      `Done in ${seconds} s: ${counts.pages} pages (${counts.pages_failed} failed), ${counts.items} items (${counts.items_new} new), ` +
        `${counts.categories} categories, ${counts.rejected} rejected${counts.remarks > 0 ? `, ${counts.remarks} remarks` : ''}`,
    )
    if (outcome.ended_early) log.add(`Ended early: ${outcome.ended_early}`, 'warn')
    await log.flush()
    return { logs: log.text(), ...(log.isAppended() ? { logs_appended: true as const } : {}), ...outcome }
  } catch (error) {
    // The server adds why the run has failed.
    await log.flush()
    if (error instanceof FetchError && !context.signal.aborted)
      throw new JobFailed(`${task.url}: ${error.message}`, !isFinal(error))
    throw error
  } finally {
    session.end()
  }
}
