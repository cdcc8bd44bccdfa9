import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../platform/db/index.ts'
import { sourcesTables } from './tables.ts'

export type Tables = ReturnType<typeof sourcesTables>
/** A source as the domain works with it. Its logs can be long, so only queries that show them read them. */
export type SourceRow = Omit<Tables['parsingSources']['$inferSelect'], 'lastLogs'>
/** A run without what can be long: its logs and rejected elements. */
export type RunRow = Omit<Tables['parsingRuns']['$inferSelect'], 'logs' | 'rejections'>
/** A run as lists show it: without its logs, which can be 100,000 characters. */
export type RunSummary = Pick<
  RunRow,
  | 'id'
  | 'sourceId'
  | 'status'
  | 'strategy'
  | 'trigger'
  | 'reason'
  | 'error'
  | 'itemsScraped'
  | 'itemsNew'
  | 'itemsUpdated'
  | 'categoriesFound'
  | 'itemsRejected'
  | 'taskId'
  | 'startedAt'
  | 'finishedAt'
  | 'createdAt'
>
/** Where a batch belongs, as far as can be known before its transaction: a source, and the task of its open run. */
export type IngestPlace = Pick<SourceRow, 'id' | 'siteKey' | 'config'> & { taskId: string | null }
export type SourceChange = Partial<Tables['parsingSources']['$inferInsert']>
export type RunChange = Partial<{
  [K in keyof Tables['parsingRuns']['$inferInsert']]: Tables['parsingRuns']['$inferInsert'][K] | SQL
}>

/** Literal, as in the partial indices: with bound values no dialect could use them. */
export const isOpen = (runs: Tables['parsingRuns']): SQL => sql`${runs.status} in ('queued', 'running')`
/** A URL can be longer than what a btree key may hold. */
export const urlHash = (url: string): string => new Bun.CryptoHasher('sha256').update(url).digest('base64url')

/** The tables of sources and runs, and the columns the domain works with: all but the logs. */
export const sourcesColumns = (db: Db) => {
  const { parsingSources: sources, parsingRuns: runs } = sourcesTables(db.kit)
  const { lastLogs, ...sourceColumns } = getTableColumns(sources)
  const { logs, rejections, ...runColumns } = getTableColumns(runs)
  return { sources, sourceColumns, lastLogs, runs, runColumns, logs, rejections }
}
