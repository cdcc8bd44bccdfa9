export type BusHandler = (message: any) => void

/**
 * Events between the parts of the system, and between processes once a networked adapter is mounted. Delivery is at most once and
 * unordered across topics: whatever must not be lost is in the database, an event only says "look now".
 */
export interface Bus {
  publish(topic: string, message: unknown): void
  /** Returns the function that ends the subscription. */
  subscribe(topic: string, handler: BusHandler): () => void
}

/** In-process bus: handlers run in the publisher's turn. A handler that throws does not keep the others from hearing. */
export const createLocalBus = (onError: (error: unknown, topic: string) => void): Bus => {
  const topics = new Map<string, Set<BusHandler>>()
  return {
    publish(topic, message) {
      for (const handler of topics.get(topic) ?? []) {
        try {
          handler(message)
        } catch (error) {
          onError(error, topic)
        }
      }
    },
    subscribe(topic, handler) {
      const handlers = topics.get(topic) ?? new Set()
      topics.set(topic, handlers.add(handler))
      return () => {
        handlers.delete(handler)
        if (handlers.size === 0 && topics.get(topic) === handlers) topics.delete(topic)
      }
    },
  }
}
