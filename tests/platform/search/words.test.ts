import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { stemmer as stemRussian } from '@orama/stemmers/russian'
import postgres from 'postgres'
import { editDistance, stemEnglish, stemOf, termsOf, wordsOf } from '../../../src/platform/search/words.ts'

test('words are letters and digits in lower case, ё is е, compatibility forms are one', () => {
  expect(wordsOf('Ёлка-ИГРУШКА, 25см/Ｗｉｆｉ «5 ГГц»')).toEqual(['елка', 'игрушка', '25см', 'wifi', '5', 'ггц'])
  expect(wordsOf('" OR (a:b*) NEAR ^ \' \\ & | ! <-> ')).toEqual(['or', 'a', 'b', 'near'])
  expect(wordsOf('')).toEqual([])
  expect(wordsOf('я'.repeat(500))).toEqual(['я'.repeat(64)])
  expect(termsOf('Сумка для женщин и with the bag')).toEqual(['сумк', 'женщин', 'bag'])
})

test('forms of one Russian word have one stem', () => {
  for (const [stem, ...forms] of [
    ['сумк', 'сумка', 'сумки', 'сумке', 'сумку', 'сумкой', 'сумками', 'сумках'],
    ['женск', 'женская', 'женские', 'женских', 'женскому', 'женскими'],
    ['красив', 'красивый', 'красивая', 'красивейший', 'красиво'],
    ['носк', 'носки', 'носков', 'носкам', 'носками'],
  ])
    for (const form of forms) expect([form, stemRussian(form)]).toEqual([form, stem as string])
  expect(stemRussian('вдрг')).toBe('вдрг')
})

test('forms of one English word have one stem', () => {
  for (const forms of [
    ['shoe', 'shoes'],
    ['watch', 'watches'],
    ['running', 'run', 'runs'],
    ['printed', 'prints', 'printing'],
    ['battery', 'batteries'],
    ['game', 'games', 'gaming'],
  ])
    expect(new Set(forms.map(stemEnglish)).size).toBe(1)
  expect(stemOf('bus')).toBe('bus')
})

const url = process.env.TEST_DATABASE_URL
if (!url) console.warn('skipped: stems against Postgres (TEST_DATABASE_URL is not set)')
test.skipIf(!url)("Russian stems are those of Postgres' russian_stem, over every Russian word of 2,000 real titles", async () => {
  const sql = postgres(url as string, { max: 1 })
  const text = await Bun.file(join(import.meta.dir, '../../fixtures/products.ndjson')).text()
  const words = [...new Set(wordsOf(text))].filter((word) => /^[а-я]+$/.test(word))
  expect(words.length).toBeGreaterThan(4000)
  const rows = await sql.unsafe("select word, (ts_lexize('russian_stem', word))[1] as stem from unnest($1::text[]) as word", [
    words,
  ])
  await sql.end()
  // A stop word has no stem there.
  const differ = rows.filter((row) => row.stem && row.stem !== stemRussian(row.word))
  expect(differ.map((row) => [row.word, row.stem])).toEqual([])
})

test('the distance of two words counts changed, added, missing and swapped letters', () => {
  for (const [a, b, distance] of [
    ['рюкзак', 'рюкзаг', 1],
    ['перчатк', 'перчтак', 1],
    ['кросовк', 'кроссовк', 1],
    ['ботилен', 'ботильон', 2],
    ['', 'ab', 2],
    ['same', 'same', 0],
    ['near', 'elsewhere', 3],
  ] as const) {
    expect(editDistance(a, b, 2)).toBe(distance)
    expect(editDistance(b, a, 2)).toBe(distance)
  }
})
