import { JobFailed } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import { redactText } from '../../platform/log.ts'
import { type IngestAnswer, PortRefused, type ScrapedCategory, type ScrapedProduct } from '../port.ts'
import type { TaskContext } from '../worker.ts'
import { FetchError } from './errors.ts'
import type { PageData } from './extract/index.ts'
import type { Fetcher, Page } from './fetcher.ts'
import type { DocumentReader } from './reader.ts'
import { crawlDeep, discover } from './strategies.ts'

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
  fetcher: Fetcher
  reader: DocumentReader
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

const createSession = (
  context: TaskContext,
  task: WebTask,
  { fetcher, reader }: { fetcher: Fetcher; reader: DocumentReader },
  log: RunLog,
): Session => {
  const { signal } = context
  const counts: Counts = { pages: 0, pages_failed: 0, items: 0, items_new: 0, categories: 0, rejected: 0, remarks: 0 }
  const items: ScrapedProduct[] = []
  const categories: ScrapedCategory[] = []
  const sent = new Set<string>()
  /** Addresses of products of which a field could not be read; listings repeat them. */
  const remarked = new Set<string>()
  let batches = 0

  const load = async (url: string): Promise<LoadedPage> => {
    counts.pages++
    const page = await fetcher.page(url, { delayMs: task.delayMs, signal })
    if (/^(?:image|audio|video|font)\/|^application\/(?:pdf|zip|octet-stream)/i.test(page.contentType))
      throw new FetchError('status', `Not a page but ${page.contentType}`, false)
    // Reading takes about 25 ms per MB of HTML; give waiting requests of this process their turn before each page.
    await new Promise<void>((resolve) => setImmediate(resolve))
    const options = { siteKey: task.siteKey, category: task.discoveryName, currency: task.currency }
    const data = await reader.page(page, options, signal)
    if (data.brokenScripts > 0) log.add(`${url}: ${data.brokenScripts} JSON-LD script(s) beyond repair`)
    for (const reason of data.rejected) log.add(`${url}: skipped, ${reason}`)
    for (const { product_url, field, message } of data.remarks) {
      if (remarked.has(product_url)) continue
      remarked.add(product_url)
      log.add(`${product_url}: stored without ${field}, ${message}`)
    }
    counts.rejected += data.rejected.length
    counts.remarks = remarked.size
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
    await context.progress({ ...counts, remarks: counts.remarks || undefined })
  }

  return {
    task,
    fetcher,
    reader,
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

/** The payload of `source.run.web` (gifty §2.7, §2.8) with `config.web` resolved. */
export interface WebTask {
  sourceId: number
  url: string
  siteKey: string
  type: string
  strategy: 'deep' | 'discovery'
  runId: string
  /** `config.discovery_name`: the category's name where it was discovered. */
  discoveryName?: string
  /** `config.currency`: of products that name none. */
  currency?: string
  /** Pages to fetch at most, 1..10,000; default 200. */
  maxPages: number
  /** Least ms between the starts of two requests to the host, 0..60,000; default 500. */
  delayMs: number
}

/** Reads a task's payload. Throws `JobFailed` (not retryable) when it is none of ours; odd numbers in `config.web` are clamped. */
export const readPayload = (payload: unknown): WebTask => {
  const body = (payload ?? {}) as Record<string, any>
  const { source_id, url, site_key } = body
  if (!Number.isSafeInteger(source_id) || typeof url !== 'string' || typeof site_key !== 'string')
    throw new JobFailed('Payload lacks source_id, url or site_key', false)
  const config = typeof body.config === 'object' && body.config ? body.config : {}
  const web = typeof config.web === 'object' && config.web ? config.web : {}
  const name = typeof config.discovery_name === 'string' ? config.discovery_name.trim() : ''
  return {
    sourceId: source_id,
    url,
    siteKey: site_key,
    type: typeof body.type === 'string' ? body.type : 'list',
    strategy: body.strategy === 'discovery' ? 'discovery' : 'deep',
    runId: String(body.run_id ?? ''),
    ...(name ? { discoveryName: name } : {}),
    ...(typeof config.currency === 'string' && config.currency.trim() ? { currency: config.currency.trim().toUpperCase() } : {}),
    maxPages: clamp(web.max_pages, 200, 1, 10_000),
    delayMs: clamp(web.delay_ms, 500, 0, 60_000),
  }
}

const clamp = (value: unknown, fallback: number, low: number, high: number) => {
  const number = typeof value === 'number' || (typeof value === 'string' && value.trim()) ? Number(value) : Number.NaN
  return Number.isFinite(number) ? Math.min(Math.max(Math.round(number), low), high) : fallback
}

const MAX_CHARS = 100_000 // what the server keeps of a run's logs (gifty §2.2, report-logs)
const MAX_LINE = 1000

/** A run's readable story, at most 100,000 characters: the beginning and the end stay, the middle goes. */
export interface RunLog {
  add(line: string): void
  text(): string
}

export const createRunLog = (clock: Clock): RunLog => {
  const head: string[] = []
  const tail: string[] = []
  let headChars = 0
  let tailChars = 0
  let dropped = 0
  return {
    add(line) {
      const stamped = `${new Date(clock.now()).toISOString()} ${redactText(line).slice(0, MAX_LINE)}`
      if (tail.length === 0 && headChars + stamped.length < MAX_CHARS / 2 - 100) {
        headChars += stamped.length + 1
        head.push(stamped)
        return
      }
      tail.push(stamped)
      tailChars += stamped.length + 1
      while (tailChars > MAX_CHARS / 2 - 100) {
        tailChars -= tail.shift()!.length + 1
        dropped++
      }
    },
    text: () => [...head, ...(dropped > 0 ? [`... ${dropped} lines left out ...`] : []), ...tail].join('\n'),
  }
}

/**
 * Runs one task of kind `source.run.web` (gifty §2.8, §4) and answers `{logs}`, <= 100,000 characters. Throws `JobFailed`: retryable for
 * timeouts, 5xx, 429 and unreachable hosts, final for 404, robots.txt and refused addresses.
 */
export const runWebTask = async (
  context: TaskContext,
  tools: { fetcher: Fetcher; reader: DocumentReader },
): Promise<{ logs: string }> => {
  const task = readPayload(context.task.payload)
  const log = createRunLog(context.clock)
  const session = createSession(context, task, tools, log)
  const startedAt = context.clock.now()
  log.add(`${task.strategy} of ${task.type} ${task.url}, at most ${task.maxPages} pages, ${task.delayMs} ms apart`)
  try {
    await (task.strategy === 'discovery' ? discover(session) : crawlDeep(session))
  } catch (error) {
    if (error instanceof FetchError && !context.signal.aborted)
      throw new JobFailed(`${task.url}: ${error.message}`, error.retryable)
    throw error
  }
  const { counts } = session
  const seconds = ((context.clock.now() - startedAt) / 1000).toFixed(1)
  log.add(
    `Done in ${seconds} s: ${counts.pages} pages (${counts.pages_failed} failed), ${counts.items} items (${counts.items_new} new), ` +
      `${counts.categories} categories, ${counts.rejected} rejected${counts.remarks > 0 ? `, ${counts.remarks} remarks` : ''}`,
  )
  return { logs: log.text() }
}
