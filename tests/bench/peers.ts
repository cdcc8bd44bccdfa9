import { existsSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { fillPostgres, post } from './fleet-rig.ts'
import { BATCH, CONNECTIONS, drain } from './peers/contestant.mjs'
import { ownPostgres, postgresUrl } from './postgres-database.ts'
import { median, ROOT, type Row, type Scale, spread, startLines, startTrawl } from './rig.ts'

const FOLDER = join(ROOT, 'tests/bench/peers')
interface Contestant {
  ask(line: string): Promise<{ ms: number }>
  leave(): Promise<void>
}
type Enter = (url: string) => Promise<Contestant>
/** A contestant in a process of its own, which speaks with its database itself. */
const inProcess =
  (script: string, ...more: string[]): Enter =>
  async (url) => {
    const lines = startLines([process.execPath, script, ...more], { DATABASE_URL: url })
    await lines.next()
    return {
      async ask(line) {
        lines.write(`${line}\n`)
        return lines.next()
      },
      leave: () => lines.end(),
    }
  }
/** A whole server with as many connections as the others, and its workers over HTTP in the bench's own process. */
const overHttp: Enter = async (url) => {
  const server = await startTrawl('unused', {
    DATABASE_URL: url,
    DATABASE_POOL_MAX: String(CONNECTIONS),
    FAMILIES: 'gifty',
    ROLE: 'api',
  })
  const call = (path: string, body: object) => post(server, `/internal/workers/${path}`, { worker_id: 'bench', ...body })
  return {
    async ask(line) {
      const [verb, count] = line.split(' ')
      if (verb === 'fill') return { ms: 0 }
      return drain<{ id: string; fence: number }>(
        Number(count),
        async (max) => (await call('lease', { kinds: ['source.run'], max })).tasks,
        async (tasks) => {
          const { completed } = await call('tasks/complete', { tasks: tasks.map(({ id, fence }) => ({ id, fence })) })
          if (completed !== tasks.length) throw new Error(`${completed} of ${tasks.length} tasks were completed`)
        },
      )
    },
    leave: () => server.stop(),
  }
}
const OURS = join(ROOT, 'tests/bench/peers-ours')
/** Jobs without any other row: the kind of ours has no hooks. */
const PLAIN = {
  trawl: inProcess(`${OURS}.ts`),
  'pg-boss': inProcess(join(FOLDER, 'pg-boss.mjs')),
  'Graphile Worker': inProcess(join(FOLDER, 'graphile-worker.mjs')),
}
/** Jobs about a run and its source, both of which change when it starts and when it ends: ours is the real `source.run`. */
const RUNS = {
  trawl: inProcess(`${OURS}-runs.ts`),
  'trawl over HTTP': overHttp,
  'pg-boss': inProcess(join(FOLDER, 'pg-boss.mjs'), 'runs'),
  'Graphile Worker': inProcess(join(FOLDER, 'graphile-worker.mjs'), 'runs'),
}
type Name = keyof typeof RUNS

/** The peers have dependencies of their own, which only this line needs: installed when they are absent. */
const install = () => {
  if (existsSync(join(FOLDER, 'node_modules/pg-boss')) && existsSync(join(FOLDER, 'node_modules/graphile-worker'))) return
  const done = Bun.spawnSync([process.execPath, 'install', '--frozen-lockfile'], { cwd: FOLDER, stdout: 'pipe', stderr: 'pipe' })
  if (done.exitCode !== 0) throw new Error(`the peers cannot be installed: ${done.stderr}`)
}

/** One contestant over a database of its own on the server that all share; `hasRuns` fills it with the runs of its jobs. */
const enter = async (name: Name, start: Enter, hasRuns: boolean) => {
  const database = await ownPostgres(hasRuns)
  const own = postgres(database.url, { max: 1, onnotice: () => {} })
  const fill = fillPostgres(own)
  const contestant = await start(database.url)
  return {
    name,
    async fill(jobs: number) {
      if (hasRuns) {
        await own.unsafe('truncate parsing_runs, parsing_sources restart identity cascade')
        await fill(jobs)
        if (!name.startsWith('trawl')) await own.unsafe('delete from tasks')
      }
      await contestant.ask(`fill ${jobs}`)
      // Between rounds, so that no peer pays for the dead rows of another or runs on missing statistics.
      await own.unsafe('vacuum analyze')
    },
    run: async (jobs: number) => (await contestant.ask(`run ${jobs}`)).ms,
    durability: async () => (await own.unsafe('show synchronous_commit'))[0]?.synchronous_commit as string,
    async leave() {
      await contestant.leave()
      await own.end()
      await database.drop()
    },
  }
}

/** Rates of all contestants, jobs a second by round, in turns: each goes first as often as the others, and the first round warms. */
const contend = async (contestants: Partial<Record<Name, Enter>>, hasRuns: boolean, { rounds, pairs, smoke }: Scale) => {
  // Enough that a round takes half a second: shorter ones say more about a checkpoint or the first statements than about the contestant.
  const jobs = pairs * BATCH * (smoke ? 1 : 8)
  const entered: Awaited<ReturnType<typeof enter>>[] = []
  try {
    for (const [name, start] of Object.entries(contestants)) entered.push(await enter(name as Name, start, hasRuns))
    const settings = new Set(await Promise.all(entered.map((one) => one.durability())))
    if (settings.size !== 1) throw new Error('the contestants are not equally durable')
    const rates = Object.fromEntries(entered.map(({ name }) => [name, [] as number[]])) as Record<Name, number[]>
    for (let round = 0; round <= rounds; round++)
      for (let turn = 0; turn < entered.length; turn++) {
        const one = entered[(round + turn) % entered.length] as (typeof entered)[0]
        await one.fill(jobs)
        const ms = await one.run(jobs)
        if (round > 0) rates[one.name].push((jobs * 1000) / ms)
      }
    return { rates, note: `synchronous_commit ${[...settings][0]}` }
  } finally {
    for (const one of entered) await one.leave()
  }
}
const against = (
  what: string,
  ours: Name,
  peer: Name,
  target: number | undefined,
  { rates, note }: Awaited<ReturnType<typeof contend>>,
): Row => {
  const ratios = rates[ours].map((rate, round) => rate / (rates[peer][round] as number))
  return {
    name: `${what}, against ${peer}`,
    measured: `${Math.round(median(rates[ours]))} tasks/s`,
    floor: `${Math.round(median(rates[peer]))} tasks/s`,
    value: median(ratios),
    unit: 'ratio',
    target,
    better: 'more',
    note: `${spread(ratios)}, ${note}`,
  }
}

/**
 * Leasing and completing in batches of 25 on one Postgres server: our engine, pg-boss and Graphile Worker, each in a process of its own
 * with four connections, the same jobs, the same durability, rounds in turns. Skipped, and said so, without `TEST_DATABASE_URL`.
 */
export const benchPeers = async (scale: Scale): Promise<Row[]> => {
  if (!postgresUrl) {
    console.warn('skipped: peers (TEST_DATABASE_URL is not set: they are compared on a Postgres server)')
    return []
  }
  install()
  const plain = await contend(PLAIN, false, scale)
  const runs = await contend(RUNS, true, scale)
  const inProcessRuns = 'source.run: lease and complete 25 on Postgres, in process'
  const runsOverHttp = 'source.run: lease and complete 25 on Postgres, over HTTP'
  return [
    against('no hooks: lease and complete 25 on Postgres, in process', 'trawl', 'pg-boss', 1.8, plain),
    against('no hooks: lease and complete 25 on Postgres, in process', 'trawl', 'Graphile Worker', 1.1, plain),
    against(inProcessRuns, 'trawl', 'pg-boss', 1, runs),
    against(inProcessRuns, 'trawl', 'Graphile Worker', 1, runs),
    // The peers have no HTTP between them and their workers: there to be seen.
    against(runsOverHttp, 'trawl over HTTP', 'pg-boss', undefined, runs),
    against(runsOverHttp, 'trawl over HTTP', 'Graphile Worker', undefined, runs),
  ]
}
