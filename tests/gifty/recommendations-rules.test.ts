import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { giftHash } from '../../src/gifty/catalog/identity.ts'
import type { ProductRow } from '../../src/gifty/catalog/repository.ts'
import { recommendationsRequest } from '../../src/gifty/recommendations/index.ts'
import { axesScore, axisFit, fold, readProfile } from '../../src/gifty/recommendations/profile.ts'
import { budgetScore, createRecommendations, pickDiverse } from '../../src/gifty/recommendations/service.ts'
import type { GiftVector } from '../../src/gifty/scoring.ts'

const WORDS = ['чай', 'Кружка', 'дрель', 'ёлка', 'книга', 'секс-шоп', 'робот', 'набор']
const CATEGORIES = ['Чай', 'Книги', 'Игры для детей', null]
const MERCHANTS = ['Лавка', 'МАСТЕР', null]
const AT = new Date(0)

const row = (n: number, more: Partial<ProductRow>): ProductRow => ({
  ...{ giftHash: giftHash(`s:${n}`), giftId: `s:${n}`, siteKey: 's', sourceId: null, title: 't', description: null, price: null },
  ...{ currency: 'RUB', imageUrl: null, productUrl: 'u', merchant: null, category: null, categoryKey: null, isActive: true },
  ...{ contentText: 't', contentHash: 'h', llmGiftScore: null, llmGiftReasoning: null, llmGiftVector: null },
  ...{ llmScoringModel: null, llmScoringVersion: null, llmScoredAt: null, llmScoredHash: null, needsScoring: true, raw: null },
  ...{ createdAt: AT, updatedAt: AT, lastSeenAt: AT },
  ...more,
})

/** Recommendations over rows in memory; vectors are made of the words of the title. */
const over = (rows: ProductRow[], hasVectors = true) => {
  const vectorOf = (text: string) => {
    const parts = Float32Array.from(WORDS, (word) => (fold(text).includes(fold(word)) ? 1 : 0.01))
    const length = Math.hypot(...parts)
    return parts.map((part) => part / length)
  }
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, part, n) => sum + part * (b[n] as number), 0)
  const ranked = (vector: Float32Array, limit: number) =>
    rows
      .map(({ giftId, title }) => ({ giftId, similarity: dot(vector, vectorOf(title)) }))
      .sort((a, b) => b.similarity - a.similarity || (a.giftId < b.giftId ? -1 : 1))
      .slice(0, limit)
  return createRecommendations({
    search: {
      embedQuery: async (text) => vectorOf(text),
      // Careless about prices on purpose: whatever an index answers, the constraints hold.
      nearest: async (of, { limit }) => ranked(of as Float32Array, limit),
      searchText: async (text, { limit }) =>
        ranked(vectorOf(text), limit).map(({ giftId }, n) => ({ giftId, rank: n + 1, complete: true })),
      hasVectors: async () => hasVectors,
      vectorsOf: async (ids) =>
        new Map(hasVectors ? rows.filter((one) => ids.includes(one.giftId)).map((one) => [one.giftId, vectorOf(one.title)]) : []),
    },
    lookup: { rows: async (hashes) => rows.filter((one) => hashes.includes(one.giftHash)) },
    best: { statements: undefined as never, first: async (max) => rows.slice(0, max).map((one) => one.giftId) },
    adultKeywords: ['секс-', '18+'],
  })
}

const price = fc.option(fc.integer({ min: 0, max: 2000 }), { nil: null })
const products = fc
  .array(
    fc.record({
      title: fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }).map((words) => words.join(' ')),
      description: fc.option(fc.constantFrom(...WORDS), { nil: null }),
      category: fc.constantFrom(...CATEGORIES),
      merchant: fc.constantFrom(...MERCHANTS),
      price,
      isActive: fc.boolean(),
      llmGiftScore: fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: null }),
      llmGiftVector: fc.constantFrom(null, { warmth: 9, romance: 1 }, { gender_bias: -5, age_suitability: { adult: 10 } }),
      raw: fc.constantFrom(null, { adult: true }, { adult: 'false' }),
    }),
    { maxLength: 40 },
  )
  .map((list) => list.map((more, n) => row(n, more as Partial<ProductRow>)))
const some = <T>(values: readonly T[]) => fc.array(fc.constantFrom(...values), { maxLength: 2 })
const request = fc.record(
  {
    age: fc.nat({ max: 120 }),
    gender: fc.constantFrom('male', 'female', 'unisex'),
    relationship: fc.constantFrom('partner', 'boss', 'nobody', ''),
    occasion: fc.constantFrom('birthday', 'Valentine\u0027s day', 'x'),
    interests: some(WORDS),
    budget: fc.integer({ min: 1, max: 2000 }),
    limit: fc.integer({ min: 1, max: 30 }),
    diversity: fc.double({ min: 0, max: 1, noNaN: true }),
    debug: fc.boolean(),
    constraints: fc.record(
      {
        exclude_keywords: some([...WORDS, 'ЁЛ', 'зз']),
        exclude_categories: some(['чай', 'Книги']),
        exclude_merchants: some(['лавка', 'мастер']),
        exclude_item_types: some(['игры', 'книг']),
        prefer_keywords: some(WORDS),
        avoid_keywords: some(WORDS),
        prefer_categories: some(['ЧАЙ']),
        min_price: fc.integer({ min: 0, max: 500 }),
        max_price: fc.integer({ min: 500, max: 2000 }),
        adult_allowed: fc.boolean(),
        budget_strictness: fc.constantFrom('soft', 'strict'),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
)

describe('gifty §6: rules of recommendations', () => {
  test('§13.23: whatever is asked, no constraint is ever violated, the order is deterministic, nothing that passes is missing', async () => {
    await fc.assert(
      fc.asyncProperty(products, request, fc.boolean(), async (rows, asked, hasVectors) => {
        const body = recommendationsRequest.parse(asked)
        const answer = await over(rows, hasVectors).recommend(body)
        const { constraints: given = {}, budget } = asked
        const most = Math.min(
          given.max_price ?? Infinity,
          budget === undefined ? Infinity : budget * (given.budget_strictness === 'strict' ? 1 : 1.1) + 1e-9,
        )
        const allowed = rows.filter((one) => {
          const text = fold(`${one.title} ${one.description ?? ''}`)
          const bounded = given.min_price !== undefined || most !== Infinity
          return (
            one.isActive &&
            !(bounded && one.price === null) &&
            !((one.price ?? 0) > most || (given.min_price !== undefined && (one.price as number) < given.min_price)) &&
            !(given.exclude_keywords ?? []).some((word) => text.includes(fold(word))) &&
            !(given.exclude_categories ?? []).some((name) => fold(one.category ?? '') === fold(name)) &&
            !(given.exclude_merchants ?? []).some((name) => fold(one.merchant ?? '') === fold(name)) &&
            !(given.exclude_item_types ?? []).some((type) => fold(one.category ?? '').includes(fold(type))) &&
            (given.adult_allowed || !(/секс-/.test(text) || (one.raw as any)?.adult === true))
          )
        })
        const ids = answer.gifts.map((gift) => gift.gift_id)
        for (const id of ids) expect(allowed.map((one) => one.giftId)).toContain(id)
        expect(new Set(ids).size).toBe(ids.length)
        expect(ids.length).toBe(Math.min(allowed.length, asked.limit ?? 10))
        expect(answer.featured_gift).toEqual(answer.gifts[0] ?? null)
        for (const gift of answer.gifts)
          for (const reason of gift.reasons) {
            expect(reason.text).not.toBe('')
            if (reason.code === 'fits_budget') expect(gift.price as number).toBeLessThanOrEqual(budget as number)
          }
        expect(await over([...rows].reverse(), hasVectors).recommend(body)).toMatchObject(
          readProfile(body).text === '' ? {} : { gifts: answer.gifts.map(({ gift_id }) => ({ gift_id })) },
        )
      }),
      { numRuns: 300 },
    )
  })

  test('rule 2: the budget counts 1 from half to all of it, and falls to 0 at 0 and at a tenth above', () => {
    for (const [price, expected] of [
      [0, 0],
      [25, 0.5],
      [50, 1],
      [100, 1],
      [105, 0.5],
      [110, 0],
      [500, 0],
      [null, 0],
    ] as const)
      expect(budgetScore(price, 100)).toBeCloseTo(expected, 10)
    expect([budgetScore(5, undefined), budgetScore(null, undefined)]).toEqual([1, 1])
  })

  test('rule 3: which axes are selected, what is inverted, and 0.5 without data', () => {
    const axes = (body: Record<string, unknown>) => readProfile(recommendationsRequest.parse(body)).axes
    expect(axes({ relationship: 'partner' })).toEqual(['romance', 'warmth'])
    expect(axes({ occasion: "Valentine's Day" })).toEqual(['romance', 'warmth'])
    expect(axes({ relationship: 'Grandparent', occasion: 'romantic' })).toEqual(['warmth', 'practicality', 'romance'])
    expect(axes({ relationship: 'friend', occasion: 'birthday' })).toEqual(['wow_factor'])
    expect(axes({ relationship: 'boss' })).toEqual(['social_risk', 'occasion_versatility', 'practicality'])
    expect(axes({ relationship: 'child', occasion: 'housewarming' })).toEqual(['wow_factor', 'aesthetics', 'practicality'])
    // What selects axes is not looked for in texts, anything else is.
    const text = (body: Record<string, unknown>) => readProfile(recommendationsRequest.parse(body)).text
    expect(text({ relationship: 'boss', occasion: 'birthday', interests: ['чай', '?!'], vibe: ' уют ' })).toBe('чай уют')
    expect(text({ relationship: 'дядя', occasion: '8 марта' })).toBe('8 марта дядя')
    expect(axes({ age: 5, gender: 'female' })).toEqual(['age_suitability', 'gender_bias'])
    for (const unknown of ['', 'uncle', 'constructor', '__proto__'])
      expect(axes({ relationship: unknown, occasion: unknown })).toEqual([])

    const vector: GiftVector = {
      social_risk: 3,
      warmth: 8,
      gender_bias: -6,
      age_suitability: { '0-12': 2, teen: 4, '18+': 9, 'до 7': 6 },
    }
    const who = (age?: number, gender?: 'male' | 'female' | 'unisex') => ({ age, gender })
    expect(axisFit('social_risk', vector, who())).toBeCloseTo(0.7)
    expect(axisFit('romance', vector, who())).toBeUndefined()
    expect(['male', 'female', 'unisex'].map((gender) => axisFit('gender_bias', vector, who(1, gender as 'male')))).toEqual([
      0.8, 0.2, 0.4,
    ])
    expect(axisFit('gender_bias', { gender_bias: 'feminine' }, who(1, 'female'))).toBe(1)
    expect([5, 10, 15, 40, 17.5].map((age) => axisFit('age_suitability', vector, who(age)))).toEqual([
      0.4,
      0.2,
      0.4,
      0.9,
      undefined,
    ])
    expect(axesScore(vector, { axes: ['warmth', 'romance'], ...who() } as never)).toBeCloseTo((0.8 + 0.5) / 2)
    expect(axesScore(null, { axes: ['warmth'], ...who() } as never)).toBe(0.5)
    expect(axesScore(vector, { axes: [], ...who() } as never)).toBe(0.5)
  })

  test('rule 4: MMR takes the best, then what is good and unlike it; ties by gift_id in byte order', () => {
    const at = (degrees: number) => Float32Array.from([Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)])
    const gift = (id: string, score: number) => ({ row: { giftId: id }, score })
    const gifts = [gift('twin', 0.89), gift('best', 0.9), gift('other', 0.6)]
    const vectors = new Map([
      ['best', at(0)],
      ['twin', at(1)],
      ['other', at(90)],
    ])
    const pick = (diversity: number, limit = 3) => pickDiverse(gifts, vectors, { limit, diversity }).map((one) => one.row.giftId)
    expect(pick(0)).toEqual(['best', 'twin', 'other'])
    expect(pick(0.3)).toEqual(['best', 'other', 'twin'])
    expect(pick(1, 2)).toEqual(['best', 'other'])
    const ties = ['b', 'B', 'a', 'é'].map((id) => gift(id, 0.5))
    expect(pickDiverse(ties, new Map(), { limit: 9, diversity: 0.3 }).map((one) => one.row.giftId)).toEqual(['B', 'a', 'b', 'é'])
  })

  test('MMR picks exactly what its formula says, step by step', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 359 })), { maxLength: 12 }),
        fc.constantFrom(0, 0.25, 0.3, 1),
        (list, diversity) => {
          const vectors = new Map(list.map(([, angle], n) => [`g${n}`, Float32Array.from([Math.cos(angle), Math.sin(angle)])]))
          const gifts = list.map(([score], n) => ({ row: { giftId: `g${n}` }, score: score / 20 }))
          const like = (a: string, b: string) => {
            const [x, y] = [vectors.get(a) as Float32Array, vectors.get(b) as Float32Array]
            return (x[0] as number) * (y[0] as number) + (x[1] as number) * (y[1] as number)
          }
          const picked = pickDiverse(gifts, vectors, { limit: 5, diversity })
          const value = (gift: (typeof gifts)[number], before: typeof gifts) =>
            (1 - diversity) * gift.score -
            diversity * (before.length === 0 ? 0 : Math.max(...before.map((one) => like(gift.row.giftId, one.row.giftId))))
          picked.forEach((gift, n) => {
            const before = picked.slice(0, n)
            for (const rival of gifts.filter((one) => !before.includes(one)))
              expect(value(gift, before)).toBeGreaterThanOrEqual(value(rival, before) - 1e-9)
          })
          expect(picked).toHaveLength(Math.min(5, gifts.length))
        },
      ),
    )
  })
})
