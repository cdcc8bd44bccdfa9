import { AppError } from '../../errors.ts'
import type { Log } from '../../platform/log.ts'
import { createHttpEmbedder } from '../../platform/search/http-embedder.ts'
import { createNgramEmbedder, normalised } from '../../platform/search/ngram-embedder.ts'
import type { EmbeddingModel } from './vector-queries.ts'

/** The longest wait for an external embedder (gifty §6). */
const TIMEOUT_MS = 10_000

/** What makes vectors of texts, as the configuration says. */
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
