import { createId } from '../platform/clock.ts'
import type { BatchColumn, Db, Statement, Steps, Tx } from '../platform/db/index.ts'
import { isFinished } from './context.ts'
import type { Task } from './model.ts'

/** Most rows that one transaction adopts; more are adopted by the next. */
const ADOPTED_MAX = 500

/** The task of a domain's row. `createdAt`, in epoch milliseconds, is the task's age. */
export interface AdoptedTask extends Pick<Task, 'kind' | 'payload' | 'priority' | 'state'> {
  createdAt: number
}
interface Retired {
  id: string
  engine_task_id: string | null
  attempts: number
  max_attempts: number
  fence: number
  available_at: number
  lease_owner: string | null
  lease_seconds: number | null
  lease_expires_at: number | null
}
const RETIRED = ['id', 'engine_task_id', 'attempts', 'max_attempts', 'fence', 'available_at', 'lease_owner', 'lease_seconds']

const TASK: BatchColumn[] = [
  ...['id', 'kind', 'state', 'lease_owner'].map((name) => ({ name, type: 'text' as const })),
  { name: 'payload', type: 'jsonb' },
  ...['priority', 'attempts', 'max_attempts', 'lease_ms', 'fence'].map((name) => ({ name, type: 'bigint' as const })),
  ...['run_after', 'lease_expires_at', 'created_at', 'updated_at', 'finished_at'].map((name) => ({
    name,
    type: 'timestamptz' as const,
  })),
]

/**
 * Takes over the tasks of a domain whose rows kept the leases themselves in the release before (`lease_owner`, `lease_seconds`,
 * `lease_expires_at` and so on; times in epoch milliseconds). A row without a task gets one; a live lease continues in the engine under
 * the same owner, fence and end, and is removed from the row, so that of two releases that run at once only one has it.
 */
export const createAdoption = ({
  db,
  table,
  columns,
  taskOf,
}: {
  db: Db
  table: string
  /** Columns of the row that `taskOf` reads, as the driver answers them. */
  columns: string[]
  taskOf(row: Record<string, any>): AdoptedTask
}) => {
  const wanted = [...RETIRED, 'lease_expires_at', ...columns].join(', ')
  const find = (name: string, where: { sqlite: string; postgres: string }, order: string, lock: string) =>
    db.statement<Retired>(`${table}_${name}`, {
      sqlite: `select ${wanted} from ${table} where ${where.sqlite} order by ${order} limit :max`,
      postgres: `select ${wanted} from ${table} where ${where.postgres} order by ${order} limit :max ${lock}`,
    })
  const everywhere = (where: string) => ({ sqlite: where, postgres: where })
  const unknown = find('unadopted', everywhere('engine_task_id is null'), 'id', 'for update skip locked')
  const leased = find('leased', everywhere('lease_expires_at is not null'), 'lease_expires_at', 'for update skip locked')
  const named = find(
    'unadopted_of',
    {
      sqlite: 'engine_task_id is null and id in (select value from json_each(:ids))',
      postgres: 'engine_task_id is null and id in (select jsonb_array_elements_text(:ids::text::jsonb))',
    },
    'id',
    'for update',
  )
  const { either, cast } = db.fragments
  const insert = db.batch<{ id: string }>(`${table}_adopt`, TASK, (source) => {
    const names = TASK.map(({ name }) => name)
    const uuid = cast('id', 'uuid')
    const most = either('max', 'greatest')
    const changed = ['state', 'lease_owner', 'lease_ms', 'run_after', 'lease_expires_at', 'updated_at', 'finished_at']
    return `insert into tasks (${names.join(', ')}) select ${names.map((name) => (name === 'id' ? uuid : name)).join(', ')} from ${source} s
      where true on conflict (id) do update set ${changed.map((name) => `${name} = excluded.${name}`).join(', ')},
        attempts = ${most}(tasks.attempts, excluded.attempts), fence = ${most}(tasks.fence, excluded.fence) returning id`
  })
  const link = db.batch<{ id: string }>(
    `${table}_link`,
    [
      { name: 'id', type: 'text' },
      { name: 'task_id', type: 'text' },
    ],
    (source) =>
      `update ${table} set engine_task_id = ${cast('s.task_id', 'uuid')}, lease_owner = null, lease_seconds = null,
        lease_expires_at = null from ${source} s where ${table}.id = s.id returning ${table}.id`,
  )

  function* take(tx: Tx, statement: Statement<Retired>, now: Date, ids?: string[]): Steps<number> {
    const found = yield* tx.run(statement, { max: ADOPTED_MAX, ids: ids && JSON.stringify(ids) })
    const rows = found
      .map((row) => ({ row, task: taskOf(row) }))
      .sort((a, b) => a.task.createdAt - b.task.createdAt || (a.row.id < b.row.id ? -1 : 1))
    const links: [string, string][] = []
    const tasks = rows.map(({ row, task }) => {
      const at = Math.min(Math.max(0, task.createdAt), now.getTime())
      const id = row.engine_task_id ?? createId({ now: () => at })
      links.push([row.id, id])
      const until = row.lease_expires_at === null ? null : new Date(Number(row.lease_expires_at))
      const state = until ? 'leased' : task.state
      return [
        ...[id, task.kind, state, row.lease_owner, JSON.stringify(task.payload)],
        ...[task.priority, Number(row.attempts), Number(row.max_attempts)],
        ...[row.lease_seconds === null ? null : Number(row.lease_seconds) * 1000, Number(row.fence)],
        ...[new Date(Number(row.available_at)), until, new Date(at), now, isFinished(state) ? now : null],
      ]
    })
    yield* tx.batch(insert, tasks)
    yield* tx.batch(link, links)
    return found.length
  }

  return {
    /** Adopts those of these rows that have no task; answers how many they were. */
    *adoptThese(tx: Tx, ids: string[], now: Date): Steps<number> {
      return yield* take(tx, named, now, ids)
    },
    /** Adopts all rows that have no task, or a lease of their own. */
    async adopt(now: Date): Promise<void> {
      // Read without a transaction first: nearly always there is nothing to adopt.
      for (const statement of [unknown, leased])
        while ((await statement.all({ max: 1 })).length > 0 && (await db.tx((tx) => take(tx, statement, now))) > 0);
    },
  }
}
