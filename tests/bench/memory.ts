import { join } from 'node:path'
import { createProducts, sendBatches } from './ingest.ts'
import { ownDirectory, productionEnv, type Row, rssOf, type Scale, startProcess } from './rig.ts'

const BATCH = 500

/** Memory of `bun start` in production: idle, and after a large ingestion in one sitting. */
export const benchMemory = async (scale: Scale): Promise<Row[]> => {
  // As it comes, with the embedded worker.
  const env = { ...productionEnv(join(ownDirectory(), 'memory.db')), EMBEDDED_WORKERS: 'web' }
  const server = await startProcess([process.execPath, 'src/main.ts'], env)
  const settle = () => Bun.sleep(scale.smoke ? 100 : 5000)
  await settle()
  const idle = rssOf(server.pid)
  const batch = await createProducts()
  let peak = idle
  for (let sent = 0; sent < scale.products; sent += BATCH) {
    await sendBatches(server, [JSON.stringify({ source_id: 0, items: batch() })], 'items_ingested')
    peak = Math.max(peak, rssOf(server.pid))
  }
  await settle()
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
