import { and, asc, eq, gt, gte, inArray, lte, type SQL, sql } from 'drizzle-orm'
import { type BatchColumn, bytewise, type Db, inJsonList, param, q, type Steps, type Tx } from '../../platform/db/index.ts'
import { digest, STORED } from '../fields.ts'
import { progressTables, tasksTables } from '../tables.ts'
import type { ListQuery } from './model.ts'
import {
  CHANGED,
  COUNTER_COLUMNS,
  INSERTED,
  type ListedTask,
  type ServerEvent,
  type StoredTask,
  type TaskRow,
  type TimelineRow,
} from './row.ts'

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Queries of the tasks' own tables. Sets are locked and written in the order of their ids. */
export const tasksRepository = (db: Db) => {
  const { tasks, audit, receipts } = tasksTables(db.kit)
  const idOrder = bytewise(db, tasks.id)
  type Name = keyof typeof tasks.$inferSelect
  const isText = (name: Name) => ['text', 'uuid'].includes(tasks[name].getSQLType())
  const columnsOf = (names: readonly Name[]): BatchColumn[] =>
    names.map((name) => ({ name: snake(name), type: isText(name) ? 'text' : 'bigint' }))
  /** A value as the statements below take it: their parameters are not encoded by the columns. */
  const stored = <N extends Name>(row: Pick<StoredTask, N>, name: N): unknown =>
    row[name] === null ? null : tasks[name].mapToDriverValue(row[name])

  const statements = {
    /** Of tasks whose engine's rows are locked already. */
    lockStored: db.prepare<StoredTask>('crawler_stored_lock', (queries) =>
      db.forUpdate(
        queries
          .select()
          .from(tasks)
          .where(inJsonList(db, tasks.id, 'ids'))
          .orderBy(idOrder),
      ),
    ),
    /** Of tasks that run under a lease. */
    touch: db.statement<{ id: string }>('crawler_tasks_touch', {
      sqlite: 'update crawler_tasks set active_at = :now where id in (select value from json_each(:ids)) returning id',
      postgres:
        'update crawler_tasks set active_at = :now where id in (select jsonb_array_elements_text(:ids::text::jsonb)) returning id',
    }),
    /** An update that leaves the status alone, which is nearly every one: no index but that of running tasks is touched. */
    saveCountersOnly: db.statement<{ id: string }>(
      'crawler_task_save_counters',
      `update crawler_tasks set ${COUNTER_COLUMNS.map((name) => `${snake(name)} = :${name}`).join(', ')} where id = :id returning id`,
    ),
    remove: db.prepare<{ id: string }>(
      'crawler_task_remove',
      (queries) =>
        queries
          .delete(tasks)
          .where(eq(tasks.id, param('id')))
          .returning({ id: tasks.id }) as any,
    ),
    removeReceipts: db.prepare<{ key: string }>(
      'crawler_receipts_remove',
      (queries) =>
        queries
          .delete(receipts)
          .where(eq(receipts.taskId, param('id')))
          .returning({ key: receipts.key }) as any,
    ),
    existing: db.prepare<{ id: string }>('crawler_tasks_existing', (queries) =>
      queries
        .select({ id: tasks.id })
        .from(tasks)
        .where(inJsonList(db, tasks.id, 'ids')),
    ),
    countOfStatus: db.prepare<{ n: number }>('crawler_count_status', (queries) =>
      queries
        .select({ n: sql<number>`count(*)`.mapWith(Number) })
        .from(tasks)
        .where(eq(tasks.status, param('status'))),
    ),
    countFinishedSince: db.prepare<{ n: number }>('crawler_count_finished', (queries) =>
      queries
        .select({ n: sql<number>`count(*)`.mapWith(Number) })
        .from(tasks)
        .where(and(sql`${tasks.status} = 'finished' and ${tasks.finishedAt} is not null`, gte(tasks.finishedAt, param('since')))),
    ),
    /** Claims an import; answers a row only to the first caller, or to the first one after the claim has expired. */
    takeReceipt: db.statement<{ key: string }>(
      'crawler_receipt_take',
      `insert into crawler_receipts (key, task_id, expires_at) values (:key, :taskId, :expiresAt)
        on conflict (key) do update set task_id = excluded.task_id, expires_at = excluded.expires_at
        where crawler_receipts.expires_at <= :now returning key`,
    ),
    knownReceipts: db.prepare<{ key: string }>('crawler_receipts_known', (queries) =>
      queries
        .select({ key: receipts.key })
        .from(receipts)
        .where(and(inJsonList(db, receipts.key, 'keys'), gt(receipts.expiresAt, param('now')))),
    ),
  }
  const receiptsBatch = db.batch<{ key: string }>(
    'crawler_receipts_keep',
    [
      { name: 'key', type: 'text' },
      { name: 'task_id', type: 'text' },
      { name: 'expires_at', type: 'bigint' },
    ],
    (
      source,
    ) => `insert into crawler_receipts (key, task_id, expires_at) select key, task_id, expires_at from ${source} s where true
      on conflict (key) do update set task_id = excluded.task_id, expires_at = excluded.expires_at returning key`,
  )
  const insertBatch = db.batch<{ id: string }>('crawler_tasks_insert', columnsOf(INSERTED), (source) => {
    const columns = INSERTED.map(snake)
    const values = columns.map((name) => (name === 'engine_task_id' ? db.fragments.cast(name, 'uuid') : name))
    return `insert into crawler_tasks (${columns.join(', ')}) select ${values.join(', ')} from ${source} s where true
      on conflict do nothing returning id`
  })
  /** Other living tasks of the same resource and branch. */
  const liveTwins = db.batch<{ id: string }>(
    'crawler_tasks_live_twins',
    [
      { name: 'key', type: 'text' },
      { name: 'id', type: 'text' },
    ],
    (source) => `select t.id from ${source} s join crawler_tasks t on t.duplicate_key = s.key and t.id <> s.id
      and t.duplicate_key is not null and t.status not in ('finished', 'failed')`,
  )
  const saveBatch = db.batch<{ id: string }>('crawler_tasks_save', columnsOf(['id', ...CHANGED]), (source) => {
    const set = CHANGED.map((name) => `${snake(name)} = s.${snake(name)}`).join(', ')
    return `update crawler_tasks set ${set} from ${source} s where crawler_tasks.id = s.id returning crawler_tasks.id`
  })

  return {
    statements,
    /** Answers the ids that were inserted: of equal ids, resources or spawns the first wins. */
    *insert(tx: Tx, rows: StoredTask[]): Steps<Set<string>> {
      const inserted = new Set<string>()
      for (let from = 0; from < rows.length; from += 500)
        for (const { id } of yield* tx.batch(
          insertBatch,
          rows.slice(from, from + 500).map((row) => INSERTED.map((name) => stored(row, name))),
        ))
          inserted.add(id)
      return inserted
    },
    /** Types and resources of an account's living tasks among these paths, as `TYPE resourceType path`. */
    *busyAreas(tx: Tx, accountId: string, paths: string[]): Steps<Set<string>> {
      const busy = new Set<string>()
      for (let from = 0; from < paths.length; from += 500) {
        const rows = yield* q(
          tx
            .select({ type: tasks.taskType, resourceType: tasks.resourceType, path: tasks.fullPath })
            .from(tasks)
            .where(
              and(
                eq(tasks.accountId, accountId),
                sql`${tasks.resourceKey} is not null`,
                inArray(
                  tasks.resourceKey,
                  paths.slice(from, from + 500).map((path) => digest(path)),
                ),
                sql`${tasks.status} not in ('finished', 'failed')`,
              ),
            ),
        )
        for (const { type, resourceType, path } of rows) busy.add(`${type} ${resourceType} ${path}`)
      }
      return busy
    },
    /** Whether one of these tasks would live beside another one of its resource and branch. */
    *haveLiveTwins(tx: Tx, rows: Pick<TaskRow, 'id' | 'duplicateKey'>[]): Steps<boolean> {
      const twins = yield* tx.batch(
        liveTwins,
        rows.map(({ duplicateKey, id }) => [duplicateKey, id]),
      )
      return twins.length > 0
    },
    *saveCountersOnly(tx: Tx, row: TaskRow): Steps<void> {
      const params: Record<string, unknown> = { id: row.id }
      for (const name of COUNTER_COLUMNS) params[name] = stored(row, name)
      yield* tx.run(statements.saveCountersOnly, params)
    },
    *save(tx: Tx, rows: TaskRow[]): Steps<void> {
      for (let from = 0; from < rows.length; from += 500)
        yield* tx.batch(
          saveBatch,
          rows.slice(from, from + 500).map((row) => [row.id, ...CHANGED.map((name) => stored(row, name))]),
        )
    },
    /** Keeps marks of updates: `[key, task id, end in epoch ms]` each. */
    *keepReceipts(tx: Tx, rows: [string, string, number][]): Steps<void> {
      yield* tx.batch(receiptsBatch, rows)
    },
    *writeAudit(tx: Tx, entry: typeof audit.$inferInsert): Steps<void> {
      yield tx.insert(audit).values(entry).returning({ id: audit.id })
    },
    *purge(tx: Tx, { receiptsBefore, auditBefore }: { receiptsBefore: number; auditBefore: number }): Steps<void> {
      yield* q(
        tx
          .delete(receipts)
          .where(lte(receipts.expiresAt, new Date(receiptsBefore)))
          .returning({ key: receipts.key }),
      )
      yield* q(
        tx
          .delete(audit)
          .where(lte(audit.at, new Date(auditBefore)))
          .returning({ id: audit.id }),
      )
    },
  }
}
export type TasksRepository = ReturnType<typeof tasksRepository>

/** The list of tasks (§7.3): statements per combination of filters, prepared at their first use. */
export const listQueries = (db: Db) => {
  const { tasks } = tasksTables(db.kit)
  const idOrder = bytewise(db, tasks.id)
  const { id, taskType, status, createdAt, startedAt, finishedAt, updatedAt, progress } = tasks
  const listColumns = { id, taskType, status, createdAt, startedAt, finishedAt, updatedAt, progress }

  /** The list's two statements for one combination of filters, prepared at its first use. */
  const lists = new Map<string, { page: ReturnType<typeof preparePage>; total: ReturnType<typeof prepareTotal> }>()
  const conditions = (query: ListQuery): SQL | undefined =>
    and(
      query.status === undefined
        ? undefined
        : query.status === 'paused'
          ? inArray(tasks.status, [...STORED.paused])
          : eq(tasks.status, param('status')),
      query.type === undefined ? undefined : eq(tasks.taskType, param('type')),
      query.fromDate === undefined ? undefined : gte(tasks.createdAt, param('fromDate')),
      query.toDate === undefined ? undefined : lte(tasks.createdAt, param('toDate')),
      query.spawnedFrom === undefined ? undefined : eq(tasks.spawnedFrom, param('spawnedFrom')),
    )
  const preparePage = (name: string, query: ListQuery) =>
    db.prepare<ListedTask>(`crawler_list_${name}`, (queries) =>
      queries
        .select(listColumns)
        .from(tasks)
        .where(conditions(query))
        .orderBy(
          ...(query.order === 'desc'
            ? [sql`${tasks.createdAt} desc`, sql`${idOrder} desc`]
            : [asc(tasks.createdAt), sql`${idOrder}`]),
        )
        .limit(sql.placeholder('limit'))
        .offset(sql.placeholder('offset')),
    )
  const prepareTotal = (name: string, query: ListQuery) =>
    db.prepare<{ n: number }>(`crawler_list_total_${name}`, (queries) =>
      queries
        .select({ n: sql<number>`count(*)`.mapWith(Number) })
        .from(tasks)
        .where(conditions(query)),
    )
  const statementsFor = (query: ListQuery) => {
    const name = [
      query.status === undefined ? '' : query.status === 'paused' ? 'p' : 's',
      query.type === undefined ? '' : 't',
      query.fromDate === undefined ? '' : 'f',
      query.toDate === undefined ? '' : 'u',
      query.spawnedFrom === undefined ? '' : 'k',
      query.order === 'desc' ? 'd' : 'a',
    ].join('')
    let known = lists.get(name)
    if (!known) {
      known = { page: preparePage(name, query), total: prepareTotal(name, query) }
      lists.set(name, known)
    }
    return known
  }

  return {
    statementsFor,
    /** One page and the number of all that match. */
    async list(query: ListQuery): Promise<{ rows: ListedTask[]; total: number }> {
      const { page, total } = statementsFor(query)
      const filters: Record<string, unknown> = {}
      if (query.status !== undefined && query.status !== 'paused') filters.status = STORED[query.status][0]
      for (const name of ['type', 'fromDate', 'toDate', 'spawnedFrom'] as const)
        if (query[name] !== undefined) filters[name] = query[name]
      const [rows, [counted]] = await Promise.all([
        page.all({ ...filters, limit: query.limit, offset: query.offset }),
        total.all(filters),
      ])
      return { rows, total: counted?.n ?? 0 }
    },
  }
}
export type ListQueries = ReturnType<typeof listQueries>

/** Queries of tasks' timelines. */
export const timelineQueries = (db: Db) => {
  const { timeline } = progressTables(db.kit)
  const add = db.batch<{ id: number }>(
    'crawler_timeline_add',
    [
      { name: 'task_id', type: 'text' },
      { name: 'at', type: 'bigint' },
      { name: 'event', type: 'text' },
      { name: 'details', type: 'text' },
      { name: 'by_server', type: 'boolean' },
    ],
    (source) =>
      `insert into crawler_timeline (task_id, at, event, details, by_server)
       select task_id, at, event, details, by_server from ${source} s where true returning id`,
  )
  const { inList, true: yes } = db.fragments
  const ofServer = db.statement<ServerEvent>(
    'crawler_timeline_of_server',
    `select id, task_id as "taskId", event, details from crawler_timeline
     where ${inList('task_id', 'ids', 'text')} and at >= :since and by_server = ${yes} order by id`,
  )
  const removeThese = db.statement<{ id: number }>(
    'crawler_timeline_remove_these',
    `delete from crawler_timeline where ${inList('id', 'ids', 'bigint')} returning id`,
  )
  /** Drops the oldest events of tasks: of each as many as `items` says, a JSON list of `{taskId, count}`. */
  const oldest = (items: string) => `delete from crawler_timeline where id in (
    select id from (
      select e.id, j.surplus, row_number() over (partition by e.task_id order by e.at, e.id) as place
      from ${items} join crawler_timeline e on e.task_id = j.task_id
    ) o where place <= surplus
  ) returning id`
  const drop = db.statement<{ id: number }>('crawler_timeline_drop', {
    sqlite: oldest("(select value ->> 'taskId' as task_id, value ->> 'count' as surplus from json_each(:items)) j"),
    postgres: oldest(
      "(select item ->> 'taskId' as task_id, (item ->> 'count')::bigint as surplus from jsonb_array_elements(:items::text::jsonb) item) j",
    ),
  })
  const ofTask = db.prepare<{ at: Date; event: string; details: string | null }>('crawler_timeline_of_task', (queries) =>
    queries
      .select({ at: timeline.at, event: timeline.event, details: timeline.details })
      .from(timeline)
      .where(eq(timeline.taskId, param('taskId')))
      .orderBy(asc(timeline.at), asc(timeline.id)),
  )
  const removeOf = db.prepare<{ id: number }>(
    'crawler_timeline_remove',
    (queries) =>
      queries
        .delete(timeline)
        .where(eq(timeline.taskId, param('taskId')))
        .returning({ id: timeline.id }) as any,
  )
  return {
    *add(tx: Tx, events: TimelineRow[]): Steps<void> {
      yield* tx.batch(
        add,
        events.map(({ taskId, at, event, details, byServer }) => [taskId, at, event, details, byServer]),
      )
    },
    /** Events that the server noted since a time, of these tasks, oldest first. */
    *ofServer(tx: Tx, taskIds: readonly string[], since: number): Steps<ServerEvent[]> {
      return yield* tx.run(ofServer, { ids: taskIds, since })
    },
    *removeThese(tx: Tx, ids: readonly number[]): Steps<void> {
      yield* tx.run(removeThese, { ids })
    },
    *drop(tx: Tx, surplus: { taskId: string; count: number }[]): Steps<void> {
      yield* tx.run(drop, { items: JSON.stringify(surplus) })
    },
    ofTask: (taskId: string) => ofTask.all({ taskId }),
    *removeOf(tx: Tx, taskId: string): Steps<void> {
      yield* tx.run(removeOf, { taskId })
    },
  }
}
export type TimelineQueries = ReturnType<typeof timelineQueries>
