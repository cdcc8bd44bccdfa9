import { expect, test } from 'bun:test'
import { makeRig, type Rig } from '../../gifty/rig.ts'
import { onEachDatabase } from '../../support/databases.ts'
import { caseText } from './rig.ts'

/** Queries, and the titles of the products that are found, in any order. */
const UNITS: [string, string[]][] = [
  ['кружка 350 мл', ['Кружка керамическая 350мл']],
  ['350мл', ['Кружка керамическая 350мл']],
  ['2 в 1', ['Набор 2в1 шампунь']],
  ['2в1', ['Набор 2в1 шампунь']],
  ['iphone15', ['Чехол iPhone 15 Pro']],
  ['iPhone 15', ['Чехол iPhone 15 Pro']],
  ['usbc', ['USB-C кабель 2м']],
  ['usb-c', ['USB-C кабель 2м']],
  ['USB C', ['USB-C кабель 2м']],
  ['кабель 2 м', ['USB-C кабель 2м']],
  ['сyмка', ['Сумка женская']],
  ['cумкa', ['Сумка женская']],
  ['cafe creme', ['Café crème Tasse']],
  ['café', ['Café crème Tasse']],
]
const STOP_WORDS: [string, string[]][] = [
  ['три кота', ['Пазл Три кота']],
  ['три', ['Пазл Три кота']],
  ['мой маленький пони', ['Мой маленький пони фигурка']],
  ['мой', ['Мой маленький пони фигурка']],
  ['more love', ['Кружка Always more love']],
  ['больше', ['Игра Больше меньше']],
  ['you', ['Постер All you need']],
  ['два кота', []],
  ['love', ['Кружка Always more love', 'Кружка love']],
]
/** Of the same kinds, by us. */
const MORE = [
  'Телевизор 4K 55"',
  'Бумага A4 80г/м2',
  'Наушники Wi-Fi Bluetooth5.0',
  'Лампа E27 10Вт',
  'Молоко 2,5% 1л',
  'Ёлка L’Oréal',
  'Набор 3 в 1 гель',
  'Straßenkarte Łódź',
  'ΑΘΗΝΑ χάρτης',
  'Ком\u00adпакт пудра',
  'Smørrebrød Brett',
]
const OF_MORE: [string, string[]][] = [
  ['4к', ['Телевизор 4K 55"']],
  ['4 k', ['Телевизор 4K 55"']],
  ['а4', ['Бумага A4 80г/м2']],
  ['wifi', ['Наушники Wi-Fi Bluetooth5.0']],
  ['wi fi', ['Наушники Wi-Fi Bluetooth5.0']],
  ['bluetooth 5', ['Наушники Wi-Fi Bluetooth5.0']],
  ['е27', ['Лампа E27 10Вт']],
  ['10 вт', ['Лампа E27 10Вт']],
  ['1 л', ['Молоко 2,5% 1л']],
  ['елка loreal', ['Ёлка L’Oréal']],
  ["l'oreal", ['Ёлка L’Oréal']],
  ['3в1', ['Набор 3 в 1 гель']],
  ['strassenkarte lodz', ['Straßenkarte Łódź']],
  ['STRASSENKARTE', ['Straßenkarte Łódź']],
  ['αθήνα', ['ΑΘΗΝΑ χάρτης']],
  ['компакт', ['Ком\u00adпакт пудра']],
  ['пу\u00adдра', ['Ком\u00adпакт пудра']],
  ['smorrebrod', ['Smørrebrød Brett']],
]

onEachDatabase('cases of search (kind 15)', (database) => {
  const titlesOf = async (app: Rig, q: string) =>
    (await app.ok('GET', `/internal/products?site_key=k&q=${encodeURIComponent(q)}`)).items.map((item: any) => item.title).sort()
  const filled = async (lines: object[]) => {
    const app = await makeRig(database)
    await app.ingest(lines.map((line) => ({ site_key: 'k', ...line })))
    return app
  }
  const linesOf = async (file: string) =>
    (await caseText(file))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))

  test.each([
    ['search-units.ndjson', UNITS],
    ['search-stopwords.ndjson', STOP_WORDS],
  ] as const)('%s: each query finds what it means', async (file, queries) => {
    const app = await filled(await linesOf(file))
    for (const [query, titles] of queries) expect([query, await titlesOf(app, query)]).toEqual([query, titles.toSorted()])
  })

  test('more inputs of the kind', async () => {
    const app = await filled(MORE.map((title, n) => ({ title, product_url: `https://m.example/${n}` })))
    for (const [query, titles] of OF_MORE) expect([query, await titlesOf(app, query)]).toEqual([query, titles])
  })

  test('products that an earlier release has indexed are found as well, once the background has seen them', async () => {
    const app = await filled(await linesOf('search-units.ndjson'))
    await app.query('update product_documents set words_version = 1')
    await app.query(
      database.dialect === 'sqlite'
        ? 'delete from product_words'
        : "update product_documents set document = to_tsvector('russian', 'something else')",
    )
    expect(await titlesOf(app, 'iphone15')).toEqual([])
    expect(await app.services.search.embedding.indexMissing()).toBe(6)
    expect(await titlesOf(app, 'iphone15')).toEqual(['Чехол iPhone 15 Pro'])
    expect(await app.services.search.embedding.indexMissing()).toBe(0)
  })

  test('a cursor is bound to its query', async () => {
    const app = await filled(
      Array.from({ length: 5 }, (_, n) => ({ title: `Чайник ${n}`, product_url: `https://m.example/${n}` })),
    )
    const list = (query: string) => app.get(`/internal/products?limit=2&${query}`)
    const q = (text: string) => `q=${encodeURIComponent(text)}`
    const { next_cursor: cursor } = (await list(q('чайник'))).body
    expect((await list(`${q('чайник')}&cursor=${cursor}`)).body.items).toHaveLength(2)
    for (const other of [q('чайник 1'), `${q('чайник')}&site_key=k`, `${q('чайник')}&min_price=1`, ''])
      expect((await list(`${other}&cursor=${cursor}`)).status).toBe(422)
    const byTime = (await list('')).body.next_cursor
    expect((await list(`${q('чайник')}&cursor=${byTime}`)).status).toBe(422)
  })
})
