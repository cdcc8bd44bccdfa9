import { defineTables } from '../../platform/db/kit.ts'
import { credentialsTables } from '../credentials/tables.ts'
import { tasksTables } from '../tasks/tables.ts'

/** Groups and projects of GitLab instances, and the accounts that have seen them (gitlab-crawler §11, §15). */
export const areasTables = defineTables((k) => {
  const { tasks } = tasksTables(k)
  const { accounts } = credentialsTables(k)
  const areas = k.table(
    'crawler_areas',
    {
      /** Digest of instance and full path: a path may be too long for an index. */
      key: k.text().primaryKey(),
      instance: k.text().notNull(),
      fullPath: k.text().notNull(),
      gitlabId: k.text().notNull(),
      type: k.oneOf('group', 'project').notNull(),
      name: k.text().notNull(),
      webUrl: k.text(),
      description: k.text(),
      parentPath: k.text(),
      discoveredBy: k.text(),
      createdAt: k.epoch().notNull(),
    },
    (t) => [k.unique('crawler_areas_gitlab_uq').on(t.instance, t.type, t.gitlabId)],
  )
  const taskAreas = k.table(
    'crawler_task_areas',
    {
      taskId: k
        .text()
        .notNull()
        .references(() => tasks.id, { onDelete: 'cascade' }),
      areaKey: k
        .text()
        .notNull()
        .references(() => areas.key, { onDelete: 'cascade', onUpdate: 'cascade' }),
    },
    (t) => [k.primaryKey({ columns: [t.taskId, t.areaKey] }), k.index('crawler_task_areas_area_ix').on(t.areaKey)],
  )
  const authorizations = k.table(
    'crawler_area_authorizations',
    {
      accountId: k
        .text()
        .notNull()
        .references(() => accounts.id, { onDelete: 'cascade' }),
      areaKey: k
        .text()
        .notNull()
        .references(() => areas.key, { onDelete: 'cascade', onUpdate: 'cascade' }),
    },
    (t) => [k.primaryKey({ columns: [t.accountId, t.areaKey] }), k.index('crawler_area_authorizations_area_ix').on(t.areaKey)],
  )
  return { areas, taskAreas, authorizations }
})
