import type { Log } from './platform/log.ts'

/** A part of the process that runs until it is stopped. */
export interface Service {
  /** For the log. */
  name: string
  start?(): Promise<void> | void
  stop?(): Promise<void> | void
}

/** Starts services in their order, and stops in reverse order those that were started. */
export const createLifecycle = (services: readonly Service[], log: Log) => {
  const started: Service[] = []
  let stopping = false
  return {
    /** Ends early when `stop` is called meanwhile: a service that was just starting is among the stopped ones. */
    async start(): Promise<void> {
      for (const service of services) {
        if (stopping) return
        started.push(service)
        await service.start?.()
      }
    },
    /** A service that fails to stop is logged, and the others are still stopped. */
    async stop(): Promise<void> {
      stopping = true
      for (const { name, stop } of started.splice(0).reverse())
        await Promise.try(() => stop?.()).catch((error) => log.error('a service did not stop', { service: name, error }))
    },
  }
}
