import { collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client'

/** A metric that is counted in plain numbers and laid out at a scrape. */
export interface PlainMetric {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  values(): { metricName?: string; labels: Record<string, string | number>; value: number }[]
}

/**
 * prom-client's part of the metrics: the process itself, gauges, the text. Loaded with the first scrape; `plain` may grow after it.
 */
export const createExposition = (build: { version: string; dialect: string }, plain: PlainMetric[]) => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'trawl_build_info',
    help: 'Always 1; the labels tell what runs',
    labelNames: ['version', 'bun', 'dialect'],
    registers: [registry],
  }).set({ ...build, bun: Bun.version }, 1)
  const gauges = {
    tasks: new Gauge({
      name: 'trawl_tasks',
      help: 'Live and dead tasks of the engine',
      labelNames: ['kind', 'state'],
      registers: [registry],
    }),
    waiting: new Gauge({
      name: 'trawl_workers_waiting',
      help: 'Workers that wait for a task in this process',
      registers: [registry],
    }),
    sockets: new Gauge({ name: 'trawl_worker_sockets', help: 'Open worker sockets of this process', registers: [registry] }),
    connections: new Gauge({ name: 'database_connections_active', help: 'Database connections in use', registers: [registry] }),
  }
  let registered = 0
  const registerNew = () => {
    for (const { name, help, type, values } of plain.slice(registered))
      registry.registerMetric({
        name,
        get: async () => ({ name, help, type, values: values(), aggregator: 'sum' }),
        reset() {},
      } as unknown as Metric)
    registered = plain.length
  }
  return {
    gauges,
    text() {
      registerNew()
      return registry.metrics()
    },
  }
}
export type Gauges = ReturnType<typeof createExposition>['gauges']
