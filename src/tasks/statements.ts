import { and, asc, desc, eq, getTableColumns, lt, lte, type SQL, sql } from 'drizzle-orm'
import { type Db, inJsonList, inJsonListFilter, param, type Queries } from '../platform/db/index.ts'
import type { Task } from './model.ts'
import { engineTables, stateIs } from './tables.ts'

const at = param
/** How many unpublished messages a lease looks at. */
const UNSENT_MAX = 1000

/** A task that could be leased. */
export interface Candidate {
  id: string
  priority: number
  groupKey: string | null
}
const limitParam = () => sql.placeholder('max')

/** The engine's prepared statements, once per Db. Hot ones carry lists as one JSON parameter, so their text never changes. */
export const engineStatements = (db: Db) => {
  const { tasks, taskGroups } = engineTables(db.kit)
  const { queued, held, notLeased } = stateIs(tasks.state)
  const lock = (select: any): any => (db.dialect === 'postgres' ? select.for('update') : select)
  const lockFree = (select: any): any => (db.dialect === 'postgres' ? select.for('update', { skipLocked: true }) : select)

  /**
   * Tasks of a queue whose messages have not begun to leave. The oldest of them: after a long outage a lease does not sort the whole
   * backlog. As a table of its own, so that the search begins here and not at the tasks whose messages wait in the broker.
   */
  const unsent = (queue: SQL) => {
    const id = db.dialect === 'sqlite' ? sql`message_id` : sql`message_id::uuid`
    return sql`${tasks.id} in (select ${id} from (select message_id from outbox
      where published_at is null and claimed_until is null and queue = ${queue} order by id limit ${sql.raw(String(UNSENT_MAX))}) u)`
  }

  /**
   * Ready tasks of one kind, in lease order. `blocked` is a JSON list of groups that may not be leased now; `more` narrows it down to
   * tasks whose messages have not left, or to a JSON list of ids.
   */
  const ready = (
    queries: Queries,
    kind: SQL,
    grouped: boolean,
    more?: SQL,
    max: SQL | ReturnType<typeof limitParam> = limitParam(),
  ) =>
    lockFree(
      queries
        .select({ id: tasks.id, priority: tasks.priority, groupKey: tasks.groupKey })
        .from(tasks)
        .where(
          and(
            queued,
            eq(tasks.kind, kind),
            // With the column bare Postgres takes the plan of these very values for the cheaper one, and plans at every lease anew.
            sql`coalesce(${tasks.runAfter}, ${at('now')}) <= ${at('now')}`,
            // What has expired is not handed out any more, also before a sweep has found it.
            sql`(${tasks.expiresAt} is null or ${tasks.expiresAt} > ${at('now')})`,
            grouped ? sql`(${tasks.groupKey} is null or not (${inJsonList(db, tasks.groupKey, 'blocked')}))` : undefined,
            more,
          ),
        )
        .orderBy(desc(tasks.priority), asc(tasks.id))
        .limit(max as never),
    )

  /**
   * Among the ids of a query that locks what it picks. On Postgres once and for all: joined to it, a plan may run it again for every row,
   * and as it does not pick what it has just leased it would pick others, beyond any limit.
   */
  const isPicked = (picked: SQL) =>
    db.dialect === 'postgres' ? sql`${tasks.id} = any(array(${picked}))` : sql`${tasks.id} in (${picked})`

  /** What a lease does not know of a task that it has just written, or that no queued task has. */
  const { state, leaseOwner, leaseExpiresAt, leaseMs, lastEnd, updatedAt, finishedAt, ...untold } = getTableColumns(tasks)

  const leaseSet = (owner: any = at('owner')) => ({
    state: 'leased' as const,
    attempts: sql`${tasks.attempts} + 1`,
    fence: sql`${tasks.fence} + 1`,
    leaseOwner: owner,
    leaseExpiresAt: at('until'),
    leaseMs: at('leaseMs'),
    lastEnd: null,
    updatedAt: at('now'),
  })

  const page = (queries: Queries, inState: SQL | undefined, id = sql`${tasks.id}`): any =>
    queries
      .select()
      .from(tasks)
      .where(and(inState, eq(tasks.kind, at('kind')), lt(id, at('after'))))
      .orderBy(desc(id))
      .limit(limitParam())

  const expired = (queries: Queries) =>
    queries
      .select({ one: sql<number>`1` })
      .from(tasks)
      .where(and(held, lte(tasks.leaseExpiresAt, at('now')), inJsonListFilter(db, tasks.kind, 'kinds')))
  const isLimited = sql`${taskGroups.cap} is not null or ${taskGroups.pausedUntil} > ${at('now')}`
  type Untold = Omit<Task, 'state' | 'leaseOwner' | 'leaseExpiresAt' | 'leaseMs' | 'lastEnd' | 'updatedAt' | 'finishedAt'> & {
    /** Whose it is: the place of its owner in `owners`, from 1. */
    place: number
  }
  const unhinderedLeases = new Map<string, ReturnType<typeof makeUnhinderedLease>>()
  /** `max` stands in the text: how many rows a bound limit means Postgres plans anew every time. */
  const makeUnhinderedLease = (kinds: number, max: number) =>
    db.prepare<Untold>(`engine_lease_unhindered_${kinds}_${max}`, (queries) => {
      const limit = sql.raw(String(max))
      const branches = Array.from(
        { length: kinds },
        (_, n) => sql`select * from ${ready(queries, at(`kind${n}`), false, undefined, limit)} b${sql.raw(String(n))}`,
      )
      const picked = sql`select id from (${sql.join(branches, sql` union all `)}) c order by priority desc, id limit ${limit}`
      const limited = queries.select({ one: sql<number>`1` }).from(taskGroups).where(isLimited)
      // Asked first and once: what is in the way keeps the rows from being looked at, and locked.
      const isFree = sql`not exists ${expired(queries)} and not exists ${limited}`
      // Once and for all, as in `isPicked`; each of the rows goes to the owner at its place.
      const chosen = queries.$with('chosen', {}).as(sql`select array(${picked}) as ids`)
      const ids = sql`(select ids from chosen)::uuid[]`
      const place = sql<number>`array_position(${ids}, ${tasks.id})`
      const owner = sql`(select ${at('owners')}::text::text[])[${place}]`
      return queries
        .with(chosen)
        .update(tasks)
        .set(leaseSet(owner))
        .where(sql`${isFree} and ${tasks.id} = any(${ids})`)
        .returning({ ...untold, place }) as any
    })

  const directLeases = new Map<string, ReturnType<typeof makeDirectLease>>()
  const makeDirectLease = (queues: (string | undefined)[], shape: string) =>
    db.prepare<Task>(`engine_lease_${shape}`, (queries) => {
      // One index range per kind: a single `kind in (...)` would sort the backlog of all kinds at every lease.
      const branches = queues.map(
        (queue, n) =>
          sql`select * from ${ready(queries, at(`kind${n}`), false, queue === undefined ? undefined : unsent(at(`queue${n}`)))} b${sql.raw(String(n))}`,
      )
      const picked = sql`select id from (${sql.join(branches, sql` union all `)}) c order by priority desc, id limit ${at('max')}`
      return queries.update(tasks).set(leaseSet()).where(isPicked(picked)).returning() as any
    })
  return {
    /**
     * Leases up to `max` ready tasks of `kind0..n` in one statement; only correct while no group is limited. Of kinds that are announced
     * in a queue only those whose message has not left; the queues are the parameters `queue0..n`.
     */
    leaseDirect(queues: (string | undefined)[]) {
      const shape = queues.some((queue) => queue !== undefined)
        ? `${queues.length}_${queues.map((queue) => (queue === undefined ? 0 : 1)).join('')}`
        : String(queues.length)
      const known = directLeases.get(shape)
      if (known) return known
      const made = makeDirectLease(queues, shape)
      directLeases.set(shape, made)
      return made
    },
    /**
     * Leases up to `max` ready tasks of `kind0..n`, none of them announced, each for the owner at its place in `owners`; none at all when a
     * lease of `kinds` has expired or a group is limited. Answers of each what the lease did not write. Postgres only.
     */
    leaseUnhindered(kinds: number, max: number) {
      const key = `${kinds} ${max}`
      const known = unhinderedLeases.get(key) ?? makeUnhinderedLease(kinds, max)
      unhinderedLeases.set(key, known)
      return known
    },
    /**
     * Completes of the tasks `ids` what is held by whom `owners` and `fences` name at its place, with what the JSON list `results` has there
     * unless that is null, if its kind is one of `kinds`. Lists are Postgres's array texts. Postgres only.
     */
    completeHeld: db.statement<{ id: string }>(
      'engine_complete_held',
      // By id alone, whatever the planner thinks of the other columns: the leases of all workers, ended ones not yet swept away among
      // them, are many.
      `update tasks set state = 'completed', last_end = 'complete', finished_at = :now::timestamptz, lease_expires_at = null, updated_at = :now::timestamptz,
          result = coalesce(nullif((select :results::text::jsonb) -> (given.place - 1)::int, 'null'), tasks.result)
        from unnest(:ids::text::uuid[], :fences::text::bigint[], :owners::text::text[]) with ordinality as given(id, fence, owner, place)
        where tasks.id = given.id and coalesce(tasks.fence, 0) = given.fence and coalesce(tasks.lease_owner, '') = given.owner
          and coalesce(state, '') in ('leased', 'cancelling') and coalesce(lease_expires_at, '-infinity') > :now::timestamptz
          and coalesce(kind, '') = any((select :kinds::text::text[])::text[])
        returning tasks.id`,
    ),
    readyOfKind: db.prepare<Candidate>('engine_ready', (queries) => ready(queries, at('kind'), true)),
    readyUnsent: db.prepare<Candidate>('engine_ready_unsent', (queries) => ready(queries, at('kind'), true, unsent(at('queue')))),
    readyAmong: db.prepare<Candidate>('engine_ready_among', (queries) =>
      ready(queries, at('kind'), true, inJsonList(db, tasks.id, 'ids')),
    ),
    leaseChosen: db.prepare<Task>(
      'engine_lease_chosen',
      (queries) =>
        queries
          .update(tasks)
          .set(leaseSet())
          .where(and(inJsonList(db, tasks.id, 'ids'), queued))
          .returning() as any,
    ),
    limitedGroups: db.prepare<{ key: string; cap: number | null; pausedUntil: Date | null }>('engine_groups', (queries) =>
      queries
        .select({ key: taskGroups.key, cap: taskGroups.cap, pausedUntil: taskGroups.pausedUntil })
        .from(taskGroups)
        .where(isLimited),
    ),
    lockGroups: db.prepare<{ key: string }>('engine_groups_lock', (queries) =>
      lock(
        queries
          .select({ key: taskGroups.key })
          .from(taskGroups)
          .where(inJsonList(db, taskGroups.key, 'keys'))
          .orderBy(asc(taskGroups.key)),
      ),
    ),
    leasedPerGroup: db.prepare<{ key: string; leased: number }>(
      'engine_group_counts',
      (queries) =>
        queries
          .select({ key: tasks.groupKey, leased: sql<number>`count(*)`.mapWith(Number) })
          .from(tasks)
          .where(and(held, inJsonList(db, tasks.groupKey, 'keys')))
          .groupBy(tasks.groupKey) as any,
    ),
    lockTasks: db.prepare<Task>('engine_lock', (queries) =>
      lock(
        queries
          .select()
          .from(tasks)
          .where(inJsonList(db, tasks.id, 'ids'))
          .orderBy(asc(tasks.id)),
      ),
    ),
    expiredExists: db.prepare<{ one: number }>('engine_expired_exists', (queries) => expired(queries).limit(1)),
    lockExpired: db.prepare<Task>('engine_expired', (queries) =>
      lockFree(
        queries
          .select()
          .from(tasks)
          .where(and(held, lte(tasks.leaseExpiresAt, at('now')), inJsonListFilter(db, tasks.kind, 'kinds')))
          .orderBy(asc(tasks.leaseExpiresAt), asc(tasks.id))
          .limit(limitParam()),
      ),
    ),
    heartbeat: db.prepare<{ leaseExpiresAt: Date; state: string; kind: string }>(
      'engine_heartbeat',
      (queries) =>
        queries
          .update(tasks)
          .set({
            leaseExpiresAt:
              db.dialect === 'sqlite'
                ? sql`${at('now')} + coalesce(${at('leaseMs')}, ${tasks.leaseMs})`
                : sql`${at('now')}::timestamptz + coalesce(${at('leaseMs')}::int, ${tasks.leaseMs}) * interval '1 millisecond'`,
            leaseMs:
              db.dialect === 'sqlite'
                ? sql`coalesce(${at('leaseMs')}, ${tasks.leaseMs})`
                : sql`coalesce(${at('leaseMs')}::int, ${tasks.leaseMs})`,
            updatedAt: at('now'),
            // A heartbeat without progress keeps the last one.
            progress:
              db.dialect === 'sqlite'
                ? sql`coalesce(${at('progress')}, ${tasks.progress})`
                : sql`coalesce(${at('progress')}::jsonb, ${tasks.progress})`,
          })
          .where(
            and(
              eq(tasks.id, at('id')),
              eq(tasks.leaseOwner, at('owner')),
              eq(tasks.fence, at('fence')),
              held,
              sql`${tasks.leaseExpiresAt} > ${at('now')}`,
            ),
          )
          .returning({ leaseExpiresAt: tasks.leaseExpiresAt, state: tasks.state, kind: tasks.kind }) as any,
    ),
    /** Queued tasks; `items` is a JSON list of rows, times in epoch milliseconds. A live one with the same dedupe key wins. */
    insert: db.statement<{ id: string }>('engine_insert', {
      sqlite: `insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, dedupe_key, group_key, site_key, expires_at, created_at, updated_at)
        select value ->> 'id', value ->> 'kind', value -> 'payload', value ->> 'priority', 'queued', value ->> 'run_after', value ->> 'max_attempts',
          value ->> 'dedupe_key', value ->> 'group_key', value ->> 'site_key', value ->> 'expires_at', :now, :now
        from json_each(:items) where true on conflict do nothing returning id`,
      postgres: `insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, dedupe_key, group_key, site_key, expires_at, created_at, updated_at)
        select id, kind, payload, priority, 'queued', to_timestamp(run_after / 1000.0), max_attempts, dedupe_key, group_key, site_key,
          to_timestamp(expires_at / 1000.0), :now::timestamptz, :now::timestamptz
        from jsonb_to_recordset(:items::jsonb) as j(id uuid, kind text, payload jsonb, priority int, run_after float8, max_attempts int,
          dedupe_key text, group_key text, site_key text, expires_at float8) on conflict do nothing returning id`,
    }),
    /**
     * Ends leases or lives of a set of locked tasks. `items` is a JSON list of `{id, state, last_end, attempts, back, run_after, error, result,
     * finished_at}`: `back` attempts are given back, times are epoch milliseconds, null keeps what is stored.
     */
    transition: db.statement<{ id: string }>('engine_transition', {
      sqlite: `update tasks set state = j.state, last_end = coalesce(j.last_end, tasks.last_end), attempts = coalesce(j.attempts, tasks.attempts - j.back), run_after = coalesce(j.run_after, tasks.run_after),
          error = coalesce(j.error, tasks.error), result = coalesce(j.result, tasks.result), finished_at = j.finished_at, lease_expires_at = null, updated_at = :now
        from (select value ->> 'id' as id, value ->> 'state' as state, value ->> 'last_end' as last_end, value ->> 'attempts' as attempts, value ->> 'back' as back,
          value ->> 'run_after' as run_after, value ->> 'error' as error, nullif(value -> 'result', 'null') as result, value ->> 'finished_at' as finished_at
          from json_each(:items)) j
        where tasks.id = j.id returning tasks.id`,
      postgres: `update tasks set state = j.state, last_end = coalesce(j.last_end, tasks.last_end), attempts = coalesce(j.attempts, tasks.attempts - j.back),
          run_after = coalesce(to_timestamp(j.run_after / 1000.0), tasks.run_after), error = coalesce(j.error, tasks.error),
          result = coalesce(j.result, tasks.result), finished_at = to_timestamp(j.finished_at / 1000.0), lease_expires_at = null, updated_at = :now::timestamptz
        from jsonb_to_recordset(:items::jsonb) as j(id uuid, state text, last_end text, attempts int, back int, run_after float8, error text, result jsonb, finished_at float8)
        where tasks.id = j.id returning tasks.id`,
    }),
    /** Prolongs the leases of `ids`, a JSON list, each by its own length. */
    prolong: db.statement<{ id: string }>('engine_prolong', {
      sqlite: `update tasks set lease_expires_at = :now + lease_ms, updated_at = :now
        where id in (select value from json_each(:ids)) and state in ('leased', 'cancelling') returning id`,
      postgres: `update tasks set lease_expires_at = :now::timestamptz + lease_ms * interval '1 millisecond', updated_at = :now::timestamptz
        where id in (select value::uuid from jsonb_array_elements_text(:ids::text::jsonb)) and state in ('leased', 'cancelling') returning id`,
    }),
    /** One page of one kind in one state that is not `leased`, newest first. */
    page: db.prepare<Task>('engine_page', (queries) => page(queries, and(notLeased, eq(tasks.state, at('state'))))),
    /** One page of the leased tasks of one kind, newest first. */
    pageLeased: db.prepare<Task>('engine_page_leased', (queries) =>
      // The plus keeps SQLite from reading all tasks in the order of their ids.
      page(queries, and(held, sql`${tasks.state} = 'leased'`), db.dialect === 'sqlite' ? sql`+${tasks.id}` : undefined),
    ),
    get: db.prepare<Task>(
      'engine_get',
      (queries) =>
        queries
          .select()
          .from(tasks)
          .where(eq(tasks.id, at('id'))) as any,
    ),
    readyExists: db.prepare<{ one: number }>('engine_ready_exists', (queries) =>
      queries
        .select({ one: sql<number>`1` })
        .from(tasks)
        .where(and(queued, eq(tasks.kind, at('kind')), lte(tasks.runAfter, at('now'))))
        .limit(1),
    ),
  }
}
export type EngineStatements = ReturnType<typeof engineStatements>
