import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { median, ROOT, type Row, type Scale, spread, startLines } from './rig.ts'

const FOLDER = join(ROOT, 'tests/bench/peers')
const CONTESTANTS = {
  trawl: join(ROOT, 'tests/bench/peers-ours.ts'),
  'pg-boss': join(FOLDER, 'pg-boss.mjs'),
  'Graphile Worker': join(FOLDER, 'graphile-worker.mjs'),
}
type Name = keyof typeof CONTESTANTS

/** The peers have dependencies of their own, which only this line needs: installed when they are absent. */
const install = () => {
  if (existsSync(join(FOLDER, 'node_modules/pg-boss')) && existsSync(join(FOLDER, 'node_modules/graphile-worker'))) return
  const done = Bun.spawnSync([process.execPath, 'install', '--frozen-lockfile'], { cwd: FOLDER, stdout: 'pipe', stderr: 'pipe' })
  if (done.exitCode !== 0) throw new Error(`the peers cannot be installed: ${done.stderr}`)
}

/** One contestant over a database of its own on the server that all share. */
const enter = async (name: Name, server: string) => {
  const database = `trawl_bench_${randomUUID().replaceAll('-', '')}`
  const admin = postgres(server, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create database ${database}`)
  const url = new URL(server)
  url.pathname = `/${database}`
  const own = postgres(url.toString(), { max: 1, onnotice: () => {} })
  const lines = startLines([process.execPath, CONTESTANTS[name]], { DATABASE_URL: url.toString() })
  await lines.next()
  return {
    name,
    ask: async (line: string): Promise<any> => {
      lines.write(`${line}\n`)
      return lines.next()
    },
    /** Between rounds, so that nobody pays for another's dead rows or is planned without statistics. */
    tidy: () => own.unsafe('vacuum analyze'),
    durability: async () => (await own.unsafe('show synchronous_commit'))[0]?.synchronous_commit as string,
    async leave() {
      await lines.end()
      await own.end()
      await admin.unsafe(`drop database if exists ${database} with (force)`)
      await admin.end()
    },
  }
}

/**
 * Leasing and completing in batches of 25 on one Postgres server: our engine, pg-boss and Graphile Worker, each in a process of its own
 * with four connections, the same jobs, the same durability, rounds in turns. Skipped, and said so, without `TEST_DATABASE_URL`.
 */
export const benchPeers = async ({ rounds, pairs, smoke }: Scale): Promise<Row[]> => {
  const server = process.env.TEST_DATABASE_URL
  if (!server) {
    console.warn('skipped: peers (TEST_DATABASE_URL is not set: they are compared on a Postgres server)')
    return []
  }
  install()
  const jobs = pairs * 25 * (smoke ? 1 : 2)
  const entered: Awaited<ReturnType<typeof enter>>[] = []
  try {
    for (const name of Object.keys(CONTESTANTS) as Name[]) entered.push(await enter(name, server))
    const settings = new Set(await Promise.all(entered.map((one) => one.durability())))
    if (settings.size !== 1) throw new Error('the contestants are not equally durable')
    const rates = Object.fromEntries(entered.map(({ name }) => [name, [] as number[]])) as Record<Name, number[]>
    for (let round = 0; round <= rounds; round++) {
      // Each goes first as often as the others.
      for (let turn = 0; turn < entered.length; turn++) {
        const one = entered[(round + turn) % entered.length] as (typeof entered)[0]
        await one.ask(`fill ${jobs}`)
        await one.tidy()
        const { ms } = await one.ask(`run ${jobs}`)
        if (round > 0) rates[one.name].push((jobs * 1000) / ms)
      }
    }
    return (['pg-boss', 'Graphile Worker'] as const).map((peer) => {
      const ratios = rates.trawl.map((rate, round) => rate / (rates[peer][round] as number))
      return {
        name: `lease and complete 25 on Postgres, against ${peer}`,
        measured: `${Math.round(median(rates.trawl))} tasks/s`,
        floor: `${Math.round(median(rates[peer]))} tasks/s`,
        value: median(ratios),
        unit: 'ratio' as const,
        target: 1,
        better: 'more' as const,
        note: `${spread(ratios)}, synchronous_commit ${[...settings][0]}`,
      }
    })
  } finally {
    for (const one of entered) await one.leave()
  }
}
