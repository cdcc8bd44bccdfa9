import type { Platform } from '../../platform/index.ts'
import type { RowQueueDeps } from '../../tasks/index.ts'
import type { CatalogLookup } from '../catalog/lookup.ts'
import type { CatalogSearch } from '../catalog/service.ts'
import { isoTime } from '../fields.ts'
import { documentsRepository } from './documents.ts'
import { createEmbedder } from './embedder.ts'
import { createEmbedding, createPendingContents } from './embedding.ts'
import { createExactVectors } from './exact-vectors.ts'
import { createFinder } from './finder.ts'
import { createPgvector } from './pgvector.ts'
import { createEmbeddingQueue, createEmbeddingRows, embeddingKinds } from './queue.ts'
import { createProductSearch } from './service.ts'
import { createSpelling } from './spelling.ts'
import { createTextSearch, textQueries } from './text.ts'
import { vectorQueries } from './vector-queries.ts'
import { chooseVectors } from './vectors.ts'

/** Ids of other processes' transactions become visible within it, or with the next full look. */
const LATE_MS = 10_000

export interface SearchDeps {
  platform: Pick<Platform, 'db' | 'clock' | 'log' | 'config'>
  lookup: CatalogLookup
  engine: RowQueueDeps['engine']
}

/** The search domain, wired. */
export const searchServices = ({ platform, lookup, engine }: SearchDeps) => {
  const { db, clock, log, config } = platform
  const documents = documentsRepository(db)
  const queries = vectorQueries(db)
  const embedder = createEmbedder(config.embedding, log)
  const { model } = embedder
  const shared = db.isShared
  const exact = createExactVectors({ queries, lookup, clock, model, maxBytes: config.embedding.memoryBytes, shared })
  const vectors = shared ? chooseVectors(exact, createPgvector({ db, log, queries, model })) : exact
  const pending = createPendingContents({ queries, clock, lateMs: shared ? LATE_MS : 0 })
  const spelling = createSpelling({ db, clock, lookup, lateMs: shared ? LATE_MS : 0 })
  const text = createTextSearch(textQueries(db), lookup, spelling)
  const search = createProductSearch({ text, vectors, queries, lookup, embedder })
  const embedding = createEmbedding({ db, clock, log, documents, queries, lookup, vectors, pending, embedder, spelling })
  const forCatalog: CatalogSearch = {
    page: text.page,
    async embeddingsOf(hash, contentHash) {
      return (await queries.list(hash)).map(({ embeddedAt, contentHash: of, ...told }) => ({
        ...told,
        embedded_at: isoTime(embeddedAt),
        stale: of !== contentHash,
      }))
    },
  }
  const { isBuiltIn } = config.embedding
  const rows = createEmbeddingRows({ db, clock, engine })
  const queue = createEmbeddingQueue({ db, clock, rows, queries, pending, vectors, model, isBuiltIn })
  return {
    /** Kinds of the worker protocol. */
    kinds: embeddingKinds({ rows, queue, pending, model, isBuiltIn }),
    /** Before the first vector is stored: pgvector may have to make its table. */
    ready: vectors.ready,
    documents,
    /** What other domains may ask (see port.ts). */
    search,
    finder: createFinder(search),
    queue,
    /** Background work; `start` it where a process runs it. */
    embedding,
    forCatalog,
    async stop() {
      await embedding.stop()
      await vectors.close()
    },
  }
}
export type SearchServices = ReturnType<typeof searchServices>
