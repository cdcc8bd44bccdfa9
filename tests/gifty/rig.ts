import { expect } from 'bun:test'
import { asc, eq } from 'drizzle-orm'
import { createSubscriberQueries } from '../../src/access/subscribers.ts'
import { createNotifications } from '../../src/gifty/notifications.ts'
import { engineTables } from '../../src/tasks/tables.ts'
import { INTERNAL } from '../support/app.ts'
import { familyHarness } from '../support/harness.ts'

/** A product as a worker sends it; `n` makes it distinct. */
export const product = (n: number | string, more: Record<string, unknown> = {}) => ({
  title: `Gift ${n}`,
  product_url: `https://shop.example/p/${n}`,
  site_key: 'shop',
  price: 100,
  ...more,
})
export const products = (count: number, more: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, n) => product(n, more))
export const category = (n: number | string, more: Record<string, unknown> = {}) => ({
  name: `Category ${n}`,
  url: `https://shop.example/c/${n}`,
  site_key: 'shop',
  ...more,
})

export const { rigOver, makeRig, makeProcesses } = familyHarness({ families: 'gifty', headers: INTERNAL }, (app) => {
  const { db, must, count } = app
  const ok = (method: string, path: string, body?: unknown) => must(200, method, path, body)
  const { outbox } = engineTables(db.kit)
  let made = 0
  /** By message id: what was published a day ago is gone from the outbox. */
  const messages = new Map<string, any>()
  return {
    ok,
    people: createSubscriberQueries(db),
    /** Creates or updates a source. */
    source: (more: Record<string, unknown> = {}) =>
      ok('POST', '/internal/sources', {
        url: `https://shop.example/list/${++made}`,
        type: 'list',
        site_key: 'shop',
        ...more,
      }),
    detail: (id: number) => ok('GET', `/internal/sources/${id}`),
    /** Runs of a source, newest first. */
    runs: async (id: number): Promise<any[]> => (await ok('GET', `/internal/sources/${id}/runs?limit=200`)).items,
    report: (id: number, status: string, runId?: number) =>
      ok('POST', `/internal/sources/${id}/report-status`, { status, ...(runId === undefined ? {} : { run_id: runId }) }),
    error: (id: number, error: string, isBroken = false) =>
      ok('POST', `/internal/sources/${id}/report-error`, { error, is_broken: isBroken }),
    force: (id: number) => ok('POST', `/internal/sources/${id}/force-run`),
    lease: async (worker = 'w1', more: Record<string, unknown> = {}): Promise<any[]> =>
      (await ok('POST', '/internal/workers/lease', { worker_id: worker, kinds: ['source.run'], ...more })).tasks,
    verb: (task: { id: string; fence: number }, verb: string, worker = 'w1', more: Record<string, unknown> = {}) =>
      app.post(`/internal/workers/tasks/${task.id}/${verb}`, { worker_id: worker, fence: task.fence, ...more }),
    task: (id: string) => ok('GET', `/internal/tasks/${id}`),
    ingest: (items: unknown[], more: Record<string, unknown> = {}) =>
      ok('POST', '/internal/ingest-batch', { items, source_id: 0, ...more }),
    /** Payloads of the queued notifications of a topic, oldest first: tasks, or with a broker messages of the outbox. */
    notifications: async (topic: string): Promise<any[]> => {
      const rows = await db.q.select().from(outbox).where(eq(outbox.queue, 'notifications')).orderBy(asc(outbox.id))
      for (const { messageId, body } of rows) messages.set(messageId, body)
      const payloads = app.platform.broker
        ? [...messages.values()]
        : (await ok('GET', '/internal/tasks?kind=notification&limit=200')).tasks.map((task: any) => task.payload).reverse()
      return payloads.filter((payload: any) => payload.topic === topic)
    },
    rows: (table: string) => count(table),
  }
})
export type Rig = Awaited<ReturnType<typeof rigOver>>

/** A source with a forced run, its task leased by `w1`. */
export const leasedRun = async (app: Rig, more: Record<string, unknown> = {}) => {
  const source = await app.source(more)
  const { run_id, task_id } = await app.force(source.id)
  const [task] = await app.lease()
  expect(task.id).toBe(task_id)
  return { id: source.id as number, run_id: run_id as number, task }
}
/** Puts notifications on the queue as tasks, also where there is a broker; answers their task ids, oldest first. */
export const queueNotifications = async (app: Rig, count: number): Promise<string[]> => {
  const before = new Set((await app.ok('GET', '/internal/tasks?kind=notification&limit=200')).tasks.map((task: any) => task.id))
  const notifications = createNotifications(app.engine, app.clock)
  for (let n = 0; n < count; n++) {
    app.clock.advance(1)
    await app.db.tx((tx) => notifications.add(tx, [{ topic: 'scraping', text: `error ${n}`, data: {} }]))
  }
  const { tasks } = await app.ok('GET', '/internal/tasks?kind=notification&limit=200')
  return tasks
    .map((task: any) => task.id)
    .filter((id: string) => !before.has(id))
    .reverse()
}

export const UNKNOWN_ID = '01890000-0000-7000-8000-000000000000'
export const STALE = [409, 'stale_lease']
export const GONE = [404, 'not_found']

/** The one problem of a refused request. */
export const problemOf = (answer: { status: number; body: any }) => {
  expect(answer.status).toBe(422)
  expect(answer.body.error).toMatchObject({ code: 'validation_error', message: 'Invalid request' })
  expect(answer.body.error.fields.details).toHaveLength(1)
  return answer.body.error.fields.details[0] as { type: string; loc: (string | number)[]; msg: string; input: unknown }
}
export { statusAndCode as codeOf } from '../support/harness.ts'
