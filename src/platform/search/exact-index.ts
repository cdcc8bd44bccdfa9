import { exactWorkerCode } from '../bundled.ts' with { type: 'macro' }

/** A message to the thread. Places are row numbers; vectors lie one after another and have length 1. */
export type Request =
  | { type: 'start'; dim: number; rows: number }
  | { type: 'put'; places: Uint32Array; vectors: Float32Array }
  | { type: 'search'; id: number; vector: Float32Array; k: number }
  | { type: 'score'; id: number; vector: Float32Array; places: Uint32Array }
/** For a search, best first; for a score, in the order of the request. */
export interface Answer {
  id: number
  places: Uint32Array
  scores: Float64Array
}

export interface ScoredKey {
  key: string
  /** Cosine, -1..1, six decimals: what two machines can differ by is gone. */
  similarity: number
}

const CODE = exactWorkerCode()

export const roundSimilarity = (value: number): number => Math.max(-1, Math.min(1, Math.round(value * 1e6) / 1e6)) + 0

/**
 * Exact nearest neighbours: all vectors in one Float32Array of a thread of its own, compared with every query one by one. Memory:
 * rows x dim x 4 bytes there, and the keys here. The thread starts at once and keeps the process alive only while an answer is awaited.
 */
export const createExactIndex = ({ dim, expectedRows }: { dim: number; expectedRows: number }) => {
  const url = URL.createObjectURL(new Blob([CODE], { type: 'text/javascript' }))
  // The DOM's type of it knows nothing of Bun's.
  const worker = new Worker(url) as Worker & { ref(): void; unref(): void }
  const keys: string[] = []
  const places = new Map<string, number>()
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: unknown): void }>()
  let lastId = 0
  let failure: unknown
  worker.unref()

  const post = (request: Request, moved: ArrayBufferLike[] = []) => worker.postMessage(request, moved as ArrayBuffer[])
  const ask = (make: (id: number) => Request): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (failure !== undefined) return reject(failure)
      const id = ++lastId
      waiting.set(id, { resolve, reject })
      worker.ref()
      post(make(id))
    })
  const fail = (error: unknown) => {
    failure = error
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
    worker.unref()
  }
  worker.onmessage = ({ data }: { data: Answer }) => {
    waiting.get(data.id)?.resolve(data)
    waiting.delete(data.id)
    if (waiting.size === 0) worker.unref()
  }
  worker.onerror = (event) => fail(new Error(`the vector thread failed: ${event.message}`))
  post({ type: 'start', dim, rows: expectedRows })

  const named = ({ places: found, scores }: Answer): ScoredKey[] =>
    Array.from(found, (place, n) => ({ key: keys[place] as string, similarity: roundSimilarity(scores[n] as number) }))

  return {
    size: () => keys.length,
    has: (key: string) => places.has(key),
    /** Adds vectors, or replaces those of known keys. `vectors` is transferred to the thread: it is not readable afterwards. */
    put(of: readonly string[], vectors: Float32Array) {
      const at = new Uint32Array(of.length)
      of.forEach((key, n) => {
        let place = places.get(key)
        if (place === undefined) {
          place = keys.push(key) - 1
          places.set(key, place)
        }
        at[n] = place
      })
      post({ type: 'put', places: at, vectors }, [at.buffer, vectors.buffer])
    },
    /** The `k` nearest, best first, equals in no order; fewer only if there are no more. */
    search: async (vector: Float32Array, k: number): Promise<ScoredKey[]> =>
      named(await ask((id) => ({ type: 'search', id, vector, k }))),
    /** How near given keys are, unknown ones left out. */
    async score(vector: Float32Array, of: readonly string[]): Promise<ScoredKey[]> {
      const at = Uint32Array.from(of.flatMap((key) => places.get(key) ?? []))
      return at.length === 0 ? [] : named(await ask((id) => ({ type: 'score', id, vector, places: at })))
    },
    close() {
      fail(new Error('the vector index is closed'))
      worker.terminate()
      URL.revokeObjectURL(url)
    },
  }
}
export type ExactIndex = ReturnType<typeof createExactIndex>
