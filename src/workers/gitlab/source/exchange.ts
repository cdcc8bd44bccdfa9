import type { Clock } from '../../../platform/clock.ts'

/** One HTTP answer, read to its end. */
export interface Exchange {
  status: number
  headers: Headers
  bytes: Uint8Array
}

export interface ExchangeOptions {
  fetch: (request: Request) => Promise<Response> | Response
  clock: Clock
  /** Connecting, headers and body together. */
  timeoutMs: number
  signal: AbortSignal
}

/** No usable answer: the network, a time limit, a broken body. The text names no credential. */
export class NetworkProblem extends Error {
  override name = 'NetworkProblem'
}
/** The body is longer than the worker takes. */
export class BodyTooLarge extends Error {
  override name = 'BodyTooLarge'
}

export const MAX_BODY_BYTES = 50 * 1024 * 1024
/** An aborted fetch of an in-process handler may go on; nobody waits for it. */
const unheard = () => {}

/** Sends one GET without following redirects. @throws NetworkProblem, BodyTooLarge; when `signal` aborts, its reason */
export const exchange = async (url: string, headers: Record<string, string>, options: ExchangeOptions): Promise<Exchange> => {
  const { clock, timeoutMs, signal } = options
  signal.throwIfAborted()
  const over = new AbortController()
  const done = new AbortController()
  const stop = () => over.abort()
  signal.addEventListener('abort', stop)
  const ended = new Promise<undefined>((resolve) => over.signal.addEventListener('abort', () => resolve(undefined)))
  void clock.sleep(timeoutMs, done.signal).then(() => {
    if (!done.signal.aborted) over.abort()
  })
  try {
    const request = new Request(url, { headers, redirect: 'manual', signal: over.signal })
    const answer = (async () => {
      const response = await options.fetch(request)
      return { status: response.status, headers: response.headers, bytes: await readBody(response) }
    })()
    answer.catch(unheard)
    const first = await Promise.race([answer, ended])
    if (first) return first
  } catch (error) {
    if (error instanceof BodyTooLarge) throw error
    signal.throwIfAborted()
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'connection failed'
    // Only the kind of problem: a library's text may quote the request.
    throw new NetworkProblem(over.signal.aborted ? `no answer within ${timeoutMs} ms` : code)
  } finally {
    done.abort()
    signal.removeEventListener('abort', stop)
  }
  signal.throwIfAborted()
  throw new NetworkProblem(`no answer within ${timeoutMs} ms`)
}

const readBody = async (response: Response): Promise<Uint8Array> => {
  const tooLarge = () => new BodyTooLarge(`the answer is longer than ${MAX_BODY_BYTES} bytes`)
  const declared = Number(response.headers.get('content-length') ?? 0)
  if (declared > MAX_BODY_BYTES) {
    await response.body?.cancel()
    throw tooLarge()
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
