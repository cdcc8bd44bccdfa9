import { AppError, conflict, notFound } from '../../errors.ts'
import { type Clock, isUuid } from '../../platform/clock.ts'
import type { Db, Steps, Tx } from '../../platform/db/index.ts'
import { type AnswerTable, createIdempotency, type KeyedRequest } from '../../platform/http/idempotency.ts'
import type { Log } from '../../platform/log.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Bus } from '../../platform/shared.ts'
import { type Engine, isRefusal } from '../../tasks/index.ts'
import { stripSet } from '../catalog/identity.ts'
import { type CatalogStore, type PreparedProduct, prepareProducts } from '../catalog/store.ts'
import type { Categories } from '../categories/service.ts'
import { invalidRequest } from '../envelope.ts'
import type { IngestPlace, RunRow, SourceRow } from '../sources/row.ts'
import type { Sources } from '../sources/service.ts'
import { type CheckedCategory, checkElements } from './elements.ts'
import type { IngestAnswer, IngestBatch } from './index.ts'

const MAX_ELEMENTS = 5000
/** Rows of a minute among which batches without a run are spread. */
const LOOSE_SHARDS = 8

export interface IngestionDeps {
  db: Db
  clock: Clock
  engine: Engine
  sources: Sources
  catalog: CatalogStore
  categories: Pick<Categories, 'addNames'>
  metrics: Metrics
  bus: Bus
  log: Log
}

/** A batch that has come, after the commit. The message is a `BatchStored`. */
export const BATCH_STORED = 'gifty.batch-stored'
export interface BatchStored {
  siteKey: string
  new: number
  updated: number
  unchanged: number
  rejected: number
  /** How long it took, in ms. */
  tookMs: number
}

/** Answers kept under an Idempotency-Key, by credential (gifty §3). */
const KEPT: AnswerTable<IngestAnswer> = {
  table: 'idempotency_keys',
  identity: { scope: 'text', key: 'text' },
  answer: { response: 'jsonb' },
  pending: {},
  encode: (answer) => ({ response: JSON.stringify(answer) }),
  decode: ({ response }) => (typeof response === 'string' ? JSON.parse(response) : response),
  time: 'timestamptz',
  hasCreatedAt: true,
}

const staleLease = () => conflict('The lease is not held any more', 'stale_lease')
const missing = () => notFound('Source not found')

/** Ingestion (gifty §3): products, categories, prices, run and source change in one transaction, or not at all. */
export const createIngestion = ({ db, clock, engine, sources, catalog, categories: names, metrics, bus, log }: IngestionDeps) => {
  let turns = 0
  const idempotency = createIdempotency(
    { db, clock },
    {
      kept: KEPT,
      conflict: () => new AppError('idempotency_conflict', 422, 'The Idempotency-Key was used with another body'),
      inProgress: () =>
        new AppError('idempotency_in_progress', 409, 'A request with this Idempotency-Key is in progress', {
          headers: { 'retry-after': '1' },
        }),
    },
  )

  /**
   * The run a batch belongs to, locked: that of the lease, of the named source, or of the only running source of the site. Locks go task,
   * source, run.
   */
  function* target(
    tx: Tx,
    batch: IngestBatch,
    place: IngestPlace | undefined,
    siteKeys: ReadonlySet<string>,
  ): Steps<{ source?: SourceRow; open?: RunRow }> {
    if (batch.task_id && batch.worker_id && batch.fence !== null && batch.fence !== undefined) {
      const task = yield* engine.requireLease(tx, { id: batch.task_id, owner: batch.worker_id, fence: batch.fence })
      const held = isRefusal(task) ? undefined : yield* sources.lockOpenOfTask(tx, task.id)
      if (!held) throw staleLease()
      return held
    }
    if (place && batch.source_id !== 0) return yield* sources.lockForBatch(tx, place)
    const [siteKey] = siteKeys
    const running = siteKeys.size === 1 && siteKey !== undefined ? yield* sources.onlyRunningOfSite(tx, siteKey) : undefined
    if (!running) return {}
    const locked = yield* sources.lockForBatch(tx, { id: running.sourceId, taskId: running.taskId })
    // While this waited for the locks the run may have ended, or gone back to the queue: then no run of the site is running.
    return locked.open?.id === running.id && locked.open.status === 'running' ? locked : {}
  }

  /**
   * The source a batch will belong to, as far as can be known before its transaction decides: that of the lease, of the named source,
   * or of the only running source of the site. Its `strip_params` shape the URLs.
   */
  const expectedPlace = async (batch: IngestBatch, siteKeys: ReadonlySet<unknown>): Promise<IngestPlace | undefined> => {
    const leased = batch.task_id && isUuid(batch.task_id) ? await sources.placeOfTask(batch.task_id) : undefined
    const named = batch.source_id === 0 || leased?.id === batch.source_id ? leased : await sources.placeOf(batch.source_id)
    if (batch.source_id !== 0 && !named) throw missing()
    if (batch.task_id || named) return leased ?? named
    const [siteKey] = siteKeys
    return siteKeys.size === 1 && typeof siteKey === 'string' ? await sources.placeOfSite(siteKey) : undefined
  }

  const publishStored = (
    siteKey: string | undefined,
    answer: Pick<IngestAnswer, 'rejected'> & Partial<IngestAnswer>,
    startedAt: number,
  ) => {
    const message: BatchStored = {
      siteKey: siteKey ?? 'unknown',
      new: answer.items_ingested ?? 0,
      updated: answer.items_updated ?? 0,
      unchanged: answer.items_unchanged ?? 0,
      rejected: answer.rejected.length,
      tookMs: Math.max(0, clock.now() - startedAt),
    }
    bus.publishHere(BATCH_STORED, message)
  }

  /** Counts a batch of which nothing can be stored on its run. */
  const countRefused = (
    batch: IngestBatch,
    place: IngestPlace | undefined,
    siteKeys: ReadonlySet<unknown>,
    rejected: IngestAnswer['rejected'],
  ) =>
    db.tx(function* (tx) {
      const known = new Set([...siteKeys].filter((siteKey) => typeof siteKey === 'string'))
      const { source, open } = yield* target(tx, batch, place, known)
      if (source) yield* sources.addRefusedBatch(tx, source, open, rejected, new Date(clock.now()))
    })
  const warnRejected = (place: IngestPlace | undefined, rejected: IngestAnswer['rejected']) => {
    const [first] = rejected
    if (!first) return
    const sample = first.errors.map(({ field, message }) => `${field}: ${message}`).join(', ')
    log.warn('elements rejected', {
      source_id: place?.id ?? null,
      site: place?.siteKey ?? null,
      count: rejected.length,
      sample: `${first.kind} ${first.index}: ${sample}`,
    })
  }

  /** Stores a checked batch in the caller's transaction. `siteKey` is the site it counts for. */
  function* store(
    tx: Tx,
    batch: IngestBatch,
    place: IngestPlace | undefined,
    prepared: {
      products: PreparedProduct[]
      duplicates: number
      categories: CheckedCategory[]
      rejected: IngestAnswer['rejected']
      remarks: NonNullable<IngestAnswer['remarks']>
    },
    turn: number,
  ): Steps<{ answer: IngestAnswer; siteKey: string | undefined }> {
    const now = new Date(clock.now())
    const { products, categories } = prepared
    const siteKeys = new Set([
      ...products.map((product) => product.write.siteKey),
      ...categories.map(({ category }) => category.site_key),
    ])
    const { source, open } = yield* target(tx, batch, place, siteKeys)
    // Set either way: a transaction that runs again may find another source, or none.
    for (const product of products) product.write.sourceId = source?.id ?? null

    const stored = yield* catalog.store(tx, products, now)
    const found = distinctCategories(categories)
    const created = yield* sources.discover(tx, found, source, now)
    yield* names.addNames(tx, [...products.map(({ write }) => write.category ?? ''), ...found.map(({ name }) => name)], now)

    const runId = source
      ? yield* sources.addBatch(
          tx,
          source,
          open,
          {
            scraped: products.length,
            new: stored.inserted,
            updated: stored.updated,
            unchanged: stored.unchanged,
            categories: created,
            duplicate: prepared.duplicates,
            rejected: prepared.rejected.length,
          },
          now,
        )
      : null
    if (runId === null && products.length > 0)
      yield* sources.addLoose(
        tx,
        { scraped: products.length, new: stored.inserted, updated: stored.updated },
        turn % LOOSE_SHARDS,
        now,
      )
    if (runId !== null && prepared.rejected.length > 0) yield* sources.addRejections(tx, runId, prepared.rejected, now)
    yield* catalog.addPrices(tx, stored.priced, runId, now)
    const answer: IngestAnswer = {
      status: 'ok',
      items_ingested: stored.inserted,
      items_updated: stored.updated,
      items_unchanged: stored.unchanged,
      items_duplicate: prepared.duplicates,
      categories_ingested: created,
      run_id: runId,
      rejected: prepared.rejected,
      ...(prepared.remarks.length > 0 ? { remarks: prepared.remarks } : {}),
    }
    return { answer, siteKey: source?.siteKey ?? [...siteKeys][0] }
  }

  const ingest = async (
    batch: IngestBatch,
    keyed: KeyedRequest | undefined,
  ): Promise<{ answer: IngestAnswer; replayed: boolean }> => {
    const startedAt = clock.now()
    const categories = batch.categories ?? []
    if (batch.items.length + categories.length > MAX_ELEMENTS)
      throw new AppError('payload_too_large', 413, `A batch holds at most ${MAX_ELEMENTS} elements`)
    const present = [batch.task_id, batch.worker_id, batch.fence].filter((part) => part !== null && part !== undefined).length
    if (present !== 0 && present !== 3)
      throw invalidRequest([
        {
          type: 'value_error',
          loc: ['body', 'task_id'],
          msg: 'task_id, worker_id and fence go together',
          input: batch.task_id ?? null,
        },
      ])
    const siteKeys = new Set(
      [...batch.items, ...categories].map((element) => (element as { site_key?: unknown } | null)?.site_key),
    )
    const place = await expectedPlace(batch, siteKeys)
    const isNamed = batch.source_id !== 0 || Boolean(batch.task_id)
    const checked = await checkElements(batch.items, categories, {
      strip: stripSet(place?.config.strip_params),
      usual: currencyOf(place),
      siteKey: isNamed ? place?.siteKey : undefined,
    })
    if (checked.rejected.length > 0 && checked.products.length + checked.categories.length === 0) {
      await countRefused(batch, place, siteKeys, checked.rejected)
      warnRejected(place, checked.rejected)
      metrics.batch(place?.siteKey ?? 'unknown', 'error', 0)
      publishStored(place?.siteKey, { rejected: checked.rejected }, startedAt)
      throw invalidRequest(checked.problems)
    }
    const { products, duplicates } = prepareProducts(checked.products, null, currencyOf(place))
    const prepared = {
      products,
      duplicates,
      categories: checked.categories,
      rejected: checked.rejected,
      remarks: checked.remarks,
    }
    const turn = turns++
    let siteKey: string | undefined
    const { answer, replayed } = await db.tx(function* (tx) {
      if (!keyed) {
        const stored = yield* store(tx, batch, place, prepared, turn)
        siteKey = stored.siteKey
        return { answer: stored.answer, replayed: false }
      }
      return yield* idempotency.once(tx, keyed, function* (keep) {
        const stored = yield* store(tx, batch, place, prepared, turn)
        siteKey = stored.siteKey
        yield* keep(stored.answer)
        return stored.answer
      })
    })
    if (!replayed) warnRejected(place, answer.rejected)
    if (!replayed && answer.remarks)
      log.warn('items stored in part', {
        source_id: place?.id ?? null,
        count: answer.remarks.length,
        fields: [...new Set(answer.remarks.map(({ field }) => field))],
      })
    if (!replayed) {
      metrics.batch(siteKey ?? 'unknown', answer.rejected.length > 0 ? 'partial' : 'success', products.length)
      publishStored(siteKey, answer, startedAt)
    }
    return { answer, replayed }
  }

  return {
    /**
     * Stores a batch. A repeated Idempotency-Key with the same body gets the stored answer.
     * @throws AppError 404 unknown source, 409 `stale_lease` or `idempotency_in_progress`, 413, 422
     */
    ingest: (batch: IngestBatch, keyed?: KeyedRequest): Promise<{ answer: IngestAnswer; replayed: boolean }> =>
      keyed ? idempotency.alone(keyed.identity, () => ingest(batch, keyed)) : ingest(batch, undefined),
    purgeKeys: idempotency.purge,
  }
}
export type Ingestion = ReturnType<typeof createIngestion>

/** The currency of new products that name none: that of the source. */
const currencyOf = (place: IngestPlace | undefined): string | undefined => {
  const currency = place?.config.currency
  return typeof currency === 'string' && /^[A-Za-z]{3}$/.test(currency.trim()) ? currency.trim().toUpperCase() : undefined
}

const distinctCategories = (categories: CheckedCategory[]) => {
  const byUrl = new Map<string, { url: string; name: string; siteKey: string; parentUrl: string | null }>()
  for (const { category, url } of categories)
    if (!byUrl.has(url))
      byUrl.set(url, { url, name: category.name ?? '', siteKey: category.site_key, parentUrl: category.parent_url ?? null })
  return [...byUrl.values()]
}
