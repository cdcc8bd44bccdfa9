import { sql } from 'drizzle-orm'
import { defineTables } from '../platform/db/kit.ts'
import { JOB_STATUSES } from './fields.ts'
import type { ProgressState, RateLimits, StoredOptions } from './tasks/row.ts'

/** Accounts of GitLab instances (gitlab-crawler §12, §15): one per instance and access token, everything secret encrypted. */
export const credentialsTables = defineTables((k) => {
  const accounts = k.table(
    'crawler_accounts',
    {
      id: k.text().primaryKey(),
      /** Host of the instance. */
      providerId: k.text().notNull(),
      /** Origin of the API's address. */
      instance: k.text().notNull(),
      /** Keyed hash of the access token. */
      tokenHash: k.text().notNull(),
      accessToken: k.text(),
      refreshToken: k.text(),
      clientId: k.text(),
      clientSecret: k.text(),
      tokenType: k.oneOf('oauth2', 'pat').notNull(),
      expiresAt: k.epoch(),
      version: k.int().notNull(),
      /** Why the last renewal was refused; null since there are newer tokens. */
      refusal: k.text(),
      /** The process that refreshes, and until when others wait for it: one refresh at a time over all processes. */
      refreshOwner: k.text(),
      refreshUntil: k.epoch(),
      createdAt: k.epoch().notNull(),
      updatedAt: k.epoch().notNull(),
    },
    (t) => [k.unique('crawler_accounts_token_uq').on(t.tokenHash, t.instance)],
  )
  /** Access tokens that an account had before: who still comes with one means that account (gitlab-crawler §12). */
  const formerTokens = k.table(
    'crawler_former_tokens',
    {
      /** Keyed hash, as in the account. */
      tokenHash: k.text().notNull(),
      instance: k.text().notNull(),
      accountId: k
        .text()
        .notNull()
        .references(() => accounts.id, { onDelete: 'cascade' }),
      createdAt: k.epoch().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.tokenHash, t.instance] }), k.index('crawler_former_tokens_account_ix').on(t.accountId)],
  )
  return { accounts, formerTokens }
})

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
      /** Whether the server noted it: a client's own event for the same change takes its place. */
      byServer: k.bool().notNull().default(false),
    },
    (t) => [k.index('crawler_timeline_task_ix').on(t.taskId, t.at, t.id)],
  )
  return { timeline }
})

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

/** The events that a connection receives. */
export interface Subscriptions {
  all: boolean
  tasks: string[]
  /** Names it leases under. */
  workers: string[]
}

/** The tables of streams (gitlab-crawler §13): events in commit order, and the position of each connection. */
export const streamsTables = defineTables((k) => {
  const events = k.table(
    'crawler_events',
    {
      /** Grows in commit order, so that a client that resumes after a number misses no earlier one. */
      seq: k.serial(),
      taskId: k.text(),
      type: k.text().notNull(),
      /** `connection:ID` or `process:ID` for those alone; null for all subscribers. */
      target: k.text(),
      /** Worker that receives it besides the subscribers. */
      holder: k.text(),
      /** The frame's JSON without its sequence number, and without credentials; text, for it goes out as it is. */
      frame: k.text().notNull(),
      createdAt: k.epoch().notNull(),
    },
    (t) => [
      k.index('crawler_events_task_ix').on(t.taskId, t.seq),
      k.index('crawler_events_target_ix').on(t.target, t.seq).where(sql`${t.target} is not null`),
      k.index('crawler_events_holder_ix').on(t.holder, t.seq).where(sql`${t.holder} is not null`),
    ],
  )
  const connections = k.table(
    'crawler_connections',
    {
      connectionId: k.text().notNull(),
      /** The task of a task socket; empty for the general one. */
      scope: k.text().notNull(),
      principal: k.text().notNull(),
      /** One life of the connection: a later socket of the same identity has another. */
      socket: k.text().notNull(),
      /** The process that has the live socket. */
      process: k.text().notNull(),
      live: k.flag().notNull(),
      closedAt: k.epoch(),
      sentSeq: k.big().notNull(),
      ackedSeq: k.big(),
      subscriptions: k.jsonAsText<Subscriptions>().notNull(),
      updatedAt: k.epoch().notNull(),
    },
    (t) => [
      k.primaryKey({ columns: [t.connectionId, t.scope] }),
      k.index('crawler_connections_scope_ix').on(t.scope),
      k.index('crawler_connections_closed_ix').on(t.closedAt).where(sql`${t.closedAt} is not null`),
      k.index('crawler_connections_process_ix').on(t.process),
    ],
  )
  /** Living processes, so that sockets of a dead one are not counted. */
  const processes = k.table('crawler_processes', { id: k.text().primaryKey(), seenAt: k.epoch().notNull() })
  return { events, connections, processes }
})
