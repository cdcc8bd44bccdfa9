/**
 * Why a page could not be had. `refused`: an address or scheme that is never visited; `robots`: robots.txt forbids it; `paused`: its host
 * has asked to be left alone; `too_large`: over its budget of bytes, time or memory; `unreadable`: no page, or one that cannot be read.
 */
export type FetchProblem =
  | 'refused'
  | 'robots'
  | 'robots_unavailable'
  | 'paused'
  | 'timeout'
  | 'network'
  | 'status'
  | 'too_large'
  | 'unreadable'
  | 'redirects'
  | 'aborted'

/** A page that could not be had. `retryable` says whether a later run may fare better (gifty §4, fail). */
export class FetchError extends Error {
  override name = 'FetchError'
  constructor(
    readonly problem: FetchProblem,
    message: string,
    readonly retryable: boolean,
    /** What the host answered, if that is why. */
    readonly status?: number,
    /** How long the host asked to be left alone, ms. */
    readonly waitMs?: number,
  ) {
    super(message)
  }
}

/** Answers of servers that do not know the method or protocol: they stay. */
const LASTING = new Set([501, 505])
/** Answers that a host gives while it is busy or being restarted; those above 504 come from proxies before it (520 to 530 of Cloudflare). */
const isPassingStatus = (status: number) =>
  status === 408 || status === 425 || status === 429 || (status >= 500 && !LASTING.has(status))

/** Whether the same page may be had a moment later. */
export const isPassing = ({ problem, status }: FetchError): boolean =>
  problem === 'timeout' ||
  problem === 'network' ||
  problem === 'robots_unavailable' ||
  (problem === 'status' && status !== undefined && isPassingStatus(status))

/** Whether the address of a source is of no use any more: only then is the source broken (gifty §2.8). */
export const isFinal = ({ problem, status }: FetchError): boolean =>
  problem === 'refused' || problem === 'robots' || (problem === 'status' && (status === 404 || status === 410))

export const stopped = () => new FetchError('aborted', 'Stopped', true)

/** Waits for `work`, but no longer than `signal` allows: for work that several tasks share or that cannot be aborted itself. */
export const unlessAborted = async <T>(work: Promise<T>, signal?: AbortSignal): Promise<T> => {
  if (!signal) return work
  if (signal.aborted) {
    work.catch(() => {}) // the caller gets the error below, so this outcome is not needed
    throw stopped()
  }
  let end: () => void = () => {}
  const abort = new Promise<never>((_, reject) => {
    end = () => reject(stopped())
    signal.addEventListener('abort', end)
  })
  try {
    return await Promise.race([work, abort])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
