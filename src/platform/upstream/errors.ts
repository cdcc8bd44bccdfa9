/** What went wrong, in the one word that may be shown. */
export type UpstreamFailure = 'timeout' | 'unavailable' | 'bad_response' | 'circuit_open'

/** A call to an upstream failed. The message names the upstream and the reason, never an address, a credential or its text. */
export class UpstreamError extends Error {
  override name = 'UpstreamError'
  constructor(
    readonly upstream: string,
    readonly reason: UpstreamFailure,
    /** The status it answered, if it did. */
    readonly status?: number,
  ) {
    super(`${upstream}: ${reason}${status === undefined ? '' : ` (${status})`}`)
  }
}

/** The circuit is open: the upstream was not called. */
export class CircuitOpen extends Error {
  override name = 'CircuitOpen'
}
