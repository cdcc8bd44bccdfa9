import { sql } from 'drizzle-orm'
import { defineTables } from '../platform/db/kit.ts'
import { TASK_STATES } from './model.ts'

/** Conditions on a task's state, written literally in partial indices and their queries: with a bound value no dialect could use the index. */
export const stateIs = (state: unknown) => ({
  queued: sql`${state} = 'queued'`,
  held: sql`${state} in ('leased', 'cancelling')`,
  notLeased: sql`${state} <> 'leased'`,
})

/** The engine's tables: tasks, groups, schedules and the outbox. */
export const engineTables = defineTables((k) => {
  const tasks = k.table(
    'tasks',
    {
      id: k.uuid().primaryKey(),
      kind: k.text().notNull(),
      payload: k.json<unknown>().notNull(),
      priority: k.int().notNull(),
      state: k.oneOf(...TASK_STATES).notNull(),
      runAfter: k.at().notNull(),
      attempts: k.int().notNull().default(0),
      maxAttempts: k.int().notNull(),
      /** The holder of the lease, or its last one. */
      leaseOwner: k.text(),
      leaseExpiresAt: k.at(),
      /** Length of the lease as it was taken: a heartbeat that names none keeps it. */
      leaseMs: k.int(),
      /** How the last lease ended; null while none has ended. Distinguishes a repeated verdict from a stale one. */
      lastEnd: k.oneOf('complete', 'fail', 'release', 'expiry', 'report', 'cancel'),
      fence: k.big().notNull().default(0),
      progress: k.json<unknown>(),
      result: k.json<unknown>(),
      error: k.text(),
      dedupeKey: k.text(),
      groupKey: k.text(),
      /** The site whose workers may take it. */
      siteKey: k.text(),
      /** How often it came back to the queue. */
      requeues: k.int().notNull().default(0),
      /** A task that is still queued at this time is cancelled. */
      expiresAt: k.at(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
      finishedAt: k.at(),
    },
    (t) => [
      // In lease order: the oldest of each priority come first, and delayed tasks after the ready ones.
      k.index('tasks_offer_ix').on(t.kind, k.desc(t.priority), t.runAfter, t.requeues, t.id).where(stateIs(t.state).queued),
      k.index('tasks_lease_ix').on(t.leaseExpiresAt).where(stateIs(t.state).held),
      k
        .unique('tasks_live_uq')
        .on(t.kind, t.dedupeKey)
        .where(sql`${t.state} in ('queued', 'leased', 'paused', 'cancelling') and ${t.dedupeKey} is not null`),
      // Whether a content has a dead task; see row-statements.ts.
      k.index('tasks_dead_ix').on(t.kind, t.dedupeKey).where(sql`${t.state} = 'dead'`),
      k
        .index('tasks_group_ix')
        .on(t.groupKey)
        .where(sql`${stateIs(t.state).held} and ${t.groupKey} is not null`),
      k
        .index('tasks_expiry_ix')
        .on(t.expiresAt)
        .where(sql`${stateIs(t.state).queued} and ${t.expiresAt} is not null`),
      // Not of leased tasks, which are few and found by their leases: every lease would write to it.
      k.index('tasks_kind_ix').on(t.kind, t.state, t.id).where(stateIs(t.state).notLeased),
      k.check(
        'tasks_state_ck',
        sql`${t.state} in ('queued', 'leased', 'paused', 'cancelling', 'completed', 'failed', 'cancelled', 'dead')`,
      ),
    ],
  )

  /** A source, host or account whose tasks are limited together. */
  const taskGroups = k.table(
    'task_groups',
    {
      key: k.text().primaryKey(),
      /** Most tasks leased at once; null is no limit. */
      cap: k.int(),
      /** No task of the group is leased before this time (Retry-After). */
      pausedUntil: k.at(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      // Every lease checks whether any group is limited, however many groups there are.
      k.index('task_groups_cap_ix').on(t.cap).where(sql`${t.cap} is not null`),
      k.index('task_groups_pause_ix').on(t.pausedUntil).where(sql`${t.pausedUntil} is not null`),
    ],
  )

  /** The last known time, to notice a clock that was set back (one row). */
  const taskClock = k.table('task_clock', {
    id: k.int().primaryKey(),
    seenAt: k.at().notNull(),
    /** How often the times of live tasks have been moved back. */
    moves: k.int().notNull().default(0),
  })

  const schedules = k.table(
    'schedules',
    {
      name: k.text().primaryKey(),
      cron: k.text().notNull(),
      timezone: k.text().notNull(),
      nextRunAt: k.at().notNull(),
      lastRunAt: k.at(),
      updatedAt: k.at().notNull(),
    },
    (t) => [k.index('schedules_due_ix').on(t.nextRunAt)],
  )
  const scheduleSkips = k.table(
    'schedule_skips',
    {
      id: k.serial(),
      name: k.text().notNull(),
      dueAt: k.at().notNull(),
      reason: k.text().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [k.index('schedule_skips_name_ix').on(t.name, t.id)],
  )

  /** Messages for the broker, written in the transaction that causes them. */
  const outbox = k.table(
    'outbox',
    {
      id: k.serial(),
      queue: k.text().notNull(),
      messageId: k.text().notNull(),
      body: k.json<unknown>().notNull(),
      /**
       * Until then one process publishes it. Null: the message has certainly not been sent. In the past: it may have been, so it is published again
       * and not withdrawn.
       */
      claimedUntil: k.at(),
      publishedAt: k.at(),
      createdAt: k.at().notNull(),
    },
    (t) => [
      k.index('outbox_unpublished_ix').on(t.id).where(sql`${t.publishedAt} is null`),
      k.unique('outbox_message_uq').on(t.messageId),
    ],
  )
  return { tasks, taskGroups, taskClock, schedules, scheduleSkips, outbox }
})
