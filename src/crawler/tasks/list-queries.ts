import { and, asc, eq, gte, inArray, lte, type SQL, sql } from 'drizzle-orm'
import { bytewise, type Db, param } from '../../platform/db/index.ts'
import { STORED } from '../vocabulary.ts'
import type { ListQuery } from './model.ts'
import type { ListedTask } from './row.ts'
import { tasksTables } from './tables.ts'

/** The list of tasks (§7.3): statements per combination of filters, prepared at their first use. */
export const listQueries = (db: Db) => {
  const { tasks } = tasksTables(db.kit)
  const idOrder = bytewise(db, tasks.id)
  const { id, taskType, status, createdAt, startedAt, finishedAt, updatedAt, progress } = tasks
  const shown = { id, taskType, status, createdAt, startedAt, finishedAt, updatedAt, progress }

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
        .select(shown)
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
