/** A message for the consumers of `queue`. The body is sent as JSON. */
export interface BrokerMessage {
  queue: string
  /** A repeated message has the same one. */
  messageId: string
  body: unknown
}

/** A message in the hands of this process. What it neither accepts nor gives back returns to the queue when the connection ends. */
export interface Delivery {
  messageId: string | undefined
  content: Uint8Array
  /** Takes it out of the queue for good. */
  accept(): void
  /** Puts it back where it was. */
  giveBack(): void
}

/**
 * The message broker beside the engine. Queues are durable, are declared without arguments at their first use (a foreign consumer
 * declares the same), and are reached through the default exchange. Nothing here waits for a broker that is away.
 */
export interface Broker {
  /** Whether messages can be expected to pass now. */
  isUp(): boolean
  /**
   * Resolves once the broker has confirmed the message. Calls may overlap: they leave in the order of the calls.
   * @throws BrokerError when the broker is away, refuses, does not confirm within `withinMs`, or the connection ends first
   */
  publish(message: BrokerMessage, withinMs?: number): Promise<void>
  /**
   * Takes up to `max` messages off the front of a queue; each has to be settled. `[]` when it is empty.
   * @throws BrokerError when the broker is away or does not answer within a second
   */
  take(queue: string, max: number): Promise<Delivery[]>
  /** Calls `listener` whenever the broker can be reached again; answers what ends that. */
  onUp(listener: () => void): () => void
  close(): Promise<void>
}

export class BrokerError extends Error {
  override name = 'BrokerError'
  constructor(
    message: string,
    /** False: no consumer will ever see this message. True: it may or may not have been sent. */
    readonly mayHaveLeft: boolean,
  ) {
    super(message)
  }
}
