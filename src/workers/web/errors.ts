/** Why a page could not be fetched. `refused`: an address or scheme that is never visited; `robots`: robots.txt forbids it. */
export type FetchProblem =
  | 'refused'
  | 'robots'
  | 'robots_unavailable'
  | 'timeout'
  | 'network'
  | 'status'
  | 'too_large'
  | 'redirects'
  | 'aborted'

/** A page that could not be fetched. `retryable` says whether a later run may fare better (gifty §4, fail). */
export class FetchError extends Error {
  override name = 'FetchError'
  constructor(
    readonly problem: FetchProblem,
    message: string,
    readonly retryable: boolean,
    readonly status?: number,
  ) {
    super(message)
  }
}

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
