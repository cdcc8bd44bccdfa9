import { asc, eq } from 'drizzle-orm'
import { type Db, param, type Steps, type Tx } from '../../platform/db/index.ts'
import { progressTables } from './tables.ts'

export interface StoredEvent {
  taskId: string
  at: Date
  event: string
  /** JSON, or null. */
  details: string | null
}

/** Queries of the timeline. */
export const progressRepository = (db: Db) => {
  const { timeline } = progressTables(db.kit)
  const add = db.batch<{ id: number }>(
    'crawler_timeline_add',
    [
      { name: 'task_id', type: 'text' },
      { name: 'at', type: 'bigint' },
      { name: 'event', type: 'text' },
      { name: 'details', type: 'text' },
    ],
    (source) =>
      `insert into crawler_timeline (task_id, at, event, details) select task_id, at, event, details from ${source} s where true returning id`,
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
    *add(tx: Tx, events: StoredEvent[]): Steps<void> {
      yield* tx.batch(
        add,
        events.map(({ taskId, at, event, details }) => [taskId, at, event, details]),
      )
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
export type ProgressRepository = ReturnType<typeof progressRepository>
