import { stemOf } from '../../platform/search/words.ts'
import type { CatalogLookup, LookupFilter } from '../catalog/lookup.ts'
import { firstPassing, type Ranked } from './rounds.ts'
import { type Spelling, vowelVariants } from './spelling.ts'
import { queryWords, type TextQueries } from './text-queries.ts'

/** Full-text search over title, category, merchant and description (gifty §6). */
export const createTextSearch = (queries: TextQueries, lookup: CatalogLookup, spelling: Pick<Spelling, 'corrections'>) => {
  const ranked = (query: string, filter: LookupFilter, wanted: number, after?: { cost: number; giftId: string }) =>
    firstPassing({
      fetch: (count) => queries.best(query, count, after?.cost),
      passing: (hashes) => lookup.passing(hashes, filter),
      wanted,
      after,
    })
  /** Each word of a text with its other spellings: with and without a fleeting vowel, and what it may be a misspelling of. */
  const spelledWords = (text: string): Promise<string[][]> =>
    Promise.all(
      queryWords(text).map(async (word) => {
        const spellings = [word, ...vowelVariants(stemOf(word))]
        if (await queries.isFound(queries.expression([spellings], 'any'))) return spellings
        return [...spellings, ...(await spelling.corrections(word))]
      }),
    )

  return {
    /**
     * Products with every word of the text, by relevance, then gift id. A page goes on after the last product of the one before:
     * relevance shifts when the catalogue changes, so its present relevance is asked for; `cost` is what it was.
     */
    async page(
      text: string,
      filter: LookupFilter,
      wanted: number,
      last?: { cost: number; giftId: string; giftHash: string },
    ): Promise<Ranked[]> {
      const query = queries.expression(await spelledWords(text), 'all')
      if (query === '') return []
      const after = last && { giftId: last.giftId, cost: (await queries.costOf(query, last.giftHash)) ?? last.cost }
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
