import type { Db } from '../../platform/db/index.ts'
import { compoundsOf, isStopWord, stemOf, termOf } from '../../platform/search/words.ts'
import type { CatalogLookup, LookupFilter } from '../catalog/lookup.ts'
import { toProduct } from '../catalog/service.ts'
import { invalidField } from '../envelope.ts'
import type { SearchAnswer, SearchRequest } from './index.ts'
import type { Search, SearchFilter } from './service.ts'
import { type Spelling, vowelVariants } from './spelling.ts'

/** A product found in an index; the smaller its `distance` (negative similarity or relevance), the better it fits. */
export interface Candidate {
  giftHash: string
  distance: number
}
export interface Ranked extends Candidate {
  giftId: string
}

/** In byte order, as both databases compare gift ids. */
const compareBytes = (a: string, b: string): number => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b)))
export const byDistance = (a: Ranked, b: Ranked): number => a.distance - b.distance || compareBytes(a.giftId, b.giftId)

/** A search in an index that knows no filters. */
export interface FilteredTopK {
  /** The `count` best candidates of the index, best first; fewer only if there are no more. */
  fetch(count: number): Promise<Candidate[]>
  /** Gift ids by hash of the candidates that pass the filter. */
  passing(hashes: string[]): Promise<Map<string, string>>
  wanted: number
  /** Only candidates after this one. */
  after?: { distance: number; giftId: string }
  /** Most candidates of one fetch. */
  most?: number
  /** Candidates farther away are left out. */
  maxDistance?: number
}

const FIRST = 64
const GROWTH = 6

/**
 * The nearest `wanted` candidates that pass the filter, by distance and then gift id. The index knows no filters, so each round fetches
 * more, until enough pass. Exact: candidates as far as the last one fetched wait for the next round, since equals may be missing.
 * `complete` is false when `most` were not enough.
 */
export const takeTopK = async (search: FilteredTopK): Promise<{ found: Ranked[]; complete: boolean }> => {
  const { wanted, after, most = Number.POSITIVE_INFINITY, maxDistance = Number.POSITIVE_INFINITY } = search
  for (let count = Math.max(FIRST, wanted * 3); ; count = Math.min(most, count * GROWTH)) {
    const candidates = await search.fetch(count)
    const last = candidates.length < count ? Number.POSITIVE_INFINITY : (candidates.at(-1)?.distance ?? Number.POSITIVE_INFINITY)
    const sure = candidates.filter((candidate) => candidate.distance < last && candidate.distance <= maxDistance)
    const passing = await search.passing(sure.map((candidate) => candidate.giftHash))
    const found: Ranked[] = []
    for (const { giftHash, distance } of sure) {
      const giftId = passing.get(giftHash)
      if (giftId === undefined) continue
      if (after && (distance < after.distance || (distance === after.distance && compareBytes(giftId, after.giftId) <= 0)))
        continue
      found.push({ giftHash, giftId, distance })
    }
    if (found.length >= wanted || last === Number.POSITIVE_INFINITY || last > maxDistance)
      return { found: found.sort(byDistance).slice(0, wanted), complete: true }
    if (count >= most) return { found: found.sort(byDistance), complete: false }
  }
}

const presentList = (values: string[] | null | undefined) => (values && values.length > 0 ? values : undefined)

/** `POST /products/search` (gifty §6). */
export const createFinder = (search: Search) => {
  const vectorOf = (vector: number[]): Float32Array => {
    if (vector.length !== search.model.dim)
      throw invalidField(['body', 'vector'], `Input should have ${search.model.dim} numbers`, null)
    const query = Float32Array.from(vector)
    const length = Math.hypot(...vector)
    if (!Number.isFinite(length) || length === 0 || query.every((part) => part === 0))
      throw invalidField(['body', 'vector'], 'Input should be a vector with a length', null)
    return query.map((_, n) => (vector[n] as number) / length)
  }

  return {
    /** @throws AppError 422 unless exactly one of query and vector is there, 503 `embedder_unavailable` for a query */
    async search(request: SearchRequest): Promise<SearchAnswer> {
      const { query, vector, limit } = request
      if (typeof query === 'string' && vector)
        throw invalidField(['body', 'vector'], 'Only one of query and vector may be given', null)
      const filter: SearchFilter = {
        maxPrice: request.max_price ?? undefined,
        minSimilarity: request.min_similarity ?? undefined,
        categories: presentList(request.categories),
        siteKeys: presentList(request.site_keys),
        sourceId: request.source_id ?? undefined,
        updatedAfter: request.updated_after ?? undefined,
      }
      if (typeof query !== 'string' && !vector) throw invalidField(['body', 'query'], 'One of query and vector is required', null)
      const found = await search.similar(vector ? { vector: vectorOf(vector) } : { query: query as string }, limit, filter)
      const rows = new Map((await search.rows(found.map((match) => match.giftHash))).map((row) => [row.giftHash, row]))
      return {
        results: found.flatMap(({ giftHash, distance }) => {
          const row = rows.get(giftHash)
          return row ? [{ product: toProduct(row), similarity: 0 - distance }] : []
        }),
        model: search.model.name,
      }
    },
  }
}

/** More different words are not searched for. */
const MOST_WORDS = 40
/** How much a word counts in title, category, merchant, description. */
const LITE_WEIGHTS = '10.0, 4.0, 2.0, 1.0'
/** The same as Postgres wants them: description, merchant, category, title. Divided by the logarithm of the length, as bm25 does. */
const POSTGRES_RANK = `ts_rank('{0.1,0.2,0.4,1.0}', document, to_tsquery('simple', :query), 1)`

/** Ways to write one word of a query, any of which will do: a word, or several that all have to be there. */
type Spellings = readonly (string | readonly string[])[]

/**
 * Distinct words of a query without stop words, in their order. One that is written in parts is looked for as one word, and as its parts
 * unless a stop word among them would leave too little.
 */
const queryWords = (text: string): Spellings[] => {
  const words = new Map<string, Spellings>()
  for (const { parts, joined } of compoundsOf(text)) {
    const telling = parts.filter((part) => !isStopWord(part))
    const key = termOf(joined ?? parts.join(' '))
    if (words.has(key)) continue
    if (joined === undefined) for (const part of telling) words.set(termOf(part), [part])
    else words.set(key, telling.length > 1 ? [joined, telling] : [joined])
  }
  return [...words.values()].slice(0, MOST_WORDS)
}

/** Queries of the full-text index; `distance` is the negative relevance. */
export const textQueries = (db: Db) => {
  const { and, or, quote } = db.fragments.either({ and: ' AND ', or: ' OR ', quote: '"' }, { and: ' & ', or: ' | ', quote: "'" })
  const word = (text: string) => `${quote}${termOf(text)}${quote}`
  const spelled = (spelling: Spellings[number]): string =>
    typeof spelling === 'string' ? word(spelling) : `(${spelling.map(word).join(and)})`
  type Found = { gift_hash: string; distance: number }
  const best = db.statement<Found>('text_best', {
    sqlite: `select d.gift_hash, f.distance from (select rowid as id, bm25(product_words, ${LITE_WEIGHTS}) as distance from product_words
        where product_words match :query order by distance limit likely(:max)) f
      join product_documents d on d.id = f.id order by f.distance`,
    postgres: `select gift_hash, -${POSTGRES_RANK}::float8 as distance from product_documents
      where document @@ to_tsquery('simple', :query) order by distance limit :max::int`,
  })
  const bestFrom = db.statement<Found>('text_best_from', {
    sqlite: `select d.gift_hash, f.distance from (select * from (select rowid as id, bm25(product_words, ${LITE_WEIGHTS}) as distance from product_words
        where product_words match :query) where distance >= :least order by distance limit likely(:max)) f
      join product_documents d on d.id = f.id order by f.distance`,
    postgres: `select * from (select gift_hash, -${POSTGRES_RANK}::float8 as distance from product_documents
      where document @@ to_tsquery('simple', :query)) f where distance >= :least::float8 order by distance limit :max::int`,
  })
  const distanceOf = db.statement<{ distance: number }>('text_distance_of', {
    sqlite: `select bm25(product_words, ${LITE_WEIGHTS}) as distance from product_words
      where product_words match :query and rowid = (select id from product_documents where gift_hash = :hash)`,
    postgres: `select -${POSTGRES_RANK}::float8 as distance from product_documents
      where document @@ to_tsquery('simple', :query) and gift_hash = :hash`,
  })
  const anything = db.statement<{ one: number }>('text_anything', {
    sqlite: 'select 1 as one from product_words where product_words match :query limit 1',
    postgres: `select 1 as one from product_documents where document @@ to_tsquery('simple', :query) limit 1`,
  })
  const toCandidates = (rows: Found[]): Candidate[] => rows.map((row) => ({ giftHash: row.gift_hash, distance: row.distance }))

  return {
    /**
     * A query in the engine's own language. Words are letters and digits only (`compoundsOf`), so nothing in them can be taken for an
     * operator.
     */
    expression(words: readonly Spellings[], mode: 'all' | 'any'): string {
      return words.map((spellings) => `(${spellings.map(spelled).join(or)})`).join(mode === 'all' ? and : or)
    },
    /** The `max` best for an expression, best first; those with a distance of at least `least`, if given. */
    async best(query: string, max: number, least?: number): Promise<Candidate[]> {
      if (query === '') return []
      return toCandidates(await (least === undefined ? best.all({ query, max }) : bestFrom.all({ query, max, least })))
    },
    /** Whether any product fits. */
    isFound: async (query: string): Promise<boolean> => (await anything.all({ query })).length > 0,
    /** What a product costs now; undefined if it does not fit any more. */
    distanceOf: async (query: string, hash: string): Promise<number | undefined> =>
      query === '' ? undefined : (await distanceOf.all({ query, hash }))[0]?.distance,
  }
}
export type TextQueries = ReturnType<typeof textQueries>

/** Full-text search over title, category, merchant and description (gifty §6). */
export const createTextSearch = (queries: TextQueries, lookup: CatalogLookup, spelling: Pick<Spelling, 'corrections'>) => {
  const ranked = (query: string, filter: LookupFilter, wanted: number, after?: { distance: number; giftId: string }) =>
    takeTopK({
      fetch: (count) => queries.best(query, count, after?.distance),
      passing: (hashes) => lookup.passing(hashes, filter),
      wanted,
      after,
    })
  /** Each word of a text with its other spellings: with and without a fleeting vowel, and its possible corrections. */
  const spelledWords = (text: string): Promise<Spellings[]> =>
    Promise.all(
      queryWords(text).map(async (given) => {
        const [word] = given as [string]
        const spellings = [...given, ...vowelVariants(stemOf(word))]
        if (await queries.isFound(queries.expression([spellings], 'any'))) return spellings
        return [...spellings, ...(await spelling.corrections(word))]
      }),
    )

  return {
    /**
     * Products with every word of the text, by relevance, then gift id. A page begins after the last product of the page before. Its
     * relevance changes with the catalogue, so the present one is read; `last.distance` is used when the product is gone.
     */
    async page(
      text: string,
      filter: LookupFilter,
      wanted: number,
      last?: { distance: number; giftId: string; giftHash: string },
    ): Promise<Ranked[]> {
      const query = queries.expression(await spelledWords(text), 'all')
      if (query === '') return []
      const after = last && { giftId: last.giftId, distance: (await queries.distanceOf(query, last.giftHash)) ?? last.distance }
      return (await ranked(query, filter, wanted, after)).found
    },

    /** Products with every word first, then those with some, each by relevance. */
    async find(text: string, filter: LookupFilter, wanted: number): Promise<(Ranked & { complete: boolean })[]> {
      const words = await spelledWords(text)
      if (words.length === 0) return []
      const whole = (await ranked(queries.expression(words, 'all'), filter, wanted)).found
      const found = whole.map((match) => ({ ...match, complete: true }))
      if (found.length >= wanted || words.length === 1) return found
      const known = new Set(whole.map((match) => match.giftHash))
      const some = (await ranked(queries.expression(words, 'any'), filter, wanted + known.size)).found
      for (const match of some) if (!known.has(match.giftHash) && found.length < wanted) found.push({ ...match, complete: false })
      return found
    },
  }
}
export type TextSearch = ReturnType<typeof createTextSearch>
