import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import packageJson from '../../package.json'

export const ROOT = join(import.meta.dir, '../..')
export const TOKEN = 'bench-internal-token'
/** As a line of a request. */
export const INTERNAL = `X-Internal-Token: ${TOKEN}`
export const HEADERS = { 'x-internal-token': TOKEN, 'content-type': 'application/json' }

/** How long things run: `--smoke` only checks that they do. */
export interface Scale {
  smoke: boolean
  rounds: number
  /** Length of one measurement over HTTP, ms. */
  spanMs: number
  /** Batches of 500 products per round. */
  batches: number
  /** Lease and complete pairs per round. */
  pairs: number
  /** Products of the memory line. */
  products: number
  starts: number
  /** Rows of the export. */
  exportRows: number
  /** Products of the export of the catalogue. */
  exportProducts: number
  /** Progress streams at once. */
  streams: number
}
export const FULL: Scale = {
  ...{ smoke: false, rounds: 9, spanMs: 1500, batches: 20, pairs: 100, products: 200_000, starts: 9 },
  ...{ exportRows: 100_000, exportProducts: 1_000_000, streams: 2000 },
}
export const SMOKE: Scale = {
  ...{ smoke: true, rounds: 1, spanMs: 100, batches: 2, pairs: 5, products: 2000, starts: 1 },
  ...{ exportRows: 3000, exportProducts: 3000, streams: 40 },
}

/** 0..1, the same sequence for the same seed. */
export const seededRandom = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

/** One line of the table. `better` is which way the target lies; a line without one is there to be seen. */
export interface Row {
  name: string
  measured: string
  floor: string
  value: number
  unit: 'ratio' | 'MB' | 'KB' | 'ms'
  target: number | undefined
  better: 'more' | 'less'
  /** Spread of the rounds, and CPU time where the system measures it. */
  note?: string
}

export const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
export const spread = (values: number[]) => `${Math.min(...values).toFixed(2)}..${Math.max(...values).toFixed(2)}`

const alive = new Set<ReturnType<typeof Bun.spawn>>()
const directories: string[] = []
export const ownDirectory = () => {
  const path = mkdtempSync(join(tmpdir(), 'trawl-bench-'))
  directories.push(path)
  return path
}
/** Ends and removes what was made here, also after a failure. */
export const cleanUp = async () => {
  for (const child of alive) child.kill('SIGKILL')
  await Promise.all([...alive].map((child) => child.exited))
  for (const path of directories) rmSync(path, { recursive: true, force: true })
}

/** CPU time of a process and its threads so far, in microseconds; undefined where the system does not tell. */
export const cpuOf = (pid: number): number | undefined => {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce(
      (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1000,
      0,
    )
  } catch {
    return undefined
  }
}
/** Resident memory in MB. */
export const rssOf = (pid: number): number => {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? 0) / 1024
}

/** How `bun run start` sets the allocator: ours and the floors alike. */
const ALLOCATOR = Object.fromEntries(
  [...(packageJson.scripts.start as string).matchAll(/(MIMALLOC_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
) as Record<string, string>
/** What each process is given of the bench's own environment. */
const surroundings = () => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  TZ: 'UTC',
  NODE_ENV: 'production',
  ...ALLOCATOR,
})

export interface Running {
  pid: number
  port: number
  origin: string
  stop(): Promise<void>
}

/** Starts a process that prints a JSON line with its `url` once it listens. */
export const startProcess = async (command: string[], env: Record<string, string>): Promise<Running> => {
  const child = Bun.spawn(command, {
    cwd: ROOT,
    env: { ...surroundings(), ...env },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  alive.add(child)
  void child.exited.then(() => alive.delete(child))
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  void (async () => {
    let seen = ''
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream() as any) as unknown as AsyncIterable<string>) {
      seen = (seen + chunk).slice(-10_000)
      const url = /"url":"(http[^"]+)"/.exec(seen)?.[1]
      if (url) resolve(url)
    }
    reject(new Error(`${command.join(' ')} ended without listening: ${seen}`))
  })()
  const origin = await promise
  return {
    pid: child.pid,
    port: Number(new URL(origin).port),
    origin,
    async stop() {
      child.kill('SIGTERM')
      await child.exited
    },
  }
}

/** A process that is spoken with line by line: what is written goes to its input, `next` is its next line, as JSON. */
export const startLines = (command: string[], env: Record<string, string>) => {
  const child = Bun.spawn(command, {
    cwd: ROOT,
    env: { ...surroundings(), ...env },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  alive.add(child)
  void child.exited.then(() => alive.delete(child))
  const reader = child.stdout
    .pipeThrough(new TextDecoderStream() as any)
    .getReader() as unknown as ReadableStreamDefaultReader<string>
  let rest = ''
  return {
    pid: child.pid,
    /** CPU time so far, ms. */
    cpu: () => (cpuOf(child.pid) ?? 0) / 1000,
    write(text: string) {
      child.stdin.write(text)
      child.stdin.flush()
    },
    async next(): Promise<any> {
      for (;;) {
        const end = rest.indexOf('\n')
        if (end >= 0) {
          const line = rest.slice(0, end)
          rest = rest.slice(end + 1)
          if (line.startsWith('{')) return JSON.parse(line)
          continue
        }
        const { value, done } = await reader.read()
        if (done) throw new Error(`${command.join(' ')} ended`)
        rest += value
      }
    },
    async end() {
      child.stdin.end()
      await child.exited
    },
  }
}

/** What `bun start` needs in production, as environment. */
export const productionEnv = (database: string, more: Record<string, string> = {}) => ({
  NODE_ENV: 'production',
  DATABASE_URL: `sqlite:${database}`,
  HOST: '127.0.0.1',
  PORT: '0',
  EMBEDDED_WORKERS: 'none',
  INTERNAL_API_TOKEN: TOKEN,
  ANALYTICS_API_TOKEN: 'bench-analytics-token',
  CRAWLER_API_TOKEN: 'bench-crawler-token',
  SERVICE_TOKENS: 'bench:bench-service-token',
  JWT_SECRET: 'bench-jwt-secret-of-at-least-thirty-two',
  TELEGRAM_API_ID: '1',
  TELEGRAM_API_HASH: 'bench',
  TELEGRAM_SESSION: 'bench',
  DASHBOARD_JWT_SECRET: 'bench-dashboard-secret-of-some-length',
  ENCRYPTION_KEYS: `bench:${Buffer.alloc(32, 'seven').toString('base64')}`,
  ...more,
})
/** The server under test. */
export const startTrawl = (database: string, more: Record<string, string> = {}) =>
  startProcess([process.execPath, 'src/main.ts'], productionEnv(database, more))

export interface Load {
  requests: number
  seconds: number
  /** Microseconds of the server's CPU per request. */
  cpu: number | undefined
}
const CONNECTIONS = 32
/** Asks one thing over and over from a process of its own. */
export const runLoad = async (server: Running, path: string, spanMs: number, header = INTERNAL): Promise<Load> => {
  const before = cpuOf(server.pid)
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'load.ts'), String(server.port), path, String(spanMs), String(CONNECTIONS), header],
    {
      stdout: 'pipe',
      stderr: 'inherit',
    },
  )
  alive.add(child)
  const text = await new Response(child.stdout).text()
  alive.delete(child)
  if ((await child.exited) !== 0) throw new Error(`the load on ${path} failed`)
  const { requests, seconds } = JSON.parse(text)
  const after = cpuOf(server.pid)
  return { requests, seconds, cpu: before === undefined || after === undefined ? undefined : (after - before) / requests }
}

/**
 * Rates of ours and of the floor's work, in turns: each round runs both, the first one only warms. `work` does `units` things; answers
 * things a second by round.
 */
export const ratesInTurns = async (
  sides: { ours(): Promise<void>; floor(): Promise<void> },
  { rounds, pairs }: Scale,
  units: number,
): Promise<{ ours: number[]; floor: number[]; ratios: number[] }> => {
  const rates = { ours: [] as number[], floor: [] as number[] }
  for (let round = 0; round <= rounds; round++)
    for (const side of round % 2 === 0 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const)) {
      const startedAt = performance.now()
      for (let n = 0; n < pairs; n++) await sides[side]()
      if (round > 0) rates[side].push((pairs * units * 1000) / (performance.now() - startedAt))
    }
  return { ...rates, ratios: rates.ours.map((rate, round) => rate / (rates.floor[round] as number)) }
}
