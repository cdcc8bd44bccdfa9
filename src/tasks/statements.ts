import { getTableColumns } from 'drizzle-orm'
import type { Db, Statement } from '../platform/db/index.ts'
import { columnList } from '../platform/db/sql.ts'
import { createByShape, held, items, leaseStatements, namesOf } from './lease-statements.ts'
import type { StatementHooks, Task, TaskState } from './model.ts'
import { engineTables } from './tables.ts'

/** Expired leases that one transaction of the reaper ends. */
export const REAP_MAX = 500

/** The places of what was completed, from 1, in the first row, and in each other row a task that was not. */
export type CompletedRow = { done: number[] | null } & (Task | { [column in keyof Task]: null })
/** The engine's statements, each made once per Db. Lists are one parameter, so that no text depends on their length. */
export const engineStatements = (db: Db) => {
  const { tasks } = engineTables(db.kit)
  const { fragments: f } = db
  const { either: both, forUpdate } = f
  const made = createByShape(db)
  const now = f.at('now')
  const known = f.inList(`coalesce(e.kind, '')`, 'known')
  const pages = new Map<string, Statement<{ id: string; bytes: number | string }>>()
  const claimed =
    'unnest((select :ids::text)::uuid[], (select :fences::text)::bigint[], (select :owners::text)::text[]) with ordinality as g(id, fence, owner, place)'
  const result = '(select :results::jsonb) -> (g.place - 1)::int'
  /** Whether the task is held as `g` claims. Inside `coalesce`, so that the planner looks tasks up by their ids and by nothing else. */
  const isHeldAs = (
    alias: string,
    ...more: string[]
  ) => `coalesce(${alias}.fence = g.fence and ${alias}.lease_owner = g.owner and ${held(alias)}
    and ${[`${alias}.lease_expires_at > :now::timestamptz`, ...more].join(' and ')}, false)`
  const completed = `state = 'completed', last_end = 'complete', finished_at = :now::timestamptz, lease_expires_at = null, updated_at = :now::timestamptz`
  const others = (
    rows: string,
  ) => `select d.done, l.* from (select json_agg(place) as done from done) d full join (select ${columnList(getTableColumns(tasks), 'o')} from ${rows}
    where g.place not in (select place from done)) l on false`
  /** Completes tasks of kinds without hooks. Locked in the order of their ids: an update takes rows in any, and two would meet crosswise. */
  const completePlain = `with g as materialized (select * from ${claimed}),
    locked as materialized (select t.id, g.place from g join tasks t on t.id = g.id where ${isHeldAs('t', f.inList('t.kind', 'kinds'))}
      order by t.id${forUpdate('t')}),
    done as (update tasks set ${completed}, result = coalesce(nullif(${result}, 'null'), tasks.result)
      from locked g where tasks.id = g.id returning g.place)
    ${others('g join tasks o on o.id = g.id')}`
  /** Locks tasks, then what their domains change, and completes those without hooks and those that \`hooks\` end. */
  const completeWith = (hooks: readonly StatementHooks[]) => `with locked as materialized (
      select t.*, g.place, ${result} as given, ${isHeldAs('t')} as completes from ${claimed} join tasks t on t.id = g.id order by t.id${forUpdate('t')}),
    ${hooks.map((hook) => `${hook.completed},\n    `).join('')}done as (update tasks set ${completed}, result = coalesce(nullif(l.given, 'null'), tasks.result) from locked l where tasks.id = l.id and l.completes
      and (${[f.inList('l.kind', 'kinds'), ...hooks.map(({ name }) => `l.id in (select id from ${name}_ended)`)].join(' or ')}) returning l.place)
    ${others('locked o join lateral (select o.place) g on true')}`

  return {
    ...leaseStatements(db),
    lock: db.statement<Task>(
      'task_lock',
      `select t.* from tasks t where ${f.inList('t.id', 'ids', 'uuid')} order by t.id${forUpdate('t')}`,
      tasks,
    ),
    lockExpired: db.statement<Task>(
      'task_lock_expired',
      `select e.* from tasks e where ${held('e')} and e.lease_expires_at <= ${now} and ${known} order by e.lease_expires_at, e.id limit ${REAP_MAX}${forUpdate('e', 'skip locked')}`,
      tasks,
    ),
    /** Queued tasks whose time is over, locked. */
    lockOverdue: db.statement<Task>(
      'task_lock_overdue',
      `select e.* from tasks e where e.state = 'queued' and e.expires_at is not null and e.expires_at <= ${now} and ${known}
        order by e.expires_at, e.id limit ${REAP_MAX}${forUpdate('e', 'skip locked')}`,
      tasks,
    ),
    /** Prolongs one live lease and keeps its last progress unless it is given another, as JSON text. `leaseMs` null keeps its length. */
    heartbeat: db.statement<{ id: string; kind: string; state: string; leaseExpiresAt: Date }>(
      'task_heartbeat',
      both(
        `update tasks set lease_expires_at = :now + coalesce(:leaseMs, lease_ms), lease_ms = coalesce(:leaseMs, lease_ms), updated_at = :now,
           progress = coalesce(:progress, progress)
         where id = :id and lease_owner = :owner and fence = :fence and state in ('leased', 'cancelling') and lease_expires_at > :now
         returning id, kind, state, lease_expires_at`,
        `update tasks set lease_expires_at = :now::timestamptz + coalesce(:leaseMs::int, lease_ms) * interval '1 millisecond',
           lease_ms = coalesce(:leaseMs::int, lease_ms), updated_at = :now::timestamptz, progress = coalesce(:progress::jsonb, progress)
         where id = :id::uuid and lease_owner = :owner::text and fence = :fence::bigint and state in ('leased', 'cancelling')
           and lease_expires_at > :now::timestamptz returning id, kind, state, lease_expires_at`,
      ),
      tasks,
    ),
    /** Queued tasks; `items` is a JSON list of rows, times in epoch milliseconds. A live one with the same dedupe key wins. */
    insert: db.statement<{ id: string }>('task_insert', {
      sqlite: `insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, dedupe_key, group_key, site_key, expires_at, created_at, updated_at)
        select value ->> 'id', value ->> 'kind', value -> 'payload', value ->> 'priority', 'queued', value ->> 'run_after', value ->> 'max_attempts',
          value ->> 'dedupe_key', value ->> 'group_key', value ->> 'site_key', value ->> 'expires_at', :now, :now
        from json_each(:items) where true on conflict do nothing returning id`,
      postgres: `insert into tasks (id, kind, payload, priority, state, run_after, max_attempts, dedupe_key, group_key, site_key, expires_at, created_at, updated_at)
        select id, kind, coalesce(payload, 'null'), priority, 'queued', to_timestamp(run_after / 1000.0), max_attempts, dedupe_key, group_key, site_key,
          to_timestamp(expires_at / 1000.0), :now::timestamptz, :now::timestamptz
        from jsonb_to_recordset(:items::jsonb) as j(id uuid, kind text, payload jsonb, priority int, run_after float8, max_attempts int,
          dedupe_key text, group_key text, site_key text, expires_at float8) on conflict do nothing returning id`,
    }),
    /**
     * Locks the tasks `ids`, and completes those that are held as `owners` and `fences` say at their place, with the result there in the JSON
     * list `results`, if their kind is one of `kinds` or one of `hooks` ends them. Answers the places of the completed (`done`) and the other
     * tasks as they are.
     */
    completeHeld: both(
      undefined,
      (hooks: readonly StatementHooks[]): Statement<CompletedRow> =>
        made(`task_complete_held${namesOf(hooks)}`, () => completeWith(hooks), tasks),
    ),
    /** The same where no kind has hooks. The other tasks are answered as they were, and not locked. */
    completePlain: both(undefined, db.statement<CompletedRow>('task_complete_plain', completePlain, tasks)),
    /**
     * Ends leases or lives of a set of locked tasks. `items` is a JSON list of `{id, state, last_end, attempts, back, run_after, error, result,
     * finished_at}`: `back` attempts are given back, times are epoch milliseconds, null keeps what is stored. What is queued again goes
     * behind what has waited as long, and without a time of its own behind all of its priority.
     */
    transition: db.statement<{ id: string }>('task_transition', {
      sqlite: `update tasks set state = j.state, last_end = coalesce(j.last_end, tasks.last_end), attempts = coalesce(j.attempts, tasks.attempts - j.back),
          run_after = coalesce(j.run_after, case when j.state = 'queued' then :now else tasks.run_after end), requeues = tasks.requeues + (j.state = 'queued'),
          error = coalesce(j.error, tasks.error), result = coalesce(j.result, tasks.result), finished_at = j.finished_at, lease_expires_at = null, updated_at = :now
        from (select value ->> 'id' as id, value ->> 'state' as state, value ->> 'last_end' as last_end, value ->> 'attempts' as attempts, value ->> 'back' as back,
          value ->> 'run_after' as run_after, value ->> 'error' as error, nullif(value -> 'result', 'null') as result, value ->> 'finished_at' as finished_at
          from json_each(:items)) j
        where tasks.id = j.id returning tasks.id`,
      postgres: `update tasks set state = j.state, last_end = coalesce(j.last_end, tasks.last_end), attempts = coalesce(j.attempts, tasks.attempts - j.back),
          run_after = coalesce(to_timestamp(j.run_after / 1000.0), case when j.state = 'queued' then :now::timestamptz else tasks.run_after end),
          requeues = tasks.requeues + (j.state = 'queued')::int, error = coalesce(j.error, tasks.error), result = coalesce(j.result, tasks.result),
          finished_at = to_timestamp(j.finished_at / 1000.0), lease_expires_at = null, updated_at = :now::timestamptz
        from ${items} lateral jsonb_to_record(item) as j(id uuid, state text, last_end text, attempts int, back int, run_after float8, error text, result jsonb, finished_at float8)
        where tasks.id = j.id returning tasks.id`,
    }),
    /** Prolongs the leases of `ids`, each by its own length. */
    prolong: db.statement<{ id: string }>('task_prolong', {
      sqlite: `update tasks set lease_expires_at = :now + lease_ms, updated_at = :now
        where ${f.inList('id', 'ids', 'uuid')} and state in ('leased', 'cancelling') returning id`,
      postgres: `update tasks set lease_expires_at = :now::timestamptz + lease_ms * interval '1 millisecond', updated_at = :now::timestamptz
        where ${f.inList('id', 'ids', 'uuid')} and state in ('leased', 'cancelling') returning id`,
    }),
    /**
     * Changes queued tasks, or gives dead ones a new life (`revive`), as a new task has it: no attempt, no outcome, its time to expire anew.
     * `items` is a JSON list of `{id, kind, priority, payload, group_key, site_key}`, all set.
     */
    rewrite: db.statement<{ id: string }>(
      'task_rewrite',
      both(
        `update tasks set kind = j.kind, priority = j.priority, payload = j.payload, group_key = j.group_key, site_key = j.site_key, updated_at = :now
         from (select value ->> 'id' as id, value ->> 'kind' as kind, value ->> 'priority' as priority, value -> 'payload' as payload,
           value ->> 'group_key' as group_key, value ->> 'site_key' as site_key from json_each(:items)) j where tasks.id = j.id returning tasks.id`,
        `update tasks set kind = j.kind, priority = j.priority, payload = coalesce(j.payload, 'null'), group_key = j.group_key, site_key = j.site_key,
           updated_at = :now::timestamptz
         from ${items} lateral jsonb_to_record(item) as j(id uuid, kind text, priority int, payload jsonb, group_key text, site_key text)
         where tasks.id = j.id returning tasks.id`,
      ),
    ),
    revive: db.statement<{ id: string }>(
      'task_revive',
      both(
        `update tasks set state = 'queued', attempts = 0, requeues = 0, run_after = :now, expires_at = :now + expires_at - created_at, error = null, result = null,
           progress = null, last_end = null, finished_at = null, lease_expires_at = null, updated_at = :now where ${f.inList('id', 'ids', 'uuid')} returning id`,
        `update tasks set state = 'queued', attempts = 0, requeues = 0, run_after = :now::timestamptz, expires_at = :now::timestamptz + (expires_at - created_at),
           error = null, result = null, progress = null, last_end = null, finished_at = null, lease_expires_at = null, updated_at = :now::timestamptz
         where ${f.inList('id', 'ids', 'uuid')} returning id`,
      ),
    ),
    remove: db.statement<{ id: string }>('task_remove', `delete from tasks where ${f.inList('id', 'ids', 'uuid')} returning id`),
    /** Ids and sizes (bytes of JSON) of tasks of `kind0..n` in some states, newest first from below `after`, at most `max`. */
    page(kinds: number, states: readonly TaskState[]): Statement<{ id: string; bytes: number | string }> {
      const name = `task_page_${kinds}_${states.join('_')}`
      let statement = pages.get(name)
      if (!statement) {
        const max = both('likely(:max)', ':max::int')
        // One index range for each kind and state: a query for all of them would sort everything they hold.
        const branches = Array.from({ length: kinds }, (_, n) =>
          states.map((state) => {
            // Leased tasks are few and found by their leases; the plus keeps SQLite from reading all tasks in the order of their ids.
            const id = state === 'leased' ? both('+t.id', 't.id') : 't.id'
            const inState =
              state === 'leased' ? `${held('t')} and t.state = 'leased'` : `t.state <> 'leased' and t.state = '${state}'`
            return `select * from (select t.id from tasks t where ${inState} and t.kind = ${f.param(`kind${n}`, 'text')} and ${id} < ${f.param('after', 'uuid')}
              order by ${id} desc limit ${max}) b${n}_${state}`
          }),
        ).flat()
        statement = db.statement(
          name,
          `select t.id, ${f.bytes('t.payload')} + ${f.bytes('t.result')} + ${f.bytes('t.progress')} as bytes from tasks t
            where t.id in (select id from (${branches.join(' union all ')}) p order by id desc limit ${max}) order by t.id desc`,
        )
        pages.set(name, statement)
      }
      return statement
    },
    /** The last of at most `window` tasks from below `after`, none before `from`, newest first, and how many they are. */
    windowEnd: db.statement<{ last: string | null; count: number | string }>(
      'task_window_end',
      `select ${both('min(id)', 'min(id::text)')} as last, count(*) as count from (select t.id from tasks t
        where t.id < ${f.param('after', 'uuid')} and t.id >= ${f.param('from', 'uuid')} order by t.id desc limit ${f.limit('window')}) w`,
    ),
    /** As \`page\`, for filters that no index answers: those of the tasks from below \`after\` down to \`last\`. A null parameter does not restrict. */
    filtered: db.statement<{ id: string; bytes: number | string }>(
      'task_filtered',
      `select t.id, ${f.bytes('t.payload')} + ${f.bytes('t.result')} + ${f.bytes('t.progress')} as bytes from tasks t
        where t.id < ${f.param('after', 'uuid')} and t.id >= ${f.param('last', 'uuid')} and ${f.inList('t.kind', 'kinds')} and ${f.inList('t.state', 'states')}
          and (${f.param('site', 'text')} is null or t.site_key = ${f.param('site', 'text')})
          and (${f.param('group', 'text')} is null or t.group_key = ${f.param('group', 'text')})
          and (${f.param('owner', 'text')} is null or (t.lease_owner = ${f.param('owner', 'text')} and t.state not in ('queued', 'paused')))
          and (${f.param('source', 'bigint')} is null
            or ${both("t.payload ->> 'source_id' = :source", "t.payload -> 'source_id' = to_jsonb(:source::bigint)")})
          and (${f.param('pattern', 'text')} is null or ${both('t.id', 't.id::text')} ${f.like} ${f.param('pattern', 'text')} escape '\\'
            or ${both('t.payload', 't.payload::text')} ${f.like} ${f.param('pattern', 'text')} escape '\\'
            or coalesce(t.error, '') ${f.like} ${f.param('pattern', 'text')} escape '\\')
        order by t.id desc limit ${f.limit('max')}`,
    ),
    byIds: db.statement<Task>(
      'task_by_ids',
      `select t.* from tasks t where ${f.inList('t.id', 'ids', 'uuid')} order by t.id desc`,
      tasks,
    ),
    get: db.statement<Task>('task_get', `select * from tasks where id = ${both(':id', ':id::uuid')}`, tasks),
    /** Which of the kinds `known` have a ready task. */
    readyKinds: db.statement<{ kind: string }>(
      'task_ready_kinds',
      `select k.value as kind from ${f.eachOf('known', 'k')}
        where exists (select 1 from tasks t where t.state = 'queued' and t.kind = k.value and t.run_after <= ${now})`,
    ),
  }
}
export type EngineStatements = ReturnType<typeof engineStatements>
