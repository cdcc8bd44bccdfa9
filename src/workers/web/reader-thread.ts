import { FetchError } from './errors.ts'
import { type ReadOptions, readDocument, type WebDocument } from './extract/index.ts'
import { readSitemapDocument } from './sitemap.ts'

/** What the thread is asked: one document at a time. */
export type ReadRequest =
  | { type: 'page'; document: WebDocument; options: ReadOptions }
  | { type: 'sitemap'; document: WebDocument }

/** What it says. `ready` comes once, when its code is loaded. `value` holds what was read as JSON, which takes half the time of a clone. */
export type ReadAnswer =
  | { type: 'ready' }
  | { type: 'read'; value: string }
  | { type: 'failed'; problem: FetchError['problem']; message: string; retryable: boolean; status?: number }

/** Characters of what a document may state; a larger answer would keep the loop that takes it. */
const MAX_ANSWER = 16 * 1024 * 1024

/** The entry of the thread that reads what strangers wrote. `reader.ts` may end it at any moment. */
const port = self as unknown as {
  onmessage: (event: { data: ReadRequest }) => Promise<void>
  postMessage(answer: ReadAnswer): void
}

const read = async (request: ReadRequest): Promise<ReadAnswer> => {
  try {
    const found =
      request.type === 'page' ? readDocument(request.document, request.options) : await readSitemapDocument(request.document)
    const value = JSON.stringify(found)
    if (value.length <= MAX_ANSWER) return { type: 'read', value }
    throw new FetchError('too_large', `The page states more than ${MAX_ANSWER / 1024 / 1024} MB`, false)
  } catch (error) {
    if (error instanceof FetchError) {
      const { problem, message, retryable, status } = error
      return { type: 'failed', problem, message, retryable, status }
    }
    // Nothing that a page holds may end the run: it is one page that cannot be read.
    const message = `The page cannot be read (${error instanceof Error ? error.message : String(error)})`.slice(0, 200)
    return { type: 'failed', problem: 'unreadable', message, retryable: false }
  }
}

port.onmessage = async ({ data }) => {
  port.postMessage(await read(data))
}
port.postMessage({ type: 'ready' })
