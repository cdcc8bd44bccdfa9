import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import {
  decimalOf,
  hundredthsOf,
  ROBOKASSA_HASHES,
  sameSignature,
  signLink,
  signNotification,
} from '../../src/platform/robokassa.ts'

const link = { merchantLogin: 'demo', outSum: '950.00', invId: '1' }
const paid = { outSum: '950.000000', invId: '1', shp: [] }

describe('Robokassa signatures', () => {
  test('love-parser §11.18: golden signatures of a payment link', () => {
    expect(signLink('sha256', link, 'pw1')).toBe('598488a951eb129706a8622adc41cc81593ad72e2b1905a66a89b5b8eeaad4c0')
    expect(signLink('md5', link, 'pw1')).toBe('e0d7590fabc98690fe4a37848b52ebbc')
  })

  test('love-parser §11.19: golden signatures of a notification, Shp_ parameters sorted by name', () => {
    expect(signNotification('sha256', paid, 'pw2')).toBe('f5a0dac16e9fd95f6d7877967673fc066ab1155c10a4244a955ef2110a7ad8a4')
    const golden = '943b8eaf48ebed1a65bb857a99694d7028c3ee7d74ca7176f5b76108c6e46c49'
    const a = ['Shp_a', '1'] as const
    const b = ['Shp_b', '2'] as const
    expect(signNotification('sha256', { ...paid, shp: [a, b] }, 'pw2')).toBe(golden)
    expect(signNotification('sha256', { ...paid, shp: [b, a] }, 'pw2')).toBe(golden)
    expect(sameSignature(golden, golden.toUpperCase())).toBe(true)
    expect(sameSignature(golden, golden.replace('9', '8'))).toBe(false)
    expect(sameSignature(golden, '')).toBe(false)
  })

  test('love-parser §6: each of the six hashes is the one of its name', () => {
    for (const hash of ROBOKASSA_HASHES)
      expect(signLink(hash, link, 'pw1')).toBe(createHash(hash).update('demo:950.00:1:pw1').digest('hex'))
  })
})

describe('amounts', () => {
  test('love-parser §6: 950.000000, 950 and 950,00 equal 950.00', () => {
    for (const text of ['950.000000', '950', '950,00', '950.00', '950.', '0950.0']) expect(hundredthsOf(text)).toBe(95_000)
    expect(hundredthsOf('0.29')).toBe(29)
    expect(hundredthsOf('1.1')).toBe(110)
  })

  test('love-parser §6: what is no amount, or finer than a hundredth, equals none', () => {
    for (const text of [
      '',
      ' 950',
      '950 ',
      '-950',
      '+950',
      '9e2',
      '950.001',
      '950.00.00',
      '.5',
      'abc',
      '9'.repeat(18),
      '0'.repeat(50),
    ])
      expect(hundredthsOf(text)).toBeUndefined()
  })

  test('hundredths are written with two places', () => {
    expect([95_000, 5, 110].map(decimalOf)).toEqual(['950.00', '0.05', '1.10'])
  })
})
