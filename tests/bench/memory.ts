import { join } from 'node:path'
import { createProducts, sendBatches } from './ingest.ts'
import { cpuOf, ownDirectory, productionEnv, type Row, rssOf, type Scale, startProcess } from './rig.ts'
import { buildBinary } from './start.ts'

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

const idleRow = (name: string, idle: number, target: number): Row => ({
  name,
  measured: `${idle.toFixed(0)} MB`,
  floor: '-',
  value: idle,
  unit: 'MB',
  target,
  better: 'less',
})

/** Memory in production: idle, and of the binary at rest again after a large ingestion in one sitting. */
export const benchMemory = async (scale: Scale): Promise<Row[]> => {
  const directory = ownDirectory()
  const binary = join(directory, 'trawl')
  await buildBinary(binary)
  // As it comes, with the embedded worker.
  const start = (name: string, ...command: string[]) =>
    startProcess(command, { ...productionEnv(join(directory, `${name}.db`)), EMBEDDED_WORKERS: 'web' })
  const fromSource = await start('source', process.execPath, 'src/main.ts')
  const server = await start('binary', binary)
  await Promise.all([fromSource, server].map(({ pid }) => rest(pid, scale.smoke)))
  const idleFromSource = rssOf(fromSource.pid)
  const idle = rssOf(server.pid)
  await fromSource.stop()
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
    idleRow('idle memory of the binary, as in the image', idle, 100),
    idleRow('idle memory of bun run start', idleFromSource, 120),
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
