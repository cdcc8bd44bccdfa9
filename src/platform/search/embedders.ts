import { systemClock } from '../clock.ts'
import { ExchangeError, exchange } from '../upstream.ts'
import { isStopWord, stemOf, wordsOf } from './words.ts'

/**
 * The built-in embedder: no model, no download, the same vector for the same text on any machine.
 *
 * A text is a bag of features: the stem of each word, and the pairs and triples of letters of each stem between marks of its
 * beginning and end, which are what a misspelt word or an odd form still shares with the right one. Each feature is hashed (32-bit
 * FNV-1a, mixed) to one of `dim` places and to a sign, and adds its weight there; signs make collisions cancel out on average. The
 * n-grams of a word weigh three times its stem. Words weigh by how much they say about a product: Cyrillic ones fully, Latin ones, mostly brands and
 * models, less, numbers least; those that stand earlier a little more, since titles open with what the thing is; a repeated word
 * less each time; stop words nothing. The sum is scaled to length 1, so that a dot product is the cosine. The weights were chosen on
 * the labelled queries that `bun run bench --only search` measures.
 */
export interface NgramEmbedder {
  readonly dim: number
  /** A unit vector; all zero for a text without words. */
  embed(text: string): Float32Array
}

const STEM_SHARE = 0.25
const GRAM_SHARE = 0.8
const GRAMS = [2, 3]
/** How soon the weight of a word falls with its place: to a half at this many words. */
const HALF_AT = 60
/** Most words that are read: later ones change the vector by less than its noise. */
const MOST_WORDS = 300
const REMEMBERED = 20_000

const hash = (text: string, seed: number): number => {
  let value = 0x811c9dc5 ^ seed
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n)
    value = Math.imul(value ^ (code & 0xff), 0x01000193)
    value = Math.imul(value ^ (code >>> 8), 0x01000193)
  }
  // FNV's low bits are weak for short texts; one round of mixing evens them out.
  value ^= value >>> 15
  value = Math.imul(value, 0x2c1b3c6d)
  value ^= value >>> 12
  return value >>> 0
}

const importance = (stem: string): number => {
  if (/\p{N}/u.test(stem)) return 0.3
  if (stem.length < 3) return stem.length === 1 ? 0.2 : 0.5
  return /^[a-z]/.test(stem) ? 0.6 : 1
}

/** Where the features of one word go: places, and signed weights beside them. */
interface WordFeatures {
  places: Uint16Array
  weights: Float32Array
}

export const createNgramEmbedder = (dim: number): NgramEmbedder => {
  let remembered = new Map<string, WordFeatures>()

  const featuresOf = (stem: string): WordFeatures => {
    const known = remembered.get(stem)
    if (known) return known
    const marked = `^${stem}$`
    const grams: string[] = []
    for (const size of GRAMS) for (let at = 0; at + size <= marked.length; at++) grams.push(marked.slice(at, at + size))
    const scale = importance(stem)
    const features = [
      { value: hash(stem, 1), weight: STEM_SHARE * scale },
      ...grams.map((gram) => ({ value: hash(gram, 2), weight: (GRAM_SHARE * scale) / Math.sqrt(grams.length) })),
    ]
    const made: WordFeatures = { places: new Uint16Array(features.length), weights: new Float32Array(features.length) }
    features.forEach(({ value, weight }, n) => {
      made.places[n] = (value >>> 1) % dim
      made.weights[n] = value & 1 ? weight : -weight
    })
    if (remembered.size >= REMEMBERED) remembered = new Map()
    remembered.set(stem, made)
    return made
  }

  return {
    dim,
    embed(text) {
      const vector = new Float32Array(dim)
      const seen = new Map<string, number>()
      let place = 0
      for (const word of wordsOf(text)) {
        if (isStopWord(word)) continue
        if (place >= MOST_WORDS) break
        const stem = stemOf(word)
        const times = (seen.get(stem) ?? 0) + 1
        seen.set(stem, times)
        // A repeated word adds little, so its weight falls with the square of its count.
        const weight = 1 / (1 + place++ / HALF_AT) / (times * times)
        const { places, weights } = featuresOf(stem)
        for (let n = 0; n < places.length; n++)
          vector[places[n] as number] = (vector[places[n] as number] as number) + (weights[n] as number) * weight
      }
      return normalised(vector)
    },
  }
}

/** Scales a vector to length 1, in place; one without length stays as it is. */
export const normalised = (vector: Float32Array): Float32Array => {
  let sum = 0
  for (let n = 0; n < vector.length; n++) sum += (vector[n] as number) * (vector[n] as number)
  if (sum === 0 || !Number.isFinite(sum)) return vector
  const scale = 1 / Math.sqrt(sum)
  for (let n = 0; n < vector.length; n++) vector[n] = (vector[n] as number) * scale
  return vector
}

/** An embedder that did not answer, or not with a vector. The message names what happened and never quotes the embedder's answer. */
class EmbedderFailure extends Error {
  override name = 'EmbedderFailure'
}

export interface HttpEmbedderOptions {
  url: string
  model: string
  dim: number
  /** Sent as a bearer token. */
  apiKey?: string
  timeoutMs: number
}

const PROBLEMS = {
  timeout: 'did not answer in time',
  too_large: 'answered too much',
  unavailable: 'could not be asked',
  refused: 'has a refused address',
}
const isOk = (status: number) => status >= 200 && status < 300
/** Largest answer that is read. */
const MOST_BYTES = 4 * 1_048_576

/**
 * Embeds texts through an OpenAI-compatible service: POST `{model, input:[text]}`, answered by `{data:[{embedding}]}`.
 * @throws EmbedderFailure for any answer but a vector of `dim` finite numbers in time
 */
export const createHttpEmbedder = ({ url, model, dim, apiKey, timeoutMs }: HttpEmbedderOptions) => ({
  async embed(text: string): Promise<Float32Array> {
    let answer: unknown
    try {
      const { status, bytes } = await exchange(
        url,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
          body: JSON.stringify({ model, input: [text] }),
        },
        { clock: systemClock, timeoutMs, maxBytes: MOST_BYTES, reads: isOk },
      )
      if (!isOk(status)) throw new EmbedderFailure(`answered ${status}`)
      answer = JSON.parse(Buffer.from(bytes).toString('utf8'))
    } catch (error) {
      if (error instanceof EmbedderFailure) throw error
      throw new EmbedderFailure(error instanceof ExchangeError ? PROBLEMS[error.problem] : 'could not be asked')
    }
    const vector = (answer as { data?: { embedding?: unknown }[] } | null)?.data?.[0]?.embedding
    if (
      !Array.isArray(vector) ||
      vector.length !== dim ||
      !vector.every((part) => typeof part === 'number' && Number.isFinite(part))
    )
      throw new EmbedderFailure(`did not answer a vector of ${dim} numbers`)
    return Float32Array.from(vector)
  },
})
