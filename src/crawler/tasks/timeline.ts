import { asc, eq } from 'drizzle-orm'
import { type Db, param, type Steps, type Tx } from '../../platform/db/index.ts'
import type { Update } from '../progress/model.ts'
import { progressTables } from '../tables.ts'

/** An event of a task's timeline. */
export interface TimelineEvent {
  at: number
  event: string
  details?: unknown
  byServer?: true
}

export interface TimelineRow {
  taskId: string
  at: Date
  event: string
  /** JSON, or null. */
  details: string | null
  byServer: boolean
}

/** An event of a timeline that the server noted. */
export interface ServerEvent {
  id: number
  taskId: string
  event: string
  details: string | null
}

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

/** Events that the server notes by itself (§9). */
export const SERVER_EVENTS = new Set([
  'stage_change',
  'status_change',
  'completion',
  'error',
  'areas_discovered',
  'credential_status_change',
])
/** A client may report a change and its own event for it in two requests, this far apart. */
export const RETOLD_WITHIN_MS = 10_000
const targetOf = (details: unknown): unknown => {
  const { toStage, toStatus, to } = (details ?? {}) as Record<string, unknown>
  return toStage ?? toStatus ?? to
}
/** Whether an update has its own event for the change that the server has noted: of the same name and, where both name it, the same target. */
export const isRetoldBy = ({ event, details }: ServerEvent, { timeline = [] }: Update): boolean => {
  const target = details === null ? undefined : targetOf(JSON.parse(details))
  return timeline.some((own) => own.event === event && [undefined, target].includes(targetOf(own.details) as undefined))
}
