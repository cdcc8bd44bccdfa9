/** A message for a foreign consumer, taken from the outbox. */
export interface BrokerMessage {
  queue: string
  messageId: string
  body: unknown
}

/** The message broker beside the engine. `publish` resolves when the broker has confirmed, and rejects otherwise. */
export interface Broker {
  publish(message: BrokerMessage): Promise<void>
  close(): Promise<void>
}
