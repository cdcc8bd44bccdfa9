import { describe, expect, test } from 'bun:test'
import { currencyIn, type PriceHints, readPrice } from '../../src/platform/price.ts'
import { leastCpuMs } from '../support/cpu.ts'
import { GROUPS } from './price-patterns.ts'

/** What a text was read as, in a form that a failing test shows well. */
const shown = (text: string): number | string => {
  const read = readPrice(text)
  return typeof read === 'string' ? read : read.price
}

describe('gifty §3: prices by pattern', () => {
  test.each(GROUPS.map(({ name, examples }) => [name, examples] as const))('%s', (_, examples) => {
    expect(examples.length).toBeGreaterThan(20)
    const wrong = examples.flatMap(({ text, own, price, currency }) => {
      const read = readPrice(text, own)
      const isRight = typeof read !== 'string' && read.price === price && (currency === undefined || read.currency === currency)
      return isRight ? [] : [{ text, own, price, currency, read }]
    })
    expect(wrong).toEqual([])
  })

  test('there are enough of them, in more than sixty currencies', () => {
    const examples = GROUPS.flatMap((group) => group.examples)
    expect(new Set(examples.map(({ text, own }) => `${text}|${own}`)).size).toBeGreaterThan(10_000)
    expect(new Set(examples.flatMap(({ currency }) => currency ?? [])).size).toBeGreaterThan(60)
  })
})

test.each([
  // What is said around a number.
  ['Size 42 $20', 20],
  ['Galaxy S24 $999', 999],
  ['iPhone15 500 ₽', 500],
  ['iPhone 15 Pro 99 990 ₽', 99990],
  ['was $15 now $20', 20],
  ['1 299 ₽ -50%', 1299],
  ['%10 300 TL', 300],
  ['10-15% 300 ₽', 300],
  ['-500 ₽ 1500 ₽', 1500],
  ['0 ₽ 500 ₽', 500],
  ['0 ₽', 0],
  ['1 kg = 25,98 € 12,99 €', 12.99],
  ['(1 l = 0,50 €) 12,99 €', 12.99],
  ['12,99 € zzgl. 4,90 € Versand', 12.99],
  ['в рассрочку от 166 ₽ × 12 мес, цена 1990 ₽', 1990],
  ['4 × 498 ₽', 498],
  ['MRP: ₹1,999 ₹1,299', 1299],
  ['100 ₽ + 20 баллов', 100],
  ['100 € ($110)', 100],
  ['US $12.99 - 15.99', 12.99],
  ['1.299,00€ 2.598,00€', 1299],
  ['1299 2598', 1299],
  ['20001500', 20001500],
  ['10 тыс. руб.', 10_000],
  ['1,5 млн ₽', 1_500_000],
  ['99 коп.', 0.99],
  ['99¢', 0.99],
  ['12р. 50к.', 12.5],
  ['500 gr 20 zł', 20],
  ["5'99 €", 5.99],
  ['1.499.00', 1499],
  ['$50 CAD', 50],
  // What is no price.
  ['Call us', 'none'],
  ['', 'none'],
  ['10%', 'none'],
  ['-10 %', 'none'],
  ['1e3', 'none'],
  ['0x10', 'none'],
  ['31.12.2025', 'none'],
  ['2万5千円', 'none'],
  ['1'.repeat(600), 'none'],
  ['9'.repeat(400), 'none'],
  ['1 ₽ '.repeat(60), 'none'],
  // Nobody can tell.
  ['1,499', 'ambiguous'],
  ['1.499', 'ambiguous'],
  ['50 kr', 'currency'],
  ['kr. 149,00', 'currency'],
  ['2 490:- kr', 'currency'],
  ['50 XYZ', 'currency'],
  ['XQ$50', 'currency'],
  ['₿ 5', 'currency'],
  ['5 USDT', 'currency'],
  ['500 баллов', 'currency'],
  ['50 p', 'currency'],
  ['50 dinar', 'currency'],
  ['50 pesos', 'currency'],
  ['5000 FCFA', 'currency'],
  ['50 درهم', 'currency'],
])('gifty §3: %p is %p', (text, expected) => {
  expect(shown(text)).toBe(expected)
})

test.each<[string, string | null, PriceHints, number | string, string | undefined]>([
  ['50 kr', 'SEK', {}, 50, 'SEK'],
  ['1.499 kr', null, { usual: 'NOK' }, 1499, 'NOK'],
  ['50 kr', null, { locale: 'da-DK' }, 50, 'DKK'],
  ['50 kr', null, { locale: 'sv' }, 50, 'SEK'],
  ['50 kr', null, { host: 'butikk.no' }, 50, 'NOK'],
  ['50 kr', null, { locale: 'en', host: 'shop.example' }, 'currency', undefined],
  ['50 kr', null, { usual: 'EUR' }, 'currency', undefined],
  ['$50', null, {}, 50, 'USD'],
  ['$50', null, { locale: 'en-CA' }, 50, 'CAD'],
  ['$50', null, { host: 'tienda.com.mx' }, 50, 'MXN'],
  ['$50', null, { host: 'brand.co' }, 50, 'USD'],
  ['$50', null, { host: 'brand.com.co' }, 50, 'COP'],
  ['$50', 'AUD', {}, 50, 'AUD'],
  ['C$50', null, { locale: 'en-AU' }, 50, 'CAD'],
  ['¥50', null, {}, 50, 'JPY'],
  ['¥50', null, { locale: 'zh-CN' }, 50, 'CNY'],
  ['50 руб.', null, { host: 'kofe.by' }, 50, 'BYN'],
  ['50 p', null, { locale: 'en-GB' }, 'currency', undefined],
  ['50 p', null, { locale: 'ru' }, 50, 'RUB'],
  ['Rs. 50', null, { host: 'store.pk' }, 50, 'PKR'],
  ['100 € ($110)', 'USD', {}, 110, 'USD'],
])('gifty §3: %p of %p at %p is %p %p', (text, own, hints, price, currency) => {
  const read = readPrice(text, own, hints)
  expect(typeof read === 'string' ? [read, undefined] : [read.price, read.currency]).toEqual([price, currency])
})

test.each([
  ['usd', 'USD'],
  ['RUR', 'RUB'],
  ['RMB', 'CNY'],
  ['Kč', 'CZK'],
  ['US Dollar', 'USD'],
  ['Российский рубль', 'RUB'],
  ['5 now', undefined],
  ['all sizes', undefined],
  ['All sizes 50 ₽', 'RUB'],
  ['TOP 100 за 50 ₽', 'RUB'],
  ['try', 'TRY'],
  ['kr', undefined],
  ['XXX', undefined],
  ['XYZ', undefined],
  ['', undefined],
])('the currency in %p is %p', (text, code) => {
  expect(currencyIn(text)).toBe(code)
})

test('a hostile text costs little: no text of any kind is searched twice over', () => {
  const parts = ['$1', '1 ', 'скидка ', '1%', 'a', '$', "1'", '1,1.', 'от 1 до ', '1/', '(1 l = ']
  for (const part of parts) {
    const text = part.repeat(Math.floor(500 / part.length))
    const twenty = () => {
      for (let turn = 0; turn < 20; turn++) readPrice(text)
    }
    expect(leastCpuMs(twenty)).toBeLessThan(400)
  }
})
