import { parseArgs } from 'node:util'
import { cleanUp, FULL, type Row, SMOKE } from './rig.ts'

/**
 * `bun run bench`: every figure against the floor of the same run, rounds interleaved, medians. `--smoke` runs all of it very shortly
 * and only checks that it runs; `--only reads,ingest` picks lines.
 */
const LINES = {
  reads: async () => (await import('./reads.ts')).benchReads,
  ingest: async () => (await import('./ingest.ts')).benchIngest,
  'love-parser': async () => (await import('./love-parser.ts')).benchLoveParser,
  search: async () => (await import('./search.ts')).benchSearch,
  tasks: async () => (await import('./tasks.ts')).benchTasks,
  fleet: async () => (await import('./fleet.ts')).benchFleet,
  kinds: async () => (await import('./fleet-kinds.ts')).benchKinds,
  groups: async () => (await import('./groups.ts')).benchGroups,
  operations: async () => (await import('./operations.ts')).benchOperations,
  waiters: async () => (await import('./waiters.ts')).benchWaiters,
  postgres: async () => (await import('./postgres.ts')).benchPostgres,
  stickers: async () => (await import('./stickers.ts')).benchStickers,
  crawler: async () => (await import('./crawler.ts')).benchCrawler,
  scoring: async () => (await import('./scoring.ts')).benchScoring,
  peers: async () => (await import('./peers.ts')).benchPeers,
  processes: async () => (await import('./processes.ts')).benchProcesses,
  web: async () => (await import('./web.ts')).benchWeb,
  export: async () => (await import('./export.ts')).benchExport,
  memory: async () => (await import('./memory.ts')).benchMemory,
  start: async () => (await import('./start.ts')).benchStart,
}

const { values } = parseArgs({
  options: { smoke: { type: 'boolean', default: false }, only: { type: 'string' }, rounds: { type: 'string' } },
})
const scale = values.smoke ? SMOKE : { ...FULL, ...(values.rounds ? { rounds: Number(values.rounds) } : {}) }
const names = (values.only?.split(',') ?? Object.keys(LINES)) as (keyof typeof LINES)[]

const amount = ({ unit }: Row, value: number) =>
  unit === 'ratio' ? value.toFixed(2) : `${value.toFixed(unit === 'KB' ? 1 : 0)} ${unit}`
const verdict = ({ value, target, better }: Row): string => {
  if (scale.smoke || target === undefined) return '-'
  return (better === 'more' ? value >= target : value <= target) ? 'ok' : 'MISSED'
}
const shown = (row: Row): string[] => [
  row.name,
  row.measured,
  row.floor,
  amount(row, row.value),
  row.target === undefined ? '-' : `${row.better === 'more' ? '>=' : '<='} ${amount(row, row.target)}`,
  verdict(row),
  row.note ?? '',
]

try {
  const rows: string[][] = [['line', 'trawl', 'floor', 'value', 'target', '', 'rounds']]
  for (const name of names) {
    if (!LINES[name]) throw new Error(`no line is named ${name}: ${Object.keys(LINES).join(', ')}`)
    const run = await LINES[name]()
    if (!scale.smoke) process.stderr.write(`measuring ${name}...\n`)
    rows.push(...(await run(scale)).map(shown))
  }
  const widths = (rows[0] as string[]).map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd(),
    )
  // What CI counts: a line that cannot be measured throws before this.
  if (scale.smoke) console.log(`${rows.length - 1} passed, 0 failed`)
} finally {
  await cleanUp()
}
