import { join } from 'node:path'
import type { ProductSearch } from '../../src/gifty/search/service.ts'
import { ROOT } from './rig.ts'

/** A query and what is right for it. */
export interface LabelledQuery {
  query: string
  /** As its words stand in titles, in other forms, or misspelt. */
  kind: 'plain' | 'form' | 'misspelt'
  /** A product is relevant when its title, in lower case with `е` for `ё`, matches every one of these expressions. */
  title: string[]
}
export interface Quality {
  /** Relevant among the first ten, of the relevant there are (at most ten); mean over queries. */
  recall: number
  /** Discounted gain of the first ten against the best order there is; mean over queries. */
  ndcg: number
}
export type Method = 'text' | 'vector' | 'hybrid' | 'answered'
/** `answered` is `POST /products/search`: the products of the fused ranking, by similarity. */
export const METHODS: Method[] = ['text', 'vector', 'hybrid', 'answered']

const K = 10
const lines = async <T>(file: string): Promise<T[]> =>
  (await Bun.file(join(ROOT, 'tests/fixtures', file)).text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T)

export const readQueries = () => lines<LabelledQuery>('search-queries.ndjson')
export const readProducts = () => lines<{ title: string; product_url: string; site_key: string }>('products.ndjson')

export const isRelevant = ({ title }: LabelledQuery, of: string): boolean => {
  const plain = of.toLowerCase().replaceAll('ё', 'е')
  return title.every((expression) => new RegExp(expression, 'u').test(plain))
}

/** Quality of rankings of titles, best first, against the labels; `all` are the titles of the whole catalogue. */
export const qualityOf = (
  ranked: { query: LabelledQuery; titles: string[] }[],
  all: readonly string[],
): Quality & { perQuery: (Quality & { query: string })[] } => {
  const perQuery = ranked.map(({ query, titles }) => {
    const relevant = Math.min(K, all.filter((title) => isRelevant(query, title)).length)
    if (relevant === 0) throw new Error(`nothing is relevant for "${query.query}"`)
    let hits = 0
    let gain = 0
    titles.slice(0, K).forEach((title, n) => {
      if (!isRelevant(query, title)) return
      hits++
      gain += 1 / Math.log2(n + 2)
    })
    let best = 0
    for (let n = 0; n < relevant; n++) best += 1 / Math.log2(n + 2)
    return { query: query.query, recall: hits / relevant, ndcg: gain / best }
  })
  const mean = (of: (one: Quality) => number) => perQuery.reduce((sum, one) => sum + of(one), 0) / perQuery.length
  return { recall: mean((one) => one.recall), ndcg: mean((one) => one.ndcg), perQuery }
}

/** Titles each method finds first for every query. `search` is over the fixture's products, all embedded. */
export const rankAll = async (
  search: ProductSearch & { answered(query: string, limit: number): Promise<string[]> },
  titleOf: ReadonlyMap<string, string>,
): Promise<Record<Method, { query: LabelledQuery; titles: string[] }[]>> => {
  const ranked: Record<Method, { query: LabelledQuery; titles: string[] }[]> = { text: [], vector: [], hybrid: [], answered: [] }
  for (const query of await readQueries()) {
    const found: Record<Method, string[]> = {
      text: (await search.searchText(query.query, { limit: K })).map((match) => match.giftId),
      vector: (await search.nearest(query.query, { limit: K })).map((match) => match.giftId),
      hybrid: (await search.searchBoth(query.query, { limit: K })).map((match) => match.giftId),
      answered: await search.answered(query.query, K),
    }
    for (const method of METHODS) ranked[method].push({ query, titles: found[method].map((id) => titleOf.get(id) as string) })
  }
  return ranked
}
