import { expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import { onEachDatabase } from '../support/databases.ts'
import { codeOf, makeRig, problemOf, product, type Rig } from './rig.ts'
import { giftId, scored, submit } from './scoring-rig.ts'

const recommend = (app: Rig, body: Record<string, unknown> = {}) => app.ok('POST', '/internal/recommendations', body)
const ids = (answer: any): string[] => answer.gifts.map((gift: any) => gift.gift_id.slice(giftId('').length))
const codes = (gift: any) => gift.reasons.map((reason: any) => reason.code)

const TEA = { title: 'Набор китайского чая в подарочной коробке', category: 'Чай', price: 1200, merchant: 'Лавка' }
const shelf = [
  product('tea', TEA),
  product('cup', { title: 'Кружка для чая с ситечком', category: 'Посуда', price: 700, merchant: 'Фарфор' }),
  product('teapot', { title: 'Чайник заварочный стеклянный', description: 'Для чая и трав', category: 'Посуда', price: 1500 }),
  product('drill', { title: 'Дрель аккумуляторная', category: 'Инструменты', price: 5200, merchant: 'Мастер' }),
  product('book', { title: 'Книга рецептов итальянской кухни', category: 'Книги', price: 900 }),
  product('toy', { title: 'Эротический набор для двоих', category: 'Игры', price: 1000 }),
  product('flagged', { title: 'Чай для взрослых', category: 'Чай', price: 1000, raw_data: { adult: true } }),
  product('free', { title: 'Открытка с чаем', category: 'Чай', price: null }),
]
const filled = async (app: Rig) => {
  await app.ingest(shelf)
  await app.services.search.embedding.embedPending()
}

onEachDatabase('gifty recommendations', (database) => {
  test('gifty §13.23: an empty catalogue gives empty lists, 200', async () => {
    const app = await makeRig(database)
    const nothing = { engine_version: 'vector_v1', featured_gift: null, gifts: [], debug: null }
    expect(await recommend(app)).toEqual(nothing)
    expect(await recommend(app, { interests: ['чай'], budget: 100 })).toEqual(nothing)
    expect((await recommend(app, { interests: ['чай'], debug: true })).debug).toMatchObject({ way: 'text', candidates: 0 })
  })

  test('gifty §6: the nearest to the profile come first, with a score, reasons and all fields of a product', async () => {
    const app = await makeRig(database)
    await filled(app)
    const answer = await recommend(app, { interests: ['чай'], budget: 1300, limit: 3, diversity: 0, debug: 'yes' })
    expect(answer.debug).toMatchObject({ way: 'vector', profile_text: 'чай', max_price: 1430, candidates: 3 })
    expect(answer.featured_gift).toEqual(answer.gifts[0])
    expect(ids(answer)).toContain('tea')
    const tea = answer.gifts.find((gift: any) => gift.gift_id === giftId('tea'))
    const { score, similarity, reasons, ...rest } = tea
    const [listed] = (await app.ok('GET', `/internal/products?gift_id=${encodeURIComponent(giftId('tea'))}`)).items
    expect(rest).toEqual(listed)
    // 0.55 similarity + 0.25 x 0.5 + 0.15 x 5/10 + 0.05 x 1
    expect(score).toBeCloseTo(0.55 * Math.max(0, similarity) + 0.125 + 0.075 + 0.05, 10)
    expect(reasons).toEqual([
      { code: 'matches_interest', text: 'Matches the interest: чай' },
      { code: 'fits_budget', text: 'Fits the budget: 1200 of 1300' },
    ])
    expect(await recommend(app, { interests: ['чай'], budget: 1300, limit: 3, diversity: 0, debug: true })).toEqual(answer)
  })

  test('gifty §13.23: exclusions, bounds, strict and soft budget and adult goods hold', async () => {
    const app = await makeRig(database)
    await filled(app)
    const all = async (constraints: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
      ids(await recommend(app, { interests: ['чай'], limit: 30, ...more, constraints })).sort()
    expect(await all()).toEqual(['book', 'cup', 'drill', 'free', 'tea', 'teapot'])
    expect(await all({ adult_allowed: true })).toEqual(['book', 'cup', 'drill', 'flagged', 'free', 'tea', 'teapot', 'toy'])
    // In title or description, in any case and with ё as е.
    expect(await all({ exclude_keywords: ['ТРАВ', ' ', 'Дрёль'] })).toEqual(['book', 'cup', 'free', 'tea'])
    expect(await all({ exclude_categories: ['посуда', 'Кни'] })).toEqual(['book', 'drill', 'free', 'tea'])
    expect(await all({ exclude_item_types: ['кни', 'инструмент'] })).toEqual(['cup', 'free', 'tea', 'teapot'])
    expect(await all({ exclude_merchants: ['МАСТЕР', 'фарфор'] })).toEqual(['book', 'free', 'tea', 'teapot'])
    expect(await all({ min_price: 900, max_price: 1200 })).toEqual(['book', 'tea'])
    expect(await all({ budget_strictness: 'strict' }, { budget: 1100 })).toEqual(['book', 'cup'])
    expect(await all({ budget_strictness: 'soft' }, { budget: 1100 })).toEqual(['book', 'cup', 'tea'])
    expect(await all({ exclude_keywords: ['ч', 'к', 'д'] })).toEqual([])
    await app.db.sql(
      sql`update products set is_active = ${database.dialect === 'postgres' ? sql`false` : sql`0`} where title like 'Дрель%'`,
    )
    expect(await all()).not.toContain('drill')
  })

  test('gifty §6: an empty profile gets the best scored; axes and ratings of what is selected count', async () => {
    const app = await makeRig(database)
    await filled(app)
    await submit(
      app,
      scored(giftId('drill'), { llm_gift_score: 9, llm_gift_vector: { practicality: 10, warmth: 0, gender_bias: 'masculine' } }),
      scored(giftId('book'), {
        llm_gift_score: 9.5,
        llm_gift_vector: { romance: 9, warmth: 9, age_suitability: { child: 1, '18+': 9 } },
      }),
      scored(giftId('cup'), { llm_gift_score: 1 }),
    )
    const best = await recommend(app, { diversity: 0, limit: 4, debug: true })
    expect(best.debug.way).toBe('best')
    expect(ids(best)).toEqual(['book', 'drill', 'free', 'tea'])
    expect(best.gifts.map((gift: any) => gift.similarity)).toEqual([null, null, null, null])
    expect(codes(best.gifts[0])).toEqual(['highly_rated'])
    // 0.25 x (0.9 + 0.9) / 2 + 0.15 x 0.95 + 0.05
    const partner = await recommend(app, { relationship: ' Partner', diversity: 0, limit: 1, interests: [] })
    expect(partner.featured_gift).toMatchObject({ gift_id: giftId('book') })
    expect(codes(partner.featured_gift)).toEqual(['axis_high', 'highly_rated'])
    const him = await recommend(app, { recipient_gender: 'male', recipient_age: '30', diversity: 0, debug: true, top_n: 2 })
    expect(him.debug.axes).toEqual(['age_suitability', 'gender_bias'])
    const parts = Object.fromEntries(him.debug.scores.map((part: any) => [part.gift_id, part]))
    expect(parts[giftId('drill')].axes).toBe((0.5 + 1) / 2)
    expect(parts[giftId('book')].axes).toBe((0.9 + 0.5) / 2)
    expect(codes(him.gifts.find((gift: any) => gift.gift_id === giftId('drill')))).toEqual(['axis_high', 'highly_rated'])
    // A preference outweighs a tenth of similarity; what is avoided sinks.
    const preferred = await recommend(app, {
      constraints: { prefer_keywords: ['ситечк', 'круж', 'чая', 'для'], prefer_categories: ['ПОСУДА'], avoid_keywords: ['кухн'] },
      diversity: 0,
      debug: true,
      limit: 30,
    })
    const bonus = Object.fromEntries(preferred.debug.scores.map((part: any) => [part.gift_id, part.preferences]))
    expect([bonus[giftId('cup')], bonus[giftId('teapot')], bonus[giftId('book')], bonus[giftId('drill')]]).toEqual([
      0.15, 0.15, -0.05, 0,
    ])
    expect(codes(preferred.gifts.find((gift: any) => gift.gift_id === giftId('cup')))).toEqual(['preferred'])
  })

  test('gifty §6: without embeddings the full text finds the candidates', async () => {
    const app = await makeRig(database)
    await app.ingest(shelf)
    const answer = await recommend(app, { interests_description: 'любит чай', debug: true })
    expect(answer.debug.way).toBe('text')
    expect(ids(answer)).toContain('tea')
    expect(ids(answer)).not.toContain('drill')
    expect(answer.gifts[0].similarity).toBeNull()
    // Nothing but small words says as little as no words.
    await app.services.search.embedding.embedPending()
    expect((await recommend(app, { vibe: '!!!', debug: true })).debug.way).toBe('best')
  })

  test('gifty §6: without an embedder the full text finds the candidates', async () => {
    const app = await makeRig(database, { env: { EMBEDDING_MODEL: 'other', EMBEDDING_DIM: '8' } })
    await app.ingest(shelf)
    const { tasks } = await app.ok('POST', '/internal/embeddings/tasks', { model_name: 'other', model_version: '1' })
    const results = tasks.map(({ gift_id, content_hash }: any, n: number) => ({
      gift_id,
      content_hash,
      embedding: Array.from({ length: 8 }, (_, i) => (i === n % 8 ? 1 : 0)),
    }))
    await app.ok('POST', '/internal/embeddings/submit', { model_name: 'other', model_version: '1', results })
    const answer = await recommend(app, { interests: ['чай'], debug: true })
    expect(answer.debug.way).toBe('text')
    expect(ids(answer)).toContain('tea')
  })

  test('gifty §6: more exclusions than the first 200 candidates still leave the others', async () => {
    const app = await makeRig(database)
    const many = Array.from({ length: 450 }, (_, n) => product(`m${n}`, { title: `Чай зелёный номер ${n}`, category: 'Чай' }))
    await app.ingest([...many, product('rest', { title: 'Глобус', category: 'Школа' })])
    await app.services.search.embedding.embedPending()
    const constraints = { exclude_categories: ['чай'] }
    expect(ids(await recommend(app, { interests: ['чай'], constraints }))).toEqual(['rest'])
    expect(ids(await recommend(app, { constraints }))).toEqual(['rest'])
    const all = await recommend(app, { interests: ['чай'], debug: true, limit: 30 })
    expect([all.debug.candidates, all.gifts.length]).toEqual([200, 30])
  })

  test('gifty §1.3: values out of bounds and price bounds that contradict each other are 422', async () => {
    const app = await makeRig(database)
    for (const [body, loc, type] of [
      [{ age: 121 }, ['age'], 'less_than_equal'],
      [{ recipient_age: -1 }, ['recipient_age'], 'greater_than_equal'],
      [{ gender: 'other' }, ['gender'], 'enum'],
      [{ interests: Array.from({ length: 31 }, () => 'x') }, ['interests'], 'value_error'],
      [{ budget: 0 }, ['budget'], 'value_error'],
      [{ limit: 31 }, ['limit'], 'less_than_equal'],
      [{ top_n: 0 }, ['top_n'], 'greater_than_equal'],
      [{ diversity: 1.1 }, ['diversity'], 'less_than_equal'],
      [{ constraints: { budget_strictness: 'lax' } }, ['constraints', 'budget_strictness'], 'enum'],
      [{ constraints: { min_price: 2, max_price: 1 } }, ['constraints', 'max_price'], 'value_error'],
      [{ constraints: [] }, ['constraints'], 'dict_type'],
    ] as const)
      expect(problemOf(await app.post('/internal/recommendations', body))).toMatchObject({ type, loc: ['body', ...loc] })
    expect(codeOf(await app.get('/internal/recommendations'))).toEqual([405, 'method_not_allowed'])
    expect((await app.post('/internal/recommendations')).status).toBe(200)
    const nulls = { age: null, limit: null, diversity: null, debug: null, interests: null, constraints: { adult_allowed: null } }
    expect((await app.post('/internal/recommendations', nulls)).status).toBe(200)
  })
})
