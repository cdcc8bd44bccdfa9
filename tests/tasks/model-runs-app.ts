import { asc, inArray, sql } from 'drizzle-orm'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { sourcesTables } from '../../src/gifty/tables.ts'
import type { Clock } from '../../src/platform/clock.ts'
import type { Db } from '../../src/platform/db/index.ts'
import { createPlatform } from '../../src/platform/index.ts'
import { silentLog } from '../../src/platform/log.ts'
import { engineTables } from '../../src/tasks/tables.ts'
import { type Lease, PER_TICK, QUOTA } from './model-runs.ts'
import { type Answer, categoryUrl, type Item, type Op } from './model-runs-ops.ts'

const TOKEN = 'dev-internal-token'
const KINDS = ['source.run', 'source.run.web']

/** The app as it is, over a database, on a clock of the caller's; without a broker and Redis, whose outages are no part of the model. */
export const openModelApp = async (db: Db, clock: Clock) => {
  const config = loadConfig({
    NODE_ENV: 'test',
    DEMO: '0',
    FAMILIES: 'gifty',
    DISPATCH_PER_TICK: String(PER_TICK),
    DISCOVERY_DAILY_QUOTA: String(QUOTA),
  })
  const trawl = createApp(await createPlatform(config, { clock, random: () => 0.5, db, log: silentLog, version: 'test' }))
  await trawl.prepare()
  return trawl
}
type ModelApp = Awaited<ReturnType<typeof openModelApp>>

const product = ({ site, n, version, isBad }: Item, epoch: string) => ({
  title: `Gift ${n}`,
  product_url: `https://${site}.example/${epoch}/p/${n}`,
  site_key: site,
  price: isBad ? 'none' : 100 + version,
})
const fence = (lease: Lease | undefined) => lease && { task_id: lease.task, worker_id: lease.worker, fence: lease.fence }
const atOf = (time: unknown) => (typeof time === 'string' ? Date.parse(time) : null)
const pairs = (list: { id: string; code?: string; reason?: string }[]) =>
  list.map(({ id, code, reason }) => [id, code ?? reason] as const).sort()

/** How a command goes over HTTP, and what of its answer is compared. */
const requestOf = (
  op: Op,
  epoch: string,
): { path: string; method?: string; body?: unknown; headers?: Record<string, string>; show?(body: any): Answer } => {
  switch (op.op) {
    case 'save':
      return { path: '/sources', body: { url: op.url, type: 'list', site_key: op.site, ...op.fields } }
    case 'patch':
      return { path: `/sources/${op.source}`, method: 'PATCH', body: op.fields }
    case 'toggle':
      return { path: `/sources/${op.source}/toggle`, body: { is_active: op.isActive } }
    case 'force':
      return {
        path: `/sources/${op.source}/force-run`,
        body: { strategy: op.strategy },
        show: ({ error, run_id, task_id, queued_after }) => ({
          run: error ? error.fields?.run_id : run_id,
          task: error ? error.fields?.task_id : task_id,
          after: queued_after,
        }),
      }
    case 'lease':
      return {
        path: '/workers/lease',
        body: { worker_id: op.worker, kinds: op.kinds, max: op.max, lease_seconds: op.seconds, site_keys: op.sites },
        show: ({ tasks }) => ({
          tasks: tasks.map(({ id, kind, priority, payload, fence, attempt, lease_expires_at }: any) => ({
            ...{ id, kind, priority, fence, attempt, ends: atOf(lease_expires_at) },
            ...{ source: payload.source_id, run: payload.run_id, strategy: payload.strategy },
          })),
        }),
      }
    case 'beat':
      return {
        path: `/workers/tasks/${op.task}/heartbeat`,
        body: { worker_id: op.worker, fence: op.fence, lease_seconds: op.seconds },
        show: ({ lease_expires_at, cancel_requested }) =>
          cancel_requested === undefined ? {} : { ends: atOf(lease_expires_at), isCancelled: cancel_requested },
      }
    case 'complete':
      return {
        path: '/workers/tasks/complete',
        body: { worker_id: op.worker, tasks: op.tasks },
        show: ({ completed, rejected }) => ({ completed, rejected: pairs(rejected) }),
      }
    case 'fail':
      return {
        path: `/workers/tasks/${op.task}/fail`,
        body: { worker_id: op.worker, fence: op.fence, error: op.error, retryable: op.isRetryable },
        show: ({ state }) => ({ state }),
      }
    case 'release':
      return {
        path: `/workers/tasks/${op.task}/release`,
        body: { worker_id: op.worker, fence: op.fence, delay_seconds: op.delay },
      }
    case 'cancel':
      return { path: `/tasks/${op.task}/cancel`, body: {}, show: ({ state }) => ({ state }) }
    case 'redrive':
      return {
        path: '/tasks/redrive',
        body: { ids: op.ids, kind: op.kind, limit: op.limit },
        show: ({ redriven, skipped }) => ({ redriven, skipped: pairs(skipped) }),
      }
    case 'report':
    case 'error':
    case 'logs': {
      const { op: what, source, run, lease, ...said } = op
      const { isBroken, ...rest } = said as { isBroken?: boolean }
      return {
        path: `/sources/${source}/report-${what === 'report' ? 'status' : what}`,
        body: { ...rest, is_broken: isBroken, run_id: run, ...fence(lease) },
        show: ({ ignored }) => ({ ignored }),
      }
    }
    case 'ingest':
      return {
        path: '/ingest-batch',
        body: {
          source_id: op.source,
          items: op.items.map((item) => product(item, epoch)),
          categories: op.categories.map((one) => ({
            name: `Category ${one.n}`,
            url: categoryUrl(epoch, one),
            site_key: one.site,
          })),
          ...fence(op.lease),
        },
        headers: op.key === undefined ? {} : { 'idempotency-key': `${epoch}:${op.key}` },
        show: (body) =>
          body.error
            ? {}
            : {
                new: body.items_ingested,
                updated: body.items_updated,
                unchanged: body.items_unchanged,
                duplicate: body.items_duplicate,
                categories: body.categories_ingested,
                rejected: body.rejected.length,
                run: body.run_id,
              },
      }
    case 'activate':
      return {
        path: '/sources/backlog/activate',
        body: { source_ids: op.ids },
        show: ({ activated_count, skipped }) => ({ activated: activated_count, skipped: skipped.length }),
      }
    default:
      throw new Error(`${op.op} is no request`)
  }
}

/** Does a command and answers what is compared: of a request its status, its code, and what it says. */
export const perform = async ({ app, gifty, engine }: ModelApp, op: Op, epoch: string): Promise<Answer> => {
  if (op.op === 'dispatch') return gifty!.services.sources.dispatch()
  if (op.op === 'idle') return { ended: await gifty!.services.sources.endIdleRuns() }
  if (op.op === 'sweep') return engine.sweep()
  const { path, method = 'POST', body, headers, show } = requestOf(op, epoch)
  const response = await app.handle(
    new Request(`http://localhost/internal${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-internal-token': TOKEN, ...headers },
      body: JSON.stringify(body),
    }),
  )
  const answer: any = await response.json()
  const said = { status: response.status, code: answer.error?.code, ...(response.ok || op.op === 'force' ? show?.(answer) : {}) }
  const replayed = response.headers.get('idempotency-replayed') === 'true' ? { replayed: true } : {}
  return JSON.parse(JSON.stringify({ ...said, ...replayed }))
}

/** What of an error is compared: not the sample of the refused elements. */
const withoutSample = (error: string | null) => error?.replace(', the first for price: Input should be a number', '') ?? null
const ms = (at: Date | null) => at?.getTime() ?? null
/** All rows that the model speaks of. Products and what belongs to no run are counted, because other runs of a test have left theirs. */
export const readRows = async (db: Db) => {
  const { parsingSources, parsingRuns } = sourcesTables(db.kit)
  const { tasks } = engineTables(db.kit)
  const [sources, runs, taskRows, [totals]] = await Promise.all([
    db.q.select().from(parsingSources).orderBy(asc(parsingSources.id)),
    db.q.select().from(parsingRuns).orderBy(asc(parsingRuns.id)),
    db.q
      .select()
      .from(tasks)
      .where(inArray(tasks.kind, [...KINDS, 'notification']))
      .orderBy(asc(tasks.id)),
    db.sql<Record<'products' | 'prices' | 'loose', number | string>>(sql`select (select count(*) from products) as products,
      (select count(*) from product_prices) as prices, (select coalesce(sum(items_scraped), 0) from loose_ingests) as loose`),
  ])
  return {
    sources: sources.map((row) => ({
      ...{ id: row.id, url: row.url, site: row.siteKey, strategy: row.strategy as string, priority: row.priority },
      ...{
        hours: row.refreshIntervalHours,
        cron: row.schedule?.cron ?? null,
        overlap: row.overlap as string,
        isActive: row.isActive,
      },
      ...{ status: row.status, nextSync: row.nextSyncAt.getTime(), lastSynced: ms(row.lastSyncedAt), retries: row.retryCount },
      ...{
        needsFix: row.fixRequired,
        error: withoutSample(row.lastError),
        logs: row.lastLogs,
        stats: row.lastStats,
        isForced: row.isForced,
      },
      ...{ queuedAfter: row.queuedAfter as string | null, isWeb: row.config.worker === 'web', activatedAt: ms(row.activatedAt) },
      // No view shows these, but they reveal in which order concurrent commands were done.
      ...{ before: row.resumeStatus, isOffSinceStart: row.switchedOffAt !== null },
    })),
    runs: runs.map((row) => ({
      ...{ id: row.id, source: row.sourceId, site: row.siteKey, task: row.taskId, status: row.status as string },
      ...{ strategy: row.strategy, trigger: row.trigger as string, reason: row.reason, logs: row.logs },
      error: withoutSample(row.error),
      ...{ scraped: row.itemsScraped, new: row.itemsNew, updated: row.itemsUpdated, unchanged: row.itemsUnchanged },
      ...{ categories: row.categoriesFound, rejected: row.itemsRejected, hasReport: row.reported, started: ms(row.startedAt) },
      ...{ finished: ms(row.finishedAt), lastActivity: row.lastActivityAt.getTime() },
    })),
    tasks: taskRows
      .filter(({ kind }) => KINDS.includes(kind))
      .map((row) => ({
        ...{ id: row.id, kind: row.kind, priority: row.priority, site: row.siteKey, state: row.state as string },
        strategy: (row.payload as { strategy: string }).strategy,
        ...{ attempts: row.attempts, fence: row.fence, owner: row.leaseOwner, leaseEnds: ms(row.leaseExpiresAt) },
        ...{ runAfter: row.runAfter.getTime(), requeues: row.requeues, lastEnd: row.lastEnd as string | null },
      })),
    notes: taskRows
      .filter(({ kind }) => kind === 'notification')
      .map(({ payload }) => (payload as { data: { source_id: number; is_broken: boolean } }).data)
      .map(({ source_id, is_broken }) => ({ source: source_id, isBroken: is_broken })),
    totals: { products: Number(totals?.products), prices: Number(totals?.prices), loose: Number(totals?.loose) },
  }
}
export type Rows = Awaited<ReturnType<typeof readRows>>
