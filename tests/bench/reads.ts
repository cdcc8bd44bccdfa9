import { join } from 'node:path'
import {
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
export const seedSource = async (server: Running): Promise<number> => {
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
const sameAnswer = async (servers: [Running, Running], paths: [string, string], header: string) => {
  const [name = '', value = ''] = header.split(': ')
  const [ours, floor] = await Promise.all(
    servers.map(async (server, side) => (await fetch(`${server.origin}${paths[side]}`, { headers: { [name]: value } })).text()),
  )
  if (!Bun.deepEquals(JSON.parse(ours as string), JSON.parse(floor as string)))
    throw new Error(`the floor answers ${paths[0]} differently:\n${ours}\n${floor}`)
}

/** One read, ours against the floor's, in interleaved rounds. `floorPath` where the floor has it elsewhere. */
export const compareReads = async (
  name: string,
  target: number | undefined,
  servers: [Running, Running],
  path: string,
  scale: Scale,
  { header = INTERNAL, floorPath = path }: { header?: string; floorPath?: string } = {},
): Promise<Row> => {
  const paths: [string, string] = [path, floorPath]
  await sameAnswer(servers, paths, header)
  // Warms the compilers.
  for (const side of [0, 1] as const) await runLoad(servers[side], paths[side], scale.spanMs / 2, header)
  const ours: Load[] = []
  const floor: Load[] = []
  for (let round = 0; round < scale.rounds; round++)
    for (const side of (round % 2 === 0 ? [0, 1] : [1, 0]) as (0 | 1)[])
      (side === 0 ? ours : floor).push(await runLoad(servers[side], paths[side], scale.spanMs, header))
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
  const id = await seedSource(trawl)
  const startFloor = (...more: string[]) => startProcess([process.execPath, 'tests/bench/floor-server.ts', database, ...more], {})
  const [floor, hinted] = await Promise.all([startFloor(), startFloor('hinted')])
  const path = `/internal/sources/${id}`
  const rows = [
    await compareReads('GET /health', 0.8, [trawl, floor], '/health', scale),
    await compareReads('GET /internal/sources/{id}', 0.7, [trawl, floor], path, scale),
    // The stricter floor knows what we know about SQLite's planner.
    await compareReads('GET /internal/sources/{id}, hinted floor', undefined, [trawl, hinted], path, scale),
  ]
  for (const server of [trawl, floor, hinted]) await server.stop()
  return rows
}
