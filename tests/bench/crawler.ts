import { join } from 'node:path'
import { median, ownDirectory, type Row, type Running, rssOf, type Scale, spread, startProcess, startTrawl } from './rig.ts'

const TOKEN = 'bench-crawler-token'
const ENV = { CRAWLER_RATE_LIMIT: '0', CRAWLER_PROGRESS_RATE_LIMIT: '0', FAMILIES: 'crawler', CRAWLER_MAX_CONNECTIONS: '20000' }
type Synchronous = 'NORMAL' | 'FULL'

interface Load {
  requests: number
  seconds: number
  p99: number
}
const runLoad = async (server: Running, what: string, spanMs: number, connections: number, prefix: string): Promise<Load> => {
  const child = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, 'crawler-load.ts'),
      String(server.port),
      what,
      String(spanMs),
      String(connections),
      TOKEN,
      prefix,
    ],
    { stdout: 'pipe', stderr: 'inherit' },
  )
  const text = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`the load ${what} failed`)
  return JSON.parse(text)
}
/** Fills a server with tasks: 256 that progress is posted to, the rest spread over the statuses. */
const fill = async (server: Running, count: number): Promise<void> => {
  for (let made = 0; made < count; made += 1000) {
    const tasks = Array.from({ length: Math.min(1000, count - made) }, (_, n) => ({
      id: `seed-${made + n}`,
      type: 'FETCH_ISSUES',
      credentials: { accessToken: 'bench-access-token' },
      apiEndpoint: 'https://gitlab.example/api/v4',
      options: { resourceId: `group/project-${made + n}` },
    }))
    const response = await fetch(`${server.origin}/api/internal2/tasks/bulk`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ tasks }),
    })
    const { meta } = (await response.json()) as any
    if (meta?.created !== tasks.length) throw new Error(`the bench could not be filled: ${response.status}`)
  }
}
const startPair = async (synchronous: Synchronous, count: number) => {
  const paths = [join(ownDirectory(), 'crawler.db'), join(ownDirectory(), 'floor.db')] as const
  const servers: Running[] = []
  for (const path of paths) {
    const server = await startTrawl(path, { ...ENV, SQLITE_SYNCHRONOUS: synchronous })
    await fill(server, count)
    if (path === paths[0]) servers.push(server)
    else await server.stop()
  }
  servers.push(await startProcess([process.execPath, 'tests/bench/crawler-floor.ts', paths[1], synchronous], {}))
  return servers as [Running, Running]
}

let rounds = 0
const compare = async (
  [ours, floor]: [Running, Running],
  what: string,
  name: string,
  target: number | undefined,
  scale: Scale,
): Promise<Row> => {
  const rates = { ours: [] as number[], floor: [] as number[] }
  for (let round = 0; round <= scale.rounds; round++)
    for (const side of round % 2 === 0 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const)) {
      const load = await runLoad(side === 'ours' ? ours : floor, what, scale.spanMs, 32, `r${rounds++}`)
      if (round > 0) rates[side].push(load.requests / load.seconds)
    }
  const ratios = rates.ours.map((rate, round) => rate / (rates.floor[round] as number))
  return {
    name,
    measured: `${Math.round(median(rates.ours))}/s`,
    floor: `${Math.round(median(rates.floor))}/s`,
    value: median(ratios),
    unit: 'ratio',
    target,
    better: 'more',
    note: spread(ratios),
  }
}

/** One publisher, `count` sockets of one task in the same client process: deliveries per second. */
const fanOut = async (port: number, token: string, count: number, messages: number): Promise<number> => {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'crawler-listeners.ts'), String(port), token, String(count), String(messages)],
    { stdout: 'pipe', stderr: 'inherit' },
  )
  const text = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error('the listeners failed')
  return JSON.parse(text).rate
}

/** Resident memory of sockets that only stay open, in KB each: the growth from the first hundreds on, when all code is warm. */
export const idleMemory = async (scale: Scale): Promise<Row> => {
  const server = await startTrawl(join(ownDirectory(), 'idle.db'), ENV)
  const hold = async (from: number, count: number) => {
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, 'crawler-idle.ts'), String(server.port), TOKEN, String(count), String(from)],
      {
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'inherit',
      },
    )
    const reader = child.stdout.getReader()
    await reader.read()
    return child
  }
  const [few, many] = scale.smoke ? [10, 50] : [500, 5000]
  const warm = await hold(0, few)
  await Bun.sleep(1000)
  const before = rssOf(server.pid)
  const held = await hold(few, many)
  await Bun.sleep(1000)
  const each = ((rssOf(server.pid) - before) * 1024) / many
  for (const child of [warm, held]) child.kill()
  await server.stop()
  return {
    name: `crawler idle sockets, ${many}`,
    measured: `${each.toFixed(1)} KB each`,
    floor: '10 KB',
    value: each / 10,
    unit: 'ratio',
    target: 1,
    better: 'less',
  }
}

/** The crawler's hot routes against the same statements by hand, health at two sizes, and fan-out against native publish. */
export const benchCrawler = async (scale: Scale): Promise<Row[]> => {
  const rows: Row[] = []
  const many = scale.smoke ? 1000 : 100_000
  for (const synchronous of ['FULL', 'NORMAL'] as const) {
    const pair = await startPair(synchronous, 1000)
    const asked = synchronous === 'FULL'
    rows.push(await compare(pair, 'progress', `crawler POST progress, ${synchronous}`, asked ? 0.8 : undefined, scale))
    rows.push(await compare(pair, 'create', `crawler POST create, ${synchronous}`, asked ? 0.9 : undefined, scale))
    for (const server of pair) await server.stop()
  }
  const pair = await startPair('NORMAL', many)
  const list = await compare(pair, 'list', `crawler list of 10 among ${many}`, 1 / 1.5, scale)
  rows.push(list)
  const small = await startTrawl(join(ownDirectory(), 'small.db'), ENV)
  await fill(small, 1000)
  rows.push(await compare([pair[0], small], 'health', `crawler health, ${many} against 1000 tasks`, 1 / 1.5, scale))
  for (const what of ['health', 'list', 'progress']) {
    const { p99 } = await runLoad(pair[0], what, scale.spanMs, 1, 'p99')
    rows.push({
      name: `crawler ${what} p99, one client, ${many} tasks`,
      measured: `${p99.toFixed(2)} ms`,
      floor: '50 ms',
      value: p99 / 50,
      unit: 'ratio',
      target: 1,
      better: 'less',
    })
  }
  await pair[1].stop()
  await small.stop()

  const sockets = scale.smoke ? 20 : 1000
  const messages = scale.smoke ? 5 : 200
  const native = await startProcess([process.execPath, 'tests/bench/crawler-publish.ts'], {})
  const rates = { ours: [] as number[], floor: [] as number[] }
  for (let round = 0; round < Math.min(5, scale.rounds); round++) {
    rates.ours.push(await fanOut(pair[0].port, TOKEN, sockets, messages))
    rates.floor.push(await fanOut(native.port, TOKEN, sockets, messages))
  }
  const ratios = rates.ours.map((rate, round) => rate / (rates.floor[round] as number))
  rows.push({
    name: `crawler fan-out to ${sockets} sockets`,
    measured: `${Math.round(median(rates.ours))}/s`,
    floor: `${Math.round(median(rates.floor))}/s`,
    value: median(ratios),
    unit: 'ratio',
    target: 0.6,
    better: 'more',
    note: spread(ratios),
  })
  await native.stop()
  await pair[0].stop()
  rows.push(await idleMemory(scale))
  return rows
}
