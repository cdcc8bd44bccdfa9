/** A failure with a verdict: whether the same attempt may succeed later. The message is stored with the task and shown to operators. */
export class JobFailed extends Error {
  override name = 'JobFailed'
  constructor(
    message: string,
    readonly retryable: boolean,
  ) {
    super(message)
  }
}

/** Puts the task back into the queue for a while, without counting the attempt. */
export class JobDelayed extends Error {
  override name = 'JobDelayed'
  constructor(
    readonly delayMs: number,
    message = 'delayed',
  ) {
    super(message)
  }
}
