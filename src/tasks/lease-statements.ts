import { sql } from 'drizzle-orm'
import type { Db, Statement, Steps, Tx } from '../platform/db/index.ts'
import type { StatementHooks, Task } from './model.ts'
import type { EngineStatements } from './statements.ts'
import { engineTables } from './tables.ts'

/** Unpublished messages of a queue that a lease looks at, the oldest: after a long outage it does not sort the whole backlog. */
const UNSENT_MAX = 1000
/** A queued task that a lease may take. With no such task there is one row whose `id` is null. */
export interface Candidate {
  id: string | null
  kind: string
  group_key: string | null
  site_key: string | null
  /** Whether a lease of a known kind has run out. */
  expired: boolean | number
  /** Whether any group has a cap. */
  capped: boolean | number
}
/** Tasks that `takeReady` answers in one row, so that no row outgrows what Postgres holds in one value. */
const TAKEN_A_ROW = 50
/** What a lease cannot say of a task from what it has just written, in the order of a `Taken`. */
const TAKEN_COLUMNS =
  'id, kind, payload, priority, run_after, attempts, max_attempts, fence, progress, result, error, dedupe_key, group_key, site_key, requeues, expires_at, created_at'
/** The same as a list of values. Times are epoch milliseconds: texts of the years before 1 and after 9999 are not those of JavaScript. */
const TAKEN_VALUES = TAKEN_COLUMNS.replaceAll(/run_after|expires_at|created_at/g, "round(date_part('epoch', $&) * 1000)")
type Taken = [
  id: string,
  kind: string,
  payload: unknown,
  priority: number,
  runAfter: number,
  attempts: number,
  maxAttempts: number,
  fence: number,
  progress: unknown,
  result: unknown,
  error: string | null,
  dedupeKey: string | null,
  groupKey: string | null,
  siteKey: string | null,
  requeues: number,
  expiresAt: number | null,
  createdAt: number,
  place: number,
]
/** Tasks as `takeReady` leases them; with none there is one row whose `tasks` are null. */
export type TakenRow = {
  expired: boolean
  capped: boolean
  /** Whether none was leased although some are ready: another statement has locked them, maybe more of them than it takes. */
  missed: boolean
  tasks: Taken[] | null
}
/** The task that `takeReady` leased for `owner`. */
export const taskOf = (taken: Taken, owner: string, leaseMs: number, now: Date): Task => {
  const [id, kind, payload, priority, runAfter, attempts, maxAttempts, fence, progress, result, error, ...more] = taken
  const [dedupeKey, groupKey, siteKey, requeues, expiresAt, createdAt] = more
  return {
    id,
    kind,
    payload,
    priority,
    state: 'leased',
    runAfter: new Date(runAfter),
    attempts,
    maxAttempts,
    leaseOwner: owner,
    leaseExpiresAt: new Date(now.getTime() + leaseMs),
    leaseMs,
    lastEnd: null,
    fence,
    progress,
    result,
    error,
    dedupeKey,
    groupKey,
    siteKey,
    requeues,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    createdAt: new Date(createdAt),
    updatedAt: now,
    finishedAt: null,
  }
}
/** What differs between the texts of `candidates`. */
export interface CandidatesShape {
  /** Of each kind: whether waiting raises it, and whether its messages wait in a queue of the broker. */
  kinds: { ageing: boolean; announced: boolean }[]
  /** Whether `sites` and `otherSites` narrow it down. */
  bySite: boolean
  /** Whether groups named in `blocked` are left out. */
  withoutBlocked: boolean
  /** What domains do inside `takeReady`. */
  hooks?: readonly StatementHooks[]
}

/** Condition on a task under a lease, be it one that has run out. */
export const held = (alias: string) => `${alias}.state in ('leased', 'cancelling')`
/** The elements `item` of a JSON list, on Postgres by way of an array: it expects few of them, and finds each row by its id. */
export const items = 'unnest(array(select jsonb_array_elements(:items::jsonb))) as item,'
/** Names of hooks as a part of a statement's name. */
export const namesOf = (hooks: readonly StatementHooks[] = []) => hooks.map(({ name }) => `_${name}`).join('')
/** Makes statements at their first use, one for each shape. */
export const createByShape = (db: Db) => {
  const byShape = new Map<string, Statement<unknown>>()
  const made = <Row>(name: string, text: () => string, of?: object): Statement<Row> => {
    let statement = byShape.get(name) as Statement<Row> | undefined
    if (!statement) {
      statement = db.statement<Row>(name, text(), of)
      byShape.set(name, statement)
    }
    return statement
  }
  return made
}

/** What finds ready tasks and leases them, each made once per Db. Lists are one parameter, so that no text depends on their length. */
export const leaseStatements = (db: Db) => {
  const { tasks } = engineTables(db.kit)
  const { fragments: f } = db
  const { either: both, forUpdate } = f
  const made = createByShape(db)
  const now = f.at('now')
  const known = f.inList(`coalesce(e.kind, '')`, 'known')
  const hasExpired = `exists (select 1 from tasks e where ${held('e')} and e.lease_expires_at <= ${now} and ${known})`

  /**
   * The rows of a lease. From a subquery on Postgres, which hides the number from the planner: with a bound one it would plan anew at every
   * execution, and planning takes longer than the lease.
   */
  const most = both(f.limit('max'), '(select :max::int)')

  /** Whether a group lets one more of its tasks be leased. Scalar, so that no planner joins all groups for it. */
  const groupIsOpen = (key: string, heldTasks: string) =>
    `coalesce((select not coalesce(g.paused_until > ${now}, ${f.false}) and (g.cap is null or g.cap > (select count(*) from tasks h where ${held('h')} and ${heldTasks}))
      from task_groups g where g.key = ${key}), ${f.true})`
  /** Looked at row by row, and only while any group is limited: other tasks' groups cost nothing. */
  const isOpen = `case when (select exists (select 1 from task_groups where cap is not null) or exists (select 1 from task_groups where paused_until > ${now}))
    then (t.group_key is null or ${groupIsOpen('t.group_key', 'h.group_key = t.group_key')})
      and (t.site_key is null or ${groupIsOpen(`'site:' || t.site_key`, 'h.site_key = t.site_key')})
    else ${f.true} end`
  const isWanted = (kind: string, { bySite, withoutBlocked }: Pick<CandidatesShape, 'bySite' | 'withoutBlocked'>) =>
    [
      `t.state = 'queued' and ${kind} and t.run_after <= ${now}`,
      // What has expired is not handed out any more, also before a sweep has found it.
      `(t.expires_at is null or t.expires_at > ${now})`,
      isOpen,
      ...(bySite
        ? [
            `(t.site_key is null or ((:sites ${both('', '::text')} is null or ${f.inList('t.site_key', 'sites')}) and not ${f.inList('t.site_key', 'otherSites')}))`,
          ]
        : []),
      ...(withoutBlocked
        ? [
            `not coalesce(${f.inList('t.group_key', 'blocked')}, ${f.false})`,
            `not coalesce(${f.inList(`'site:' || t.site_key`, 'blocked')}, ${f.false})`,
          ]
        : []),
    ].join(' and ')
  /** Priority, raised by one for each minute waited where the kind ages, by 100 at most. */
  const aged = both(
    `min(100, (:now - t.run_after) / 60000)`,
    `least(100, floor(extract(epoch from :now::timestamptz - t.run_after) / 60))::int`,
  )
  const rank = (ageing: boolean) => (ageing ? `t.priority + ${aged}` : 't.priority')
  const shown = 't.id, t.kind, t.group_key, t.site_key, t.run_after, t.requeues'
  const inOrder = 'rank desc, run_after, requeues, id'

  /**
   * Ready tasks of one kind. Waiting raises all tasks of a priority alike, so the first of each priority are looked at: as many index
   * ranges as there are priorities, whatever the backlog.
   */
  const priorities = (kind: string) => {
    const wanted = `s.state = 'queued' and s.kind = ${kind}`
    return `(with recursive p(priority) as (select * from (select s.priority from tasks s where ${wanted} order by s.priority desc limit 1) first
      union all select (select s.priority from tasks s where ${wanted} and s.priority < p.priority order by s.priority desc limit 1) from p where p.priority is not null)
      select priority from p where priority is not null) p`
  }
  const firstOfPriority = (columns: string, kind: string, shape: CandidatesShape) =>
    `select ${columns} from tasks t where t.priority = p.priority and ${isWanted(`t.kind = ${kind}`, shape)}
      order by t.run_after, t.requeues, t.id limit ${most}${forUpdate('t', 'skip locked')}`
  const announcedBranch = (n: number, shape: CandidatesShape) =>
    // From the unsent messages, not from the tasks whose messages wait in the broker.
    `select ${shown}, ${rank(shape.kinds[n]?.ageing === true)} as rank from tasks t where t.id in (select ${both('message_id', 'message_id::uuid')} from (
      select message_id from outbox where published_at is null and claimed_until is null and queue = ${f.param(`queue${n}`, 'text')}
      order by id limit ${UNSENT_MAX}) u) and ${isWanted(`t.kind = ${f.param(`kind${n}`, 'text')}`, shape)}
      order by ${inOrder} limit ${most}${forUpdate('t', 'skip locked')}`
  /** A branch for each kind: SQLite has no lateral joins. */
  const branchOfKind = (n: number, shape: CandidatesShape) => {
    const kind = `:kind${n}`
    return `select ${shown}, ${rank(shape.kinds[n]?.ageing === true)} as rank from ${priorities(kind)},
      json_each((select json_group_array(id) from (${firstOfPriority('t.id', kind, shape)}))) j join tasks t on t.id = j.value`
  }
  /** One branch for all kinds: one for each would take longer to plan than to run. */
  const branchOfAll = (shape: CandidatesShape) =>
    `select t.*, t.priority + case when k.ageing then ${aged} else 0 end as rank
      from unnest((select :plain::text)::text[], (select :ageing::text)::boolean[]) as k(kind, ageing) cross join lateral ${priorities('k.kind')}
      cross join lateral (${firstOfPriority(`${shown}, t.priority`, 'k.kind', shape)}) t`
  const ready = (shape: CandidatesShape) => {
    const all = shape.kinds.map((_, n) => n)
    const isAnnounced = (n: number) => shape.kinds[n]?.announced === true
    const plain = all.filter((n) => !isAnnounced(n))
    const branches = [
      ...all.filter(isAnnounced).map((n) => announcedBranch(n, shape)),
      ...both(
        () => plain.map((n) => branchOfKind(n, shape)),
        () => (plain.length > 0 ? [branchOfAll(shape)] : []),
      )(),
    ].map((branch, n) => `select id, kind, group_key, site_key, run_after, requeues, rank from (${branch}) b${n}`)
    return `select * from (${branches.join(' union all ')}) b order by ${inOrder} limit ${most}`
  }
  const withFlags = (rows: string) => `select f.expired, f.capped, c.id, c.kind, c.group_key, c.site_key
    from (select ${hasExpired} as expired, exists (select 1 from task_groups where cap is not null) as capped) f
    left join (${rows}) c on ${f.true} order by ${['c.rank desc', 'c.run_after', 'c.requeues', 'c.id'].join(', ')}`
  const isAnyReady = (shape: CandidatesShape) =>
    shape.kinds.every(({ announced }) => announced)
      ? f.false
      : `exists (select 1 from unnest((select :plain::text)::text[]) as k(kind) cross join lateral ${priorities('k.kind')}
          cross join lateral (select 1 from tasks t where t.priority = p.priority and ${isWanted('t.kind = k.kind', shape)} limit 1) t)`
  /**
   * Ready tasks leased at once, unless a lease has expired or a group of theirs has a cap. Written from an array of their ids, of which the
   * planner expects a few, so that it looks each up: joined to what it has found it would read the whole table.
   */
  const takeReady = (shape: CandidatesShape) => `with found as materialized (${ready(shape)}),
    flags as materialized (select ${hasExpired} as expired, case when exists (select 1 from task_groups where cap is not null)
      then exists (select 1 from found join task_groups g on g.key in (found.group_key, 'site:' || found.site_key) where g.cap is not null)
      else false end as capped, case when exists (select 1 from found) then false else ${isAnyReady(shape)} end as missed),
    taken as (update tasks set state = 'leased', attempts = attempts + 1, fence = fence + 1, lease_owner = g.owner,
        lease_expires_at = :now::timestamptz + g.length * interval '1 millisecond', lease_ms = g.length, last_end = null, updated_at = :now::timestamptz
      from unnest(array(select id from found order by ${inOrder}), (select :owners::text)::text[], (select :lengths::text)::int[])
        with ordinality as g(id, owner, length, place)
      where tasks.id = g.id and not (select expired or capped from flags)
      returning ${TAKEN_COLUMNS.replaceAll(/\w+/g, 'tasks.$&')}, g.place, g.owner)${(shape.hooks ?? []).map(({ leased }) => (leased ? `,\n    ${leased}` : '')).join('')}
    select flags.*, rows.tasks from flags left join (
      select json_agg(json_build_array(${TAKEN_VALUES}, place) order by place) as tasks, min(place) as first from taken
      group by (place - 1) / ${TAKEN_A_ROW}) rows on true order by rows.first`
  const nameOf = ({ kinds, bySite, withoutBlocked, hooks }: CandidatesShape) =>
    `${kinds.map(({ ageing, announced }) => `${ageing ? 'a' : 'p'}${announced ? 'q' : ''}`).join('')}${bySite ? '_sites' : ''}${withoutBlocked ? '_rest' : ''}${namesOf(hooks)}`

  return {
    /**
     * Tasks of `kind0..n` in lease order, locked; of announced kinds those of the queues `queue0..n` whose message has not left. `plain` are
     * the kinds that are not announced, and `ageing` whether waiting raises each of them.
     */
    candidates: (shape: CandidatesShape): Statement<Candidate> =>
      made(`task_candidates_${nameOf(shape)}`, () => withFlags(ready(shape))),
    /**
     * The same, leased in the same statement, each to the owner at its place in `owners` for the milliseconds in `lengths`: what takes two
     * statements on SQLite, where they cost no round trip. With an expired lease or a capped group none is leased, which the first row says.
     */
    takeReady: both(
      undefined,
      (shape: CandidatesShape): Statement<TakenRow> => made(`task_take_ready_${nameOf(shape)}`, () => takeReady(shape)),
    ),
    /** The same among `ids`, of the kinds `kinds`. */
    candidatesAmong: ({ bySite, withoutBlocked }: Omit<CandidatesShape, 'kinds'>): Statement<Candidate> =>
      made(`task_candidates_among${bySite ? '_sites' : ''}${withoutBlocked ? '_rest' : ''}`, () =>
        withFlags(`select ${shown}, t.priority as rank from tasks t where ${f.inList('t.id', 'ids', 'uuid')}
          and ${isWanted(f.inList('t.kind', 'kinds'), { bySite, withoutBlocked })} order by t.run_after, t.requeues, t.id limit ${most}${forUpdate('t', 'skip locked')}`),
      ),
    /** Leases locked tasks: `items` is a JSON list of `{id, owner, until, ms}`, `until` in epoch milliseconds. */
    take: db.statement<Task>(
      'task_take',
      both(
        `update tasks set state = 'leased', attempts = attempts + 1, fence = fence + 1, lease_owner = g.owner, lease_expires_at = g.until, lease_ms = g.ms,
           last_end = null, updated_at = :now
         from (select value ->> 'id' as id, value ->> 'owner' as owner, value ->> 'until' as until, value ->> 'ms' as ms from json_each(:items)) g
         where tasks.id = g.id returning *`,
        `update tasks set state = 'leased', attempts = attempts + 1, fence = fence + 1, lease_owner = g.owner, lease_expires_at = to_timestamp(g.until / 1000.0),
           lease_ms = g.ms, last_end = null, updated_at = :now::timestamptz
         from ${items} lateral jsonb_to_record(item) as g(id uuid, owner text, until float8, ms int) where tasks.id = g.id returning tasks.*`,
      ),
      tasks,
    ),
    /** Caps of groups, locked in the order of their keys: two leases that count at once would both take the last place. */
    lockCaps: db.statement<{ key: string; cap: number | null }>(
      'task_caps',
      `select g.key, g.cap from task_groups g where ${f.inList('g.key', 'keys')} and g.cap is not null order by g.key${forUpdate('g')}`,
    ),
    /** The same without a wait: the cap of a group that another transaction has locked is null. */
    lockFreeCaps: db.statement<{ key: string; cap: number | null }>(
      'task_free_caps',
      `select g.key, l.cap from task_groups g left join (select o.key, o.cap from task_groups o where ${f.inList('o.key', 'keys')} and o.cap is not null
         order by o.key${forUpdate('o', 'skip locked')}) l on l.key = g.key
       where ${f.inList('g.key', 'keys')} and g.cap is not null`,
    ),
    /** Tasks leased now of each of the groups `keys`. */
    heldOfGroups: db.statement<{ key: string; held: number | string }>(
      'task_held_of_groups',
      `select k.value as key, case when substr(k.value, 1, 5) = 'site:' then (select count(*) from tasks h where ${held('h')} and h.site_key = substr(k.value, 6))
         else (select count(*) from tasks h where ${held('h')} and h.group_key = k.value) end as held
       from ${f.eachOf('keys', 'k')}`,
    ),
  }
}

/** The groups of a task: its own (a host, an account), and that of its site. */
const groupsOf = ({ group_key, site_key }: Pick<Candidate, 'group_key' | 'site_key'>): string[] => [
  ...(group_key === null ? [] : [group_key]),
  ...(site_key === null ? [] : [`site:${site_key}`]),
]

/** Caps on tasks that are leased at once, per group. */
export const createGroupCaps = (db: Db, statements: Pick<EngineStatements, 'lockCaps' | 'lockFreeCaps' | 'heldOfGroups'>) => ({
  /**
   * Those of the candidates that the caps of their groups allow, in their order, at most `max`; `full` are the groups that have no place
   * left. The groups are locked until the transaction ends, and counted under that lock. A second call of a transaction must not wait for
   * more groups, because two leases would meet crosswise: with `skip locked` a group that another one has locked counts as full.
   */
  *within(
    tx: Tx,
    candidates: readonly Candidate[],
    max: number,
    skip?: 'skip locked',
  ): Steps<{ chosen: Candidate[]; full: Set<string> }> {
    const full = new Set<string>()
    const keys = new Set(candidates.flatMap(groupsOf))
    const lock = skip ? statements.lockFreeCaps : statements.lockCaps
    const capped = keys.size === 0 ? [] : yield* tx.run(lock, { keys: [...keys] })
    if (capped.length === 0) return { chosen: candidates.slice(0, max), full }
    const left = new Map(capped.map(({ key, cap }) => [key, cap ?? 0]))
    for (const { key, held } of yield* tx.run(statements.heldOfGroups, { keys: [...left.keys()] }))
      left.set(key, (left.get(key) as number) - Number(held))
    const chosen: Candidate[] = []
    for (const candidate of candidates) {
      if (chosen.length === max) break
      const limited = groupsOf(candidate).filter((key) => left.has(key))
      if (limited.every((key) => (left.get(key) as number) > 0)) {
        chosen.push(candidate)
        for (const key of limited) left.set(key, (left.get(key) as number) - 1)
      }
    }
    for (const [key, places] of left) if (places <= 0) full.add(key)
    return { chosen, full }
  },
  /** Caps of groups whose key begins so, by key. */
  async capsOf(prefix: string): Promise<Map<string, number>> {
    const { taskGroups } = engineTables(db.kit)
    const capped = await db.q
      .select({ key: taskGroups.key, cap: taskGroups.cap })
      .from(taskGroups)
      .where(sql`${taskGroups.cap} is not null and substr(${taskGroups.key}, 1, ${prefix.length}) = ${prefix}`)
    return new Map(capped.map(({ key, cap }) => [key, cap as number]))
  },
  /** Sets a group's cap (null: none) and pause. `pausedUntil` is a time, null ends a pause. */
  *set(tx: Tx, group: { key: string; cap?: number | null; pausedUntil?: Date | null }, now: Date): Steps<void> {
    const { taskGroups } = engineTables(db.kit)
    const changed = {
      ...(group.cap === undefined ? {} : { cap: group.cap }),
      ...(group.pausedUntil === undefined ? {} : { pausedUntil: group.pausedUntil }),
      updatedAt: now,
    }
    yield tx
      .insert(taskGroups)
      .values({ key: group.key, ...changed })
      .onConflictDoUpdate({ target: taskGroups.key, set: changed })
      .returning()
  },
})
