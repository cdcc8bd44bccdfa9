import { sql } from 'drizzle-orm'
import { defineTables } from '../../platform/db/kit.ts'
import { credentialsTables } from '../credentials/tables.ts'
import { JOB_STATUSES } from '../vocabulary.ts'
import type { ProgressState, RateLimits, StoredOptions } from './row.ts'

/** Written literally alike in the partial index and in its query, so that the index is used. */
export const isRunning = (status: unknown) => sql`${status} = 'running'`

/**
 * Crawler tasks (gitlab-crawler §15): what they mean. Who may work on one and when, its attempts and its fence are the engine's, in the
 * task that `engineTaskId` names; both rows change in one transaction.
 */
export const tasksTables = defineTables((k) => {
  const { accounts } = credentialsTables(k)
  const tasks = k.table(
    'crawler_tasks',
    {
      id: k.text().primaryKey(),
      taskType: k.text().notNull(),
      command: k.text().notNull(),
      status: k.oneOf(...JOB_STATUSES).notNull(),
      /** Of a failed task: whether an update may open it again, or how it ended for good. */
      failureKind: k.oneOf('reopenable', 'final', 'dead'),
      /** 1 where the type is one that workers know; imported rows may hold others. */
      leasable: k.flag().notNull(),
      fullPath: k.text(),
      /** Digest of `fullPath`, which is too long for an index. */
      resourceKey: k.text(),
      gitlabId: k.text(),
      resourceType: k.text(),
      branch: k.text(),
      fromDate: k.epoch(),
      toDate: k.epoch(),
      accountId: k
        .text()
        .notNull()
        .references(() => accounts.id),
      /** No foreign key: a spawned task outlives its parent. */
      spawnedFrom: k.text(),
      spawnRun: k.int(),
      /** Digest of what a parent spawns once (§11). */
      spawnKey: k.text(),
      /** Digest of address, resource, branch and type where a branch is set (§7.4). */
      duplicateKey: k.text(),
      provider: k.oneOf('gitlab-cloud', 'gitlab-onprem').notNull(),
      userId: k.text(),
      apiEndpoint: k.text(),
      /** Origin of `apiEndpoint`. */
      instance: k.text().notNull(),
      options: k.jsonAsText<StoredOptions>().notNull(),
      rateLimits: k.jsonAsText<RateLimits>(),
      /** 0 low to 3 urgent. */
      priority: k.int().notNull(),
      progress: k.jsonAsText<ProgressState>().notNull(),
      /** JSON kept as text: it is only handed on, has up to 64 KiB, and every update writes it again. */
      resumeState: k.text(),
      /** Time of the last update, by its sender's clock. */
      lastUpdate: k.epoch(),
      timelineSize: k.int().notNull(),
      /** How many of the oldest events were dropped. */
      timelineTruncated: k.int().notNull(),
      run: k.int().notNull(),
      createdAt: k.epoch().notNull(),
      startedAt: k.epoch(),
      finishedAt: k.epoch(),
      updatedAt: k.epoch().notNull(),
      /** The last accepted update or grant, or when a sweep last saw it leased: silence since then makes a running task stale (§10). */
      activeAt: k.epoch().notNull(),
      /** Written once, for the previous release, which kept its leases here; the engine's task has the number. Also the next three. */
      attempts: k.int().notNull(),
      maxAttempts: k.int().notNull(),
      fence: k.big().notNull(),
      availableAt: k.epoch().notNull(),
      /** The engine's task. Null in a row of the release before, until it is adopted. */
      engineTaskId: k.uuid(),
    },
    (t) => [
      k.index('crawler_tasks_status_ix').on(t.status, t.createdAt, k.bytewise(t.id)),
      k.index('crawler_tasks_type_ix').on(t.taskType, t.createdAt, k.bytewise(t.id)),
      k.index('crawler_tasks_created_ix').on(t.createdAt, k.bytewise(t.id)),
      k.index('crawler_tasks_finished_ix').on(t.status, t.finishedAt).where(sql`${t.finishedAt} is not null`),
      k.index('crawler_tasks_running_ix').on(t.status, t.activeAt).where(isRunning(t.status)),
      k.index('crawler_tasks_unadopted_ix').on(t.id).where(sql`${t.engineTaskId} is null`),
      k.index('crawler_tasks_spawned_ix').on(t.spawnedFrom, t.createdAt),
      k.index('crawler_tasks_account_ix').on(t.accountId, t.status),
      k.index('crawler_tasks_resource_ix').on(t.accountId, t.resourceKey).where(sql`${t.resourceKey} is not null`),
      k
        .unique('crawler_tasks_duplicate_uq')
        .on(t.duplicateKey)
        .where(sql`${t.duplicateKey} is not null and ${t.status} not in ('finished', 'failed')`),
      k.unique('crawler_tasks_spawn_uq').on(t.spawnKey),
      k.check(
        'crawler_tasks_status_ck',
        sql`${t.status} in ('queued', 'running', 'finished', 'failed', 'paused', 'credential_expired', 'waiting_credential_renewal', 'credential_renewed')`,
      ),
    ],
  )

  /** What was canceled or deleted, by whom (§7.9). Kept 90 days. */
  const audit = k.table(
    'crawler_audit',
    {
      id: k.serial(),
      taskId: k.text().notNull(),
      taskType: k.text().notNull(),
      action: k.oneOf('canceled', 'deleted').notNull(),
      statusBefore: k.text().notNull(),
      principal: k.text().notNull(),
      at: k.epoch().notNull(),
    },
    (t) => [k.index('crawler_audit_at_ix').on(t.at)],
  )

  /** Requests and updates that may be repeated (§7.4, §9): their answer, or only that they were applied. */
  const receipts = k.table(
    'crawler_receipts',
    {
      /** Digest of the scope and the client's key. */
      key: k.text().primaryKey(),
      /** Of an update: gone with the task. */
      taskId: k.text(),
      /** SHA-256 of the body's text: what the release before compares. */
      bodyHash: k.text(),
      /** SHA-256 of the body's value; null of that release's rows, and for updates. */
      fingerprint: k.text(),
      /** The answer to replay; null while the first request has not ended, and for updates. */
      response: k.jsonAsText<unknown>(),
      expiresAt: k.epoch().notNull(),
    },
    (t) => [
      k.index('crawler_receipts_expiry_ix').on(t.expiresAt),
      k.index('crawler_receipts_task_ix').on(t.taskId).where(sql`${t.taskId} is not null`),
    ],
  )
  return { tasks, audit, receipts }
})
