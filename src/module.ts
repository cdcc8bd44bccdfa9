import type { AnyElysia } from 'elysia'
import type { SubscriberQueries } from './access/subscribers.ts'
import type { DashboardAccess } from './access/tokens.ts'
import type { Requirement } from './config/secrets.ts'
import type { EmbeddableWorker, Family } from './config.ts'
import type { Channel } from './platform/http/asyncapi.ts'
import type { HttpFamily } from './platform/http/family.ts'
import type { Platform } from './platform/index.ts'
import type { Log } from './platform/log.ts'
import type { Dispatcher, Engine, JobHandler, KindPolicy, Outbox, Schedule } from './tasks/index.ts'

/** The parts that every module is built from. The engine exists already; it knows a module's kinds once the module is built. */
export interface Core {
  platform: Platform
  engine: Engine
  dispatcher: Dispatcher
  /** Undefined without a broker: no process would relay the messages, and they would pile up. */
  outbox: Outbox | undefined
  subscribers: SubscriberQueries
  dashboard: DashboardAccess
  /** The HTTP server, once it listens. */
  server(): Bun.Server<unknown> | null | undefined
  isStopping(): boolean
}

type Step = () => Promise<unknown>

/** A family of the API, or another part that is mounted whole (architecture §4). One that is not in `FAMILIES` is not built. */
export interface Module {
  name: Family
  /** Secrets without which it cannot serve: checked at the start in production, and by `/readyz`. */
  requires: readonly Requirement[]
  /** Credentials, limits and envelope of its paths. */
  http: HttpFamily
  routes(): AnyElysia
  /** Its sockets, event streams and queues, as the AsyncAPI document shows them; loaded with the first look at it. */
  channels?(): Promise<readonly Channel[]>
  /** Registered before anything runs. */
  kinds?: readonly KindPolicy[]
  /** Handlers of its own kinds, and which processes run them: those that keep the schedules, or those that embed the named worker. */
  jobs?: readonly { runBy: 'scheduler' | EmbeddableWorker; handlers: Record<string, JobHandler> }[]
  /** Claimed in the database: one process runs each due time. */
  schedules?: readonly Schedule[]
  /** Quick steps that every process takes about every second. */
  watch?: readonly Step[]
  /** Steps due now, called about every second on the processes that keep the schedules. */
  dispatch?(): readonly Step[]
  /** Prepares the database before anything runs. Repeated when the database was away. */
  prepare?(): Promise<void>
  /** Begins background work. */
  start?(): Promise<void> | void
  /** Ends connections that would not end by themselves, when the process stops; requests still run. */
  endConnections?(): Promise<void> | void
  /** Ends background work. Neither requests nor tasks run any more. Called in reverse order. */
  stop?(): Promise<void> | void
}

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
