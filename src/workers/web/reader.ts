import { heapSize } from 'bun:jsc'
import { JobFailed } from '../../errors.ts'
import { threadEntry } from '../thread-entry.ts'
import { FetchError, stopped } from './errors.ts'
import type { PageData, ReadOptions, WebDocument } from './extract/index.ts'
import type { ReadAnswer, ReadRequest } from './reader-thread.ts'
import type { Sitemap } from './sitemap.ts'

/**
 * Reads what strangers wrote, outside of this process's event loop. The document's bytes are moved: they are empty afterwards.
 * @throws FetchError `too_large` for a document over its budget, `unreadable`, `aborted` when `signal` ends it
 * @throws JobFailed (retryable) when no thread can be started
 */
export interface DocumentReader {
  page(document: WebDocument, options: ReadOptions, signal?: AbortSignal): Promise<PageData>
  sitemap(document: WebDocument, signal?: AbortSignal): Promise<Sitemap>
}

export interface ReaderOptions {
  /** For one document, in ms of its thread's time. Default 3,000. */
  budgetMs?: number
  /** How far this process may grow while documents are read, in bytes. Default 120 MiB; 5 MB of ordinary HTML take 95 MiB with their thread. */
  growth?: number
  /** Threads at once. Default 2. */
  threads?: number
  /** An unused thread ends after this many ms. Default 30,000. */
  idleMs?: number
  /** The thread's code. */
  entry?: string
}

const MB = 1024 * 1024
/** In ms. Short, because a document can grow the heap by gigabytes a second. */
const TICK_MS = 10
/** The most that one tick counts, in ms: a loop that was held up says nothing about the thread. */
const MOST_TICK_MS = 50
/** How long memory without documents counts as it was measured, in ms: measuring the heap takes time by its size. */
const FLOOR_MS = 2000
/** A thread whose code is not loaded after this many ms is given up. */
const START_MS = 10_000
/** Starts that may fail one after the other before a document is given up for it. */
const STARTS = 2
/** Documents from this many bytes on are read one at a time, so that memory is that of one. */
const LARGE = MB / 2
/** A thread that has grown so far, in bytes, is replaced; a document that has not is not the one that takes the memory. */
const GROWN = 32 * MB
/** The same since its start, in bytes, once it has read a large document: small ones leave little but compiled code, which is of use. */
const GROWN_IN_ALL = 48 * MB
/**
 * A thread that has read one document for so long, in ms, is held up: the next ones go to another thread. Before that they wait, because a
 * second thread compiles all code once more, and the first one is mostly done sooner.
 */
const HELD_UP_MS = 150
/** How long after the end of a thread a large document waits for its memory, in ms. It goes back within 100. */
const SETTLE_MS = 500
/** The longest wait for a thread to end, in ms: what it does in one native call (`JSON.parse`) goes on until that returns. */
const MOST_ENDING_MS = 5000

interface Job {
  request: ReadRequest
  isLarge: boolean
  /** By `performance.now()`. */
  since: number
  resolve(value: any): void
  reject(error: unknown): void
}

interface Thread {
  worker: Worker
  state: 'starting' | 'idle' | 'reading'
  job?: Job
  /** Since it was started or given its document, ms; counted by ticks. */
  usedMs: number
  /** Since when it has been idle, by `performance.now()`. */
  since: number
  /** Memory of this process when the document came, in bytes. */
  rss: number
  /** Memory of this process when the thread was ready, and of that its own heap, in bytes. */
  ready: { rss: number; heap: number }
  idle?: ReturnType<typeof setTimeout>
}

/**
 * A few threads that read documents, one each at a time; further documents wait. A thread starts with the first document and ends when
 * it is not needed for a while, or has grown; it does not keep the process alive. A document over its budget of time or memory is ended
 * with its thread, whose memory goes back to the system. `close` ends all at once.
 */
export const createReader = (options: ReaderOptions = {}): DocumentReader & { close(): void } => {
  const {
    budgetMs = 3000,
    growth = 120 * MB,
    threads: most = 2,
    idleMs = 30_000,
    entry = threadEntry('web/reader-thread'),
  } = options
  const threads = new Set<Thread>()
  /** Threads that are being terminated, with the time of `terminate()`. */
  const ending = new Map<Thread, number>()
  const waiting: Job[] = []
  let ticks: ReturnType<typeof setInterval> | undefined
  let tickedAt = 0
  /** Memory of this process as it was last looked at, in bytes: looking costs as much as a tenth of a small page. */
  let measured = { rss: 0, at: Number.NEGATIVE_INFINITY }
  /** Memory without documents: of this process, and of that its own heap, in bytes. */
  let floor = { rss: Number.POSITIVE_INFINITY, heap: 0, at: Number.NEGATIVE_INFINITY }
  let endedAt = Number.NEGATIVE_INFINITY
  /** One after the other. */
  let failedStarts = 0

  const end = (thread: Thread) => {
    threads.delete(thread)
    clearTimeout(thread.idle)
    endedAt = performance.now()
    ending.set(thread, endedAt)
    thread.worker.terminate()
  }
  /** Ends a thread with the document that it reads. */
  const give = (thread: Thread, error: unknown) => {
    end(thread)
    thread.job?.reject(error)
    thread.job = undefined
    next()
  }
  const refuse = (why: string) =>
    waiting.shift()?.reject(new JobFailed(`The thread that reads pages cannot start: ${why}`.slice(0, 500), true))
  const failStart = (thread: Thread, why: string) => {
    end(thread)
    failedStarts++
    if (failedStarts >= STARTS) refuse(why)
    next()
  }
  const measure = (now = performance.now()): number => {
    measured = { rss: process.memoryUsage.rss(), at: now }
    return measured.rss
  }
  /** Not older than two ticks. */
  const recentRss = (now = performance.now()): number => (now - measured.at > 2 * TICK_MS ? measure(now) : measured.rss)
  const isReading = (thread: Thread) => thread.state === 'reading'
  /** Whether the documents that wait need not wait for this thread. */
  const isHeldUp = ({ state, usedMs, job }: Thread) => state === 'reading' && (job?.isLarge || usedMs > HELD_UP_MS)
  const isTooLarge = ({ rss: before }: Thread, rss: number) =>
    rss - floor.rss > growth &&
    rss - before > GROWN &&
    // What this process itself holds meanwhile is not the document's.
    rss - floor.rss - Math.max(0, heapSize() - floor.heap) > growth

  /** Whether a thread that has read its document is worth its memory no more. */
  const hasGrown = (thread: Thread, { isLarge }: Job): boolean => {
    const rss = isLarge ? measure() : recentRss()
    if (rss - thread.rss > GROWN) return true
    if (!isLarge) return false
    const grown = rss - thread.ready.rss
    return grown > GROWN_IN_ALL && grown - Math.max(0, heapSize() - thread.ready.heap) > GROWN_IN_ALL
  }

  const tick = () => {
    const now = performance.now()
    const passedMs = Math.min(now - tickedAt, MOST_TICK_MS)
    tickedAt = now
    // Small documents that came since the last tick are mostly read before the next one.
    const isDue = [...threads].some(({ state, job, usedMs }) => state !== 'idle' && (usedMs > 0 || job?.isLarge !== false))
    const rss = isDue ? measure(now) : recentRss(now)
    floor.rss = Math.min(floor.rss, rss)
    for (const thread of threads) {
      if (thread.state === 'idle') continue
      thread.usedMs += passedMs
      if (thread.state === 'starting') {
        if (thread.usedMs > START_MS) failStart(thread, `not loaded after ${START_MS / 1000} s`)
        continue
      }
      thread.rss = Math.min(thread.rss, rss)
      if (thread.usedMs > budgetMs)
        give(thread, new FetchError('too_large', `The page takes more than ${budgetMs / 1000} s to read`, false))
      else if (isTooLarge(thread, rss)) {
        give(thread, new FetchError('too_large', `The page takes more than ${growth / MB} MB to read`, false))
        // Its memory goes back within the next ticks: another document must not answer for it.
        for (const other of threads) other.rss = rss
      }
    }
    next()
    if (isBusy()) return
    clearInterval(ticks)
    ticks = undefined
  }
  /** Whether a thread is at work, or a document waits. */
  const isBusy = (): boolean => {
    if (waiting.length > 0) return true
    for (const { state } of threads) if (state !== 'idle') return true
    return false
  }
  /** Looks at the threads until a tick finds none of them at work: a run asks for its next page within milliseconds. */
  const watch = () => {
    if (ticks || !isBusy()) return
    tickedAt = performance.now()
    ticks = setInterval(tick, TICK_MS)
  }

  const start = () => {
    let worker: Worker & { unref(): void }
    try {
      // The DOM's types of it know nothing of Bun's: a small heap is collected more often, and no thread keeps the process alive.
      worker = new Worker(entry, { smol: true } as WorkerOptions) as typeof worker
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error))
    }
    worker.unref()
    const thread: Thread = { worker, state: 'starting', usedMs: 0, since: 0, rss: 0, ready: { rss: 0, heap: 0 } }
    threads.add(thread)
    const died = (why: string) => {
      if (ending.delete(thread)) endedAt = performance.now()
      if (!threads.has(thread)) return
      if (thread.state === 'starting') failStart(thread, why)
      else give(thread, new FetchError('unreadable', `The page ended the thread that read it (${why})`.slice(0, 200), false))
    }
    worker.onerror = (event) => {
      event.preventDefault()
      died(event.message)
    }
    worker.addEventListener('close', () => died('it ended'))
    worker.onmessage = ({ data }: { data: ReadAnswer }) => {
      if (!threads.has(thread)) return
      const { job } = thread
      Object.assign(thread, { state: 'idle', job: undefined, since: performance.now() })
      if (!job) {
        failedStarts = 0
        thread.ready = { rss: measure(), heap: heapSize() }
      } else if (hasGrown(thread, job)) end(thread)
      // First of all the thread has its next document.
      next()
      if (job && data.type === 'read') job.resolve(JSON.parse(data.value))
      else if (job && data.type === 'failed') job.reject(new FetchError(data.problem, data.message, data.retryable, data.status))
      if (!thread.idle && threads.has(thread)) endWhenIdle(thread, idleMs)
    }
  }
  /** Ends the thread once it has been idle for `idleMs`. One timer serves many documents. */
  const endWhenIdle = (thread: Thread, ms: number) => {
    thread.idle = setTimeout(() => {
      const leftMs = thread.state === 'idle' ? thread.since + idleMs - performance.now() : idleMs
      if (leftMs > 0) endWhenIdle(thread, leftMs)
      else end(thread)
    }, ms)
    thread.idle.unref()
  }

  /** The first document that may begin now. */
  const takeWaiting = (): Job | undefined => {
    const first = waiting[0]
    if (!first?.isLarge) return waiting.shift()
    const isFree = ![...threads].some(({ job }) => job?.isLarge)
    if (isFree && isSettled(first)) return waiting.shift()
    const at = waiting.findIndex(({ isLarge }) => !isLarge)
    return at < 0 ? undefined : waiting.splice(at, 1)[0]
  }
  /** Whether the memory of threads that have ended is ours no more, as far as one can wait for it. */
  const isSettled = ({ since }: Job): boolean => {
    const now = performance.now()
    for (const [thread, at] of ending) if (now - at > MOST_ENDING_MS) ending.delete(thread)
    if (ending.size > 0) return false
    return process.memoryUsage.rss() - floor.rss < GROWN || now - Math.max(since, endedAt) > SETTLE_MS
  }
  const begin = (thread: Thread, job: Job) => {
    const now = performance.now()
    const rss = job.isLarge ? measure(now) : recentRss(now)
    // Not while memory of ended threads is still ours.
    const isAlone = ending.size === 0 && measured.at - endedAt > SETTLE_MS && ![...threads].some(isReading)
    if (rss < floor.rss || (isAlone && measured.at - floor.at > FLOOR_MS)) floor = { rss, heap: heapSize(), at: measured.at }
    Object.assign(thread, { state: 'reading', job, usedMs: 0, rss })
    thread.worker.postMessage(job.request, [job.request.document.bytes.buffer as ArrayBuffer])
  }
  /** Whether one more thread is worth its start. */
  const isShort = (): boolean => {
    if (waiting.length === 0 || threads.size >= most) return false
    if (threads.size === 0) return true
    // A thread takes memory too: none starts while a large document is read.
    if ([...threads].some(({ state, job }) => state === 'starting' || job?.isLarge)) return false
    return [...threads].every(isHeldUp)
  }
  /** Gives waiting documents to the first thread that is not held up, and starts one more when all are. */
  const next = () => {
    for (const thread of threads) {
      if (thread.state === 'idle') {
        const job = takeWaiting()
        if (!job) break
        begin(thread, job)
      }
      if (!isHeldUp(thread)) break
    }
    if (isShort()) start()
    watch()
  }

  const read = async <T>(request: ReadRequest, signal?: AbortSignal): Promise<T> => {
    if (signal?.aborted) throw stopped()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const isLarge = request.document.bytes.byteLength >= LARGE
    const job: Job = { request, isLarge, since: performance.now(), resolve, reject }
    const abort = () => {
      const at = waiting.indexOf(job)
      if (at >= 0) waiting.splice(at, 1)
      const thread = [...threads].find((one) => one.job === job)
      if (thread) give(thread, stopped())
      else reject(stopped())
    }
    signal?.addEventListener('abort', abort)
    try {
      waiting.push(job)
      next()
      return await promise
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  return {
    page: (document, options, signal) => read({ type: 'page', document: owned(document), options }, signal),
    sitemap: (document, signal) => read({ type: 'sitemap', document: owned(document) }, signal),
    close() {
      for (const { reject } of waiting.splice(0)) reject(stopped())
      for (const thread of [...threads]) give(thread, stopped())
    },
  }
}

/** The document without anything else of its page, its bytes in a buffer that holds nothing else and may be moved. */
const owned = ({ url, contentType, bytes }: WebDocument): WebDocument => {
  const isWhole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
  return { url, contentType, bytes: isWhole ? bytes : bytes.slice() }
}
