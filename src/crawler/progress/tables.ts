import { defineTables } from '../../platform/db/kit.ts'

/** The timeline of tasks (gitlab-crawler §9): fewer than 1000 events each. */
export const progressTables = defineTables((k) => {
  const timeline = k.table(
    'crawler_timeline',
    {
      id: k.serial(),
      taskId: k.text().notNull(),
      /** When it happened, by the client's clock. */
      at: k.epoch().notNull(),
      event: k.text().notNull(),
      /** JSON kept as text, where the event has details: a JSON column could not distinguish `null` details from none. */
      details: k.text(),
    },
    (t) => [k.index('crawler_timeline_task_ix').on(t.taskId, t.at, t.id)],
  )
  return { timeline }
})
