import type { Answer, Request } from './exact-index.ts'

/**
 * The thread that holds the vectors: one Float32Array, row after row, scanned whole for every search. Imports nothing at run time,
 * because it travels as text inside the program (`platform/bundled.ts`).
 */
const port = self as unknown as {
  onmessage: (event: { data: Request }) => void
  postMessage(answer: Answer, moved: Transferable[]): void
}

let dim = 0
let rows = 0
let all = new Float32Array(0)

const makeRoom = (needed: number) => {
  if (needed * dim <= all.length) return
  const larger = new Float32Array(Math.ceil(Math.max(needed, rows * 1.5)) * dim)
  larger.set(all.subarray(0, rows * dim))
  all = larger
}

const put = (places: Uint32Array, vectors: Float32Array) => {
  let last = rows - 1
  for (const place of places) last = Math.max(last, place)
  makeRoom(last + 1)
  for (let n = 0; n < places.length; n++) all.set(vectors.subarray(n * dim, (n + 1) * dim), (places[n] as number) * dim)
  rows = last + 1
}

/** Four sums at once, so that one addition need not wait for the one before. */
const dot = (vector: Float32Array, at: number): number => {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let n = 0
  for (; n + 3 < dim; n += 4) {
    a += (vector[n] as number) * (all[at + n] as number)
    b += (vector[n + 1] as number) * (all[at + n + 1] as number)
    c += (vector[n + 2] as number) * (all[at + n + 2] as number)
    d += (vector[n + 3] as number) * (all[at + n + 3] as number)
  }
  for (; n < dim; n++) a += (vector[n] as number) * (all[at + n] as number)
  return a + b + c + d
}

/** The `k` highest of all rows: a heap with the lowest of them on top. */
const search = (vector: Float32Array, k: number): { places: Uint32Array; scores: Float64Array } => {
  const size = Math.min(k, rows)
  const places = new Uint32Array(size)
  const scores = new Float64Array(size)
  let filled = 0
  const sink = (from: number, count: number) => {
    for (let at = from; ; ) {
      const left = 2 * at + 1
      if (left >= count) return
      const low = left + 1 < count && (scores[left + 1] as number) < (scores[left] as number) ? left + 1 : left
      if ((scores[low] as number) >= (scores[at] as number)) return
      swap(at, low)
      at = low
    }
  }
  const swap = (one: number, other: number) => {
    const score = scores[one] as number
    scores[one] = scores[other] as number
    scores[other] = score
    const place = places[one] as number
    places[one] = places[other] as number
    places[other] = place
  }
  for (let row = 0; row < rows; row++) {
    const score = dot(vector, row * dim)
    if (filled < size) {
      scores[filled] = score
      places[filled++] = row
      if (filled === size) for (let at = (size >> 1) - 1; at >= 0; at--) sink(at, size)
    } else if (size > 0 && score > (scores[0] as number)) {
      scores[0] = score
      places[0] = row
      sink(0, size)
    }
  }
  for (let end = size - 1; end > 0; end--) {
    swap(0, end)
    sink(0, end)
  }
  return { places, scores }
}

port.onmessage = ({ data: request }) => {
  if (request.type === 'start') {
    dim = request.dim
    makeRoom(request.rows)
  } else if (request.type === 'put') put(request.places, request.vectors)
  else {
    const found =
      request.type === 'search'
        ? search(request.vector, request.k)
        : {
            places: request.places,
            scores: Float64Array.from(request.places, (place) => dot(request.vector, place * dim)),
          }
    port.postMessage({ id: request.id, ...found }, [found.places.buffer as ArrayBuffer, found.scores.buffer as ArrayBuffer])
  }
}
