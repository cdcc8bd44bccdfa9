import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { idAt, isUuid } from '../platform/clock.ts'
import type { Queryable, Steps } from '../platform/db/index.ts'
import { rowsThatFit } from '../platform/http/lists.ts'
import { type EngineContext, isLive } from './context.ts'
import { type ShownState, shownState, TASK_STATES, type Task, type TaskState } from './model.ts'
import { stateIs } from './tables.ts'

/** Above every id. */
const NO_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** Tasks that one page looks through where no index answers its filters. */
export const TASK_WINDOW = 5000
/** With more kinds times states than these a page is read from all tasks: an index range for each would be more work. */
const MANY_RANGES = 64

/** The id after this one. */
const successorOf = (id: string): string => {
  const next = (BigInt(`0x${id.replaceAll('-', '')}`) + 1n).toString(16).padStart(32, '0')
  return next.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Which tasks a list shows; absent and null parts do not restrict. */
export interface TaskFilter {
  kinds: readonly string[]
  state?: readonly TaskState[]
  /** This one alone, if the rest fits. */
  id?: string
  after?: string
  limit: number
  /** Made since then, and before that. */
  from?: Date | null
  to?: Date | null
  /** A `likePattern` of id, payload or error. */
  pattern?: string | null
  site?: string | null
  group?: string | null
  /** Who leased it last, of one that is not queued. */
  owner?: string | null
  /** `source_id` of its payload. */
  source?: number | null
  /** Payloads are not shown, so that they do not weigh. */
  isSummary?: boolean
}

/** Ended tasks of one kind and state are counted up to this number. */
const COUNTED = 10_000
/** Holders of leases that are named at once. */
const HOLDERS = 1000

/** How many tasks of a kind are in a state. `oldest` is the id of the one made first, of states that are not ended. */
export interface TaskStanding {
  kind: string
  state: TaskState
  count: number
  oldest: string | null
}

/** Reading tasks: one, lists with filters, counts, and who holds leases (gifty §4, operations §3). */
export const createTaskQueries = ({ db, statements, tasks, nowDate, knownKinds }: EngineContext) => {
  const { held, notLeased } = stateIs(tasks.state)
  const { either, eachOf, inList } = db.fragments

  const get = async (id: string): Promise<Task | undefined> => (isUuid(id) ? (await statements.get.all({ id }))[0] : undefined)

  /**
   * Tasks newest first, at most `limit`, fewer where their JSON is large. `after` is the id of the last task of the page before, `next` that
   * of this page when there are more. Filters that no index answers look at `TASK_WINDOW` tasks at a time: `searchedTo` is the oldest of
   * them, and the page may be empty although more follow.
   */
  const list = async ({
    kinds,
    state = TASK_STATES,
    id,
    after = NO_ID,
    limit,
    from,
    to,
    pattern = null,
    site = null,
    group = null,
    owner = null,
    source = null,
    isSummary = false,
  }: TaskFilter): Promise<{ tasks: Task[]; next: string | undefined; searchedTo?: string }> => {
    const wanted = [...new Set(kinds)]
    if (wanted.length === 0 || state.length === 0) return { tasks: [], next: undefined }
    const least = from ? idAt(from.getTime()) : idAt(0)
    const below = to && idAt(to.getTime()) < after ? idAt(to.getTime()) : after
    if (id !== undefined && (id >= below || id < least)) return { tasks: [], next: undefined }
    const isScan =
      [pattern, site, group, owner, source].some((filter) => filter !== null) || wanted.length * state.length > MANY_RANGES
    let rows: { id: string; bytes: number | string }[]
    let windowEnd: string | undefined
    if (id !== undefined) {
      const filter = { pattern, site, group, owner, source, kinds: wanted, states: state }
      // The id's successor: the range holds it and nothing else.
      rows = await statements.filtered.all({ ...filter, after: successorOf(id), last: id, max: 1 })
    } else if (isScan) {
      const [window] = await statements.windowEnd.all({ after: below, from: least, window: TASK_WINDOW })
      if (!window || window.last === null) return { tasks: [], next: undefined }
      const { last } = window
      if (Number(window.count) === TASK_WINDOW) windowEnd = last
      const filter = { pattern, site, group, owner, source, kinds: wanted, states: state }
      rows = await statements.filtered.all({ ...filter, after: below, last, max: limit + 1 })
    } else {
      const params: Record<string, unknown> = { after: below, max: limit + 1 }
      wanted.forEach((kind, n) => {
        params[`kind${n}`] = kind
      })
      rows = (await statements.page(wanted.length, state).all(params)).filter(({ id }) => id >= least)
    }
    const size = isSummary ? Math.min(rows.length, limit) : rowsThatFit(rows, limit)
    const ids = rows.slice(0, size).map(({ id }) => id)
    const found = ids.length === 0 ? [] : await statements.byIds.all({ ids })
    const searched = rows.length <= size && windowEnd !== undefined ? { searchedTo: windowEnd } : {}
    return { tasks: found, next: rows.length > size ? ids.at(-1) : windowEnd, ...searched }
  }

  /** Live and dead tasks of the kinds this process knows, per kind and shown state, for the gauges. */
  const counts = async (): Promise<{ kind: string; state: ShownState; count: number }[]> => {
    const known = inArray(tasks.kind, knownKinds())
    // Two queries, because the index of kinds and states has no leased tasks.
    const count = (which: SQL | undefined): PromiseLike<{ kind: string; state: TaskState; count: number }[]> =>
      db.q
        .select({ kind: tasks.kind, state: tasks.state, count: sql<number>`count(*)`.mapWith(Number) })
        .from(tasks)
        .where(and(known, which))
        .groupBy(tasks.kind, tasks.state) as any
    const found = [
      ...(await count(and(notLeased, inArray(tasks.state, ['queued', 'paused', 'cancelling', 'dead'])))),
      ...(await count(and(held, eq(tasks.state, 'leased')))),
    ]
    const totals = new Map<string, { kind: string; state: ShownState; count: number }>()
    for (const { kind, state, count } of found) {
      const key = `${kind} ${shownState(state)}`
      totals.set(key, { kind, state: shownState(state), count: count + (totals.get(key)?.count ?? 0) })
    }
    return [...totals.values()]
  }

  /** Live leases of a worker. */
  const heldBy = async (
    owner: string,
    allowed: readonly string[],
  ): Promise<{ id: string; fence: number; leaseExpiresAt: Date }[]> => {
    const now = nowDate()
    const rows = (await db.q
      .select()
      .from(tasks)
      .where(and(held, eq(tasks.leaseOwner, owner), inArray(tasks.kind, [...allowed])))
      .orderBy(tasks.id)) as Task[]
    return rows
      .filter((task) => isLive(task, now))
      .map(({ id, fence, leaseExpiresAt }) => ({ id, fence, leaseExpiresAt: leaseExpiresAt as Date }))
  }

  const site = `(${db.fragments.param('site', 'text')} is null or t.site_key = ${db.fragments.param('site', 'text')})`
  const firstId = either('min(t.id)', 'min(t.id::text)')
  const standing = db.statement<TaskStanding>(
    'task_standing',
    `select t.kind, t.state, count(*) as count, ${firstId} as oldest from tasks t
      where t.state <> 'leased' and t.state in ('queued', 'paused', 'cancelling', 'dead') and ${inList('t.kind', 'kinds')} and ${site} group by t.kind, t.state
     union all select t.kind, t.state, count(*), ${firstId} from tasks t
      where t.state in ('leased', 'cancelling') and t.state = 'leased' and ${inList('t.kind', 'kinds')} and ${site} group by t.kind, t.state`,
  )
  const ended = db.statement<{ kind: string; state: TaskState; count: number }>(
    'task_ended',
    ['completed', 'failed', 'cancelled']
      .map(
        (state) => `select k.value as kind, '${state}' as state, (select count(*) from (select 1 from tasks t
          where t.state <> 'leased' and t.state = '${state}' and t.kind = k.value limit ${COUNTED}) c) as count from ${eachOf('kinds', 'k')}`,
      )
      .join(' union all '),
  )
  const holding = db.statement<{ owner: string; count: number; at: number }>(
    'task_holders',
    `select t.lease_owner as owner, count(*) as count, ${db.fragments.ms('max(t.updated_at)')} as at from tasks t
      where t.state in ('leased', 'cancelling') and t.lease_owner <> '' group by t.lease_owner order by 3 desc limit ${HOLDERS}`,
  )
  /** How many tasks of each kind are in each state; of one site without those that have ended, which no index finds. */
  function* readStandings(tx: Queryable, siteKey?: string): Steps<TaskStanding[]> {
    const kinds = knownKinds()
    const open = yield* tx.run(standing, { kinds, site: siteKey ?? null })
    const over = siteKey === undefined ? yield* tx.run(ended, { kinds }) : []
    return [
      ...open.map((row) => ({ ...row, count: Number(row.count) })),
      ...over.flatMap((row) => (Number(row.count) > 0 ? [{ ...row, count: Number(row.count), oldest: null }] : [])),
    ]
  }
  /** Who holds leases: how many, and when the newest of them was taken or prolonged (ms). */
  const holders = async () =>
    (await holding.all()).map(({ owner, count, at }) => ({ owner, count: Number(count), at: Number(at) }))

  const standings = (siteKey?: string): Promise<TaskStanding[]> => db.read((tx) => readStandings(tx, siteKey))

  return { get, list, counts, standings, readStandings, holders, heldBy }
}
