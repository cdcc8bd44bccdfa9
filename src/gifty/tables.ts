import { sql } from 'drizzle-orm'
import { accessTables } from '../access/tables.ts'
import { defineTables } from '../platform/db/kit.ts'
import { type ClientConfig, LOG_LEVELS, type Rejection, RUN_EVENTS, RUN_STATUSES, type RunStatus } from './sources/model.ts'
import type { FailedPage } from './sources/run-result.ts'
import type { Schedule } from './sources/schedule/fields.ts'
import type { RemindedDays } from './weeek/index.ts'

/** Parsing sources and their runs (gifty §12). */
export const sourcesTables = defineTables((k) => {
  const parsingSources = k.table(
    'parsing_sources',
    {
      id: k.serial(),
      url: k.text().notNull(),
      /** A URL can be longer than what a btree key may hold. */
      urlHash: k.text().notNull(),
      type: k.text().notNull(),
      siteKey: k.text().notNull(),
      strategy: k.oneOf('deep', 'discovery').notNull(),
      priority: k.int().notNull(),
      refreshIntervalHours: k.int().notNull(),
      schedule: k.json<Schedule>(),
      overlap: k.oneOf('skip', 'queue_one').notNull(),
      isActive: k.bool().notNull(),
      status: k.text().notNull(),
      lastSyncedAt: k.at(),
      nextSyncAt: k.at().notNull(),
      /** The client's part of `config`; the server's keys have columns of their own. */
      config: k.json<ClientConfig>().notNull(),
      retryCount: k.int().notNull().default(0),
      fixRequired: k.bool().notNull().default(false),
      lastError: k.text(),
      lastLogs: k.text(),
      lastStats: k.json<Record<string, unknown>>(),
      /** What the status was before the open run, or has been set to since. */
      resumeStatus: k.text(),
      /** Whether the open run was forced: shown as `last_stats.status` until it ends. */
      isForced: k.bool().notNull().default(false),
      /** When it was switched off, until the next start: a run released after it is not queued again. */
      switchedOffAt: k.at(),
      /** A run to start once the open one closes (overlap `queue_one`). */
      queuedAfter: k.oneOf('schedule', 'force'),
      /** Set when discovery found the source. */
      discoveredAt: k.at(),
      /** Set when a discovered source used discovery quota. */
      activatedAt: k.at(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('parsing_sources_url_uq').on(t.urlHash),
      k.index('parsing_sources_due_ix').on(t.nextSyncAt, k.desc(t.priority)).where(sql`${t.isActive}`),
      k.index('parsing_sources_site_ix').on(t.siteKey, t.type),
      k.index('parsing_sources_status_ix').on(t.status, k.desc(t.priority), t.createdAt),
      k.index('parsing_sources_quota_ix').on(t.activatedAt).where(sql`${t.activatedAt} is not null`),
    ],
  )
  const parsingRuns = k.table(
    'parsing_runs',
    {
      id: k.serial(),
      sourceId: k
        .big()
        .notNull()
        .references(() => parsingSources.id, { onDelete: 'cascade' }),
      /** Copied from the source, which never changes it: a hub's history is that of its site. */
      siteKey: k.text().notNull(),
      taskId: k.uuid(),
      status: k.oneOf(...RUN_STATUSES).notNull(),
      strategy: k.text().notNull(),
      trigger: k.oneOf('schedule', 'force', 'worker', 'ingest').notNull(),
      reason: k.text(),
      error: k.text(),
      itemsScraped: k.big().notNull().default(0),
      itemsNew: k.big().notNull().default(0),
      itemsUpdated: k.big().notNull().default(0),
      itemsUnchanged: k.big().notNull().default(0),
      categoriesFound: k.big().notNull().default(0),
      itemsRejected: k.big().notNull().default(0),
      /** The first hundred rejected elements with their reasons. */
      rejections: k.json<Rejection[]>(),
      /** Pages of the site that its worker could not read. */
      pagesFailed: k.big().notNull().default(0),
      /** The first hundred of them with their reasons. */
      failedPages: k.json<FailedPage[]>(),
      /** Why the run ended before it had read everything. */
      outcomeReason: k.text(),
      /** Whether a worker ever reported on it; batches alone do not count. */
      reported: k.bool().notNull().default(false),
      isHub: k.bool().notNull().default(false),
      /** The worker that leased its task last. */
      workerId: k.text(),
      /** Leases of its task. */
      attempts: k.int().notNull().default(0),
      batches: k.big().notNull().default(0),
      /** Elements that stood more than once in a batch. */
      itemsDuplicate: k.big().notNull().default(0),
      /** The fingerprint of its error (operations §7). */
      errorGroup: k.text(),
      /** The number of its newest log line: `run_logs` keeps the last of them. */
      logLines: k.big().notNull().default(0),
      logs: k.text(),
      startedAt: k.at(),
      finishedAt: k.at(),
      lastActivityAt: k.at().notNull(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('parsing_runs_open_uq').on(t.sourceId).where(sql`${t.status} in ('queued', 'running')`),
      k.index('parsing_runs_history_ix').on(t.sourceId, k.desc(t.id)),
      k.index('parsing_runs_task_ix').on(t.taskId),
      k.index('parsing_runs_site_ix').on(t.siteKey, k.desc(t.id)),
      k.index('parsing_runs_created_ix').on(t.createdAt),
      k.index('parsing_runs_status_ix').on(t.status, k.desc(t.id)),
      k.index('parsing_runs_error_ix').on(t.errorGroup, k.desc(t.id)).where(sql`${t.errorGroup} is not null`),
      k.index('parsing_runs_idle_ix').on(t.lastActivityAt).where(sql`${t.status} in ('queued', 'running')`),
      k.check(
        'parsing_runs_status_ck',
        sql`${t.status} in (${sql.raw(RUN_STATUSES.map((status: RunStatus) => `'${status}'`).join(', '))})`,
      ),
    ],
  )
  /** Log lines of runs, numbered from 1 in each (operations §2). */
  const runLogs = k.table(
    'run_logs',
    {
      runId: k
        .big()
        .notNull()
        .references(() => parsingRuns.id, { onDelete: 'cascade' }),
      n: k.big().notNull(),
      at: k.at().notNull(),
      level: k.oneOf(...LOG_LEVELS).notNull(),
      message: k.text().notNull(),
      fields: k.json<Record<string, unknown>>(),
    },
    (t) => [k.primaryKey({ columns: [t.runId, t.n] }), k.index('run_logs_age_ix').on(t.at)],
  )
  /** What happened to a run, oldest first by id (operations §2). */
  const runEvents = k.table(
    'run_events',
    {
      id: k.serial(),
      runId: k
        .big()
        .notNull()
        .references(() => parsingRuns.id, { onDelete: 'cascade' }),
      at: k.at().notNull(),
      event: k.oneOf(...RUN_EVENTS).notNull(),
      data: k.json<Record<string, unknown>>(),
    },
    (t) => [k.index('run_events_run_ix').on(t.runId, t.id)],
  )
  /** What batches brought that belong to no run, by the minute. Several rows a minute, so that batches do not wait for each other. */
  const looseIngests = k.table(
    'loose_ingests',
    {
      at: k.at().notNull(),
      shard: k.int().notNull(),
      itemsScraped: k.big().notNull(),
      itemsNew: k.big().notNull(),
      itemsUpdated: k.big().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.at, t.shard] })],
  )
  return { parsingSources, parsingRuns, runLogs, runEvents, looseIngests }
})

/** Products and their prices (gifty §12). */
export const catalogTables = defineTables((k) => {
  const products = k.table(
    'products',
    {
      /** SHA-256 of the gift id, base64url: a gift id can be longer than what a btree key may hold. */
      giftHash: k.text().primaryKey(),
      giftId: k.text().notNull(),
      siteKey: k.text().notNull(),
      sourceId: k.big(),
      title: k.text().notNull(),
      description: k.text(),
      price: k.real(),
      currency: k.text(),
      imageUrl: k.text(),
      productUrl: k.text().notNull(),
      merchant: k.text(),
      category: k.text(),
      /** The category, or its digest where it is too long for an index. */
      categoryKey: k.text(),
      isActive: k.bool().notNull(),
      contentText: k.text().notNull(),
      contentHash: k.text().notNull(),
      llmGiftScore: k.real(),
      llmGiftReasoning: k.text(),
      llmGiftVector: k.json<Record<string, number | string>>(),
      llmScoringModel: k.text(),
      llmScoringVersion: k.text(),
      llmScoredAt: k.at(),
      llmScoredHash: k.text(),
      needsScoring: k.bool().notNull(),
      raw: k.json<Record<string, unknown>>(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
      lastSeenAt: k.at().notNull(),
    },
    (t) => [
      k.index('products_site_category_ix').on(t.siteKey, t.categoryKey),
      k.index('products_source_ix').on(t.sourceId, t.siteKey),
      k.index('products_category_ix').on(t.categoryKey).where(sql`${t.isActive}`),
      k.index('products_updated_ix').on(k.desc(t.updatedAt)),
      k.index('products_site_updated_ix').on(t.siteKey, k.desc(t.updatedAt)),
      // Two indices, because products without a score come before those with an old one: one index for both would need a sort or a skip.
      k
        .index('products_unscored_ix')
        .on(k.desc(t.updatedAt))
        .where(sql`${t.isActive} and ${t.needsScoring} and ${t.llmGiftScore} is null`),
      k
        .index('products_rescoring_ix')
        .on(k.desc(t.updatedAt))
        .where(sql`${t.isActive} and ${t.needsScoring} and ${t.llmGiftScore} is not null`),
      k.index('products_best_ix').on(k.desc(t.llmGiftScore)).where(sql`${t.isActive} and ${t.llmGiftScore} is not null`),
      k.index('products_price_ix').on(t.price),
    ],
  )
  const productPrices = k.table(
    'product_prices',
    {
      id: k.serial(),
      giftHash: k.text().notNull(),
      price: k.real(),
      currency: k.text(),
      runId: k.big(),
      seenAt: k.at().notNull(),
    },
    (t) => [k.index('product_prices_seen_ix').on(t.giftHash, k.desc(t.seenAt))],
  )
  return { products, productPrices }
})

/** What of a product can be found by its words, and its vectors (gifty §5, §12). */
export const searchTables = defineTables((k) => {
  const { products } = catalogTables(k)
  /**
   * One row per product, rewritten when its content changes: a new content has a new, higher id, so that readers of changes
   * (embeddings) continue after the last id seen. The full-text index over it is hand-written SQL, since the dialects
   * share none: the FTS5 table `product_words` with the same rowids, or the column `document tsvector`.
   */
  const productDocuments = k.table(
    'product_documents',
    {
      id: k.serial(),
      giftHash: k
        .text()
        .notNull()
        .references(() => products.giftHash, { onDelete: 'cascade' }),
      contentHash: k.text().notNull(),
      indexedAt: k.at().notNull(),
      /** By which rules its words were cut; the release before this column writes 1. */
      wordsVersion: k.int().notNull().default(1),
    },
    (t) => [
      k.unique('product_documents_gift_uq').on(t.giftHash),
      k.index('product_documents_words_version_ix').on(t.id).where(sql`${t.wordsVersion} < 2`),
    ],
  )
  const productEmbeddings = k.table(
    'product_embeddings',
    {
      giftHash: k
        .text()
        .notNull()
        .references(() => products.giftHash, { onDelete: 'cascade' }),
      modelName: k.text().notNull(),
      modelVersion: k.text().notNull(),
      dim: k.int().notNull(),
      /** A unit vector: 32-bit floats, little endian. */
      embedding: k.bytes().notNull(),
      contentHash: k.text().notNull(),
      embeddedAt: k.at().notNull(),
    },
    (t) => [
      k.primaryKey({ columns: [t.giftHash, t.modelName, t.modelVersion] }),
      k.index('product_embeddings_news_ix').on(t.modelName, t.modelVersion, t.embeddedAt),
    ],
  )
  /** Stems of the products' texts, each with one full word: candidates for the correction of a misspelt word. */
  const searchTerms = k.table('search_terms', { stem: k.text().primaryKey(), word: k.text().notNull() })
  /** The trigrams of those stems, by length: the stems that share most with a misspelt one. */
  const searchTermGrams = k.table(
    'search_term_grams',
    { gram: k.text().notNull(), length: k.int().notNull(), stem: k.text().notNull() },
    (t) => [k.primaryKey({ columns: [t.gram, t.length, t.stem] })],
  )
  /** Up to which document id a follower of the contents has come. */
  const searchProgress = k.table('search_progress', { follower: k.text().primaryKey(), position: k.big().notNull() })
  return { productDocuments, productEmbeddings, searchTerms, searchTermGrams, searchProgress }
})

/** Category names of the shops, and the catalogue's own tree that they are mapped to (gifty §12). */
export const categoriesTables = defineTables((k) => {
  const categoryMaps = k.table(
    'category_maps',
    {
      id: k.serial(),
      externalName: k.text().notNull(),
      nameHash: k.text().notNull(),
      internalCategoryId: k.big(),
      isVerified: k.bool().notNull().default(false),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [
      k.unique('category_maps_name_uq').on(t.nameHash),
      k.index('category_maps_unmapped_ix').on(t.id).where(sql`${t.internalCategoryId} is null`),
    ],
  )
  const internalCategories = k.table(
    'internal_categories',
    {
      id: k.big().primaryKey(),
      name: k.text().notNull(),
      parentId: k.big().references((): any => internalCategories.id),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [k.index('internal_categories_parent_ix').on(t.parentId)],
  )
  return { categoryMaps, internalCategories }
})

/** Answers kept for a repeated request with the same Idempotency-Key (gifty §3). */
export const ingestionTables = defineTables((k) => {
  const idempotencyKeys = k.table(
    'idempotency_keys',
    {
      scope: k.text().notNull(),
      key: k.text().notNull(),
      /** SHA-256 of the body's text: what the release before compares. */
      bodyHash: k.text().notNull(),
      /** SHA-256 of the body's value; null of that release's rows. */
      fingerprint: k.text(),
      response: k.json<unknown>(),
      expiresAt: k.at().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.scope, t.key] }), k.index('idempotency_keys_expiry_ix').on(t.expiresAt)],
  )
  return { idempotencyKeys }
})

/** The last heartbeat of each worker process (gifty §8). */
export const fleetTables = defineTables((k) => {
  const workerHeartbeats = k.table(
    'worker_heartbeats',
    {
      hostname: k.text().notNull(),
      pid: k.big().notNull(),
      workerId: k.text().notNull(),
      status: k.text().notNull(),
      concurrentTasks: k.real().notNull(),
      ramUsagePct: k.real().notNull(),
      cpuUsage: k.real().notNull(),
      via: k.oneOf('http', 'ws').notNull(),
      lastSeen: k.at().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.hostname, t.pid] }), k.index('worker_heartbeats_seen_ix').on(t.lastSeen)],
  )
  return { workerHeartbeats }
})

/** Attempts to claim an invite (gifty §7, §12): what the rate limit counts, in every process. */
export const claimTables = defineTables((k) => {
  const claimAttempts = k.table(
    'claim_attempts',
    {
      /** SHA-256 of the name, hex: whatever a client sends as a name fits the key. */
      username: k.text().notNull(),
      attemptedAt: k.at().notNull(),
    },
    (t) => [k.primaryKey({ columns: [t.username, t.attemptedAt] }), k.index('claim_attempts_age_ix').on(t.attemptedAt)],
  )
  return { claimAttempts }
})

/** Weeek accounts of subscribers (gifty §11, §12). */
export const weeekTables = defineTables((k) => {
  const { subscribers } = accessTables(k)
  const weeekAccounts = k.table(
    'weeek_accounts',
    {
      id: k.serial(),
      telegramChatId: k
        .big()
        .notNull()
        .references(() => subscribers.chatId, { onDelete: 'cascade' }),
      /** Of the key ring, bound to this row. */
      tokenCiphertext: k.text().notNull(),
      weeekUserId: k.text().notNull(),
      weeekWorkspaceId: k.text(),
      /** IANA. */
      timezone: k.text().notNull(),
      isActive: k.bool().notNull(),
      lastReminders: k.json<RemindedDays>().notNull(),
      createdAt: k.at().notNull(),
      updatedAt: k.at().notNull(),
    },
    (t) => [k.unique('weeek_accounts_chat_uq').on(t.telegramChatId), k.index('weeek_accounts_zone_ix').on(t.timezone)],
  )
  return { weeekAccounts }
})

/** What operators do not want to hear of for a while (operations §7). */
export const attentionTables = defineTables((k) => {
  const attentionMutes = k.table(
    'attention_mutes',
    {
      /** Of the item of the attention list. */
      id: k.text().primaryKey(),
      until: k.at().notNull(),
      reason: k.text().notNull(),
      createdAt: k.at().notNull(),
    },
    (t) => [k.index('attention_mutes_until_ix').on(t.until)],
  )
  return { attentionMutes }
})

/** Live events, and figures over time (operations §6, §7). */
export const liveTables = defineTables((k) => {
  /** Numbered in the order of their commits: a reader that has read up to a number misses none. */
  const liveEvents = k.table(
    'live_events',
    {
      id: k.serial(),
      /** A JSON array of the topics it belongs to, the most general one first. */
      topics: k.text().notNull(),
      type: k.text().notNull(),
      at: k.epoch().notNull(),
      /** JSON that is sent as it is. */
      data: k.text().notNull(),
    },
    (t) => [k.index('live_events_at_ix').on(t.at)],
  )
  /** Sums of one minute, or of one hour (`step` in seconds), that begins at `at`. Minutes in which nothing happened have no row. */
  const seriesPoints = k.table(
    'series_points',
    {
      name: k.text().notNull(),
      step: k.int().notNull(),
      at: k.epoch().notNull(),
      /** A site key or a kind. */
      label: k.text().notNull(),
      total: k.real().notNull(),
      /** How many values the total is the sum of. */
      count: k.big().notNull(),
    },
    (t) => [
      k.primaryKey({ columns: [t.name, t.step, t.at, t.label] }),
      k.index('series_points_label_ix').on(t.name, t.step, t.label, t.at),
      k.index('series_points_age_ix').on(t.step, t.at),
    ],
  )
  return { liveEvents, seriesPoints }
})
