import { join } from 'node:path'
import { createProducts, sendBatches } from './ingest.ts'
import { cpuOf, ownDirectory, productionEnv, type Row, rssOf, type Scale, startProcess } from './rig.ts'

const BATCH = 500

/** Of a process at rest, CPU microseconds in a second: its timers, and nothing else. */
const REST_US = 50_000
/** Quiet seconds after which what is free has been given back: the allocator does it every ten. */
const QUIET = 25
/** Waits for a process to have done what it does in the background (it embeds what came in), or for two minutes. */
const rest = async (pid: number, smoke: boolean) => {
  for (let second = 0, quiet = 0; second < (smoke ? 1 : 120) && quiet < QUIET; second++) {
    const before = cpuOf(pid)
    await Bun.sleep(smoke ? 100 : 1000)
    quiet = (cpuOf(pid) ?? 0) - (before ?? 0) < REST_US ? quiet + 1 : 0
  }
}

/** Memory of `bun start` in production: idle, and at rest again after a large ingestion in one sitting. */
export const benchMemory = async (scale: Scale): Promise<Row[]> => {
  // As it comes, with the embedded worker.
  const env = { ...productionEnv(join(ownDirectory(), 'memory.db')), EMBEDDED_WORKERS: 'web' }
  const server = await startProcess([process.execPath, 'src/main.ts'], env)
  await rest(server.pid, scale.smoke)
  const idle = rssOf(server.pid)
  const batch = await createProducts()
  let peak = idle
  for (let sent = 0; sent < scale.products; sent += BATCH) {
    await sendBatches(server, [JSON.stringify({ source_id: 0, items: batch() })], 'items_ingested')
    peak = Math.max(peak, rssOf(server.pid))
  }
  await rest(server.pid, scale.smoke)
  const after = rssOf(server.pid)
  await server.stop()
  return [
    { name: 'idle memory', measured: `${idle.toFixed(0)} MB`, floor: '-', value: idle, unit: 'MB', target: 120, better: 'less' },
    {
      name: `memory grown by ${scale.products} rows`,
      measured: `${after.toFixed(0)} MB`,
      floor: `${idle.toFixed(0)} MB`,
      value: after - idle,
      unit: 'MB',
      target: 80,
      better: 'less',
      note: `peak ${peak.toFixed(0)} MB`,
    },
  ]
}
