import type { Clock } from '../../platform/clock.ts'
import type { Db } from '../../platform/db/index.ts'
import { editDistance, isStopWord, stemOf, wordsOf } from '../../platform/search/words.ts'
import type { CatalogLookup } from '../catalog/lookup.ts'

const FOLLOWER = 'spelling'
const WINDOW = 500
/** Number of stems cached as stored, which saves queries: titles repeat theirs. */
const REMEMBERED = 100_000
const SHORTEST = 4
const LONGEST = 24
/** Most spellings that a word of a query is corrected to, and most stems that it is compared with. */
const MOST_SPELLINGS = 3
const MOST_COMPARED = 80

const gramsOf = (stem: string): string[] => {
  const marked = `^${stem}$`
  return [...new Set(Array.from({ length: marked.length - 2 }, (_, at) => marked.slice(at, at + 3)))]
}
/** Letters only: numbers and model names have neighbours that mean something else. */
const isCorrectable = (stem: string) => stem.length >= SHORTEST && stem.length <= LONGEST && /^\p{L}+$/u.test(stem)
const mostEdits = (stem: string) => (stem.length < 6 ? 1 : 2)

const CONSONANT = 'бвгджзйклмнпрстфхцчшщ'
const isConsonant = (letter: string | undefined) => letter !== undefined && CONSONANT.includes(letter)
/**
 * The same Russian stem with its fleeting vowel, or without: `сумк` of "сумка" is `сумок` in "сумок". The rules of stemming leave
 * these apart.
 */
export const vowelVariants = (stem: string): string[] => {
  const [third, second, last] = [stem.at(-3), stem.at(-2), stem.at(-1)]
  if (stem.length < 3 || !isConsonant(last)) return []
  if ((second === 'о' || second === 'е') && isConsonant(third)) return [`${stem.slice(0, -2)}${last}`]
  if (last !== 'к' && last !== 'ц') return []
  if (second === 'ь' || second === 'й') return [`${stem.slice(0, -2)}е${last}`]
  return isConsonant(second) ? ['о', 'е'].map((vowel) => `${stem.slice(0, -1)}${vowel}${last}`) : []
}

export interface SpellingDeps {
  db: Db
  clock: Clock
  lookup: CatalogLookup
  /** Contents younger than it may have been overtaken by higher ids. */
  lateMs: number
}

/** Corrections of misspelt words of queries, from the words of the products. */
export const createSpelling = ({ db, clock, lookup, lateMs }: SpellingDeps) => {
  const { param, limit, bytewise, jsonTexts } = db.fragments
  const position = db.statement<{ position: number | string }>(
    'spelling_position',
    'select position from search_progress where follower = :follower',
  )
  const advance = db.statement<{ position: number }>(
    'spelling_advance',
    `insert into search_progress (follower, position) values (:follower, ${param('position', 'bigint')})
     on conflict (follower) do update set position = excluded.position returning position`,
  )
  const next = db.statement<{ id: number | string; gift_hash: string; indexed_at: unknown }>(
    'spelling_next',
    `select id, gift_hash, indexed_at from product_documents where id > :after order by id limit ${limit('max')}`,
  )
  const addTerms = db.batch<{ stem: string }>(
    'spelling_terms',
    [
      { name: 'stem', type: 'text' },
      { name: 'word', type: 'text' },
    ],
    (source) => `insert into search_terms (stem, word) select stem, word from ${source} s where true order by stem
      on conflict do nothing returning stem`,
  )
  const addGrams = db.batch<never>(
    'spelling_grams',
    [
      { name: 'gram', type: 'text' },
      { name: 'length', type: 'bigint' },
      { name: 'stem', type: 'text' },
    ],
    (source) => `insert into search_term_grams (gram, length, stem) select gram, length, stem from ${source} s where true
      order by gram, length, stem on conflict do nothing`,
  )
  const near = db.statement<{ stem: string; word: string }>(
    'spelling_near',
    `select t.stem, t.word from (select g.stem, count(*) as shared from search_term_grams g
        where g.gram in ${jsonTexts('grams')} and g.length between ${param('least', 'int')} and ${param('most', 'int')}
        group by g.stem order by shared desc, ${bytewise('g.stem')} limit ${MOST_COMPARED}) n
      join search_terms t on t.stem = n.stem`,
  )
  let seen = new Set<string>()

  return {
    /** Stores the stems of contents added since the last call; answers how many were new. */
    async learn(signal?: AbortSignal): Promise<number> {
      let learnt = 0
      while (!signal?.aborted) {
        const after = Number((await position.all({ follower: FOLLOWER }))[0]?.position ?? 0)
        const rows = (await next.all({ after, max: WINDOW })).filter(
          (row) => clock.now() - new Date(row.indexed_at as Date).getTime() >= lateMs,
        )
        const last = rows.at(-1)
        if (!last) break
        const words = new Map<string, string>()
        for (const { contentText } of await lookup.texts(rows.map((row) => row.gift_hash)))
          for (const word of wordsOf(contentText)) {
            const stem = stemOf(word)
            if (isCorrectable(stem) && !isStopWord(word) && !seen.has(stem) && !words.has(stem)) words.set(stem, word)
          }
        // In key order: two processes that store the same words must not deadlock.
        const terms = [...words].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        learnt += await db.tx(function* (tx) {
          const added = yield* tx.batch(addTerms, terms)
          yield* tx.batch(
            addGrams,
            added.flatMap(({ stem }) => gramsOf(stem).map((gram) => [gram, stem.length, stem])),
          )
          yield* tx.run(advance, { follower: FOLLOWER, position: Number(last.id) })
          return added.length
        })
        if (seen.size > REMEMBERED) seen = new Set()
        for (const [stem] of terms) seen.add(stem)
        await new Promise((resolve) => setImmediate(resolve))
      }
      return learnt
    },

    /** Corrections of a word that no product has: the nearest words of products first, at most three. */
    async corrections(word: string): Promise<string[]> {
      const stem = stemOf(word)
      if (!isCorrectable(stem)) return []
      const most = mostEdits(stem)
      const rows = await near.all({
        grams: JSON.stringify(gramsOf(stem)),
        least: stem.length - most,
        most: stem.length + most,
      })
      return rows
        .map((row) => ({ ...row, distance: editDistance(stem, row.stem, most) }))
        .filter(({ distance }) => distance <= most)
        .sort((a, b) => a.distance - b.distance)
        .filter(({ distance }, _, all) => distance === all[0]?.distance)
        .slice(0, MOST_SPELLINGS)
        .map((row) => row.word)
    },
  }
}
export type Spelling = ReturnType<typeof createSpelling>
