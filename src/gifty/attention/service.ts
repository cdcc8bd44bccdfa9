import { lt } from 'drizzle-orm'
import type { z } from 'zod'
import type { Audit, AuditEntry } from '../../access/audit.ts'
import { type Clock, cachedFor, DAY_MS, MINUTE_MS } from '../../platform/clock.ts'
import { type Db, q, type Steps, type Tx } from '../../platform/db/index.ts'
import type { Metrics } from '../../platform/metrics.ts'
import { FLEET_KINDS } from '../fleet/model.ts'
import { shortened } from '../notifications.ts'
import { attentionTables } from '../tables.ts'
import { type AttentionItem, CAUSES, type Cause, type muteBody, SEVERITIES, type Severity } from './model.ts'
import { attentionQueries, BEFORE, COUNTED, type KindState, type RecentYields, type TroubledSites } from './queries.ts'

/** How long one look at everything is shared, in ms. */
const SHARED_MS = 5000
/** A kind whose tasks have been due for so long and that no worker holds has none. */
const NO_WORKER_MS = 5 * MINUTE_MS
/** The same where workers hold some. */
const QUEUE_OLD_MS = 15 * MINUTE_MS
const OUTBOX_STUCK_MS = 5 * MINUTE_MS
/** Shares of the volume that are in use. */
const DISK_LOW = 0.9
const DISK_CRITICAL = 0.97
/** Runs before the newest one, at least, for a yield to be compared. */
const LEAST_BEFORE = 3
/** Runs older than this are not compared any more. */
const YIELD_DAYS = 7

const SEVERITY: Record<Cause, Severity> = {
  dependency_down: 'critical',
  disk_low: 'error',
  no_worker: 'critical',
  outbox_stuck: 'error',
  source_broken: 'error',
  all_rejected: 'error',
  source_failing: 'warning',
  tasks_dead: 'warning',
  queue_old: 'warning',
  source_stale: 'warning',
  yield_low: 'warning',
}
const IS: Record<TroubledSites['cause'], [one: string, several: string]> = {
  source_broken: ['is broken', 'are broken'],
  all_rejected: ['brings nothing that can be stored', 'bring nothing that can be stored'],
  source_failing: ['fails', 'fail'],
  source_stale: ['has not been read for long', 'have not been read for long'],
}

export interface AttentionDeps {
  db: Db
  clock: Clock
  audit: Audit
  /** The kinds of tasks that this process knows. */
  kinds(): readonly string[]
  /** Services beside the database, and whether they can be reached. */
  services: { name: string; isUp(): boolean }[]
  /** Whether messages go to a broker. */
  hasOutbox: boolean
  /** Share of the database's volume that is in use, where it is ours to know. */
  diskUsage(): Promise<number | undefined>
}

/** An item before it is known since when it lasts and whether it is muted. */
type Found = Omit<AttentionItem, 'severity' | 'since' | 'muted_until'> & { severity?: Severity; since?: number }

/** What is wrong with the fleet now, worst first (operations §7). */
export const createAttention = ({ db, clock, audit, kinds, services, hasOutbox, diskUsage }: AttentionDeps) => {
  const queries = attentionQueries(db)
  const { attentionMutes } = attentionTables(db.kit)
  /** When this process has first seen what the database does not date. */
  const firstSeen = new Map<string, number>()

  const look = async (): Promise<AttentionItem[]> => {
    const now = clock.now()
    const [failing, stale, yields, states, oldestMessage, disk, mutes] = await Promise.all([
      queries.failingSites(),
      queries.staleSites(new Date(now)),
      queries.yieldsSince(new Date(now - YIELD_DAYS * DAY_MS)),
      queries.kindStates(kinds(), new Date(now)),
      hasOutbox ? queries.oldestMessage() : undefined,
      diskUsage(),
      queries.mutes(),
    ])
    const found = [
      ...services.filter(({ isUp }) => !isUp()).map(({ name }) => serviceDown(name)),
      ...(disk !== undefined && disk > DISK_LOW ? [diskLow(disk)] : []),
      ...(oldestMessage !== undefined && now - oldestMessage > OUTBOX_STUCK_MS ? [outboxStuck(oldestMessage)] : []),
      ...states.flatMap((state) => ofKind(state, now)),
      ...[...failing, ...stale].map(ofSite),
      ...lowYields(yields),
    ]
    const ids = new Set(found.map(({ id }) => id))
    for (const id of firstSeen.keys()) if (!ids.has(id)) firstSeen.delete(id)
    const mutedUntil = new Map(mutes.filter(({ until }) => until.getTime() > now).map(({ id, until }) => [id, until]))
    const items = found.map(({ since, severity, ...item }): AttentionItem => {
      if (since === undefined && !firstSeen.has(item.id)) firstSeen.set(item.id, now)
      const muted = mutedUntil.get(item.id)
      return {
        ...item,
        severity: severity ?? SEVERITY[item.cause],
        since: new Date(since ?? firstSeen.get(item.id) ?? now).toISOString(),
        ...(muted ? { muted_until: muted.toISOString() } : {}),
      }
    })
    return items.sort(
      (a, b) =>
        Number(a.muted_until !== undefined) - Number(b.muted_until !== undefined) ||
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
        CAUSES.indexOf(a.cause) - CAUSES.indexOf(b.cause) ||
        a.since.localeCompare(b.since),
    )
  }
  let shared = cachedFor(clock, SHARED_MS, look)

  return {
    list: async () => ({ items: await shared() }),
    /** How old the oldest task that is due is, by kind, and the oldest message that waits for the broker; in seconds. */
    async ages(): Promise<{ tasks: { kind: string; seconds: number }[]; message: number }> {
      const now = clock.now()
      const [states, oldest] = await Promise.all([
        queries.kindStates(kinds(), new Date(now)),
        hasOutbox ? queries.oldestMessage() : undefined,
      ])
      const since = (at: number) => Math.max(0, (now - at) / 1000)
      return {
        tasks: states.map(({ kind, dueAt }) => ({ kind, seconds: dueAt === null ? 0 : since(dueAt) })),
        message: oldest === undefined ? 0 : since(oldest),
      }
    },
    /** Puts an item last until a time; one that has passed ends the mute. Items that do not exist now may be muted too. */
    async mute(
      operator: Pick<AuditEntry, 'actor' | 'requestId' | 'ip'>,
      id: string,
      { until, reason }: z.output<typeof muteBody>,
    ) {
      await db.tx(function* (tx) {
        const values = { until, reason, createdAt: new Date(clock.now()) }
        yield* q(
          tx
            .insert(attentionMutes)
            .values({ id, ...values })
            .onConflictDoUpdate({ target: attentionMutes.id, set: values })
            .returning({ id: attentionMutes.id }),
        )
        const after = { until: until.toISOString() }
        yield* audit.add(tx, { ...operator, action: 'attention.mute', target: { kind: 'attention', id }, after, reason })
      })
      shared = cachedFor(clock, SHARED_MS, look)
      return { id, until: until.toISOString(), reason }
    },
    /** Removes mutes that ended before a time. */
    *purgeMutes(tx: Tx, before: Date): Steps<void> {
      yield* q(tx.delete(attentionMutes).where(lt(attentionMutes.until, before)).returning({ id: attentionMutes.id }))
    },
  }
}
export type Attention = ReturnType<typeof createAttention>

/** What alert rules ask: sources and tasks in trouble by cause (muted ones are left out), and how long work and messages wait. */
export const attentionMetrics = (metrics: Metrics, attention: Attention) => {
  const items = metrics.gauge('trawl_attention_items', 'What GET /internal/attention lists and nobody has muted, by cause')
  const tasks = metrics.gauge('trawl_task_oldest_seconds', 'How long the oldest task that is due has waited')
  const message = metrics.gauge('trawl_outbox_oldest_seconds', 'How long the oldest message for the broker has waited')
  metrics.onScrape({
    async refresh() {
      const [{ items: listed }, ages] = await Promise.all([attention.list(), attention.ages()])
      for (const cause of CAUSES) items.set({ cause }, 0)
      for (const [cause, of] of Map.groupBy(
        listed.filter(({ muted_until }) => muted_until === undefined),
        (item) => item.cause,
      ))
        items.set(
          { cause },
          of.reduce((sum, { count }) => sum + count, 0),
        )
      for (const { kind, seconds } of ages.tasks) tasks.set({ kind }, seconds)
      message.set({}, ages.message)
    },
  })
}

const serviceDown = (name: string): Found => ({
  id: `dependency_down:service:${name}`,
  cause: 'dependency_down',
  scope: `service:${name}`,
  title: `${name} cannot be reached`,
  detail: 'Work goes on without it as far as it can; see the logs of the process.',
  count: 1,
  actions: [{ label: 'Look at the checks', method: 'GET', path: '/readyz' }],
})
const diskLow = (used: number): Found => ({
  id: 'disk_low',
  cause: 'disk_low',
  severity: used > DISK_CRITICAL ? 'critical' : 'error',
  scope: 'fleet',
  title: 'The disk of the database is nearly full',
  detail: `${(used * 100).toFixed(1)} % of it are in use; nothing can be stored once it is full.`,
  count: 1,
  actions: [],
})
const outboxStuck = (since: number): Found => ({
  id: 'outbox_stuck',
  cause: 'outbox_stuck',
  scope: 'fleet',
  since,
  title: 'Messages do not reach the broker',
  detail: `The oldest one waits since ${new Date(since).toISOString()}. They are kept, and sent once the broker takes them.`,
  count: 1,
  actions: [{ label: 'Look at the checks', method: 'GET', path: '/readyz' }],
})

const many = (count: number): string => (count > COUNTED ? `more than ${COUNTED}` : String(count))
const ofKind = ({ kind, dead, dueAt, queued, isHeld }: KindState, now: number): Found[] => {
  const waitedMs = dueAt === null ? 0 : now - dueAt
  const cause = !isHeld && waitedMs > NO_WORKER_MS ? 'no_worker' : waitedMs > QUEUE_OLD_MS ? 'queue_old' : undefined
  /** Other families' tasks are not redriven here. */
  const isOurs = (FLEET_KINDS as readonly string[]).includes(kind)
  const list = { label: 'List them', method: 'GET' as const, path: `/internal/tasks?kind=${encodeURIComponent(kind)}&status=` }
  return [
    ...(cause
      ? [
          {
            id: `${cause}:kind:${kind}`,
            cause,
            scope: `kind:${kind}`,
            since: dueAt as number,
            title: cause === 'no_worker' ? `No worker takes tasks of ${kind}` : `Tasks of ${kind} wait for long`,
            detail: `${many(queued)} wait, the oldest one for ${Math.floor(waitedMs / MINUTE_MS)} minutes.`,
            count: queued,
            actions: [
              { ...list, path: `${list.path}pending` },
              { label: 'Look at the workers', method: 'GET' as const, path: '/internal/workers' },
            ],
          } satisfies Found,
        ]
      : []),
    ...(dead > 0
      ? [
          {
            id: `tasks_dead:kind:${kind}`,
            cause: 'tasks_dead' as const,
            scope: `kind:${kind}`,
            title: `Tasks of ${kind} have failed for good`,
            detail: `${many(dead)} have used up their attempts.`,
            count: dead,
            actions: [
              { ...list, path: `${list.path}dead` },
              ...(isOurs
                ? [{ label: 'Try them again', method: 'POST' as const, path: '/internal/tasks/redrive', body: { kind } }]
                : []),
            ],
          },
        ]
      : []),
  ]
}

const firstLine = (text: string): string => shortened(text.split('\n', 1)[0] as string, 300)
const ofSite = ({ cause, siteKey, count, since, id, url, error }: TroubledSites): Found => ({
  id: `${cause}:site:${siteKey}`,
  cause,
  scope: count === 1 ? `source:${id}` : `site:${siteKey}`,
  since,
  title: count === 1 ? `A source of ${siteKey} ${IS[cause][0]}` : `${count} sources of ${siteKey} ${IS[cause][1]}`,
  detail: `${shortened(url, 300)}${error && cause !== 'source_stale' ? `: ${firstLine(error)}` : ''}`,
  count,
  actions: [
    { label: 'Look at its runs', method: 'GET', path: `/internal/sources/${id}/runs` },
    ...(cause === 'source_broken'
      ? [
          {
            label: 'Switch it on again',
            method: 'POST' as const,
            path: `/internal/sources/${id}/toggle`,
            body: { is_active: true },
          },
        ]
      : []),
    { label: 'Run it again', method: 'POST', path: `/internal/sources/${id}/force-run`, body: {} },
  ],
})

const medianOf = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
/** Sources whose newest run brought fewer than half of the median of the runs before it, by site. */
const lowYields = (recent: RecentYields[]): Found[] => {
  const low = recent.flatMap((source) => {
    const [newest = 0, ...before] = source.items.slice(0, BEFORE + 1)
    const usual = before.length < LEAST_BEFORE ? 0 : medianOf(before)
    return newest < usual / 2 ? [{ ...source, newest, usual }] : []
  })
  return [...Map.groupBy(low, ({ siteKey }) => siteKey)].map(([siteKey, sources]) => {
    const [first] = sources as [(typeof low)[number]]
    const count = sources.length
    return {
      id: `yield_low:site:${siteKey}`,
      cause: 'yield_low',
      scope: count === 1 ? `source:${first.id}` : `site:${siteKey}`,
      since: Math.min(...sources.map(({ syncedAt }) => syncedAt)),
      title: `${count === 1 ? 'A source' : `${count} sources`} of ${siteKey} ${count === 1 ? 'brings' : 'bring'} less than usual`,
      detail: `${shortened(first.url, 300)}: ${first.newest} items, usually ${first.usual}.`,
      count,
      actions: [{ label: 'Look at its runs', method: 'GET', path: `/internal/sources/${first.id}/runs` }],
    }
  })
}
