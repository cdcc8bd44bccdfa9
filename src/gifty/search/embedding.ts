import { AppError } from '../../errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import type { Log } from '../../platform/log.ts'
import { createHttpEmbedder, createNgramEmbedder, normalised } from '../../platform/search/embedders.ts'
import { createLru } from '../../platform/shared.ts'
import type { CatalogLookup } from '../catalog/lookup.ts'
import type { VectorIndex } from './exact-vectors.ts'
import type { Spelling } from './spelling.ts'
import type { DocumentsRepository, EmbeddingModel, NewEmbedding, VectorQueries } from './vector-queries.ts'

const WINDOW = 2000
/** Models whose place is remembered. */
const MOST_MODELS = 64
/** Milliseconds after which all contents are read again: one may have been skipped because its transaction ended late. */
const AGAIN_MS = 600_000

export interface PendingDeps {
  queries: Pick<VectorQueries, 'scan'>
  clock: Clock
  /** How long a content's id can be overtaken by higher ones: transactions of other processes commit in any order. */
  lateMs: number
}

/**
 * Contents that have no vector of a model. Looking at all of them each time would take as long as the catalogue is large, so the id up
 * to which all have one is remembered: new contents have higher ids.
 */
export const createPendingContents = ({ queries, clock, lateMs }: PendingDeps) => {
  const places = createLru<string, { floor: number; until: number }>(MOST_MODELS)

  const placeOf = ({ name, version }: EmbeddingModel) => {
    const key = JSON.stringify([name, version])
    let place = places.get(key)
    if (!place || clock.now() >= place.until) {
      place = { floor: 0, until: clock.now() + AGAIN_MS }
      places.set(key, place)
    }
    return place
  }

  /** Reads contents in windows until `enough` is true; raises the floor over those that are done and old enough. Answers the last id read. */
  const walk = async (model: EmbeddingModel, from: number, size: number, enough: (hash: string) => boolean): Promise<number> => {
    const place = placeOf(model)
    let isDone = from <= place.floor
    for (let after = from; ; ) {
      const window = await queries.scan(model, after, size)
      for (const { id, giftHash, indexedAt, isEmbedded } of window) {
        isDone &&= isEmbedded && clock.now() - indexedAt >= lateMs
        if (isDone) place.floor = id
        after = id
        if (!isEmbedded && enough(giftHash)) return after
      }
      if (window.length < size) return after
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  return {
    /**
     * Up to `max` products without a vector of their present content, oldest content first: those after `last`, or after the floor.
     * The answer's `last` is the value to continue with.
     */
    async next(model: EmbeddingModel, max: number, last?: number): Promise<{ hashes: string[]; last: number }> {
      const hashes: string[] = []
      const seen = await walk(model, last ?? placeOf(model).floor, max, (hash) => hashes.push(hash) >= max)
      return { hashes, last: seen }
    },
    /** The id below which nothing is known to lack a vector, without looking. */
    known: ({ name, version }: EmbeddingModel): number => places.get(JSON.stringify([name, version]))?.floor ?? 0,
    /** An id below which no content lacks a vector. */
    async floor(model: EmbeddingModel): Promise<number> {
      await walk(model, placeOf(model).floor, WINDOW, () => true)
      return placeOf(model).floor
    },
  }
}
export type PendingContents = ReturnType<typeof createPendingContents>

/** Texts embedded between two turns of the event loop: about two milliseconds of work. */
const SLICE = 64
const BATCH = 512
const EVERY_MS = 1000

export interface EmbeddingDeps {
  db: Db
  clock: Clock
  log: Log
  documents: DocumentsRepository
  queries: VectorQueries
  lookup: CatalogLookup
  vectors: VectorIndex
  pending: PendingContents
  embedder: Embedder
  spelling: Spelling
}

const breathe = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Background work of search: contents stored before there was an index, and vectors of new contents (gifty §6). */
export const createEmbedding = ({
  db,
  clock,
  log,
  documents,
  queries,
  lookup,
  vectors,
  pending,
  embedder,
  spelling,
}: EmbeddingDeps) => {
  const { model, embedContent } = embedder
  const stopping = new AbortController()
  let running: Promise<void> | undefined

  /** Gives products of earlier releases their documents; answers how many got one. */
  const indexMissing = async (): Promise<number> => {
    let indexed = 0
    while (!stopping.signal.aborted) {
      const hashes = await documents.missing()
      if (hashes.length === 0) break
      const rows = await lookup.rows(hashes)
      await db.tx((tx) => documents.put(tx, rows, new Date(clock.now()), false))
      indexed += rows.length
      await breathe()
    }
    return indexed
  }

  /** Embeds products without a vector of their present content; answers how many vectors were stored. */
  const embedPending = async (): Promise<number> => {
    if (!embedContent) return 0
    let embedded = 0
    let place: number | undefined
    while (!stopping.signal.aborted) {
      const { hashes, last } = await pending.next(model, BATCH, place)
      if (hashes.length === 0) break
      place = last
      const texts = await lookup.texts(hashes)
      const made: NewEmbedding[] = []
      for (let n = 0; n < texts.length; n++) {
        const { giftHash, contentHash, contentText } = texts[n] as (typeof texts)[number]
        made.push({ giftHash, contentHash, vector: embedContent(contentText) })
        if (n % SLICE === SLICE - 1) await breathe()
      }
      made.sort((a, b) => (a.giftHash < b.giftHash ? -1 : 1))
      await vectors.ready()
      const stored = await db.tx(function* (tx) {
        const written = yield* queries.store(tx, model, made, new Date(clock.now()))
        const current = made.filter((row) => written.has(row.giftHash))
        yield* vectors.storing(tx, current)
        tx.afterCommit(() => vectors.changed(current))
        return written
      })
      embedded += stored.size
    }
    return embedded
  }

  const loop = async () => {
    let isIndexed = false
    while (!stopping.signal.aborted) {
      try {
        if (!isIndexed) {
          await indexMissing()
          isIndexed = true
        }
        if (embedContent) await embedPending()
        // Workers embed: their leases look no further back than this.
        else await pending.floor(model)
        await spelling.learn(stopping.signal)
      } catch (error) {
        log.warn('embedding failed and is tried again', { error })
      }
      await clock.sleep(EVERY_MS, stopping.signal)
    }
  }

  return {
    learn: () => spelling.learn(stopping.signal),
    indexMissing,
    embedPending,
    /** Embeds new content every second from now on, until `stop`. */
    start() {
      running ??= loop()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** The longest wait for an external embedder (gifty §6). */
const TIMEOUT_MS = 10_000

/** The configured embedder. */
export interface Embedder {
  model: EmbeddingModel
  /** Whether this process can embed the catalogue itself; with an external model workers do (gifty §5). */
  embedContent: ((text: string) => Float32Array) | undefined
  /** @throws AppError 503 `embedder_unavailable` */
  embedQuery(text: string): Promise<Float32Array>
}

export interface EmbeddingConfig {
  model: EmbeddingModel
  isBuiltIn: boolean
  url?: string
  apiKey?: string
}

export const createEmbedder = ({ model, isBuiltIn, url, apiKey }: EmbeddingConfig, log: Log): Embedder => {
  if (isBuiltIn) {
    const { embed } = createNgramEmbedder(model.dim)
    return { model, embedContent: embed, embedQuery: async (text) => embed(text) }
  }
  const external =
    url === undefined ? undefined : createHttpEmbedder({ url, model: model.name, dim: model.dim, apiKey, timeoutMs: TIMEOUT_MS })
  return {
    model,
    embedContent: undefined,
    async embedQuery(text) {
      if (!external) throw new AppError('embedder_unavailable', 503, 'No embedder is configured')
      try {
        return normalised(await external.embed(text))
      } catch (error) {
        log.warn('the external embedder failed', { error })
        throw new AppError('embedder_unavailable', 503, 'The embedder is not available', { cause: error })
      }
    },
  }
}
