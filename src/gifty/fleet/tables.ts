import { defineTables } from '../../platform/db/kit.ts'

/** The last heartbeat of each worker process (gifty §8). */
export const fleetTables = defineTables((k) => {
  const workerHeartbeats = k.table(
    'worker_heartbeats',
    {
      hostname: k.text().notNull(),
      pid: k.big().notNull(),
      workerId: k.text().notNull(),
      status: k.text().notNull(),
      concurrentTasks: k.real().notNull(),
      ramUsagePct: k.real().notNull(),
      cpuUsage: k.real().notNull(),
      via: k.oneOf('http', 'ws').notNull(),
      lastSeen: k.at().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.hostname, t.pid] }), k.index('worker_heartbeats_seen_ix').on(t.lastSeen)],
  )
  return { workerHeartbeats }
})
