import type { GiftyServices } from './gifty/services.ts'
import type { Engine } from './tasks/index.ts'

const EVERY_MS = 1000

export interface SummaryDeps {
  origin: string
  services: GiftyServices
  engine: Engine
  tokens: Record<string, string>
  write?: (text: string) => void
  isTerminal?: boolean
}

/** The banner of `bun dev`, then one live line about the fleet: rewritten in a terminal, printed on change elsewhere. */
export const startSummary = ({
  origin,
  services,
  engine,
  tokens,
  write = (text) => process.stdout.write(text),
  isTerminal = process.stdout.isTTY,
}: SummaryDeps) => {
  write(`\n  Trawl   ${origin}\n  docs    ${origin}/docs\n  shop    ${origin}/demo/shop\n\n`)
  for (const [name, token] of Object.entries(tokens)) write(`  ${name.padEnd(20)} ${token}\n`)
  write('\n')
  let last = ''
  const show = async () => {
    const [stats, sites, workers, counts] = await Promise.all([
      services.reports.stats(),
      services.reports.monitoring(),
      services.fleet.workers(),
      engine.counts(),
    ])
    const inState = (...states: string[]) =>
      counts
        .filter(({ kind, state }) => kind.startsWith('source.') && states.includes(state))
        .reduce((sum, { count }) => sum + count, 0)
    const sources = sites.reduce((sum, site) => sum + site.total_sources, 0)
    const line = `fleet: ${sources} sources | runs ${inState('leased', 'cancelling')} running, ${inState('queued')} queued, ${stats.runs_24h} today (${stats.failed_runs_24h} failed) | ${workers.length} workers | ${stats.products_total} products, ${stats.new_24h} new today`
    if (line === last) return
    last = line
    write(isTerminal ? `\r\x1b[2K${line}` : `${line}\n`)
  }
  const timer = setInterval(() => {
    // The summary is for a reader's comfort: a failing query is reported by what needs it.
    show().catch(() => write('\nfleet: the database does not answer\n'))
  }, EVERY_MS)
  return { stop: () => clearInterval(timer) }
}
