import { type Config, DEVELOPMENT_TOKENS, isLoopback } from './config.ts'
import { AppError } from './errors.ts'
import type { GiftyServices } from './gifty/services.ts'
import type { Terminal } from './platform/log.ts'
import type { Engine } from './tasks/index.ts'

const EVERY_MS = 1000

export interface SummaryDeps {
  origin: string
  /** Undefined when the family is not mounted: then there is no fleet to show. */
  gifty: GiftyServices | undefined
  engine: Engine
  config: SummaryConfig
  terminal: Pick<Terminal, 'write' | 'live'>
}

type SummaryConfig = Pick<Config, 'demo' | 'families' | 'internalToken' | 'analyticsToken' | 'serviceTokens'> & {
  crawler: Pick<Config['crawler'], 'token'>
}

/** The credentials that work, by the name of their variable: development values as they are; values that were set are not shown. */
const credentialsOf = ({
  families,
  internalToken,
  analyticsToken,
  serviceTokens,
  crawler,
}: SummaryConfig): [string, string][] => {
  const services = serviceTokens.map(({ name, token }) => `${name}:${token}`).join(',')
  const known: [name: keyof typeof DEVELOPMENT_TOKENS, value: string | undefined, family: Config['families'][number]][] = [
    ['INTERNAL_API_TOKEN', internalToken, 'gifty'],
    ['ANALYTICS_API_TOKEN', analyticsToken, 'gifty'],
    ['CRAWLER_API_TOKEN', crawler.token, 'crawler'],
    ['SERVICE_TOKENS', services === '' ? undefined : services, 'stickers'],
  ]
  return known.flatMap(([name, value, family]) =>
    value === undefined || !families.includes(family)
      ? []
      : [[name, value === DEVELOPMENT_TOKENS[name] ? value : 'set by you'] as [string, string]],
  )
}

/** The banner of `bun dev`, then one live line about the fleet: rewritten in a terminal, printed on change elsewhere. */
export const startSummary = ({ origin, gifty, engine, config, terminal: { write, live } }: SummaryDeps) => {
  const credentials = credentialsOf(config).map(([name, shown]) => `  ${name.padEnd(20)} ${shown}\n`)
  const shop = config.demo ? `  shop    ${origin}/demo/shop\n` : ''
  write(`\n  Trawl   ${origin}\n  docs    ${origin}/docs\n${shop}\n${credentials.join('')}\n`)
  if (!gifty) return { stop() {} }
  let last = ''
  let stopped = false
  const say = (line: string) => {
    if (line !== last) live(line)
    last = line
  }
  const show = async () => {
    const [stats, sites, workers, counts] = await Promise.all([
      gifty.reports.stats(),
      gifty.reports.monitoring(),
      gifty.fleet.workers(),
      engine.counts(),
    ])
    const inState = (...states: string[]) =>
      counts
        .filter(({ kind, state }) => kind.startsWith('source.') && states.includes(state))
        .reduce((sum, { count }) => sum + count, 0)
    const sources = sites.reduce((sum, site) => sum + site.total_sources, 0)
    say(
      `fleet: ${sources} sources | runs ${inState('leased')} running, ${inState('queued')} queued, ${stats.runs_24h} today (${stats.failed_runs_24h} failed) | ${workers.length} workers | ${stats.products_total} products, ${stats.new_24h} new today`,
    )
  }
  const timer = setInterval(() => {
    // The summary is for a reader's comfort: a failing query is reported by what needs it.
    show().catch(() => {
      // A stop closes the database below a query that still runs.
      if (!stopped) say('fleet: the database does not answer')
    })
  }, EVERY_MS)
  return {
    stop() {
      stopped = true
      clearInterval(timer)
      live()
    },
  }
}

const DEMO_SITE = 'demo-shop'
const DEMO_PATH = '/demo/shop'

/**
 * Ports under which this server has shown its demo shop before: its sources and products keep the address of their first start, so the
 * shop has to be found there under any port.
 */
export const formerDemoPorts = async ({ sources }: GiftyServices): Promise<ReadonlySet<number>> => {
  const ports = new Set<number>()
  for await (const part of sources.all({ site_key: DEMO_SITE }))
    for (const { url, type } of part) {
      const { hostname, pathname, port } = new URL(url)
      if (type === 'hub' && pathname === DEMO_PATH && isLoopback(hostname)) ports.add(Number(port || 80))
    }
  return ports
}

/**
 * Seeds a new database with the demo shop as one hub source and forces its first run, so that a newcomer sees every step from
 * schedule to catalogue. Answers whether it did.
 */
export const seedDemo = async ({ sources, reports }: GiftyServices, origin: string): Promise<boolean> => {
  if (!(await sources.all({ limit: 1 }).next()).done || (await reports.stats()).products_total > 0) return false
  const hub = await sources.upsert({
    url: `${origin}${DEMO_PATH}`,
    type: 'hub',
    site_key: DEMO_SITE,
    strategy: 'discovery',
    config: { worker: 'web', web: { delay_ms: 10 }, note: 'The shop this process serves itself' },
  })
  await sources.forceRun(hub.id, undefined).catch((error) => {
    // Another process on the same new database has run it already, which is all that is wanted.
    if (!(error instanceof AppError && error.code === 'already_running')) throw error
  })
  return true
}
