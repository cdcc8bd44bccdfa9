import { join } from 'node:path'
import {
  type Credential,
  HEADERS,
  INTERNAL,
  type Load,
  median,
  ownDirectory,
  type Row,
  type Running,
  runLoad,
  type Scale,
  spread,
  startProcess,
  startTrawl,
} from './rig.ts'

/** A source of type list with 20 products and three runs, and its id. */
const seed = async (server: Running): Promise<number> => {
  const call = async (method: string, path: string, body: unknown) => {
    const response = await fetch(`${server.origin}${path}`, { method, headers: HEADERS, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`${path} answered ${response.status} ${await response.text()}`)
    return response.json() as any
  }
  const source = await call('POST', '/internal/sources', {
    url: 'https://shop.example/list',
    type: 'list',
    site_key: 'shop',
    is_active: false,
    config: { discovery_name: '', note: 'bench' },
  })
  for (let run = 0; run < 3; run++) {
    await call('POST', `/internal/sources/${source.id}/report-status`, { status: 'running' })
    await call('POST', '/internal/ingest-batch', {
      source_id: source.id,
      items: Array.from({ length: 20 }, (_, n) => ({
        title: `t${n}`,
        product_url: `https://shop.example/p/${n}`,
        site_key: 'shop',
        price: run,
      })),
    })
    await call('POST', `/internal/sources/${source.id}/report-status`, { status: 'waiting' })
  }
  return source.id
}

/** Same question, same answer: a floor that does less would not be one. */
const sameAnswer = async (servers: Running[], path: string, { header, token }: Credential) => {
  const [ours, floor] = await Promise.all(
    servers.map(async (server) => (await fetch(`${server.origin}${path}`, { headers: { [header]: token } })).text()),
  )
  if (!Bun.deepEquals(JSON.parse(ours as string), JSON.parse(floor as string)))
    throw new Error(`the floor answers ${path} differently:\n${ours}\n${floor}`)
}

/** Requests a second against those of the floor, rounds interleaved. */
export const compare = async (
  name: string,
  target: number | undefined,
  servers: [Running, Running],
  path: string,
  scale: Scale,
  credential: Credential = INTERNAL,
): Promise<Row> => {
  await sameAnswer(servers, path, credential)
  for (const server of servers) await runLoad(server, path, scale.spanMs / 2, credential) // warms the compilers
  const ours: Load[] = []
  const floor: Load[] = []
  for (let round = 0; round < scale.rounds; round++)
    for (const side of round % 2 === 0 ? [0, 1] : [1, 0])
      (side === 0 ? ours : floor).push(await runLoad(servers[side] as Running, path, scale.spanMs, credential))
  const rate = (load: Load) => load.requests / load.seconds
  const ratios = ours.map((load, round) => rate(load) / rate(floor[round] as Load))
  const cpu = (loads: Load[]) => median(loads.map((load) => load.cpu ?? Number.NaN))
  return {
    name,
    measured: `${Math.round(median(ours.map(rate)))}/s`,
    floor: `${Math.round(median(floor.map(rate)))}/s`,
    value: median(ratios),
    unit: 'ratio',
    target,
    better: 'more',
    note: `${spread(ratios)}; CPU ${cpu(ours).toFixed(1)} against ${cpu(floor).toFixed(1)} us, ${(cpu(floor) / cpu(ours)).toFixed(2)}`,
  }
}

/** Health and an authenticated point read, over HTTP. */
export const benchReads = async (scale: Scale): Promise<Row[]> => {
  const database = join(ownDirectory(), 'reads.db')
  const trawl = await startTrawl(database)
  const id = await seed(trawl)
  const startFloor = (...more: string[]) => startProcess([process.execPath, 'tests/bench/floor-server.ts', database, ...more], {})
  const [floor, hinted] = await Promise.all([startFloor(), startFloor('hinted')])
  const path = `/internal/sources/${id}`
  const rows = [
    await compare('GET /health', 0.8, [trawl, floor], '/health', scale),
    await compare('GET /internal/sources/{id}', 0.7, [trawl, floor], path, scale),
    // The stricter floor knows what we know about SQLite's planner.
    await compare('GET /internal/sources/{id}, hinted floor', undefined, [trawl, hinted], path, scale),
  ]
  for (const server of [trawl, floor, hinted]) await server.stop()
  return rows
}
