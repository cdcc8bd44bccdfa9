import type { RunRow, SourceRow } from './row.ts'

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : url)
/** The kind of a source's tasks: the built-in web worker takes those that ask for it (gifty §2.8). */
export const kindOf = (source: Pick<SourceRow, 'config'>) => (source.config.worker === 'web' ? 'source.run.web' : 'source.run')

/** What the task of a run says of its source: copied while nobody holds it, and again whenever the source changes (gifty §2.7, §4). */
export const taskOf = (source: SourceRow, run: Pick<RunRow, 'id' | 'strategy'>) => ({
  kind: kindOf(source),
  priority: source.priority,
  groupKey: `host:${hostOf(source.url).slice(0, 100)}`,
  siteKey: source.siteKey,
  payload: {
    source_id: source.id,
    url: source.url,
    site_key: source.siteKey,
    type: source.type,
    strategy: run.strategy,
    config: source.config,
    run_id: run.id,
  },
})
