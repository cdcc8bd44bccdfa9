import { expect, test } from 'bun:test'
import { onEachDatabase } from '../support/databases.ts'
import { makeRig, problemOf, product, type Rig } from './rig.ts'

const titles = async (app: Rig, q: string, more = ''): Promise<string[]> =>
  (await app.ok('GET', `/internal/products?q=${encodeURIComponent(q)}${more}`)).items.map((item: any) => item.title)

onEachDatabase('gifty full text', (database) => {
  test('gifty §13.23: an empty catalogue has an empty list', async () => {
    const app = await makeRig(database)
    expect(await app.ok('GET', '/internal/products?q=%D1%81%D1%83%D0%BC%D0%BA%D0%B0')).toEqual({ items: [], next_cursor: null })
    expect(await app.services.search.search.searchText('сумка', { limit: 5 })).toEqual([])
  })

  test('gifty §6: q looks in title, description, merchant and category, for every word, in any form', async () => {
    const app = await makeRig(database)
    await app.ingest([
      product('bag', { title: 'Женская сумка через плечо', category: 'Аксессуары', merchant: 'Ёлкин' }),
      product('keys', { title: 'Набор гаечных ключей', description: 'Подойдёт для автомобилей', category: 'Инструменты' }),
      product('shoes', { title: 'Running shoes for men', description: null, merchant: 'Nike' }),
      product('sock', { title: 'Носки шерстяные' }),
    ])
    expect(await titles(app, 'сумки')).toEqual(['Женская сумка через плечо'])
    expect(await titles(app, 'СУМОК женских')).toEqual(['Женская сумка через плечо'])
    expect(await titles(app, 'носок')).toEqual(['Носки шерстяные'])
    expect(await titles(app, 'shoe')).toEqual(['Running shoes for men'])
    expect(await titles(app, 'автомобиля')).toEqual(['Набор гаечных ключей'])
    expect(await titles(app, 'елкин')).toEqual(['Женская сумка через плечо'])
    expect(await titles(app, 'nike')).toEqual(['Running shoes for men'])
    expect(await titles(app, 'инструмент ключ')).toEqual(['Набор гаечных ключей'])
    // Every word, wherever it stands; a stop word is none.
    expect(await titles(app, 'сумка ключи')).toEqual([])
    expect(await titles(app, 'сумка для женщин и')).toEqual([])
    expect(await titles(app, 'сумка и плечо')).toEqual(['Женская сумка через плечо'])
    // No word at all finds nothing; blank is as good as absent.
    expect(await titles(app, '!!!')).toEqual([])
    expect(await titles(app, '  ')).toHaveLength(4)
  })

  test('gifty §6: whatever is typed is words, never an operator of the engine', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1, { title: 'Кружка "Лучший папа" 50%' }), product(2, { title: 'NEAR and OR not column' })])
    for (const q of [
      '"',
      '"лучший',
      "o'clock",
      'кружка AND',
      'title:кружка',
      'кружка*',
      '(кружка',
      'NEAR(a b)',
      '^кружка',
      '- кружка',
      'кружка & | ! <->',
      ':*',
      '\\',
      '{a b}:c',
      '%_',
      '1⁄2 ½ ² ㎏ 🎁 \u0000 \u200b e\u0301 ﷺ',
      'ы'.repeat(3000),
      Array.from({ length: 300 }, (_, n) => `слово${n}`).join(' '),
    ]) {
      const answer = await app.get(`/internal/products?q=${encodeURIComponent(q)}`)
      expect([q, answer.status]).toEqual([q, 200])
    }
    expect(await titles(app, '"лучший папа"')).toEqual(['Кружка "Лучший папа" 50%'])
    expect(await titles(app, 'or column')).toEqual(['NEAR and OR not column'])
  })

  test('gifty §6: filters join the text; relevance first, then gift_id in byte order', async () => {
    const app = await makeRig(database)
    const cup = { title: 'Кружка' }
    await app.ingest([
      product('b', { ...cup, price: 10, category: 'Посуда' }),
      product('B', { ...cup, price: 20, category: 'Посуда' }),
      product('ё', { ...cup, price: null, category: 'Посуда' }),
      product('s', { ...cup, price: 10, category: 'Посуда', site_key: 'other' }),
      product('d', { title: 'Блюдце', description: 'Подходит к ней кружка', price: 15, category: 'Посуда' }),
    ])
    const ids = async (more = '') =>
      (await app.ok('GET', `/internal/products?q=${encodeURIComponent('кружки')}${more}`)).items.map((item: any) =>
        item.gift_id.at(-1),
      )
    // The title says more than the description.
    expect(await ids()).toEqual(['s', 'B', 'b', 'ё', 'd'])
    expect(await ids('&max_price=15')).toEqual(['s', 'b', 'd'])
    expect(await ids('&min_price=15&max_price=20')).toEqual(['B', 'd'])
    expect(await ids('&site_key=other')).toEqual(['s'])
    expect(await ids('&category=none')).toEqual([])
    expect(await ids(`&category=${encodeURIComponent('Посуда')}&site_key=shop&max_price=10`)).toEqual(['b'])
    expect(await ids(`&gift_id=${encodeURIComponent('shop:https://shop.example/p/B')}`)).toEqual(['B'])
    expect(await ids('&is_active=false')).toEqual([])
    expect(problemOf(await app.get('/internal/products?q=a&min_price=2&max_price=1')).loc).toEqual(['query', 'max_price'])
  })

  test('gifty §6: pages by relevance go on after the last product, whatever comes in between', async () => {
    const app = await makeRig(database)
    await app.ingest(
      Array.from({ length: 150 }, (_, n) =>
        product(n, { title: n % 3 === 0 ? 'Кружка' : `Кружка ${'большая '.repeat(n % 5)}белая` }),
      ),
    )
    const whole = (await app.ok('GET', `/internal/products?q=${encodeURIComponent('кружка')}&limit=200`)).items.map(
      (item: any) => item.gift_id,
    )
    expect(whole).toHaveLength(150)
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: any = await app.ok(
        'GET',
        `/internal/products?q=${encodeURIComponent('кружка')}&limit=11${cursor && `&cursor=${cursor}`}`,
      )
      seen.push(...page.items.map((item: any) => item.gift_id))
      cursor = page.next_cursor
    }
    expect(seen).toEqual(whole)

    const first = await app.ok('GET', `/internal/products?q=${encodeURIComponent('кружка')}&limit=60`)
    await app.ingest(Array.from({ length: 40 }, (_, n) => product(`other-${n}`, { title: `Совсем другое ${n}` })))
    const second = await app.ok(
      'GET',
      `/internal/products?q=${encodeURIComponent('кружка')}&limit=200&cursor=${first.next_cursor}`,
    )
    expect([...first.items, ...second.items].map((item: any) => item.gift_id).sort()).toEqual([...whole].sort())

    const place = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const cursor of ['x', place([1, 'a']), place(['q', 'a', 'b']), place(['q', 1]), place(['z', 1, 'a'])])
      expect(problemOf(await app.get(`/internal/products?q=a&cursor=${cursor}`)).loc).toEqual(['query', 'cursor'])
    expect(problemOf(await app.get(`/internal/products?cursor=${first.next_cursor}`)).loc).toEqual(['query', 'cursor'])
  })

  test('gifty §6: a filter that few pass costs no match', async () => {
    const app = await makeRig(database)
    for (let part = 0; part < 2; part++)
      await app.ingest(
        Array.from({ length: 1000 }, (_, n) => {
          const at = part * 1000 + n
          return product(at, { title: 'Кружка', price: at === 1998 || at === 3 ? 7 : 100 })
        }),
      )
    expect((await app.ok('GET', '/internal/products?q=%D0%BA%D1%80%D1%83%D0%B6%D0%BA%D0%B0&max_price=7')).items).toHaveLength(2)
  })

  test('gifty §6: the index follows the products: changed words, cleared fields, repeats', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1, { title: 'Старое имя', description: 'описание' })])
    expect(await titles(app, 'старое')).toHaveLength(1)
    await app.ingest([product(1, { title: 'Новое имя', description: null })])
    expect(await titles(app, 'старое')).toEqual([])
    expect(await titles(app, 'описание')).toEqual([])
    expect(await titles(app, 'новое')).toEqual(['Новое имя'])
    await app.ingest([product(1, { title: 'Новое имя', description: null, price: 5 })])
    expect(await titles(app, 'имя')).toEqual(['Новое имя'])
    expect(await app.rows('product_documents')).toBe(1)
    // A refused batch leaves no words behind.
    expect((await app.post('/internal/ingest-batch', { source_id: 99, items: [product(2, { title: 'Призрак' })] })).status).toBe(
      404,
    )
    expect(await titles(app, 'призрак')).toEqual([])
    // Beyond what is hashed of a long description, its words are found all the same.
    await app.ingest([product(3, { title: 'Книга', description: `${'текст '.repeat(900)}` })])
    await app.ingest([product(3, { title: 'Книга', description: `${'текст '.repeat(900)}эпилог` })])
    expect(await titles(app, 'эпилог')).toEqual(['Книга'])
  })

  test('gifty §6: a word that no product has is taken for the nearest one', async () => {
    const app = await makeRig(database)
    await app.ingest([
      product(1, { title: 'Рюкзак городской' }),
      product(2, { title: 'Кроссовки беговые' }),
      product(3, { title: 'Лампа' }),
    ])
    expect(await titles(app, 'рюкзаг')).toEqual([])
    // Contents of other processes may still be on their way for a while.
    app.clock.advance(11_000)
    expect(await app.services.search.embedding.learn()).toBe(5)
    expect(await app.services.search.embedding.learn()).toBe(0)
    expect(await titles(app, 'рюкзаг')).toEqual(['Рюкзак городской'])
    expect(await titles(app, 'кросовки')).toEqual(['Кроссовки беговые'])
    expect(await titles(app, 'городскйо рюкзак')).toEqual(['Рюкзак городской'])
    // Short words and numbers have neighbours that mean something else.
    expect(await titles(app, 'ламб')).toEqual(['Лампа'])
    expect(await titles(app, 'лам')).toEqual([])
    await app.ingest([product(4, { title: 'Телевизор X2000' })])
    app.clock.advance(11_000)
    await app.services.search.embedding.learn()
    expect(await titles(app, 'X2001')).toEqual([])
  })

  test('products of an earlier release get their words and vectors', async () => {
    const app = await makeRig(database)
    await app.ingest([product(1, { title: 'Шкатулка' }), product(2, { title: 'Лампа' })])
    const { sql } = await import('drizzle-orm')
    await app.db.sql(sql`delete from product_documents`)
    expect(await titles(app, 'шкатулка')).toEqual([])
    expect(await app.services.search.embedding.indexMissing()).toBe(2)
    expect(await app.services.search.embedding.indexMissing()).toBe(0)
    expect(await titles(app, 'шкатулки')).toEqual(['Шкатулка'])
    expect(await app.services.search.embedding.embedPending()).toBe(2)
    await app.stop()
  })
})
